//! The statements of `feed.subscriptions`, `feed.leases` and `feed.cursors`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use schema::{Cached, Result, Tx};
use uuid::Uuid;

#[derive(QueryableByName)]
pub(crate) struct SubscriptionRow {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    pub(crate) created_at: DateTime<Utc>,
    #[diesel(sql_type = Int8)]
    pub(crate) epoch: i64,
    #[diesel(sql_type = SqlUuid)]
    pub(crate) holder: Uuid,
    #[diesel(sql_type = Bool)]
    pub(crate) connected: bool,
}

/// Makes the subscription if it is not there, and hands its lease to a new holder: the epoch counts up.
pub(crate) async fn take_lease(
    conn: &AsyncPgConnection,
    account: Uuid,
    name: &str,
    fresh_id: Uuid,
    holder: Uuid,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<SubscriptionRow> {
    let mut conn = conn;
    let query = diesel::sql_query(
        "WITH s AS ( \
           INSERT INTO feed.subscriptions (id, account_id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) \
           ON CONFLICT (account_id, name) DO UPDATE SET updated_at = excluded.updated_at RETURNING id, created_at), \
         l AS ( \
           INSERT INTO feed.leases AS l (subscription_id, holder, expires_at) SELECT s.id, $5, $6 FROM s \
           ON CONFLICT (subscription_id, shard) DO UPDATE \
             SET epoch = l.epoch + 1, holder = excluded.holder, expires_at = excluded.expires_at RETURNING epoch, holder) \
         SELECT s.id, s.created_at, l.epoch, l.holder, true AS connected FROM s, l",
    )
    .bind::<SqlUuid, _>(fresh_id)
    .bind::<SqlUuid, _>(account)
    .bind::<Text, _>(name)
    .bind::<Timestamptz, _>(now)
    .bind::<SqlUuid, _>(holder)
    .bind::<Timestamptz, _>(expires_at);
    Ok(Cached(query).get_result(&mut conn).await?)
}

/// The subscription as it stands, if there is one.
pub(crate) async fn subscription(
    conn: &AsyncPgConnection,
    account: Uuid,
    name: &str,
    now: DateTime<Utc>,
) -> Result<Option<SubscriptionRow>> {
    let mut conn = conn;
    let query = diesel::sql_query(
        "SELECT s.id, s.created_at, l.epoch, l.holder, l.expires_at > $3 AS connected \
         FROM feed.subscriptions s JOIN feed.leases l ON l.subscription_id = s.id AND l.shard = 0 \
         WHERE s.account_id = $1 AND s.name = $2",
    )
    .bind::<SqlUuid, _>(account)
    .bind::<Text, _>(name)
    .bind::<Timestamptz, _>(now);
    Ok(Cached(query).get_result(&mut conn).await.optional()?)
}

/// Extends the lease of a holder that still has it.
pub(crate) async fn renew(
    conn: &AsyncPgConnection,
    subscription: Uuid,
    holder: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    let mut conn = conn;
    let query = diesel::sql_query(
        "UPDATE feed.leases SET expires_at = $3 WHERE subscription_id = $1 AND shard = 0 AND holder = $2",
    )
    .bind::<SqlUuid, _>(subscription)
    .bind::<SqlUuid, _>(holder)
    .bind::<Timestamptz, _>(expires_at);
    Cached(query).execute(&mut conn).await?;
    Ok(())
}

#[derive(QueryableByName)]
pub(crate) struct StandingRow {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) practice_id: Uuid,
    #[diesel(sql_type = Int8)]
    pub(crate) first_position: i64,
    #[diesel(sql_type = Int8)]
    pub(crate) last_position: i64,
    #[diesel(sql_type = Nullable<Int8>)]
    pub(crate) acked_position: Option<i64>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(crate) oldest_unacked_at: Option<DateTime<Utc>>,
}

