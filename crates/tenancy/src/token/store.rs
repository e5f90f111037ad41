//! What may be asked about credentials; never with their secrets.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Int4, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::access::Actor;
use kernel::id::{ServiceAccountId, UserId};
use kernel::{Failure, Page, PageRequest};
use schema::tables::tenancy::tokens;
use schema::{Cached, Result, Tx};

use super::{KeyId, Minted, TokenKind};

/// A credential as stored, without the secret's hash.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = tokens, check_for_backend(diesel::pg::Pg))]
pub struct Token {
    pub key_id: String,
    pub kind: TokenKind,
    pub user_id: Option<UserId>,
    pub account_id: Option<ServiceAccountId>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub last_used_on: Option<NaiveDate>,
    pub revoked_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct Done {
    #[diesel(sql_type = Bool)]
    done: bool,
}

impl Token {
    /// A new one.
    #[must_use]
    pub fn new(minted: &Minted, owner: Actor, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Self {
        let (user_id, account_id) = match owner {
            Actor::User(id) => (Some(id), None),
            Actor::Service(id) => (None, Some(id)),
            Actor::System => (None, None),
        };
        Self {
            key_id: minted.key_id.to_string(),
            kind: minted.kind,
            user_id,
            account_id,
            created_at: now,
            expires_at,
            last_used_on: None,
            revoked_at: None,
        }
    }

    /// Whether it neither was revoked nor has run out.
    #[must_use]
    pub fn counts(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at > now
    }
}

/// Stores a new credential.
pub async fn insert(tx: &Tx<'_>, minted: &Minted, token: &Token, idle_end: Option<DateTime<Utc>>) -> Result<()> {
    let query = diesel::sql_query("SELECT tenancy.token_insert($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind::<Text, _>(&token.key_id)
        .bind::<Binary, _>(minted.hash.as_bytes().as_slice())
        .bind::<Text, _>(token.kind)
        .bind::<Nullable<SqlUuid>, _>(token.user_id)
        .bind::<Nullable<SqlUuid>, _>(token.account_id)
        .bind::<Timestamptz, _>(token.created_at)
        .bind::<Timestamptz, _>(token.expires_at)
        .bind::<Nullable<Timestamptz>, _>(idle_end);
    Cached(query).execute(&mut tx.conn()).await?;
    Ok(())
}

/// One credential of anybody; whether the caller may know of it is the caller's to find out.
pub async fn get(tx: &Tx<'_>, key_id: &KeyId) -> Result<Token, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.token_resolve($1)").bind::<Text, _>(key_id.as_str());
    let found: Vec<Token> = Cached(query).get_results(&mut tx.conn()).await.map_err(schema::Error::from)?;
    found.into_iter().next().ok_or_else(|| Failure::not_found("token", key_id))
}

/// Ends a credential for good; false when it had ended already.
pub async fn revoke(tx: &Tx<'_>, key_id: &str, at: DateTime<Utc>) -> Result<bool> {
    let query = diesel::sql_query("SELECT tenancy.token_revoke($1, $2) AS done")
        .bind::<Text, _>(key_id)
        .bind::<Timestamptz, _>(at);
    let rows: Vec<Done> = Cached(query).get_results(&mut tx.conn()).await?;
    Ok(rows.iter().any(|row| row.done))
}

/// Brings the end of a service token forward.
pub async fn end(tx: &Tx<'_>, key_id: &str, at: DateTime<Utc>) -> Result<bool> {
    let query = diesel::sql_query("SELECT tenancy.token_end($1, $2) AS done")
        .bind::<Text, _>(key_id)
        .bind::<Timestamptz, _>(at);
    let rows: Vec<Done> = Cached(query).get_results(&mut tx.conn()).await?;
    Ok(rows.iter().any(|row| row.done))
}

/// A page of the tokens of the practice's service accounts, or of one of them.
pub async fn list(
    tx: &Tx<'_>,
    account: Option<ServiceAccountId>,
    include_ended: bool,
    page: &PageRequest,
) -> Result<Page<Token>, Failure> {
    let counting_at = (!include_ended).then(|| tx.scope().now());
    let limit = i32::try_from(page.limit()).unwrap_or(i32::MAX);
    let found = in_practice(tx, account, counting_at, page.after::<KeyId>(), limit).await?;
    Ok(page.page(found, |token| KeyId::stored(&token.key_id)))
}

/// The tokens of an account that count now, three at most.
pub async fn counting(tx: &Tx<'_>, account: ServiceAccountId) -> Result<Vec<Token>> {
    in_practice(tx, Some(account), Some(tx.scope().now()), None, 3).await
}

async fn in_practice(
    tx: &Tx<'_>,
    account: Option<ServiceAccountId>,
    counting_at: Option<DateTime<Utc>>,
    after: Option<KeyId>,
    limit: i32,
) -> Result<Vec<Token>> {
    let query = diesel::sql_query("SELECT * FROM tenancy.tokens_in_practice($1, $2, $3, $4)")
        .bind::<Nullable<SqlUuid>, _>(account)
        .bind::<Nullable<Timestamptz>, _>(counting_at)
        .bind::<Nullable<Text>, _>(after.as_ref().map(KeyId::as_str))
        .bind::<Int4, _>(limit);
    Ok(Cached(query).get_results(&mut tx.conn()).await?)
}
