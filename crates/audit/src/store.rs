//! The statements of `audit.*`.

use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Bool, Int4, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::PracticeId;
use schema::tables::audit::heads;
use schema::{Cached, Db, Result};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::body::{Sealed, actor};
use crate::entry::Entry;
use crate::seal::MacKeys;

/// How long the batcher waits for a head that somebody holds: half of what its callers do, so that those whose heads
/// are free still get their entries.
pub(crate) const IN_BATCH: &str = "SET lock_timeout = '250ms'";
/// How long a change waits, from here to its end: it is rolled back then.
pub(crate) const IN_CHANGE: &str = "SET LOCAL lock_timeout = '500ms'";

/// Sets how long statements wait for a head.
pub(crate) async fn wait(conn: &AsyncPgConnection, at_most: &str) -> Result<()> {
    let mut conn = conn;
    Cached(diesel::sql_query(at_most)).execute(&mut conn).await?;
    Ok(())
}

/// Appends entries, of one practice or of many, in one statement.
///
/// Positions and hashes follow from each practice's head row, under its lock. That they are appended proves nothing:
/// receipts come from the [`crate::Batcher`] and the [`crate::Vault`] only.
///
/// # Errors
/// The database's; when a practice has no chain.
pub async fn append(conn: &AsyncPgConnection, keys: &MacKeys, entries: &[Entry]) -> Result<()> {
    let written = match entries {
        // what a change leaves: the statement for many costs the database more than twice as much
        [entry] => append_one(conn, entry, Sealed::new(keys, entry)).await?,
        entries => append_many(conn, keys, entries).await?,
    };
    // a practice without a head row has no chain: nothing may be answered then
    if written == entries.len() { Ok(()) } else { Err(schema::Error::NotFound) }
}

/// Those of the practices whose heads nobody holds.
pub(crate) async fn free(conn: &AsyncPgConnection, practices: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut conn = conn;
    let query = heads::table.filter(heads::practice_id.eq_any(practices)).select(heads::practice_id);
    Ok(query.for_update().skip_locked().load(&mut conn).await?)
}

async fn append_one(conn: &AsyncPgConnection, entry: &Entry, sealed: Sealed) -> Result<usize> {
    let mut conn = conn;
    let (kind, [user, account]) = actor_ids(entry);
    let ids: Vec<String> = entry.ids.iter().map(Uuid::to_string).chain(entry.keys.iter().cloned()).collect();
    let query = diesel::sql_query(include_str!("append_one.sql"))
        .bind::<SqlUuid, _>(entry.practice)
        .bind::<Timestamptz, _>(entry.recorded_at)
        .bind::<Text, _>(kind)
        .bind::<Nullable<SqlUuid>, _>(user)
        .bind::<Nullable<SqlUuid>, _>(account)
        .bind::<Text, _>(entry.acting_as)
        .bind::<Text, _>(entry.key_id.as_str())
        .bind::<Text, _>(entry.action.as_str())
        .bind::<Text, _>(entry.outcome.as_str())
        .bind::<Text, _>(entry.method)
        .bind::<Text, _>(entry.resource.as_str())
        .bind::<Array<Text>, _>(ids)
        .bind::<Int4, _>(entry.count())
        .bind::<Nullable<Binary>, _>(entry.resource_hash())
        .bind::<Array<SqlUuid>, _>(&entry.patients)
        .bind::<Bool, _>(entry.accessed_phi)
        .bind::<Text, _>(entry.request_id.as_str())
        .bind::<Nullable<Text>, _>(entry.peer.map(|ip| ip.to_string()))
        .bind::<Nullable<Text>, _>(entry.reason.as_deref())
        .bind::<Text, _>(entry.purpose())
        .bind::<Nullable<SqlUuid>, _>(entry.break_glass)
        .bind::<Array<Text>, _>(entry.field_classes())
        .bind::<Int4, _>(entry.attempts)
        .bind::<Binary, _>(sealed.body)
        .bind::<Binary, _>(sealed.mac.as_slice());
    Ok(Cached(query).execute(&mut conn).await?)
}

/// One statement of fixed text, however many there are.
async fn append_many(conn: &AsyncPgConnection, keys: &MacKeys, entries: &[Entry]) -> Result<usize> {
    let mut conn = conn;
    // the database then needs no sorting of its own; the order of a practice's entries stays as it was
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|entry| entry.practice);
    let entries = sorted.as_slice();
    let sealed: Vec<Sealed> = entries.iter().map(|entry| Sealed::new(keys, entry)).collect();
    let query = diesel::sql_query(include_str!("append.sql"))
        .bind::<Array<SqlUuid>, _>(column(entries, |e| e.practice))
        .bind::<Array<Timestamptz>, _>(column(entries, |e| e.recorded_at))
        .bind::<Array<Text>, _>(column(entries, |e| actor_ids(e).0))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(entries, |e| actor_ids(e).1[0]))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(entries, |e| actor_ids(e).1[1]))
        .bind::<Array<Text>, _>(column(entries, |e| e.acting_as))
        .bind::<Array<Text>, _>(column(entries, |e| e.key_id.as_str()))
        .bind::<Array<Text>, _>(column(entries, |e| e.action.as_str()))
        .bind::<Array<Text>, _>(column(entries, |e| e.outcome.as_str()))
        .bind::<Array<Text>, _>(column(entries, |e| e.method))
        .bind::<Array<Text>, _>(column(entries, |e| e.resource.as_str()))
        .bind::<Array<Text>, _>(column(entries, |e| literal(&e.ids, &e.keys)))
        .bind::<Array<Int4>, _>(column(entries, Entry::count))
        .bind::<Array<Nullable<Binary>>, _>(column(entries, Entry::resource_hash))
        .bind::<Array<Text>, _>(column(entries, |e| literal(&e.patients, &[])))
        .bind::<Array<Bool>, _>(column(entries, |e| e.accessed_phi))
        .bind::<Array<Text>, _>(column(entries, |e| e.request_id.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(entries, |e| e.peer.map(|ip| ip.to_string())))
        .bind::<Array<Nullable<Text>>, _>(column(entries, |e| e.reason.as_deref()))
        .bind::<Array<Text>, _>(column(entries, |e| e.purpose()))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(entries, |e| e.break_glass))
        .bind::<Array<Text>, _>(column(entries, |e| format!("{{{}}}", e.field_classes().join(","))))
        .bind::<Array<Int4>, _>(column(entries, |e| e.attempts))
        .bind::<Array<Binary>, _>(sealed.iter().map(|s| s.body.as_slice()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(sealed.iter().map(|s| s.mac.as_slice()).collect::<Vec<_>>())
        .bind::<Array<Int8>, _>(ranks(entries));
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

fn column<'a, T>(entries: &[&'a Entry], f: impl Fn(&'a Entry) -> T) -> Vec<T> {
    entries.iter().map(|entry| f(entry)).collect()
}

/// Numbers each practice's entries from 1.
fn ranks(sorted: &[&Entry]) -> Vec<i64> {
    sorted.chunk_by(|a, b| a.practice == b.practice).flat_map(|of_practice| (1..).take(of_practice.len())).collect()
}

/// The kind of actor, and the person or the service account.
fn actor_ids(entry: &Entry) -> (&'static str, [Option<Uuid>; 2]) {
    let (kind, id) = actor(entry);
    (kind, if kind == "service" { [None, id] } else { [id, None] })
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
