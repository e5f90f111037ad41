//! Each test's own database: apart from the others, quick to make, gone afterwards.
#![expect(clippy::disallowed_methods, reason = "looks at the databases from outside, and from many tasks at once")]
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use testkit::TestDb;

#[tokio::test]
async fn databases_are_apart_and_have_the_roles() {
    let (one, two) = tokio::join!(TestDb::new(), TestDb::new());
    let mut owner = connect(&one.url_as("claims_migrator")).await;
    owner.batch_execute("SET ROLE claims_owner; CREATE SCHEMA apart").await.unwrap();
    for (db, count) in [(&one, 1), (&two, 0)] {
        let mut app = connect(&db.url_as("claims_app")).await;
        assert_eq!(
            count_of(&mut app, "pg_class WHERE oid = to_regclass('claims.claims')").await,
            1,
            "the migrations have run"
        );
        assert_eq!(count_of(&mut app, "pg_namespace WHERE nspname = 'apart'").await, count);
        let user: String =
            diesel::select(diesel::dsl::sql::<Text>("current_user::text")).get_result(&mut app).await.unwrap();
        assert_eq!(user, "claims_app");
    }
}

#[tokio::test]
async fn a_dropped_database_is_gone_even_if_somebody_is_connected() {
    let other = TestDb::new().await;
    let db = TestDb::new().await;
    let name = db.name().to_owned();
    let _connected = connect(&db.url_as("claims_app")).await;
    let mut admin = connect(&other.url_as("postgres")).await;
    let there = format!("pg_database WHERE datname = '{name}'");
    assert_eq!(count_of(&mut admin, &there).await, 1);
    drop(db);
    let begun = Instant::now();
    while count_of(&mut admin, &there).await == 1 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn many_are_made_at_once() {
    drop(TestDb::new().await);
    let begun = Instant::now();
    let all: Vec<_> = (0..20).map(|_| tokio::spawn(TestDb::new())).collect();
    for db in all {
        let db = db.await.unwrap();
        connect(&db.url_as("claims_app")).await;
    }
    println!("20 databases at once: {:?}", begun.elapsed());
    let begun = Instant::now();
    let mut worst = Duration::ZERO;
    for _ in 0..20 {
        let one = Instant::now();
        let _db = TestDb::new().await;
        worst = worst.max(one.elapsed());
    }
    println!("20 databases one after the other: {:?}, the slowest {worst:?}", begun.elapsed());
}

#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
async fn connect(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url).await.unwrap()
}

#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
async fn count_of(connection: &mut AsyncPgConnection, rows: &str) -> i64 {
    let count = format!("(SELECT count(*) FROM {rows})");
    diesel::select(diesel::dsl::sql::<BigInt>(&count)).get_result(connection).await.unwrap()
}
