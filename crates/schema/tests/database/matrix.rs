//! Every tenant table of the catalog × every statement × every way to stand in a practice, as every role: a check
//! that is run on a database and tells what it found. It finds nothing in ours, and something in each broken one.

use std::fmt::Write;

use diesel_async::AsyncPgConnection;
use futures_util::StreamExt;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::rows::{A, B, fill};
use crate::support::{Database, line, lines, run};

/// Names no practice.
const ABSENT: &str = "018f0000-0000-7000-8000-0000000000ff";
const ROLES: [&str; 6] =
    ["claims_app", "claims_analytics", "claims_feed", "claims_audit", "claims_archiver", "claims_owner"];

/// What the row-level security of a role spans all practices for: reads, writes, inserts, deletes. May only shrink.
const ACROSS: [(&str, &str, &str); 20] = [
    ("claims_feed", "feed.heads", "r"),
    ("claims_feed", "feed.events", "r"),
    ("claims_feed", "feed.cursors", "rwi"),
    ("claims_audit", "audit.heads", "rw"),
    ("claims_audit", "audit.entries", "i"),
    ("claims_archiver", "audit.heads", "r"),
    ("claims_archiver", "audit.entries", "r"),
    ("claims_archiver", "audit.checkpoints", "rwi"),
    ("claims_archiver", "audit.archive_checks", "r"),
    // for the functions that answer what has no tenant; nobody logs in as the owner
    ("claims_owner", "tenancy.practices", "r"),
    ("claims_owner", "tenancy.memberships", "r"),
    ("claims_owner", "tenancy.service_grants", "rwid"),
    ("claims_owner", "tenancy.break_glasses", "r"),
    ("claims_owner", "claims.claim_numbers", "r"),
    ("claims_owner", "claims.interchanges", "r"),
    ("claims_owner", "feed.heads", "i"),
    ("claims_owner", "audit.heads", "i"),
    ("claims_owner", "feed.cursors", "rwid"),
    // numbers that payers quote are unique everywhere: random ones, and those of a sequence
    ("claims_app", "claims.claim_numbers", "u"),
    ("claims_app", "claims.interchanges", "u"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    Own,
    Foreign,
    Unset,
    Empty,
    Garbage,
}

const SETTINGS: [Setting; 5] = [Setting::Own, Setting::Foreign, Setting::Unset, Setting::Empty, Setting::Garbage];

/// A table, and the row of B in it.
struct Table {
    name: String,
    key: String,
    columns: String,
    primary: String,
    /// What COPY reads; of a partitioned table it would read the empty parent alone.
    copied: String,
    row: String,
}

/// A statement, by the letter of what it does.
struct Statement {
    name: &'static str,
    does: char,
    sql: String,
}

/// What a statement came to: keys of the rows that it showed and how many it touched, or how it was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ended {
    Done { keys: Vec<String>, touched: u64 },
    Refused(String),
}

#[derive(Debug, Default)]
struct Report {
    cells: usize,
    findings: Vec<String>,
}

/// Tries everything with the tables whose name begins so, in a database that [`fill`] has filled.
async fn examine(database: &Database, prefix: &str) -> Report {
    let mut migrator = database.connect("claims_migrator").await;
    let mut report = Report::default();
    let tables = tables(&mut migrator, prefix).await;
    for role in ROLES {
        // a connection that was ever in a practice is never again one without a setting
        let (never, used) = (Seat::take(database, role).await, Seat::take(database, role).await);
        for table in &tables {
            let column = updatable(&mut migrator, role, table).await;
            for setting in SETTINGS {
                let seat = if setting == Setting::Unset { &never } else { &used };
                for statement in statements(table, &column, B) {
                    report.cells += 1;
                    if is_across(role, &table.name, statement.does) {
                        continue;
                    }
                    let ended = attempt(seat, setting, &statement.sql).await;
                    let mut fault = judge(role, setting, &statement, &ended).map(str::to_owned);
                    if fault.is_none() && setting == Setting::Foreign && role != "claims_owner" {
                        fault = differs(seat, table, &column, &statement, &ended).await;
                    }
                    if let Some(fault) = fault {
                        let what = format!("{role} {} {} {setting:?}: {fault}: {ended:?}", table.name, statement.name);
                        report.findings.push(what);
                    }
                }
            }
            if role == "claims_app" && !is_across(role, &table.name, 'u') {
                report.cells += 1;
                report.findings.extend(discloses(&used, table).await);
            }
        }
        report.findings.extend(remains(&used.conn, role).await);
    }
    report
}

