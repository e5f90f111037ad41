//! What may be asked about authenticators.

use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Int8, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::id::UserId;
use schema::{Cached, Result, Tx};

use super::Authenticator;

#[derive(QueryableByName)]
struct Done {
    #[diesel(sql_type = Bool)]
    done: bool,
}

fn done(rows: &[Done]) -> bool {
    rows.iter().any(|row| row.done)
}

/// The confirmed authenticator of whoever logs in.
pub async fn for_login(conn: &AsyncPgConnection, email: &str) -> Result<Option<Authenticator>> {
    let mut conn = conn;
    let query = diesel::sql_query("SELECT * FROM tenancy.totp_by_email_for_login($1)").bind::<Text, _>(email);
    let found: Vec<Authenticator> = Cached(query).get_results(&mut conn).await?;
    Ok(found.into_iter().next())
}

/// The caller's own, confirmed or not.
pub async fn of_user(tx: &Tx<'_>, user: UserId) -> Result<Option<Authenticator>> {
    let query = diesel::sql_query("SELECT * FROM tenancy.totp_of_user($1)").bind::<SqlUuid, _>(user);
    let found: Vec<Authenticator> = Cached(query).get_results(&mut tx.conn()).await?;
    Ok(found.into_iter().next())
}

/// Keeps a secret until it is confirmed; false when another one is.
pub async fn enroll(tx: &Tx<'_>, user: UserId, secret: &[u8]) -> Result<bool> {
    let query = diesel::sql_query("SELECT tenancy.totp_enroll($1, $2, $3) AS done")
        .bind::<SqlUuid, _>(user)
        .bind::<Binary, _>(secret)
        .bind::<Timestamptz, _>(tx.scope().now());
    Ok(done(&Cached(query).get_results(&mut tx.conn()).await?))
}

/// Uses a step up; false when it was already.
pub async fn use_step(tx: &Tx<'_>, authenticator: &Authenticator, step: i64) -> Result<bool> {
    let query = diesel::sql_query("SELECT tenancy.totp_use($1, $2, $3, $4) AS done")
        .bind::<SqlUuid, _>(authenticator.user_id)
        .bind::<Binary, _>(authenticator.secret.as_slice())
        .bind::<Int8, _>(step)
        .bind::<Timestamptz, _>(tx.scope().now());
    Ok(done(&Cached(query).get_results(&mut tx.conn()).await?))
}

/// Forgets an authenticator.
pub async fn remove(tx: &Tx<'_>, user: UserId) -> Result<bool> {
    let query = diesel::sql_query("SELECT tenancy.totp_remove($1) AS done").bind::<SqlUuid, _>(user);
    Ok(done(&Cached(query).get_results(&mut tx.conn()).await?))
}
