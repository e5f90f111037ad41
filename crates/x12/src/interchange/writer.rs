//! Writing the envelope: what was opened is closed in order, with counts that are right.

use super::{GroupKind, Interchange};
use crate::emit::{COMPONENT, Emitter, REPETITION, Segment};
use crate::violation::Refused;

/// Writes an interchange: groups in it, transaction sets in those, and segments in between.
///
/// What was opened and not closed is closed by [`finish`](Self::finish).
#[derive(Debug)]
pub struct InterchangeWriter {
    out: Emitter,
    interchange: Interchange,
    groups: u32,
    group: Option<OpenGroup>,
    set: Option<OpenSet>,
}

#[derive(Debug)]
struct OpenGroup {
    kind: GroupKind,
    control_number: u32,
    sets: u32,
}

#[derive(Debug)]
struct OpenSet {
    control_number: u32,
    /// How many segments stood before its ST.
    before: u32,
}

impl InterchangeWriter {
    /// Writes ISA.
    ///
    /// # Errors
    /// Names the fields that ISA can't hold.
    pub fn begin(interchange: Interchange) -> Result<Self, Refused> {
        interchange.check()?;
        let mut out = Emitter::with_capacity(4096);
        out.segment("ISA")
            .text("00")
            .fixed("", 10)
            .text("00")
            .fixed("", 10)
            .text(&interchange.sender_qualifier)
            .fixed(&interchange.sender, 15)
            .text(&interchange.receiver_qualifier)
            .fixed(&interchange.receiver, 15)
            .short_date(interchange.created_at.date())
            .time(interchange.created_at.time())
            .delimiter(REPETITION)
            .text("00501")
            .padded(interchange.control_number, 9)
            .number(u32::from(interchange.requests_acknowledgment))
            .text(interchange.usage.as_str())
            .delimiter(COMPONENT);
        Ok(Self { out, interchange, groups: 0, group: None, set: None })
    }

    /// Opens a functional group, closing one before it. Its number (GS06) is what a 999 answers to.
    pub fn begin_group(&mut self, kind: GroupKind, control_number: u32) {
        self.end_group();
        self.out
            .segment("GS")
            .text(kind.functional_id())
            .text(&self.interchange.sender)
            .text(&self.interchange.receiver)
            .date(self.interchange.created_at.date())
            .time(self.interchange.created_at.time())
            .number(control_number)
            .text("X")
            .text(kind.version());
        self.groups += 1;
        self.group = Some(OpenGroup { kind, control_number, sets: 0 });
    }

    /// Opens a transaction set in the group, closing one before it; answers its number (ST02), counted from 1.
    ///
    /// Without an open group nothing is written and the answer is 0.
    pub fn begin_set(&mut self) -> u32 {
        self.end_set();
        let Some(group) = &mut self.group else { return 0 };
        group.sets += 1;
        let (kind, control_number) = (group.kind, group.sets);
        self.set = Some(OpenSet { control_number, before: self.out.segments() });
        let version = if kind.repeats_version() { kind.version() } else { "" };
        self.out.segment("ST").text(kind.transaction_set()).padded(control_number, 4).text(version);
        control_number
    }

    /// Starts a segment of the open transaction set.
    #[inline]
    pub fn segment(&mut self, id: &str) -> Segment<'_> {
        self.out.segment(id)
    }

    /// Which segment of the open set comes next, ST being 1: what IK3 of a 999 names.
    #[must_use]
    pub fn next_position(&self) -> u32 {
        self.set.as_ref().map_or(0, |set| self.out.segments() - set.before + 1)
    }

    /// Writes SE, if a set is open.
    pub fn end_set(&mut self) {
        if let Some(set) = self.set.take() {
            let count = self.out.segments() - set.before + 1;
            self.out.segment("SE").number(count).padded(set.control_number, 4);
        }
    }

    /// Writes SE and GE, if they are due.
    pub fn end_group(&mut self) {
        self.end_set();
        if let Some(group) = self.group.take() {
            self.out.segment("GE").number(group.sets).number(group.control_number);
        }
    }

    /// What was written and not yet taken.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.out.bytes()
    }

    /// Hands the bytes written so far to a writer.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn drain_to<W: std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.out.drain_to(writer)
    }

    /// Closes what is open, writes IEA and answers the bytes that were not taken yet.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.end_group();
        self.out.segment("IEA").number(self.groups).padded(self.interchange.control_number, 9);
        self.out.into_bytes()
    }
}
