//! The months in the database, what was found good of them, and how one leaves.

use std::collections::{BTreeMap, BTreeSet};

use audit::chain::Hash;
use chrono::{DateTime, Utc};
use kernel::PracticeId;
use tokio_postgres::{Client, Error, Row};
use uuid::Uuid;

use super::{Files, Outcome};
use crate::archive::Month;

/// Of all who detach ("retain" in ASCII).
const LOCK: i64 = 0x7265_7461_696e;

/// A month's table, as part of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    pub month: Month,
    /// Its name in the schema `audit`.
    pub table: String,
}

/// The monthly parts, the oldest first. One whose name and bounds are not of the same month is none.
pub(super) async fn attached(owner: &Client) -> Result<Vec<Partition>, Error> {
    owner.batch_execute("SET TimeZone = 'UTC'").await?;
    let sql = "SELECT c.relname::text, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'audit.entries'::regclass AND c.relnamespace = 'audit'::regnamespace";
    let rows = owner.query(sql, &[]).await?;
    let mut parts: Vec<Partition> = rows.iter().filter_map(part).collect();
    parts.sort_by_key(|part| part.month);
    Ok(parts)
}

fn part(row: &Row) -> Option<Partition> {
    let (table, bounds): (String, String) = (row.get(0), row.get(1));
    let month: Month = table.strip_prefix("entries_")?.replace('_', "-").parse().ok()?;
    let of = format!("FOR VALUES FROM ('{month}-01 00:00:00+00') TO ('{}-01 00:00:00+00')", month.next());
    (bounds == of).then_some(Partition { month, table })
}

/// Writes down what a run found good, and answers its id.
pub(super) async fn record(owner: &Client, at: DateTime<Utc>, files: &Files) -> Result<Uuid, Error> {
    let at = at.to_rfc3339();
    let run: String = owner.query_one("SELECT gen_random_uuid()::text", &[]).await?.get(0);
    let run: Uuid = run.parse().unwrap_or_default();
    let rows = files.iter().map(|((practice, month), file)| {
        let digest = hex::encode(file.digest);
        format!("('{practice}', '{month}-01', '{run}', {}, {}, '\\x{digest}', '{at}')", file.first, file.last)
    });
    let rows: Vec<String> = rows.collect();
    for rows in rows.chunks(1000) {
        let sql = format!(
            "INSERT INTO audit.archive_checks (practice_id, month, run, first_position, last_position, sha256, checked_at)
             VALUES {}",
            rows.join(", ")
        );
        owner.batch_execute(&sql).await?;
    }
    Ok(run)
}

/// What other runs found good, up to then.
pub(super) async fn found_good(
    owner: &Client,
    run: Uuid,
    before: DateTime<Utc>,
) -> Result<BTreeSet<(PracticeId, Month, Hash)>, Error> {
    // the owner sees no tenant's rows; who is asked here must
    owner.batch_execute("SET row_security = off").await?;
    let sql = format!(
        "SELECT practice_id::text, to_char(month, 'YYYY-MM'), sha256 FROM audit.archive_checks
         WHERE run <> '{run}' AND checked_at <= '{}'",
        before.to_rfc3339()
    );
    let rows = owner.query(&sql, &[]).await?;
    let read = |row: &Row| {
        let (practice, month, digest): (&str, &str, &[u8]) = (row.get(0), row.get(1), row.get(2));
        Some((practice.parse().ok()?, month.parse().ok()?, digest.try_into().ok()?))
    };
    Ok(rows.iter().filter_map(read).collect())
}

/// Takes a part out of the log, if each of its rows is in the ranges.
pub(super) async fn detach(
    owner: &Client,
    part: &Partition,
    proven: &BTreeMap<PracticeId, Vec<(i64, i64)>>,
    drop: bool,
) -> Result<Outcome, Error> {
    let table = format!("audit.{}", part.table);
    // who writes waits for it: a moment, or it is given up; CONCURRENTLY there is none, for the default partition's sake
    let begin = format!(
        "BEGIN; SET LOCAL lock_timeout = '3s'; SET LOCAL row_security = off; SELECT pg_advisory_xact_lock({LOCK});
         LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"
    );
    if let Err(error) = owner.batch_execute(&begin).await {
        owner.batch_execute("ROLLBACK").await?;
        return Err(error);
    }
    let left = locked(owner, &table, proven, drop).await;
    let end = if matches!(left, Ok(None)) { "COMMIT" } else { "ROLLBACK" };
    owner.batch_execute(end).await?;
    Ok(match left? {
        None => Outcome::Detached { table },
        Some(why) => Outcome::Waits { why },
    })
}

/// Detaches it, or tells why not.
async fn locked(
    owner: &Client,
    table: &str,
    proven: &BTreeMap<PracticeId, Vec<(i64, i64)>>,
    drop: bool,
) -> Result<Option<String>, Error> {
    let sql = format!("SELECT practice_id::text, min(position), max(position) FROM {table} GROUP BY 1 ORDER BY 1");
    for row in owner.query(&sql, &[]).await? {
        let (practice, first, last): (&str, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let ranges = practice.parse().ok().and_then(|practice: PracticeId| proven.get(&practice));
        if let Err(position) = covered(ranges.map_or(&[], Vec::as_slice), first, last) {
            let why = format!("{practice} at {position}: the entry is in no file that two runs have found good yet");
            return Ok(Some(why));
        }
    }
    // the triggers of rows come from the log, and go with it
    let then = if drop {
        format!("DROP TABLE {table}")
    } else {
        format!(
            "CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION ops.refuse_change()"
        )
    };
    owner.batch_execute(&format!("ALTER TABLE audit.entries DETACH PARTITION {table}; {then}")).await?;
    Ok(None)
}

/// Whether ranges, in order, have every position; else the first that is in none.
fn covered(ranges: &[(i64, i64)], first: i64, last: i64) -> Result<(), i64> {
    let mut next = first;
    for (from, to) in ranges {
        if *from <= next && next <= *to {
            next = to + 1;
        }
    }
    if next > last { Ok(()) } else { Err(next) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_that_is_in_no_range_is_told() {
        let ranges = [(1, 10), (11, 20), (31, 40)];
        for (first, last, expected) in [
            (1, 20, Ok(())),
            (5, 12, Ok(())),
            (20, 21, Err(21)),
            (0, 5, Err(0)),
            (25, 35, Err(25)),
            (31, 40, Ok(())),
            (35, 41, Err(41)),
        ] {
            assert_eq!(covered(&ranges, first, last), expected, "{first} to {last}");
        }
        assert_eq!(covered(&[], 1, 1), Err(1));
    }
}
