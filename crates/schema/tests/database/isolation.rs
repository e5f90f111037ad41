//! What each role reaches across practices, and what it does not; `matrix.rs` tries every statement within them.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::rows::{A, B, CHAIN, LINK, NIL, fill};
use crate::support::{Database, line, lines, refused, run};

struct Table {
    name: String,
    key: String,
    rights: Vec<String>,
}

impl Table {
    fn may(&self, right: &str) -> bool {
        self.rights.iter().any(|r| r == right)
    }
}

/// The tenant tables and what the role may do with them.
async fn tables(conn: &mut AsyncPgConnection, role: &str) -> Vec<Table> {
    let rows = lines(
        conn,
        &format!(
            "SELECT concat_ws(' ', c.oid::regclass, CASE c.oid::regclass::text WHEN 'tenancy.practices' THEN 'id' ELSE 'practice_id' END,
               (SELECT string_agg(r, ' ') FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) r
                WHERE has_any_column_privilege('{role}', c.oid, CASE r WHEN 'DELETE' THEN 'SELECT' ELSE r END)
                  AND (r <> 'DELETE' OR has_table_privilege('{role}', c.oid, 'DELETE')))) AS line
             FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relrowsecurity ORDER BY 1"
        ),
    )
    .await;
    let tables: Vec<Table> = rows
        .iter()
        .map(|row| {
            let mut words = row.split(' ').map(str::to_owned);
            Table { name: words.next().unwrap(), key: words.next().unwrap(), rights: words.collect() }
        })
        .collect();
    assert!(tables.len() >= 24, "{}", tables.len());
    tables
}

async fn filled() -> (Database, AsyncPgConnection) {
    let database = Database::migrated().await;
    let mut migrator = database.connect("claims_migrator").await;
    fill(&mut migrator).await;
    (database, migrator)
}

async fn enter(conn: &mut AsyncPgConnection, practice: &str) {
    run(conn, &format!("BEGIN; SELECT tenancy.enter('{practice}', 5000)")).await;
}

#[tokio::test]
async fn every_tenant_table_has_a_row_of_each_practice_to_be_kept_apart() {
    let (_database, mut migrator) = filled().await;
    for table in tables(&mut migrator, "claims_app").await {
        let count = format!("SELECT count(DISTINCT {})::text AS line FROM {}", table.key, table.name);
        let expected = match table.name.as_str() {
            "tenancy.service_grants" => "1",
            "audit.heads" => "3",
            _ => "2",
        };
        assert_eq!(line(&mut migrator, &count).await, expected, "{}", table.name);
    }
}

#[tokio::test]
async fn nobody_enters_no_practice() {
    let mut app = Database::migrated().await.connect("claims_app").await;
    assert!(refused(&mut app, "SELECT tenancy.enter(NULL, 1000)").await.contains("syntax error"));
}

#[tokio::test]
async fn a_new_practice_gets_its_heads_however_it_was_inserted() {
    let (database, mut migrator) = filled().await;
    let mut app = database.connect("claims_app").await;
    let c = "018f0000-0000-7000-8000-00000000000c";
    enter(&mut app, c).await;
    let insert = format!(
        "INSERT INTO tenancy.practices (id, name, npi, tax_id, address_line1, city, state, zip_code)
         VALUES ('{c}', 'C', '1999999984', '123456789', '1 Way', 'Boston', 'MA', '021180001')"
    );
    run(&mut app, &insert).await;
    for heads in ["feed.heads", "audit.heads"] {
        assert_eq!(line(&mut app, &format!("SELECT last_position::text AS line FROM {heads}")).await, "0");
    }
    run(&mut app, "COMMIT").await;
    // A and B were inserted by the migrator; the nil UUID is the system chain
    let audit = lines(&mut migrator, "SELECT practice_id::text AS line FROM audit.heads ORDER BY 1").await;
    assert_eq!(audit, [NIL, A, B, c]);
    let feed = lines(&mut migrator, "SELECT practice_id::text AS line FROM feed.heads ORDER BY 1").await;
    assert_eq!(feed, [A, B, c]);
}

