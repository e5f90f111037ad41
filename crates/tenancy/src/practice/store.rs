//! The statements of `tenancy.practices`. Row-level security knows the practice by its own id.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Int4, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::access::Actor;
use kernel::id::PracticeId;
use kernel::{Failure, Page, PageRequest, etag};
use schema::tables::tenancy::practices;
use schema::{Cached, Db, Result, Tx};

use super::{Practice, PracticePatch};

/// The scope's practice.
pub async fn get(tx: &Tx<'_>) -> Result<Practice, Failure> {
    let query = practices::table.find(tx.practice()).select(Practice::as_select());
    let found = query.first(&mut tx.conn()).await.optional().map_err(schema::Error::from)?;
    found.ok_or_else(|| Failure::not_found("practice", tx.scope().practice()))
}

/// Inserts a practice; the scope must be its own. A trigger opens its audit chain and its feed.
pub async fn insert(tx: &Tx<'_>, practice: &Practice) -> Result<()> {
    diesel::insert_into(practices::table).values(practice).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Changes the scope's practice.
pub async fn update(tx: &Tx<'_>, expected: Option<i64>, patch: &PracticePatch) -> Result<Practice, Failure> {
    let changes = (patch, practices::version.eq(practices::version + 1), practices::updated_at.eq(tx.scope().now()));
    let mut conn = tx.conn();
    let updated = match expected {
        None => {
            let query = diesel::update(practices::table.find(tx.practice())).set(changes);
            query.returning(Practice::as_returning()).get_result(&mut conn).await
        }
        Some(version) => {
            let row = practices::table.find(tx.practice()).filter(practices::version.eq(version));
            let query = diesel::update(row).set(changes);
            query.returning(Practice::as_returning()).get_result(&mut conn).await
        }
    };
    updated.optional().map_err(schema::Error::from)?.ok_or_else(etag::mismatch)
}

/// A page of the practices that the caller belongs to, by id.
pub async fn list_of_caller(
    tx: &Tx<'_>,
    caller: Actor,
    now: DateTime<Utc>,
    page: &PageRequest,
) -> Result<Page<Practice>, Failure> {
    let after = page.after::<PracticeId>();
    let limit = i32::try_from(page.limit()).unwrap_or(i32::MAX);
    let mut conn = tx.conn();
    let found = match caller {
        Actor::User(user) => {
            let query = diesel::sql_query("SELECT * FROM tenancy.practices_of_user($1, $2, $3)")
                .bind::<SqlUuid, _>(user)
                .bind::<Nullable<SqlUuid>, _>(after)
                .bind::<Int4, _>(limit);
            Cached(query).get_results(&mut conn).await
        }
        Actor::Service(account) => {
            let query = diesel::sql_query("SELECT * FROM tenancy.practices_of_account($1, $2, $3, $4)")
                .bind::<SqlUuid, _>(account)
                .bind::<Timestamptz, _>(now)
                .bind::<Nullable<SqlUuid>, _>(after)
                .bind::<Int4, _>(limit);
            Cached(query).get_results(&mut conn).await
        }
        Actor::System => Ok(Vec::new()),
    };
    Ok(page.page(found.map_err(schema::Error::from)?, |practice: &Practice| practice.id))
}

/// Every practice, for the operator: only a role that bypasses row-level security gets an answer.
pub async fn list_all(db: &Db) -> Result<Vec<Practice>> {
    let mut lease = db.directory().await?;
    Ok(practices::table.select(Practice::as_select()).order(practices::id).load(&mut *lease).await?)
}
