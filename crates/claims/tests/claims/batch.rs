use futures_util::join;
use kernel::id::ClaimId;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::batch_submit_result::Outcome;
use therapy_claims::claims::v1::claim_service_server::ClaimService;
use therapy_claims::common::v1::{ClaimStatus, Problem};
use tonic::Code;

use crate::world::{World, assert_stands, bad_fields, body, request_id};

fn claim(result: &pb::BatchSubmitResult) -> &pb::Claim {
    match &result.outcome {
        Some(Outcome::Claim(claim)) => claim,
        other => panic!("{other:?}"),
    }
}

fn problem(result: &pb::BatchSubmitResult) -> &Problem {
    match &result.outcome {
        Some(Outcome::Problem(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_claim_is_ruled_by_itself_in_the_order_asked() {
    let world = World::new().await;
    let (good, draft, stale, fine) =
        (world.ready().await, world.draft().await, world.ready().await, world.ready().await);
    world.run(&format!("UPDATE clinical.patients SET last_name = 'Other' WHERE id = '{}'", stale.patient_id)).await;
    let missing = ClaimId::new().to_string();
    let head: i64 = world.ask("SELECT max(last_position) FROM feed.heads").await.parse().unwrap();
    let entries: i64 = world.ask("SELECT count(*) FROM audit.entries").await.parse().unwrap();

    let results = world.submit_all(&[&fine.id, &stale.id, &missing, &good.id, &draft.id]).await.unwrap();
    let asked: Vec<&str> = results.iter().map(|r| r.claim_id.as_str()).collect();
    assert_eq!(asked, [&fine.id, &stale.id, &missing, &good.id, &draft.id]);
    assert_stands(claim(&results[0]), ClaimStatus::Submitted, pb::PayerState::Queued);
    let refused = problem(&results[1]);
    assert_eq!((refused.code.as_str(), refused.reason.as_str()), ("FAILED_PRECONDITION", "CLAIM_NOT_READY"));
    assert_eq!(refused.finding_codes, ["SNAPSHOT_STALE"]);
    assert_eq!(problem(&results[2]).code, "NOT_FOUND");
    assert_stands(claim(&results[3]), ClaimStatus::Submitted, pb::PayerState::Queued);
    assert_eq!(problem(&results[4]).reason, "CLAIM_INVALID_TRANSITION");

    assert_eq!(*claim(&results[0]), world.get(&fine.id).await.unwrap());
    assert_stands(&world.get(&stale.id).await.unwrap(), ClaimStatus::Draft, pb::PayerState::None);
    assert_eq!(world.get(&draft.id).await.unwrap(), draft);
    let positions =
        format!("SELECT string_agg(position::text, ' ' ORDER BY position) FROM feed.events WHERE position > {head}");
    assert_eq!(world.ask(&positions).await, format!("{} {} {}", head + 1, head + 2, head + 3));
    let named = "SELECT cardinality(resource_ids) FROM audit.entries WHERE method LIKE '%BatchSubmitClaims'";
    assert_eq!(world.ask(named).await, "4", "one entry for all that are there");
    let after: i64 = world.ask("SELECT count(*) FROM audit.entries").await.parse().unwrap();
    assert_eq!(after, entries + 4, "the batch, and the looks of this test");
}

#[tokio::test]
async fn batches_that_cross_neither_deadlock_nor_submit_twice() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(world.ready().await.id);
    }
    let forth: Vec<&str> = ids.iter().map(String::as_str).collect();
    let back: Vec<&str> = forth.iter().rev().copied().collect();
    let (a, b, c) = join!(world.submit_all(&forth), world.submit_all(&back), world.submit_all(&forth));
    let results: Vec<_> = [a, b, c].into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(results.iter().filter(|r| matches!(r.outcome, Some(Outcome::Claim(_)))).count(), 12);
    assert_eq!(world.ask("SELECT count(*) FROM claims.submissions").await, "12");
    assert_eq!(world.ask("SELECT count(*) FROM claims.claims WHERE attempt = 1 AND status = 'submitted'").await, "12");
}

#[tokio::test]
async fn a_repeat_answers_what_the_first_call_answered() {
    let world = World::new().await;
    let (ready, draft) = (world.ready().await, world.draft().await);
    let request = pb::BatchSubmitClaimsRequest { ids: vec![draft.id, ready.id], request_id: request_id() };
    let send = async || {
        let call = world.billing.call("ClaimService/BatchSubmitClaims", request.clone());
        body(world.claims.batch_submit_claims(call).await).unwrap()
    };
    let first = send().await;
    assert_eq!(send().await, first);
    assert_eq!(world.ask("SELECT count(*) FROM claims.submissions").await, "1");
}

#[tokio::test]
async fn a_batch_has_one_to_two_hundred_claims_none_twice() {
    let world = World::new().await;
    let id = ClaimId::new().to_string();
    let refused = world.submit_all(&[&id, "nonsense", &id]).await.unwrap_err();
    assert_eq!((refused.code(), bad_fields(&refused)), (Code::InvalidArgument, vec!["ids[1]".into(), "ids[2]".into()]));
    assert_eq!(bad_fields(&world.submit_all(&[]).await.unwrap_err()), ["ids"]);
    let results = world.submit_all(&[&id]).await.unwrap();
    assert_eq!(problem(&results[0]).code, "NOT_FOUND", "and nothing else happened");
}

/// Frozen from the facts of one session, judged again from those of many: any difference would show as staleness.
#[tokio::test]
async fn the_facts_of_many_sessions_are_those_of_each() {
    let world = World::new().await;
    let supervisor = world.add_therapist("1366461873").await;
    world
        .run(&format!(
            "UPDATE clinical.therapists SET license_level = 'supervised', supervisor_id = '{supervisor}' WHERE id = '{0}'; \
             UPDATE clinical.network_statuses SET effective_to = '2026-03-15' WHERE therapist_id = '{0}' AND payer_id = '99901'; \
             INSERT INTO clinical.network_statuses (practice_id, id, therapist_id, payer_id, status, effective_from, effective_to) \
             SELECT practice_id, gen_random_uuid(), id, '99901', 'in_network', '2026-03-16', '2026-03-16' FROM clinical.therapists WHERE id = '{0}'",
            world.therapist
        ))
        .await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let draft = world.draft().await;
        world.add_coverage(draft.patient_id.parse().unwrap(), "99902", "secondary").await;
        let found = world.validate_as(&world.billing, &draft.id).await.unwrap().findings;
        let accepted: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
        ids.push(world.mark_ready(&draft.id, &accepted).await.unwrap().id);
    }
    // two of one service: each is the other's duplicate, in a batch too
    let twice = "status = 'completed', completed_at = now()";
    let first = world.create(world.add_session(twice).await).await.unwrap();
    ids.push(world.mark_ready(&first.id, &[]).await.unwrap().id);
    world.create(world.add_session(twice).await).await.unwrap();

    let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
    let results = world.submit_all(&asked).await.unwrap();
    assert!(results[..3].iter().all(|result| claim(result).attempt == 1));
    assert_eq!(problem(&results[3]).finding_codes, ["DUPLICATE_CLAIM"]);
    let supervised = "SELECT count(*) FROM claims.submissions WHERE snapshot -> 'supervising_provider' ->> 'npi' = '1366461873' \
                        AND snapshot ->> 'network_status' = 'in_network'";
    assert_eq!(world.ask(supervised).await, "3");
}
