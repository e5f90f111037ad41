//! The statements of `audit.*`.

use diesel::sql_types::{Array, Binary, Bool, Int4, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::access::Actor;
use schema::{Cached, Result};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::entry::Entry;

/// Appends entries, of one practice or of many, in one statement of fixed text.
///
/// Positions come from each practice's head row, under its lock.
pub(crate) async fn append(conn: &AsyncPgConnection, entries: &[Entry]) -> Result<()> {
    let mut conn = conn;
    let query = diesel::sql_query(include_str!("append.sql"))
        .bind::<Array<SqlUuid>, _>(column(entries, |e| e.practice))
        .bind::<Array<Timestamptz>, _>(column(entries, |e| e.recorded_at))
        .bind::<Array<Text>, _>(column(entries, actor_kind))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(entries, |e| {
            if let Actor::User(id) = e.actor { Some(id.uuid()) } else { None }
        }))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(entries, |e| {
            if let Actor::Service(id) = e.actor { Some(id.uuid()) } else { None }
        }))
        .bind::<Array<Text>, _>(column(entries, |e| e.acting_as))
        .bind::<Array<Text>, _>(column(entries, |e| e.key_id.as_str()))
        .bind::<Array<Text>, _>(column(entries, |e| e.action.as_str()))
        .bind::<Array<Text>, _>(column(entries, |e| e.outcome.as_str()))
        .bind::<Array<Text>, _>(column(entries, |e| e.method))
        .bind::<Array<Text>, _>(column(entries, |e| e.resource.as_str()))
        .bind::<Array<Text>, _>(column(entries, |e| literal(&e.ids, &e.keys)))
        .bind::<Array<Int4>, _>(column(entries, |e| i32::try_from(e.count).unwrap_or(i32::MAX)))
        .bind::<Array<Nullable<Binary>>, _>(column(entries, hash_of_long_list))
        .bind::<Array<Text>, _>(column(entries, |e| literal(&e.patients, &[])))
        .bind::<Array<Bool>, _>(column(entries, |e| e.accessed_phi))
        .bind::<Array<Text>, _>(column(entries, |e| e.request_id.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(entries, |e| e.peer.map(|ip| ip.to_string())))
        .bind::<Array<Nullable<Text>>, _>(column(entries, |e| e.reason.as_deref()))
        .bind::<Array<Text>, _>(column(entries, |e| e.purpose()));
    let written = Cached(query).execute(&mut conn).await?;
    // a practice without a head row has no chain: nothing may be answered then
    if written == entries.len() { Ok(()) } else { Err(schema::Error::NotFound) }
}

fn column<'a, T>(entries: &'a [Entry], f: impl Fn(&'a Entry) -> T) -> Vec<T> {
    entries.iter().map(f).collect()
}

fn actor_kind(entry: &Entry) -> &'static str {
    match entry.actor {
        Actor::User(_) => "user",
        Actor::Service(_) => "service",
        Actor::System if entry.is_anonymous() => "anonymous",
        Actor::System => "system",
    }
}

/// An array literal: arrays of arrays of uneven length can't be bound. Ids and key ids need no quoting.
fn literal(ids: &[Uuid], keys: &[String]) -> String {
    let mut text = String::with_capacity(2 + 37 * ids.len());
    text.push('{');
    for (i, id) in ids.iter().map(Uuid::to_string).chain(keys.iter().cloned()).enumerate() {
        if i > 0 {
            text.push(',');
        }
        text.push_str(&id);
    }
    text.push('}');
    text
}

fn hash_of_long_list(entry: &Entry) -> Option<Vec<u8>> {
    entry.rest.as_ref().map(|hasher| hasher.clone().finalize().to_vec())
}

/// Hashes all ids of a list that is too long to be written down.
pub(crate) fn start_hash(ids: &[Uuid]) -> Sha256 {
    ids.iter().fold(Sha256::new(), |hasher, id| hasher.chain_update(id.as_bytes()))
}
