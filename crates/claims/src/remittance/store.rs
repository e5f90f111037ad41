//! The statements of remittances as people read and match them; taking them in has its own.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{AsSelect, IntoBoxed, Select, auto_type, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use futures_util::join;
use kernel::id::{ClaimId, RemittanceClaimId, RemittanceId};
use kernel::{Failure, Page, PageRequest, Phi, etag};
use schema::tables::claims::{claims, practice_ledger_entries, remittance_claims, remittances};
use schema::{Error, Tx};
use uuid::Uuid;

use super::{AccountEntry, Filter, Payment, Remittance, RemittanceClaim, Told, ToldFilter};
use crate::inbound::remit::RemittanceClaimState;

/// Of what was posted to a claim, as much as is looked at.
const POSTED_MAX: i64 = 20;

/// One of the practice, with what is on the practice's own account.
pub async fn get(tx: &Tx<'_>, id: RemittanceId) -> Result<Phi<Payment>, Failure> {
    let query = remittances::table.find((tx.practice(), id)).select(Remittance::as_select());
    let account = practice_ledger_entries::table
        .filter(practice_ledger_entries::practice_id.eq(tx.practice()))
        .filter(practice_ledger_entries::remittance_id.eq(id))
        .order(practice_ledger_entries::ordinal)
        .select(AccountEntry::as_select());
    let (mut a, mut b) = (tx.conn(), tx.conn());
    let (found, account) = join!(query.first(&mut a), account.load(&mut b));
    let found: Option<Remittance> = found.optional().map_err(Error::from)?;
    let remittance = found.ok_or_else(|| Failure::not_found("remittance", id))?;
    Ok(Phi::new(Payment { remittance, account: account.map_err(Error::from)? }))
}

type Listing<'a> = IntoBoxed<'a, Select<remittances::table, AsSelect<Remittance, Pg>>, Pg>;

/// The statement of a page of payments, by id.
pub(crate) fn listing<'a>(practice: Uuid, filter: &'a Filter, page: &PageRequest) -> Listing<'a> {
    let mut query = remittances::table
        .select(Remittance::as_select())
        .into_boxed()
        .filter(remittances::practice_id.eq(practice))
        .order(remittances::id)
        .limit(page.limit());
    if let Some(id) = page.after::<RemittanceId>() {
        query = query.filter(remittances::id.gt(id));
    }
    if let Some(payer) = &filter.payer {
        query = query.filter(remittances::payer_id.eq(payer));
    }
    if let Some(from) = filter.from {
        query = query.filter(remittances::payment_date.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(remittances::payment_date.le(to));
    }
    match filter.is_complete {
        Some(true) => query.filter(remittances::is_complete),
        // as its index says it
        Some(false) => query.filter(diesel::dsl::not(remittances::is_complete)),
        None => query,
    }
}

/// A page of payments, by id.
pub async fn list(tx: &Tx<'_>, filter: &Filter, page: &PageRequest) -> Result<Phi<Page<Payment>>, Failure> {
    let query = listing(tx.practice(), filter, page);
    let rows: Vec<Remittance> = query.load(&mut tx.conn()).await.map_err(Error::from)?;
    let rows = rows.into_iter().map(|remittance| Payment { remittance, account: Vec::new() }).collect();
    Ok(Phi::new(page.page(rows, |payment: &Payment| payment.remittance.id)))
}

/// Those of the practice, each with the patient of its claim if it has one.
#[auto_type]
pub(crate) fn told(practice: Uuid) -> _ {
    let columns: AsSelect<RemittanceClaim, Pg> = RemittanceClaim::as_select();
    remittance_claims::table
        .left_join(
            claims::table.on(claims::practice_id
                .eq(remittance_claims::practice_id)
                .and(claims::id.nullable().eq(remittance_claims::claim_id))),
        )
        .filter(remittance_claims::practice_id.eq(practice))
        .select((columns, claims::patient_id.nullable()))
}

/// The statement of a page of what payments say, by id.
pub(crate) fn told_listing<'a>(practice: Uuid, filter: &ToldFilter, page: &PageRequest) -> IntoBoxed<'a, told, Pg> {
    let mut query = told(practice).into_boxed().order(remittance_claims::id).limit(page.limit());
    if let Some(id) = page.after::<RemittanceClaimId>() {
        query = query.filter(remittance_claims::id.gt(id));
    }
    if let Some(remittance) = filter.remittance {
        query = query.filter(remittance_claims::remittance_id.eq(remittance));
    }
    if let Some(state) = filter.state {
        query = query.filter(remittance_claims::state.eq(state));
    }
    if filter.only_open {
        // word for word the condition of its index, which a parameter would hide from a kept plan
        query = query.filter(sql::<Bool>("claims.remittance_claims.state IN ('parked', 'unmatched')"));
    }
    query
}

