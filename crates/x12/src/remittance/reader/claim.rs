//! One claim of an 835: CLP and all that follows it until the next.

use crate::code::Code;
use crate::error::Fault;
use crate::field;
use crate::party::Person;
use crate::procedure::Procedure;
use crate::remittance::{Adjustment, AdjustmentGroup, ClaimPayment, ClaimStatus, LinePayment, QualifiedAmount};
use crate::segment::Segment;
use crate::value;

/// SVC in a claim, by the guide.
const LINES_MAX: usize = 999;
/// Triplets of one claim or line: six in each of 99 CAS.
const ADJUSTMENTS_MAX: usize = 594;
const AMOUNTS_MAX: usize = 99;
const REMARKS_MAX: usize = 99;

/// Collects a claim's segments.
#[derive(Debug)]
pub(super) struct ClaimReader {
    claim: Box<ClaimPayment>,
}

impl ClaimReader {
    pub(super) fn open(clp: &Segment<'_>) -> Result<Self, Fault> {
        let mut notes = Vec::new();
        let status = ClaimStatus::of(value::trimmed(clp.element(2)));
        if status.is_none() {
            field::note(&mut notes, Fault::of(clp, 2, "a claim status of 005010X221A1"));
        }
        let claim = Box::new(ClaimPayment {
            position: clp.position(),
            claim_number: field::required(clp, 1, "the claim number")?,
            status,
            charge: field::amount(clp, 3)?,
            paid: field::amount(clp, 4)?,
            patient_responsibility: field::optional_amount(clp, 5)?,
            filing_indicator: field::code(clp, 6, &mut notes),
            payer_claim_number: field::text(clp, 7),
            facility: field::code(clp, 8, &mut notes),
            frequency: field::code(clp, 9, &mut notes),
            adjustments: Vec::new(),
            patient: None,
            subscriber: None,
            corrected: None,
            rendering_npi: None,
            served_from: None,
            served_through: None,
            received_on: None,
            remarks: Vec::new(),
            amounts: Vec::new(),
            lines: Vec::new(),
            notes,
        });
        Ok(Self { claim })
    }

    #[inline]
    pub(super) fn segment(&mut self, id: &str, segment: &Segment<'_>) -> Result<(), Fault> {
        let claim = &mut *self.claim;
        match id {
            "SVC" => {
                let line = line(segment, &mut claim.notes)?;
                field::push(&mut claim.lines, line, LINES_MAX, || {
                    Fault::of(segment, 0, "at most 999 service lines in a claim")
                })
            }
            "CAS" => match claim.lines.last_mut() {
                Some(line) => adjustments(segment, &mut line.adjustments, &mut claim.notes),
                None => adjustments(segment, &mut claim.adjustments, &mut claim.notes),
            },
            "AMT" => {
                let Some(qualifier) = field::code(segment, 1, &mut claim.notes) else { return Ok(()) };
                let amount = QualifiedAmount { qualifier, amount: field::amount(segment, 2)? };
                let into = claim.lines.last_mut().map_or(&mut claim.amounts, |line| &mut line.amounts);
                field::push(into, amount, AMOUNTS_MAX, || Fault::of(segment, 0, "at most 99 AMT in a loop"))
            }
            "DTM" => {
                date(claim, segment);
                Ok(())
            }
            "NM1" if claim.lines.is_empty() => {
                person(claim, segment);
                Ok(())
            }
            "REF" if segment.element(1) == "6R" => {
                if let Some(line) = claim.lines.last_mut() {
                    line.control_number = field::text(segment, 2);
                }
                Ok(())
            }
            "LQ" if segment.element(1) == "HE" => remark(claim, segment, 2),
            "MOA" => (3..=7).try_for_each(|n| remark(claim, segment, n)),
            "MIA" => [5, 20, 21, 22, 23].into_iter().try_for_each(|n| remark(claim, segment, n)),
            _ => Ok(()),
        }
    }

