//! What may be asked about people.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Int4, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::id::{PracticeId, UserId};
use kernel::{Failure, Page, PageRequest, etag};
use schema::{Cached, Explain, Refused, Result, Tx};

use super::User;

/// What a log-in needs to know.
#[derive(QueryableByName)]
pub struct LoginRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: UserId,
    /// None for those who were invited and have not chosen one.
    #[diesel(sql_type = Nullable<Text>)]
    pub password_hash: Option<String>,
    #[diesel(sql_type = Bool)]
    pub is_active: bool,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    id: Option<UserId>,
}

#[derive(QueryableByName)]
struct Done {
    #[diesel(sql_type = Bool)]
    done: bool,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Int4)]
    count: i32,
}

fn explain(refused: Refused<'_>) -> Option<Failure> {
    match refused {
        Refused::Taken("users_email_key") => Some(Failure::already_exists(
            "user",
            "EMAIL_TAKEN",
            "a user with this email exists already; CreateMembership gives that user a place in the practice",
        )),
        Refused::Taken(_) | Refused::Dangling(_) => None,
    }
}

/// Adds a user.
pub async fn insert(tx: &Tx<'_>, user: &User, password_hash: Option<&str>) -> Result<(), Failure> {
    let query = diesel::sql_query("SELECT id FROM tenancy.user_insert($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind::<SqlUuid, _>(user.id)
        .bind::<Text, _>(&user.email)
        .bind::<Nullable<Text>, _>(password_hash)
        .bind::<Text, _>(&user.first_name)
        .bind::<Text, _>(&user.last_name)
        .bind::<Text, _>(user.role)
        .bind::<Bool, _>(user.is_verified)
        .bind::<Nullable<Timestamptz>, _>(user.phi_training_completed_at)
        .bind::<Nullable<Timestamptz>, _>(user.phi_training_expires_at)
        .bind::<Timestamptz, _>(user.created_at);
    Cached(query).execute(&mut tx.conn()).await.explain(explain)?;
    Ok(())
}

/// Writes a member's profile over the version that was read.
pub async fn update(tx: &Tx<'_>, user: &User) -> Result<User, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.user_update($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind::<SqlUuid, _>(user.id)
        .bind::<Int8, _>(user.version)
        .bind::<Text, _>(&user.email)
        .bind::<Text, _>(&user.first_name)
        .bind::<Text, _>(&user.last_name)
        .bind::<Text, _>(user.role)
        .bind::<Bool, _>(user.is_active)
        .bind::<Bool, _>(user.is_verified)
        .bind::<Nullable<Timestamptz>, _>(user.phi_training_completed_at)
        .bind::<Nullable<Timestamptz>, _>(user.phi_training_expires_at)
        .bind::<Timestamptz, _>(tx.scope().now());
    let updated: Vec<User> = Cached(query).get_results(&mut tx.conn()).await.explain(explain)?;
    updated.into_iter().next().ok_or_else(etag::mismatch)
}

/// One member of the practice, ended memberships too.
pub async fn get(tx: &Tx<'_>, id: UserId) -> Result<User, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.user_get_in_practice($1)").bind::<SqlUuid, _>(id);
    let found: Vec<User> = Cached(query).get_results(&mut tx.conn()).await.map_err(schema::Error::from)?;
    found.into_iter().next().ok_or_else(|| Failure::not_found("user", id))
}

/// One person, whatever the practice: for the caller's own profile.
pub async fn profile(tx: &Tx<'_>, id: UserId) -> Result<User, Failure> {
    let query = diesel::sql_query("SELECT * FROM tenancy.user_profile($1)").bind::<SqlUuid, _>(id);
    let found: Vec<User> = Cached(query).get_results(&mut tx.conn()).await.map_err(schema::Error::from)?;
    found.into_iter().next().ok_or_else(|| Failure::not_found("user", id))
}

/// A page of the practice's members.
pub async fn list(tx: &Tx<'_>, include_inactive: bool, page: &PageRequest) -> Result<Page<User>> {
    let query = diesel::sql_query("SELECT * FROM tenancy.users_in_practice($1, $2, $3)")
        .bind::<Bool, _>(include_inactive)
        .bind::<Nullable<SqlUuid>, _>(page.after::<UserId>())
        .bind::<Int4, _>(i32::try_from(page.limit()).unwrap_or(i32::MAX));
    Ok(page.page(Cached(query).get_results(&mut tx.conn()).await?, |user: &User| user.id))
}

/// The active user with an address.
pub async fn id_by_email(tx: &Tx<'_>, email: &str) -> Result<Option<UserId>> {
    let query = diesel::sql_query("SELECT tenancy.user_id_by_email($1) AS id").bind::<Text, _>(email);
    let found: Vec<Found> = Cached(query).get_results(&mut tx.conn()).await?;
    Ok(found.into_iter().find_map(|row| row.id))
}

/// Makes a practice the active one, if the user is an active member there.
pub async fn set_active_practice(tx: &Tx<'_>, user: UserId, practice: PracticeId) -> Result<bool> {
    let query = diesel::sql_query("SELECT tenancy.user_set_active_practice($1, $2, $3) AS done")
        .bind::<SqlUuid, _>(user)
        .bind::<SqlUuid, _>(practice)
        .bind::<Timestamptz, _>(tx.scope().now());
    Ok(done(&Cached(query).get_results(&mut tx.conn()).await?))
}

/// Replaces a member's password.
pub async fn set_password(tx: &Tx<'_>, user: UserId, password_hash: &str) -> Result<bool> {
    let query = diesel::sql_query("SELECT tenancy.user_set_password($1, $2, $3) AS done")
        .bind::<SqlUuid, _>(user)
        .bind::<Text, _>(password_hash)
        .bind::<Timestamptz, _>(tx.scope().now());
    Ok(done(&Cached(query).get_results(&mut tx.conn()).await?))
}

/// Replaces the caller's own password, if the old one is still what was compared, and ends the caller's other sessions.
pub async fn change_password(tx: &Tx<'_>, user: UserId, old_hash: &str, new_hash: &str) -> Result<bool> {
    let query = diesel::sql_query("SELECT tenancy.user_change_password($1, $2, $3, $4, $5) AS done")
        .bind::<SqlUuid, _>(user)
        .bind::<Text, _>(old_hash)
        .bind::<Text, _>(new_hash)
        .bind::<Text, _>(tx.scope().key_id())
        .bind::<Timestamptz, _>(tx.scope().now());
    Ok(done(&Cached(query).get_results(&mut tx.conn()).await?))
}

/// Ends all sessions of a member; answers how many.
pub async fn revoke_tokens(tx: &Tx<'_>, user: UserId, at: DateTime<Utc>) -> Result<i32> {
    let query = diesel::sql_query("SELECT tenancy.tokens_revoke_of_user($1, $2) AS count")
        .bind::<SqlUuid, _>(user)
        .bind::<Timestamptz, _>(at);
    let counted: Vec<Counted> = Cached(query).get_results(&mut tx.conn()).await?;
    Ok(counted.iter().map(|row| row.count).sum())
}

/// The only question that is answered with a password's hash.
pub async fn for_login(conn: &AsyncPgConnection, email: &str) -> Result<Option<LoginRow>> {
    let mut conn = conn;
    let query = diesel::sql_query("SELECT * FROM tenancy.user_by_email_for_login($1)").bind::<Text, _>(email);
    let found: Vec<LoginRow> = Cached(query).get_results(&mut conn).await?;
    Ok(found.into_iter().next())
}

fn done(rows: &[Done]) -> bool {
    rows.iter().any(|row| row.done)
}

impl std::fmt::Debug for LoginRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginRow").field("id", &self.id).finish_non_exhaustive()
    }
}
