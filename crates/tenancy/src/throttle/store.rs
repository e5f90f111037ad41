//! The statements that count attempts.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Int4, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use schema::{Cached, Result, Tx};

use super::{ACCOUNT_MAX, ACCOUNT_PAUSE, ADDRESS_MAX, Attempt, PAIR_MAX, TRUSTED, WINDOW};

#[derive(QueryableByName)]
struct Refused {
    #[diesel(sql_type = Timestamptz)]
    retry_at: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    is_first: bool,
}

fn seconds(time: TimeDelta) -> i32 {
    i32::try_from(time.num_seconds()).unwrap_or(i32::MAX)
}

/// Counts an attempt; a refusal says until when, and whether it is the first of its window.
pub(super) async fn admit(
    conn: &AsyncPgConnection,
    attempt: &Attempt,
    now: DateTime<Utc>,
) -> Result<Option<(DateTime<Utc>, bool)>> {
    let mut conn = conn;
    let query = diesel::sql_query("SELECT * FROM tenancy.login_admit($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind::<Binary, _>(attempt.pair.as_slice())
        .bind::<Binary, _>(attempt.account.as_slice())
        .bind::<Binary, _>(attempt.address.as_slice())
        .bind::<Timestamptz, _>(now)
        .bind::<Int4, _>(seconds(WINDOW))
        .bind::<Int4, _>(PAIR_MAX)
        .bind::<Int4, _>(ACCOUNT_MAX)
        .bind::<Int4, _>(seconds(ACCOUNT_PAUSE))
        .bind::<Int4, _>(ADDRESS_MAX);
    let refused: Vec<Refused> = Cached(query).get_results(&mut conn).await?;
    Ok(refused.into_iter().next().map(|Refused { retry_at, is_first }| (retry_at, is_first)))
}

/// Takes an attempt back.
pub(super) async fn forgive(tx: &Tx<'_>, attempt: &Attempt) -> Result<()> {
    let query = diesel::sql_query("SELECT tenancy.login_forgive($1, $2, $3, $4)")
        .bind::<Binary, _>(attempt.pair.as_slice())
        .bind::<Binary, _>(attempt.account.as_slice())
        .bind::<Binary, _>(attempt.address.as_slice())
        .bind::<Timestamptz, _>(tx.scope().now() + TRUSTED);
    Cached(query).execute(&mut tx.conn()).await?;
    Ok(())
}