    pub(super) fn close(self) -> Box<ClaimPayment> {
        self.claim
    }
}

fn line(svc: &Segment<'_>, notes: &mut Vec<Fault>) -> Result<LinePayment, Fault> {
    let procedure =
        Procedure::read(svc, 1, notes).ok_or_else(|| Fault::of(svc, 1, "a procedure with its qualifier"))?;
    Ok(LinePayment {
        position: svc.position(),
        procedure,
        charge: field::amount(svc, 2)?,
        paid: field::amount(svc, 3)?,
        revenue_code: field::code(svc, 4, notes),
        units: field::quantity(svc, 5, notes),
        submitted: Procedure::read(svc, 6, notes),
        submitted_units: field::quantity(svc, 7, notes),
        served_from: None,
        served_through: None,
        adjustments: Vec::new(),
        control_number: None,
        amounts: Vec::new(),
        remarks: Vec::new(),
    })
}

/// CAS: a group and up to six triplets of reason, amount and quantity.
#[inline]
fn adjustments(cas: &Segment<'_>, into: &mut Vec<Adjustment>, notes: &mut Vec<Fault>) -> Result<(), Fault> {
    let group =
        AdjustmentGroup::of(value::trimmed(cas.element(1))).ok_or_else(|| Fault::of(cas, 1, "CO, PR, OA or PI"))?;
    field::ends(cas, 19, "at most six triplets of reason, amount and quantity")?;
    let mut found = false;
    for n in [2, 5, 8, 11, 14, 17] {
        if usize::from(n) > cas.len() {
            break;
        }
        if cas.element(usize::from(n)).is_empty() && cas.element(usize::from(n) + 1).is_empty() {
            continue;
        }
        let reason = field::required_code(cas, n, "a reason for the adjustment")?;
        let amount = field::amount(cas, n + 1)?;
        let quantity = field::quantity(cas, n + 2, notes);
        found = true;
        field::push(into, Adjustment { group, reason, amount, quantity }, ADJUSTMENTS_MAX, || {
            Fault::of(cas, 0, "at most 99 CAS in a loop")
        })?;
    }
    if found { Ok(()) } else { Err(Fault::of(cas, 2, "a reason for the adjustment")) }
}

/// DTM: of the line when one is open, otherwise of the claim.
fn date(claim: &mut ClaimPayment, dtm: &Segment<'_>) {
    let qualifier = dtm.element(1);
    let mut read = || field::date(dtm, 2, &mut claim.notes);
    match (claim.lines.last_mut(), qualifier) {
        (Some(line), "472") => {
            line.served_from = read();
            line.served_through = line.served_from;
        }
        (Some(line), "150") => line.served_from = read(),
        (Some(line), "151") => line.served_through = read(),
        (None, "232") => claim.served_from = read(),
        (None, "233") => claim.served_through = read(),
        (None, "050") => claim.received_on = read(),
        _ => {}
    }
}

fn person(claim: &mut ClaimPayment, nm1: &Segment<'_>) {
    match nm1.element(1) {
        "QC" => claim.patient = Some(Person::read(nm1)),
        "IL" => claim.subscriber = Some(Person::read(nm1)),
        "74" => claim.corrected = Some(Person::read(nm1)),
        "82" if nm1.element(8) == "XX" => claim.rendering_npi = field::text(nm1, 9),
        _ => {}
    }
}

fn remark(claim: &mut ClaimPayment, segment: &Segment<'_>, n: u8) -> Result<(), Fault> {
    let Some(code): Option<Code> = field::code(segment, n, &mut claim.notes) else { return Ok(()) };
    let of_line = segment.id() == "LQ";
    let into = match claim.lines.last_mut() {
        Some(line) if of_line => &mut line.remarks,
        _ => &mut claim.remarks,
    };
    field::push(into, code, REMARKS_MAX, || Fault::of(segment, n, "at most 99 remarks"))
}
