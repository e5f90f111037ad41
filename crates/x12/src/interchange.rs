//! What the envelope around documents says: ISA who sends to whom under which number, GS and ST what is in it.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

pub use self::writer::InterchangeWriter;
use crate::violation::{Refused, Violations};

mod writer;

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
    pub(crate) const ALL: [Self; 4] = [Self::Claims, Self::Acknowledgment, Self::ClaimAcknowledgment, Self::Payment];

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

#[cfg(test)]
mod tests;
