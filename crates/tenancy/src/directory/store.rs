//! The functions that resolve a credential.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Bool, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::join;
use kernel::Role;
use kernel::id::{BreakGlassId, PatientId, PracticeId, ServiceAccountId, TherapistId, UserId};
use schema::{Cached, Db, Result};

use crate::token::{KeyId, TokenKind};

#[derive(QueryableByName)]
pub(super) struct TokenRow {
    #[diesel(sql_type = Text)]
    pub(super) kind: TokenKind,
    #[diesel(sql_type = Binary)]
    pub(super) secret_hash: Vec<u8>,
    #[diesel(sql_type = Timestamptz)]
    pub(super) expires_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) idle_expires_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Date>)]
    pub(super) last_used_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) revoked_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) user_id: Option<UserId>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub(super) user_is_active: Option<bool>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub(super) user_is_verified: Option<bool>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) active_practice_id: Option<PracticeId>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub(super) phi_training_completed: Option<bool>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) phi_training_expires_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) account_id: Option<ServiceAccountId>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub(super) account_is_active: Option<bool>,
    #[diesel(sql_type = Array<Binary>)]
    pub(super) certificates: Vec<Vec<u8>>,
}

#[derive(QueryableByName)]
pub(super) struct MembershipRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) practice_id: PracticeId,
    #[diesel(sql_type = Bool)]
    pub(super) practice_is_active: bool,
    #[diesel(sql_type = Text)]
    pub(super) role: Role,
    #[diesel(sql_type = Bool)]
    pub(super) is_owner: bool,
    #[diesel(sql_type = Bool)]
    pub(super) is_active: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) therapist_id: Option<TherapistId>,
}

#[derive(QueryableByName)]
pub(super) struct GrantRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) practice_id: PracticeId,
    #[diesel(sql_type = Bool)]
    pub(super) practice_is_active: bool,
    #[diesel(sql_type = Array<Text>)]
    pub(super) scopes: Vec<String>,
    #[diesel(sql_type = Timestamptz)]
    pub(super) valid_from: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) valid_to: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
pub(super) struct BreakGlassRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: BreakGlassId,
    #[diesel(sql_type = SqlUuid)]
    pub(super) practice_id: PracticeId,
    #[diesel(sql_type = SqlUuid)]
    pub(super) patient_id: PatientId,
    #[diesel(sql_type = Timestamptz)]
    pub(super) expires_at: DateTime<Utc>,
}

/// A practice that demands a second factor which the bearer lacks.
#[derive(QueryableByName)]
pub(super) struct LackRow {
    #[diesel(sql_type = SqlUuid)]
    pub(super) practice_id: PracticeId,
}

/// A token, and where its bearer may act.
pub(super) struct Found {
    pub(super) token: TokenRow,
    pub(super) memberships: Vec<MembershipRow>,
    pub(super) grants: Vec<GrantRow>,
    pub(super) break_glasses: Vec<BreakGlassRow>,
    pub(super) lacks: Vec<LackRow>,
}

/// A token, and where its bearer may act, in one flight.
pub(super) async fn find(db: &Db, key_id: &KeyId, now: DateTime<Utc>) -> Result<Option<Found>> {
    let lease = db.directory().await?;
    let conn: &AsyncPgConnection = &lease;
    let (mut a, mut b, mut c, mut d, mut e) = (conn, conn, conn, conn, conn);
    let token = diesel::sql_query("SELECT * FROM tenancy.credential_resolve($1)").bind::<Text, _>(key_id.as_str());
    let memberships = diesel::sql_query(
        "SELECT m.* FROM tenancy.token_resolve($1) t CROSS JOIN LATERAL tenancy.memberships_of_user(t.user_id) m",
    )
    .bind::<Text, _>(key_id.as_str());
    let grants = diesel::sql_query(
        "SELECT g.* FROM tenancy.token_resolve($1) t CROSS JOIN LATERAL tenancy.grants_of_account(t.account_id) g",
    )
    .bind::<Text, _>(key_id.as_str());
    let break_glasses = diesel::sql_query(
        "SELECT b.* FROM tenancy.token_resolve($1) t CROSS JOIN LATERAL tenancy.break_glasses_of_user(t.user_id, $2) b",
    )
    .bind::<Text, _>(key_id.as_str())
    .bind::<Timestamptz, _>(now);
    let lacks = diesel::sql_query("SELECT * FROM tenancy.totp_missing($1)").bind::<Text, _>(key_id.as_str());
    let (token, memberships, grants, break_glasses, lacks) = join!(
        Cached(token).get_results::<TokenRow>(&mut a),
        Cached(memberships).get_results(&mut b),
        Cached(grants).get_results(&mut c),
        Cached(break_glasses).get_results(&mut d),
        Cached(lacks).get_results(&mut e)
    );
    let Some(token) = token?.pop() else { return Ok(None) };
    let (memberships, grants) = (memberships?, grants?);
    Ok(Some(Found { token, memberships, grants, break_glasses: break_glasses?, lacks: lacks? }))
}

/// Notes the use of a token.
pub(super) async fn touch(db: &Db, key_id: &KeyId, now: DateTime<Utc>, idle_end: Option<DateTime<Utc>>) -> Result<()> {
    let mut lease = db.directory().await?;
    let query = diesel::sql_query("SELECT tenancy.token_touch($1, $2, $3)")
        .bind::<Text, _>(key_id.as_str())
        .bind::<Date, _>(now.date_naive())
        .bind::<Nullable<Timestamptz>, _>(idle_end);
    Cached(query).execute(&mut *lease).await?;
    Ok(())
}
