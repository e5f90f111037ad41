//! What becomes of claims that wait to be submitted when a coverage that they were made from changes.
//!
//! `SubmitClaim` would find it out as well; told at once, nobody believes that such a claim only waits to be sent.

use std::sync::Arc;

use clinical::billing;
use clinical::coverage::Coverage;
use clinical::coverage::service::Dependents;
use feed::Hub;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::Failure;
use kernel::id::SessionId;
use schema::Tx;

use super::desk::{saved, validated};
use super::{Bill, store};
use crate::assemble;
use crate::event::{Kind, News};
use crate::judge::{Judgement, judge};
use crate::lifecycle::Status;
use crate::payer::{PayerList, Payers};
use crate::rules::SNAPSHOT_STALE;

/// Judges a patient's claims anew.
#[derive(Debug)]
struct Upstream {
    payers: Payers,
    hub: Hub,
}

/// The claims side as the patients tell it of changes.
#[must_use]
pub fn dependents(payers: Payers, hub: Hub) -> Arc<dyn Dependents> {
    Arc::new(Upstream { payers, hub })
}

impl Dependents for Upstream {
    fn coverage_changed<'a>(&'a self, tx: &'a Tx<'_>, coverage: &'a Coverage) -> BoxFuture<'a, Result<(), Failure>> {
        async move { self.follow(tx, &*self.payers.list().await?, coverage).await }.boxed()
    }
}

impl Upstream {
    /// Three flights at most, one where the patient has no claim that could be affected. The entry that records the
    /// change names the patient; each claim's event names the claim and who changed it.
    async fn follow(&self, tx: &Tx<'_>, payers: &PayerList, coverage: &Coverage) -> Result<(), Failure> {
        let mut affected = store::lock_unsent(tx, coverage.patient_id).await?.peek().clone();
        affected.retain(|bill| bill.claim.status == Status::Ready || differs(bill, coverage));
        if affected.is_empty() {
            return Ok(());
        }
        let sessions: Vec<SessionId> = affected.iter().map(|bill| bill.claim.session_id).collect();
        let mut facts = billing::read_many(tx, &sessions).await?;
        let mut events = Vec::new();
        for bill in &mut affected {
            let id = bill.claim.session_id;
            let facts = facts.get_mut(&id).ok_or_else(|| Failure::not_found("session", id))?;
            // its row is written with the commit: what was read is what it was before
            facts.coverages.iter_mut().filter(|c| c.id == coverage.id).for_each(|c| c.clone_from(coverage));
            let moved = differs(bill, coverage);
            if moved {
                bill.claim.bill_to(&coverage.payer_id, assemble::sequence(coverage.sequence));
            }
            let judgement = judge(tx, facts, bill, payers).await?;
            if moved || !stands(&judgement, bill) {
                events.push(returned(tx, bill, &judgement)?);
            }
        }
        feed::append(tx, &self.hub, events);
        Ok(())
    }
}

/// Whether the claim bills this coverage, and names another payer or turn than it has now.
fn differs(bill: &Bill, coverage: &Coverage) -> bool {
    let claim = &bill.claim;
    claim.coverage_id == Some(coverage.id)
        && (claim.payer_id.as_deref() != Some(&coverage.payer_id)
            || claim.payer_sequence != assemble::sequence(coverage.sequence))
}

/// Whether a ready claim may stay so: it says what it said, and nothing stands in its way.
fn stands(judgement: &Judgement, bill: &Bill) -> bool {
    judgement.is_clean(bill) && judgement.findings.iter().all(|finding| finding.code != SNAPSHOT_STALE)
}

/// The claim as a draft, with what was found on it.
fn returned(tx: &Tx<'_>, bill: &mut Bill, judgement: &Judgement) -> Result<feed::NewEvent, Failure> {
    let from = bill.claim.status;
    bill.claim.forget_accepted();
    judgement.note(bill);
    let reasons = judgement.obstacles(bill);
    validated(bill, judgement)?;
    Ok(saved(tx, bill, Kind::Edited, News { from: Some(from), reasons, ..News::default() }, false))
}
