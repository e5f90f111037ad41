//! What the claims of a remittance come to.

use x12::amount::Cents;
use x12::code::Code;
use x12::remittance::{Adjustment as WireAdjustment, AdjustmentGroup as WireGroup};

use super::*;

fn claim(status: Option<ClaimStatus>, charge: i64, paid: i64, adjustments: &[(WireGroup, &str, i64)]) -> ClaimPayment {
    let adjustment = |(group, reason, amount): &(WireGroup, &str, i64)| WireAdjustment {
        group: *group,
        reason: Code::new(reason).unwrap(),
        amount: Cents(*amount),
        quantity: None,
    };
    ClaimPayment {
        position: Position::default(),
        claim_number: "C7K2M9Q4XA22".into(),
        status,
        charge: Cents(charge),
        paid: Cents(paid),
        patient_responsibility: None,
        filing_indicator: None,
        payer_claim_number: Some("ICN1".into()),
        facility: None,
        frequency: None,
        adjustments: adjustments.iter().map(adjustment).collect(),
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
        notes: Vec::new(),
    }
}

fn on() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 10, 20).unwrap()
}

#[test]
fn a_payment_tells_what_the_patient_owes_by_its_adjustments() {
    let adjustments = [(WireGroup::Contractual, "45", 3750), (WireGroup::PatientResponsibility, "3", 2000)];
    let claim = claim(Some(ClaimStatus::PrimaryForwarded), 17_550, 11_800, &adjustments);
    let Said::Answer(Answer::Paid { paid, patient_responsibility, adjustments, forwarded, .. }) =
        said((&claim).into(), on())
    else {
        panic!("a payment")
    };
    assert_eq!((paid, patient_responsibility), (from_cents(11_800), from_cents(2000)));
    assert_eq!((adjustments.len(), forwarded), (2, true));
}

#[test]
fn a_reversal_tells_the_decision_that_it_takes_back_with_its_signs_turned() {
    let adjustments = [(WireGroup::Contractual, "45", -3750), (WireGroup::PatientResponsibility, "3", -2000)];
    let claim = claim(Some(ClaimStatus::Reversal), -17_550, -11_800, &adjustments);
    let Said::Answer(Answer::Reversed { told: Some(told), .. }) = said((&claim).into(), on()) else {
        panic!("a reversal")
    };
    assert_eq!((told.paid, told.patient_responsibility), (from_cents(11_800), from_cents(2000)));
    assert!(told.adjustments.iter().all(|a| a.amount > from_cents(0)));
}

#[test]
fn only_a_denial_without_a_payment_is_one() {
    let denied = claim(Some(ClaimStatus::Denied), 100, 0, &[(WireGroup::Contractual, "31", 100)]);
    assert!(matches!(said((&denied).into(), on()), Said::Answer(Answer::Denied { .. })));
    let paid = claim(Some(ClaimStatus::Denied), 100, 100, &[]);
    assert!(matches!(said((&paid).into(), on()), Said::Answer(Answer::Paid { .. })));
}

#[test]
fn what_nobody_can_post_is_put_aside_with_its_reason() {
    let aside = |claim: &ClaimPayment| match said(claim.into(), on()) {
        Said::Aside(state, reason) => (state, reason),
        Said::Answer(answer) => panic!("{answer:?}"),
    };
    assert_eq!(aside(&claim(None, 1, 1, &[])), (RemittanceClaimState::Parked, "CLAIM_STATUS_UNKNOWN"));
    let corrected = claim(Some(ClaimStatus::Primary), 2, 1, &[(WireGroup::Correction, "45", 1)]);
    assert_eq!(aside(&corrected), (RemittanceClaimState::Parked, "ADJUSTMENT_GROUP_UNKNOWN"));
    let told_ahead = claim(Some(ClaimStatus::Predetermination), 1, 0, &[(WireGroup::Contractual, "45", 1)]);
    assert_eq!(aside(&told_ahead), (RemittanceClaimState::Dismissed, "PREDETERMINATION"));
    for decides_nothing in [ClaimStatus::Predetermination, ClaimStatus::NotOursForwarded] {
        let paid = claim(Some(decides_nothing), 1, 1, &[]);
        assert_eq!(aside(&paid), (RemittanceClaimState::Parked, "PAID_WITHOUT_DECISION"));
    }
}

#[test]
fn the_digest_tells_what_is_said_and_not_where() {
    let one = claim(Some(ClaimStatus::Primary), 100, 100, &[]);
    let moved = ClaimPayment { position: Position { segment: 9, in_set: 8, byte: 7 }, ..one.clone() };
    assert_eq!(claim_digest(&one), claim_digest(&moved));
    assert_ne!(claim_digest(&one), claim_digest(&ClaimPayment { paid: Cents(99), ..one.clone() }));
}
