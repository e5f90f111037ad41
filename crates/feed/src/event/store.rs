//! The statements of `feed.events` and `feed.heads`.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Int4, Int8, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use schema::{Cached, Result, Tx};
use uuid::Uuid;

use super::{Event, NewEvent};

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
