//! The statements that gather what proves a filing.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use kernel::Failure;
use kernel::id::{BatchId, ClaimId, ResponseId, SubmissionId};
use schema::tables::claims::{acknowledgments, batches, submissions};
use schema::{Error, Json, Tx};

use crate::response::{Answer, ResponseOutcome};

/// An attempt to send the claim, and the numbers of its file.
#[derive(Debug, Clone, Queryable)]
pub(super) struct Attempt {
    pub(super) id: SubmissionId,
    pub(super) attempt: i32,
    /// X12.
    pub(super) frequency: String,
    pub(super) submitted_at: DateTime<Utc>,
    pub(super) transmitted_at: Option<DateTime<Utc>>,
    pub(super) transmission_ref: Option<String>,
    /// The file, its number, and what its partner names it by.
    pub(super) batch: Option<(BatchId, i32, String)>,
}

/// The attempts, the first one first.
pub(super) async fn attempts(tx: &Tx<'_>, claim: ClaimId) -> Result<Vec<Attempt>, Failure> {
    let query = submissions::table
        .left_join(batches::table.on(
            batches::practice_id.eq(submissions::practice_id).and(batches::id.nullable().eq(submissions::batch_id)),
        ))
        .filter(submissions::practice_id.eq(tx.practice()))
        .filter(submissions::claim_id.eq(claim))
        .order(submissions::attempt)
        .select((
            submissions::id,
            submissions::attempt,
            sql::<Text>("coalesce(snapshot #>> '{claim,frequency}', '')"),
            submissions::submitted_at,
            submissions::transmitted_at,
            submissions::transmission_ref,
            (batches::id, batches::control_number, batches::reference).nullable(),
        ));
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// An answer as it was received.
#[derive(Debug, Clone, Queryable)]
pub(super) struct Answered {
    pub(super) id: ResponseId,
    /// The last attempt when it came.
    pub(super) submission: Option<SubmissionId>,
    pub(super) body: Json<Answer>,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) outcome: ResponseOutcome,
}

/// The answers, in the order in which they were made.
pub(super) async fn answers(tx: &Tx<'_>, claim: ClaimId) -> Result<Vec<Answered>, Failure> {
    let query = acknowledgments::table
        .filter(acknowledgments::practice_id.eq(tx.practice()))
        .filter(acknowledgments::claim_id.eq(claim))
        .order((acknowledgments::occurred_at, acknowledgments::id))
        .select((
            acknowledgments::id,
            acknowledgments::submission_id,
            acknowledgments::body,
            acknowledgments::occurred_at,
            acknowledgments::outcome,
        ));
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}
