//! What happened to one subject, for whoever may see that subject.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Int8, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use schema::{Cached, Result, Tx};
use uuid::Uuid;

use crate::event::Event;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Int8)]
    position: i64,
    #[diesel(sql_type = Int8)]
    previous: i64,
    #[diesel(sql_type = Binary)]
    payload: Vec<u8>,
}

/// The subject's events behind a position, in order; `previous` is that of the same subject. One statement.
///
/// # Errors
/// The database's.
pub async fn events_of(tx: &Tx<'_>, subject: Uuid, after: i64, limit: i64) -> Result<Vec<Event>> {
    // a subject has few events: they are all looked at, so that the first of a page knows the one before it
    let query = diesel::sql_query(
        "SELECT position, previous, payload FROM ( \
           SELECT position, payload, coalesce(lag(position) OVER (ORDER BY position), 0) AS previous \
           FROM feed.events WHERE practice_id = $1 AND subject_id = $2) AS e \
         WHERE position > $3 ORDER BY position LIMIT $4",
    )
    .bind::<SqlUuid, _>(tx.practice())
    .bind::<SqlUuid, _>(subject)
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(limit);
    let rows: Vec<Row> = Cached(query).load(&mut tx.conn()).await?;
    Ok(rows
        .into_iter()
        .map(|row| Event { position: row.position, previous: row.previous, subject, payload: row.payload })
        .collect())
}
