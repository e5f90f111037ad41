//! Reads a 999: AK1, then set after set, then AK9.

use std::collections::VecDeque;

use super::{Context, ElementError, Group, GroupVerdict, Part, SegmentError, Set, SetVerdict, Totals, VERSION};
use crate::code::Code;
use crate::envelope::SetHeader;
use crate::error::Fault;
use crate::field;
use crate::segment::{Position, Segment};
use crate::sets::ReadSet;
use crate::value;

/// IK3 of one set.
const ERRORS_MAX: usize = 9_999;
/// IK4 of one IK3, by the guide.
const ELEMENTS_MAX: usize = 99;
/// CTX of one IK3 or IK4, by the guide.
const CONTEXTS_MAX: usize = 10;

/// Reads one 999 set.
#[derive(Debug)]
pub struct Reader {
    place: Place,
    set: Option<Box<Set>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Group,
    End,
}

impl ReadSet for Reader {
    type Part = Part;

    fn open(header: &SetHeader) -> Result<Self, Fault> {
        if header.kind != "999" {
            return Err(Fault::at(header.position, "ST", "a 999"));
        }
        if !header.version.starts_with(VERSION) {
            return Err(Fault::at(header.position, "ST", "version 005010X231, in ST03 or GS08"));
        }
        Ok(Self { place: Place::Start, set: None })
    }

    fn segment(&mut self, segment: &Segment<'_>, parts: &mut VecDeque<Part>) -> Result<(), Fault> {
        match (segment.id().as_bytes(), self.place) {
            (b"AK1", Place::Start) => {
                parts.push_back(Part::Group(group(segment)?));
                self.place = Place::Group;
                return Ok(());
            }
            (b"AK9", Place::Group) if self.set.is_none() => {
                parts.push_back(Part::Totals(totals(segment)?));
                self.place = Place::End;
                return Ok(());
            }
            (b"AK2", Place::Group) if self.set.is_none() => {
                self.set = Some(Box::new(set(segment)?));
                return Ok(());
            }
            (b"IK5", Place::Group) => {
                if let Some(mut set) = self.set.take() {
                    verdict(segment, &mut set)?;
                    parts.push_back(Part::Set(set));
                    return Ok(());
                }
            }
            (b"IK3" | b"IK4" | b"CTX", Place::Group) => {
                if let Some(set) = &mut self.set {
                    return error(segment, set);
                }
            }
            (b"AK1" | b"AK2" | b"IK3" | b"IK4" | b"CTX" | b"IK5" | b"AK9", _) => {}
            _ => return Ok(()),
        }
        Err(Fault::of(segment, 0, "AK1, AK2, IK3, CTX, IK4, IK5 and AK9 in their order"))
    }

    fn close(self, end: Position, _: &mut VecDeque<Part>) -> Result<(), Fault> {
        match self.place {
            Place::End => Ok(()),
            Place::Start => Err(Fault::at(end, "AK1", "the group that is answered, AK1, before this")),
            Place::Group => Err(Fault::at(end, "AK9", "the group's outcome, AK9, before this")),
        }
    }
}

fn group(ak1: &Segment<'_>) -> Result<Group, Fault> {
    Ok(Group {
        position: ak1.position(),
        function: field::required_code(ak1, 1, "the kind of the group")?,
        control: field::required(ak1, 2, "the control number of the group")?,
        version: Code::new(ak1.element(3).trim()),
    })
}

fn set(ak2: &Segment<'_>) -> Result<Set, Fault> {
    Ok(Set {
        position: ak2.position(),
        kind: field::required_code(ak2, 1, "the kind of the set")?,
        control: field::required(ak2, 2, "the control number of the set")?,
        version: Code::new(value::trimmed(ak2.element(3))),
        errors: Vec::new(),
        // until IK5, without which the set isn't told
        verdict: SetVerdict::Rejected,
        reasons: Vec::new(),
        notes: Vec::new(),
    })
}

