//! Whose a part of a file is. A practice is named by a number of ours or by the payee, never by a person.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::id::BatchId;
use kernel::{Ctx, Failure, Permission, PracticeId, Scope};
use schema::tables::claims::{batches, trading_partners};
use schema::tables::tenancy::practices;
use schema::{Cached, Db, Error};
use uuid::Uuid;

use super::Problem;
use super::survey::Subject;
use crate::batch::Batch;
use crate::response;

/// Where a part of a file is settled.
#[derive(Debug, Clone)]
pub struct Routed {
    pub scope: Scope,
    /// The file of ours that it answers.
    pub batch: Option<BatchId>,
    /// The time zone of the partner that answers.
    pub time_zone: String,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    practice_id: Uuid,
}

/// Finds the practice.
///
/// # Errors
/// The database's; the inner one tells why it is nobody's.
pub async fn route(db: &Db, ctx: &Ctx, subject: &Subject) -> Result<Result<Routed, Problem>, Failure> {
    match subject {
        Subject::Ta1(ta1) => answered(db, ctx, ta1.control_number.parse().ok()).await,
        Subject::X999 { group } => answered(db, ctx, group.trim_start_matches('0').parse().ok()).await,
        Subject::X277Ca { reference, numbers } => {
            let number = reference.as_deref().and_then(Batch::control_number);
            match answered(db, ctx, number).await? {
                Ok(routed) => Ok(Ok(routed)),
                Err(unknown) => Ok(by_numbers(db, ctx, numbers).await?.ok_or(unknown)),
            }
        }
        Subject::X835 { payment, numbers, totals: _, digest: _ } => {
            let payee = (payment.payee.npi.as_deref(), payment.payee.tax_id.as_deref());
            paid(db, ctx, payee, numbers).await
        }
    }
}

fn scope_in(ctx: &Ctx, practice: PracticeId) -> Option<Scope> {
    ctx.scopes().iter().find(|scope| scope.practice() == practice).cloned()
}

/// The one who sent the interchange of that number.
async fn answered(db: &Db, ctx: &Ctx, number: Option<i32>) -> Result<Result<Routed, Problem>, Failure> {
    let unknown = || Problem::new("BATCH_UNKNOWN", "it answers no file that was sent from here");
    let Some(number) = number else { return Ok(Err(unknown())) };
    let first = ctx.scope()?;
    let scope = match ctx.scopes() {
        [_, _, ..] => interchange_of(db, number, first.actor_id(), first.now()).await?,
        _ => Some(first.practice()),
    };
    let Some(scope) = scope.and_then(|practice| scope_in(ctx, practice)) else { return Ok(Err(unknown())) };
    let found = db.read(&scope, async move |tx| {
        let query = batches::table
            .filter(batches::practice_id.eq(tx.practice()))
            .filter(batches::control_number.eq(number))
            .select((batches::id, batches::trading_partner_id));
        let found: Option<(BatchId, String)> = query.first(&mut tx.conn()).await.optional().map_err(Error::from)?;
        let Some((batch, partner)) = found else { return Ok(None) };
        let query = trading_partners::table.find(partner).select(trading_partners::time_zone);
        let time_zone: String = query.first(&mut tx.conn()).await.map_err(Error::from)?;
        Ok(Some((batch, time_zone)))
    });
    let found = found.await?;
    Ok(found.map(|(batch, time_zone)| Routed { scope, batch: Some(batch), time_zone }).ok_or_else(unknown))
}

async fn interchange_of(db: &Db, number: i32, account: Uuid, at: DateTime<Utc>) -> Result<Option<PracticeId>, Failure> {
    let conn = db.directory().await?;
    let query = diesel::sql_query("SELECT practice_id FROM claims.interchange_resolve($1, $2, $3, $4)")
        .bind::<Integer, _>(number)
        .bind::<SqlUuid, _>(account)
        .bind::<Text, _>(Permission::AcksWrite.service_scope().unwrap_or_default())
        .bind::<Timestamptz, _>(at);
    let found: Option<Found> = Cached(query).get_result(&mut &*conn).await.optional().map_err(Error::from)?;
    Ok(found.map(|row| PracticeId::from_uuid(row.practice_id)))
}

