//! Whether a partner could read what we sent: TA1 of an interchange, 999 of its groups and sets (005010X231A1).
//!
//! Both are about syntax only. Neither says anything about what a payer will do with a claim.

mod group;
mod interchange;
mod reader;
mod write;

#[cfg(test)]
mod tests;

use std::io::Read;

use serde::Serialize;

pub use group::{Context, ElementError, Group, GroupVerdict, SegmentError, Set, SetVerdict, Totals};
pub use interchange::{InterchangeAcknowledgment, Verdict};
pub use reader::Reader;
pub use write::write;

use crate::sets::Sets;

/// The prefix of ST03 and GS08 that says 999; some systems leave out the `A1` behind it.
pub const VERSION: &str = "005010X231";

/// What a 999 consists of, in this order: the group that it answers, that group's sets, the group's outcome.
///
/// The verdicts need not agree: some systems accept each set and reject the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// AK1.
    Group(Group),
    /// AK2 to IK5.
    Set(Box<Set>),
    /// AK9, the last part.
    Totals(Totals),
}

/// Reads a file of 999 sets and TA1 as it is asked for; sets of other kinds are told to be broken.
pub fn read<R: Read>(source: R) -> Sets<R, Reader> {
    Sets::new(source)
}
