use super::super::check::tests::sound;
use super::*;

fn total() -> analytics::PracticeSummary {
    analytics::PracticeSummary {
        sessions_scheduled: 1,
        sessions_completed: 2,
        claims_paid: 1,
        charged_amount: "150.00".into(),
        paid_amount: "100.00".into(),
        adjusted_amount: "30.00".into(),
        patient_balance_amount: "5.00".into(),
        ..Default::default()
    }
}

#[test]
fn figures_are_compared_one_by_one() {
    assert_eq!(compare(&sound(), &total()), Vec::<String>::new());
    let wrong = analytics::PracticeSummary { claims_paid: 0, paid_amount: "99.00".into(), ..total() };
    assert_eq!(compare(&sound(), &wrong).len(), 2);
}

#[test]
fn a_second_payer_and_a_replacement_under_way_are_no_second_charge() {
    let mut books = sound();
    let first = books.claims[0].clone();
    books.claims.push(claims::Claim {
        id: "c2".into(),
        prior_claim_id: "c1".into(),
        payer_sequence: therapy_claims::clinical::v1::PayerSequence::Secondary.into(),
        paid_amount: "12.00".into(),
        adjusted_amount: "135.00".into(),
        patient_responsibility_amount: "3.00".into(),
        ..first.clone()
    });
    let replacement = ("c3".into(), "c1".into(), ClaimStatus::Draft.into());
    let (id, replaces_claim_id, status) = replacement;
    books.claims.push(claims::Claim { id, replaces_claim_id, status, ..first });
    let both = analytics::PracticeSummary {
        claims_draft: 1,
        claims_paid: 2,
        paid_amount: "112.00".into(),
        adjusted_amount: "35.00".into(),
        patient_balance_amount: "0.00".into(),
        ..total()
    };
    assert_eq!(compare(&books, &both), Vec::<String>::new());
}
