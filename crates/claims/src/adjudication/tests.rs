use bigdecimal::Zero;
use proptest::prelude::*;

use super::*;
use crate::rules::bench::money;

fn adjustment(group: AdjustmentGroup, reason: &str, amount: &str) -> Adjustment {
    Adjustment { group, reason: reason.into(), amount: money(amount) }
}

fn contractual(reason: &str, amount: &str) -> Adjustment {
    adjustment(AdjustmentGroup::Contractual, reason, amount)
}

fn patients(reason: &str, amount: &str) -> Adjustment {
    adjustment(AdjustmentGroup::PatientResponsibility, reason, amount)
}

fn decision(paid: &str, adjustments: &[Adjustment]) -> Decision {
    Decision {
        says_denied: false,
        says_appealable: false,
        paid: money(paid),
        patient_responsibility: None,
        adjustments: adjustments.to_vec(),
    }
}

/// On a charge of 150.00.
fn judge(decision: &Decision) -> Result<Adjudicated, AdjudicationError> {
    adjudicate(&money("150.00"), decision, Reference::shipped())
}

fn verdict_of(paid: &str, adjustments: &[Adjustment]) -> Verdict {
    judge(&decision(paid, adjustments)).unwrap().verdict
}

#[test]
fn all_of_it_paid_is_full() {
    assert_eq!(verdict_of("150", &[]), Verdict::Paid(PaidKind::Full));
}

#[test]
fn the_contract_rate_without_a_patients_part_is_full() {
    assert_eq!(verdict_of("110.00", &[contractual("45", "40.00")]), Verdict::Paid(PaidKind::Full));
}

#[test]
fn a_patients_part_leaves_it_partial() {
    let adjudicated = judge(&decision("90.00", &[contractual("45", "40.00"), patients("3", "20.00")])).unwrap();
    assert_eq!(adjudicated.verdict, Verdict::Paid(PaidKind::Partial));
    assert_eq!(adjudicated.patient_responsibility, money("20.00"));
    assert_eq!((adjudicated.adjusted, adjudicated.refused), (money("40.00"), money("0.00")));
}

#[test]
fn a_refused_line_leaves_it_partial() {
    let adjudicated = judge(&decision("100.00", &[contractual("97", "50.00")])).unwrap();
    assert_eq!(adjudicated.verdict, Verdict::Paid(PaidKind::Partial));
    assert_eq!((adjudicated.adjusted, adjudicated.refused), (money("50.00"), money("50.00")));
}

#[test]
fn everything_to_the_deductible_is_a_zero_payment_and_no_denial() {
    let all_patients = [contractual("45", "40.00"), patients("1", "110.00")];
    assert_eq!(verdict_of("0", &all_patients), Verdict::Paid(PaidKind::ZeroPayPatientResponsibility));
}

#[test]
fn everything_written_off_by_contract_is_a_zero_payment_and_no_denial() {
    assert_eq!(verdict_of("0", &[contractual("24", "150.00")]), Verdict::Paid(PaidKind::ZeroContractual));
}

#[test]
fn everything_refused_is_a_denial_whatever_the_payer_calls_it() {
    assert_eq!(verdict_of("0", &[contractual("16", "150.00")]), Verdict::Denied(DeniedKind::Plain));
    let priced_first = [contractual("45", "40.00"), contractual("27", "110.00")];
    assert_eq!(verdict_of("0", &priced_first), Verdict::Denied(DeniedKind::Plain));
    let by_payer = [adjustment(AdjustmentGroup::PayerInitiated, "45", "150.00")];
    assert_eq!(verdict_of("0", &by_payer), Verdict::Denied(DeniedKind::Plain));
    assert_eq!(verdict_of("0", &[contractual("9999", "150.00")]), Verdict::Denied(DeniedKind::Plain));
}

#[test]
fn a_denial_is_appealable_by_its_reason_or_by_the_payers_word() {
    assert_eq!(verdict_of("0", &[contractual("197", "150.00")]), Verdict::Denied(DeniedKind::Appealable));
    let said = Decision { says_denied: true, says_appealable: true, ..decision("0", &[contractual("16", "150.00")]) };
    assert_eq!(judge(&said).unwrap().verdict, Verdict::Denied(DeniedKind::Appealable));
}

#[test]
fn a_denial_in_words_counts_when_nothing_was_paid() {
    let said = Decision { says_denied: true, ..decision("0", &[patients("31", "150.00")]) };
    assert_eq!(judge(&said).unwrap().verdict, Verdict::Denied(DeniedKind::Plain));
    let paid = Decision { says_denied: true, ..decision("150", &[]) };
    assert_eq!(judge(&paid), Err(AdjudicationError::DeniedButPaid));
}

#[test]
fn what_an_earlier_payer_settled_is_settled() {
    let earlier = [adjustment(AdjustmentGroup::Other, "23", "130.00")];
    assert_eq!(verdict_of("20.00", &earlier), Verdict::Paid(PaidKind::Full));
}

