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
    #[diesel(sql_type = SqlUuid)]
    subject_id: Uuid,
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
            "SELECT position, subject_id, payload FROM feed.events WHERE practice_id = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4",
        )
        .bind::<SqlUuid, _>(practice)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(upto)
        .bind::<BigInt, _>(limit);
        Cached(query).load(&mut conn).await?
    } else {
        let query = diesel::sql_query(
            "SELECT position, subject_id, payload FROM feed.events \
             WHERE practice_id = $1 AND position > $2 AND position <= $3 AND payer_id = ANY($5) ORDER BY position LIMIT $4",
        )
        .bind::<SqlUuid, _>(practice)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(upto)
        .bind::<BigInt, _>(limit)
        .bind::<Array<Text>, _>(topics);
        Cached(query).load(&mut conn).await?
    };
    let event =
        |EventRow { position, subject_id, payload }| Event { position, previous: 0, subject: subject_id, payload };
    Ok(rows.into_iter().map(event).collect())
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
pub(crate) struct SubjectRow {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) practice_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub(crate) subject_id: Uuid,
}

/// The practices that have told of the subjects.
pub(crate) async fn practices_of(
    conn: &AsyncPgConnection,
    subjects: &[Uuid],
    practices: &[Uuid],
) -> Result<Vec<SubjectRow>> {
    let mut conn = conn;
    let query = diesel::sql_query(
        "SELECT p.id AS practice_id, s.id AS subject_id FROM unnest($1::uuid[]) AS p (id), unnest($2::uuid[]) AS s (id) \
         WHERE EXISTS (SELECT FROM feed.events e WHERE e.practice_id = p.id AND e.subject_id = s.id)",
    )
    .bind::<Array<SqlUuid>, _>(practices)
    .bind::<Array<SqlUuid>, _>(subjects);
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
