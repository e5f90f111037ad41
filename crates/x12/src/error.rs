//! What can be wrong with a file, told by place and expectation and never by value: a file's values may be PHI.

use std::fmt;

use serde::Serialize;

use crate::segment::{Position, Segment};

/// Why reading a file ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source of the bytes failed.
    #[error("reading the file failed")]
    Read(#[from] std::io::Error),
    /// The envelope or a segment's own shape is wrong, so that what follows can't be trusted.
    #[error(transparent)]
    Malformed(#[from] Fault),
}

/// One thing that isn't as X12 or its implementation guide has it.
///
/// Serves both as the reason why a set is refused and as a note on a single field that was left out.
/// It never holds a value of the file: a segment id is told only if it is one that X12 has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Fault {
    /// The segment's id, such as `CLP`; `?` for one that isn't known.
    pub segment: &'static str,
    /// The element, counted from 1; 0 when the segment as a whole is meant.
    pub element: u8,
    /// Where the segment is.
    pub position: Position,
    /// What should have been there.
    pub expected: &'static str,
}

impl Fault {
    /// Of an element of `segment`, counted from 1, or of the whole with 0.
    #[must_use]
    pub fn of(segment: &Segment<'_>, element: u8, expected: &'static str) -> Self {
        Self { segment: known(segment.id()), element, position: segment.position(), expected }
    }

    /// Of a place where a segment is missing or isn't readable at all.
    #[must_use]
    pub fn at(position: Position, segment: &'static str, expected: &'static str) -> Self {
        Self { segment, element: 0, position, expected }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.segment)?;
        if self.element > 0 {
            write!(f, "{:02}", self.element)?;
        }
        let Position { segment, in_set, byte } = self.position;
        write!(f, " at segment {segment}")?;
        if in_set > 0 {
            write!(f, " ({in_set} of its set)")?;
        }
        write!(f, ", byte {byte}: expected {}", self.expected)
    }
}

/// Segment ids that may be told: those of the five documents and of the envelope.
const KNOWN: &[&str] = &[
    "AK1", "AK2", "AK9", "AMT", "BHT", "BPR", "CAS", "CLM", "CLP", "CN1", "CR1", "CRC", "CTP", "CTX", "CUR", "DMG",
    "DTM", "DTP", "GE", "GS", "HCP", "HI", "HL", "IEA", "IK3", "IK4", "IK5", "ISA", "K3", "LIN", "LQ", "LX", "MEA",
    "MIA", "MOA", "N1", "N2", "N3", "N4", "NM1", "NTE", "OI", "PAT", "PER", "PLB", "PRV", "PS1", "PWK", "QTY", "RDM",
    "REF", "SBR", "SE", "ST", "STC", "SV1", "SV5", "SVC", "SVD", "TA1", "TRN", "TS2", "TS3",
];

/// `id` when it is a segment id that X12 has, otherwise `?`: a damaged file may have a name in its place.
fn known(id: &str) -> &'static str {
    KNOWN.iter().copied().find(|one| *one == id).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_by_place_and_expectation() {
        let position = Position { segment: 24, in_set: 22, byte: 731 };
        let fault = Fault { segment: "SE", element: 1, position, expected: "the count of segments" };
        assert_eq!(fault.to_string(), "SE01 at segment 24 (22 of its set), byte 731: expected the count of segments");
    }

    #[test]
    fn an_unknown_segment_id_is_not_told() {
        assert_eq!(known("DOE"), "?");
        assert_eq!(known("CLP"), "CLP");
    }
}
