//! Reads an 835: the header until the first claim, then claim after claim, then the provider's adjustments.

mod claim;
mod header;

use std::collections::VecDeque;

use claim::ClaimReader;
use header::HeaderReader;

use super::{Part, ProviderAdjustment, ProviderAdjustments, Totals, VERSION};
use crate::code::Code;
use crate::envelope::SetHeader;
use crate::error::Fault;
use crate::field;
use crate::segment::{Position, Segment};
use crate::sets::ReadSet;

/// Reads one 835 set.
#[derive(Debug)]
pub struct Reader {
    place: Place,
    totals: Totals,
}

#[derive(Debug)]
enum Place {
    Header(Box<HeaderReader>),
    // between LX and the first CLP after it
    Detail,
    Claim(Box<ClaimReader>),
    Provider,
}

impl ReadSet for Reader {
    type Part = Part;

    fn open(header: &SetHeader) -> Result<Self, Fault> {
        if header.kind != "835" {
            return Err(Fault::at(header.position, "ST", "an 835"));
        }
        if !header.version.starts_with(VERSION) {
            return Err(Fault::at(header.position, "ST", "version 005010X221, in ST03 or GS08"));
        }
        Ok(Self { place: Place::Header(Box::default()), totals: Totals::default() })
    }

    fn segment(&mut self, segment: &Segment<'_>, parts: &mut VecDeque<Part>) -> Result<(), Fault> {
        match segment.id() {
            "LX" | "CLP" if matches!(self.place, Place::Provider) => {
                Err(Fault::of(segment, 0, "PLB or SE, as no claim follows a PLB"))
            }
            "LX" => self.leave(segment.position(), parts, Place::Detail),
            "CLP" => {
                let claim = ClaimReader::open(segment)?;
                self.leave(segment.position(), parts, Place::Claim(Box::new(claim)))
            }
            "PLB" => {
                self.leave(segment.position(), parts, Place::Provider)?;
                let adjustments = provider_adjustments(segment)?;
                for adjustment in &adjustments.adjustments {
                    add(&mut self.totals.provider_adjusted, adjustment.amount);
                }
                parts.push_back(Part::ProviderAdjustments(adjustments));
                Ok(())
            }
            id => match &mut self.place {
                Place::Claim(claim) => claim.segment(id, segment),
                Place::Header(header) => header.segment(id, segment),
                Place::Detail | Place::Provider if matches!(id, "SVC" | "CAS") => {
                    Err(Fault::of(segment, 0, "a claim, CLP, before this"))
                }
                Place::Detail | Place::Provider => Ok(()),
            },
        }
    }

    fn close(mut self, end: Position, parts: &mut VecDeque<Part>) -> Result<(), Fault> {
        self.leave(end, parts, Place::Provider)?;
        parts.push_back(Part::Totals(self.totals));
        Ok(())
    }
}

impl Reader {
    /// Goes to another place and tells what is complete by that.
    fn leave(&mut self, here: Position, parts: &mut VecDeque<Part>, next: Place) -> Result<(), Fault> {
        match std::mem::replace(&mut self.place, next) {
            Place::Header(header) => parts.push_back(Part::Payment(header.close(here)?)),
            Place::Claim(claim) => {
                let claim = claim.close();
                self.totals.claims += 1;
                add(&mut self.totals.charged, claim.charge);
                add(&mut self.totals.paid, claim.paid);
                parts.push_back(Part::Claim(claim));
            }
            Place::Detail | Place::Provider => {}
        }
        Ok(())
    }
}

fn add(sum: &mut crate::amount::Cents, amount: crate::amount::Cents) {
    sum.0 = sum.0.saturating_add(amount.0);
}

/// PLB: up to six pairs of what (C042) and how much.
fn provider_adjustments(plb: &Segment<'_>) -> Result<ProviderAdjustments, Fault> {
    field::ends(plb, 14, "at most six pairs of reason and amount")?;
    let mut notes = Vec::new();
    let mut adjustments = Vec::new();
    for n in [3, 5, 7, 9, 11, 13] {
        let mut what = plb.components(usize::from(n));
        let reason = what.next().unwrap_or_default();
        if reason.is_empty() && plb.element(usize::from(n) + 1).is_empty() {
            continue;
        }
        let reason = Code::new(reason.trim()).ok_or_else(|| Fault::of(plb, n, "a reason for the adjustment"))?;
        let reference = what.next().and_then(field::some);
        adjustments.push(ProviderAdjustment { reason, reference, amount: field::amount(plb, n + 1)? });
    }
    if adjustments.is_empty() {
        return Err(Fault::of(plb, 3, "a reason for the adjustment"));
    }
    Ok(ProviderAdjustments {
        position: plb.position(),
        provider_id: field::text(plb, 1),
        fiscal_period_ends: field::date(plb, 2, &mut notes),
        adjustments,
        notes,
    })
}