/// A role at a database.
struct Seat<'a> {
    database: &'a Database,
    role: &'static str,
    conn: Client,
}

impl<'a> Seat<'a> {
    async fn take(database: &'a Database, role: &'static str) -> Self {
        Self { database, role, conn: client(database, role).await }
    }
}

async fn client(database: &Database, role: &str) -> Client {
    if role == "claims_owner" {
        let client = database.client("claims_migrator").await;
        client.batch_execute("SET ROLE claims_owner").await.unwrap();
        return client;
    }
    database.client(role).await
}

async fn tables(migrator: &mut AsyncPgConnection, prefix: &str) -> Vec<Table> {
    let rows = lines(
        migrator,
        &format!(
            "SELECT concat_ws('|', c.oid::regclass, CASE c.oid::regclass::text WHEN 'tenancy.practices' THEN 'id' ELSE 'practice_id' END,
               (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute a
                WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''),
               (SELECT conname FROM pg_constraint k WHERE k.conrelid = c.oid AND contype = 'p'),
               CASE c.relkind WHEN 'p' THEN '(SELECT practice_id FROM ' || c.oid::regclass || ')' ELSE c.oid::regclass::text END) AS line
             FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.oid::regclass::text LIKE '{prefix}%'
               AND (c.oid::regclass::text = 'tenancy.practices' OR EXISTS (
                 SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'practice_id' AND NOT attisdropped))
             ORDER BY 1"
        ),
    )
    .await;
    let mut tables = Vec::new();
    for row in rows {
        let [name, key, columns, primary, copied] = row.split('|').collect::<Vec<_>>().try_into().unwrap();
        // a grant is of A only
        let row = format!(
            "SELECT replace(to_jsonb(t)::text, '{A}', '{B}') AS line FROM {name} t WHERE {key} IN ('{A}', '{B}') ORDER BY {key} DESC LIMIT 1"
        );
        let row = line(migrator, &row).await;
        let [name, key, columns, primary, copied] = [name, key, columns, primary, copied].map(str::to_owned);
        tables.push(Table { name, key, columns, primary, copied, row });
    }
    tables
}

/// A column that the role may change, or the key where there is none.
async fn updatable(migrator: &mut AsyncPgConnection, role: &str, table: &Table) -> String {
    let sql = format!(
        "SELECT coalesce((SELECT attname::text FROM pg_attribute WHERE attrelid = '{name}'::regclass AND attnum > 0
           AND NOT attisdropped AND attgenerated = '' AND has_column_privilege('{role}', attrelid, attnum, 'UPDATE')
           ORDER BY attname = '{key}', attnum LIMIT 1), '{key}') AS line",
        name = table.name,
        key = table.key
    );
    line(migrator, &sql).await
}

