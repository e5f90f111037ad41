//! The statements of `claims.submissions`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Integer, Jsonb, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::id::{ClaimId, SubmissionId};
use kernel::{Failure, Phi, etag};
use schema::tables::claims::submissions;
use schema::{Cached, Error, Json, Tx};

use super::{Submission, SubmissionState};

/// Puts new submissions in place when the transaction commits. One statement, however many they are.
pub fn insert_at_commit(tx: &Tx<'_>, submissions: Vec<Submission>) {
    let submissions = Arc::new(submissions);
    tx.defer(move |tx| {
        let submissions = Arc::clone(&submissions);
        Box::pin(async move { insert(tx, &submissions).await })
    });
}

async fn insert(tx: &Tx<'_>, new: &[Submission]) -> Result<(), Failure> {
    let query = diesel::sql_query(include_str!("insert.sql"))
        .bind::<SqlUuid, _>(tx.practice())
        .bind::<SqlUuid, _>(tx.scope().actor_id())
        .bind::<Array<SqlUuid>, _>(new.iter().map(|s| s.id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(new.iter().map(|s| s.claim_id).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(new.iter().map(|s| s.attempt).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(new.iter().map(|s| s.submitted_at).collect::<Vec<_>>())
        .bind::<Array<Jsonb>, _>(new.iter().map(|s| &s.snapshot).collect::<Vec<&Json<_>>>())
        .bind::<Array<Binary>, _>(new.iter().map(|s| s.snapshot_hash.as_slice()).collect::<Vec<_>>());
    let inserted = Cached(query).execute(&mut tx.conn()).await.map_err(Error::from)?;
    if inserted == new.len() { Ok(()) } else { Err(Failure::internal("a submission was not stored")) }
}

/// One submission.
pub async fn get(tx: &Tx<'_>, id: SubmissionId) -> Result<Phi<Submission>, Failure> {
    let query = submissions::table.find((tx.practice(), id)).select(Submission::as_select());
    let found: Option<Submission> = query.first(&mut tx.conn()).await.optional().map_err(Error::from)?;
    found.map(Phi::new).ok_or_else(|| Failure::not_found("submission", id))
}

/// Submissions by id; those that are not there are left out. They come in the order of their ids.
pub async fn get_many(tx: &Tx<'_>, ids: &[SubmissionId]) -> Result<Phi<Vec<Submission>>, Failure> {
    let query = submissions::table
        .filter(submissions::practice_id.eq(tx.practice()))
        .filter(submissions::id.eq_any(ids))
        .order(submissions::id)
        .select(Submission::as_select());
    Ok(Phi::new(query.load(&mut tx.conn()).await.map_err(Error::from)?))
}

/// The submissions of one claim, the first attempt first.
pub async fn of_claim(tx: &Tx<'_>, claim: ClaimId) -> Result<Phi<Vec<Submission>>, Failure> {
    let query = submissions::table
        .filter(submissions::practice_id.eq(tx.practice()))
        .filter(submissions::claim_id.eq(claim))
        .order(submissions::attempt)
        .select(Submission::as_select());
    Ok(Phi::new(query.load(&mut tx.conn()).await.map_err(Error::from)?))
}

/// What confirming a submission needs to know of it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = submissions, check_for_backend(diesel::pg::Pg))]
pub struct Handover {
    pub id: SubmissionId,
    pub claim_id: ClaimId,
    pub attempt: i32,
    pub state: SubmissionState,
    pub snapshot_hash: Vec<u8>,
}

/// Submissions without what they say. They only change under the lock of their claim, which must be held.
pub async fn handovers(tx: &Tx<'_>, ids: &[SubmissionId]) -> Result<Vec<Handover>, Failure> {
    let query = submissions::table
        .filter(submissions::practice_id.eq(tx.practice()))
        .filter(submissions::id.eq_any(ids))
        .select(Handover::as_select());
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// Notes that queued submissions were sent, when the transaction commits.
pub fn transmitted_at_commit(tx: &Tx<'_>, ids: Vec<SubmissionId>, at: DateTime<Utc>, reference: Option<String>) {
    if ids.is_empty() {
        return;
    }
    let shared = Arc::new((ids, reference));
    tx.defer(move |tx| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (ids, reference) = &*shared;
            let queued = submissions::table
                .filter(submissions::practice_id.eq(tx.practice()))
                .filter(submissions::id.eq_any(ids))
                .filter(submissions::state.eq(SubmissionState::Queued));
            let update = diesel::update(queued).set((
                submissions::state.eq(SubmissionState::Transmitted),
                submissions::transmitted_at.eq(at),
                submissions::transmission_ref.eq(reference),
                submissions::version.eq(submissions::version + 1),
                submissions::updated_at.eq(tx.scope().now()),
            ));
            all_of(ids, Cached(update).execute(&mut tx.conn()).await)
        })
    });
}

/// Notes that queued submissions can't be sent, when the transaction commits.
pub fn failed_at_commit(tx: &Tx<'_>, ids: Vec<SubmissionId>, at: DateTime<Utc>, reason: &str) {
    if ids.is_empty() {
        return;
    }
    let shared = Arc::new((ids, reason.to_owned()));
    tx.defer(move |tx| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (ids, reason) = &*shared;
            let queued = submissions::table
                .filter(submissions::practice_id.eq(tx.practice()))
                .filter(submissions::id.eq_any(ids))
                .filter(submissions::state.eq(SubmissionState::Queued));
            let update = diesel::update(queued).set((
                submissions::state.eq(SubmissionState::Failed),
                submissions::failed_at.eq(at),
                submissions::failure_reason.eq(reason),
                submissions::version.eq(submissions::version + 1),
                submissions::updated_at.eq(tx.scope().now()),
            ));
            all_of(ids, Cached(update).execute(&mut tx.conn()).await)
        })
    });
}

/// All rows were as they were read, or none is changed.
fn all_of(ids: &[SubmissionId], updated: QueryResult<usize>) -> Result<(), Failure> {
    if updated.map_err(Error::from)? == ids.len() { Ok(()) } else { Err(etag::mismatch()) }
}
