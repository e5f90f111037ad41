//! Wherever the exporter dies, the next one goes on: sizes only grow, nothing is written twice or left out.

use std::pin::pin;
use std::task::Poll;

use super::*;

/// Polls a future that often at most, then drops it: a process that dies at an await point.
async fn polled<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut left) = (pin!(future), times);
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Kills a round after every possible number of polls, then lets another exporter run, each time with new entries.
async fn killed_anywhere(fixture: &Fixture, store: impl Fn() -> Store) {
    let keys = || Keys::new(Signer::new(NAME, &SEED).unwrap());
    let [a, b] = fixture.practices;
    let (mut polls, mut kept) = (0, Vec::new());
    loop {
        fixture.append(a, 3).await;
        fixture.append(b, 1).await;
        fixture.pass(5_000);
        let mut exporter = fixture.exporter_with(store(), keys());
        let ended = polled(polls, exporter.round(false)).await;
        drop(exporter);
        wait_for_release(fixture).await;
        let mut next = fixture.exporter_with(store(), keys());
        next.round(false).await.unwrap();
        assert_eq!(faults(&next), []);
        drop(next);
        wait_for_release(fixture).await;
        let size = 3 * (polls as u64 + 1);
        assert_eq!(fixture.verified(a).await, size, "after {polls} polls");
        assert_eq!(fixture.verified(b).await, polls as u64 + 1, "after {polls} polls");
        // what was written stays as it was
        let stored = fixture.stored(a).await;
        assert_eq!(kept, stored.get(..kept.len()).unwrap());
        // and only one each time
        assert_eq!(stored.len(), polls + 1, "after {polls} polls");
        kept = stored;
        if ended.is_some() {
            break;
        }
        polls += 1;
    }
    println!("died at each of {polls} polls");
    assert!(polls > 5);
}

#[tokio::test]
async fn an_exporter_that_dies_anywhere_leaves_no_gap_and_no_double() {
    let fixture = Fixture::new().await;
    let objects = Arc::clone(&fixture.objects);
    killed_anywhere(&fixture, || Store::new(Arc::clone(&objects))).await;
}

#[tokio::test]
async fn an_exporter_on_a_directory_that_dies_anywhere_leaves_no_gap_and_no_double() {
    let dir = tempfile::tempdir().unwrap();
    let objects = object_store::local::LocalFileSystem::new_with_prefix(dir.path()).unwrap();
    let fixture = Fixture::on(Arc::new(objects)).await;
    killed_anywhere(&fixture, || Store::directory(dir.path()).unwrap()).await;
}

#[tokio::test]
async fn a_checkpoint_that_was_stored_but_not_remembered_is_taken_over() {
    let fixture = Fixture::new().await;
    let [a, _] = fixture.practices;
    fixture.append(a, 5).await;
    fixture.exporter().round(false).await.unwrap();
    // died before it could say so; the next one may find more entries, or none
    for more in [0, 2, 0, 4096 * 2 + 1] {
        wait_for_release(&fixture).await;
        fixture.sql("DELETE FROM audit.checkpoints").await;
        fixture.append(a, more).await;
        fixture.pass(5_000);
        let mut exporter = fixture.exporter();
        exporter.round(true).await.unwrap();
        assert_eq!(faults(&exporter), []);
        let is_remembered = "DO $$ BEGIN ASSERT (SELECT size FROM audit.checkpoints) =
            (SELECT max(last_position) FROM audit.heads); END $$";
        fixture.sql(is_remembered).await;
    }
    assert_eq!(fixture.sizes(a).await, [5, 7, 8200]);
    assert_eq!(fixture.verified(a).await, 8200);
}
