//! `ConfirmTransmission` and `ReportTransmissionFailure`.

use testkit::caller::practice;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::transmission_result::Outcome;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Code;

use crate::desk::{Desk, accepted, rejected};
use crate::world::{World, assert_stands, bad_fields, refusal, request_id};

fn named(claim: &pb::Claim, submission: &str) -> pb::SubmissionRef {
    pb::SubmissionRef { claim_id: claim.id.clone(), submission_id: submission.to_owned(), ..Default::default() }
}

/// The state within submitted, or the reason of the refusal.
fn told(results: &[pb::TransmissionResult]) -> Vec<String> {
    let told = |result: &pb::TransmissionResult| match result.outcome.as_ref().unwrap() {
        Outcome::Claim(claim) => claim.payer_state().as_str_name().trim_start_matches("PAYER_STATE_").to_owned(),
        Outcome::Problem(problem) => problem.reason.clone(),
    };
    results.iter().map(told).collect()
}

#[tokio::test]
async fn each_submission_is_confirmed_or_refused_for_itself() {
    let desk = Desk::new().await;
    let (first, one) = desk.submitted().await;
    let (second, two) = desk.submitted().await;
    let hash = desk
        .world
        .ask(&format!("SELECT encode(snapshot_hash, 'hex') FROM claims.submissions WHERE id = '{one}'"))
        .await;
    let results = desk
        .confirm(vec![
            pb::SubmissionRef { snapshot_hash: hash, ..named(&first, &one) },
            pb::SubmissionRef { snapshot_hash: "0".repeat(64), ..named(&second, &two) },
            named(&second, &request_id()),
            named(&pb::Claim { id: request_id(), ..second.clone() }, &request_id()),
        ])
        .await
        .unwrap();
    assert_eq!(told(&results), ["TRANSMITTED", "SNAPSHOT_HASH_MISMATCH", "NOT_FOUND", "NOT_FOUND"]);
    assert_eq!(results[0].submission_id, one);
    let after = desk.world.get(&first.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Submitted, pb::PayerState::Transmitted);
    let last = desk.world.timeline(&first.id).await.pop().unwrap();
    assert_eq!((last.r#type(), last.submission_id), (pb::ClaimEventType::Transmitted, one.clone()));

    // again: the same answer, and nothing happens
    let head = desk.head().await;
    assert_eq!(told(&desk.confirm(vec![named(&first, &one)]).await.unwrap()), ["TRANSMITTED"]);
    assert_eq!(desk.head().await, head);
    assert_eq!(desk.world.get(&first.id).await.unwrap().etag, after.etag);
}

#[tokio::test]
async fn many_are_confirmed_in_one_transaction_with_one_entry() {
    let desk = Desk::new().await;
    let mut all = Vec::new();
    for _ in 0..5 {
        let (claim, submission) = desk.submitted().await;
        all.push(named(&claim, &submission));
    }
    let head = desk.head().await;
    assert_eq!(told(&desk.confirm(all.clone()).await.unwrap()), ["TRANSMITTED"; 5]);
    assert_eq!(desk.head().await, head + 5);
    let entries =
        "SELECT count(*) || ' ' || max(resource_count) FROM audit.entries WHERE method LIKE '%/ConfirmTransmission'";
    assert_eq!(desk.world.ask(entries).await, "1 5");
    let twice = desk.confirm(vec![all[0].clone(), all[0].clone()]).await.unwrap_err();
    assert_eq!(bad_fields(&twice), ["submissions[1]"]);
    assert_eq!(bad_fields(&desk.confirm(Vec::new()).await.unwrap_err()), ["submissions"]);
}

#[tokio::test]
async fn a_confirmation_that_comes_after_the_answer_changes_nothing() {
    let desk = Desk::new().await;
    let (claim, submission) = desk.submitted().await;
    desk.effect(&claim, "277-1", accepted()).await;
    let head = desk.head().await;
    assert_eq!(told(&desk.confirm(vec![named(&claim, &submission)]).await.unwrap()), ["ACCEPTED"]);
    assert_eq!(desk.head().await, head);
    let state = format!("SELECT state FROM claims.submissions WHERE id = '{submission}'");
    assert_eq!(desk.world.ask(&state).await, "transmitted");
}

#[tokio::test]
async fn a_claim_that_can_not_be_sent_is_ready_again() {
    let desk = Desk::new().await;
    let (claim, submission) = desk.submitted().await;
    let state = desk.fail(named(&claim, &submission)).await.unwrap();
    assert_eq!((state.status(), state.payer_state()), (ClaimStatus::Ready, pb::PayerState::TransmitFailed));
    let last = desk.world.timeline(&claim.id).await.pop().unwrap();
    assert_eq!(
        (last.r#type(), last.reason_codes),
        (pb::ClaimEventType::TransmitFailed, vec!["PARTNER_UNKNOWN".into()])
    );
    // known already
    let head = desk.head().await;
    assert_eq!(desk.fail(named(&claim, &submission)).await.unwrap(), state);
    assert_eq!(desk.head().await, head);
    assert_eq!(told(&desk.confirm(vec![named(&claim, &submission)]).await.unwrap()), ["SUBMISSION_FAILED"]);

    // sent again, and confirmed: then it can't have failed
    let again = desk.world.submit(&claim.id).await.unwrap();
    let second = desk.submission(&again).await;
    assert_ne!(second, submission);
    assert_eq!(told(&desk.confirm(vec![named(&claim, &second)]).await.unwrap()), ["TRANSMITTED"]);
    let refused = desk.fail(named(&claim, &second)).await;
    assert_eq!(refusal(refused), (Code::FailedPrecondition, "SUBMISSION_TRANSMITTED".to_owned()));
}

#[tokio::test]
async fn an_earlier_attempt_can_be_confirmed_but_not_fail() {
    let desk = Desk::new().await;
    let (claim, first) = desk.submitted().await;
    desk.effect(&claim, "999-1", rejected()).await;
    desk.world.mark_ready(&claim.id, &[]).await.unwrap();
    desk.world.submit(&claim.id).await.unwrap();
    let refused = desk.fail(named(&claim, &first)).await;
    assert_eq!(refusal(refused), (Code::FailedPrecondition, "SUBMISSION_SUPERSEDED".to_owned()));
    assert_eq!(told(&desk.confirm(vec![named(&claim, &first)]).await.unwrap()), ["QUEUED"]);
}

#[tokio::test]
async fn claims_are_found_among_the_practices_granted() {
    let world = World::new().await;
    let practices = [practice(world.db()).await, world.practice];
    let desk = Desk::with(world, &practices).await;
    let (claim, submission) = desk.submitted().await;
    let unknown = pb::SubmissionRef { claim_id: request_id(), submission_id: request_id(), ..Default::default() };
    let results = desk.confirm(vec![unknown.clone(), named(&claim, &submission)]).await.unwrap();
    assert_eq!(told(&results), ["NOT_FOUND", "TRANSMITTED"]);
    assert_eq!(refusal(desk.fail(unknown).await).0, Code::NotFound);
}
