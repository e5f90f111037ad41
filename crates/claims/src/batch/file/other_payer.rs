//! What a later payer is told about the payers before it: loops 2320, 2330 and 2430.

use x12::amount::Cents;
use x12::claim as wire;

use super::{Codes, SELF, amount, benefits, name, release};
use crate::snapshot::{AdjustmentGroup, ClaimSnapshot, Line, PriorLine, PriorPayer};

/// Every earlier payer with what it decided about the claim as a whole.
pub(super) fn all(codes: &mut Codes, snapshot: &ClaimSnapshot) -> Vec<wire::OtherPayer> {
    snapshot.prior_payers.iter().filter_map(|prior| other_payer(codes, snapshot, prior)).collect()
}

fn other_payer(codes: &mut Codes, snapshot: &ClaimSnapshot, prior: &PriorPayer) -> Option<wire::OtherPayer> {
    let field = "other_payers";
    let coverage = codes.read("other_payers.subscriber", prior.coverage.as_ref().map(Some), None)?;
    let is_self = coverage.relationship == SELF;
    let person = if is_self { Some(&snapshot.patient) } else { prior.subscriber.as_ref() };
    let person = codes.read("other_payers.subscriber", person.map(Some), None)?;
    // one level tells when it was decided, and what is left to the patient: the lines, where there are any
    let decided_on = if prior.lines.is_empty() { prior.adjudicated_on } else { None };
    let adjusted = adjustments(codes, &prior.adjustments);
    let patient_owes = prior.lines.is_empty().then(|| patient_owes(&adjusted));
    Some(wire::OtherPayer {
        sequence: codes.read(field, wire::Sequence::from_code(&prior.payer_sequence), wire::Sequence::Primary),
        relationship: coverage.relationship.clone(),
        group_number: coverage.group_number.clone(),
        group_name: String::new(),
        insurance_type: coverage.insurance_type.clone(),
        filing_indicator: coverage.filing_indicator.clone(),
        adjustments: adjusted,
        paid: Some(amount(codes, "other_payers.paid", &prior.paid)),
        patient_owes,
        benefits_assigned: benefits(codes, "other_payers.benefits_assigned", &coverage.benefits_assigned),
        release: release(codes, "other_payers.release", &coverage.release),
        subscriber: wire::OtherSubscriber { name: name(person), member_id: coverage.member_id.clone(), address: None },
        payer_id: prior.payer_id.clone(),
        payer_name: prior.payer_name.clone(),
        decided_on,
        payer_claim_number: prior.payer_claim_number.clone(),
    })
}

/// What the earlier payers decided about one line.
pub(super) fn decisions(codes: &mut Codes, snapshot: &ClaimSnapshot, line: &Line) -> Vec<wire::LineDecision> {
    let of_line = |prior: &PriorPayer| -> Option<(String, PriorLine, Option<chrono::NaiveDate>)> {
        let found = prior.lines.iter().find(|other| other.control_number == line.control_number)?;
        Some((prior.payer_id.clone(), found.clone(), found.adjudicated_on.or(prior.adjudicated_on)))
    };
    let decided: Vec<_> = snapshot.prior_payers.iter().filter_map(of_line).collect();
    let decision = |(payer_id, prior, on): (String, PriorLine, Option<chrono::NaiveDate>)| {
        let adjustments = adjustments(codes, &prior.adjustments);
        wire::LineDecision {
            payer_id,
            paid: amount(codes, "lines.decisions.paid", &prior.paid),
            procedure: line.cpt_code.clone(),
            modifiers: line.modifiers.clone(),
            units: u32::try_from(line.units).unwrap_or(0),
            patient_owes: Some(patient_owes(&adjustments)),
            adjustments,
            decided_on: codes.read("lines.decisions.decided_on", on, line.service_date),
        }
    };
    decided.into_iter().map(decision).collect()
}

/// What an earlier payer left to the patient. It is told even where it is nothing (X12's interpretation 1515).
fn patient_owes(adjusted: &[wire::Adjustments]) -> Cents {
    let of_patient = adjusted.iter().filter(|of_group| of_group.group == wire::AdjustmentGroup::Patient);
    of_patient.flat_map(|of_group| &of_group.items).map(|item| item.amount).sum()
}

fn adjustments(codes: &mut Codes, groups: &[AdjustmentGroup]) -> Vec<wire::Adjustments> {
    let adjusted = |group: &AdjustmentGroup| wire::Adjustments {
        group: codes.read(
            "adjustments.group",
            wire::AdjustmentGroup::from_code(&group.group),
            wire::AdjustmentGroup::Other,
        ),
        items: group
            .items
            .iter()
            .map(|item| wire::Adjustment {
                reason: item.reason.clone(),
                amount: amount(codes, "adjustments.amount", &item.amount),
                quantity: None,
            })
            .collect(),
    };
    groups.iter().map(adjusted).collect()
}
