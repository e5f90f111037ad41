//! The statements of `claims.claims`, its lines and its numbers.

use std::collections::HashMap;

use diesel::dsl::{AsSelect, IntoBoxed, Select, auto_type};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{Array, Integer, Jsonb, Nullable, Numeric, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::join;
use kernel::access::Own;
use kernel::id::{ClaimId, PatientId, SessionId, TherapistId};
use kernel::phi::Disclosed;
use kernel::{Failure, Page, PageRequest, Phi, Scope, etag};
use schema::tables::claims::{claim_lines, claims};
use schema::tables::feed::heads;
use schema::{Cached, Error, Explain, Json, Refused, Tx, fixed};
use uuid::Uuid;

use super::{Bill, Claim, ClaimFilter, ClaimLine};
use crate::lifecycle::{Disposition, Status};

/// The claims that a therapist may read: of the own sessions, and of patients opened in an emergency.
#[auto_type(no_type_alias)]
fn readable(own: &Own) -> _ {
    let (therapist, opened): (TherapistId, Vec<PatientId>) = (own.therapist, own.patients().collect());
    claims::therapist_id.eq(therapist).or(claims::patient_id.eq_any(opened))
}

fn not_found(id: ClaimId) -> Failure {
    Failure::not_found("claim", id)
}

/// One claim in the scope's reach.
pub async fn get(tx: &Tx<'_>, id: ClaimId) -> Result<Phi<Bill>, Failure> {
    let mut query = claims::table.find((tx.practice(), id)).select(Claim::as_select()).into_boxed();
    if let Some(own) = tx.scope().own() {
        query = query.filter(readable(own));
    }
    let (mut a, ids) = (tx.conn(), [id]);
    let (claim, lines) = join!(query.first(&mut a), lines(tx, &ids));
    let claim = claim.optional().map_err(Error::from)?.ok_or_else(|| not_found(id))?;
    Ok(Phi::new(Bill { claim, lines: lines? }))
}

/// One claim, locked until the transaction ends.
pub async fn lock(tx: &Tx<'_>, id: ClaimId) -> Result<Phi<Bill>, Failure> {
    let query = claims::table.find((tx.practice(), id)).select(Claim::as_select()).for_no_key_update();
    let (mut a, ids) = (tx.conn(), [id]);
    let (claim, lines) = join!(query.first(&mut a), lines(tx, &ids));
    let claim: Claim = claim.optional().map_err(Error::from)?.ok_or_else(|| not_found(id))?;
    if tx.scope().therapist().is_some_and(|therapist| therapist != claim.therapist_id) {
        return Err(not_found(id));
    }
    Ok(Phi::new(Bill { claim, lines: lines? }))
}

/// Claims by id, locked in the order of their ids; those not in reach are left out.
pub async fn lock_many(tx: &Tx<'_>, ids: &[ClaimId]) -> Result<Phi<Vec<Bill>>, Failure> {
    let query = claims::table
        .filter(claims::practice_id.eq(tx.practice()))
        .filter(claims::id.eq_any(ids))
        .order(claims::id)
        .select(Claim::as_select())
        .for_no_key_update();
    let mut a = tx.conn();
    let (claims, lines) = join!(query.load(&mut a), lines(tx, ids));
    let mut claims: Vec<Claim> = claims.map_err(Error::from)?;
    claims.retain(|claim| tx.scope().therapist().is_none_or(|therapist| therapist == claim.therapist_id));
    Ok(Phi::new(bills(claims, lines?)))
}

#[auto_type(no_type_alias)]
pub(crate) fn unsent(practice: Uuid, patient: PatientId) -> _ {
    let statuses: [Status; 2] = [Status::Draft, Status::Ready];
    let active: Disposition = Disposition::Active;
    let columns: AsSelect<Claim, Pg> = Claim::as_select();
    claims::table
        .filter(claims::practice_id.eq(practice))
        .filter(claims::patient_id.eq(patient))
        .filter(claims::status.eq_any(statuses))
        .filter(claims::disposition.eq(active))
        .order(claims::id)
        .select(columns)
}

/// What a patient has that nobody has sent, locked in the order of the claims' ids.
pub async fn lock_unsent(tx: &Tx<'_>, patient: PatientId) -> Result<Phi<Vec<Bill>>, Failure> {
    let query = unsent(tx.practice(), patient).for_no_key_update();
    let claims: Vec<Claim> = query.load(&mut tx.conn()).await.map_err(Error::from)?;
    let ids: Vec<ClaimId> = claims.iter().map(|claim| claim.id).collect();
    let lines = if ids.is_empty() { Vec::new() } else { lines(tx, &ids).await? };
    Ok(Phi::new(bills(claims, lines)))
}

/// Claims by id, in the order of their ids; those not in reach are left out.
pub async fn get_many(tx: &Tx<'_>, ids: &[ClaimId]) -> Result<Phi<Vec<Bill>>, Failure> {
    let mut query = claims::table
        .filter(claims::practice_id.eq(tx.practice()))
        .filter(claims::id.eq_any(ids))
        .order(claims::id)
        .select(Claim::as_select())
        .into_boxed();
    if let Some(own) = tx.scope().own() {
        query = query.filter(readable(own));
    }
    let mut a = tx.conn();
    let (claims, lines) = join!(query.load(&mut a), lines(tx, ids));
    Ok(Phi::new(bills(claims.map_err(Error::from)?, lines?)))
}

/// Claims by id, in the order asked; all of them must be in reach. One flight.
pub async fn get_all(tx: &Tx<'_>, ids: &[ClaimId]) -> Result<Phi<Vec<Bill>>, Failure> {
    let found = get_many(tx, ids).await?;
    let mut by_id: HashMap<ClaimId, &Bill> = found.peek().iter().map(|bill| (bill.claim.id, bill)).collect();
    let take = |id: &ClaimId| by_id.remove(id).cloned().ok_or_else(|| not_found(*id));
    Ok(Phi::new(ids.iter().map(take).collect::<Result<_, _>>()?))
}

/// A page of claims, and the position of the feed that it reflects.
#[derive(Debug)]
pub struct Listed {
    pub bills: Page<Bill>,
    pub as_of_position: i64,
}

impl Disclosed for Listed {
    const RESOURCE: &'static str = Claim::RESOURCE;
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        self.bills.disclosed(each);
    }
}