/// All that can be done to the rows of a practice.
fn statements(table: &Table, column: &str, target: &str) -> Vec<Statement> {
    let Table { name, key, columns, primary, copied, row } = table;
    let row = row.replace(B, target);
    let record = format!("jsonb_populate_record(NULL::{name}, $row${row}$row$)");
    let insert = format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {record}");
    let merge = format!(
        "MERGE INTO {name} t USING (VALUES ('{target}'::uuid)) s (target) ON t.{key} = s.target WHEN MATCHED THEN"
    );
    let values = columns.split(", ").map(|column| format!("s.{column}")).collect::<Vec<_>>().join(", ");
    [
        ("SELECT", 'r', format!("SELECT {key}::text FROM {name}")),
        ("SELECT by key", 'r', format!("SELECT {key}::text FROM {name} WHERE {key} = '{target}'")),
        ("SELECT FOR UPDATE", 'r', format!("SELECT {key}::text FROM {name} FOR UPDATE")),
        ("COPY TO", 'r', format!("COPY {copied} TO STDOUT")),
        ("UPDATE", 'w', format!("UPDATE {name} SET {column} = {column} WHERE {key} = '{target}'")),
        ("UPDATE of the key", 'w', format!("UPDATE {name} SET {key} = '{target}'")),
        ("UPDATE RETURNING", 'w', format!("UPDATE {name} SET {column} = {column} RETURNING {key}::text")),
        ("MERGE UPDATE", 'w', format!("{merge} UPDATE SET {column} = t.{column}")),
        ("INSERT", 'i', insert.clone()),
        ("INSERT RETURNING", 'i', format!("{insert} RETURNING {key}::text")),
        ("INSERT ON CONFLICT DO NOTHING", 'i', format!("{insert} ON CONFLICT DO NOTHING")),
        (
            "INSERT ON CONFLICT DO UPDATE",
            'i',
            format!("{insert} ON CONFLICT ON CONSTRAINT {primary} DO UPDATE SET {column} = EXCLUDED.{column}"),
        ),
        (
            "MERGE INSERT",
            'i',
            format!(
                "MERGE INTO {name} t USING (SELECT * FROM {record}) s ON false
                 WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})"
            ),
        ),
        ("COPY FROM", 'i', format!("COPY {name} ({key}) FROM STDIN")),
        ("DELETE", 'd', format!("DELETE FROM {name} WHERE {key} = '{target}'")),
        ("DELETE RETURNING", 'd', format!("DELETE FROM {name} RETURNING {key}::text")),
        ("MERGE DELETE", 'd', format!("{merge} DELETE")),
    ]
    .map(|(name, does, sql)| Statement { name, does, sql })
    .into()
}

fn is_across(role: &str, table: &str, does: char) -> bool {
    ACROSS.iter().any(|(r, t, d)| *r == role && *t == table && d.contains(does))
}

/// Runs a statement about B's rows in a transaction that leaves nothing.
async fn attempt(seat: &Seat<'_>, setting: Setting, sql: &str) -> Ended {
    // one that is let in waits for rows, and is not to be talked to any more
    let own;
    let is_copy = sql.ends_with("FROM STDIN");
    let conn = if is_copy {
        own = client(seat.database, seat.role).await;
        &own
    } else {
        &seat.conn
    };
    let enter = match setting {
        Setting::Own => format!("SET LOCAL app.practice_id = '{B}'"),
        Setting::Foreign => format!("SET LOCAL app.practice_id = '{A}'"),
        Setting::Unset => String::new(),
        Setting::Empty => "SET LOCAL app.practice_id = ''".to_owned(),
        Setting::Garbage => "SET LOCAL app.practice_id = 'x'' OR true'".to_owned(),
    };
    conn.batch_execute(&format!("BEGIN; {enter}")).await.unwrap();
    let ended = match ended(conn, sql).await {
        Ok(ended) => ended,
        Err(error) => match error.as_db_error() {
            Some(told) => Ended::Refused(format!("{} {}", told.message(), told.detail().unwrap_or_default())),
            None if is_copy => return Ended::Done { keys: Vec::new(), touched: 1 },
            None => panic!("{error}: {sql}"),
        },
    };
    conn.batch_execute("ROLLBACK").await.unwrap();
    ended
}

async fn ended(conn: &Client, sql: &str) -> Result<Ended, tokio_postgres::Error> {
    if sql.ends_with("TO STDOUT") {
        let mut rows = std::pin::pin!(conn.copy_out(sql).await?);
        let mut text = String::new();
        while let Some(row) = rows.next().await {
            text.push_str(std::str::from_utf8(&row?).unwrap());
        }
        return Ok(Ended::Done { keys: text.lines().map(keyed).collect(), touched: 0 });
    }
    let (mut keys, mut touched) = (Vec::new(), 0);
    for message in conn.simple_query(sql).await? {
        match message {
            SimpleQueryMessage::Row(row) => keys.push(row.get(0).unwrap_or("NULL").to_owned()),
            SimpleQueryMessage::CommandComplete(rows) => touched = rows,
            SimpleQueryMessage::RowDescription(_) | _ => {}
        }
    }
    Ok(Ended::Done { keys, touched })
}

/// The practice that a line of a copied row names first: of A or B, whatever column comes first.
fn keyed(line: &str) -> String {
    [A, B].into_iter().find(|practice| line.contains(practice)).unwrap_or(line).to_owned()
}

