//! What a 999 says of a group and its sets. Values that were found wrong (IK404) are never kept: they may be PHI.

use serde::Serialize;

use crate::code::Code;
use crate::error::Fault;
use crate::segment::Position;

/// AK1: which functional group is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Where AK1 is.
    pub position: Position,
    /// AK101: the GS01 of the group, such as `HC`.
    pub function: Code,
    /// AK102: the GS06 of the group.
    pub control: String,
    /// AK103: the GS08 of the group.
    pub version: Option<Code>,
}

/// AK2 to IK5: what became of one transaction set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Set {
    /// Where AK2 is.
    pub position: Position,
    /// AK201: the ST01 of the set, such as `837`.
    pub kind: Code,
    /// AK202: the ST02 of the set.
    pub control: String,
    /// AK203: the ST03 of the set.
    pub version: Option<Code>,
    /// Loop 2100; may be empty even when the set is rejected.
    pub errors: Vec<SegmentError>,
    /// IK501.
    pub verdict: SetVerdict,
    /// IK502 to IK506, such as `5` for errors in segments or `4` for a wrong count.
    pub reasons: Vec<Code>,
    /// Fields that were left out because they can't be read.
    pub notes: Vec<Fault>,
}

/// IK3: an error in a segment of the set that is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SegmentError {
    /// IK301: the segment's id.
    pub segment_id: Option<Code>,
    /// IK302: its ordinal in the set, ST being 1.
    pub segment_position: Option<u32>,
    /// IK303: its loop, such as `2010AA`.
    pub loop_id: Option<Code>,
    /// IK304: what is wrong, such as `8` for errors in elements or `3` for a segment that is missing.
    pub code: Option<Code>,
    /// CTX behind IK3.
    pub contexts: Vec<Context>,
    /// IK4.
    pub elements: Vec<ElementError>,
}

/// IK4: an error in an element of that segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ElementError {
    /// The first component of IK401: the element, counted from 1; 0 is a part of the segment that isn't an element.
    pub element: Option<u32>,
    /// The second: the component.
    pub component: Option<u32>,
    /// The third: the repetition.
    pub repetition: Option<u32>,
    /// IK402: the number of the data element in X12's dictionary.
    pub reference: Option<u32>,
    /// IK403: what is wrong, such as `7` for a code that isn't on its list.
    pub code: Option<Code>,
    /// CTX behind IK4.
    pub contexts: Vec<Context>,
}

/// CTX: what the error is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    /// `CLM01`: the claim with this number.
    Claim(String),
    /// `SITUATIONAL TRIGGER`: what made the missing thing necessary.
    Trigger {
        /// CTX02: a segment's id.
        segment_id: Option<Code>,
        /// CTX03: its ordinal in the set.
        segment_position: Option<u32>,
        /// CTX04: its loop.
        loop_id: Option<Code>,
        /// The first component of CTX05: the element.
        element: Option<u32>,
    },
    /// Any other business unit: its value is left out, since some of them are names and member ids.
    Other,
}

/// IK501.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SetVerdict {
    /// `A`.
    Accepted,
    /// `E`: accepted although it has errors.
    AcceptedWithErrors,
    /// `R`.
    Rejected,
    /// `M`, `W` or `X`: rejected because its authentication, assurance or encryption failed.
    RejectedSecurity,
}

impl SetVerdict {
    /// Whether the set went on.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted | Self::AcceptedWithErrors)
    }
}

/// AK901.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupVerdict {
    /// `A`.
    Accepted,
    /// `E`: accepted although it has errors.
    AcceptedWithErrors,
    /// `P`: at least one set was rejected.
    PartiallyAccepted,
    /// `R`.
    Rejected,
    /// `M`, `W` or `X`: rejected because its authentication, assurance or encryption failed.
    RejectedSecurity,
}

/// AK9: what became of the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// AK901.
    pub verdict: GroupVerdict,
    /// AK902: the sets that GE01 told.
    pub included: Option<u32>,
    /// AK903: the sets that were found.
    pub received: Option<u32>,
    /// AK904: the sets that were accepted.
    pub accepted: Option<u32>,
    /// AK905 to AK909.
    pub reasons: Vec<Code>,
    /// Fields that were left out because they can't be read.
    pub notes: Vec<Fault>,
}