/// A page of claims in the scope's reach, by id, and the feed position that it reflects exactly: a read sees one
/// point in time. Two flights.
pub async fn list(tx: &Tx<'_>, filter: &ClaimFilter, page: &PageRequest) -> Result<Phi<Listed>, Failure> {
    let query = listing(tx.scope(), filter, page);
    let (mut a, mut b) = (tx.conn(), tx.conn());
    let head = heads::table.find(tx.practice()).select(heads::last_position);
    let (head, claims) = join!(head.first::<i64>(&mut a), query.load::<Claim>(&mut b));
    let page = page.page(claims.map_err(Error::from)?, |claim| claim.id);
    let ids: Vec<ClaimId> = page.items.iter().map(|claim| claim.id).collect();
    let lines = lines(tx, &ids).await?;
    let bills = Page { items: bills(page.items, lines), next_page_token: page.next_page_token };
    Ok(Phi::new(Listed { bills, as_of_position: head.map_err(Error::from)? }))
}

type Listing<'a> = IntoBoxed<'a, Select<claims::table, AsSelect<Claim, Pg>>, Pg>;

pub(crate) fn listing<'a>(scope: &Scope, filter: &'a ClaimFilter, page: &PageRequest) -> Listing<'a> {
    let mut query = claims::table
        .select(Claim::as_select())
        .into_boxed()
        .filter(claims::practice_id.eq(scope.practice()))
        .order(claims::id)
        .limit(page.limit());
    match scope.own() {
        None => {}
        Some(Own { therapist, break_glasses }) if break_glasses.is_empty() => {
            query = query.filter(claims::therapist_id.eq(*therapist));
        }
        Some(own) => query = query.filter(readable(own)),
    }
    if let Some(id) = page.after::<ClaimId>() {
        query = query.filter(claims::id.gt(id));
    }
    if let Some(status) = filter.status {
        query = query.filter(claims::status.eq(status));
    }
    if let Some(session) = filter.session_id {
        query = query.filter(claims::session_id.eq(session));
    }
    if let Some(patient) = filter.patient_id {
        query = query.filter(claims::patient_id.eq(patient));
    }
    if let Some(therapist) = filter.therapist_id {
        query = query.filter(claims::therapist_id.eq(therapist));
    }
    if let Some(payer) = &filter.payer_id {
        query = query.filter(claims::payer_id.eq(payer));
    }
    if let Some(from) = filter.from {
        query = query.filter(claims::service_date.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(claims::service_date.le(to));
    }
    if !filter.include_inactive {
        query = query.filter(claims::disposition.eq(Disposition::Active));
    }
    query
}

