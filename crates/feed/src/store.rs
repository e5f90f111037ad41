//! The statements of `feed.*`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Int4, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use schema::{Cached, Result, Tx};
use uuid::Uuid;

use crate::event::{Event, NewEvent};

#[derive(QueryableByName)]
struct Position {
    #[diesel(sql_type = Int8)]
    position: i64,
}

/// Appends under the head's lock and answers the last position given out.
pub(crate) async fn append(tx: &Tx<'_>, events: &[NewEvent]) -> Result<i64> {
    let column = |f: fn(&NewEvent) -> Uuid| events.iter().map(f).collect::<Vec<_>>();
    let query = diesel::sql_query(include_str!("append.sql"))
        .bind::<SqlUuid, _>(tx.practice())
        .bind::<Array<SqlUuid>, _>(column(|e| e.event_id))
        .bind::<Array<SqlUuid>, _>(column(|e| e.subject))
        .bind::<Array<Int8>, _>(events.iter().map(|e| e.version).collect::<Vec<_>>())
        .bind::<Array<Int4>, _>(events.iter().map(|e| e.ordinal).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(events.iter().map(|e| e.kind).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(events.iter().map(|e| e.topic.as_str()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(events.iter().map(|e| e.payload.as_slice()).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(events.iter().map(|e| e.occurred_at).collect::<Vec<_>>());
    let positions: Vec<Position> = Cached(query).load(&mut tx.conn()).await?;
    // without a head row nothing is appended, and nothing may be committed then
    positions.iter().map(|p| p.position).max().ok_or(schema::Error::NotFound)
}

#[derive(QueryableByName)]
struct EventRow {
    #[diesel(sql_type = Int8)]
    position: i64,
    #[diesel(sql_type = Binary)]
    payload: Vec<u8>,
}

/// Events of a practice in `(after, upto]`, in order; `topics` empty means all of them.
pub(crate) async fn after(
    conn: &AsyncPgConnection,
    practice: Uuid,
    after: i64,
    upto: i64,
    topics: &[String],
    limit: i64,
) -> Result<Vec<Event>> {
    let mut conn = conn;
    // two statements, so that the unfiltered one reads nothing but the primary key's order
    let rows: Vec<EventRow> = if topics.is_empty() {
        let query = diesel::sql_query(
            "SELECT position, payload FROM feed.events WHERE practice_id = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4",
        )
        .bind::<SqlUuid, _>(practice)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(upto)
        .bind::<BigInt, _>(limit);
        Cached(query).load(&mut conn).await?
    } else {
        let query = diesel::sql_query(
            "SELECT position, payload FROM feed.events \
             WHERE practice_id = $1 AND position > $2 AND position <= $3 AND payer_id = ANY($5) ORDER BY position LIMIT $4",
        )
        .bind::<SqlUuid, _>(practice)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(upto)
        .bind::<BigInt, _>(limit)
        .bind::<Array<Text>, _>(topics);
        Cached(query).load(&mut conn).await?
    };
    Ok(rows.into_iter().map(|row| Event { position: row.position, previous: 0, payload: row.payload }).collect())
}

/// The last event at or before `position` that passes the filter; 0 when there is none.
pub(crate) async fn previous(
    conn: &AsyncPgConnection,
    practice: Uuid,
    position: i64,
    topics: &[String],
) -> Result<i64> {
    if topics.is_empty() {
        return Ok(position);
    }
    let mut conn = conn;
    let query = diesel::sql_query(
        "SELECT coalesce(max(position), 0) AS position FROM feed.events WHERE practice_id = $1 AND position <= $2 AND payer_id = ANY($3)",
    )
    .bind::<SqlUuid, _>(practice)
    .bind::<BigInt, _>(position)
    .bind::<Array<Text>, _>(topics);
    let row: Position = Cached(query).get_result(&mut conn).await?;
    Ok(row.position)
}

#[derive(QueryableByName)]
pub(crate) struct HeadRow {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) practice_id: Uuid,
    #[diesel(sql_type = Int8)]
    pub(crate) last_position: i64,
}

pub(crate) async fn heads(conn: &AsyncPgConnection) -> Result<Vec<HeadRow>> {
    let mut conn = conn;
    let query = diesel::sql_query("SELECT practice_id, last_position FROM feed.heads WHERE last_position > 0");
    Ok(Cached(query).load(&mut conn).await?)
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

/// Heads and cursors of the practices, with the time of the oldest event that is not acknowledged.
pub(crate) async fn standings(
    conn: &AsyncPgConnection,
    subscription: Uuid,
    practices: &[Uuid],
) -> Result<Vec<StandingRow>> {
    let mut conn = conn;
    let query = diesel::sql_query(
        "SELECT h.practice_id, h.first_position, h.last_position, c.acked_position, \
           (SELECT e.occurred_at FROM feed.events e \
            WHERE e.practice_id = h.practice_id AND e.position > coalesce(c.acked_position, 0) ORDER BY e.position LIMIT 1) AS oldest_unacked_at \
         FROM feed.heads h LEFT JOIN feed.cursors c ON c.practice_id = h.practice_id AND c.subscription_id = $1 \
         WHERE h.practice_id = ANY($2) ORDER BY h.practice_id",
    )
    .bind::<SqlUuid, _>(subscription)
    .bind::<Array<SqlUuid>, _>(practices);
    Ok(Cached(query).load(&mut conn).await?)
}

#[derive(QueryableByName)]
pub(crate) struct SubscriptionRow {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    pub(crate) created_at: DateTime<Utc>,
    #[diesel(sql_type = Int8)]
    pub(crate) epoch: i64,
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
             SET epoch = l.epoch + 1, holder = excluded.holder, expires_at = excluded.expires_at RETURNING epoch) \
         SELECT s.id, s.created_at, l.epoch, true AS connected FROM s, l",
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
        "SELECT s.id, s.created_at, coalesce(l.epoch, 0) AS epoch, coalesce(l.expires_at > $3, false) AS connected \
         FROM feed.subscriptions s LEFT JOIN feed.leases l ON l.subscription_id = s.id AND l.shard = 0 \
         WHERE s.account_id = $1 AND s.name = $2",
    )
    .bind::<SqlUuid, _>(account)
    .bind::<Text, _>(name)
    .bind::<Timestamptz, _>(now);
    Ok(Cached(query).get_result(&mut conn).await.optional()?)
}

/// Extends the holder's lease and answers the epoch that is in force.
pub(crate) async fn renew(
    conn: &AsyncPgConnection,
    subscription: Uuid,
    holder: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<i64> {
    let mut conn = conn;
    let query = diesel::sql_query(
        "UPDATE feed.leases SET expires_at = CASE WHEN holder = $2 THEN $3 ELSE expires_at END \
         WHERE subscription_id = $1 AND shard = 0 RETURNING epoch AS position",
    )
    .bind::<SqlUuid, _>(subscription)
    .bind::<SqlUuid, _>(holder)
    .bind::<Timestamptz, _>(expires_at);
    let row: Position = Cached(query).get_result(&mut conn).await?;
    Ok(row.position)
}

#[derive(QueryableByName)]
pub(crate) struct CursorRow {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) practice_id: Uuid,
    #[diesel(sql_type = Int8)]
    pub(crate) acked_position: i64,
}

pub(crate) async fn cursors(conn: &AsyncPgConnection, subscription: Uuid) -> Result<Vec<CursorRow>> {
    let mut conn = conn;
    let query = diesel::sql_query("SELECT practice_id, acked_position FROM feed.cursors WHERE subscription_id = $1")
        .bind::<SqlUuid, _>(subscription);
    Ok(Cached(query).load(&mut conn).await?)
}

/// Moves cursors forward, never back, while the epoch is in force; no row when it is not.
///
/// Positions behind the head were never sent by anybody: they are cut to the head.
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

/// Puts cursors where they are told to be and counts the epoch up, so that the open stream ends.
pub(crate) async fn seek(
    conn: &AsyncPgConnection,
    subscription: Uuid,
    practices: &[Uuid],
    positions: &[i64],
    now: DateTime<Utc>,
) -> Result<i64> {
    let mut conn = conn;
    let query = diesel::sql_query(include_str!("seek.sql"))
        .bind::<SqlUuid, _>(subscription)
        .bind::<Array<SqlUuid>, _>(practices)
        .bind::<Array<Int8>, _>(positions)
        .bind::<Timestamptz, _>(now);
    let row: Position = Cached(query).get_result(&mut conn).await?;
    Ok(row.position)
}
