//! What may be asked about one-time tokens.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::id::UserId;
use kernel::{Code, Failure};
use schema::{Cached, Result, Tx};

use super::OneTimeToken;
use crate::token::{KeyId, Minted, Presented};

#[derive(QueryableByName)]
struct Done {
    #[diesel(sql_type = Bool)]
    done: bool,
}

/// Stores a token for an active member of the practice and ends the one before; false for anybody else.
async fn insert(tx: &Tx<'_>, minted: &Minted, user: UserId, expires_at: DateTime<Utc>) -> Result<bool> {
    let query = diesel::sql_query("SELECT tenancy.one_time_insert($1, $2, $3, $4, $5, $6) AS done")
        .bind::<Text, _>(minted.key_id.as_str())
        .bind::<Binary, _>(minted.hash.as_bytes().as_slice())
        .bind::<Text, _>(minted.kind)
        .bind::<SqlUuid, _>(user)
        .bind::<Timestamptz, _>(tx.scope().now())
        .bind::<Timestamptz, _>(expires_at);
    done(Cached(query).get_results(&mut tx.conn()).await?)
}

/// Like [`insert`], for somebody who must be active.
///
/// # Errors
/// `FAILED_PRECONDITION / USER_INACTIVE`.
pub async fn open(tx: &Tx<'_>, minted: &Minted, user: UserId, expires_at: DateTime<Utc>) -> Result<(), Failure> {
    if insert(tx, minted, user, expires_at).await? {
        return Ok(());
    }
    Err(Failure::new(Code::FailedPrecondition, "USER_INACTIVE", "the user was deactivated; reactivate it first"))
}

/// Ends the open token of a member.
pub async fn end(tx: &Tx<'_>, user: UserId) -> Result<()> {
    let query = diesel::sql_query("SELECT tenancy.one_time_end($1, $2)")
        .bind::<SqlUuid, _>(user)
        .bind::<Timestamptz, _>(tx.scope().now());
    Cached(query).execute(&mut tx.conn()).await?;
    Ok(())
}

/// The token of a key id, whoever asks: nobody is known yet.
pub async fn find(conn: &AsyncPgConnection, key_id: &KeyId) -> Result<Option<OneTimeToken>> {
    let mut conn = conn;
    let query = diesel::sql_query("SELECT * FROM tenancy.one_time_resolve($1)").bind::<Text, _>(key_id.as_str());
    let found: Vec<OneTimeToken> = Cached(query).get_results(&mut conn).await?;
    Ok(found.into_iter().next())
}

/// Sets the password and ends the sessions; false when the token does not count any more.
pub async fn redeem(tx: &Tx<'_>, presented: &Presented, password_hash: &str) -> Result<bool> {
    let query = diesel::sql_query("SELECT tenancy.one_time_redeem($1, $2, $3, $4) AS done")
        .bind::<Text, _>(presented.key_id.as_str())
        .bind::<Binary, _>(presented.hash.as_bytes().as_slice())
        .bind::<Text, _>(password_hash)
        .bind::<Timestamptz, _>(tx.scope().now());
    done(Cached(query).get_results(&mut tx.conn()).await?)
}

fn done(rows: Vec<Done>) -> Result<bool> {
    Ok(rows.into_iter().any(|row| row.done))
}
