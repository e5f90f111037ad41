//! `ConfirmTransmission` and `ReportTransmissionFailure`: whether the bytes reached a partner.

use std::collections::HashMap;

use audit::{Action, Change, Entry};
use chrono::{DateTime, Utc};
use feed::{Hub, NewEvent};
use futures_util::join;
use kernel::id::{ClaimId, SubmissionId};
use kernel::{Code, Failure, Phi};
use schema::Tx;
use therapy_claims::claims::v1 as pb;

use super::convert::{claim_state, result};
use super::store;
use crate::claim::{Bill, Claim, store as claims};
use crate::event::{self, Kind, News};
use crate::lifecycle::Event;
use crate::rules::Finding;
use crate::submission::SubmissionState;
use crate::submission::store::{self as submissions, Handover};

/// A submission as an adapter names it.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) claim: ClaimId,
    pub(super) submission: SubmissionId,
    /// Checked when given.
    pub(super) hash: Option<Vec<u8>>,
}

/// What is said of all submissions of one call.
#[derive(Debug)]
pub(super) struct Confirmation {
    pub(super) transmitted_at: DateTime<Utc>,
    pub(super) reference: Option<String>,
}

/// Claims and submissions of one practice, locked.
struct Locked {
    claims: HashMap<ClaimId, Claim>,
    submissions: HashMap<SubmissionId, Handover>,
}

impl Locked {
    async fn of(tx: &Tx<'_>, named: &[Named]) -> Result<Self, Failure> {
        let mut claim_ids: Vec<ClaimId> = named.iter().map(|n| n.claim).collect();
        claim_ids.sort_unstable();
        claim_ids.dedup();
        let ids: Vec<SubmissionId> = named.iter().map(|n| n.submission).collect();
        // a submission only changes under the lock of its claim
        let (bills, submissions) = join!(claims::lock_many(tx, &claim_ids), submissions::handovers(tx, &ids));
        Ok(Self {
            claims: bills?.peek().iter().map(|bill| (bill.claim.id, bill.claim.clone())).collect(),
            submissions: submissions?.into_iter().map(|s| (s.id, s)).collect(),
        })
    }

    /// The two that the caller named, if they belong together and are what was sent.
    fn pair(&mut self, named: &Named) -> Result<(&mut Claim, &mut Handover), Failure> {
        let claim = self.claims.get_mut(&named.claim).ok_or_else(|| Failure::not_found("claim", named.claim))?;
        let submission = self.submissions.get_mut(&named.submission).filter(|s| s.claim_id == named.claim);
        let submission = submission.ok_or_else(|| Failure::not_found("submission", named.submission))?;
        if named.hash.as_ref().is_some_and(|hash| *hash != submission.snapshot_hash) {
            return Err(Failure::new(
                Code::FailedPrecondition,
                "SNAPSHOT_HASH_MISMATCH",
                "what was sent is not what was submitted",
            ));
        }
        Ok((claim, submission))
    }

    fn entry(&self, tx: &Tx<'_>) -> Entry {
        let mut entry = Entry::bare(tx.scope(), Action::Update, "claim");
        let mut claims: Vec<&Claim> = self.claims.values().collect();
        claims.sort_unstable_by_key(|claim| claim.id);
        claims.into_iter().for_each(|claim| entry.add(claim.id.uuid(), Some(claim.patient_id.uuid())));
        entry
    }
}

/// Confirms those of the submissions that can be; the others' results are problems.
pub(super) async fn confirm(
    tx: &Tx<'_>,
    hub: &Hub,
    named: &[Named],
    confirmation: &Confirmation,
) -> Result<Change<pb::ConfirmTransmissionResponse>, Failure> {
    let mut locked = Locked::of(tx, named).await?;
    let (mut sent, mut moved, mut events) = (Vec::new(), Vec::new(), Vec::new());
    let mut results = Vec::with_capacity(named.len());
    for named in named {
        let outcome = locked.pair(named).and_then(|(claim, submission)| {
            match submission.state {
                SubmissionState::Transmitted => return Ok(claim_state(claim)),
                SubmissionState::Failed => {
                    return Err(settled("SUBMISSION_FAILED", "the submission was reported as failed"));
                }
                SubmissionState::Queued => {}
            }
            // when an earlier attempt's confirmation comes late, the claim has moved on
            if submission.attempt == claim.attempt
                && let Some(event) = transmitted(tx, claim, submission.id, confirmation.transmitted_at)?
            {
                events.push(event);
                moved.push(claim.clone());
            }
            submission.state = SubmissionState::Transmitted;
            sent.push(submission.id);
            Ok(claim_state(claim))
        });
        results.push(result(named.submission, outcome));
    }
    submissions::transmitted_at_commit(tx, sent, confirmation.transmitted_at, confirmation.reference.clone());
    store::move_at_commit(tx, moved);
    feed::append(tx, hub, events);
    Ok(Change::recorded(locked.entry(tx), Phi::new(pb::ConfirmTransmissionResponse { results })))
}

