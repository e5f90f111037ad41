//! Reads whatever file of the five kinds it is given: 837P, 835, 277CA, 999 and TA1, mixed as they come.

use std::collections::VecDeque;
use std::io::Read;

use serde::Serialize;

use crate::claim::read::{ClaimPart, ClaimSet};
use crate::envelope::SetHeader;
use crate::error::Fault;
use crate::segment::{Position, Segment};
use crate::sets::{ReadSet, Sets};
use crate::{acknowledgment, remittance, status};

/// A part of a set, of the kind that its ST told. A TA1 is no part of a set but an event of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Of an 837P.
    Claim(ClaimPart),
    /// Of an 835.
    Remittance(remittance::Part),
    /// Of a 277CA.
    Status(status::Part),
    /// Of a 999.
    Acknowledgment(acknowledgment::Part),
}

/// Reads one set of whichever kind.
#[derive(Debug)]
pub enum Reader {
    /// An 837P.
    Claim(Box<Of<ClaimSet>>),
    /// An 835.
    Remittance(Box<Of<remittance::Reader>>),
    /// A 277CA.
    Status(Box<Of<status::Reader>>),
    /// A 999.
    Acknowledgment(Box<Of<acknowledgment::Reader>>),
}

/// A reader of one kind with the parts that it has completed.
#[derive(Debug)]
pub struct Of<S: ReadSet> {
    reader: S,
    parts: VecDeque<S::Part>,
}

impl<S: ReadSet> Of<S> {
    fn open(header: &SetHeader) -> Result<Box<Self>, Fault> {
        Ok(Box::new(Self { reader: S::open(header)?, parts: VecDeque::new() }))
    }

    fn segment(
        &mut self,
        segment: &Segment<'_>,
        into: &mut VecDeque<Part>,
        wrap: fn(S::Part) -> Part,
    ) -> Result<(), Fault> {
        let read = self.reader.segment(segment, &mut self.parts);
        into.extend(self.parts.drain(..).map(wrap));
        read
    }

    fn close(mut self, end: Position, into: &mut VecDeque<Part>, wrap: fn(S::Part) -> Part) -> Result<(), Fault> {
        let read = self.reader.close(end, &mut self.parts);
        into.extend(self.parts.into_iter().map(wrap));
        read
    }
}

/// Reads a file as it is asked for; sets of kinds not spoken here are told to be broken.
pub fn read<R: Read>(source: R) -> Sets<R, Reader> {
    Sets::new(source)
}

impl ReadSet for Reader {
    type Part = Part;

    fn open(header: &SetHeader) -> Result<Self, Fault> {
        match header.kind.as_str() {
            "837" => Of::open(header).map(Self::Claim),
            "835" => Of::open(header).map(Self::Remittance),
            "277" => Of::open(header).map(Self::Status),
            "999" => Of::open(header).map(Self::Acknowledgment),
            _ => {
                let expected = "837, 835, 277 or 999";
                Err(Fault { segment: "ST", element: 1, position: header.position, expected })
            }
        }
    }

    fn segment(&mut self, segment: &Segment<'_>, parts: &mut VecDeque<Part>) -> Result<(), Fault> {
        match self {
            Self::Claim(of) => of.segment(segment, parts, Part::Claim),
            Self::Remittance(of) => of.segment(segment, parts, Part::Remittance),
            Self::Status(of) => of.segment(segment, parts, Part::Status),
            Self::Acknowledgment(of) => of.segment(segment, parts, Part::Acknowledgment),
        }
    }

    fn close(self, end: Position, parts: &mut VecDeque<Part>) -> Result<(), Fault> {
        match self {
            Self::Claim(of) => of.close(end, parts, Part::Claim),
            Self::Remittance(of) => of.close(end, parts, Part::Remittance),
            Self::Status(of) => of.close(end, parts, Part::Status),
            Self::Acknowledgment(of) => of.close(end, parts, Part::Acknowledgment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sets::Event;
    use crate::testing::{ends, events, file, parts, shared};

    #[test]
    fn each_kind_is_read_by_its_own_reader() {
        for (name, count) in [
            ("837p/own_ok_base.837", 4),
            ("835/own_era01_paid_and_deductible.835", 4),
            ("277ca/own_ca02_mixed.277", 5),
            ("999/pyx12_ok_base.999", 3),
            ("ta1/own_ta1_accepted.ta1", 0),
        ] {
            let Some(bytes) = shared(name) else { return };
            let events = events(read(bytes.as_slice()));
            assert!(!events.iter().any(|event| matches!(event, Event::Broken(_))), "{name}: {events:?}");
            assert_eq!(parts(events).len(), count, "{name}");
        }
    }

    #[test]
    fn a_set_is_of_its_groups_kind_and_has_a_number() {
        let paid = "ST*835*2~BPR*I*1*C*CHK************20261020~TRN*1*7~N1*PR*PLAN~N1*PE*GROUP~";
        for (function, set, told) in [
            ("HP", paid, None),
            ("HC", paid, Some("ST01 at segment 3 (1 of its set)")),
            ("", paid, Some("ST01 at segment 3 (1 of its set)")),
            ("HP", "ST*277*1*005010X214~", Some("ST01 at segment 3 (1 of its set)")),
            ("HP", "ST*835*~", Some("ST02 at segment 3 (1 of its set)")),
        ] {
            let events = events(read(file(function, "005010X221A1", &[set]).as_bytes()));
            ends(&events, told, set);
        }
    }

    #[test]
    fn kinds_may_be_mixed_and_an_unknown_one_hides_no_other() {
        let bad = "ST*820*1~BPR*I~";
        let paid = "ST*835*2~BPR*I*1*C*CHK************20261020~TRN*1*7~N1*PR*PLAN~N1*PE*GROUP~CLP*C1*1*1*1~";
        let events = events(read(file("HP", "005010X221A1", &[bad, paid, bad]).as_bytes()));
        let broken = events.iter().filter(|event| matches!(event, Event::Broken(_))).count();
        let closed = events.iter().filter(|event| matches!(event, Event::Closed)).count();
        assert_eq!((broken, closed), (2, 1));
    }
}
