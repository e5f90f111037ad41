use futures_util::future::join_all;
use kernel::Role;
use testkit::caller::Caller;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::claim_service_server::ClaimService;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Code;

use crate::world::{World, assert_stands, body, codes, days_later, fact, refusal, request_id};

#[tokio::test]
async fn a_ready_claim_is_queued_with_what_will_leave() {
    let world = World::new().await;
    let ready = world.ready().await;
    let claim = world.submit(&ready.id).await.unwrap();
    assert_stands(&claim, ClaimStatus::Submitted, pb::PayerState::Queued);
    assert_eq!((claim.attempt, claim.submitted_at.unwrap().seconds), (1, 1_774_022_400));
    assert_eq!(claim, world.get(&claim.id).await.unwrap());
    let event = world.timeline(&claim.id).await.pop().unwrap();
    assert_eq!(
        (event.r#type(), event.from_status(), event.to_status()),
        (pb::ClaimEventType::Submitted, ClaimStatus::Ready, ClaimStatus::Submitted)
    );
    // beside what was frozen, the submission knows what it was judged by
    let submission = format!(
        "SELECT concat_ws(' ', s.id, s.attempt, s.state, s.snapshot ->> 'filing_deadline') \
         FROM claims.submissions s JOIN claims.claims c ON c.id = s.claim_id \
         WHERE c.id = '{}' AND s.snapshot - '{{filing_deadline,rule_set_version}}'::text[] = \
                               c.snapshot - '{{filing_deadline,rule_set_version}}'::text[]",
        claim.id
    );
    assert_eq!(world.ask(&submission).await, format!("{} 1 queued 2026-06-14", event.submission_id));
}

#[tokio::test]
async fn what_changed_upstream_is_not_sent() {
    let world = World::new().await;
    for change in [
        "UPDATE clinical.patients SET last_name = last_name || 'x' WHERE id = '{patient}'",
        "UPDATE clinical.coverages SET group_number = 'GRP200' WHERE patient_id = '{patient}'",
        "UPDATE clinical.therapists SET license_number = license_number || '1'",
        "UPDATE tenancy.practices SET phone = '2125550199'",
    ] {
        let ready = world.ready().await;
        world.run(&change.replace("{patient}", &ready.patient_id)).await;
        let refused = world.submit(&ready.id).await.unwrap_err();
        assert_eq!(fact(&refused, "finding_codes"), "SNAPSHOT_STALE", "{change}");
        assert_eq!(refusal(Err::<(), _>(refused)), (Code::FailedPrecondition, "CLAIM_NOT_READY".to_owned()));
        let claim = world.get(&ready.id).await.unwrap();
        assert_stands(&claim, ClaimStatus::Draft, pb::PayerState::None);
        assert_eq!(codes(&claim), ["SNAPSHOT_STALE"]);
        assert_eq!(world.ask(&format!("SELECT snapshot FROM claims.claims WHERE id = '{}'", claim.id)).await, "");
        world.mark_ready(&ready.id, &[]).await.unwrap();
        world.submit(&ready.id).await.unwrap();
    }
    let names = "SELECT count(*) FROM claims.submissions WHERE snapshot -> 'patient' ->> 'last_name' = 'Quillx'";
    assert_eq!(world.ask(names).await, "1", "what was changed is what was sent");
}

#[tokio::test]
async fn what_the_rules_find_by_then_stops_it() {
    let world = World::new().await;
    let ready = world.ready().await;
    let late = Caller::new(world.practice, Role::Billing).at(days_later(200));
    let refused = world.submit_as(&late, &ready.id).await.unwrap_err();
    assert_eq!(fact(&refused, "finding_codes"), "TIMELY_FILING_EXPIRED");
    let claim = world.get(&ready.id).await.unwrap();
    assert_stands(&claim, ClaimStatus::Draft, pb::PayerState::ValidationFailed);
    assert_eq!(world.timeline(&ready.id).await.pop().unwrap().r#type(), pb::ClaimEventType::ValidationFailed);
    assert_eq!(world.ask("SELECT count(*) FROM claims.submissions").await, "0");
}

#[tokio::test]
async fn sixteen_callers_submit_once() {
    let world = World::new().await;
    let ready = world.ready().await;
    let answers = join_all((0..16).map(|_| world.submit(&ready.id))).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for answer in refused {
        assert_eq!(refusal(answer), (Code::FailedPrecondition, "CLAIM_INVALID_TRANSITION".to_owned()));
    }
    assert_eq!(world.ask("SELECT count(*) FROM claims.submissions").await, "1");
    assert_eq!(world.timeline(&ready.id).await.len(), 3);
}

#[tokio::test]
async fn sixteen_repeats_of_one_request_are_one_submission_and_one_answer() {
    let world = World::new().await;
    let ready = world.ready().await;
    let request = pb::SubmitClaimRequest { id: ready.id.clone(), etag: ready.etag, request_id: request_id() };
    let answers = join_all((0..16).map(|_| {
        let call = world.billing.call("ClaimService/SubmitClaim", request.clone());
        async { body(world.claims.submit_claim(call).await).unwrap() }
    }))
    .await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(world.ask("SELECT count(*) FROM claims.submissions").await, "1");
}

#[tokio::test]
async fn what_left_is_never_changed() {
    let world = World::new().await;
    let claim = world.submitted().await;
    let sent = |attempt: i32| {
        format!("SELECT concat_ws(' ', snapshot, snapshot_hash) FROM claims.submissions WHERE attempt = {attempt}")
    };
    let first = world.ask(&sent(1)).await;
    world.run(&format!("UPDATE clinical.patients SET last_name = 'Other' WHERE id = '{}'", claim.patient_id)).await;
    world
        .run("UPDATE claims.claims SET status = 'draft', payer_state = 'rejected_payer', was_transmitted = true")
        .await;
    let rejected = world.get(&claim.id).await.unwrap();
    world.update(pb::Claim { copay_amount: "1.00".into(), ..rejected }, &["copay_amount"]).await.unwrap();
    world.mark_ready(&claim.id, &[]).await.unwrap();
    assert_eq!(world.submit(&claim.id).await.unwrap().attempt, 2);
    assert_eq!(world.ask(&sent(1)).await, first);
    let second = world.ask(&sent(2)).await;
    assert!(second.contains("Other") && !first.contains("Other"));
}

#[tokio::test]
async fn what_could_not_be_transmitted_is_submitted_again() {
    let world = World::new().await;
    let claim = world.submitted().await;
    world.run("UPDATE claims.claims SET status = 'ready', payer_state = 'transmit_failed'").await;
    let again = world.submit(&claim.id).await.unwrap();
    assert_stands(&again, ClaimStatus::Submitted, pb::PayerState::Queued);
    assert_eq!(again.attempt, 2);
    assert_eq!(world.ask("SELECT count(*) FROM claims.submissions").await, "2");
}

#[tokio::test]
async fn the_duplicate_of_a_service_is_found() {
    let world = World::new().await;
    let columns = "status = 'completed', completed_at = now()";
    let first = world.add_session(columns).await;
    let first = world.create(first).await.unwrap();
    let ready = world.mark_ready(&first.id, &[]).await.unwrap();
    let second = world.add_session(columns).await;
    let second = world.create(second).await.unwrap();
    assert_eq!(codes(&second), ["DUPLICATE_CLAIM"]);
    assert_eq!(fact(&world.submit(&ready.id).await.unwrap_err(), "finding_codes"), "DUPLICATE_CLAIM");
    world.cancel(&second.id).await.unwrap();
    world.mark_ready(&first.id, &[]).await.unwrap();
    world.submit(&first.id).await.unwrap();
}
