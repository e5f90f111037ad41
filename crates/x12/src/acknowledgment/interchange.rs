//! TA1, the answer to an interchange (X12.5).

use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;

use crate::error::Fault;
use crate::field;
use crate::segment::Segment;
use crate::value;

/// TA1: whether the interchange that it names was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterchangeAcknowledgment {
    /// TA101: the ISA13 of the interchange that is answered.
    pub control_number: String,
    /// TA102: its ISA09; none when it is no date.
    pub date: Option<NaiveDate>,
    /// TA103: its ISA10; none when it is no time.
    pub time: Option<NaiveTime>,
    /// TA104.
    pub verdict: Verdict,
    /// TA105, three digits: `000` for no error, otherwise why.
    pub note: String,
}

/// TA104.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// `A`: taken.
    Accepted,
    /// `E`: taken although the envelope has errors.
    AcceptedWithErrors,
    /// `R`: refused, nothing in it was looked at.
    Rejected,
}

impl InterchangeAcknowledgment {
    /// Of a TA1 segment.
    ///
    /// # Errors
    /// When it names no interchange, or tells no verdict or not why.
    pub fn read(ta1: &Segment<'_>) -> Result<Self, Fault> {
        let control_number = field::required(ta1, 1, "the control number of the interchange that is answered")?;
        let verdict = match ta1.element(4) {
            "A" => Verdict::Accepted,
            "E" => Verdict::AcceptedWithErrors,
            "R" => Verdict::Rejected,
            _ => return Err(Fault::of(ta1, 4, "A, E or R")),
        };
        let note = field::required(ta1, 5, "why, three digits: 000 for no error")?;
        Ok(Self {
            control_number,
            date: value::date6(ta1.element(2)),
            time: value::time(ta1.element(3)),
            verdict,
            note,
        })
    }
}
