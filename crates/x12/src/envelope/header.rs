//! What ISA, GS and ST tell.

use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;

use crate::error::Fault;
use crate::interchange::GroupKind;
use crate::segment::{Position, Segment};
use crate::value;

/// An interchange's header, ISA (X12.5). Texts are without the padding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Interchange {
    /// ISA13, nine digits: unique for the sender.
    pub control: String,
    /// ISA05.
    pub sender_qualifier: String,
    /// ISA06.
    pub sender: String,
    /// ISA07.
    pub receiver_qualifier: String,
    /// ISA08.
    pub receiver: String,
    /// ISA09; none when it is no date.
    pub date: Option<NaiveDate>,
    /// ISA10, the sender's local time; none when it is no time.
    pub time: Option<NaiveTime>,
    /// ISA12, such as `00501`.
    pub version: String,
    /// ISA14: the sender asks for a TA1.
    pub asks_acknowledgment: bool,
    /// ISA15: `T` instead of `P`.
    pub is_test: bool,
}

impl Interchange {
    pub(super) fn of(isa: &Segment<'_>) -> Self {
        let text = |n: usize| isa.element(n).trim().to_owned();
        Self {
            control: text(13),
            sender_qualifier: text(5),
            sender: text(6),
            receiver_qualifier: text(7),
            receiver: text(8),
            date: value::date6(isa.element(9)),
            time: value::time(isa.element(10)),
            version: text(12),
            asks_acknowledgment: isa.element(14) == "1",
            is_test: isa.element(15) == "T",
        }
    }
}

/// A functional group's header, GS (X12.5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// GS01, such as `HC` for claims, `HP` for remittances, `HN` for claim status, `FA` for acknowledgments.
    pub function: String,
    /// GS02.
    pub sender: String,
    /// GS03.
    pub receiver: String,
    /// GS04; none when it is no date.
    pub date: Option<NaiveDate>,
    /// GS05; none when it is no time.
    pub time: Option<NaiveTime>,
    /// GS06.
    pub control: String,
    /// GS08, such as `005010X221A1`.
    pub version: String,
}

impl Group {
    pub(super) fn of(gs: &Segment<'_>) -> Self {
        let text = |n: usize| gs.element(n).trim().to_owned();
        Self {
            function: text(1),
            sender: text(2),
            receiver: text(3),
            date: value::date8(gs.element(4)),
            time: value::time(gs.element(5)),
            control: text(6),
            version: text(8),
        }
    }
}

/// A transaction set's header, ST, with what tells it from all others: the control numbers of its envelopes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SetHeader {
    /// ISA13.
    pub interchange_control: String,
    /// ISA06.
    pub sender: String,
    /// ISA08.
    pub receiver: String,
    /// GS06.
    pub group_control: String,
    /// ST01, such as `835`.
    pub kind: String,
    /// ST02, unique in its group.
    pub control: String,
    /// ST03, or GS08 where ST has none, such as `005010X221A1`.
    pub version: String,
    /// Where the ST is.
    pub position: Position,
}

impl SetHeader {
    pub(super) fn of(st: &Segment<'_>, interchange: &Interchange, group: &Group) -> Self {
        let version = match st.element(3).trim() {
            "" => group.version.as_str(),
            own => own,
        };
        Self {
            interchange_control: interchange.control.clone(),
            sender: interchange.sender.clone(),
            receiver: interchange.receiver.clone(),
            group_control: group.control.clone(),
            kind: st.element(1).trim().to_owned(),
            control: st.element(2).trim().to_owned(),
            version: version.to_owned(),
            position: st.position(),
        }
    }
    /// Whether the set has a number and stands in a group of its kind; kinds not spoken here are for the readers.
    pub(crate) fn check(&self, group: &Group) -> Result<(), Fault> {
        let fault = |element, expected| Err(Fault { segment: "ST", element, position: self.position, expected });
        let kind = GroupKind::ALL.iter().find(|kind| kind.transaction_set() == self.kind);
        if kind.is_some_and(|kind| kind.functional_id() != group.function) {
            return fault(1, "a set of its group's kind: 837 in HC, 835 in HP, 277 in HN, 999 in FA (GS01)");
        }
        if self.control.is_empty() {
            return fault(2, "the set's control number");
        }
        Ok(())
    }
}
