use kernel::Role;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::claim_service_server::ClaimService;
use therapy_claims::common::v1::ClaimStatus;
use tonic::{Code, Status};

use crate::world::{World, assert_stands, body, codes, fact, refusal, request_id};

async fn send(world: &World, request: pb::MarkReadyRequest) -> Result<pb::Claim, Status> {
    body(world.claims.mark_ready(world.billing.call("ClaimService/MarkReady", request)).await)
}

#[tokio::test]
async fn a_clean_draft_becomes_ready_and_is_frozen() {
    let world = World::new().await;
    let draft = world.draft().await;
    let ready = world.mark_ready(&draft.id, &[]).await.unwrap();
    assert_stands(&ready, ClaimStatus::Ready, pb::PayerState::None);
    let deadline = ready.filing_deadline.unwrap();
    assert_eq!((deadline.year, deadline.month, deadline.day), (2026, 6, 14), "ninety days");
    assert_eq!(world.get(&draft.id).await.unwrap(), ready);
    let frozen = format!("SELECT snapshot -> 'patient' ->> 'last_name' FROM claims.claims WHERE id = '{}'", draft.id);
    assert_eq!(world.ask(&frozen).await, "Quill");
    world.run(&format!("UPDATE clinical.patients SET last_name = 'Other' WHERE id = '{}'", draft.patient_id)).await;
    assert_eq!(world.ask(&frozen).await, "Quill");
}

#[tokio::test]
async fn obstacles_are_answered_all_at_once_and_stay_on_the_claim() {
    let world = World::new().await;
    let draft = world.draft().await;
    world
        .run(&format!(
            "UPDATE clinical.patients SET zip_code = '1' WHERE id = '{0}'; \
             UPDATE clinical.coverages SET member_id = NULL, release_of_information = false WHERE patient_id = '{0}'",
            draft.patient_id
        ))
        .await;
    let refused = world.mark_ready(&draft.id, &[]).await.unwrap_err();
    let named = fact(&refused, "finding_codes");
    assert_eq!(refusal(Err::<(), _>(refused)), (Code::FailedPrecondition, "CLAIM_NOT_READY".to_owned()));
    let claim = world.get(&draft.id).await.unwrap();
    assert_stands(&claim, ClaimStatus::Draft, pb::PayerState::ValidationFailed);
    assert_eq!(named, codes(&claim).join(","), "the codes answered are those of the findings");
    for code in ["MEMBER_ID_MISSING", "STATE_ZIP_FORMAT", "ASSIGNMENT_RELEASE_FLAGS"] {
        assert!(codes(&claim).contains(&code), "{code} in {named}");
    }
    let events = world.timeline(&draft.id).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].r#type(), pb::ClaimEventType::ValidationFailed);
    assert_eq!(events[1].reason_codes.join(","), named);

    // asked once more nothing is new
    assert_eq!(refusal(world.mark_ready(&draft.id, &[]).await).1, "CLAIM_NOT_READY");
    assert_eq!(world.get(&draft.id).await.unwrap(), claim);
    assert_eq!(world.timeline(&draft.id).await.len(), 2);
}

#[tokio::test]
async fn a_warning_is_accepted_by_somebody_at_some_time() {
    let world = World::new().await;
    let draft = world.draft().await;
    let generous = pb::Claim { copay_amount: "200.00".into(), ..draft };
    let draft = world.update(generous, &["copay_amount"]).await.unwrap();
    assert_eq!(codes(&draft), ["COPAY_GT_CHARGE"]);
    let refused = world.mark_ready(&draft.id, &["DX_PRIMARY_Z"]).await.unwrap_err();
    assert_eq!(fact(&refused, "finding_codes"), "COPAY_GT_CHARGE");
    assert_stands(&world.get(&draft.id).await.unwrap(), ClaimStatus::Draft, pb::PayerState::None);

    let ready = world.mark_ready(&draft.id, &["COPAY_GT_CHARGE"]).await.unwrap();
    assert_stands(&ready, ClaimStatus::Ready, pb::PayerState::None);
    assert!(ready.findings[0].acknowledged);
    let accepted = "SELECT acknowledged_warnings -> 0 FROM claims.claims";
    let accepted: serde_json::Value = serde_json::from_str(&world.ask(accepted).await).unwrap();
    assert_eq!((&accepted["code"], &accepted["at"]), (&"COPAY_GT_CHARGE".into(), &"2026-03-20T16:00:00Z".into()));
    let kernel::access::Actor::User(user) = world.billing.actor() else { panic!("billing is a user") };
    assert_eq!(accepted["user_id"], user.to_string());
    world.submit(&ready.id).await.unwrap();
}

