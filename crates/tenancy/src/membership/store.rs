//! The statements of `tenancy.memberships`.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Int4, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::id::UserId;
use kernel::{Failure, Page, PageRequest, Role};
use schema::tables::tenancy::memberships;
use schema::{Cached, Explain, Refused, Result, Tx};

use super::{Member, Membership, MembershipPatch, Owners};

fn explain(refused: Refused<'_>) -> Option<Failure> {
    match refused {
        Refused::Taken("memberships_pkey") => Some(Failure::already_exists(
            "membership",
            "MEMBERSHIP_EXISTS",
            "the user has a membership in this practice already; UpdateMembership can reactivate it",
        )),
        Refused::Dangling("memberships_therapist_fkey") => Some(Failure::not_found("therapist", "")),
        Refused::Taken(_) | Refused::Dangling(_) => None,
    }
}

/// Adds a membership.
pub async fn insert(tx: &Tx<'_>, membership: &Membership) -> Result<(), Failure> {
    let insert = diesel::insert_into(memberships::table).values(membership);
    insert.execute(&mut tx.conn()).await.explain(explain)?;
    Ok(())
}

/// One membership, locked until the transaction ends.
pub async fn lock(tx: &Tx<'_>, user: UserId) -> Result<Membership, Failure> {
    let query = memberships::table.find((tx.practice(), user)).select(Membership::as_select()).for_update();
    let found = query.first(&mut tx.conn()).await.optional().map_err(schema::Error::from)?;
    found.ok_or_else(|| Failure::not_found("membership", user))
}

/// The active owners, locked until the transaction ends; everybody who changes one locks them first.
pub async fn lock_owners(tx: &Tx<'_>) -> Result<Owners> {
    let query = memberships::table
        .filter(memberships::practice_id.eq(tx.practice()))
        .filter(memberships::is_owner)
        .filter(memberships::is_active)
        .filter(memberships::role.eq(Role::Admin))
        .order(memberships::user_id)
        .select(memberships::user_id)
        .for_update();
    Ok(Owners(query.load(&mut tx.conn()).await?))
}

/// Changes a membership that is locked.
pub async fn update(tx: &Tx<'_>, user: UserId, patch: &MembershipPatch) -> Result<(), Failure> {
    let changes =
        (patch, memberships::version.eq(memberships::version + 1), memberships::updated_at.eq(tx.scope().now()));
    let update = diesel::update(memberships::table.find((tx.practice(), user))).set(changes);
    match update.execute(&mut tx.conn()).await.explain(explain)? {
        0 => Err(Failure::not_found("membership", user)),
        _ => Ok(()),
    }
}

/// One membership of the practice, with its names.
pub async fn get(tx: &Tx<'_>, user: UserId) -> Result<Member, Failure> {
    let found = in_practice(tx, Some(user), true, None, 1).await?;
    found.into_iter().next().ok_or_else(|| Failure::not_found("membership", user))
}

/// A page of the practice's memberships, by user.
pub async fn list(tx: &Tx<'_>, include_inactive: bool, page: &PageRequest) -> Result<Page<Member>> {
    let limit = i32::try_from(page.limit()).unwrap_or(i32::MAX);
    let found = in_practice(tx, None, include_inactive, page.after(), limit).await?;
    Ok(page.page(found, |member| member.user_id))
}

async fn in_practice(
    tx: &Tx<'_>,
    user: Option<UserId>,
    include_inactive: bool,
    after: Option<UserId>,
    limit: i32,
) -> Result<Vec<Member>> {
    let query = diesel::sql_query("SELECT * FROM tenancy.memberships_in_practice($1, $2, $3, $4)")
        .bind::<Nullable<SqlUuid>, _>(user)
        .bind::<Bool, _>(include_inactive)
        .bind::<Nullable<SqlUuid>, _>(after)
        .bind::<Int4, _>(limit);
    Ok(Cached(query).get_results(&mut tx.conn()).await?)
}

/// A person's memberships in all practices, ended ones too.
pub async fn of_user(tx: &Tx<'_>, user: UserId) -> Result<Vec<Member>> {
    let query = diesel::sql_query("SELECT * FROM tenancy.memberships_of_user($1)").bind::<SqlUuid, _>(user);
    Ok(Cached(query).get_results(&mut tx.conn()).await?)
}