/// The one whose claims the numbers are, when nothing else tells.
async fn by_numbers(db: &Db, ctx: &Ctx, numbers: &[String]) -> Result<Option<Routed>, Failure> {
    let first = ctx.scope()?;
    let alone = |scope: Scope| Routed { scope, batch: None, time_zone: "UTC".to_owned() };
    let [_, _, ..] = ctx.scopes() else { return Ok(Some(alone(first.clone()))) };
    for number in numbers {
        let practice = response::store::practice_of(db, number, first.actor_id(), first.now()).await?;
        if let Some(scope) = practice.and_then(|practice| scope_in(ctx, practice)) {
            return Ok(Some(alone(scope)));
        }
    }
    Ok(None)
}

/// The one who is paid: by NPI or tax id, and by the claims where several have the same.
async fn paid(
    db: &Db,
    ctx: &Ctx,
    (npi, tax_id): (Option<&str>, Option<&str>),
    numbers: &[String],
) -> Result<Result<Routed, Problem>, Failure> {
    let unknown = Problem::new("PAYEE_UNKNOWN", "no practice in reach has the payee's NPI or tax id");
    let first = ctx.scope()?;
    let payees = match ctx.scopes() {
        [_, _, ..] => payees(db, npi, tax_id, first.actor_id(), first.now()).await?,
        _ if is_payee(db, first, npi, tax_id).await? => vec![first.practice()],
        _ => Vec::new(),
    };
    let candidates: Vec<Scope> = payees.into_iter().filter_map(|practice| scope_in(ctx, practice)).collect();
    let scope = match candidates.as_slice() {
        [] => return Ok(Err(unknown)),
        [only] => only.clone(),
        several => {
            let routed = by_numbers(db, ctx, numbers).await?.map(|routed| routed.scope.practice());
            match several.iter().find(|scope| Some(scope.practice()) == routed) {
                Some(scope) => scope.clone(),
                None => {
                    let message =
                        "several practices in reach have the payee's tax id, and no claim tells which is meant";
                    return Ok(Err(Problem::new("PAYEE_AMBIGUOUS", message)));
                }
            }
        }
    };
    if scope.require(Permission::RemitsWrite).is_err() {
        return Ok(Err(Problem::new("PERMISSION_MISSING", "posting money needs the permission remits.write")));
    }
    Ok(Ok(Routed { scope, batch: None, time_zone: "UTC".to_owned() }))
}

async fn payees(
    db: &Db,
    npi: Option<&str>,
    tax_id: Option<&str>,
    account: Uuid,
    at: DateTime<Utc>,
) -> Result<Vec<PracticeId>, Failure> {
    let conn = db.directory().await?;
    let query = diesel::sql_query("SELECT practice_id FROM claims.payee_resolve($1, $2, $3, $4, $5)")
        .bind::<Nullable<Text>, _>(npi)
        .bind::<Nullable<Text>, _>(tax_id)
        .bind::<SqlUuid, _>(account)
        .bind::<Text, _>(Permission::AcksWrite.service_scope().unwrap_or_default())
        .bind::<Timestamptz, _>(at);
    let found: Vec<Found> = Cached(query).load(&mut &*conn).await.map_err(Error::from)?;
    Ok(found.into_iter().map(|row| PracticeId::from_uuid(row.practice_id)).collect())
}

async fn is_payee(db: &Db, scope: &Scope, npi: Option<&str>, tax_id: Option<&str>) -> Result<bool, Failure> {
    let query = practices::table.find(scope.practice().uuid()).select((practices::npi, practices::tax_id));
    let (own_npi, own_tax_id): (String, String) =
        db.read_one(scope, async move |tx| Ok(query.first(&mut tx.conn()).await.map_err(Error::from)?)).await?;
    Ok(npi == Some(own_npi.as_str()) || tax_id == Some(own_tax_id.as_str()))
}
