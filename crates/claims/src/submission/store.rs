//! The statements of `claims.submissions`.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Integer, Jsonb, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::id::{ClaimId, SubmissionId};
use kernel::{Failure, Phi, etag};
use schema::tables::claims::submissions;
use schema::{Cached, Error, Json, Tx};

use super::Submission;

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

/// One submission, locked until the transaction ends. Its claim must be locked before.
pub async fn lock(tx: &Tx<'_>, id: SubmissionId) -> Result<Phi<Submission>, Failure> {
    let query = submissions::table.find((tx.practice(), id)).select(Submission::as_select()).for_no_key_update();
    let found: Option<Submission> = query.first(&mut tx.conn()).await.optional().map_err(Error::from)?;
    found.map(Phi::new).ok_or_else(|| Failure::not_found("submission", id))
}

/// Writes what became of the submission, when the transaction commits. What left is never written again.
pub fn save_at_commit(tx: &Tx<'_>, submission: &Submission) {
    let submission = Arc::new(submission.clone());
    tx.defer(move |tx| {
        let submission = Arc::clone(&submission);
        Box::pin(async move { save(tx, &submission).await })
    });
}

async fn save(tx: &Tx<'_>, new: &Submission) -> Result<(), Failure> {
    let target = submissions::table.find((tx.practice(), new.id)).filter(submissions::version.eq(new.version - 1));
    let update = diesel::update(target).set((
        submissions::state.eq(new.state),
        submissions::transmitted_at.eq(new.transmitted_at),
        submissions::transmission_ref.eq(&new.transmission_ref),
        submissions::failed_at.eq(new.failed_at),
        submissions::failure_reason.eq(&new.failure_reason),
        submissions::version.eq(new.version),
        submissions::updated_at.eq(new.updated_at),
    ));
    match Cached(update).execute(&mut tx.conn()).await.map_err(Error::from)? {
        1 => Ok(()),
        _ => Err(etag::mismatch()),
    }
}
