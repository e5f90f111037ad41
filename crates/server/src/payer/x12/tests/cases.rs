//! Each beginning of a member id leads to what is promised of it.

use x12::amount::Cents;
use x12::claim::{
    Adjustment, AdjustmentGroup, Adjustments, BenefitsAssigned, Claim, Frequency, LineDecision, Name, OtherPayer,
    OtherSubscriber, Release, Sequence,
};
use x12::remittance::ClaimStatus;

use super::*;
use crate::payer::x12::CASES;

/// What comes back for a claim of this member.
fn case(member_id: &str) -> Vec<Answer> {
    answers(&mut Payers::new(1), 7, vec![claim("C1", member_id)])
}

fn one(member_id: &str) -> ClaimPayment {
    let answers = case(member_id);
    assert_eq!(kinds(&answers), ["ta1", "999", "277", "835"], "{member_id}");
    assert_eq!(imbalances(&answers), [], "{member_id}");
    assert_eq!(code(&said(&answers)[0]), "A2:20", "{member_id}");
    let [paid] = paid(&answers).try_into().unwrap();
    paid
}

#[test]
fn a_claim_is_denied() {
    let denied = one("DENY1");
    assert_eq!(
        (denied.status, denied.paid, denied.patient_responsibility),
        (Some(ClaimStatus::Primary), Cents(0), Some(Cents(0)))
    );
    assert_eq!(adjusted(&denied)[0].0, "CO");
    assert!(!denied.lines[0].remarks.is_empty());
}

#[test]
fn a_claim_is_rejected_and_never_paid() {
    let answers = case("REJ1");
    assert_eq!(kinds(&answers), ["ta1", "999", "277"]);
    let said = said(&answers);
    assert_eq!((code(&said[0]).as_str(), said[0].payer_claim_number.as_deref()), ("A7:164", None));
}

#[test]
fn a_claim_is_left_pending() {
    let answers = case("PEND1");
    assert_eq!(kinds(&answers), ["ta1", "999", "277"]);
    assert_eq!(code(&said(&answers)[0]), "A2:20");
}

#[test]
fn all_that_is_allowed_goes_to_the_deductible() {
    let deducted = one("DED1");
    assert_eq!((deducted.paid, deducted.patient_responsibility), (Cents(0), Some(Cents(12_300))));
    assert_eq!(adjusted(&deducted), [("CO", "45".to_owned(), Cents(2_700)), ("PR", "1".to_owned(), Cents(12_300))]);
}

#[test]
fn a_part_is_paid() {
    let part = one("PART1");
    assert_eq!((part.paid, part.patient_responsibility), (Cents(6_150), Some(Cents(6_150))));
}

#[test]
fn all_is_written_off() {
    let zero = one("ZERO1");
    assert_eq!(zero.paid, Cents(0));
    assert_eq!(adjusted(&zero), [("CO", "24".to_owned(), Cents(15_000))]);
}

#[test]
fn a_claim_is_forwarded() {
    assert_eq!(one("FWD1").status, Some(ClaimStatus::PrimaryForwarded));
}

#[test]
fn a_payment_is_reversed_and_corrected_with_the_next_file() {
    let mut payers = Payers::new(1);
    let first = paid(&answers(&mut payers, 7, vec![claim("C1", "REV1")]));
    assert_eq!(first.len(), 1);
    let next = answers(&mut payers, 8, vec![claim("C2", "PEND1")]);
    assert_eq!(imbalances(&next), []);
    let [reversal, correction] = paid(&next).try_into().unwrap();
    assert_eq!((reversal.status, reversal.paid), (Some(ClaimStatus::Reversal), Cents(-first[0].paid.0)));
    assert_eq!((correction.charge, correction.paid), (first[0].charge, Cents(12_300)));
    assert_eq!(correction.payer_claim_number, first[0].payer_claim_number);
    assert!(payers.settle().unwrap().is_empty());
    // and without a next file
    let mut payers = Payers::new(1);
    answers(&mut payers, 7, vec![claim("C1", "REV1")]);
    assert_eq!(paid(&payers.settle().unwrap()).len(), 2);
}

#[test]
fn a_payment_is_delivered_twice() {
    let answers = case("DUP1");
    assert_eq!(kinds(&answers), ["ta1", "999", "277", "835", "835"]);
    assert_eq!(answers[3], answers[4]);
}

#[test]
fn a_payment_arrives_before_the_claim_is_taken() {
    assert_eq!(kinds(&case("LATE1")), ["ta1", "999", "835", "277"]);
}

#[test]
fn a_payment_does_not_add_up() {
    let answers = case("UNB1");
    let [imbalance] = imbalances(&answers).try_into().unwrap();
    assert_eq!((imbalance.level, imbalance.paid.0 - imbalance.computed.0), (balance::Level::Payment, 100));
}

#[test]
fn a_claim_is_paid_that_nobody_sent() {
    let answers = case("UNK1");
    let (said, paid) = (said(&answers), paid(&answers));
    assert_eq!(said[0].claim_number.as_deref(), Some("C1"));
    assert!(paid[0].claim_number.starts_with("NOBODY"));
    assert_ne!(paid[0].payer_claim_number, said[0].payer_claim_number);
}

#[test]
fn the_list_has_each_case_once() {
    for (n, (prefix, case, told)) in CASES.iter().enumerate() {
        let before = &CASES[..n];
        assert!(before.iter().all(|(other, is, _)| is != case && !prefix.starts_with(other)), "{prefix}: {told}");
    }
}

