//! The files that go back, and the envelope around them.

use chrono::{NaiveDate, NaiveDateTime};
use x12::interchange::{GroupKind, Interchange, InterchangeWriter, Usage};
use x12::violation::Refused;

use super::incoming::Incoming;

/// One file that goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub kind: AnswerKind,
    /// ISA13.
    pub control_number: u32,
    pub bytes: Vec<u8>,
}

/// What a file answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// TA1: whether the interchange was taken.
    Interchange,
    /// 999: whether its sets could be read.
    Syntax,
    /// 277CA: whether its claims were taken.
    Status,
    /// 835: what was paid.
    Payment,
}

impl AnswerKind {
    /// How files of this kind are called.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Interchange => "ta1",
            Self::Syntax => "999",
            Self::Status => "277",
            Self::Payment => "835",
        }
    }
}

/// The files that one file may be answered with: each has a number of its own, which follows from the answered one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Interchange = 0,
    Syntax = 1,
    Status = 2,
    LateStatus = 3,
    Payment = 4,
    Doubled = 5,
    Unbalanced = 6,
    Correction = 7,
}

const SLOTS: u64 = 8;
const NUMBERS: u64 = 999_999_999;

impl Slot {
    const fn kind(self) -> (AnswerKind, Option<GroupKind>) {
        match self {
            Self::Interchange => (AnswerKind::Interchange, None),
            Self::Syntax => (AnswerKind::Syntax, Some(GroupKind::Acknowledgment)),
            Self::Status | Self::LateStatus => (AnswerKind::Status, Some(GroupKind::ClaimAcknowledgment)),
            Self::Payment | Self::Doubled | Self::Unbalanced | Self::Correction => {
                (AnswerKind::Payment, Some(GroupKind::Payment))
            }
        }
    }
}

/// Who answers whom, when, and to which number.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    /// ISA13 of the file that is answered.
    pub control: u32,
    pub now: NaiveDateTime,
    /// The day on which that file was made.
    pub received_on: NaiveDate,
    interchange: Interchange,
}

impl Envelope {
    pub(super) fn answering(incoming: &Incoming, now: NaiveDateTime) -> Self {
        let theirs = &incoming.interchange;
        let interchange = Interchange {
            sender_qualifier: theirs.receiver_qualifier.clone(),
            sender: theirs.receiver.clone(),
            receiver_qualifier: theirs.sender_qualifier.clone(),
            receiver: theirs.sender.clone(),
            control_number: 0,
            created_at: now,
            usage: if theirs.is_test { Usage::Test } else { Usage::Production },
            requests_acknowledgment: false,
        };
        Self { control: incoming.control, now, received_on: theirs.date.unwrap_or_else(|| now.date()), interchange }
    }

    pub(super) fn has_parties_of(&self, other: &Self) -> bool {
        self.interchange.sender == other.interchange.sender && self.interchange.receiver == other.interchange.receiver
    }

    /// ISA13 of an answer, which no answer to another file has.
    pub(super) fn number(&self, slot: Slot) -> u32 {
        let number = (u64::from(self.control) * SLOTS + slot as u64) % NUMBERS;
        u32::try_from(number).unwrap_or_default() + 1
    }

    /// A file with its group open, if it has one.
    pub(super) fn begin(&self, slot: Slot) -> Result<InterchangeWriter, Refused> {
        let control_number = self.number(slot);
        let mut file = InterchangeWriter::begin(Interchange { control_number, ..self.interchange.clone() })?;
        if let (_, Some(group)) = slot.kind() {
            file.begin_group(group, control_number);
        }
        Ok(file)
    }

    pub(super) fn end(&self, slot: Slot, file: InterchangeWriter) -> Answer {
        Answer { kind: slot.kind().0, control_number: self.number(slot), bytes: file.finish() }
    }
}