#[tokio::test]
async fn an_edit_takes_back_what_was_accepted() {
    let world = World::new().await;
    let draft = world.draft().await;
    let draft = world.update(pb::Claim { copay_amount: "200.00".into(), ..draft }, &["copay_amount"]).await.unwrap();
    let ready = world.mark_ready(&draft.id, &["COPAY_GT_CHARGE"]).await.unwrap();
    let edited = world.update(pb::Claim { copay_amount: "300.00".into(), ..ready }, &["copay_amount"]).await.unwrap();
    assert!(!edited.findings[0].acknowledged);
    assert_eq!(refusal(world.mark_ready(&edited.id, &[]).await).1, "CLAIM_NOT_READY");
}

#[tokio::test]
async fn a_repeated_refusal_is_the_same_refusal() {
    let world = World::new().await;
    let draft = world.draft().await;
    world.run(&format!("UPDATE clinical.patients SET zip_code = '1' WHERE id = '{}'", draft.patient_id)).await;
    let request = pb::MarkReadyRequest { id: draft.id.clone(), request_id: request_id(), ..Default::default() };
    let first = send(&world, request.clone()).await.unwrap_err();
    world.run(&format!("UPDATE clinical.patients SET zip_code = '10001' WHERE id = '{}'", draft.patient_id)).await;
    let again = send(&world, request.clone()).await.unwrap_err();
    assert_eq!((again.message(), fact(&again, "finding_codes")), (first.message(), fact(&first, "finding_codes")));
    let fresh = pb::MarkReadyRequest { request_id: request_id(), ..request };
    let ready = send(&world, fresh.clone()).await.unwrap();
    assert_eq!(send(&world, fresh).await.unwrap(), ready);
    assert_eq!(world.timeline(&draft.id).await.len(), 3, "drafted, refused, ready");
}

#[tokio::test]
async fn a_stale_etag_is_aborted() {
    let world = World::new().await;
    let draft = world.draft().await;
    let request = pb::MarkReadyRequest { id: draft.id.clone(), etag: "7".into(), ..Default::default() };
    assert_eq!(refusal(send(&world, request).await), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    let request = pb::MarkReadyRequest { id: draft.id, etag: draft.etag, ..Default::default() };
    assert_eq!(send(&world, request).await.unwrap().etag, "2");
}

#[tokio::test]
async fn a_practice_may_have_clean_drafts_ready_at_once() {
    let world = World::new().await;
    world.run("UPDATE tenancy.practices SET auto_ready = true").await;
    let claim = world.draft().await;
    assert_stands(&claim, ClaimStatus::Ready, pb::PayerState::None);
    assert_eq!(world.timeline(&claim.id).await.len(), 1);
    world.submit(&claim.id).await.unwrap();
    let session = world.add_session("copay = 500").await;
    let drafted = world.complete(session).await.unwrap().claim.unwrap();
    assert_eq!(drafted.status(), ClaimStatus::Draft, "a warning wants a person");
}

#[tokio::test]
async fn what_a_payer_found_stays_until_the_claim_is_ready_again() {
    let world = World::new().await;
    let claim = world.submitted().await;
    world
        .run(
            "UPDATE claims.claims SET status = 'draft', payer_state = 'rejected_payer', was_transmitted = true, version = version + 1, \
               validation_errors = '[{\"code\": \"A7_562\", \"severity\": \"error\", \"field\": \"billing_provider.npi\", \
                                      \"message\": \"NPI\", \"rule_set_version\": \"\", \"source\": \"payer\"}]'",
        )
        .await;
    let rejected = world.get(&claim.id).await.unwrap();
    let edited = world.update(pb::Claim { copay_amount: "10.00".into(), ..rejected }, &["copay_amount"]).await.unwrap();
    assert_stands(&edited, ClaimStatus::Draft, pb::PayerState::RejectedPayer);
    assert_eq!(codes(&edited), ["A7_562"]);
    assert_eq!(refusal(world.cancel(&claim.id).await).1, "CLAIM_INVALID_TRANSITION", "a partner has seen it");
    let ready = world.mark_ready(&claim.id, &[]).await.unwrap();
    assert_eq!(codes(&ready), Vec::<&str>::new());
    assert_eq!(world.submit(&claim.id).await.unwrap().attempt, 2);
}

#[test]
fn neither_therapists_nor_the_front_desk_move_claims() {
    let practice = kernel::PracticeId::new();
    for method in ["CreateClaim", "UpdateClaim", "MarkReady", "SubmitClaim", "BatchSubmitClaims", "CancelClaim"] {
        for role in [Role::Therapist, Role::FrontDesk] {
            let caller = testkit::caller::Caller::new(practice, role);
            assert!(caller.try_ctx(&format!("ClaimService/{method}")).is_err(), "{role} {method}");
        }
    }
}