/// What is wrong with how it ended, if anything.
fn judge(role: &str, setting: Setting, statement: &Statement, ended: &Ended) -> Option<&'static str> {
    let is_policy = |text: &str| {
        text.contains("row-level security") || text.contains("COPY FROM not supported with row-level security")
    };
    match (setting, ended) {
        (_, Ended::Refused(text)) if text.starts_with("permission denied") => None,
        // no policy lets the owner do anything
        _ if role == "claims_owner" => match ended {
            Ended::Done { keys, touched } => (!keys.is_empty() || *touched > 0).then_some("the owner reaches rows"),
            Ended::Refused(text) => (!is_policy(text)).then_some("the owner is refused by something else"),
        },
        (Setting::Unset, Ended::Refused(text)) => {
            let fits = text.contains("unrecognized configuration parameter") || text.starts_with("COPY FROM not");
            (!fits).then_some("refused, but not for the missing practice")
        }
        (Setting::Empty | Setting::Garbage, Ended::Refused(text)) => {
            let fits = text.contains("invalid input syntax for type uuid") || text.starts_with("COPY FROM not");
            (!fits).then_some("refused, but not for the useless practice")
        }
        (Setting::Unset | Setting::Empty | Setting::Garbage, Ended::Done { .. }) => Some("runs without a practice"),
        (Setting::Foreign, Ended::Refused(text)) => (!is_policy(text)).then_some("refused, but not by the policy"),
        (Setting::Foreign, Ended::Done { keys, touched }) => {
            let reaches_all = ["SELECT", "SELECT FOR UPDATE", "COPY TO"].contains(&statement.name)
                || statement.name.ends_with(" RETURNING") && statement.does != 'i';
            if keys.iter().any(|key| key != A) {
                Some("shows rows of others")
            } else {
                (!reaches_all && *touched > 0).then_some("touches rows of others")
            }
        }
        (Setting::Own, Ended::Refused(text)) => {
            let is_tight = is_policy(text) && statement.name != "COPY FROM";
            is_tight.then_some("the policy refuses the own practice")
        }
        (Setting::Own, Ended::Done { keys, touched }) => {
            let shows = statement.does == 'r' || statement.name.ends_with(" RETURNING");
            if shows && keys != &[B] {
                Some("does not show exactly the own row")
            } else {
                (!shows && statement.does != 'i' && *touched != 1).then_some("does not reach the own row")
            }
        }
    }
}

/// Whether rows of a foreign practice are refused otherwise than those of one that there is not.
async fn differs(
    seat: &Seat<'_>,
    table: &Table,
    column: &str,
    statement: &Statement,
    foreign: &Ended,
) -> Option<String> {
    let absent = statements(table, column, ABSENT).into_iter().find(|other| other.name == statement.name)?;
    let absent = attempt(seat, Setting::Foreign, &absent.sql).await;
    let is_same = match (foreign, &absent) {
        (Ended::Refused(foreign), Ended::Refused(absent)) => *foreign == absent.replace(ABSENT, B),
        _ => *foreign == absent,
    };
    (!is_same).then(|| format!("differs from an absent practice, {absent:?}"))
}

/// Whether an own row that shares or names what is B's is answered otherwise than one that names nothing.
async fn discloses(seat: &Seat<'_>, table: &Table) -> Option<String> {
    let Table { name, key, columns, .. } = table;
    let mut ends = Vec::new();
    for (id, n) in [(B, "B"), (ABSENT, "Z")] {
        let row = table.row.replace(B, id).replace("AAAAAAAAAAAB", &format!("AAAAAAAAAAA{n}"));
        let owned = format!("'{A}'::uuid AS {key}");
        let selected = columns.replacen(key.as_str(), &owned, 1);
        let insert = format!(
            "INSERT INTO {name} ({columns}) SELECT {selected} FROM jsonb_populate_record(NULL::{name}, $row${row}$row$)"
        );
        ends.push(match attempt(seat, Setting::Foreign, &insert).await {
            Ended::Refused(text) => {
                Ended::Refused(text.replace(id, "").replace("AAAAAAAAAAAB", "").replace("AAAAAAAAAAAZ", ""))
            }
            done => done,
        });
    }
    (ends.first() != ends.last()).then(|| format!("claims_app {name} INSERT of what others have: discloses: {ends:?}"))
}

