//! What `UpdateCoverage` does to the claims made from the coverage.

use kernel::Role;
use therapy_claims::claims::v1 as pb;
use therapy_claims::clinical::v1 as clinical_pb;
use therapy_claims::clinical::v1::patient_service_server::PatientService;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Status;

use crate::world::{World, assert_stands, body, codes, fact};

/// Changes the coverage that a claim bills, as the front desk does.
pub(crate) async fn change(
    world: &World,
    claim: &pb::Claim,
    paths: &[&str],
    edit: impl FnOnce(&mut clinical_pb::Coverage),
) -> Result<clinical_pb::Coverage, Status> {
    let desk = world.caller(Role::FrontDesk);
    let request = clinical_pb::GetCoverageRequest { id: claim.coverage_id.clone() };
    let mut coverage = body(world.patients.get_coverage(desk.call("PatientService/GetCoverage", request)).await)?;
    edit(&mut coverage);
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = clinical_pb::UpdateCoverageRequest {
        coverage: Some(coverage),
        update_mask: Some(prost_types::FieldMask { paths }),
        ..Default::default()
    };
    body(world.patients.update_coverage(desk.call("PatientService/UpdateCoverage", request)).await)
}

/// Another claim of the same patient, of the next day.
async fn beside(world: &World, claim: &pb::Claim) -> pb::Claim {
    let columns = "session_date = '2026-03-17', status = 'completed', completed_at = now()";
    let session = world.add_session_of(claim.patient_id.parse().unwrap(), columns).await;
    world.create(session).await.unwrap()
}

#[tokio::test]
async fn a_ready_claim_is_a_draft_again_and_a_submitted_one_stays() {
    let world = World::new().await;
    let submitted = world.submitted().await;
    let ready = beside(&world, &submitted).await;
    let ready = world.mark_ready(&ready.id, &[]).await.unwrap();
    let foreign = world.ready().await;

    change(&world, &ready, &["member_id"], |c| c.member_id = "W987654321".into()).await.unwrap();

    let claim = world.get(&ready.id).await.unwrap();
    assert_stands(&claim, ClaimStatus::Draft, pb::PayerState::None);
    assert_eq!(codes(&claim), ["SNAPSHOT_STALE"]);
    assert_eq!(world.ask(&format!("SELECT snapshot FROM claims.claims WHERE id = '{}'", claim.id)).await, "");
    let last = world.timeline(&ready.id).await.pop().unwrap();
    assert_eq!((last.r#type(), last.from_status()), (pb::ClaimEventType::Edited, ClaimStatus::Ready));
    assert_eq!((last.to_status(), last.claim_version), (ClaimStatus::Draft, 3));
    assert_eq!(last.reason_codes, ["SNAPSHOT_STALE"]);
    assert_eq!(world.get(&submitted.id).await.unwrap(), submitted);
    assert_eq!(world.get(&foreign.id).await.unwrap(), foreign, "another patient's");

    // revalidated it is sent with the new value
    world.mark_ready(&ready.id, &[]).await.unwrap();
    world.submit(&ready.id).await.unwrap();
    let sent = "SELECT count(*) FROM claims.submissions WHERE snapshot -> 'coverage' ->> 'member_id' = 'W987654321'";
    assert_eq!(world.ask(sent).await, "1");
}

#[tokio::test]
async fn what_the_change_makes_wrong_is_on_the_claim_at_once() {
    let world = World::new().await;
    let ready = world.ready().await;
    let too_late = |c: &mut clinical_pb::Coverage| c.effective_to = Some(date(2026, 1, 31));
    change(&world, &ready, &["effective_to"], too_late).await.unwrap();
    let claim = world.get(&ready.id).await.unwrap();
    assert_stands(&claim, ClaimStatus::Draft, pb::PayerState::ValidationFailed);
    assert!(codes(&claim).contains(&"COVERAGE_INACTIVE_ON_DOS"), "{:?}", codes(&claim));
    let refused = world.mark_ready(&ready.id, &[]).await.unwrap_err();
    assert_eq!(fact(&refused, "finding_codes"), "COVERAGE_INACTIVE_ON_DOS");
}

#[tokio::test]
async fn a_claim_that_says_the_same_stays_ready() {
    let world = World::new().await;
    let ready = world.ready().await;
    change(&world, &ready, &["member_id"], |_same| ()).await.unwrap();
    assert_eq!(world.get(&ready.id).await.unwrap(), ready);
    assert_eq!(world.timeline(&ready.id).await.len(), 2);
}

#[tokio::test]
async fn a_draft_follows_the_payer_of_its_coverage() {
    let world = World::new().await;
    let draft = world.draft().await;
    assert_eq!(draft.payer_id, "99901");
    change(&world, &draft, &["payer_id"], |c| c.payer_id = "99902".into()).await.unwrap();
    let claim = world.get(&draft.id).await.unwrap();
    assert_stands(&claim, ClaimStatus::Draft, pb::PayerState::None);
    assert_eq!(claim.payer_id, "99902");
    assert_eq!(world.timeline(&draft.id).await.pop().unwrap().payer_id, "99902");
}

#[tokio::test]
async fn a_change_that_is_refused_leaves_the_claim_ready() {
    let world = World::new().await;
    let ready = world.ready().await;
    change(&world, &ready, &["member_id"], |c| {
        c.member_id = "W987654321".into();
        c.etag = "7".into();
    })
    .await
    .unwrap_err();
    assert_eq!(world.get(&ready.id).await.unwrap(), ready);
}

const fn date(year: i32, month: i32, day: i32) -> therapy_claims::google::r#type::Date {
    therapy_claims::google::r#type::Date { year, month, day }
}
