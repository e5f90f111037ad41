//! `Subscribe`, `Acknowledge`, `GetSubscription` and `SeekSubscription`.

use std::time::Duration;

use testkit::caller::practice;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::seek_subscription_request::Target;
use therapy_claims::claims::v1::subscribe_request::Start;
use therapy_claims::claims::v1::subscribe_response::Kind;
use tonic::Code;

use crate::desk::{Desk, Line, NAME, paid, subscribe};
use crate::world::{World, bad_fields, refusal, request_id};

/// Positions in order, each telling of the one before.
fn chain(events: &[pb::ClaimEvent]) -> Vec<(i64, i64)> {
    events.iter().map(|event| (event.previous_position, event.position)).collect()
}

fn aborted(reason: &str) -> (Code, String) {
    (Code::Aborted, reason.to_owned())
}

fn seek(target: Target) -> pb::SeekSubscriptionRequest {
    pb::SeekSubscriptionRequest {
        subscription: NAME.into(),
        target: Some(target),
        reason: "replay after an outage".into(),
        ..Default::default()
    }
}

impl Desk {
    async fn drafts(&self, count: usize) {
        for _ in 0..count {
            self.world.draft().await;
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_off_goes_on_where_it_was_acknowledged() {
    let desk = Desk::new().await;
    desk.drafts(6).await;
    let mut line = desk.subscribe(subscribe()).await;
    assert_eq!(line.started.practices[0].head_position, 6);
    let read = line.events(6).await;
    assert_eq!(chain(&read), (1..=6).map(|n| (n - 1, n)).collect::<Vec<_>>());
    assert_eq!(desk.acknowledge(line.epoch(), 4).await.unwrap(), 4);
    drop(line);

    desk.drafts(2).await;
    let mut line = desk.subscribe(subscribe()).await;
    assert_eq!((line.started.practices[0].acked_position, line.started.practices[0].lag), (4, 4));
    let again = line.events(4).await;
    assert_eq!(chain(&again), [(4, 5), (5, 6), (6, 7), (7, 8)]);
    assert_eq!(again[..2], read[4..], "what comes again is what came before");
    // and what happens from now on
    desk.drafts(1).await;
    assert_eq!(chain(&line.events(1).await), [(8, 9)]);
}

#[tokio::test]
async fn every_batch_is_on_record_when_it_arrives() {
    let desk = Desk::new().await;
    desk.drafts(3).await;
    let mut line = desk.subscribe(subscribe()).await;
    let events = line.events(3).await;
    let listed = desk
        .world
        .ask("SELECT string_agg(array_to_string(resource_ids, ','), ',') FROM audit.entries WHERE method LIKE '%/Subscribe' AND action = 'view'")
        .await;
    assert!(events.iter().all(|event| listed.contains(&event.claim_id)));
}

#[tokio::test]
async fn only_the_newest_stream_reads_and_acknowledges() {
    let desk = Desk::new().await;
    desk.drafts(1).await;
    let mut old = desk.subscribe(subscribe()).await;
    old.events(1).await;
    let new = desk.subscribe(subscribe()).await;
    assert_eq!(new.epoch(), old.epoch() + 1);
    assert_eq!(refusal(old.end().await), aborted("LEASE_LOST"));
    assert_eq!(refusal(desk.acknowledge(old.epoch(), 1).await), aborted("LEASE_LOST"));
    assert_eq!(desk.acknowledge(new.epoch(), 1).await.unwrap(), 1);
}

#[tokio::test]
async fn positions_never_go_back_nor_ahead() {
    let desk = Desk::new().await;
    desk.drafts(3).await;
    let line = desk.subscribe(subscribe()).await;
    assert_eq!(desk.acknowledge(line.epoch(), 3).await.unwrap(), 3);
    assert_eq!(desk.acknowledge(line.epoch(), 1).await.unwrap(), 3);
    let ahead = desk.acknowledge(line.epoch(), 4).await;
    assert_eq!(refusal(ahead), (Code::InvalidArgument, "POSITION_NOT_SENT".to_owned()));
    let told = desk.subscription().await.unwrap();
    assert!(told.connected);
    let practice = &told.practices[0];
    assert_eq!((practice.acked_position, practice.lag, practice.oldest_unacked_age), (3, 0, None));
}

#[tokio::test]
async fn a_full_window_waits_for_acknowledgements() {
    let desk = Desk::new().await;
    desk.drafts(7).await;
    let mut line = desk.subscribe(pb::SubscribeRequest { max_outstanding: 3, ..subscribe() }).await;
    assert_eq!(chain(&line.events(3).await), [(0, 1), (1, 2), (2, 3)]);
    assert!(line.is_silent().await);
    desk.acknowledge(line.epoch(), 2).await.unwrap();
    assert_eq!(chain(&line.events(2).await), [(3, 4), (4, 5)]);
    assert!(line.is_silent().await);
    desk.acknowledge(line.epoch(), 5).await.unwrap();
    assert_eq!(chain(&line.events(2).await), [(5, 6), (6, 7)]);
}

#[tokio::test]
async fn a_filtered_stream_is_whole_in_itself_and_never_stalls_on_what_it_leaves_out() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let other = world.add_patient().await;
    world.add_coverage(other, "99902", "primary").await;
    let of_other = async || {
        let session = world.add_session_of(other, "status = 'completed', completed_at = now()").await;
        let draft = world.create(session).await.unwrap();
        world.cancel(&draft.id).await.unwrap();
    };
    desk.drafts(4).await;
    of_other().await;
    desk.drafts(5).await;
    of_other().await;
    let request = pb::SubscribeRequest { payer_ids: vec!["99902".into()], max_outstanding: 2, ..subscribe() };
    let mut line = desk.subscribe(request.clone()).await;
    assert_eq!(chain(&line.events(2).await), [(0, 5), (5, 6)]);
    desk.acknowledge(line.epoch(), 6).await.unwrap();
    assert_eq!(chain(&line.events(2).await), [(6, 12), (12, 13)]);
    // resumed in the middle of what is left out: the one before is known
    desk.acknowledge(line.epoch(), 9).await.unwrap();
    let mut line = desk.subscribe(request).await;
    assert_eq!(chain(&line.events(2).await), [(6, 12), (12, 13)]);
}

#[tokio::test]
async fn the_start_is_kept_as_if_all_before_were_acknowledged() {
    let desk = Desk::new().await;
    desk.drafts(4).await;
    let now = pb::SubscribeRequest { start: Some(Start::Now(())), ..subscribe() };
    let line = desk.subscribe(now.clone()).await;
    assert_eq!(line.started.practices[0].acked_position, 4);
    desk.drafts(1).await;
    // a practice that has a place resumes, whatever the start
    let mut line = desk.subscribe(now).await;
    assert_eq!(chain(&line.events(1).await), [(4, 5)]);
    let back = pb::Positions { positions: vec![desk.at(2)] };
    let mut line = desk.subscribe(pb::SubscribeRequest { start: Some(Start::Positions(back)), ..subscribe() }).await;
    assert_eq!(chain(&line.events(3).await), [(2, 3), (3, 4), (4, 5)]);
    assert_eq!(desk.subscription().await.unwrap().practices[0].acked_position, 2);
    let ahead = pb::Positions { positions: vec![desk.at(9)] };
    let mut line =
        desk.try_subscribe(pb::SubscribeRequest { start: Some(Start::Positions(ahead)), ..subscribe() }).await.unwrap();
    assert_eq!(refusal(line.end().await), (Code::InvalidArgument, "POSITION_NOT_SENT".to_owned()));
}

#[tokio::test]
async fn a_seek_ends_the_stream_and_is_read_from_there() {
    let desk = Desk::new().await;
    desk.drafts(3).await;
    let mut line = desk.subscribe(subscribe()).await;
    line.events(3).await;
    desk.acknowledge(line.epoch(), 3).await.unwrap();
    let request = pb::SeekSubscriptionRequest { request_id: request_id(), ..seek(Target::Beginning(())) };
    let moved = desk.seek(request.clone()).await.unwrap();
    assert_eq!((moved.connected, moved.lease_epoch), (false, line.epoch() + 1));
    assert_eq!((moved.practices[0].acked_position, moved.practices[0].lag), (0, 3));
    assert_eq!(refusal(line.end().await), aborted("SUBSCRIPTION_MOVED"));
    assert_eq!(refusal(desk.acknowledge(line.epoch(), 3).await), aborted("SUBSCRIPTION_MOVED"));

    let mut line = desk.subscribe(subscribe()).await;
    assert_eq!(line.events(3).await.len(), 3);
    desk.acknowledge(line.epoch(), 3).await.unwrap();
    // the same request again moves nothing
    assert_eq!(desk.seek(request).await.unwrap(), moved);
    assert_eq!(desk.acknowledge(line.epoch(), 3).await.unwrap(), 3);
}

#[tokio::test]
async fn a_seek_is_on_record_with_its_reason_where_it_was_felt() {
    let desk = Desk::new().await;
    desk.drafts(2).await;
    let line = desk.subscribe(subscribe()).await;
    let to = pb::Positions { positions: vec![desk.at(1)] };
    let moved = desk.seek(seek(Target::Positions(to))).await.unwrap();
    assert_eq!(moved.practices[0].acked_position, 1);
    let entries = desk.world.ask(
        "SELECT string_agg(concat_ws(' ', practice_id = '00000000-0000-0000-0000-000000000000', action, resource_type, reason), ', ' \
           ORDER BY practice_id) FROM audit.entries WHERE method LIKE '%/SeekSubscription'",
    );
    assert_eq!(
        entries.await,
        "t update subscription replay after an outage, f update subscription replay after an outage"
    );
    drop(line);
    let foreign = pb::Position { practice_id: request_id(), position: 0 };
    let refused = desk.seek(seek(Target::Positions(pb::Positions { positions: vec![foreign] }))).await;
    assert_eq!(refusal(refused).0, Code::NotFound);
    let curt = pb::SeekSubscriptionRequest { reason: "because".into(), ..seek(Target::Now(())) };
    assert_eq!(bad_fields(&desk.seek(curt).await.unwrap_err()), ["reason"]);
}

#[tokio::test]
async fn an_unknown_subscription_is_not_found() {
    let desk = Desk::new().await;
    assert_eq!(refusal(desk.subscription().await).0, Code::NotFound);
    assert_eq!(refusal(desk.seek(seek(Target::Now(()))).await).0, Code::NotFound);
    assert_eq!(refusal(desk.acknowledge(1, 0).await).0, Code::NotFound);
    let named = desk.try_subscribe(pb::SubscribeRequest { subscription: "Not fit".into(), ..subscribe() }).await;
    assert_eq!(bad_fields(&named.err().unwrap()), ["subscription"]);
}

#[tokio::test]
async fn the_full_view_carries_what_was_submitted_even_if_the_patient_moved_since() {
    let desk = Desk::new().await;
    let (claim, submission) = desk.submitted().await;
    desk.world
        .run("UPDATE clinical.patients SET last_name = 'Changed', address_line1 = 'Elsewhere', version = version + 1")
        .await;
    desk.effect(&claim, "835-1", paid()).await;
    let full = pb::SubscribeRequest { view: pb::EventView::Full.into(), ..subscribe() };
    let mut line = desk.subscribe(full).await;
    let head = desk.head().await;
    let events = line.events(usize::try_from(head).unwrap()).await;
    let (before, from_submission): (Vec<_>, Vec<_>) = events.into_iter().partition(|e| e.submission_id.is_empty());
    assert!(before.iter().all(|event| event.snapshot.is_none()));
    assert_eq!(from_submission.len(), 2, "submitted and paid");
    for event in from_submission {
        let snapshot = event.snapshot.unwrap();
        let patient = snapshot.patient.unwrap();
        assert_eq!((patient.last_name.as_str(), snapshot.patient_id == claim.patient_id), ("Quill", true));
        assert_eq!(patient.address.unwrap().line1, "2 Elm St");
        assert_eq!(snapshot.subscriber.unwrap().last_name, "Quill");
        assert_eq!((snapshot.submission_id.as_str(), snapshot.attempt), (submission.as_str(), 1));
        assert_eq!(
            (snapshot.claim_number.as_str(), snapshot.charge_amount.as_str()),
            (claim.claim_number.as_str(), "150.00")
        );
        assert_eq!(snapshot.diagnosis_codes, ["F411", "F331"]);
        assert_eq!(snapshot.filing_deadline, claim.filing_deadline);
        assert_eq!(snapshot.rule_set_version, claim.rule_set_version);
        let hash = format!("SELECT encode(snapshot_hash, 'hex') FROM claims.submissions WHERE id = '{submission}'");
        assert_eq!(snapshot.snapshot_hash, desk.world.ask(&hash).await);
    }
    let patients = format!(
        "SELECT bool_or('{}' = ANY (patient_ids)) FROM audit.entries WHERE method LIKE '%/Subscribe'",
        claim.patient_id
    );
    assert_eq!(desk.world.ask(&patients).await, "true");
}

#[tokio::test]
async fn a_grant_that_ends_or_begins_is_told_within_seconds() {
    let world = World::new().await;
    let second = practice(world.db()).await;
    let practices = [world.practice, second];
    let desk = Desk::with(world, &practices).await;
    let mut line = desk.subscribe(subscribe()).await;
    assert_eq!(line.started.practices.len(), 2);
    desk.grants.0.lock().unwrap().retain(|practice| *practice != desk.world.practice);
    assert_eq!(
        line.next().await,
        Some(Kind::PracticeLeft(pb::PracticeLeft { practice_id: desk.world.practice.to_string() }))
    );
    desk.drafts(1).await;
    desk.grants.0.lock().unwrap().push(desk.world.practice);
    let Some(Kind::PracticeJoined(joined)) = line.next().await else { panic!("the practice joins") };
    assert_eq!(joined.practice.unwrap().head_position, 1);
    assert_eq!(line.events(1).await.len(), 1);
}

#[tokio::test]
async fn a_drain_ends_streams_cleanly() {
    let desk = Desk::new().await;
    let mut line = desk.subscribe(subscribe()).await;
    desk.world.hub.drain();
    assert_eq!(line.next().await, Some(Kind::Draining(pb::Draining {})));
    assert!(line.next().await.is_none());
    desk.tasks.close();
    tokio::time::timeout(Duration::from_secs(5), desk.tasks.wait()).await.unwrap();
}

#[tokio::test]
async fn whoever_leaves_leaves_nothing_running() {
    let desk = Desk::new().await;
    desk.drafts(3).await;
    let line = desk.subscribe(pb::SubscribeRequest { max_outstanding: 1, ..subscribe() }).await;
    drop(line);
    desk.tasks.close();
    tokio::time::timeout(Duration::from_secs(5), desk.tasks.wait()).await.unwrap();
}

#[tokio::test]
async fn whoever_left_is_not_connected() {
    let desk = Desk::new().await;
    let mut line = desk.subscribe(subscribe()).await;
    assert!(desk.subscription().await.unwrap().connected);
    desk.drafts(1).await;
    line.events(1).await;
    drop(line);
    desk.tasks.close();
    tokio::time::timeout(Duration::from_secs(5), desk.tasks.wait()).await.unwrap();
    // at the very same time by the clock that leases run by
    assert!(!desk.subscription().await.unwrap().connected);
}

#[tokio::test]
async fn events_that_are_gone_are_told_of_and_not_skipped() {
    let desk = Desk::new().await;
    desk.drafts(3).await;
    let line = desk.subscribe(subscribe()).await;
    desk.acknowledge(line.epoch(), 1).await.unwrap();
    desk.world.run("UPDATE feed.heads SET first_position = 3 WHERE last_position > 0").await;
    let mut line = desk.subscribe(subscribe()).await;
    let Some(Kind::CursorTooOld(gap)) = line.next().await else { panic!("the cursor is too old") };
    assert_eq!((gap.requested_position, gap.first_position), (1, 3));
    assert!(line.is_silent().await);
    let old = desk.seek(seek(Target::Positions(pb::Positions { positions: vec![desk.at(1)] }))).await;
    assert_eq!(refusal(old), (Code::OutOfRange, "CURSOR_TOO_OLD".to_owned()));
    desk.seek(seek(Target::Beginning(()))).await.unwrap();
    assert_eq!(chain(&desk.subscribe(subscribe()).await.events(1).await), [(2, 3)]);
}

#[tokio::test]
async fn a_database_that_lost_events_is_noticed() {
    let desk = Desk::new().await;
    desk.drafts(2).await;
    let line = desk.subscribe(subscribe()).await;
    desk.acknowledge(line.epoch(), 2).await.unwrap();
    desk.world.run("UPDATE feed.heads SET last_position = 1 WHERE last_position > 0").await;
    let mut line: Line = desk.try_subscribe(subscribe()).await.unwrap();
    assert_eq!(refusal(line.end().await), (Code::FailedPrecondition, "HISTORY_DIVERGED".to_owned()));
}
