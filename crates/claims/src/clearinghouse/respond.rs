//! `ReportPayerResponse`: an answer is recorded once, and moves its claim if it counts.

use audit::{Action, Change};
use feed::Hub;
use futures_util::join;
use kernel::id::ResponseId;
use kernel::{Failure, Permission, Phi};
use schema::Tx;
use therapy_claims::claims::v1 as pb;

use super::convert::claim_state;
use crate::adjudication::adjudicate;
use crate::claim::{Bill, Claim, store as claims};
use crate::codes::Reference;
use crate::event::{self, Kind, News};
use crate::ledger;
use crate::response::convert::unbalanced;
use crate::response::{Effect, Report, Response, ResponseOutcome, store};

/// No claim of that number, or one that the caller may not report on: in the same words.
pub(super) fn unknown(number: &str) -> Failure {
    Failure::not_found("claim", number)
}

/// The whole report in one transaction: claim, answer, money, event and entry, or nothing.
pub(super) async fn respond(
    tx: &Tx<'_>,
    hub: &Hub,
    report: &Report,
) -> Result<Change<pb::ReportPayerResponseResponse>, Failure> {
    let number = &report.claim_number;
    // whoever reports the same at the same time waits at the claim, and then finds the answer known
    let (claim, known, submission) =
        join!(store::lock_claim(tx, number), store::known(tx, &report.response_id), store::last_submission(tx, number));
    let mut claim = claim?.ok_or_else(|| unknown(number))?.peek().clone();
    let decision = report.answer.decision();
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
    let from = claim.status;
    let id = ResponseId::new();
    let decided = match decision {
        Some(decision) => {
            let decided = adjudicate(&claim.charge_amount, &decision, Reference::shipped());
            Some(decided.map_err(|error| unbalanced(error, &report.answer))?)
        }
        None => None,
    };
    let now = tx.scope().now();
    let Effect { outcome, outcome_reason, kind, mut ledger } = report.apply(id, decided.as_ref(), &mut claim, now)?;
    if kind == Some(Kind::Voided) {
        let balances = ledger::store::balances(tx, claim.id).await?;
        ledger.extend(ledger::take_back(&mut claim, id, balances, now.date_naive()));
    }
    let submission_id = submission?;
    if let Some(kind) = kind {
        let news =
            News { from: Some(from), submission: submission_id, reasons: report.answer.codes(), ..News::default() };
        feed::append(tx, hub, vec![event::of(tx.scope(), kind, &claim, news)]);
        claims::save_at_commit(tx, &Bill { claim: claim.clone(), lines: Vec::new() }, false);
    }
    let response = Response { id, claim_id: claim.id, submission_id, report: report.clone(), outcome, outcome_reason };
    store::insert_at_commit(tx, response);
    ledger::store::insert_at_commit(tx, claim.id, ledger);
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
