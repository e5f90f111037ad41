//! Loops 2320, 2330 and 2430: what earlier payers decided.

use chrono::NaiveDate;

use super::Scope;
use super::levels::payer;
use super::line::procedure;
use super::value::{SEQUENCE, address, amount, count, day, misplaced, name, optional, read, required};
use crate::claim::{
    Adjustment, AdjustmentGroup, Adjustments, BenefitsAssigned, Claim, LineDecision, Name, OtherPayer, OtherSubscriber,
    Release, Sequence,
};
use crate::error::Fault;
use crate::field;
use crate::segment::Segment;

const OTHER_PAYERS_MAX: usize = 10;
const GROUPS_MAX: usize = 5;

/// SBR of loop 2320.
pub(super) fn open(claim: &mut Claim, sbr: &Segment<'_>) -> Result<Scope, Fault> {
    if claim.other_payers.len() >= OTHER_PAYERS_MAX {
        return Err(Fault::of(sbr, 0, "10 other payers at most"));
    }
    claim.other_payers.push(OtherPayer {
        sequence: read(sbr, 1, Sequence::from_code, SEQUENCE)?,
        relationship: required(sbr, 2, "what the patient is to the subscriber")?,
        group_number: optional(sbr, 3),
        group_name: optional(sbr, 4),
        insurance_type: optional(sbr, 5),
        filing_indicator: optional(sbr, 9),
        adjustments: Vec::new(),
        paid: None,
        patient_owes: None,
        benefits_assigned: BenefitsAssigned::NotApplicable,
        release: Release::Informed,
        subscriber: OtherSubscriber { name: Name::default(), member_id: String::new(), address: None },
        payer_id: String::new(),
        payer_name: String::new(),
        decided_on: None,
        payer_claim_number: String::new(),
    });
    Ok(Scope::OtherInsurance)
}

/// Any other segment of loops 2320 and 2330.
pub(super) fn segment<const CHECKED: bool>(
    claim: &mut Claim,
    scope: Scope,
    segment: &Segment<'_>,
) -> Result<Option<Scope>, Fault> {
    let Some(other) = claim.other_payers.last_mut() else { return Err(misplaced(segment)) };
    match (scope, segment.id(), segment.element(1)) {
        (Scope::OtherInsurance, "CAS", _) => adjustments(&mut other.adjustments, segment)?,
        (Scope::OtherInsurance, "AMT", "D") => other.paid = Some(amount(segment, 2)?),
        (Scope::OtherInsurance, "AMT", "EAF") => other.patient_owes = Some(amount(segment, 2)?),
        (Scope::OtherInsurance, "OI", _) => {
            other.benefits_assigned = read(segment, 3, BenefitsAssigned::from_code, "Y, N or W")?;
            other.release = read(segment, 6, Release::from_code, "Y or I")?;
        }
        (Scope::OtherInsurance, "NM1", "IL") => {
            other.subscriber.name = name(segment)?;
            other.subscriber.member_id = required(segment, 9, "the member id")?;
            return Ok(Some(Scope::OtherSubscriber));
        }
        (Scope::OtherSubscriber, "N3" | "N4", _) => {
            address::<CHECKED>(other.subscriber.address.get_or_insert_default(), segment)?;
        }
        (Scope::OtherSubscriber, "NM1", "PR") => {
            let payer = payer(segment)?;
            (other.payer_name, other.payer_id) = (payer.name, payer.id);
            return Ok(Some(Scope::OtherPayer));
        }
        (Scope::OtherPayer, "DTP", "573") => other.decided_on = Some(day(segment)?),
        (Scope::OtherPayer, "REF", "F8") => {
            other.payer_claim_number = required(segment, 2, "the payer's number of the claim")?;
        }
        (Scope::OtherPayer | Scope::OtherPayerProvider, "NM1", _) => return Ok(Some(Scope::OtherPayerProvider)),
        (Scope::OtherInsurance, "AMT" | "MOA", _)
        | (Scope::OtherSubscriber | Scope::OtherPayerProvider, "REF", _)
        | (Scope::OtherPayer, "N3" | "N4" | "REF", _) => {}
        (Scope::OtherInsurance, "NM1", _) => return Err(Fault::of(segment, 1, "IL, the other payer's subscriber")),
        (Scope::OtherSubscriber, "NM1", _) => return Err(Fault::of(segment, 1, "PR, the other payer")),
        _ => return Err(misplaced(segment)),
    }
    Ok(None)
}

/// SVD.
pub(super) fn decision(svd: &Segment<'_>, claim: &Claim) -> Result<LineDecision, Fault> {
    let payer_id = required(svd, 1, "the id of the other payer")?;
    if !claim.other_payers.iter().any(|payer| payer.payer_id == payer_id) {
        return Err(Fault::of(svd, 1, "the id of one of the claim's other payers"));
    }
    let (procedure, modifiers) = procedure(svd, 3)?;
    Ok(LineDecision {
        payer_id,
        paid: amount(svd, 2)?,
        procedure,
        modifiers,
        units: read(svd, 5, count, "a whole number of units")?,
        adjustments: Vec::new(),
        decided_on: NaiveDate::MIN,
        patient_owes: None,
    })
}

/// CAS.
pub(super) fn adjustments(groups: &mut Vec<Adjustments>, cas: &Segment<'_>) -> Result<(), Fault> {
    if groups.len() >= GROUPS_MAX {
        return Err(Fault::of(cas, 0, "5 groups at most"));
    }
    let group = read(cas, 1, AdjustmentGroup::from_code, "CO, CR, OA, PI or PR")?;
    field::ends(cas, 19, "at most six triplets of reason, amount and quantity")?;
    let mut items = Vec::new();
    for first in (2..=17_u8).step_by(3) {
        if usize::from(first) > cas.len() {
            break;
        }
        let reason = required(cas, first, "an adjustment reason code")?;
        let quantity = match cas.element(usize::from(first) + 2) {
            "" => None,
            _ => Some(read(cas, first + 2, count, "a whole number")?),
        };
        items.push(Adjustment { reason, amount: amount(cas, first + 1)?, quantity });
    }
    if items.is_empty() {
        return Err(Fault::of(cas, 2, "an adjustment reason code"));
    }
    groups.push(Adjustments { group, items });
    Ok(())
}