#[tokio::test]
async fn the_feed_reader_sees_all_practices_events_and_nothing_else() {
    let (database, _migrator) = filled().await;
    let mut feed = database.connect("claims_feed").await;
    for table in ["feed.heads", "feed.events", "feed.cursors"] {
        assert_eq!(line(&mut feed, &format!("SELECT count(*)::text AS line FROM {table}")).await, "2", "{table}");
    }
    for table in tables(&mut feed, "claims_feed").await {
        let read = ["feed.heads", "feed.events", "feed.cursors"].contains(&table.name.as_str());
        assert_eq!(table.may("SELECT"), read, "{}", table.name);
        assert_eq!(table.may("INSERT"), table.name == "feed.cursors", "{}", table.name);
    }
}

#[tokio::test]
async fn the_audit_batcher_adds_entries_to_any_practice_and_reads_none() {
    let (database, _migrator) = filled().await;
    let mut audit = database.connect("claims_audit").await;
    for practice in [A, B, NIL] {
        run(
            &mut audit,
            &format!(
                "WITH h AS (UPDATE audit.heads SET last_position = last_position + 1 WHERE practice_id = '{practice}' RETURNING last_position)
                 INSERT INTO audit.entries (practice_id, position, recorded_at, actor_kind, action, outcome, resource_type, {CHAIN})
                 SELECT '{practice}', last_position, '2026-11-23Z', 'system', 'view', 'allowed', 'patient', {LINK} FROM h"
            ),
        )
        .await;
    }
    assert!(refused(&mut audit, "SELECT count(*) FROM audit.entries").await.contains("permission denied"));
    assert!(refused(&mut audit, "SELECT count(*) FROM clinical.patients").await.contains("permission denied"));
}

#[tokio::test]
async fn the_archiver_reads_the_audit_log_of_all_practices_and_changes_none_of_it() {
    let (database, _migrator) = filled().await;
    let mut archiver = database.connect("claims_archiver").await;
    for table in ["entries", "heads", "checkpoints", "archive_checks"] {
        let sql = format!(
            "SELECT DISTINCT practice_id::text AS line FROM audit.{table} WHERE practice_id <> '{NIL}' ORDER BY 1"
        );
        assert_eq!(lines(&mut archiver, &sql).await, [A, B], "{table}");
    }
    run(&mut archiver, "UPDATE audit.checkpoints SET exported_at = '2026-11-24Z'").await;
    for sql in [
        "UPDATE audit.heads SET last_position = 0",
        "DELETE FROM audit.checkpoints",
        "UPDATE audit.checkpoints SET practice_id = practice_id",
        "UPDATE audit.entries SET attempts = 2",
        "INSERT INTO audit.archive_checks SELECT * FROM audit.archive_checks",
        "INSERT INTO audit.entries SELECT * FROM audit.entries",
        "SELECT count(*) FROM clinical.patients",
    ] {
        assert!(refused(&mut archiver, sql).await.contains("permission denied"), "{sql}");
    }
}

#[tokio::test]
async fn the_summaries_reader_stands_in_one_practice_too() {
    let (database, _migrator) = filled().await;
    let mut reader = database.connect("claims_analytics").await;
    assert!(refused(&mut reader, "SELECT * FROM analytics.practice_summaries").await.contains("unrecognized"));
    enter(&mut reader, A).await;
    let seen = lines(&mut reader, "SELECT practice_id::text AS line FROM analytics.practice_summaries").await;
    assert_eq!(seen, [A]);
    assert!(refused(&mut reader, "SELECT count(*) FROM claims.claims").await.contains("permission denied"));
}

#[tokio::test]
async fn the_owner_sees_no_tenants_rows() {
    let (_database, mut migrator) = filled().await;
    run(&mut migrator, "SET ROLE claims_owner").await;
    for table in ["clinical.patients", "claims.claims", "audit.entries", "feed.events", "ops.requests"] {
        assert_eq!(line(&mut migrator, &format!("SELECT count(*)::text AS line FROM {table}")).await, "0", "{table}");
    }
}

#[tokio::test]
async fn what_is_only_added_to_cant_be_changed_by_the_migrator_either() {
    let (_database, mut migrator) = filled().await;
    for table in ["audit.entries", "feed.events"] {
        for change in [
            format!("UPDATE {table} SET practice_id = practice_id"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
        ] {
            assert!(refused(&mut migrator, &change).await.contains("rows are only ever added"), "{change}");
        }
    }
    assert!(migrator.batch_execute("TRUNCATE audit.entries_default").await.is_err());
}
