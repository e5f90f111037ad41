//! Each step of the walk: what may follow what, and the checks of the trailers.

use std::io::Read;

use super::{Envelope, Group, Interchange, Place, SetHeader, Step};
use crate::error::{Error, Fault};
use crate::segment::Segment;

impl<R: Read> Envelope<R> {
    pub(super) fn step(&mut self) -> Result<Option<Step>, Error> {
        loop {
            if self.place == Place::Ended {
                return Ok(None);
            }
            if !self.tokens.advance()? {
                return self.end_of_file();
            }
            if !matches!(self.place, Place::Set | Place::Skipping)
                && let Some(fault) = self.tokens.nul()
            {
                return Err(fault.into());
            }
            let step = match self.place {
                Place::Outside => Some(self.outside()?),
                Place::Interchange => Some(self.in_interchange()?),
                Place::Group => Some(self.in_group()?),
                Place::Set => Some(self.in_set()),
                Place::Skipping => self.skipping(),
                Place::Ended => None,
            };
            if step.is_some() {
                return Ok(step);
            }
        }
    }

    fn end_of_file(&mut self) -> Result<Option<Step>, Error> {
        let position = self.tokens.position();
        let expected = match self.place {
            Place::Ended => return Ok(None),
            Place::Outside if position.segment > 0 => return Ok(None),
            Place::Outside => Fault::at(position, "ISA", "an interchange, but there is nothing"),
            Place::Set => {
                self.place = Place::Group;
                return Ok(Some(Step::SetBroken(Fault::at(position, "SE", "the set's end before the file's"))));
            }
            Place::Skipping | Place::Group => Fault::at(position, "GE", "the group's end before the file's"),
            Place::Interchange => Fault::at(position, "IEA", "the interchange's end before the file's"),
        };
        Err(expected.into())
    }

    fn outside(&mut self) -> Result<Step, Error> {
        let isa = self.tokens.segment();
        let interchange = Interchange::of(&isa);
        if interchange.version != VERSION {
            return Err(Fault::of(&isa, 12, VERSION).into());
        }
        if interchange.control.is_empty() {
            return Err(Fault::of(&isa, 13, "the interchange's control number").into());
        }
        self.interchange = interchange;
        self.groups = 0;
        self.place = Place::Interchange;
        Ok(Step::InterchangeOpened)
    }

    fn in_interchange(&mut self) -> Result<Step, Error> {
        let segment = self.tokens.segment();
        match segment.id() {
            "TA1" => Ok(Step::Acknowledged),
            "GS" => {
                self.group = Group::of(&segment);
                self.groups += 1;
                self.sets = 0;
                self.place = Place::Group;
                Ok(Step::GroupOpened)
            }
            "IEA" => {
                agrees(&segment, self.groups, &self.interchange.control, TRAILERS.interchange)?;
                self.place = Place::Outside;
                Ok(Step::InterchangeClosed)
            }
            _ => Err(Fault::of(&segment, 0, "GS, TA1 or IEA").into()),
        }
    }

    fn in_group(&mut self) -> Result<Step, Error> {
        let segment = self.tokens.segment();
        match segment.id() {
            "ST" => {
                self.set = SetHeader::of(&segment, &self.interchange, &self.group);
                self.sets += 1;
                self.place = Place::Set;
                Ok(Step::SetOpened)
            }
            "GE" => {
                agrees(&segment, self.sets, &self.group.control, TRAILERS.group)?;
                self.place = Place::Interchange;
                Ok(Step::GroupClosed)
            }
            _ => Err(Fault::of(&segment, 0, "ST or GE").into()),
        }
    }

    fn in_set(&mut self) -> Step {
        let segment = self.tokens.segment();
        match segment.id().as_bytes() {
            b"SE" => {
                self.place = Place::Group;
                match agrees(&segment, segment.position().in_set, &self.set.control, TRAILERS.set) {
                    Ok(()) => Step::SetClosed,
                    Err(fault) => Step::SetBroken(fault),
                }
            }
            id if leaves_set(id) => {
                let fault = Fault::of(&segment, 0, "the end of the set, SE, before this");
                self.place = Place::Group;
                self.tokens.stay();
                Step::SetBroken(fault)
            }
            id if is_segment_id(id) => match self.tokens.nul() {
                None => Step::Segment,
                Some(fault) => self.breaking(fault),
            },
            _ => {
                let fault = Fault::of(&segment, 0, "a segment id of two or three letters and digits");
                self.breaking(fault)
            }
        }
    }

    fn breaking(&mut self, fault: Fault) -> Step {
        self.place = Place::Skipping;
        Step::SetBroken(fault)
    }

    fn skipping(&mut self) -> Option<Step> {
        match self.tokens.segment().id().as_bytes() {
            b"SE" => self.place = Place::Group,
            id if leaves_set(id) => {
                self.place = Place::Group;
                self.tokens.stay();
            }
            _ => {}
        }
        None
    }
}

/// ISA12 of all documents spoken here.
const VERSION: &str = "00501";

/// What a trailer's two elements must tell.
struct Trailers {
    set: [&'static str; 2],
    group: [&'static str; 2],
    interchange: [&'static str; 2],
}

const TRAILERS: Trailers = Trailers {
    set: ["the number of segments from ST to SE", "the control number of ST02"],
    group: ["the number of transaction sets in the group", "the control number of GS06"],
    interchange: ["the number of groups in the interchange", "the control number of ISA13"],
};

/// Whether SE, GE or IEA tells the count and control number that its header and content have.
fn agrees(trailer: &Segment<'_>, count: u64, control: &str, expected: [&'static str; 2]) -> Result<(), Fault> {
    let [counted, controlled] = expected;
    if trailer.element(1).trim().parse() != Ok(count) {
        return Err(Fault::of(trailer, 1, counted));
    }
    // some systems pad control numbers in one place only
    let plain = |text: &'_ str| text.trim().trim_start_matches('0').to_owned();
    if trailer.element(2) != control && plain(trailer.element(2)) != plain(control) {
        return Err(Fault::of(trailer, 2, controlled));
    }
    Ok(())
}

fn leaves_set(id: &[u8]) -> bool {
    matches!(id, b"ST" | b"GE" | b"GS" | b"IEA" | b"ISA")
}

fn is_segment_id(id: &[u8]) -> bool {
    let follows = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    match id {
        [first, second] => first.is_ascii_uppercase() && follows(second),
        [first, second, third] => first.is_ascii_uppercase() && follows(second) && follows(third),
        _ => false,
    }
}
