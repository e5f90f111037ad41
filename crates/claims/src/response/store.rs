//! The statements of `claims.acknowledgments`, and those that find the claim of an answer.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::join;
use kernel::id::{PracticeId, ResponseId, SubmissionId};
use kernel::{Failure, Permission, Phi};
use schema::tables::claims::{acknowledgments, claims, remittance_claims, submissions};
use schema::{Cached, Db, Error, Explain, Json, Refused, Tx};
use uuid::Uuid;

use super::posting::Earlier;
use super::{Answer, Response, ResponseOutcome};
use crate::claim::Claim;
use crate::inbound::remit::RemittanceClaimState;

#[derive(QueryableByName)]
struct Resolved {
    #[diesel(sql_type = SqlUuid)]
    practice_id: Uuid,
}

/// The practice of a claim number, among those where the account may report answers now.
pub async fn practice_of(
    db: &Db,
    number: &str,
    account: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<PracticeId>, Failure> {
    let scope = Permission::AcksWrite.service_scope().unwrap_or_default();
    let conn = db.directory().await?;
    let query = diesel::sql_query("SELECT practice_id FROM claims.claim_number_resolve($1, $2, $3, $4)")
        .bind::<Text, _>(number)
        .bind::<SqlUuid, _>(account)
        .bind::<Text, _>(scope)
        .bind::<Timestamptz, _>(at);
    let found: Option<Resolved> = Cached(query).get_result(&mut &*conn).await.optional().map_err(Error::from)?;
    Ok(found.map(|row| PracticeId::from_uuid(row.practice_id)))
}

/// The claim of that number, locked until the transaction ends.
pub async fn lock_claim(tx: &Tx<'_>, number: &str) -> Result<Option<Phi<Claim>>, Failure> {
    let query = claims::table
        .filter(claims::practice_id.eq(tx.practice()))
        .filter(claims::claim_number.eq(number))
        .select(Claim::as_select())
        .for_no_key_update();
    let claim: Option<Claim> = query.first(&mut tx.conn()).await.optional().map_err(Error::from)?;
    Ok(claim.map(Phi::new))
}

/// The last submission of the claim of that number.
pub async fn last_submission(tx: &Tx<'_>, number: &str) -> Result<Option<SubmissionId>, Failure> {
    let query = submissions::table
        .inner_join(
            claims::table
                .on(claims::practice_id.eq(submissions::practice_id).and(claims::id.eq(submissions::claim_id))),
        )
        .filter(submissions::practice_id.eq(tx.practice()))
        .filter(claims::claim_number.eq(number))
        .order(submissions::attempt.desc())
        .select(submissions::id);
    Ok(query.first(&mut tx.conn()).await.optional().map_err(Error::from)?)
}

/// The decisions and reversals that came for the claim of that number, the oldest first.
pub async fn earlier(tx: &Tx<'_>, number: &str) -> Result<Vec<Earlier>, Failure> {
    let query = acknowledgments::table
        .inner_join(
            claims::table
                .on(claims::practice_id.eq(acknowledgments::practice_id).and(claims::id.eq(acknowledgments::claim_id))),
        )
        .filter(acknowledgments::practice_id.eq(tx.practice()))
        .filter(claims::claim_number.eq(number))
        .filter(acknowledgments::kind.eq_any(["paid", "denied", "reversed"]))
        .order((acknowledgments::occurred_at, acknowledgments::id))
        .select((acknowledgments::id, acknowledgments::occurred_at, acknowledgments::body, acknowledgments::outcome));
    let rows: Vec<(ResponseId, DateTime<Utc>, Json<Answer>, ResponseOutcome)> =
        query.load(&mut tx.conn()).await.map_err(Error::from)?;
    let earlier = |(id, responded_at, answer, outcome): (_, _, Json<Answer>, _)| Earlier {
        id,
        responded_at,
        answer: answer.0,
        outcome,
    };
    Ok(rows.into_iter().map(earlier).collect())
}

/// Notes that answers wait no more, when the transaction commits.
pub fn free_at_commit(tx: &Tx<'_>, ids: Vec<ResponseId>) {
    if ids.is_empty() {
        return;
    }
    let ids = Arc::new(ids);
    tx.defer(move |tx| {
        let ids = Arc::clone(&ids);
        Box::pin(async move {
            let parked = acknowledgments::table
                .filter(acknowledgments::practice_id.eq(tx.practice()))
                .filter(acknowledgments::id.eq_any(&*ids))
                .filter(acknowledgments::outcome.eq(ResponseOutcome::Parked));
            let update = diesel::update(parked).set((
                acknowledgments::outcome.eq(ResponseOutcome::Applied),
                acknowledgments::outcome_reason.eq(None::<String>),
            ));
            let told = remittance_claims::table
                .filter(remittance_claims::practice_id.eq(tx.practice()))
                .filter(remittance_claims::acknowledgment_id.eq_any(&*ids))
                .filter(remittance_claims::state.eq(RemittanceClaimState::Parked));
            let posted = diesel::update(told).set((
                remittance_claims::state.eq(RemittanceClaimState::Posted),
                remittance_claims::state_reason.eq(None::<String>),
                remittance_claims::version.eq(remittance_claims::version + 1),
                remittance_claims::updated_at.eq(tx.scope().now()),
            ));
            let (mut a, mut b) = (tx.conn(), tx.conn());
            let (freed, posted) = join!(update.execute(&mut a), posted.execute(&mut b));
            posted.map_err(Error::from)?;
            if freed.map_err(Error::from)? == ids.len() {
                Ok(())
            } else {
                Err(Failure::internal("an answer that waited is gone"))
            }
        })
    });
}

/// Notes that an answer waits no more, as a person settles it otherwise, when the transaction commits. The claim must be
/// locked.
pub fn withdraw_at_commit(tx: &Tx<'_>, id: ResponseId, reason: &'static str) {
    tx.defer(move |tx| {
        Box::pin(async move {
            let parked = acknowledgments::table
                .find((tx.practice(), id))
                .filter(acknowledgments::outcome.eq(ResponseOutcome::Parked));
            let update = diesel::update(parked).set((
                acknowledgments::outcome.eq(ResponseOutcome::Recorded),
                acknowledgments::outcome_reason.eq(reason),
            ));
            update.execute(&mut tx.conn()).await.map_err(Error::from)?;
            Ok(())
        })
    });
}

/// What is known under a response id: the content's hash.
pub async fn known(tx: &Tx<'_>, response_id: &str) -> Result<Option<Vec<u8>>, Failure> {
    let query = acknowledgments::table
        .filter(acknowledgments::practice_id.eq(tx.practice()))
        .filter(acknowledgments::response_id.eq(response_id))
        .select(acknowledgments::body_hash);
    Ok(query.first(&mut tx.conn()).await.optional().map_err(Error::from)?)
}

/// The id stands for another answer already.
#[must_use]
pub fn reused() -> Failure {
    Failure::already_exists(
        "response",
        "RESPONSE_ID_REUSED",
        "this response_id was reported with other content; it must be the same only when the same is reported again",
    )
}

/// Keeps the answer when the transaction commits.
pub fn insert_at_commit(tx: &Tx<'_>, response: Response) {
    let response = Arc::new(response);
    tx.defer(move |tx| {
        let response = Arc::clone(&response);
        Box::pin(async move { insert(tx, &response).await })
    });
}

async fn insert(tx: &Tx<'_>, response: &Response) -> Result<(), Failure> {
    let Response { id, claim_id, submission_id, report, outcome, outcome_reason } = response;
    let rejected_by = match &report.answer {
        Answer::Rejected { by, .. } => Some(*by),
        Answer::Received
        | Answer::Accepted { .. }
        | Answer::Pended { .. }
        | Answer::Forwarded
        | Answer::Paid { .. }
        | Answer::Denied { .. }
        | Answer::Reversed { .. }
        | Answer::Voided => None,
    };
    let row = (
        acknowledgments::practice_id.eq(tx.practice()),
        acknowledgments::id.eq(id),
        acknowledgments::response_id.eq(&report.response_id),
        acknowledgments::claim_id.eq(claim_id),
        acknowledgments::submission_id.eq(submission_id),
        acknowledgments::kind.eq(report.answer.kind()),
        acknowledgments::rejected_by.eq(rejected_by),
        acknowledgments::payer_claim_number.eq(report.answer.payer_claim_number()),
        acknowledgments::reasons.eq(Json(report.answer.reasons().to_vec())),
        acknowledgments::body.eq(Json(report.answer.clone())),
        acknowledgments::body_hash.eq(&report.body_hash),
        acknowledgments::occurred_at.eq(report.responded_at),
        acknowledgments::received_at.eq(tx.scope().now()),
        acknowledgments::reported_by.eq(tx.scope().actor_id()),
        acknowledgments::outcome.eq(outcome),
        acknowledgments::outcome_reason.eq(outcome_reason),
    );
    let query = diesel::insert_into(acknowledgments::table).values(row);
    query.execute(&mut tx.conn()).await.explain(|refused| match refused {
        // the same id for two claims at once
        Refused::Taken("acknowledgments_response_key") => Some(reused()),
        Refused::Taken(_) | Refused::Dangling(_) => None,
    })?;
    Ok(())
}

/// Which of these response ids are known.
pub async fn known_many(tx: &Tx<'_>, response_ids: &[&str]) -> Result<HashSet<String>, Failure> {
    let query = acknowledgments::table
        .filter(acknowledgments::practice_id.eq(tx.practice()))
        .filter(acknowledgments::response_id.eq_any(response_ids))
        .select(acknowledgments::response_id);
    let known: Vec<String> = query.load(&mut tx.conn()).await.map_err(Error::from)?;
    Ok(known.into_iter().collect())
}
