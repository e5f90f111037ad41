//! The statements of `claims.batches`, and of what waits to be put into one.

use std::fmt;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::join;
use kernel::id::{BatchId, ClaimId, PatientId, SubmissionId};
use kernel::phi::Disclosed;
use kernel::{Failure, Page, PageRequest, Phi, PracticeId, etag};
use schema::tables::claims::{batches, claims, interchanges, submissions, trading_partners};
use schema::{Cached, Db, Error, Json, Tx};
use uuid::Uuid;

use super::{Batch, BatchState, TradingPartner};
use crate::snapshot::ClaimSnapshot;

/// Every trading partner, in the order of their ids.
pub async fn partners(tx: &Tx<'_>) -> Result<Vec<TradingPartner>, Failure> {
    let query = trading_partners::table.order(trading_partners::id).select(TradingPartner::as_select());
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// A submission that no file holds yet.
#[derive(QueryableByName)]
pub struct Waiting {
    #[diesel(sql_type = SqlUuid)]
    pub id: SubmissionId,
    #[diesel(sql_type = SqlUuid)]
    pub claim_id: ClaimId,
    #[diesel(sql_type = SqlUuid)]
    pub patient_id: PatientId,
    #[diesel(sql_type = Integer)]
    pub attempt: i32,
    #[diesel(sql_type = Jsonb)]
    pub snapshot: Json<ClaimSnapshot>,
    #[diesel(sql_type = Binary)]
    pub snapshot_hash: Vec<u8>,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Disclosed for Waiting {
    const RESOURCE: &'static str = "claim";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.claim_id.uuid(), Some(self.patient_id.uuid()));
    }
}

/// Submissions for that partner which no file holds, the oldest first, locked; those that somebody else is writing are
/// left out.
pub async fn waiting(tx: &Tx<'_>, partner: &TradingPartner, limit: i64) -> Result<Phi<Vec<Waiting>>, Failure> {
    let query = diesel::sql_query(include_str!("waiting.sql"))
        .bind::<SqlUuid, _>(tx.practice())
        .bind::<Text, _>(&partner.id)
        .bind::<Bool, _>(partner.is_default)
        .bind::<BigInt, _>(limit);
    Ok(Phi::new(Cached(query).load(&mut tx.conn()).await.map_err(Error::from)?))
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Integer)]
    number: i32,
}

/// A control number that nobody ever had, and nobody else will have.
pub async fn control_number(tx: &Tx<'_>) -> Result<i32, Failure> {
    let query = diesel::sql_query("SELECT nextval('claims.interchange_control_numbers')::integer AS number");
    let next: Number = Cached(query).get_result(&mut tx.conn()).await.map_err(Error::from)?;
    Ok(next.number)
}

/// Stores a file under its number, and notes in its submissions that it holds them.
pub async fn insert(tx: &Tx<'_>, batch: &Batch, content: &[u8], held: &[SubmissionId]) -> Result<(), Failure> {
    let row = (
        batches::practice_id.eq(tx.practice()),
        batches::id.eq(batch.id),
        batches::trading_partner_id.eq(&batch.trading_partner_id),
        batches::control_number.eq(batch.control_number),
        batches::reference.eq(&batch.reference),
        batches::claim_count.eq(batch.claim_count),
        batches::charge_amount.eq(&batch.charge_amount),
        batches::content.eq(content),
        batches::content_hash.eq(&batch.content_hash),
        batches::content_size.eq(batch.content_size),
        batches::created_by.eq(batch.created_by),
        batches::created_at.eq(batch.created_at),
        batches::updated_at.eq(batch.updated_at),
    );
    let number = (
        interchanges::control_number.eq(batch.control_number),
        interchanges::practice_id.eq(tx.practice()),
        interchanges::batch_id.eq(batch.id),
    );
    let free = submissions::table
        .filter(submissions::practice_id.eq(tx.practice()))
        .filter(submissions::id.eq_any(held))
        .filter(submissions::batch_id.is_null());
    let update = diesel::update(free).set((
        submissions::batch_id.eq(batch.id),
        submissions::version.eq(submissions::version + 1),
        submissions::updated_at.eq(batch.created_at),
    ));
    let (mut a, mut b, mut c) = (tx.conn(), tx.conn(), tx.conn());
    let (stored, numbered, noted) = join!(
        diesel::insert_into(batches::table).values(row).execute(&mut a),
        diesel::insert_into(interchanges::table).values(number).execute(&mut b),
        Cached(update).execute(&mut c),
    );
    stored.map_err(Error::from)?;
    numbered.map_err(Error::from)?;
    // they are locked
    if noted.map_err(Error::from)? == held.len() { Ok(()) } else { Err(etag::mismatch()) }
}

