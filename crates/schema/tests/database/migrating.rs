//! Migrations go up and down and up again, alone and in company, and leave nothing behind.

use diesel_async::SimpleAsyncConnection;
use schema::migrate;

use crate::dump::dump;
use crate::support::{Database, line, run};

#[tokio::test]
async fn up_down_up_gives_the_same_schema_and_down_leaves_nothing() {
    let database = Database::empty().await;
    let mut conn = database.connect("claims_migrator").await;
    let empty = dump(&mut conn).await;
    let all = migrate::pending(&mut conn).await.unwrap();
    assert!(all.len() >= 9, "{all:?}");

    assert_eq!(migrate::up(&mut conn).await.unwrap(), all);
    assert_eq!(migrate::pending(&mut conn).await.unwrap(), [""; 0]);
    assert_eq!(migrate::up(&mut conn).await.unwrap(), [""; 0]);
    let full = dump(&mut conn).await;

    let mut undone = migrate::down(&mut conn, all.len()).await.unwrap();
    undone.reverse();
    assert_eq!(undone, all);
    same(&empty, &dump(&mut conn).await);

    assert_eq!(migrate::up(&mut conn).await.unwrap(), all);
    same(&full, &dump(&mut conn).await);
}

#[tokio::test]
async fn each_migration_undoes_exactly_itself() {
    let mut conn = Database::empty().await.connect("claims_migrator").await;
    let all = migrate::up(&mut conn).await.unwrap();
    let full = dump(&mut conn).await;
    for count in 1..=all.len() {
        let undone = migrate::down(&mut conn, count).await.unwrap();
        assert_eq!(undone.len(), count);
        let ran = migrate::up(&mut conn).await.unwrap();
        assert_eq!(ran, all[all.len() - count..]);
        same(&full, &dump(&mut conn).await);
    }
}

#[tokio::test]
async fn of_two_starters_one_migrates_and_the_other_finds_nothing_to_do() {
    let database = Database::empty().await;
    let (mut a, mut b) = (database.connect("claims_migrator").await, database.connect("claims_migrator").await);
    let (a, b) = tokio::join!(migrate::up(&mut a), migrate::up(&mut b));
    let mut counts = [a.unwrap().len(), b.unwrap().len()];
    counts.sort_unstable();
    assert_eq!(counts[0], 0);
    assert!(counts[1] >= 9);
}

#[tokio::test]
async fn a_failing_statement_is_named_by_file_and_line_and_its_migration_undone() {
    let database = Database::empty().await;
    let mut conn = database.connect("claims_migrator").await;
    run(&mut conn, "SET ROLE claims_owner; CREATE SCHEMA audit; RESET ROLE").await;
    let before = dump(&mut conn).await;

    let error = migrate::up(&mut conn).await.unwrap_err();
    let migrate::Error::Statement { migration, file, line: at, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*migration, *file), ("2026-11-23-000100_foundation", "up.sql"));
    let sql = include_str!("../../../../migrations/2026-11-23-000100_foundation/up.sql");
    assert_eq!(sql.lines().nth(at - 1), Some("CREATE SCHEMA audit;"));
    same(&before, &dump(&mut conn).await);

    // the lock and the role are given back, so the same connection can go on
    assert_eq!(line(&mut conn, "SELECT current_user::text AS line").await, "claims_migrator");
    run(&mut conn, "DROP SCHEMA audit").await;
    let mut other = database.connect("claims_migrator").await;
    assert!(migrate::up(&mut other).await.unwrap().len() >= 9);
}

#[tokio::test]
async fn only_members_of_the_owner_can_migrate() {
    let mut conn = Database::empty().await.connect("claims_app").await;
    let error = migrate::up(&mut conn).await.unwrap_err();
    assert_eq!(error.to_string(), "could not become the owner");
}

#[tokio::test]
async fn a_migration_of_a_newer_build_is_not_undone_blindly() {
    let mut conn = Database::migrated().await.connect("claims_migrator").await;
    conn.batch_execute("INSERT INTO public.__diesel_schema_migrations (version) VALUES ('99991231000000')")
        .await
        .unwrap();
    let error = migrate::down(&mut conn, 1).await.unwrap_err();
    assert!(matches!(error, migrate::Error::Unknown(version) if version == "99991231000000"));
    assert_eq!(migrate::up(&mut conn).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn the_roles_can_be_set_up_again() {
    let database = Database::migrated().await;
    let mut conn = database.connect("postgres").await;
    let before = dump(&mut conn).await;
    run(&mut conn, include_str!("../../../../deploy/roles.sql")).await;
    same(&before, &dump(&mut conn).await);
}

/// Says what differs instead of printing two whole schemas.
fn same(expected: &[String], found: &[String]) {
    let missing: Vec<_> = expected.iter().filter(|line| !found.contains(line)).collect();
    let extra: Vec<_> = found.iter().filter(|line| !expected.contains(line)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:#?}\nextra: {extra:#?}");
}
