//! A log, or a store, that is not what it was: no signature is put on top of it.

use object_store::path::Path;

use super::failing::log;
use super::*;

/// A practice with checkpoints at 3 and 6, an honest one beside it, and then something happens.
async fn checkpointed() -> Fixture {
    let fixture = Fixture::new().await;
    let [a, b] = fixture.practices;
    let mut exporter = fixture.exporter();
    for _ in 0..2 {
        fixture.append(a, 3).await;
        fixture.append(b, 2).await;
        exporter.round(false).await.unwrap();
        fixture.pass(5_000);
    }
    drop(exporter);
    wait_for_release(&fixture).await;
    fixture
}

/// Starts anew and goes on with more entries; answers the faults. The honest practice is served whatever happened.
async fn restarted(fixture: &Fixture) -> Vec<Fault> {
    let [a, b] = fixture.practices;
    let before = fixture.stored(a).await;
    let beside = fixture.verified(b).await;
    let mut exporter = fixture.exporter();
    for _ in 0..3 {
        fixture.append(b, 1).await;
        exporter.round(false).await.unwrap();
        fixture.pass(5_000);
    }
    let found = faults(&exporter);
    if !found.is_empty() {
        assert_eq!(fixture.stored(a).await, before, "nothing is signed any more");
    }
    assert_eq!(fixture.verified(b).await, beside + 3);
    drop(exporter);
    wait_for_release(fixture).await;
    found
}

fn roll_back(a: PracticeId, to: u64) -> String {
    format!(
        "DELETE FROM audit.entries WHERE practice_id = '{a}' AND position > {to};
         UPDATE audit.heads SET last_position = {to} WHERE practice_id = '{a}'"
    )
}

async fn address(fixture: &Fixture, size: u64) -> Path {
    let stored = fixture.stored(fixture.practices[0]).await;
    stored.iter().find(|s| s.address.size == size).unwrap().address.to_string().into()
}

#[tokio::test]
async fn a_database_that_was_rolled_back_gets_no_signature() {
    // under a running exporter
    let fixture = checkpointed().await;
    let [a, b] = fixture.practices;
    let logged = log();
    let mut exporter = fixture.exporter();
    fixture.append(a, 1).await;
    exporter.round(false).await.unwrap();
    fixture.tamper(&roll_back(a, 4)).await;
    for _ in 0..60 {
        fixture.pass(5_000);
        exporter.round(false).await.unwrap();
    }
    assert_eq!(faults(&exporter), [Fault::RolledBack { log: 4, checkpointed: 7 }]);
    assert_eq!(fixture.sizes(a).await, [3, 6, 7]);
    assert_eq!(logged("practice.id="), 1);
    // it is said again, but not often
    fixture.pass(305_000);
    exporter.round(false).await.unwrap();
    assert_eq!(logged("the database was rolled back"), 2);
    assert_eq!(logged(&a.to_string()), 2);
    assert_eq!(logged("claimsd audit verify"), 2);
    fixture.append(b, 1).await;
    exporter.round(false).await.unwrap();
    assert_eq!(fixture.verified(b).await, 5);
    drop(exporter);
    wait_for_release(&fixture).await;

    // before a start
    assert_eq!(restarted(&fixture).await, [Fault::RolledBack { log: 4, checkpointed: 7 }]);
    // with all that it remembers, to before the first checkpoint, or to one of them
    for (remembered, log) in [(3, 5), (0, 0), (3, 3)] {
        let fixture = checkpointed().await;
        let [a, _] = fixture.practices;
        fixture.tamper(&roll_back(a, log)).await;
        remember(&fixture, remembered).await;
        let found = restarted(&fixture).await;
        if log == remembered {
            // nothing is due, so nothing is looked at; the next entry shows it
            assert_eq!(found, []);
            fixture.append(a, 1).await;
            assert_eq!(restarted(&fixture).await, [Fault::RolledBack { log: log + 1, checkpointed: 6 }]);
        } else {
            assert_eq!(found, [Fault::RolledBack { log, checkpointed: 6 }]);
        }
    }
}

/// Puts the remembered frontier back to what it was at that size.
async fn remember(fixture: &Fixture, size: u64) {
    let [a, _] = fixture.practices;
    if size == 0 {
        return fixture.sql(&format!("DELETE FROM audit.checkpoints WHERE practice_id = '{a}'")).await;
    }
    let mut frontier = Frontier::default();
    for leaf in fixture.leaves(a).await.iter().take(usize::try_from(size).unwrap()) {
        frontier.push(*leaf);
    }
    let peaks: String = frontier.peaks().concat().iter().map(|b| format!("{b:02x}")).collect();
    fixture
        .sql(&format!("UPDATE audit.checkpoints SET size = {size}, peaks = '\\x{peaks}' WHERE practice_id = '{a}'"))
        .await;
}