/// The active claims of sessions.
pub async fn active_of_sessions(tx: &Tx<'_>, sessions: &[SessionId]) -> Result<Vec<(ClaimId, SessionId)>, Failure> {
    let query = claims::table
        .filter(claims::practice_id.eq(tx.practice()))
        .filter(claims::session_id.eq_any(sessions))
        .filter(claims::disposition.eq(Disposition::Active))
        .order(claims::id)
        .select((claims::id, claims::session_id));
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// The replacement of a claim that counts, whatever became of it so far. New ones come only under that claim's lock.
pub async fn replacement_of(tx: &Tx<'_>, id: ClaimId) -> Result<Option<ClaimId>, Failure> {
    let query = claims::table
        .filter(claims::practice_id.eq(tx.practice()))
        .filter(claims::replaces_claim_id.eq(id))
        .filter(claims::disposition.eq(Disposition::Active))
        .select(claims::id);
    Ok(query.first(&mut tx.conn()).await.optional().map_err(Error::from)?)
}

/// A service that a claim bills.
#[derive(Debug, Queryable)]
pub struct Service {
    pub claim_id: ClaimId,
    pub session_id: SessionId,
    pub cpt_code: String,
}

#[auto_type(no_type_alias)]
pub(crate) fn services<'a>(practice: Uuid, sessions: &'a [SessionId]) -> _ {
    let active: Disposition = Disposition::Active;
    claims::table
        .inner_join(
            claim_lines::table
                .on(claim_lines::practice_id.eq(claims::practice_id).and(claim_lines::claim_id.eq(claims::id))),
        )
        .filter(claims::practice_id.eq(practice))
        .filter(claims::session_id.eq_any(sessions))
        .filter(claims::disposition.eq(active))
        .order((claims::id, claim_lines::line_number))
        .select((claims::id, claims::session_id, claim_lines::cpt_code))
}