#[test]
fn a_cent_too_much_or_too_little_is_unbalanced() {
    for amount in ["39.99", "40.01"] {
        assert_eq!(judge(&decision("110.00", &[contractual("45", amount)])), Err(AdjudicationError::Unbalanced));
    }
}

#[test]
fn the_patients_part_must_be_the_sum_of_the_patients_adjustments() {
    let mut told = decision("100.00", &[patients("2", "30.00"), patients("3", "20.00")]);
    told.patient_responsibility = Some(money("50"));
    assert!(judge(&told).is_ok());
    told.patient_responsibility = Some(money("20.00"));
    assert_eq!(judge(&told), Err(AdjudicationError::PatientResponsibility));
}

#[test]
fn what_is_no_amount_is_named() {
    assert_eq!(judge(&decision("-1", &[])), Err(AdjudicationError::Negative { field: "paid" }));
    assert_eq!(judge(&decision("149.995", &[])), Err(AdjudicationError::Amount { field: "paid" }));
    let parts = [contractual("45", "0.005")];
    assert_eq!(judge(&decision("149.995", &parts)), Err(AdjudicationError::Amount { field: "paid" }));
    assert_eq!(judge(&decision("150", &parts)), Err(AdjudicationError::Amount { field: "adjustments" }));
    let negative = [patients("1", "-10"), contractual("45", "10")];
    assert_eq!(
        judge(&decision("150", &negative)),
        Err(AdjudicationError::Negative { field: "patient_responsibility" })
    );
    for reason in ["", "123456", "4 5", "４５"] {
        assert_eq!(judge(&decision("110", &[contractual(reason, "40")])), Err(AdjudicationError::Reason), "{reason}");
    }
}

#[test]
fn an_adjustment_may_raise_the_payment() {
    let interest = [contractual("45", "40.00"), contractual("144", "-5.00")];
    assert_eq!(verdict_of("115.00", &interest), Verdict::Paid(PaidKind::Full));
}

fn any_adjustment() -> impl Strategy<Value = (AdjustmentGroup, &'static str, i64)> {
    let reasons = ["1", "3", "16", "23", "24", "45", "97", "144", "197", "B7", "XYZ"];
    (0..4usize, 0..reasons.len(), -5_000i64..100_000)
        .prop_map(move |(group, reason, cents)| (AdjustmentGroup::ALL[group], reasons[reason], cents))
}

proptest! {
    #[test]
    fn whatever_is_posted_adds_up_to_the_cent(
        paid in 0i64..100_000,
        adjustments in prop::collection::vec(any_adjustment(), 0..8),
        off in prop_oneof![3 => Just(0i64), 1 => -3i64..=3],
        says_denied: bool,
    ) {
        let charge = paid + adjustments.iter().map(|(_, _, cents)| cents).sum::<i64>() + off;
        let decision = Decision {
            says_denied,
            says_appealable: false,
            paid: from_cents(paid),
            patient_responsibility: None,
            adjustments: adjustments
                .iter()
                .map(|(group, reason, cents)| Adjustment {
                    group: *group,
                    reason: (*reason).into(),
                    amount: from_cents(*cents),
                })
                .collect(),
        };
        match adjudicate(&from_cents(charge), &decision, Reference::shipped()) {
            Ok(done) => {
                prop_assert_eq!(off, 0);
                prop_assert_eq!(&done.paid + &done.patient_responsibility + &done.adjusted, from_cents(charge));
                for amount in [&done.paid, &done.patient_responsibility, &done.adjusted, &done.refused] {
                    prop_assert_eq!(amount.fractional_digit_count(), 2);
                }
                match done.verdict {
                    Verdict::Denied(_) => prop_assert!(done.paid.is_zero()),
                    Verdict::Paid(PaidKind::Full | PaidKind::Partial) => prop_assert!(!done.paid.is_zero()),
                    Verdict::Paid(PaidKind::ZeroPayPatientResponsibility) => {
                        prop_assert!(done.paid.is_zero() && !done.patient_responsibility.is_zero());
                    }
                    Verdict::Paid(PaidKind::ZeroContractual) => {
                        prop_assert!(done.paid.is_zero() && done.patient_responsibility.is_zero() && done.refused.is_zero());
                    }
                }
            }
            Err(AdjudicationError::Unbalanced) => prop_assert_ne!(off, 0),
            Err(AdjudicationError::Negative { .. }) => {
                let patient: i64 = adjustments
                    .iter()
                    .filter(|(group, _, _)| *group == AdjustmentGroup::PatientResponsibility)
                    .map(|(_, _, cents)| cents)
                    .sum();
                prop_assert!(charge < 0 || patient < 0);
            }
            Err(AdjudicationError::DeniedButPaid) => prop_assert!(says_denied && paid > 0),
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
