//! Brings a database to the schema this build was made for, and back: one statement at a time.
//!
//! Each statement travels alone, because a distributed database refuses some of them in company. A migration is one
//! transaction, unless its first line is `-- no transaction`. An advisory lock lets one starter work while the others
//! wait and then find nothing to do. The record is diesel's own (`__diesel_schema_migrations`), so its command-line
//! tool reads the same truth. Needs no multi-threaded runtime.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use self::split::statements;
use crate::link::{BadLink, Link};

mod split;

macro_rules! migrations {
    ($($name:literal,)+) => {
        &[$(Migration {
            name: $name,
            up: include_str!(concat!("../../../migrations/", $name, "/up.sql")),
            down: include_str!(concat!("../../../migrations/", $name, "/down.sql")),
        },)+]
    };
}

/// Every migration, oldest first. A new folder under `migrations/` gets its line here; a test compares the two.
const MIGRATIONS: &[Migration] = migrations! {
    "2026-11-23-000100_foundation",
    "2026-11-23-000200_tenancy",
    "2026-11-23-000300_access_functions",
    "2026-11-23-000400_clinical",
    "2026-11-23-000500_claims",
    "2026-11-23-000600_feed",
    "2026-11-23-000700_audit",
    "2026-11-23-000800_analytics",
    "2026-11-23-000900_requests",
    "2026-11-23-001000_session_changes",
    "2026-11-23-001100_request_purge",
    "2026-11-24-000100_identity",
    "2026-11-24-000200_break_glass",
    "2026-11-25-000100_claim_actions",
    "2026-11-25-000200_certificates",
    "2026-11-25-000300_audit_chain",
    "2026-11-25-000400_audit_checkpoints",
    "2026-11-25-000500_token_touch",
    "2026-11-25-000600_chain_step",
    "2026-11-26-000100_audit_archive",
    "2026-11-26-000200_audit_search",
    "2026-11-27-000100_x12",
    "2026-11-27-000200_lifecycle",
    "2026-11-27-000300_payer_terms",
    "2026-11-28-000100_remittances",
    "2026-11-28-000200_batch_resolve",
    "2026-11-28-000400_remittance_queue",
    "2026-11-28-000500_medicare_secondary",
};

/// Of all programs that migrate this database ("claims" in ASCII).
const LOCK: i64 = 0x636c_6169_6d73;
const NO_TRANSACTION: &str = "-- no transaction";
const RECORD: &str = "CREATE TABLE IF NOT EXISTS public.__diesel_schema_migrations (\
    version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)";

struct Migration {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

/// Why the schema is not what it should be. After an error the connection should be closed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Names the statement by its line in the file, never by its text.
    #[error("migration {migration}: the statement at line {line} of {file} failed")]
    Statement { migration: &'static str, file: &'static str, line: usize, source: diesel::result::Error },
    #[error("could not connect to the database that is to be migrated")]
    Connection(#[from] diesel::ConnectionError),
    #[error(transparent)]
    BadLink(#[from] BadLink),
    #[error("could not {doing}")]
    Database { doing: &'static str, source: diesel::result::Error },
    #[error("the database holds migration {0}, which this build does not know: it was migrated by a newer one")]
    Unknown(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Connects as `url` says, which must be as `claims_migrator`, and runs [`up`].
///
/// # Errors
/// When there is no connection, and as [`up`].
pub async fn run(url: &str) -> Result<Vec<&'static str>> {
    up(&mut Link::parse(url)?.connect().await?).await
}

/// Runs what is pending and answers what it ran, oldest first.
///
/// `conn` must be logged in as `claims_migrator`, or as another member of `claims_owner`; its role is reset at the end.
///
/// # Errors
/// When a statement fails: migrations before it stay, its own is undone.
pub async fn up(conn: &mut AsyncPgConnection) -> Result<Vec<&'static str>> {
    begin(conn).await?;
    let ran = up_locked(conn).await;
    end(conn, ran).await
}

/// Undoes the newest `count` migrations and answers which, newest first.
///
/// # Errors
/// When a statement fails, or the newest migration is one this build does not know.
pub async fn down(conn: &mut AsyncPgConnection, count: usize) -> Result<Vec<&'static str>> {
    begin(conn).await?;
    let ran = down_locked(conn, count).await;
    end(conn, ran).await
}

/// What [`run`] would run.
///
/// # Errors
/// When the database can't be reached or asked.
pub async fn pending_at(url: &str) -> Result<Vec<&'static str>> {
    pending(&mut Link::parse(url)?.connect().await?).await
}

/// What [`up`] would run. Takes no lock, changes nothing.
///
/// # Errors
/// When the database can't be asked.
pub async fn pending(conn: &mut AsyncPgConnection) -> Result<Vec<&'static str>> {
    let known: Vec<Version> =
        diesel::sql_query("SELECT coalesce(to_regclass('public.__diesel_schema_migrations')::text, '') AS version")
            .load(conn)
            .await
            .map_err(doing("ask for the record of migrations"))?;
    let done = if known.iter().all(|table| table.version.is_empty()) { Vec::new() } else { applied(conn).await? };
    Ok(MIGRATIONS.iter().filter(|m| !done.contains(&m.version())).map(|m| m.name).collect())
}

