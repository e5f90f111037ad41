//! The statements that gather what belongs to a claim's story beside its events.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use kernel::Failure;
use kernel::id::{ClaimId, ResponseId, SubmissionId};
use schema::tables::claims::{acknowledgments, claims, submissions};
use schema::{Error, Json, Tx};
use uuid::Uuid;

use super::super::{Claim, PayerSequence};
use crate::lifecycle::Disposition;
use crate::response::{Answer, ResponseOutcome};
use crate::submission::SubmissionState;

/// An attempt to send the claim, without what was sent.
#[derive(Queryable)]
pub(super) struct Attempt {
    pub(super) id: SubmissionId,
    pub(super) attempt: i32,
    /// X12.
    pub(super) frequency: String,
    pub(super) state: SubmissionState,
    pub(super) submitted_at: DateTime<Utc>,
    pub(super) submitted_by: Uuid,
    pub(super) transmitted_at: Option<DateTime<Utc>>,
    pub(super) transmission_ref: Option<String>,
    pub(super) failed_at: Option<DateTime<Utc>>,
    pub(super) failure_reason: Option<String>,
}

/// The attempts, the first one first.
pub(super) async fn attempts(tx: &Tx<'_>, claim: ClaimId) -> Result<Vec<Attempt>, Failure> {
    let query = submissions::table
        .filter(submissions::practice_id.eq(tx.practice()))
        .filter(submissions::claim_id.eq(claim))
        .order(submissions::attempt)
        .select((
            submissions::id,
            submissions::attempt,
            sql::<Text>("coalesce(snapshot #>> '{claim,frequency}', '')"),
            submissions::state,
            submissions::submitted_at,
            submissions::submitted_by,
            submissions::transmitted_at,
            submissions::transmission_ref,
            submissions::failed_at,
            submissions::failure_reason,
        ));
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// An answer as it was received.
#[derive(Queryable)]
pub(super) struct Said {
    pub(super) id: ResponseId,
    pub(super) response_id: String,
    pub(super) submission_id: Option<SubmissionId>,
    pub(super) body: Json<Answer>,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) received_at: DateTime<Utc>,
    pub(super) reported_by: Uuid,
    pub(super) outcome: ResponseOutcome,
    pub(super) outcome_reason: Option<String>,
}

/// The answers, in the order of arrival.
pub(super) async fn said(tx: &Tx<'_>, claim: ClaimId) -> Result<Vec<Said>, Failure> {
    let query = acknowledgments::table
        .filter(acknowledgments::practice_id.eq(tx.practice()))
        .filter(acknowledgments::claim_id.eq(claim))
        .order((acknowledgments::received_at, acknowledgments::id))
        .select((
            acknowledgments::id,
            acknowledgments::response_id,
            acknowledgments::submission_id,
            acknowledgments::body,
            acknowledgments::occurred_at,
            acknowledgments::received_at,
            acknowledgments::reported_by,
            acknowledgments::outcome,
            acknowledgments::outcome_reason,
        ));
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// Another claim of the session.
#[derive(Queryable)]
pub(super) struct Linked {
    pub(super) id: ClaimId,
    pub(super) claim_number: String,
    pub(super) disposition: Disposition,
    pub(super) payer_sequence: PayerSequence,
    pub(super) replaces: Option<ClaimId>,
    pub(super) prior: Option<ClaimId>,
}

/// The session's other claims, the oldest first.
pub(super) async fn linked(tx: &Tx<'_>, claim: &Claim) -> Result<Vec<Linked>, Failure> {
    let query = claims::table
        .filter(claims::practice_id.eq(tx.practice()))
        .filter(claims::session_id.eq(claim.session_id))
        .filter(claims::id.ne(claim.id))
        .order(claims::id)
        .select((
            claims::id,
            claims::claim_number,
            claims::disposition,
            claims::payer_sequence,
            claims::replaces_claim_id,
            claims::prior_claim_id,
        ));
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}
