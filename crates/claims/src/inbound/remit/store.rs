//! The statements of remittances.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, Date, Integer, Jsonb, Nullable, Numeric, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::join;
use kernel::Failure;
use kernel::id::{ClaimId, InboundMessageId, PracticeLedgerEntryId, RemittanceClaimId, RemittanceId};
use schema::tables::claims::{remittance_claims, remittances};
use schema::{Cached, Error, Json, Tx};
use x12::amount::Cents;
use x12::remittance::{Adjustment, ClaimPayment, LinePayment, Payment, ProviderAdjustment};

use super::RemittanceClaimState;
use crate::amount::from_cents;

/// A remittance as it is brought.
#[derive(Debug, Clone, Copy)]
pub struct Brought<'a> {
    pub message: InboundMessageId,
    pub payment: &'a Payment,
    pub on: NaiveDate,
    pub claims: u64,
    /// Of all that it says.
    pub digest: &'a [u8],
}

/// A remittance as it is known.
#[derive(Debug, Clone, Queryable)]
pub struct Known {
    pub id: RemittanceId,
    pub digest: Option<Vec<u8>>,
    pub is_complete: bool,
}

/// The remittance of that identity, made if it is new, and locked until the transaction ends: whoever brings the same
/// at the same time waits.
pub async fn open(tx: &Tx<'_>, brought: &Brought<'_>) -> Result<Known, Failure> {
    use remittances as r;
    let Brought { message, payment, on, claims, digest } = *brought;
    let (now, trace, amount) = (tx.scope().now(), payer_trace(payment), from_cents(payment.amount.0));
    let row = (
        r::practice_id.eq(tx.practice()),
        r::id.eq(RemittanceId::new()),
        r::payer_id.eq(payment.payer.id.as_deref()),
        r::payer_trace.eq(trace),
        r::payment_reference.eq(&payment.number),
        r::payment_method.eq(method(payment)),
        r::payment_date.eq(on),
        r::payment_amount.eq(&amount),
        r::content_hash.eq(digest),
        r::received_at.eq(now),
        r::message_id.eq(message),
        r::claim_count.eq(i32::try_from(claims).unwrap_or(i32::MAX)),
        r::created_at.eq(now),
        r::updated_at.eq(now),
    );
    let identity = (r::practice_id, r::payer_trace, r::payment_reference, r::payment_date, r::payment_amount);
    let insert = diesel::insert_into(r::table).values(row).on_conflict(identity).do_nothing();
    let query = r::table
        .filter(r::practice_id.eq(tx.practice()))
        .filter(r::payer_trace.eq(trace))
        .filter(r::payment_reference.eq(&payment.number))
        .filter(r::payment_date.eq(on))
        .filter(r::payment_amount.eq(&amount))
        .select((r::id, r::content_hash, r::is_complete))
        .for_no_key_update();
    let (mut a, mut b) = (tx.conn(), tx.conn());
    let (inserted, known) = join!(insert.execute(&mut a), query.first(&mut b));
    inserted.map_err(Error::from)?;
    Ok(known.map_err(Error::from)?)
}

/// Who pays, as TRN03 or the payer's id tells it.
fn payer_trace(payment: &Payment) -> &str {
    payment.payer_identifier.as_deref().or(payment.payer.id.as_deref()).unwrap_or_default()
}

fn method(payment: &Payment) -> &'static str {
    match payment.method.as_ref().map(x12::code::Code::as_str) {
        Some("ACH" | "BOP") => "ach",
        Some("CHK") => "check",
        Some("FWT") => "wire",
        _ => "none",
    }
}

