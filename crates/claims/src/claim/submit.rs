//! Submitting: one claim or many in one transaction, each judged once more by itself.

use std::collections::HashMap;

use audit::{Action, Change, Entry};
use clinical::billing;
use feed::NewEvent;
use futures_util::future::join_all;
use kernel::id::{ClaimId, SessionId};
use kernel::{Failure, Phi, etag};
use schema::Tx;
use therapy_claims::claims::v1 as pb;

use super::desk::{Desk, saved, validated};
use super::error::Error;
use super::ready::Ruling;
use super::{Bill, convert, replacing, store};
use crate::event::{Kind, News};
use crate::judge::{Judgement, judge};
use crate::lifecycle::Event;
use crate::payer::PayerList;
use crate::submission::{self, Submission};

/// What goes out with the commit, all of it together.
#[derive(Default)]
struct Outgoing {
    events: Vec<NewEvent>,
    submissions: Vec<Submission>,
}

/// What became of each claim.
struct Submitted {
    entry: Entry,
    rulings: HashMap<ClaimId, Result<Ruling, Failure>>,
}

impl Desk {
    /// Submits one claim.
    pub(super) async fn submit(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        id: ClaimId,
        expected: Option<i64>,
    ) -> Result<Change<Ruling>, Failure> {
        let Submitted { entry, mut rulings } = self.submit_all(tx, payers, &[id], expected).await?;
        let ruling = rulings.remove(&id).unwrap_or_else(|| Err(Failure::not_found("claim", id)))?;
        Ok(Change::recorded(entry, Phi::new(ruling)))
    }

    /// Submits those of many that can be.
    pub(super) async fn submit_batch(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        ids: &[ClaimId],
    ) -> Result<Change<pb::BatchSubmitClaimsResponse>, Failure> {
        let Submitted { entry, mut rulings } = self.submit_all(tx, payers, ids, None).await?;
        let results = ids.iter().map(|id| {
            let ruling = rulings.remove(id).unwrap_or_else(|| Err(Failure::not_found("claim", id)));
            pb::BatchSubmitResult { claim_id: id.to_string(), outcome: Some(outcome(ruling)) }
        });
        let response = pb::BatchSubmitClaimsResponse { results: results.collect() };
        Ok(Change::recorded(entry, Phi::new(response)))
    }

    /// Four flights, however many they are: claims, facts, duplicates where there may be some, commit.
    async fn submit_all(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        ids: &[ClaimId],
        expected: Option<i64>,
    ) -> Result<Submitted, Failure> {
        let found = store::lock_many(tx, ids).await?;
        let entry = Entry::of(tx.scope(), Action::Update, &found);
        let mut rulings = HashMap::with_capacity(ids.len());
        let mut open = Vec::with_capacity(ids.len());
        for bill in found.peek() {
            match admitted(tx, bill, expected) {
                Ok(()) => open.push(bill.clone()),
                Err(failure) => drop(rulings.insert(bill.claim.id, Err(failure))),
            }
        }
        let mut out = Outgoing::default();
        for (mut bill, judgement) in judged(tx, payers, open).await? {
            let id = bill.claim.id;
            // a claim that it is to replace waits from now on, if it may
            let old = match Box::pin(replacing::requested(tx, &bill.claim)).await {
                Ok(old) => old,
                Err(failure) => {
                    rulings.insert(id, Err(failure));
                    continue;
                }
            };
            let obstacles = out.rule(tx, &mut bill, &judgement)?;
            if let Some(mut old) = old.filter(|_| obstacles.is_empty()) {
                out.events.push(replacing::waits(tx, &mut old));
            }
            rulings.insert(id, Ok(Ruling::of(bill, obstacles, tx.scope().is_masked())));
        }
        let Outgoing { events, submissions } = out;
        if !submissions.is_empty() {
            submission::store::insert_at_commit(tx, submissions);
        }
        feed::append(tx, &self.hub, events);
        Ok(Submitted { entry, rulings })
    }
}

/// Whether the claim may be submitted at all, before anything is looked up for it.
fn admitted(tx: &Tx<'_>, bill: &Bill, expected: Option<i64>) -> Result<(), Failure> {
    etag::check(expected, bill.claim.version)?;
    bill.claim.state().apply(Event::Submitted { at: tx.scope().now() })?;
    Ok(())
}

/// Judges the bills; the statements of all of them share a flight.
async fn judged(tx: &Tx<'_>, payers: &PayerList, bills: Vec<Bill>) -> Result<Vec<(Bill, Judgement)>, Failure> {
    if bills.is_empty() {
        return Ok(Vec::new());
    }
    let sessions: Vec<SessionId> = bills.iter().map(|bill| bill.claim.session_id).collect();
    let facts = billing::read_many(tx, &sessions).await?;
    let judgements = join_all(bills.iter().map(async |bill| {
        let id = bill.claim.session_id;
        let facts = facts.get(&id).ok_or_else(|| Failure::not_found("session", id))?;
        judge(tx, facts, bill, payers).await
    }))
    .await;
    let judgements = judgements.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(bills.into_iter().zip(judgements).collect())
}

impl Outgoing {
    /// Submits the claim, or makes it a draft with what stands in its way, which is answered.
    fn rule(&mut self, tx: &Tx<'_>, bill: &mut Bill, judgement: &Judgement) -> Result<Vec<String>, Failure> {
        let mut news = News { from: Some(bill.claim.status), ..News::default() };
        judgement.note(bill);
        news.reasons = judgement.obstacles(bill);
        let obstacles = news.reasons.clone();
        if !obstacles.is_empty() {
            let kind = validated(bill, judgement)?;
            self.events.push(saved(tx, bill, kind, news, false));
            return Ok(obstacles);
        }
        let now = tx.scope().now();
        bill.claim.apply(Event::Submitted { at: now })?;
        bill.claim.attempt += 1;
        bill.claim.submitted_at = Some(now);
        let submission = Submission::queued(tx.scope(), &bill.claim)?;
        news.submission = Some(submission.id);
        self.events.push(saved(tx, bill, Kind::Submitted, news, false));
        self.submissions.push(submission);
        Ok(obstacles)
    }
}

/// One claim's part of the answer.
fn outcome(ruling: Result<Ruling, Failure>) -> pb::batch_submit_result::Outcome {
    use pb::batch_submit_result::Outcome;
    match ruling {
        Ok(Ruling { claim: Some(claim), obstacles: _ }) => Outcome::Claim(claim),
        Ok(Ruling { claim: None, obstacles }) => {
            Outcome::Problem(convert::problem(&Error::NotReady(obstacles.clone()).into(), obstacles))
        }
        Err(failure) => Outcome::Problem(convert::problem(&failure, Vec::new())),
    }
}