/// What a finished transaction leaves behind.
async fn remains(conn: &Client, role: &str) -> Option<String> {
    if let Err(_not_granted) = conn.batch_execute(&format!("BEGIN; SELECT tenancy.enter('{A}', 1000); COMMIT")).await {
        conn.batch_execute("ROLLBACK").await.unwrap();
        return None;
    }
    let left = "SELECT current_setting('app.practice_id', true), current_setting('statement_timeout')";
    let rows = conn.simple_query(left).await.unwrap();
    let mut values = String::new();
    for message in &rows {
        if let SimpleQueryMessage::Row(row) = message {
            write!(values, "{} {}", row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default()).unwrap();
        }
    }
    (values != " 0").then(|| format!("{role} tenancy.enter: {values:?} remains after the transaction"))
}

async fn filled() -> Database {
    let database = Database::migrated().await;
    fill(&mut database.connect("claims_migrator").await).await;
    database
}

#[tokio::test]
async fn no_statement_of_any_role_reaches_a_row_of_another_practice() {
    let begun = std::time::Instant::now();
    let report = examine(&filled().await, "").await;
    println!("{} cells in {:.1?}", report.cells, begun.elapsed());
    assert!(report.findings.is_empty(), "{} findings: {:#?}", report.findings.len(), report.findings);
    assert!(report.cells > 12_000, "{}", report.cells);
}

/// Each breaks one guard, and must be found in these words.
const BREAKS: [(&str, &str); 12] = [
    ("ALTER TABLE clinical.patients DISABLE ROW LEVEL SECURITY", "claims_app clinical.patients SELECT Foreign"),
    ("ALTER TABLE clinical.patients NO FORCE ROW LEVEL SECURITY", "the owner reaches rows"),
    ("DROP POLICY tenant ON clinical.patients", "does not show exactly the own row"),
    ("ALTER POLICY tenant ON clinical.patients USING (true)", "shows rows of others"),
    ("ALTER POLICY tenant ON clinical.patients WITH CHECK (true)", "claims_app clinical.patients INSERT Foreign"),
    (
        "ALTER POLICY tenant ON clinical.patients USING (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid)",
        "claims_app clinical.patients SELECT Unset: runs without a practice",
    ),
    (
        "CREATE POLICY peek ON clinical.patients FOR SELECT TO claims_app USING (true)",
        "COPY TO Foreign: shows rows of others",
    ),
    ("CREATE POLICY wide ON clinical.patients FOR INSERT TO claims_app WITH CHECK (true)", "MERGE INSERT Foreign"),
    ("CREATE UNIQUE INDEX ON clinical.patients (id)", "INSERT of what others have: discloses"),
    (
        "GRANT SELECT ON clinical.patients TO claims_feed; GRANT USAGE ON SCHEMA clinical TO claims_feed;
         CREATE POLICY peek ON clinical.patients FOR SELECT TO claims_feed USING (true)",
        "claims_feed clinical.patients SELECT Foreign: shows rows of others",
    ),
    (
        "ALTER TABLE clinical.patients DROP CONSTRAINT patients_pkey CASCADE; ALTER TABLE clinical.patients ADD CONSTRAINT patients_pkey PRIMARY KEY (id)",
        "discloses",
    ),
    (
        "CREATE OR REPLACE FUNCTION tenancy.enter(practice uuid, timeout_ms integer) RETURNS void LANGUAGE sql
         AS $$ SELECT set_config('app.practice_id', $1::text, false) $$",
        "remains after the transaction",
    ),
];

#[tokio::test]
async fn the_matrix_reports_every_guard_that_is_broken() {
    for (sql, reports) in BREAKS {
        let database = filled().await;
        run(&mut database.connect("postgres").await, sql).await;
        let report = examine(&database, "clinical.patients").await;
        let is_reported = report.findings.iter().any(|finding| finding.contains(reports));
        assert!(is_reported, "{sql} is not reported by {reports:?}: {:#?}", report.findings);
    }
}