/// Which of these places of a remittance are dealt with.
pub async fn dealt_with(tx: &Tx<'_>, remittance: RemittanceId, ordinals: &[i32]) -> Result<Vec<i32>, Failure> {
    let query = remittance_claims::table
        .filter(remittance_claims::practice_id.eq(tx.practice()))
        .filter(remittance_claims::remittance_id.eq(remittance))
        .filter(remittance_claims::ordinal.eq_any(ordinals))
        .select(remittance_claims::ordinal);
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// One claim of a remittance, to be written down.
#[derive(Debug, Clone)]
pub struct NewClaim {
    pub ordinal: i32,
    pub paid: ClaimPayment,
    /// Whose it is.
    pub claim: Option<ClaimId>,
    pub state: RemittanceClaimState,
    pub reason: Option<&'static str>,
    /// The answer that it was settled as.
    pub response_id: String,
}

/// Writes claims of a remittance down when the transaction commits. The answers that they were settled as must be put in
/// place before.
pub fn insert_at_commit(tx: &Tx<'_>, remittance: RemittanceId, claims: Vec<NewClaim>) {
    if claims.is_empty() {
        return;
    }
    let claims = Arc::new(claims);
    tx.defer(move |tx| {
        let claims = Arc::clone(&claims);
        Box::pin(async move { insert(tx, remittance, &claims).await })
    });
}

async fn insert(tx: &Tx<'_>, remittance: RemittanceId, claims: &[NewClaim]) -> Result<(), Failure> {
    let amount = |of: fn(&ClaimPayment) -> Cents| claims.iter().map(|c| from_cents(of(&c.paid).0)).collect::<Vec<_>>();
    let query = diesel::sql_query(include_str!("insert.sql"))
        .bind::<SqlUuid, _>(tx.practice())
        .bind::<SqlUuid, _>(remittance)
        .bind::<Timestamptz, _>(tx.scope().now())
        .bind::<Array<SqlUuid>, _>(claims.iter().map(|_| RemittanceClaimId::new()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(claims.iter().map(|c| c.ordinal).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(claims.iter().map(|c| c.claim).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(claims.iter().map(|c| c.paid.claim_number.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(
            claims.iter().map(|c| c.paid.payer_claim_number.as_deref()).collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(claims.iter().map(|c| c.paid.status.map_or("", |s| s.code())).collect::<Vec<_>>())
        .bind::<Array<Nullable<Date>>, _>(claims.iter().map(|c| service_date(&c.paid)).collect::<Vec<_>>())
        .bind::<Array<Numeric>, _>(amount(|paid| paid.charge))
        .bind::<Array<Numeric>, _>(amount(|paid| paid.paid))
        .bind::<Array<Numeric>, _>(amount(patient_responsibility))
        .bind::<Array<Jsonb>, _>(
            claims.iter().map(|c| Json(c.paid.adjustments.iter().map(told).collect())).collect::<Vec<Json<Vec<_>>>>(),
        )
        .bind::<Array<Jsonb>, _>(
            claims.iter().map(|c| Json(c.paid.lines.iter().map(line).collect())).collect::<Vec<Json<Vec<_>>>>(),
        )
        .bind::<Array<Nullable<Text>>, _>(claims.iter().map(|c| member_id(&c.paid)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(claims.iter().map(|c| c.state.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(claims.iter().map(|c| c.reason).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(claims.iter().map(|c| c.response_id.as_str()).collect::<Vec<_>>());
    let inserted = Cached(query).execute(&mut tx.conn()).await.map_err(Error::from)?;
    if inserted == claims.len() { Ok(()) } else { Err(Failure::internal("a claim of a remittance was not stored")) }
}

/// The first day of service, wherever it is told.
pub(crate) fn service_date(claim: &ClaimPayment) -> Option<NaiveDate> {
    claim.served_from.or_else(|| claim.lines.iter().filter_map(|line| line.served_from).min())
}

/// The number by which the payer knows the member.
pub(crate) fn member_id(claim: &ClaimPayment) -> Option<&str> {
    claim.subscriber.as_ref().or(claim.patient.as_ref()).and_then(|person| person.id.as_deref())
}

fn patient_responsibility(claim: &ClaimPayment) -> Cents {
    let of_lines = claim.lines.iter().flat_map(|line| &line.adjustments);
    let of_patient = |a: &&Adjustment| a.group == x12::remittance::AdjustmentGroup::PatientResponsibility;
    let all = claim.adjustments.iter().chain(of_lines);
    Cents(all.filter(of_patient).fold(0, |sum, a| sum.saturating_add(a.amount.0)))
}

/// An adjustment as it is stored.
fn told(adjustment: &Adjustment) -> serde_json::Value {
    serde_json::json!({
        "group": adjustment.group.code(),
        "reason": adjustment.reason.as_str(),
        "amount": adjustment.amount,
    })
}

/// A line as it is stored.
fn line(line: &LinePayment) -> serde_json::Value {
    serde_json::json!({
        "control_number": line.control_number,
        "procedure": line.procedure,
        "charge": line.charge,
        "paid": line.paid,
        "adjustments": line.adjustments.iter().map(told).collect::<Vec<_>>(),
        "remarks": line.remarks,
    })
}

/// Writes what is on the practice's own account, and that every claim was dealt with.
pub async fn complete(
    tx: &Tx<'_>,
    remittance: RemittanceId,
    on: NaiveDate,
    adjustments: &[ProviderAdjustment],
) -> Result<(), Failure> {
    let amounts: Vec<BigDecimal> = adjustments.iter().map(|one| from_cents(one.amount.0)).collect();
    let insert = diesel::sql_query(include_str!("account.sql"))
        .bind::<SqlUuid, _>(tx.practice())
        .bind::<SqlUuid, _>(remittance)
        .bind::<Date, _>(on)
        .bind::<SqlUuid, _>(tx.scope().actor_id())
        .bind::<Timestamptz, _>(tx.scope().now())
        .bind::<Array<SqlUuid>, _>(adjustments.iter().map(|_| PracticeLedgerEntryId::new()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(adjustments.iter().map(|one| one.reason.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(adjustments.iter().map(|one| one.reference.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Numeric>, _>(amounts);
    let update = diesel::update(remittances::table.find((tx.practice(), remittance))).set((
        remittances::is_complete.eq(true),
        remittances::version.eq(remittances::version + 1),
        remittances::updated_at.eq(tx.scope().now()),
    ));
    let (mut a, mut b) = (tx.conn(), tx.conn());
    let (inserted, updated) = join!(Cached(insert).execute(&mut a), Cached(update).execute(&mut b));
    inserted.map_err(Error::from)?;
    updated.map_err(Error::from)?;
    Ok(())
}
