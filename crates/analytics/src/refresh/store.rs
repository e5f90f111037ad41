//! The statements of a refresh.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Int4, Int8, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::join;
use schema::tables::analytics::watermarks;
use schema::tables::feed::heads;
use schema::{Cached, Result, Tx};

use super::Days;
use crate::summary::Watermark;

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = Bool)]
    due: bool,
}

/// Whether anything happened since the last refresh. One statement, no lock.
pub(super) async fn is_due(tx: &Tx<'_>, overlap: TimeDelta) -> Result<bool> {
    let query = diesel::sql_query(include_str!("due.sql"))
        .bind::<SqlUuid, _>(tx.practice())
        .bind::<Int4, _>(i32::try_from(overlap.num_seconds()).unwrap_or(i32::MAX));
    let row: Option<Due> = Cached(query).get_result(&mut tx.conn()).await.optional()?;
    Ok(row.is_some_and(|row| row.due))
}

/// Locks the watermark and reads the feed's head after it; without a mark nothing was ever counted.
pub(super) async fn lock(tx: &Tx<'_>) -> Result<(Option<Watermark>, i64)> {
    let (mut a, mut b, mut c) = (tx.conn(), tx.conn(), tx.conn());
    let insert = diesel::insert_into(watermarks::table)
        .values((
            watermarks::practice_id.eq(tx.practice()),
            watermarks::position.eq(0),
            watermarks::updated_at.eq(DateTime::UNIX_EPOCH),
        ))
        .on_conflict_do_nothing();
    let mark = watermarks::table.find(tx.practice()).select(Watermark::as_select()).for_update();
    let head = heads::table.find(tx.practice()).select(heads::last_position);
    let (inserted, mark, head) =
        join!(Cached(insert).execute(&mut a), mark.first::<Watermark>(&mut b), head.first::<i64>(&mut c));
    let (inserted, mark, head) = (inserted?, mark?, head?);
    Ok(((inserted == 0).then_some(mark), head))
}

/// Counts the days anew and moves the watermark to `head`.
pub(super) async fn count(tx: &Tx<'_>, days: Days, head: i64) -> Result<()> {
    let now = tx.scope().now();
    let (all, after, since): (bool, i64, DateTime<Utc>) = match days {
        Days::Touched { after, since } => (false, after, since),
        // nothing is newer than this, so that only `all` chooses
        Days::All => (true, head, now),
    };
    let query = diesel::sql_query(include_str!("refresh.sql"))
        .bind::<SqlUuid, _>(tx.practice())
        .bind::<Int8, _>(after)
        .bind::<Int8, _>(head)
        .bind::<Timestamptz, _>(since)
        .bind::<Bool, _>(all)
        .bind::<Timestamptz, _>(now);
    Cached(query).execute(&mut tx.conn()).await?;
    Ok(())
}
