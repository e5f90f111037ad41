use futures_util::future::join_all;
use kernel::Role;
use kernel::id::{CoverageId, SessionId};
use testkit::caller::{Caller, practice};
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::claim_service_server::ClaimService;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Code;

use crate::world::{World, assert_stands, body, codes, now, refusal, request_id};

#[tokio::test]
async fn a_completed_session_becomes_a_judged_draft() {
    let world = World::new().await;
    let session = world.completed().await;
    let claim = world.create(session).await.unwrap();
    assert_stands(&claim, ClaimStatus::Draft, pb::PayerState::None);
    assert_eq!(codes(&claim), Vec::<&str>::new(), "the session is clean");
    assert_eq!((claim.session_id.as_str(), claim.payer_id.as_str()), (session.to_string().as_str(), "99901"));
    assert_eq!((claim.charge_amount.as_str(), claim.copay_amount.as_str()), ("150.00", "20.00"));
    assert_eq!(claim.lines.len(), 1);
    assert_eq!(claim.diagnosis_codes, ["F41.1", "F33.1"]);
    assert_eq!(claim, world.get(&claim.id).await.unwrap(), "the answer is the row");
}

#[tokio::test]
async fn a_session_that_is_not_billable_says_why() {
    let world = World::new().await;
    for (columns, reason) in [
        ("", "SESSION_NOT_COMPLETED"),
        ("status = 'cancelled', cancelled_at = now()", "SESSION_NOT_COMPLETED"),
        ("status = 'completed', completed_at = now(), self_pay = true", "SESSION_SELF_PAY"),
        ("status = 'completed', completed_at = now(), disclosure_restricted = true", "DISCLOSURE_RESTRICTED"),
    ] {
        let session = world.add_session(columns).await;
        assert_eq!(refusal(world.create(session).await), (Code::FailedPrecondition, reason.to_owned()), "{columns}");
    }
    assert_eq!(refusal(world.create(SessionId::new()).await), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert_eq!(world.ask("SELECT count(*) FROM claims.claims").await, "0");
}

#[tokio::test]
async fn a_session_is_billed_again_only_after_its_claim_was_cancelled() {
    let world = World::new().await;
    let session = world.completed().await;
    let first = world.create(session).await.unwrap();
    assert_eq!(refusal(world.create(session).await), (Code::AlreadyExists, "SESSION_ALREADY_BILLED".to_owned()));
    world.cancel(&first.id).await.unwrap();
    let second = world.create(session).await.unwrap();
    assert_ne!(second.claim_number, first.claim_number);
}

#[tokio::test]
async fn the_coverage_must_be_one_of_the_patients() {
    let world = World::new().await;
    let session = world.add_session("status = 'completed', completed_at = now()").await;
    let secondary = world.add_coverage(world.patient, "99902", "secondary").await;
    let stranger = world.add_patient().await;
    let foreign = world.add_coverage(stranger, "99902", "primary").await;
    let create = async |coverage: CoverageId| {
        let request = pb::CreateClaimRequest {
            session_id: session.to_string(),
            coverage_id: coverage.to_string(),
            ..Default::default()
        };
        body(world.claims.create_claim(world.billing.call("ClaimService/CreateClaim", request)).await)
    };
    assert_eq!(refusal(create(foreign).await).0, Code::NotFound);
    assert_eq!(refusal(create(CoverageId::new()).await).0, Code::NotFound);
    let claim = create(secondary).await.unwrap();
    assert_eq!((claim.coverage_id.as_str(), claim.payer_id.as_str()), (secondary.to_string().as_str(), "99902"));
    assert_eq!(claim.payer_sequence(), therapy_claims::clinical::v1::PayerSequence::Secondary);
}

#[tokio::test]
async fn sixteen_callers_draft_one_claim() {
    let world = World::new().await;
    for round in 0..3 {
        let session =
            world.add_session(&format!("duration_minutes = 55, session_date = date '2026-03-10' + {round}")).await;
        let callers = join_all((0..16).map(|i| {
            let world = &world;
            async move {
                if i % 2 == 0 { world.complete(session).await.is_ok() } else { world.create(session).await.is_ok() }
            }
        }))
        .await;
        assert_eq!(callers.iter().filter(|done| **done).count(), 1, "one of them was first");
        let active =
            format!("SELECT count(*) FROM claims.claims WHERE session_id = '{session}' AND disposition = 'active'");
        assert_eq!(world.ask(&active).await, "1");
    }
    // and what is completed, but was not billed, by sixteen who bill
    let session = world.completed().await;
    let callers = join_all((0..16).map(|_| world.create(session))).await;
    let (done, refused): (Vec<_>, Vec<_>) = callers.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for answer in refused {
        assert_eq!(refusal(answer), (Code::AlreadyExists, "SESSION_ALREADY_BILLED".to_owned()));
    }
}

#[tokio::test]
async fn a_repeat_answers_what_the_first_call_answered() {
    let world = World::new().await;
    let session = world.completed().await;
    let request =
        pb::CreateClaimRequest { session_id: session.to_string(), request_id: request_id(), ..Default::default() };
    let create = async |request: pb::CreateClaimRequest| {
        body(world.claims.create_claim(world.billing.call("ClaimService/CreateClaim", request)).await)
    };
    let first = create(request.clone()).await.unwrap();
    world.cancel(&first.id).await.unwrap();
    assert_eq!(create(request.clone()).await.unwrap(), first, "as it was answered then");
    let other = pb::CreateClaimRequest { session_id: world.completed().await.to_string(), ..request };
    assert_eq!(refusal(create(other).await), (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned()));
    assert_eq!(world.ask("SELECT count(*) FROM claims.claims").await, "1");
    assert_eq!(world.entries(&first.id).await, 3, "drafted, cancelled, and shown once more");
}

#[tokio::test]
async fn another_practice_s_session_is_absent() {
    let world = World::new().await;
    let session = world.completed().await;
    let stranger = Caller::new(practice(world.db()).await, Role::Admin).at(now());
    let request = pb::CreateClaimRequest { session_id: session.to_string(), ..Default::default() };
    let answered = world.claims.create_claim(stranger.call("ClaimService/CreateClaim", request)).await;
    assert_eq!(refusal(body(answered)), (Code::NotFound, "NOT_FOUND".to_owned()));
}