/// What the active claims of sessions bill.
pub async fn active_services(tx: &Tx<'_>, sessions: &[SessionId]) -> Result<Vec<Service>, Failure> {
    let query = services(tx.practice(), sessions);
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// Puts a new claim, its lines and its number in place, when the transaction commits.
pub fn insert_at_commit(tx: &Tx<'_>, bill: &Bill) {
    let bill = std::sync::Arc::new(bill.clone());
    tx.defer(move |tx| {
        let bill = std::sync::Arc::clone(&bill);
        Box::pin(async move { insert(tx, &bill).await })
    });
}

async fn insert(tx: &Tx<'_>, bill: &Bill) -> Result<(), Failure> {
    let mut conn = tx.conn();
    let claim = fixed!(diesel::insert_into(claims::table).values(&bill.claim));
    // the lines and the number in one statement, as a statement costs more than a row
    let parts =
        diesel::sql_query(concat!(include_str!("insert_number.sql"), include_str!("insert_lines.sql"))).into_boxed();
    let parts = bind_lines(parts, tx, bill).bind::<Text, _>(&bill.claim.claim_number);
    let mut other = tx.conn();
    let (claim, parts) = join!(claim.execute(&mut conn), Cached(parts).execute(&mut other));
    claim.explain(taken)?;
    parts.map_err(Error::from)?;
    Ok(())
}

/// The session has an active claim for this payer sequence; the database says so, whoever was faster.
fn taken(refused: Refused<'_>) -> Option<Failure> {
    match refused {
        Refused::Taken("claims_active_session_key") => Some(super::error::Error::AlreadyBilled.into()),
        Refused::Taken(_) | Refused::Dangling(_) => None,
    }
}

/// Writes the claim as it is now; `version` is the one that was read.
pub fn save_at_commit(tx: &Tx<'_>, bill: &Bill, with_lines: bool) {
    let bill = std::sync::Arc::new(bill.clone());
    tx.defer(move |tx| {
        let bill = std::sync::Arc::clone(&bill);
        Box::pin(async move { save(tx, &bill, with_lines).await })
    });
}

async fn save(tx: &Tx<'_>, bill: &Bill, with_lines: bool) -> Result<(), Failure> {
    let claim = &bill.claim;
    // every change counts the version up by one
    let target = claims::table.find((tx.practice(), claim.id)).filter(claims::version.eq(claim.version - 1));
    let update = Cached(diesel::update(target).set(claim));
    let mut conn = tx.conn();
    if with_lines {
        let old = claim_lines::table
            .filter(claim_lines::practice_id.eq(tx.practice()))
            .filter(claim_lines::claim_id.eq(claim.id));
        let mut other = tx.conn();
        let (updated, deleted, inserted) =
            join!(update.execute(&mut conn), diesel::delete(old).execute(&mut other), insert_lines(tx, bill));
        // the claim's own answer first: once it is refused, the others only say that the transaction is over
        let updated = updated.explain(taken)?;
        deleted.map_err(Error::from)?;
        inserted?;
        return if updated == 1 { Ok(()) } else { Err(etag::mismatch()) };
    }
    match update.execute(&mut conn).await.explain(taken)? {
        1 => Ok(()),
        _ => Err(etag::mismatch()),
    }
}

/// One statement of fixed text for any number of lines.
async fn insert_lines(tx: &Tx<'_>, bill: &Bill) -> Result<(), Failure> {
    let query = bind_lines(diesel::sql_query(include_str!("insert_lines.sql")).into_boxed(), tx, bill);
    Cached(query).execute(&mut tx.conn()).await.map_err(Error::from)?;
    Ok(())
}

fn bind_lines<'a>(
    query: BoxedSqlQuery<'a, Pg, SqlQuery>,
    tx: &Tx<'_>,
    bill: &'a Bill,
) -> BoxedSqlQuery<'a, Pg, SqlQuery> {
    let lines = &bill.lines;
    query
        .bind::<SqlUuid, _>(tx.practice())
        .bind::<SqlUuid, _>(bill.claim.id.uuid())
        .bind::<Array<Integer>, _>(lines.iter().map(|l| l.line_number).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(lines.iter().map(|l| l.cpt_code.as_str()).collect::<Vec<_>>())
        .bind::<Array<Jsonb>, _>(lines.iter().map(|l| &l.modifiers).collect::<Vec<&Json<_>>>())
        .bind::<Array<Integer>, _>(lines.iter().map(|l| l.units).collect::<Vec<_>>())
        .bind::<Array<Numeric>, _>(lines.iter().map(|l| &l.charge_amount).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(lines.iter().map(|l| l.place_of_service.as_str()).collect::<Vec<_>>())
        .bind::<Array<Jsonb>, _>(lines.iter().map(|l| &l.diagnosis_pointers).collect::<Vec<&Json<_>>>())
        .bind::<Array<diesel::sql_types::Date>, _>(lines.iter().map(|l| l.service_date).collect::<Vec<_>>())
        .bind::<Array<Nullable<Integer>>, _>(lines.iter().map(|l| l.duration_minutes).collect::<Vec<_>>())
}

async fn lines(tx: &Tx<'_>, ids: &[ClaimId]) -> schema::Result<Vec<ClaimLine>> {
    let query = claim_lines::table
        .filter(claim_lines::practice_id.eq(tx.practice()))
        .filter(claim_lines::claim_id.eq_any(ids))
        .order((claim_lines::claim_id, claim_lines::line_number))
        .select(ClaimLine::as_select());
    Ok(query.load(&mut tx.conn()).await?)
}

/// Gives each claim its lines; both come sorted by claim.
fn bills(claims: Vec<Claim>, lines: Vec<ClaimLine>) -> Vec<Bill> {
    let mut lines = lines.into_iter().peekable();
    claims
        .into_iter()
        .map(|claim| {
            while lines.next_if(|line| line.claim_id < claim.id).is_some() {}
            let own = std::iter::from_fn(|| lines.next_if(|line| line.claim_id == claim.id)).collect();
            Bill { claim, lines: own }
        })
        .collect()
}