async fn up_locked(conn: &mut AsyncPgConnection) -> Result<Vec<&'static str>> {
    let done = applied(conn).await?;
    let mut ran = Vec::new();
    for migration in MIGRATIONS.iter().filter(|m| !done.contains(&m.version())) {
        let record =
            format!("INSERT INTO public.__diesel_schema_migrations (version) VALUES ('{}')", migration.version());
        apply(conn, migration.name, "up.sql", migration.up, &record).await?;
        // for who watches a long one; whoever asked is told by the answer
        tracing::debug!(migration = migration.name, "migrated");
        ran.push(migration.name);
    }
    Ok(ran)
}

async fn down_locked(conn: &mut AsyncPgConnection, count: usize) -> Result<Vec<&'static str>> {
    let mut ran = Vec::new();
    for version in applied(conn).await?.into_iter().rev().take(count) {
        let Some(migration) = MIGRATIONS.iter().find(|m| m.version() == version) else {
            return Err(Error::Unknown(version));
        };
        let record = format!("DELETE FROM public.__diesel_schema_migrations WHERE version = '{version}'");
        apply(conn, migration.name, "down.sql", migration.down, &record).await?;
        tracing::info!(migration = migration.name, "migration undone");
        ran.push(migration.name);
    }
    Ok(ran)
}

/// Runs one file and records it, in one transaction unless the file says otherwise.
async fn apply(
    conn: &mut AsyncPgConnection,
    migration: &'static str,
    file: &'static str,
    sql: &'static str,
    record: &str,
) -> Result<()> {
    let transaction = !sql.starts_with(NO_TRANSACTION);
    if transaction {
        conn.batch_execute("BEGIN").await.map_err(doing("begin a migration"))?;
    }
    for statement in statements(sql) {
        if let Err(source) = conn.batch_execute(statement.text).await {
            return Err(Error::Statement { migration, file, line: statement.line, source });
        }
    }
    conn.batch_execute(record).await.map_err(doing("record a migration"))?;
    if transaction {
        conn.batch_execute("COMMIT").await.map_err(doing("commit a migration"))?;
    }
    Ok(())
}

async fn begin(conn: &mut AsyncPgConnection) -> Result<()> {
    conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})"))
        .await
        .map_err(doing("take the lock of migrations"))?;
    conn.batch_execute("SET ROLE claims_owner").await.map_err(doing("become the owner"))?;
    conn.batch_execute(RECORD).await.map_err(doing("make the record of migrations"))
}

/// Lets go of the lock and the role, whatever happened, and tells what happened.
async fn end<T>(conn: &mut AsyncPgConnection, outcome: Result<T>) -> Result<T> {
    if outcome.is_err() {
        // nothing is open after a failed BEGIN or COMMIT: the server only warns then
        conn.batch_execute("ROLLBACK").await.map_err(doing("roll a migration back"))?;
    }
    let reset = conn.batch_execute("RESET ROLE").await;
    let unlocked = conn.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).await;
    let value = outcome?;
    reset.and(unlocked).map_err(doing("let go of the lock of migrations"))?;
    Ok(value)
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Versions in the record, oldest first.
async fn applied(conn: &mut AsyncPgConnection) -> Result<Vec<String>> {
    let rows: Vec<Version> =
        diesel::sql_query("SELECT version::text AS version FROM public.__diesel_schema_migrations ORDER BY version")
            .load(conn)
            .await
            .map_err(doing("read the record of migrations"))?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

fn doing(doing: &'static str) -> impl FnOnce(diesel::result::Error) -> Error {
    move |source| Error::Database { doing, source }
}

impl Migration {
    /// As diesel makes it from the folder's name: what stands before the first underscore, without hyphens.
    fn version(&self) -> String {
        self.name.split('_').next().unwrap_or_default().replace('-', "")
    }
}

#[cfg(test)]
mod tests;
