//! The questions that `analytics.*` answers.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::join;
use schema::tables::analytics::{practice_summaries as summaries, watermarks};
use schema::{Result, Tx};

use super::{Summary, Watermark};

/// The days of a range on which something happened, the earliest first, and what they reflect. One flight.
pub(super) async fn range(tx: &Tx<'_>, from: NaiveDate, to: NaiveDate) -> Result<(Vec<Summary>, Option<Watermark>)> {
    let (mut a, mut b) = (tx.conn(), tx.conn());
    let days = summaries::table
        .filter(summaries::practice_id.eq(tx.practice()))
        .filter(summaries::day.ge(from))
        .filter(summaries::day.le(to))
        .select(Summary::as_select())
        .order(summaries::day);
    // read first: the figures are at least as new as the mark says
    let mark = watermarks::table.find(tx.practice()).select(Watermark::as_select());
    let (mark, days) = join!(mark.first(&mut a), days.load(&mut b));
    Ok((days?, mark.optional()?))
}