/// A page of what payments say, by id.
pub async fn list_told(tx: &Tx<'_>, filter: &ToldFilter, page: &PageRequest) -> Result<Phi<Page<Told>>, Failure> {
    let query = told_listing(tx.practice(), filter, page);
    let rows: Vec<Told> = query.load(&mut tx.conn()).await.map_err(Error::from)?;
    Ok(Phi::new(page.page(rows, |one| one.told.id)))
}

/// What payments said of a claim and was posted to it, the latest first.
pub async fn posted(tx: &Tx<'_>, claim: ClaimId) -> Result<Phi<Vec<RemittanceClaim>>, Failure> {
    let query = remittance_claims::table
        .filter(remittance_claims::practice_id.eq(tx.practice()))
        .filter(remittance_claims::claim_id.eq(claim))
        .filter(remittance_claims::state.eq(RemittanceClaimState::Posted))
        .order(remittance_claims::id.desc())
        .limit(POSTED_MAX)
        .select(RemittanceClaim::as_select());
    Ok(Phi::new(query.load(&mut tx.conn()).await.map_err(Error::from)?))
}

/// What a payment says of a claim, locked until the transaction ends; with who pays, the day of the money, and when it came.
#[derive(Debug, Clone, Queryable)]
pub struct Locked {
    pub told: RemittanceClaim,
    pub payer_id: Option<String>,
    pub paid_on: NaiveDate,
    pub received_at: DateTime<Utc>,
}

/// One of the practice.
pub async fn lock(tx: &Tx<'_>, id: RemittanceClaimId) -> Result<Phi<Locked>, Failure> {
    let query =
        remittance_claims::table.find((tx.practice(), id)).select(RemittanceClaim::as_select()).for_no_key_update();
    let payment = remittances::table
        .inner_join(
            remittance_claims::table.on(remittance_claims::practice_id
                .eq(remittances::practice_id)
                .and(remittance_claims::remittance_id.eq(remittances::id))),
        )
        .filter(remittance_claims::practice_id.eq(tx.practice()))
        .filter(remittance_claims::id.eq(id))
        .select((remittances::payer_id, remittances::payment_date, remittances::received_at));
    let (mut a, mut b) = (tx.conn(), tx.conn());
    let (told, payment) = join!(query.first(&mut a), payment.first(&mut b));
    let told: Option<RemittanceClaim> = told.optional().map_err(Error::from)?;
    let payment: Option<(Option<String>, NaiveDate, DateTime<Utc>)> = payment.optional().map_err(Error::from)?;
    let found = told.zip(payment).ok_or_else(|| Failure::not_found("remittance claim", id))?;
    let (told, (payer_id, paid_on, received_at)) = found;
    Ok(Phi::new(Locked { told, payer_id, paid_on, received_at }))
}

/// Writes what became of one that was locked, when the transaction commits. What the payment said never changes; the answer
/// that it was posted as must be put in place before.
pub fn save_at_commit(tx: &Tx<'_>, told: RemittanceClaim) {
    let told = Arc::new(told);
    tx.defer(move |tx| {
        let told = Arc::clone(&told);
        Box::pin(async move {
            let target = remittance_claims::table
                .find((tx.practice(), told.id))
                .filter(remittance_claims::version.eq(told.version - 1));
            let update = diesel::update(target).set((
                remittance_claims::claim_id.eq(told.claim_id),
                remittance_claims::state.eq(told.state),
                remittance_claims::state_reason.eq(&told.state_reason),
                remittance_claims::acknowledgment_id.eq(told.acknowledgment_id),
                remittance_claims::matched_at.eq(told.matched_at),
                remittance_claims::matched_by.eq(told.matched_by),
                remittance_claims::version.eq(told.version),
                remittance_claims::updated_at.eq(tx.scope().now()),
            ));
            match update.execute(&mut tx.conn()).await.map_err(Error::from)? {
                1 => Ok(()),
                _ => Err(etag::mismatch()),
            }
        })
    });
}