/// The same claim again, as a replacement or to take it back.
fn again(frequency: Frequency, number: &str, payer_claim_number: Option<String>) -> Claim {
    Claim { frequency, payer_claim_number: payer_claim_number.unwrap(), ..claim(number, "DED1") }
}

#[test]
fn what_was_paid_is_taken_back_once() {
    let mut payers = Payers::new(1);
    let first = paid(&answers(&mut payers, 7, vec![claim("C1", "FWD1")])).remove(0);
    let void = || vec![again(Frequency::Void, "C1", first.payer_claim_number.clone())];
    let voided = answers(&mut payers, 8, void());
    assert_eq!(code(&said(&voided)[0]), "A2:20");
    let reversal = paid(&voided).remove(0);
    assert_eq!((reversal.status, reversal.paid), (Some(ClaimStatus::Reversal), Cents(-first.paid.0)));
    assert_eq!((reversal.payer_claim_number, imbalances(&voided)), (first.payer_claim_number.clone(), vec![]));
    // the money is carried forward, and taken off the next payment
    let next = answers(&mut payers, 9, vec![claim("C2", "FWD1")]);
    assert_eq!(imbalances(&next), []);
    let account = parts(&next, AnswerKind::Payment).into_iter().find_map(|part| match part {
        Part::Remittance(remittance::Part::ProviderAdjustments(plb)) => Some(plb),
        Part::Remittance(_) | Part::Claim(_) | Part::Status(_) | Part::Acknowledgment(_) => None,
    });
    assert_eq!(account.unwrap().adjustments[0].amount, first.paid);
    let third = answers(&mut payers, 10, void());
    assert_eq!((code(&said(&third)[0]).as_str(), kinds(&third).len()), ("A7:464", 3));
}

#[test]
fn a_void_of_a_claim_that_nobody_knows_is_sent_back() {
    let answers = answers(&mut Payers::new(1), 7, vec![again(Frequency::Void, "C1", Some("ICN1".to_owned()))]);
    assert_eq!(code(&said(&answers)[0]), "A7:464");
}

#[test]
fn a_replacement_is_taken_and_decided() {
    let answers = answers(&mut Payers::new(1), 7, vec![again(Frequency::Replacement, "C2", Some("ICN1".to_owned()))]);
    assert_eq!(code(&said(&answers)[0]), "A2:20");
    assert_eq!(paid(&answers)[0].frequency.unwrap(), "7");
}

#[test]
fn a_replacement_takes_the_place_of_what_was_decided() {
    let mut payers = Payers::new(1);
    let first = paid(&answers(&mut payers, 7, vec![claim("C1", "FWD1")])).remove(0);
    let replacement = || vec![again(Frequency::Replacement, "C2", first.payer_claim_number.clone())];
    let replaced = answers(&mut payers, 8, replacement());
    let [reversal, decision] = paid(&replaced).try_into().unwrap();
    assert_eq!((reversal.status, reversal.paid), (Some(ClaimStatus::Reversal), Cents(-first.paid.0)));
    assert_eq!((reversal.claim_number.as_str(), decision.claim_number.as_str()), ("C1", "C2"));
    assert_eq!(imbalances(&replaced), []);
    // what was taken back once is not there to be replaced or voided again
    assert_eq!(paid(&answers(&mut payers, 9, replacement())).len(), 1);
    let void = answers(&mut payers, 10, vec![again(Frequency::Void, "C1", first.payer_claim_number.clone())]);
    assert_eq!(code(&said(&void)[0]), "A7:464");
}

#[test]
fn a_second_payer_pays_what_the_first_left_to_the_patient() {
    let mut second = claim("C1", "FWD1");
    let items =
        |reason: &str, amount| vec![Adjustment { reason: reason.to_owned(), amount: Cents(amount), quantity: None }];
    second.subscriber.sequence = Sequence::Secondary;
    second.other_payers = vec![OtherPayer {
        sequence: Sequence::Primary,
        relationship: "18".to_owned(),
        group_number: String::new(),
        group_name: String::new(),
        insurance_type: String::new(),
        filing_indicator: "CI".to_owned(),
        adjustments: Vec::new(),
        paid: Some(Cents(10_000)),
        patient_owes: None,
        benefits_assigned: BenefitsAssigned::Yes,
        release: Release::Signed,
        subscriber: OtherSubscriber {
            name: Name { last: "DOE".to_owned(), ..Name::default() },
            member_id: "W1".to_owned(),
            address: None,
        },
        payer_id: "99902".to_owned(),
        payer_name: "FIRST PAYER".to_owned(),
        decided_on: None,
        payer_claim_number: String::new(),
    }];
    second.lines[0].decisions = vec![LineDecision {
        payer_id: "99902".to_owned(),
        paid: Cents(10_000),
        procedure: "90837".to_owned(),
        modifiers: vec!["95".to_owned()],
        units: 1,
        adjustments: vec![
            Adjustments { group: AdjustmentGroup::Contractual, items: items("45", 2_000) },
            Adjustments { group: AdjustmentGroup::Patient, items: items("2", 3_000) },
        ],
        decided_on: now().date(),
        patient_owes: None,
    }];
    let answers = answers(&mut Payers::new(1), 7, vec![second]);
    assert_eq!(imbalances(&answers), []);
    let paid = paid(&answers).remove(0);
    assert_eq!((paid.status, paid.paid), (Some(ClaimStatus::SecondaryForwarded), Cents(3_000)));
    assert_eq!(adjusted(&paid), [("OA", "23".to_owned(), Cents(12_000))]);
}
