use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::claim_service_server::ClaimService;

use crate::world::{World, body};

#[tokio::test]
async fn the_events_of_a_claim_are_a_chain_without_gaps() {
    let world = World::new().await;
    let claim = world.draft().await;
    // others happen in between
    world.ready().await;
    let edited = world.update(pb::Claim { copay_amount: "5".into(), ..claim }, &["copay_amount"]).await.unwrap();
    world.draft().await;
    world.mark_ready(&edited.id, &[]).await.unwrap();
    world.submit(&edited.id).await.unwrap();
    let events = world.timeline(&edited.id).await;
    use pb::ClaimEventType::{Drafted, Edited, MarkedReady, Submitted};
    let kinds: Vec<_> = events.iter().map(pb::ClaimEvent::r#type).collect();
    assert_eq!(kinds, [Drafted, Edited, MarkedReady, Submitted]);
    let mut previous = 0;
    for (event, version) in events.iter().zip(1..) {
        assert_eq!((event.previous_position, event.claim_version, event.ordinal), (previous, version, 0));
        assert!(event.position > previous);
        assert_eq!((&event.claim_id, &event.claim_number), (&edited.id, &edited.claim_number));
        previous = event.position;
    }
    for pair in events.windows(2) {
        assert_eq!(pair[1].from_status(), pair[0].to_status());
    }
    let head: i64 = world.ask("SELECT max(last_position) FROM feed.heads").await.parse().unwrap();
    assert_eq!(world.ask("SELECT count(*) FROM feed.events").await, head.to_string(), "and the practice's are gapless");
}

#[tokio::test]
async fn a_timeline_is_walked_page_by_page() {
    let world = World::new().await;
    let claim = world.submitted().await;
    let all = world.timeline(&claim.id).await;
    let mut request = pb::GetClaimTimelineRequest { id: claim.id.clone(), page_size: 1, ..Default::default() };
    let mut walked = Vec::new();
    loop {
        let call = world.billing.call("ClaimService/GetClaimTimeline", request.clone());
        let page = body(world.claims.get_claim_timeline(call).await).unwrap();
        walked.extend(page.events);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(walked, all, "previous positions included");
    // a token is good for its own claim only
    let other = world.submitted().await;
    let call = |request| world.billing.call("ClaimService/GetClaimTimeline", request);
    let first = world
        .claims
        .get_claim_timeline(call(pb::GetClaimTimelineRequest { page_token: String::new(), ..request.clone() }))
        .await;
    let stolen =
        pb::GetClaimTimelineRequest { id: other.id, page_token: body(first).unwrap().next_page_token, page_size: 1 };
    assert_eq!(world.claims.get_claim_timeline(call(stolen)).await.unwrap_err().code(), tonic::Code::InvalidArgument);
}
