//! Reads a 277CA: loop after loop, each begun by its HL.

mod levels;
mod loops;

use std::collections::VecDeque;

use levels::Levels;

use super::{Batch, Claim, Part, Provider, VERSION};
use crate::envelope::SetHeader;
use crate::error::Fault;
use crate::field;
use crate::segment::{Position, Segment};
use crate::sets::ReadSet;
use crate::value;

/// Reads one 277CA set.
#[derive(Debug)]
pub struct Reader {
    place: Place,
    levels: Levels,
    // what BHT and loop 2000A tell, given to each batch
    head: Box<Batch>,
    has_begun: bool,
    has_batch: bool,
}

#[derive(Debug)]
enum Place {
    // BHT and loop 2000A
    Source,
    Batch(Box<Batch>),
    Provider(Box<Provider>),
    Claim(Box<Claim>),
}

impl ReadSet for Reader {
    type Part = Part;

    fn open(header: &SetHeader) -> Result<Self, Fault> {
        if header.kind != "277" {
            return Err(Fault::at(header.position, "ST", "a 277"));
        }
        if !header.version.starts_with(VERSION) {
            return Err(Fault::at(header.position, "ST", "version 005010X214, in ST03 or GS08"));
        }
        let head = Box::new(loops::batch(header.position));
        Ok(Self { place: Place::Source, levels: Levels::default(), head, has_begun: false, has_batch: false })
    }

    fn segment(&mut self, segment: &Segment<'_>, parts: &mut VecDeque<Part>) -> Result<(), Fault> {
        match segment.id() {
            "BHT" if !self.has_begun => {
                if value::trimmed(segment.element(1)) != "0085" {
                    return Err(Fault::of(segment, 1, "0085"));
                }
                self.has_begun = true;
                self.head.reference = field::text(segment, 3);
                self.head.created_on = field::date(segment, 4, &mut self.head.notes);
                self.head.created_at = value::time(segment.element(5).trim());
                Ok(())
            }
            _ if !self.has_begun => Err(Fault::of(segment, 0, "BHT after ST")),
            "HL" => self.begin(segment, parts),
            id => self.inside(id, segment, parts),
        }
    }

    fn close(mut self, end: Position, parts: &mut VecDeque<Part>) -> Result<(), Fault> {
        self.leave(end, Place::Source, parts)?;
        if self.has_batch { Ok(()) } else { Err(Fault::at(end, "HL", "loop 2000B, HL with 21, before this")) }
    }
}

impl Reader {
    /// HL: the next loop begins.
    fn begin(&mut self, hl: &Segment<'_>, parts: &mut VecDeque<Part>) -> Result<(), Fault> {
        let position = hl.position();
        let next = match hl.element(3) {
            "20" if matches!(self.place, Place::Source) => Place::Source,
            "21" => Place::Batch(Box::new(Batch { position, ..(*self.head).clone() })),
            "19" => Place::Provider(Box::new(loops::provider(position))),
            "PT" => Place::Claim(Box::new(loops::claim(position))),
            _ => return Err(Fault::of(hl, 3, "20 once, then 21, 19 or PT")),
        };
        if matches!(next, Place::Batch(_)) {
            self.has_batch = true;
        } else if matches!(next, Place::Claim(_) | Place::Provider(_)) && !self.has_batch {
            return Err(Fault::of(hl, 3, "loop 2000B, HL with 21, before this"));
        }
        self.levels.descend(hl, hl.element(3))?;
        self.leave(position, next, parts)
    }

    fn inside(&mut self, id: &str, segment: &Segment<'_>, parts: &mut VecDeque<Part>) -> Result<(), Fault> {
        match &mut self.place {
            Place::Source => {
                loops::in_source(&mut self.head, id, segment);
                Ok(())
            }
            Place::Batch(batch) => loops::in_batch(batch, id, segment),
            Place::Provider(provider) => loops::in_provider(provider, id, segment),
            Place::Claim(claim) => {
                // loop 2200D repeats for each of a patient's claims
                if id == "TRN" && claim.claim_number.is_some() {
                    whole(claim, segment.position())?;
                    let patient = claim.patient.clone();
                    let next = Box::new(Claim { patient, ..loops::claim(segment.position()) });
                    parts.push_back(Part::Claim(std::mem::replace(claim, next)));
                }
                loops::in_claim(claim, id, segment)
            }
        }
    }

    /// Goes to another loop and tells the one that is complete by that.
    fn leave(&mut self, here: Position, next: Place, parts: &mut VecDeque<Part>) -> Result<(), Fault> {
        match std::mem::replace(&mut self.place, next) {
            Place::Source => {}
            Place::Batch(batch) => parts.push_back(Part::Batch(batch)),
            Place::Provider(provider) => parts.push_back(Part::Provider(provider)),
            Place::Claim(claim) => {
                whole(&claim, here)?;
                parts.push_back(Part::Claim(claim));
            }
        }
        Ok(())
    }
}

/// Whether loop 2200D tells of which claim it is and what became of it; without either it answers nothing.
fn whole(claim: &Claim, here: Position) -> Result<(), Fault> {
    if claim.claim_number.is_none() {
        return Err(Fault::at(here, "TRN", "the claim's number, TRN, before this"));
    }
    if claim.statuses.is_empty() {
        return Err(Fault::at(here, "STC", "the claim's own status, STC, before this"));
    }
    Ok(())
}
