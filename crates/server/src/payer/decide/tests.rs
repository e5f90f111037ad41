//! The answers add up, keep to their shares, and are the same every time.

use proptest::prelude::*;

use super::*;
use crate::workload::make::cents;

fn bill(number: &str, payer_id: &str, charge_cents: i64) -> Bill {
    Bill {
        claim_number: number.to_owned(),
        attempt: 1,
        payer_id: payer_id.to_owned(),
        charge_cents,
        submitted_at: Timestamp { seconds: 1_790_000_000, nanos: 999_990_000 },
        is_void: false,
    }
}

fn sum(adjustments: &[claims::Adjustment], group: Option<claims::AdjustmentGroup>) -> i64 {
    let counts = |a: &&claims::Adjustment| group.is_none_or(|group| a.group() == group);
    adjustments.iter().filter(counts).map(|a| cents(&a.amount).unwrap()).sum()
}

proptest! {
    #[test]
    fn every_decision_adds_up(number in "[A-Z0-9]{12}", payer in 99_900u32..99_908, charge in 1i64..10_000_000, seed: u64) {
        for answer in answers(seed, &bill(&number, &payer.to_string(), charge)) {
            match answer.response {
                Response::Paid(paid) => {
                    let patient = cents(&paid.patient_responsibility_amount).unwrap();
                    prop_assert_eq!(cents(&paid.paid_amount).unwrap() + sum(&paid.adjustments, None), charge);
                    prop_assert_eq!(sum(&paid.adjustments, Some(claims::AdjustmentGroup::PatientResponsibility)), patient);
                }
                Response::Denied(denied) => prop_assert_eq!(sum(&denied.adjustments, None), charge),
                Response::Received(_) | Response::Accepted(_) | Response::Pended(_) | Response::Rejected(_) | Response::Voided(_) | Response::Forwarded(_) | Response::Reversed(_) => {}
            }
            prop_assert!(answer.response_id.len() <= 80);
        }
    }
}

#[test]
fn the_same_claim_gets_the_same_answers_and_another_attempt_others() {
    let first = bill("C7K2M9Q4XA22", "99901", 16_500);
    assert_eq!(answers(1, &first), answers(1, &first));
    let second = Bill { attempt: 2, ..first.clone() };
    assert_ne!(answers(1, &first)[0].response_id, answers(1, &second)[0].response_id);
    let courses: Vec<_> = (0..200).map(|attempt| course(1, &Bill { attempt, ..first.clone() })).collect();
    assert!(courses.iter().any(|course| *course != courses[0]));
}

#[test]
fn a_void_is_done_as_asked() {
    let answers = answers(1, &Bill { is_void: true, attempt: 2, ..bill("C7K2M9Q4XA22", "99901", 16_500) });
    let [Answer { response: Response::Voided(_), .. }] = answers.as_slice() else { panic!("{answers:?}") };
}

#[test]
fn the_shares_are_those_of_the_workload() {
    let bills: Vec<_> = (0..20_000).map(|n| bill(&format!("C{n:011}"), "99902", 14_000)).collect();
    let of = |course_wanted: &dyn Fn(Course) -> bool| {
        bills.iter().filter(|bill| course_wanted(course(9, bill))).count() * 1000 / bills.len()
    };
    assert!((27..=38).contains(&of(&|course| matches!(course, Course::Rejected(_)))));
    assert!((15..=25).contains(&of(&|course| course == Course::Pended)));
    assert!((130..=155).contains(&of(&|course| course == Course::Denied)));
    let answers: Vec<_> = bills.iter().flat_map(|bill| answers(9, bill)).collect();
    let doubled = answers.iter().filter(|answer| answer.is_doubled).count() * 1000 / answers.len();
    assert!((7..=13).contains(&doubled), "{doubled}");
}

#[test]
fn answers_are_told_apart_by_their_time() {
    let answers = answers(1, &bill("C7K2M9Q4XA22", "99904", 9_000));
    let times: Vec<_> = answers.iter().map(|a| (a.responded_at.seconds, a.responded_at.nanos)).collect();
    let mut sorted = times.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), times.len());
    assert!(answers.iter().all(|a| (0..1_000_000_000).contains(&a.responded_at.nanos)));
}