/// Heads and cursors of the practices, with the time of the oldest event that is not acknowledged. Cursors that are
/// given count instead of those that are kept.
pub(crate) async fn standings(
    conn: &AsyncPgConnection,
    subscription: Uuid,
    practices: &[Uuid],
    at: &[Option<i64>],
) -> Result<Vec<StandingRow>> {
    let mut conn = conn;
    let query = diesel::sql_query(include_str!("standings.sql"))
        .bind::<SqlUuid, _>(subscription)
        .bind::<Array<SqlUuid>, _>(practices)
        .bind::<Array<Nullable<Int8>>, _>(at);
    Ok(Cached(query).load(&mut conn).await?)
}

#[derive(QueryableByName)]
pub(crate) struct ProgressRow {
    #[diesel(sql_type = Int8)]
    pub(crate) epoch: i64,
    #[diesel(sql_type = SqlUuid)]
    pub(crate) holder: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(crate) practice_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Int8>)]
    pub(crate) acked_position: Option<i64>,
}

/// The lease as it is, and every cursor.
pub(crate) async fn progress(conn: &AsyncPgConnection, subscription: Uuid) -> Result<Vec<ProgressRow>> {
    let mut conn = conn;
    let query = diesel::sql_query(
        "SELECT l.epoch, l.holder, c.practice_id, c.acked_position \
         FROM feed.leases l LEFT JOIN feed.cursors c ON c.subscription_id = l.subscription_id \
         WHERE l.subscription_id = $1 AND l.shard = 0",
    )
    .bind::<SqlUuid, _>(subscription);
    Ok(Cached(query).load(&mut conn).await?)
}

#[derive(QueryableByName)]
pub(crate) struct CursorRow {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) practice_id: Uuid,
    #[diesel(sql_type = Int8)]
    pub(crate) acked_position: i64,
}

/// Moves cursors forward, never back, while the epoch is in force; no row when it is not.
pub(crate) async fn acknowledge(
    conn: &AsyncPgConnection,
    subscription: Uuid,
    epoch: i64,
    practices: &[Uuid],
    positions: &[i64],
    now: DateTime<Utc>,
) -> Result<Vec<CursorRow>> {
    let mut conn = conn;
    let query = diesel::sql_query(include_str!("acknowledge.sql"))
        .bind::<SqlUuid, _>(subscription)
        .bind::<Int8, _>(epoch)
        .bind::<Array<SqlUuid>, _>(practices)
        .bind::<Array<Int8>, _>(positions)
        .bind::<Timestamptz, _>(now);
    Ok(Cached(query).load(&mut conn).await?)
}

/// Puts cursors where a stream begins, while its epoch is in force; no row when it is not.
pub(crate) async fn place(
    conn: &AsyncPgConnection,
    subscription: Uuid,
    epoch: i64,
    practices: &[Uuid],
    positions: &[i64],
    now: DateTime<Utc>,
) -> Result<Vec<CursorRow>> {
    let mut conn = conn;
    let query = diesel::sql_query(include_str!("place.sql"))
        .bind::<SqlUuid, _>(subscription)
        .bind::<Int8, _>(epoch)
        .bind::<Array<SqlUuid>, _>(practices)
        .bind::<Array<Int8>, _>(positions)
        .bind::<Timestamptz, _>(now);
    Ok(Cached(query).load(&mut conn).await?)
}

/// Puts cursors where they are told to be and ends the open stream; answers the new epoch. It runs in the transaction
/// of whoever asks for it, as the application's role, through a function that reaches across practices.
pub(crate) async fn seek(
    tx: &Tx<'_>,
    account: Uuid,
    name: &str,
    practices: &[Uuid],
    positions: &[i64],
    now: DateTime<Utc>,
) -> Result<Option<i64>> {
    let query = diesel::sql_query("SELECT feed.subscription_seek($1, $2, $3, $4, $5) AS position")
        .bind::<SqlUuid, _>(account)
        .bind::<Text, _>(name)
        .bind::<Array<SqlUuid>, _>(practices)
        .bind::<Array<Int8>, _>(positions)
        .bind::<Timestamptz, _>(now);
    let row: MaybePosition = Cached(query).get_result(&mut tx.conn()).await?;
    Ok(row.position)
}

#[derive(QueryableByName)]
struct MaybePosition {
    #[diesel(sql_type = Nullable<Int8>)]
    position: Option<i64>,
}
