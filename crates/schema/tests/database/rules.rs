//! The rules every migration obeys (data model, 1 to 9), each a question to the catalog that lists what breaks it.
//!
//! Each comes with something that breaks it, so that a rule that can't see is found out. The lists of exceptions may
//! only shrink.

mod access;
mod keys;
mod shape;

use crate::support::{Database, lines, run};

/// What every rule may lean on; in front of each query.
const VOCABULARY: &str = "
    WITH ours AS (
      SELECT c.oid, c.oid::regclass::text AS name, c.relkind, c.relispartition, c.relrowsecurity, c.relforcerowsecurity, c.relacl,
        c.relowner, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'practice_id') AS has_practice
      FROM pg_class c
      WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace::regnamespace::text
        NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relname <> '__diesel_schema_migrations'
    ), tenant AS (
      SELECT ours.*, CASE name WHEN 'tenancy.practices' THEN 'id' ELSE 'practice_id' END AS key
      FROM ours WHERE relkind IN ('r', 'p') AND NOT relispartition AND (has_practice OR name = 'tenancy.practices')
    )";

pub(crate) struct Rule {
    name: &'static str,
    /// Answers one `line` per violation, in terms of `ours` and `tenant`.
    violations: &'static str,
    /// Statements that break the rule.
    bad: &'static str,
    /// What the report must name then.
    reports: &'static str,
}

fn rules() -> impl Iterator<Item = &'static Rule> {
    access::RULES.iter().chain(keys::RULES).chain(shape::RULES)
}

#[tokio::test]
async fn the_schema_obeys_every_rule() {
    let mut conn = Database::migrated().await.connect("postgres").await;
    for rule in rules() {
        let found = lines(&mut conn, &format!("{VOCABULARY} {}", rule.violations)).await;
        assert!(found.is_empty(), "{}: {found:#?}", rule.name);
    }
}

#[tokio::test]
async fn every_rule_reports_what_breaks_it() {
    let mut conn = Database::migrated().await.connect("postgres").await;
    for rule in rules() {
        run(&mut conn, &format!("BEGIN; {}", rule.bad)).await;
        let found = lines(&mut conn, &format!("{VOCABULARY} {}", rule.violations)).await;
        let reported = found.iter().any(|line| line.contains(rule.reports));
        assert!(reported, "{} does not see {}: {found:?}", rule.name, rule.bad);
        run(&mut conn, "ROLLBACK").await;
    }
}

/// A table that breaks one rule must not be reported for its innocent parts.
#[tokio::test]
async fn a_table_made_by_the_book_breaks_no_rule() {
    let mut conn = Database::migrated().await.connect("claims_migrator").await;
    run(
        &mut conn,
        "SET ROLE claims_owner;
         CREATE TABLE clinical.consents (
           practice_id uuid NOT NULL, id uuid NOT NULL, patient_id uuid NOT NULL, kind text NOT NULL, fee numeric(12,2) NOT NULL,
           version bigint NOT NULL DEFAULT 1, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
           CONSTRAINT consents_pkey PRIMARY KEY (practice_id, id),
           CONSTRAINT consents_patient_fkey FOREIGN KEY (practice_id, patient_id) REFERENCES clinical.patients (practice_id, id),
           CONSTRAINT consents_kind_check CHECK (kind IN ('treatment', 'disclosure')));
         COMMENT ON TABLE clinical.consents IS 'What patients agreed to.';
         COMMENT ON COLUMN clinical.consents.version IS 'Counts updates; the etag.';
         SELECT ops.protect('clinical.consents');
         GRANT SELECT, INSERT, UPDATE ON clinical.consents TO claims_app",
    )
    .await;
    for rule in rules() {
        let found = lines(&mut conn, &format!("{VOCABULARY} {}", rule.violations)).await;
        assert!(found.is_empty(), "{}: {found:#?}", rule.name);
    }
}