#[tokio::test]
async fn a_log_that_has_grown_past_its_rollback_is_another_one() {
    let fixture = checkpointed().await;
    let [a, _] = fixture.practices;
    remember(&fixture, 3).await;
    fixture.tamper(&roll_back(a, 3)).await;
    fixture.append(a, 9).await;
    fixture
        .tamper(&format!("UPDATE audit.entries SET hash = sha256('other') WHERE practice_id = '{a}' AND position > 3"))
        .await;
    assert_eq!(restarted(&fixture).await, [Fault::Diverged { size: 6 }]);
}

#[tokio::test]
async fn an_entry_that_is_missing_or_there_twice_is_a_gap() {
    for (sql, position) in [
        ("DELETE FROM audit.entries WHERE practice_id = '$a' AND position = 8", 8),
        ("DELETE FROM audit.entries WHERE practice_id = '$a' AND position = 9", 9),
        (
            "INSERT INTO audit.entries SELECT (jsonb_populate_record(e, '{\"recorded_at\": \"2027-01-01Z\"}')).*
             FROM audit.entries e WHERE practice_id = '$a' AND position = 7",
            8,
        ),
    ] {
        let fixture = checkpointed().await;
        let [a, _] = fixture.practices;
        fixture.append(a, 3).await;
        fixture.tamper(&sql.replace("$a", &a.to_string())).await;
        assert_eq!(restarted(&fixture).await, [Fault::Gap { position }], "{sql}");
    }
}

#[tokio::test]
async fn a_store_whose_newest_checkpoint_was_changed_is_not_continued() {
    let other = Signer::new(NAME, &[9; 32]).unwrap();
    let own = Signer::new(NAME, &SEED).unwrap();
    for what in ["flipped", "emptied", "foreign key", "practice", "size", "origin", "ahead"] {
        let fixture = checkpointed().await;
        let [a, b] = fixture.practices;
        fixture.append(a, 3).await;
        let path = address(&fixture, 6).await;
        let at: Address = path.as_ref().parse().unwrap();
        let (six, three) = (fixture.stored(a).await[1].clone(), fixture.stored(a).await[0].clone());
        let honest = open(std::str::from_utf8(&six.note).unwrap(), &[verifier()]).unwrap();
        let mut flipped = six.note.clone();
        // in the root
        flipped[60] ^= 1;
        let (note, expected): (Vec<u8>, _) = match what {
            "flipped" => (flipped, None),
            "emptied" => (Vec::new(), None),
            "foreign key" => (other.sign(&honest).into(), None),
            "practice" => (fixture.stored(b).await[1].note.clone(), Some(Fault::Misplaced { address: at })),
            "size" => (three.note, Some(Fault::Misplaced { address: at })),
            "origin" => {
                let moved = Checkpoint { origin: format!("elsewhere/{a}"), ..honest };
                (own.sign(&moved).into(), Some(Fault::Misplaced { address: at }))
            }
            _ => {
                // ours, of another history
                let forked = Checkpoint { root: [1; 32], ..honest };
                (own.sign(&forked).into(), Some(Fault::Diverged { size: 6 }))
            }
        };
        fixture.objects.put(&path, note.into()).await.unwrap();
        let found = restarted(&fixture).await;
        match expected {
            Some(expected) => assert_eq!(found, [expected], "{what}"),
            None => assert!(matches!(found[..], [Fault::Refused { address, .. }] if address == at), "{what} {found:?}"),
        }
    }
}

#[tokio::test]
async fn a_store_that_lost_checkpoints_is_not_continued() {
    let fixture = checkpointed().await;
    let [a, _] = fixture.practices;
    fixture.append(a, 3).await;
    let newest = fixture.stored(a).await[1].clone();
    fixture.objects.delete(&address(&fixture, 6).await).await.unwrap();
    assert_eq!(restarted(&fixture).await, [Fault::Lost { stored: 3, written: 6 }]);
    fixture.objects.delete(&address(&fixture, 3).await).await.unwrap();
    assert_eq!(restarted(&fixture).await, [Fault::Lost { stored: 0, written: 6 }]);
    // put back
    fixture.objects.put(&newest.address.to_string().into(), newest.note.into()).await.unwrap();
    assert_eq!(restarted(&fixture).await, []);
    assert_eq!(fixture.verified(a).await, 9);
}