fn not_found(id: BatchId) -> Failure {
    Failure::not_found("submission_batch", id)
}

#[derive(QueryableByName)]
struct Resolved {
    #[diesel(sql_type = SqlUuid)]
    practice_id: Uuid,
}

/// The practice of a file, among those where the account is granted anything now.
pub async fn practice_of(
    db: &Db,
    id: BatchId,
    account: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<PracticeId>, Failure> {
    let conn = db.directory().await?;
    let query = diesel::sql_query("SELECT practice_id FROM claims.batch_resolve($1, $2, $3)")
        .bind::<SqlUuid, _>(id)
        .bind::<SqlUuid, _>(account)
        .bind::<Timestamptz, _>(at);
    let found: Option<Resolved> = Cached(query).get_result(&mut &*conn).await.optional().map_err(Error::from)?;
    Ok(found.map(|row| PracticeId::from_uuid(row.practice_id)))
}

/// A file without its bytes.
pub async fn get(tx: &Tx<'_>, id: BatchId) -> Result<Batch, Failure> {
    let query = batches::table.find((tx.practice(), id)).select(Batch::as_select());
    query.first(&mut tx.conn()).await.optional().map_err(Error::from)?.ok_or_else(|| not_found(id))
}

/// A file, locked until the transaction ends.
pub async fn lock(tx: &Tx<'_>, id: BatchId) -> Result<Batch, Failure> {
    let query = batches::table.find((tx.practice(), id)).select(Batch::as_select()).for_no_key_update();
    query.first(&mut tx.conn()).await.optional().map_err(Error::from)?.ok_or_else(|| not_found(id))
}

/// The bytes of a file.
pub async fn content(tx: &Tx<'_>, id: BatchId) -> Result<Phi<Vec<u8>>, Failure> {
    let query = batches::table.find((tx.practice(), id)).select(batches::content);
    let found: Option<Vec<u8>> = query.first(&mut tx.conn()).await.optional().map_err(Error::from)?;
    found.map(Phi::new).ok_or_else(|| not_found(id))
}

/// What a file holds: submission, claim, patient; in the order of the submissions' ids.
pub async fn held(tx: &Tx<'_>, id: BatchId) -> Result<Vec<(SubmissionId, ClaimId, PatientId)>, Failure> {
    let query = submissions::table
        .inner_join(
            claims::table
                .on(claims::practice_id.eq(submissions::practice_id).and(claims::id.eq(submissions::claim_id))),
        )
        .filter(submissions::practice_id.eq(tx.practice()))
        .filter(submissions::batch_id.eq(id))
        .order(submissions::id)
        .select((submissions::id, claims::id, claims::patient_id));
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// The numbers of the claims that a file holds, each with the attempt that it is; in the order of the submissions' ids.
pub async fn numbers(tx: &Tx<'_>, id: BatchId) -> Result<Vec<(String, i32)>, Failure> {
    let query = submissions::table
        .inner_join(
            claims::table
                .on(claims::practice_id.eq(submissions::practice_id).and(claims::id.eq(submissions::claim_id))),
        )
        .filter(submissions::practice_id.eq(tx.practice()))
        .filter(submissions::batch_id.eq(id))
        .order(submissions::id)
        .select((claims::claim_number, submissions::attempt));
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// A page of files, the newest first.
pub async fn list(tx: &Tx<'_>, state: Option<BatchState>, page: &PageRequest) -> Result<Page<Batch>, Failure> {
    let mut query = batches::table
        .filter(batches::practice_id.eq(tx.practice()))
        .order(batches::id.desc())
        .limit(page.limit())
        .select(Batch::as_select())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(batches::state.eq(state));
    }
    if let Some(id) = page.after::<BatchId>() {
        query = query.filter(batches::id.lt(id));
    }
    Ok(page.page(query.load(&mut tx.conn()).await.map_err(Error::from)?, |batch| batch.id))
}

/// Writes how far a file has come. It must be locked.
pub async fn save(tx: &Tx<'_>, batch: &Batch) -> Result<(), Failure> {
    let update = diesel::update(batches::table.find((tx.practice(), batch.id))).set((
        batches::state.eq(batch.state),
        batches::transmitted_at.eq(batch.transmitted_at),
        batches::transmission_ref.eq(&batch.transmission_ref),
        batches::failed_at.eq(batch.failed_at),
        batches::failure_reason.eq(&batch.failure_reason),
        batches::version.eq(batches::version + 1),
        batches::updated_at.eq(tx.scope().now()),
    ));
    let updated = Cached(update).execute(&mut tx.conn()).await.map_err(Error::from)?;
    if updated == 1 { Ok(()) } else { Err(etag::mismatch()) }
}
