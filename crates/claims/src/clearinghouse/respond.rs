//! `ReportPayerResponse`: an answer is recorded once, and moves its claim if it counts.

use std::sync::Arc;

use audit::{Action, Change};
use feed::Hub;
use futures_util::join;
use kernel::{Failure, Permission, Phi};
use schema::Tx;
use therapy_claims::claims::v1 as pb;

use super::convert::claim_state;
use crate::claim::Claim;
use crate::codes::Reference;
use crate::response::settle::{Settled, settle};
use crate::response::{Report, ResponseOutcome, store};

/// No claim of that number, or one that the caller may not report on: in the same words.
pub(super) fn unknown(number: &str) -> Failure {
    Failure::not_found("claim", number)
}

/// The whole report in one transaction: claim, answer, money, event and entry, or nothing.
pub(super) async fn respond(
    tx: &Tx<'_>,
    hub: &Hub,
    codes: &Arc<Reference>,
    report: &Report,
) -> Result<Change<pb::ReportPayerResponseResponse>, Failure> {
    let number = &report.claim_number;
    let earlier = async { if report.answer.moves_money() { store::earlier(tx, number).await } else { Ok(Vec::new()) } };
    // whoever reports the same at the same time waits at the claim, and then finds the answer known
    let (claim, known, submission, earlier) = join!(
        store::lock_claim(tx, number),
        store::known(tx, &report.response_id),
        store::last_submission(tx, number),
        earlier
    );
    let claim = claim?.ok_or_else(|| unknown(number))?.peek().clone();
    if report.answer.moves_money() {
        tx.scope().require(Permission::RemitsWrite)?;
    }
    match known? {
        Some(hash) if hash == report.body_hash => {
            return Ok(answered(tx, Action::View, &claim, pb::ResponseEffect::Repeated));
        }
        Some(_) => return Err(store::reused()),
        None => {}
    }
    let Settled { id: _, claim, outcome, outcome_reason: _, events } =
        settle(tx, codes, report, claim, earlier?, submission?).await?;
    feed::append(tx, hub, events);
    let effect = match outcome {
        ResponseOutcome::Applied => pb::ResponseEffect::Applied,
        ResponseOutcome::Recorded => pb::ResponseEffect::Recorded,
        ResponseOutcome::Parked => pb::ResponseEffect::Parked,
    };
    Ok(answered(tx, Action::Update, &claim, effect))
}

fn answered(
    tx: &Tx<'_>,
    action: Action,
    claim: &Claim,
    effect: pb::ResponseEffect,
) -> Change<pb::ReportPayerResponseResponse> {
    let answer = pb::ReportPayerResponseResponse { effect: effect.into(), claim: Some(claim_state(claim)) };
    Change::of(tx.scope(), action, claim, Phi::new(answer))
}
