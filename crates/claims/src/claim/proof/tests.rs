//! Which answer proves what.

use chrono::{DateTime, Utc};
use kernel::id::{ResponseId, SubmissionId};
use schema::Json;

use super::*;
use crate::response::RejectedBy;

fn at(minute: u32) -> DateTime<Utc> {
    format!("2026-03-20T10:{minute:02}:00Z").parse().unwrap()
}

fn attempt(number: i32, minute: u32, frequency: &str) -> Attempt {
    Attempt {
        id: SubmissionId::new(),
        attempt: number,
        frequency: frequency.into(),
        submitted_at: at(minute),
        transmitted_at: Some(at(minute)),
        transmission_ref: None,
        batch: None,
    }
}

fn answered(answer: Answer, minute: u32, outcome: ResponseOutcome) -> Answered {
    Answered { id: ResponseId::new(), submission: None, body: Json(answer), occurred_at: at(minute), outcome }
}

fn accepted() -> Answer {
    Answer::Accepted { payer_claim_number: Some("ICN1".into()) }
}

fn rejected() -> Answer {
    Answer::Rejected { by: RejectedBy::Clearinghouse, reasons: Vec::new() }
}

fn standings(attempts: Vec<Attempt>, answers: &[Answered]) -> Vec<(Standing, Option<ResponseId>)> {
    judged(attempts, answers).iter().map(|one| (one.standing, one.by.as_ref().map(|by| by.id))).collect()
}

#[test]
fn only_what_the_payer_took_in_is_accepted() {
    use ResponseOutcome::Applied;
    for (answer, standing) in [
        (Answer::Received, Standing::Received),
        (Answer::Forwarded, Standing::Received),
        (accepted(), Standing::Accepted),
        (Answer::Pended { reasons: Vec::new() }, Standing::Accepted),
        (rejected(), Standing::Rejected),
    ] {
        let answers = [answered(answer, 5, Applied)];
        assert_eq!(standings(vec![attempt(1, 1, "1")], &answers), [(standing, Some(answers[0].id))]);
    }
    assert_eq!(standings(vec![attempt(1, 1, "1")], &[]), [(Standing::Sent, None)]);
    let unsent = Attempt { transmitted_at: None, ..attempt(1, 1, "1") };
    assert_eq!(standings(vec![unsent], &[]), [(Standing::NotSent, None)]);
}

#[test]
fn the_first_acceptance_of_an_attempt_is_its_proof() {
    use ResponseOutcome::{Applied, Recorded};
    let answers =
        [answered(Answer::Received, 2, Applied), answered(accepted(), 9, Recorded), answered(accepted(), 5, Applied)];
    assert_eq!(standings(vec![attempt(1, 1, "1")], &answers), [(Standing::Accepted, Some(answers[2].id))]);
}

#[test]
fn a_rejection_that_counted_outweighs_an_acceptance_and_a_late_one_does_not() {
    use ResponseOutcome::{Applied, Recorded};
    let counted = [answered(accepted(), 5, Applied), answered(rejected(), 6, Applied)];
    assert_eq!(standings(vec![attempt(1, 1, "1")], &counted), [(Standing::Rejected, Some(counted[1].id))]);
    let late = [answered(accepted(), 5, Applied), answered(rejected(), 6, Recorded)];
    assert_eq!(standings(vec![attempt(1, 1, "1")], &late), [(Standing::Accepted, Some(late[0].id))]);
}

#[test]
fn each_answer_is_of_the_attempt_that_was_made_before_it_and_a_void_is_no_filing() {
    use ResponseOutcome::{Applied, Parked};
    let answers = [
        answered(rejected(), 3, Applied),
        answered(accepted(), 12, Applied),
        // of the void
        answered(accepted(), 25, Applied),
    ];
    let attempts = || vec![attempt(1, 1, "1"), attempt(2, 10, "1"), attempt(3, 20, "8")];
    let expected = [(Standing::Rejected, Some(answers[0].id)), (Standing::Accepted, Some(answers[1].id))];
    assert_eq!(standings(attempts(), &answers), expected);
    // the decision that the void crossed on its way
    let denied = Answer::Denied {
        adjustments: Vec::new(),
        reasons: Vec::new(),
        payer_claim_number: None,
        on: at(0).date_naive(),
        appealable: false,
    };
    let crossed = [answered(denied, 25, Parked)];
    assert_eq!(standings(attempts(), &crossed)[1], (Standing::Accepted, Some(crossed[0].id)));
}

#[test]
fn what_came_before_an_attempt_was_made_says_nothing_of_it_whatever_the_clocks_say() {
    let attempts = vec![attempt(1, 1, "1"), attempt(2, 1, "1")];
    let early = Answered { submission: Some(attempts[0].id), ..answered(rejected(), 3, ResponseOutcome::Applied) };
    let expected = [(Standing::Rejected, Some(early.id)), (Standing::Sent, None)];
    assert_eq!(standings(attempts, &[early]), expected);
}
