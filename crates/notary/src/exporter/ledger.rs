//! What the exporter asks of the database, as the role `claims_archiver`, on a connection that holds its lock.

use audit::chain::Hash;
use audit::merkle::Frontier;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kernel::PracticeId;
use schema::tables::audit::{checkpoints, entries, heads};
use schema::{Cached, Db, Result};

/// Of all exporters of this database ("notary" in ASCII).
const LOCK: i64 = 0x6e6f_7461_7279;
/// Entries read at a time.
pub(super) const PAGE: i64 = 4096;
/// The lock is the connection's, so the database must notice soon when the other end is gone; and nothing that is asked
/// here takes long.
const SESSION: &str = "SET statement_timeout = '30s'; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; \
    SET tcp_keepalives_count = 3";

/// The connection.
pub(super) struct Ledger {
    conn: AsyncPgConnection,
}

/// How far a practice's log was checkpointed, as the database remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remembered {
    pub(super) practice: PracticeId,
    pub(super) frontier: Frontier,
    pub(super) exported_at: DateTime<Utc>,
}

/// A row of `audit.checkpoints`.
type Row = (PracticeId, i64, Vec<u8>, DateTime<Utc>);

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

impl Ledger {
    pub(super) async fn open(db: &Db) -> Result<Self> {
        let mut conn = db.session().await?;
        conn.batch_execute(SESSION).await?;
        Ok(Self { conn })
    }

    /// Whether this is the one exporter from now on, until the connection ends.
    pub(super) async fn lock(&mut self) -> Result<bool> {
        let query = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS locked").bind::<BigInt, _>(LOCK);
        let Locked { locked } = query.get_result(&mut self.conn).await?;
        Ok(locked)
    }

    /// The last position of every practice's log, the system's too.
    ///
    /// All entries up to there are committed, and will be seen by the statements that follow: a position is given, and
    /// its entry inserted, under the lock of the head's row, which is held until the commit. So positions of a practice
    /// become visible one after the other, and none before it is on the disk.
    pub(super) async fn heads(&mut self) -> Result<Vec<(PracticeId, u64)>> {
        let query = heads::table.select((heads::practice_id, heads::last_position));
        let rows: Vec<(PracticeId, i64)> = query.load(&mut self.conn).await?;
        Ok(rows.into_iter().map(|(practice, position)| (practice, position.unsigned_abs())).collect())
    }

    /// What is remembered, of all practices or of one.
    pub(super) async fn remembered(&mut self, one: Option<PracticeId>) -> Result<Vec<Remembered>> {
        let mut query = checkpoints::table
            .select((checkpoints::practice_id, checkpoints::size, checkpoints::peaks, checkpoints::exported_at))
            .into_boxed();
        if let Some(practice) = one {
            query = query.filter(checkpoints::practice_id.eq(practice));
        }
        let rows: Vec<Row> = query.load(&mut self.conn).await?;
        // a constraint holds the peaks to the size
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Hashes of the entries after `after`, up to `to`, by position; a page of them.
    pub(super) async fn hashes(&mut self, practice: PracticeId, after: u64, to: u64) -> Result<Vec<(i64, Vec<u8>)>> {
        let query = entries::table
            .filter(entries::practice_id.eq(practice))
            .filter(entries::position.gt(after.cast_signed()))
            .filter(entries::position.le(to.cast_signed()))
            .order(entries::position)
            .limit(PAGE)
            .select((entries::position, entries::hash));
        Ok(query.load(&mut self.conn).await?)
    }

    /// Remembers, in one statement.
    pub(super) async fn remember(&mut self, all: &[Remembered]) -> Result<()> {
        let query = diesel::sql_query(
            "INSERT INTO audit.checkpoints (practice_id, size, peaks, exported_at) \
             SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::timestamptz[]) \
             ON CONFLICT (practice_id) DO UPDATE \
             SET size = EXCLUDED.size, peaks = EXCLUDED.peaks, exported_at = EXCLUDED.exported_at",
        )
        .bind::<Array<SqlUuid>, _>(column(all, |r| r.practice))
        .bind::<Array<BigInt>, _>(column(all, |r| r.frontier.size().cast_signed()))
        .bind::<Array<Binary>, _>(column(all, |r| r.frontier.peaks().concat()))
        .bind::<Array<Timestamptz>, _>(column(all, |r| r.exported_at));
        Cached(query).execute(&mut self.conn).await?;
        Ok(())
    }
}

fn column<'a, T>(all: &'a [Remembered], f: impl Fn(&'a Remembered) -> T) -> Vec<T> {
    all.iter().map(f).collect()
}

fn read((practice, size, peaks, exported_at): Row) -> Option<Remembered> {
    let (peaks, rest) = peaks.as_chunks::<{ size_of::<Hash>() }>();
    let frontier = Frontier::resume(u64::try_from(size).ok()?, peaks.to_vec())?;
    rest.is_empty().then_some(Remembered { practice, frontier, exported_at })
}
