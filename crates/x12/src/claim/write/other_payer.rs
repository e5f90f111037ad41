//! The segments about other payers: loops 2320, 2330A, 2330B and 2430.

use super::{body, party};
use crate::claim::{Adjustments, LineDecision, OtherPayer};
use crate::interchange::InterchangeWriter;

/// Loops 2320, 2330A and 2330B.
pub(super) fn write(file: &mut InterchangeWriter, payer: &OtherPayer) {
    file.segment("SBR")
        .text(payer.sequence.as_str())
        .text(&payer.relationship)
        .text(&payer.group_number)
        .text(&payer.group_name)
        .text(&payer.insurance_type)
        .empty(3)
        .text(&payer.filing_indicator);
    adjustments(file, &payer.adjustments);
    if let Some(paid) = payer.paid {
        file.segment("AMT").text("D").amount(paid);
    }
    if let Some(owed) = payer.patient_owes {
        file.segment("AMT").text("EAF").amount(owed);
    }
    file.segment("OI").empty(2).text(payer.benefits_assigned.as_str()).empty(2).text(payer.release.as_str());
    party::member(file, &payer.subscriber.name, &payer.subscriber.member_id);
    if let Some(place) = &payer.subscriber.address {
        party::address(file, place);
    }
    file.segment("NM1").text("PR").text("2").text(&payer.payer_name).empty(4).text("PI").text(&payer.payer_id);
    if let Some(day) = payer.decided_on {
        file.segment("DTP").text("573").text("D8").date(day);
    }
    body::reference(file, "F8", &payer.payer_claim_number);
}

/// Loop 2430.
pub(super) fn line(file: &mut InterchangeWriter, decision: &LineDecision) {
    let mut segment = file.segment("SVD");
    segment.text(&decision.payer_id).amount(decision.paid).text("HC").part(&decision.procedure);
    for modifier in &decision.modifiers {
        segment.part(modifier);
    }
    segment.empty(1).number(decision.units);
    drop(segment);
    adjustments(file, &decision.adjustments);
    file.segment("DTP").text("573").text("D8").date(decision.decided_on);
    if let Some(owed) = decision.patient_owes {
        file.segment("AMT").text("EAF").amount(owed);
    }
}

fn adjustments(file: &mut InterchangeWriter, groups: &[Adjustments]) {
    for adjustments in groups {
        let mut segment = file.segment("CAS");
        segment.text(adjustments.group.as_str());
        for item in &adjustments.items {
            segment.text(&item.reason).amount(item.amount);
            match item.quantity {
                Some(quantity) => segment.number(quantity),
                None => segment.empty(1),
            };
        }
    }
}
