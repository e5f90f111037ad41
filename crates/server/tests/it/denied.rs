//! Calls that are refused again and again: every attempt is on record, in few entries, and none waits for the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Int4, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kernel::Clock;
use therapy_claims::Method;
use therapy_claims::audit::v1 as pb;
use tokio::time::sleep;
use tonic::Code;

use crate::dynamic::{Any, rpcs};
use crate::harness::{Practice, TestServer};

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, QueryableByName)]
struct Told {
    #[diesel(sql_type = Array<Int4>)]
    attempts: Vec<i32>,
}

/// The attempts that the entries of denials at a method stand for, in order.
async fn attempts(db: &mut AsyncPgConnection, path: &str) -> Vec<i32> {
    let sql = "SELECT coalesce(array_agg(attempts ORDER BY attempts), '{}') AS attempts FROM audit.entries \
               WHERE method = $1 AND outcome = 'denied'";
    diesel::sql_query(sql).bind::<Text, _>(path).get_result::<Told>(db).await.unwrap().attempts
}

async fn until(db: &mut AsyncPgConnection, path: &str, expected: &[i32]) {
    let end = Instant::now() + PATIENCE;
    loop {
        let found = attempts(db, path).await;
        if found == expected {
            return;
        }
        assert!(Instant::now() < end, "{found:?} instead of {expected:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn method(name: &str) -> &'static Method {
    rpcs().into_iter().find(|(method, _input)| method.path.ends_with(name)).unwrap().0
}

/// Somebody at the front desk asks for the audit log so many times.
async fn ask(any: &Any, practice: &Practice, times: usize) {
    let [_, _, _, front_desk] = &practice.tokens;
    for _time in 0..times {
        let answer = any.with(front_desk, &practice.id).call(method("/ListEntries"), Vec::new(), "denied").await;
        assert_eq!((answer.code(), answer.reason().as_str()), (Code::PermissionDenied, "PERMISSION_MISSING"));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the trail is read past the server")]
async fn repeated_denials_are_counted_into_an_entry_a_minute_and_the_last_ones_at_the_end() {
    let ahead = Arc::new(AtomicI64::new(0));
    let clock = {
        let ahead = Arc::clone(&ahead);
        Clock::from_fn(move || Clock::system().now() + TimeDelta::seconds(AtomicI64::load(&ahead, Ordering::Relaxed)))
    };
    let server = TestServer::start_at(clock).await;
    let practice = server.practice("denied").await;
    let any = Any::connect(&server.endpoint).await;
    let mut db = AsyncPgConnection::establish(&server.db.url_as("claims_migrator")).await.unwrap();
    let path = method("/ListEntries").path;
    ask(&any, &practice, 1).await;
    until(&mut db, path, &[1]).await;
    ask(&any, &practice, 30).await;
    assert_eq!(attempts(&mut db, path).await, [1]);
    ahead.fetch_add(61, Ordering::Relaxed);
    until(&mut db, path, &[1, 30]).await;

    // the admin finds them, in the own practice
    let request = pb::ListEntriesRequest { outcome: pb::AuditOutcome::Denied.into(), ..Default::default() };
    let found = practice.admin.audit().list_entries(request).await.unwrap().into_inner().entries;
    assert_eq!(found.iter().map(|entry| entry.attempts).collect::<Vec<_>>(), [30, 1]);
    assert!(found.iter().all(|entry| entry.acting_role == "self" && !entry.accessed_phi), "{found:?}");

    ask(&any, &practice, 5).await;
    drop(db);
    let left = server.stop().await;
    let mut db = AsyncPgConnection::establish(&left.url_as("claims_migrator")).await.unwrap();
    assert_eq!(attempts(&mut db, path).await, [1, 5, 30]);
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "holds the log up past the server")]
async fn a_denial_does_not_wait_for_the_log() {
    let server = TestServer::start().await;
    let practice = server.practice("denied").await;
    let any = Any::connect(&server.endpoint).await;
    let mut db = AsyncPgConnection::establish(&server.db.url_as("postgres")).await.unwrap();
    db.batch_execute("BEGIN; LOCK TABLE audit.entries IN ACCESS EXCLUSIVE MODE").await.unwrap();
    // nothing is written as long as the lock is held
    ask(&any, &practice, 1).await;
    let path = method("/ListEntries").path;
    assert_eq!(attempts(&mut db, path).await, [0; 0]);
    db.batch_execute("COMMIT").await.unwrap();
    until(&mut db, path, &[1]).await;
}
