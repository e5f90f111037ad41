//! What may be asked about service accounts and their grants.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Bool, Int4, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::id::{PracticeId, ServiceAccountId};
use kernel::{Failure, Fingerprint};
use schema::{Cached, Explain, Refused, Result, Tx};

use super::{Account, Certificate, Grant, NewGrant};

#[derive(QueryableByName)]
struct GrantOf {
    #[diesel(sql_type = SqlUuid)]
    practice_id: PracticeId,
    #[diesel(sql_type = Array<Text>)]
    scopes: Vec<String>,
    #[diesel(sql_type = Timestamptz)]
    valid_from: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    valid_to: Option<DateTime<Utc>>,
}

fn one(found: Vec<Account>, id: ServiceAccountId) -> Result<Account, Failure> {
    found.into_iter().next().ok_or_else(|| Failure::not_found("service account", id))
}

/// Adds an account, without any grant.
pub async fn insert(
    tx: &Tx<'_>,
    id: ServiceAccountId,
    name: &str,
    description: Option<&str>,
) -> Result<Account, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.service_account_insert($1, $2, $3, $4)")
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(name)
        .bind::<Nullable<Text>, _>(description)
        .bind::<Timestamptz, _>(tx.scope().now());
    one(Cached(query).get_results(&mut tx.conn()).await.map_err(schema::Error::from)?, id)
}

/// One account, whatever the practice: for the account itself.
pub async fn get(tx: &Tx<'_>, id: ServiceAccountId) -> Result<Account, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.service_account_get($1)").bind::<SqlUuid, _>(id);
    one(Cached(query).get_results(&mut tx.conn()).await.map_err(schema::Error::from)?, id)
}

/// An account with a grant in the practice, locked until the transaction ends.
pub async fn lock(tx: &Tx<'_>, id: ServiceAccountId) -> Result<Account, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.service_account_lock($1)").bind::<SqlUuid, _>(id);
    one(Cached(query).get_results(&mut tx.conn()).await.map_err(schema::Error::from)?, id)
}

/// The accounts with a grant in the practice, ended ones too.
pub async fn list(tx: &Tx<'_>, limit: i32) -> Result<Vec<Account>> {
    let query =
        diesel::sql_query("SELECT * FROM tenancy.service_accounts_in_practice(NULL, $1)").bind::<Int4, _>(limit);
    Ok(Cached(query).get_results(&mut tx.conn()).await?)
}

/// Gives the grant in the scope's practice, or replaces the one that is there.
pub async fn grant(tx: &Tx<'_>, id: ServiceAccountId, grant: &NewGrant) -> Result<Grant, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.grant_upsert($1, $2, $3, $4, $5)")
        .bind::<SqlUuid, _>(id)
        .bind::<Array<Text>, _>(&grant.scopes)
        .bind::<Timestamptz, _>(grant.valid_from)
        .bind::<Nullable<Timestamptz>, _>(grant.valid_to)
        .bind::<Timestamptz, _>(tx.scope().now());
    let explain = |refused: Refused<'_>| match refused {
        Refused::Dangling("service_grants_account_fkey") => Some(Failure::not_found("service account", id)),
        Refused::Dangling(_) | Refused::Taken(_) => None,
    };
    let given: Vec<Grant> = Cached(query).get_results(&mut tx.conn()).await.explain(explain)?;
    given.into_iter().next().ok_or_else(|| Failure::internal("the grant was not given"))
}

/// Ends the grant in the scope's practice.
pub async fn end_grant(tx: &Tx<'_>, id: ServiceAccountId) -> Result<Grant, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.grant_end($1, $2)")
        .bind::<SqlUuid, _>(id)
        .bind::<Timestamptz, _>(tx.scope().now());
    let ended: Vec<Grant> = Cached(query).get_results(&mut tx.conn()).await.map_err(schema::Error::from)?;
    ended.into_iter().next().ok_or_else(|| Failure::not_found("service account", id))
}

/// Suspends or reactivates an account with a grant in the practice.
pub async fn set_active(tx: &Tx<'_>, id: ServiceAccountId, is_active: bool) -> Result<Account, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.service_account_set_active($1, $2, $3)")
        .bind::<SqlUuid, _>(id)
        .bind::<Bool, _>(is_active)
        .bind::<Timestamptz, _>(tx.scope().now());
    one(Cached(query).get_results(&mut tx.conn()).await.map_err(schema::Error::from)?, id)
}

/// An account's grants in all practices, ended ones too.
pub async fn grants_of(tx: &Tx<'_>, id: ServiceAccountId) -> Result<Vec<Grant>> {
    let query = diesel::sql_query("SELECT * FROM tenancy.grants_of_account($1)").bind::<SqlUuid, _>(id);
    let found: Vec<GrantOf> = Cached(query).get_results(&mut tx.conn()).await?;
    let grant = |GrantOf { practice_id, scopes, valid_from, valid_to }| Grant {
        practice_id,
        account_id: id,
        scopes,
        valid_from,
        valid_to,
    };
    Ok(found.into_iter().map(grant).collect())
}

/// The certificates that an account is bound to.
pub async fn certificates_of(tx: &Tx<'_>, id: ServiceAccountId) -> Result<Vec<Certificate>> {
    let query = diesel::sql_query("SELECT * FROM tenancy.certificates_of_account($1)").bind::<SqlUuid, _>(id);
    Ok(Cached(query).get_results(&mut tx.conn()).await?)
}

/// Binds a certificate to an account with a grant in the practice.
pub async fn bind(
    tx: &Tx<'_>,
    id: ServiceAccountId,
    fingerprint: Fingerprint,
    label: &str,
) -> Result<Account, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.certificate_bind($1, $2, $3, $4)")
        .bind::<SqlUuid, _>(id)
        .bind::<Binary, _>(fingerprint.as_bytes().as_slice())
        .bind::<Text, _>(label)
        .bind::<Timestamptz, _>(tx.scope().now());
    let bound: Vec<Account> = Cached(query).get_results(&mut tx.conn()).await.map_err(schema::Error::from)?;
    bound.into_iter().next().ok_or_else(|| {
        Failure::already_exists("certificate", "CERTIFICATE_BOUND", "the certificate is bound to the account already")
    })
}

/// Undoes [`bind`].
pub async fn unbind(tx: &Tx<'_>, id: ServiceAccountId, fingerprint: Fingerprint) -> Result<Account, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.certificate_unbind($1, $2, $3)")
        .bind::<SqlUuid, _>(id)
        .bind::<Binary, _>(fingerprint.as_bytes().as_slice())
        .bind::<Timestamptz, _>(tx.scope().now());
    let unbound: Vec<Account> = Cached(query).get_results(&mut tx.conn()).await.map_err(schema::Error::from)?;
    unbound.into_iter().next().ok_or_else(|| Failure::not_found("certificate", fingerprint))
}
