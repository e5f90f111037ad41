use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::claim_service_server::ClaimService;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Code;

use crate::world::{World, assert_stands, body, refusal, request_id};

#[tokio::test]
async fn a_claim_that_nobody_has_seen_is_given_up() {
    let world = World::new().await;
    for claim in [world.draft().await, world.ready().await] {
        let cancelled = world.cancel(&claim.id).await.unwrap();
        assert_eq!(cancelled.disposition(), pb::Disposition::Cancelled);
        assert_eq!(cancelled.status, claim.status, "the status stays");
        assert_eq!(world.get(&claim.id).await.unwrap(), cancelled);
        assert_eq!(world.timeline(&claim.id).await.pop().unwrap().r#type(), pb::ClaimEventType::Cancelled);
        assert_eq!(refusal(world.cancel(&claim.id).await).1, "CLAIM_INVALID_TRANSITION");
    }
}

#[tokio::test]
async fn a_claim_that_left_is_not_cancelled() {
    let world = World::new().await;
    let claim = world.submitted().await;
    let refused = (Code::FailedPrecondition, "CLAIM_INVALID_TRANSITION".to_owned());
    assert_eq!(refusal(world.cancel(&claim.id).await), refused);
    world.run("UPDATE claims.claims SET status = 'ready', payer_state = 'none', was_transmitted = true").await;
    assert_eq!(refusal(world.cancel(&claim.id).await), refused, "some attempt has reached a partner");
    assert_stands(&world.get(&claim.id).await.unwrap(), ClaimStatus::Ready, pb::PayerState::None);
}

#[tokio::test]
async fn etag_and_request_id_are_heeded() {
    let world = World::new().await;
    let claim = world.draft().await;
    let cancel = async |request: pb::CancelClaimRequest| {
        body(world.claims.cancel_claim(world.billing.call("ClaimService/CancelClaim", request)).await)
    };
    let request = pb::CancelClaimRequest { id: claim.id.clone(), etag: "9".into(), request_id: request_id() };
    assert_eq!(refusal(cancel(request.clone()).await), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    // a refused call leaves nothing behind, its request id neither
    let request = pb::CancelClaimRequest { etag: claim.etag, ..request };
    let first = cancel(request.clone()).await.unwrap();
    assert_eq!(cancel(request).await.unwrap(), first);
}