fn error(segment: &Segment<'_>, set: &mut Set) -> Result<(), Fault> {
    let notes = &mut set.notes;
    if segment.id().as_bytes() == b"IK3" {
        let error = SegmentError {
            segment_id: field::code(segment, 1, notes),
            segment_position: number(segment, 2, segment.element(2), notes),
            loop_id: field::code(segment, 3, notes),
            code: field::code(segment, 4, notes),
            contexts: Vec::new(),
            elements: Vec::new(),
        };
        return field::push(&mut set.errors, error, ERRORS_MAX, || Fault::of(segment, 0, "at most 9999 IK3 in a set"));
    }
    let Some(error) = set.errors.last_mut() else {
        return Err(Fault::of(segment, 0, "IK3 before this"));
    };
    if segment.id().as_bytes() == b"IK4" {
        let mut place = segment.components(1).map(|part| number(segment, 1, part, notes));
        let (element, component, repetition) = (place.next(), place.next(), place.next());
        drop(place);
        let element = ElementError {
            element: element.flatten(),
            component: component.flatten(),
            repetition: repetition.flatten(),
            reference: number(segment, 2, segment.element(2), notes),
            code: field::code(segment, 3, notes),
            contexts: Vec::new(),
        };
        return field::push(&mut error.elements, element, ELEMENTS_MAX, || {
            Fault::of(segment, 0, "at most 99 IK4 behind an IK3")
        });
    }
    let context = context(segment, notes);
    let into = error.elements.last_mut().map_or(&mut error.contexts, |element| &mut element.contexts);
    field::push(into, context, CONTEXTS_MAX, || Fault::of(segment, 0, "at most 10 CTX in a loop"))
}

fn context(ctx: &Segment<'_>, notes: &mut Vec<Fault>) -> Context {
    match (ctx.component(1, 1), field::some(ctx.component(1, 2))) {
        ("CLM01", Some(number)) => Context::Claim(number),
        ("SITUATIONAL TRIGGER", _) => Context::Trigger {
            segment_id: field::code(ctx, 2, notes),
            segment_position: number(ctx, 3, ctx.element(3), notes),
            loop_id: field::code(ctx, 4, notes),
            element: number(ctx, 5, ctx.component(5, 1), notes),
        },
        _ => Context::Other,
    }
}

fn verdict(ik5: &Segment<'_>, set: &mut Set) -> Result<(), Fault> {
    set.verdict = match ik5.element(1) {
        "A" => SetVerdict::Accepted,
        "E" => SetVerdict::AcceptedWithErrors,
        "R" => SetVerdict::Rejected,
        "M" | "W" | "X" => SetVerdict::RejectedSecurity,
        _ => return Err(Fault::of(ik5, 1, "A, E, R, M, W or X")),
    };
    for n in 2..=6 {
        set.reasons.extend(field::code(ik5, n, &mut set.notes));
    }
    Ok(())
}

fn totals(ak9: &Segment<'_>) -> Result<Totals, Fault> {
    let mut notes = Vec::new();
    let verdict = match ak9.element(1) {
        "A" => GroupVerdict::Accepted,
        "E" => GroupVerdict::AcceptedWithErrors,
        "P" => GroupVerdict::PartiallyAccepted,
        "R" => GroupVerdict::Rejected,
        "M" | "W" | "X" => GroupVerdict::RejectedSecurity,
        _ => return Err(Fault::of(ak9, 1, "A, E, P, R, M, W or X")),
    };
    let counts = [2_u8, 3, 4].map(|n| number(ak9, n, ak9.element(usize::from(n)), &mut notes));
    let mut reasons = Vec::new();
    for n in 5..=9 {
        reasons.extend(field::code(ak9, n, &mut notes));
    }
    let [included, received, accepted] = counts;
    Ok(Totals { verdict, included, received, accepted, reasons, notes })
}

fn number(segment: &Segment<'_>, n: u8, text: &str, notes: &mut Vec<Fault>) -> Option<u32> {
    let text = value::trimmed(text);
    if text.is_empty() {
        return None;
    }
    let read = if text.starts_with('+') { None } else { text.parse().ok() };
    if read.is_none() {
        field::note(notes, Fault::of(segment, n, "a whole number"));
    }
    read
}