#[tokio::test]
async fn another_checkpoint_where_the_next_one_belongs_is_a_fork_and_stays() {
    let fixture = checkpointed().await;
    let [a, _] = fixture.practices;
    let mut exporter = fixture.exporter();
    fixture.append(a, 1).await;
    exporter.round(false).await.unwrap();
    fixture.append(a, 1).await;
    fixture.pass(5_000);
    let day = DateTime::from_timestamp_millis(fixture.millis.load(Ordering::SeqCst)).unwrap().date_naive();
    let address = Address { practice: a, day, size: 8 };
    fixture.objects.put(&address.to_string().into(), "forged".into()).await.unwrap();
    exporter.round(false).await.unwrap();
    assert_eq!(faults(&exporter), [Fault::Forked { address }]);
    assert_eq!(fixture.stored(a).await.last().unwrap().note, b"forged");
}

#[tokio::test]
async fn what_the_database_remembers_wrongly_is_not_continued() {
    let sql = |what: &str, a: PracticeId| format!("UPDATE audit.checkpoints SET {what} WHERE practice_id = '{a}'");
    for (what, expected) in [
        ("peaks = sha256('x') || sha256('y')", vec![Fault::Diverged { size: 6 }]),
        // a smaller tree of other entries
        ("size = 4, peaks = sha256('x')", vec![Fault::Diverged { size: 6 }]),
        ("size = 8, peaks = sha256('x')", vec![Fault::Lost { stored: 6, written: 8 }]),
        ("size = 16, peaks = sha256('x')", vec![Fault::RolledBack { log: 9, checkpointed: 16 }]),
    ] {
        let fixture = checkpointed().await;
        let [a, _] = fixture.practices;
        fixture.append(a, 3).await;
        fixture.sql(&sql(what, a)).await;
        assert_eq!(restarted(&fixture).await, expected, "{what}");
        // as the message says: without the row it is computed from the log
        fixture.sql(&format!("DELETE FROM audit.checkpoints WHERE practice_id = '{a}'")).await;
        assert_eq!(restarted(&fixture).await, [], "{what}");
        assert_eq!(fixture.verified(a).await, 9, "{what}");
    }
}

#[tokio::test]
async fn a_fault_that_was_put_right_is_over_after_ten_minutes() {
    let fixture = checkpointed().await;
    let [a, _] = fixture.practices;
    fixture.append(a, 3).await;
    let newest = fixture.stored(a).await[1].clone();
    fixture.objects.delete(&address(&fixture, 6).await).await.unwrap();
    let mut exporter = fixture.exporter();
    exporter.round(false).await.unwrap();
    fixture.objects.put(&newest.address.to_string().into(), newest.note.into()).await.unwrap();
    fixture.pass(599_000);
    exporter.round(true).await.unwrap();
    assert_eq!(faults(&exporter), [Fault::Lost { stored: 3, written: 6 }]);
    fixture.pass(1_000);
    exporter.round(false).await.unwrap();
    assert_eq!(faults(&exporter), []);
    assert_eq!(fixture.verified(a).await, 9);
}

#[tokio::test]
async fn a_new_key_continues_what_the_one_before_signed() {
    let fixture = checkpointed().await;
    let [a, b] = fixture.practices;
    fixture.append(a, 1).await;
    fixture.append(b, 1).await;
    let new = Signer::new(NAME, &[8; 32]).unwrap();
    let store = || Store::new(Arc::clone(&fixture.objects));
    let mut exporter = fixture.exporter_with(store(), Keys::new(Signer::new(NAME, &[8; 32]).unwrap()));
    exporter.round(false).await.unwrap();
    assert!(matches!(faults(&exporter)[..], [Fault::Refused { .. }, Fault::Refused { .. }]));
    drop(exporter);
    wait_for_release(&fixture).await;
    let keys = format!("{}\n{}", new.to_text(&[8; 32]), verifier()).parse().unwrap();
    let mut exporter = fixture.exporter_with(store(), keys);
    exporter.round(false).await.unwrap();
    assert_eq!(faults(&exporter), []);
    let newest = fixture.stored(a).await.pop().unwrap();
    let both = [verifier(), new.verifier().clone()];
    assert_eq!(open(std::str::from_utf8(&newest.note).unwrap(), &both[1..]).unwrap().size, 7);
}
