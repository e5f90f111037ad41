//! What each loop of a 277CA collects.

use crate::amount::Cents;
use crate::code::Code;
use crate::error::Fault;
use crate::field;
use crate::party::Person;
use crate::procedure::Procedure;
use crate::segment::{Position, Segment};
use crate::status::{Action, Batch, Claim, Line, Organization, Provider, Status, StatusCode, Tally};
use crate::value;

/// STC of one loop.
const STATUSES_MAX: usize = 99;
/// SVC of one claim.
const LINES_MAX: usize = 999;

pub(super) fn batch(position: Position) -> Batch {
    Batch {
        position,
        reference: None,
        created_on: None,
        created_at: None,
        source: None,
        source_trace: None,
        received_on: None,
        processed_on: None,
        receiver: None,
        batch_reference: None,
        statuses: Vec::new(),
        tally: Tally::default(),
        notes: Vec::new(),
    }
}

pub(super) fn provider(position: Position) -> Provider {
    let (statuses, notes) = (Vec::new(), Vec::new());
    Provider { position, billing: None, trace: None, statuses, tally: Tally::default(), notes }
}

pub(super) fn claim(position: Position) -> Claim {
    Claim {
        position,
        patient: None,
        claim_number: None,
        statuses: Vec::new(),
        payer_claim_number: None,
        trace: None,
        served_from: None,
        served_through: None,
        lines: Vec::new(),
        notes: Vec::new(),
    }
}

pub(super) fn in_source(head: &mut Batch, id: &str, segment: &Segment<'_>) {
    match id {
        "NM1" => head.source = Some(organization(segment, &mut head.notes)),
        "TRN" => head.source_trace = field::text(segment, 2),
        "DTP" => match segment.element(1) {
            "050" => head.received_on = day(segment, &mut head.notes),
            "009" => head.processed_on = day(segment, &mut head.notes),
            _ => {}
        },
        _ => {}
    }
}

pub(super) fn in_batch(batch: &mut Batch, id: &str, segment: &Segment<'_>) -> Result<(), Fault> {
    match id {
        "NM1" => batch.receiver = Some(organization(segment, &mut batch.notes)),
        "TRN" => batch.batch_reference = field::text(segment, 2),
        "STC" => return status(segment, &mut batch.statuses, &mut batch.notes),
        _ => tally(&mut batch.tally, id, segment, &mut batch.notes),
    }
    Ok(())
}

pub(super) fn in_provider(provider: &mut Provider, id: &str, segment: &Segment<'_>) -> Result<(), Fault> {
    match id {
        "NM1" => provider.billing = Some(organization(segment, &mut provider.notes)),
        "TRN" => provider.trace = field::text(segment, 2),
        "STC" => return status(segment, &mut provider.statuses, &mut provider.notes),
        _ => tally(&mut provider.tally, id, segment, &mut provider.notes),
    }
    Ok(())
}

#[inline]
pub(super) fn in_claim(claim: &mut Claim, id: &str, segment: &Segment<'_>) -> Result<(), Fault> {
    let notes = &mut claim.notes;
    match (id, claim.lines.last_mut()) {
        ("SVC", _) => {
            let line = line(segment, notes);
            return field::push(&mut claim.lines, line, LINES_MAX, || {
                Fault::of(segment, 0, "at most 999 service lines in a claim")
            });
        }
        ("STC", line) => {
            let into = line.map_or(&mut claim.statuses, |line| &mut line.statuses);
            return status(segment, into, notes);
        }
        ("NM1", None) if segment.element(1) == "QC" => claim.patient = Some(Person::read(segment)),
        ("TRN", None) => claim.claim_number = field::text(segment, 2),
        ("REF", line) => match (segment.element(1), line) {
            ("1K", None) => claim.payer_claim_number = field::text(segment, 2),
            ("D9", None) => claim.trace = field::text(segment, 2),
            ("FJ", Some(line)) => line.control_number = field::text(segment, 2),
            _ => {}
        },
        ("DTP", line) if segment.element(1) == "472" => {
            let (from, through) = field::dates(segment, notes).unzip();
            match line {
                Some(line) => (line.served_from, line.served_through) = (from, through),
                None => (claim.served_from, claim.served_through) = (from, through),
            }
        }
        _ => {}
    }
    Ok(())
}

fn line(svc: &Segment<'_>, notes: &mut Vec<Fault>) -> Line {
    Line {
        position: svc.position(),
        procedure: Procedure::read(svc, 1, notes),
        charge: amount(svc, 2, notes),
        units: field::quantity(svc, 7, notes),
        statuses: Vec::new(),
        control_number: None,
        served_from: None,
        served_through: None,
    }
}

/// STC: the set can't be read on without knowing what it says.
#[inline]
fn status(stc: &Segment<'_>, into: &mut Vec<Status>, notes: &mut Vec<Fault>) -> Result<(), Fault> {
    let mut codes = Vec::with_capacity(1);
    for n in [1_u8, 10, 11] {
        let whole = stc.element(usize::from(n));
        if n > 1 && whole.is_empty() {
            continue;
        }
        let mut parts = stc.components(usize::from(n));
        let mut next = || Code::new(value::trimmed(parts.next().unwrap_or_default()));
        let (Some(category), Some(status)) = (next(), next()) else {
            return Err(Fault::of(stc, n, "a status category and a status code"));
        };
        codes.push(StatusCode { category, status, entity: next() });
    }
    let action = match value::trimmed(stc.element(3)) {
        "WQ" => Some(Action::Accept),
        "U" => Some(Action::Reject),
        "" => None,
        _ => {
            field::note(notes, Fault::of(stc, 3, "WQ or U"));
            None
        }
    };
    let status = Status {
        codes,
        effective_on: field::date(stc, 2, notes),
        action,
        amount: amount(stc, 4, notes),
        has_text: !stc.element(12).is_empty(),
    };
    field::push(into, status, STATUSES_MAX, || Fault::of(stc, 0, "at most 99 STC in a loop"))
}

fn tally(tally: &mut Tally, id: &str, segment: &Segment<'_>, notes: &mut Vec<Fault>) {
    match (id, segment.element(1)) {
        ("QTY", "90" | "QA") => tally.accepted = field::quantity(segment, 2, notes),
        ("QTY", "AA" | "QC") => tally.rejected = field::quantity(segment, 2, notes),
        ("AMT", "YU") => tally.accepted_amount = amount(segment, 2, notes),
        ("AMT", "YY") => tally.rejected_amount = amount(segment, 2, notes),
        _ => {}
    }
}

/// No money moves by a 277CA, so that an amount which is none is only noted.
#[inline]
fn amount(segment: &Segment<'_>, n: u8, notes: &mut Vec<Fault>) -> Option<Cents> {
    match field::optional_amount(segment, n) {
        Ok(amount) => amount,
        Err(fault) => {
            field::note(notes, fault);
            None
        }
    }
}

fn day(dtp: &Segment<'_>, notes: &mut Vec<Fault>) -> Option<chrono::NaiveDate> {
    field::dates(dtp, notes).map(|(first, _)| first)
}

fn organization(nm1: &Segment<'_>, notes: &mut Vec<Fault>) -> Organization {
    Organization {
        role: field::code(nm1, 1, notes),
        name: field::text(nm1, 3),
        id_qualifier: field::code(nm1, 8, notes),
        id: field::text(nm1, 9),
    }
}
