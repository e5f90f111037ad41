//! The statements of `audit.*`.

use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Bool, Int4, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::PracticeId;
use kernel::access::Actor;
use schema::tables::audit::heads;
use schema::{Cached, Db, Result};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::entry::Entry;

/// Appends entries, of one practice or of many, in one statement.
///
/// Positions come from each practice's head row, under its lock.
pub(crate) async fn append(conn: &AsyncPgConnection, entries: &[Entry]) -> Result<()> {
    let written = match entries {
        // what a change leaves: the statement for many costs the database more than twice as much
        [entry] => append_one(conn, entry).await?,
        entries => append_many(conn, entries).await?,
    };
    // a practice without a head row has no chain: nothing may be answered then
    if written == entries.len() { Ok(()) } else { Err(schema::Error::NotFound) }
}

async fn append_one(conn: &AsyncPgConnection, entry: &Entry) -> Result<usize> {
    let mut conn = conn;
    let (user, account) = actor_ids(entry);
    let ids: Vec<String> = entry.ids.iter().map(Uuid::to_string).chain(entry.keys.iter().cloned()).collect();
    let query = diesel::sql_query(include_str!("append_one.sql"))
        .bind::<SqlUuid, _>(entry.practice)
        .bind::<Timestamptz, _>(entry.recorded_at)
        .bind::<Text, _>(actor_kind(entry))
        .bind::<Nullable<SqlUuid>, _>(user)
        .bind::<Nullable<SqlUuid>, _>(account)
        .bind::<Text, _>(entry.acting_as)
        .bind::<Text, _>(entry.key_id.as_str())
        .bind::<Text, _>(entry.action.as_str())
        .bind::<Text, _>(entry.outcome.as_str())
        .bind::<Text, _>(entry.method)
        .bind::<Text, _>(entry.resource.as_str())
        .bind::<Array<Text>, _>(ids)
        .bind::<Int4, _>(i32::try_from(entry.count).unwrap_or(i32::MAX))
        .bind::<Nullable<Binary>, _>(hash_of_long_list(entry))
        .bind::<Array<SqlUuid>, _>(&entry.patients)
        .bind::<Bool, _>(entry.accessed_phi)
        .bind::<Text, _>(entry.request_id.as_str())
        .bind::<Nullable<Text>, _>(entry.peer.map(|ip| ip.to_string()))
        .bind::<Nullable<Text>, _>(entry.reason.as_deref())
        .bind::<Text, _>(entry.purpose())
        .bind::<Nullable<SqlUuid>, _>(entry.break_glass);
    Ok(Cached(query).execute(&mut conn).await?)
}

/// One statement of fixed text, however many there are.
async fn append_many(conn: &AsyncPgConnection, entries: &[Entry]) -> Result<usize> {
    let mut conn = conn;
    let query = diesel::sql_query(include_str!("append.sql"))
        .bind::<Array<SqlUuid>, _>(column(entries, |e| e.practice))
        .bind::<Array<Timestamptz>, _>(column(entries, |e| e.recorded_at))
        .bind::<Array<Text>, _>(column(entries, actor_kind))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(entries, |e| actor_ids(e).0))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(entries, |e| actor_ids(e).1))
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
        .bind::<Array<Text>, _>(column(entries, |e| e.purpose()))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(entries, |e| e.break_glass));
    Ok(Cached(query).execute(&mut conn).await?)
}

/// The last position of every practice's chain, on a database of the role `claims_audit`.
///
/// Whoever changes anything in a practice leaves an entry in the same transaction, so a practice whose head has
/// not moved has not changed.
///
/// # Errors
/// The database's.
pub async fn heads(db: &Db) -> Result<Vec<(PracticeId, i64)>> {
    let conn = db.directory().await?;
    let query =
        heads::table.filter(heads::practice_id.ne(PracticeId::NIL)).select((heads::practice_id, heads::last_position));
    Ok(query.load(&mut &*conn).await?)
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

/// The person, or the service account.
const fn actor_ids(entry: &Entry) -> (Option<Uuid>, Option<Uuid>) {
    match entry.actor {
        Actor::User(id) => (Some(id.uuid()), None),
        Actor::Service(id) => (None, Some(id.uuid())),
        Actor::System => (None, None),
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

/// The same for a list of keys; each ends with a newline, as their lengths differ.
pub(crate) fn start_hash_of_keys(keys: &[String]) -> Sha256 {
    keys.iter().fold(Sha256::new(), |hasher, key| hasher.chain_update(terminated(key)))
}

pub(crate) fn terminated(key: &str) -> String {
    format!("{key}\n")
}
