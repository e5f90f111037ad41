//! The envelope around every document: ISA and IEA, GS and GE, ST and SE, with counts that are right.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::emit::{COMPONENT, Emitter, REPETITION, Segment};
use crate::violation::{Refused, Violations};

/// The largest control number that ISA13 holds.
pub const CONTROL_NUMBER_MAX: u32 = 999_999_999;

/// What ISA says: who sends to whom, and under which number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interchange {
    /// ISA05: what kind of id the sender's is, two characters: `ZZ` mutually agreed, `30` tax id.
    #[serde(default = "mutually_agreed")]
    pub sender_qualifier: String,
    /// ISA06 and GS02: 2 to 15 characters.
    pub sender: String,
    /// ISA07.
    #[serde(default = "mutually_agreed")]
    pub receiver_qualifier: String,
    /// ISA08 and GS03: 2 to 15 characters.
    pub receiver: String,
    /// ISA13 and IEA02: 1 to 999999999. A receiver refuses a number that it has seen from this sender.
    pub control_number: u32,
    /// ISA09 and ISA10, GS04 and GS05: the sender's local time, to the minute.
    pub created_at: NaiveDateTime,
    /// ISA15.
    pub usage: Usage,
    /// ISA14: whether the receiver shall answer with a TA1.
    #[serde(default)]
    pub requests_acknowledgment: bool,
}

fn mutually_agreed() -> String {
    String::from("ZZ")
}

/// ISA15: a file marked as a test in production is passed over silently, and the other way round it pays claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    Test,
    Production,
}

impl Usage {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "T",
            Self::Production => "P",
        }
    }
}

/// What a functional group holds: the kinds of documents spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    /// 837P.
    Claims,
    /// 999.
    Acknowledgment,
    /// 277CA.
    ClaimAcknowledgment,
    /// 835.
    Payment,
}

impl GroupKind {
    /// GS01.
    #[must_use]
    pub const fn functional_id(self) -> &'static str {
        match self {
            Self::Claims => "HC",
            Self::Acknowledgment => "FA",
            Self::ClaimAcknowledgment => "HN",
            Self::Payment => "HP",
        }
    }

    /// ST01.
    #[must_use]
    pub const fn transaction_set(self) -> &'static str {
        match self {
            Self::Claims => "837",
            Self::Acknowledgment => "999",
            Self::ClaimAcknowledgment => "277",
            Self::Payment => "835",
        }
    }

    /// GS08, and ST03 where there is one.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Claims => "005010X222A1",
            Self::Acknowledgment => "005010X231A1",
            Self::ClaimAcknowledgment => "005010X214",
            Self::Payment => "005010X221A1",
        }
    }

    /// The 835 alone has no ST03.
    const fn repeats_version(self) -> bool {
        !matches!(self, Self::Payment)
    }
}

impl Interchange {
    /// # Errors
    /// Names the fields that ISA can't hold.
    pub fn check(&self) -> Result<(), Refused> {
        let mut found = Violations::default();
        let plain =
            |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'_' | b'.'));
        for (field, qualifier) in
            [("sender_qualifier", &self.sender_qualifier), ("receiver_qualifier", &self.receiver_qualifier)]
        {
            let holds = qualifier.len() == 2 && qualifier.bytes().all(|b| b.is_ascii_alphanumeric());
            found.require(holds, &field, "must be two letters or digits");
        }
        for (field, id) in [("sender", &self.sender), ("receiver", &self.receiver)] {
            found.require((2..=15).contains(&id.len()), &field, "must have 2 to 15 characters");
            found.require(
                plain(id) && id.trim() == id,
                &field,
                "must be letters, digits, spaces, points, hyphens or underscores",
            );
        }
        let numbers = 1..=CONTROL_NUMBER_MAX;
        found.require(numbers.contains(&self.control_number), &"control_number", "must be between 1 and 999999999");
        found.into_result()
    }
}

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

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn interchange() -> Interchange {
        Interchange {
            sender_qualifier: "ZZ".into(),
            sender: "SUBMIT01".into(),
            receiver_qualifier: "30".into(),
            receiver: "RECV01".into(),
            control_number: 42,
            created_at: NaiveDate::from_ymd_opt(2026, 11, 23).unwrap().and_hms_opt(1, 42, 7).unwrap(),
            usage: Usage::Production,
            requests_acknowledgment: true,
        }
    }

    #[test]
    fn the_envelope_counts_sets_groups_and_segments() {
        let mut file = InterchangeWriter::begin(interchange()).unwrap();
        file.begin_group(GroupKind::ClaimAcknowledgment, 7);
        assert_eq!(file.begin_set(), 1);
        assert_eq!(file.next_position(), 2);
        file.segment("BHT").text("0085");
        assert_eq!(file.begin_set(), 2);
        file.begin_group(GroupKind::Payment, 8);
        file.begin_set();
        let text = String::from_utf8(file.finish()).unwrap();
        let (isa, rest) = text.split_at(106);
        assert_eq!(
            isa,
            "ISA*00*          *00*          *ZZ*SUBMIT01       *30*RECV01         *261123*0142*^*00501*000000042*1*P*:~"
        );
        assert_eq!(
            rest,
            "GS*HN*SUBMIT01*RECV01*20261123*0142*7*X*005010X214~ST*277*0001*005010X214~BHT*0085~SE*3*0001~\
             ST*277*0002*005010X214~SE*2*0002~GE*2*7~\
             GS*HP*SUBMIT01*RECV01*20261123*0142*8*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*8~IEA*2*000000042~"
        );
    }

    #[test]
    fn an_interchange_without_a_group_is_what_carries_a_ta1() {
        let mut file = InterchangeWriter::begin(interchange()).unwrap();
        file.segment("TA1").padded(41_u32, 9).text("261123").text("0100").text("A").text("000");
        let text = String::from_utf8(file.finish()).unwrap();
        assert!(text.ends_with("TA1*000000041*261123*0100*A*000~IEA*0*000000042~"), "{text}");
    }

    #[test]
    fn what_isa_cannot_hold_is_refused_by_the_names_of_the_fields() {
        let bad =
            Interchange { sender: "X".into(), receiver: "ACME*CLEARING".into(), control_number: 0, ..interchange() };
        let Refused(violations) = bad.check().unwrap_err();
        let fields: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["sender", "receiver", "control_number"]);
        assert!(!Refused(violations).to_string().contains("ACME"));
    }
}