/// Moves the claim; `None` when it knew already, by an answer that was faster.
fn transmitted(
    tx: &Tx<'_>,
    claim: &mut Claim,
    submission: SubmissionId,
    at: DateTime<Utc>,
) -> Result<Option<NewEvent>, Failure> {
    let from = Some(claim.status);
    if !claim.apply(Event::Transmitted { at })? {
        return Ok(None);
    }
    claim.touch(tx.scope().now());
    let news = News { from, submission: Some(submission), ..News::default() };
    Ok(Some(event::of(tx.scope(), Kind::Transmitted, claim, news)))
}

/// The claims are ready again, since these submissions can't be sent; each for itself.
pub(super) async fn fail(
    tx: &Tx<'_>,
    hub: &Hub,
    named: &[Named],
    why: &Why<'_>,
) -> Result<(Vec<Result<pb::ClaimState, Failure>>, Entry), Failure> {
    let mut locked = Locked::of(tx, named).await?;
    let (mut failed, mut moved, mut events) = (Vec::new(), Vec::new(), Vec::new());
    let mut outcomes = Vec::with_capacity(named.len());
    for named in named {
        let outcome = locked.pair(named).and_then(|(claim, submission)| {
            if let Some(event) = failed_one(tx, claim, submission, why)? {
                events.push(event);
                moved.push(claim.clone());
                failed.push(submission.id);
            }
            Ok(claim_state(claim))
        });
        outcomes.push(outcome);
    }
    feed::append(tx, hub, events);
    if why.findings.is_empty() {
        store::move_at_commit(tx, moved);
    } else {
        moved.into_iter().for_each(|claim| claims::save_at_commit(tx, &Bill { claim, lines: Vec::new() }, false));
    }
    submissions::failed_at_commit(tx, failed, tx.scope().now(), why.reason);
    Ok((outcomes, locked.entry(tx)))
}

/// Why a submission can't be sent.
#[derive(Debug)]
pub(super) struct Why<'a> {
    /// A short code.
    pub(super) reason: &'a str,
    /// What the claim is to tell whoever mends it.
    pub(super) findings: &'a [Finding],
}

/// Moves the claim; `None` when the failure is known already.
fn failed_one(
    tx: &Tx<'_>,
    claim: &mut Claim,
    submission: &mut Handover,
    why: &Why<'_>,
) -> Result<Option<NewEvent>, Failure> {
    match submission.state {
        SubmissionState::Transmitted => {
            return Err(settled("SUBMISSION_TRANSMITTED", "the submission was confirmed as sent"));
        }
        SubmissionState::Failed => return Ok(None),
        SubmissionState::Queued if submission.attempt != claim.attempt => {
            return Err(settled("SUBMISSION_SUPERSEDED", "the claim was submitted again since"));
        }
        SubmissionState::Queued => {}
    }
    let (now, from) = (tx.scope().now(), Some(claim.status));
    claim.apply(Event::TransmitFailed { at: now })?;
    claim.validation_errors.0.extend(why.findings.iter().cloned());
    claim.touch(now);
    submission.state = SubmissionState::Failed;
    let reasons = vec![why.reason.to_owned()];
    let news = News { from, submission: Some(submission.id), reasons, ..News::default() };
    Ok(Some(event::of(tx.scope(), Kind::TransmitFailed, claim, news)))
}

/// What became of the submission is known, and something else.
pub(super) fn settled(reason: &'static str, message: &'static str) -> Failure {
    Failure::new(Code::FailedPrecondition, reason, message)
}
