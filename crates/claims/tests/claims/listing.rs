//! `ListClaimEvents`.

use testkit::caller::practice;
use therapy_claims::claims::v1 as pb;
use tonic::Code;

use crate::desk::Desk;
use crate::world::{World, bad_fields, fact, refusal, request_id};

fn after(positions: &[pb::Position]) -> pb::ListClaimEventsRequest {
    pb::ListClaimEventsRequest { after: positions.to_vec(), ..Default::default() }
}

#[tokio::test]
async fn events_are_listed_page_by_page_until_there_are_no_more() {
    let world = World::new().await;
    let empty = practice(world.db()).await;
    let practices = [empty, world.practice];
    let desk = Desk::with(world, &practices).await;
    for _ in 0..5 {
        desk.world.draft().await;
    }
    let nowhere = pb::Position { practice_id: empty.to_string(), position: 0 };
    let mut request = pb::ListClaimEventsRequest { page_size: 2, ..after(&[nowhere, desk.at(0)]) };
    let mut positions = Vec::new();
    loop {
        let page = desk.list(request.clone()).await.unwrap();
        positions.extend(page.events.iter().map(|event| (event.previous_position, event.position)));
        request.after = page.next;
        if !page.has_more {
            break;
        }
        assert_eq!(page.events.len(), 2);
    }
    assert_eq!(positions, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]);
    assert_eq!(desk.list(request).await.unwrap().events, []);
}

#[tokio::test]
async fn a_filtered_list_goes_on_behind_what_it_left_out() {
    let desk = Desk::new().await;
    for _ in 0..3 {
        desk.world.draft().await;
    }
    let request = pb::ListClaimEventsRequest { payer_ids: vec!["99902".into()], ..after(&[desk.at(1)]) };
    let page = desk.list(request).await.unwrap();
    assert_eq!((page.events.len(), page.next, page.has_more), (0, vec![desk.at(3)], false));
}

#[tokio::test]
async fn the_full_view_is_read_by_the_list_too() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    let full = pb::ListClaimEventsRequest { view: pb::EventView::Full.into(), ..after(&[desk.at(0)]) };
    let last = desk.list(full).await.unwrap().events.pop().unwrap();
    assert_eq!(last.snapshot.unwrap().patient_id, claim.patient_id);
}

#[tokio::test]
async fn what_is_gone_and_what_is_foreign_is_refused() {
    let desk = Desk::new().await;
    let stranger = practice(desk.world.db()).await;
    for id in [stranger.to_string(), request_id()] {
        let refused = desk.list(after(&[pb::Position { practice_id: id, position: 0 }])).await;
        assert_eq!(refusal(refused), (Code::NotFound, "NOT_FOUND".to_owned()));
    }
    for _ in 0..3 {
        desk.world.draft().await;
    }
    desk.world.run("UPDATE feed.heads SET first_position = 3 WHERE last_position > 0").await;
    let status = desk.list(after(&[desk.at(1)])).await.unwrap_err();
    assert_eq!(fact(&status, "first_position"), "3");
    assert_eq!(refusal::<()>(Err(status)), (Code::OutOfRange, "CURSOR_TOO_OLD".to_owned()));
    assert_eq!(desk.list(after(&[desk.at(2)])).await.unwrap().events.len(), 1);
    let bad = pb::ListClaimEventsRequest { page_size: -1, ..after(&[desk.at(-1), desk.at(0)]) };
    let fields = bad_fields(&desk.list(bad).await.unwrap_err());
    assert_eq!(fields, ["page_size", "after[0].position", "after[1].practice_id"]);
}
