//! One answer to one claim, as part of a transaction: whoever brings answers, they are settled here.

use std::sync::Arc;

use feed::NewEvent;
use kernel::Failure;
use kernel::id::{ResponseId, SubmissionId};
use schema::Tx;

use super::convert::unbalanced;
use super::posting::{Earlier, Posting, Refused};
use super::{Answer, Report, Response, ResponseOutcome, store};
use crate::claim::{Bill, Claim, replacing, store as claims};
use crate::codes::Reference;
use crate::event::{self, News};
use crate::ledger;
use crate::lifecycle::PayerState;

/// What an answer did.
#[derive(Debug)]
pub struct Settled {
    /// Of the answer as it is kept.
    pub id: ResponseId,
    pub claim: Claim,
    pub outcome: ResponseOutcome,
    /// Why it was not applied.
    pub outcome_reason: Option<&'static str>,
    /// For the caller to append, since all events of a transaction are appended together.
    pub events: Vec<NewEvent>,
}

/// Settles an answer that is not known yet; what its adjustments mean, `codes` tell.
///
/// The claim must be locked, `earlier` be [`store::earlier`] of it where the answer
/// moves money, and `submission` its last one. All is written with the commit, except the events.
///
/// # Errors
/// When the amounts don't add up, or the claim never left.
pub async fn settle(
    tx: &Tx<'_>,
    codes: &Arc<Reference>,
    report: &Report,
    claim: Claim,
    earlier: Vec<Earlier>,
    submission: Option<SubmissionId>,
) -> Result<Settled, Failure> {
    let (id, before) = (ResponseId::new(), claim.state());
    let takes_back = matches!(report.answer, Answer::Reversed { .. } | Answer::Voided);
    let balances = if takes_back || claim.payer_state == PayerState::Appealed || !earlier.is_empty() {
        ledger::store::balances(tx, claim.id).await?
    } else {
        Vec::new()
    };
    let mut posting = Posting::new(claim, balances, Arc::clone(codes), tx.scope().now());
    let (outcome, outcome_reason) = posting.take(id, report, earlier).map_err(|refused| match refused {
        Refused::Illegal(illegal) => illegal.into(),
        Refused::Unbalanced(error) => unbalanced(error, &report.answer),
    })?;
    let Posting { claim, ledger, steps, freed, .. } = posting;
    let mut events = Vec::with_capacity(steps.len());
    for (step, ordinal) in steps.iter().zip(0..) {
        let news = News { from: Some(step.from), submission, reasons: step.reasons.clone(), ordinal };
        events.push(event::of(tx.scope(), step.kind, &step.claim, news));
    }
    if !steps.is_empty() {
        claims::save_at_commit(tx, &Bill { claim: claim.clone(), lines: Vec::new() }, false);
        events.extend(Box::pin(replacing::followed(tx, &claim, before)).await?);
    }
    let report = report.clone();
    let response = Response { id, claim_id: claim.id, submission_id: submission, report, outcome, outcome_reason };
    store::insert_at_commit(tx, response);
    store::free_at_commit(tx, freed);
    ledger::store::insert_at_commit(tx, claim.id, ledger);
    Ok(Settled { id, claim, outcome, outcome_reason, events })
}
