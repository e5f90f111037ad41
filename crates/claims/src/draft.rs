//! Drafting: what happens on the claims side when a session is completed.

use std::sync::Arc;

use clinical::billing;
use clinical::session::complete::Completion;
use feed::{Hub, NewEvent};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::Failure;
use schema::{Json, Tx};
use therapy_claims::clinical::v1 as pb;

use crate::assemble;
use crate::claim::{Bill, convert, store};
use crate::event::{self, Kind, News};
use crate::judge::{Judgement, judge};
use crate::lifecycle::Event;
use crate::payer::{PayerList, Payers};

/// Drafts claims from completed sessions.
#[derive(Debug, Clone)]
pub struct Drafter {
    payers: Payers,
    hub: Hub,
}

impl Drafter {
    #[must_use]
    pub const fn new(payers: Payers, hub: Hub) -> Self {
        Self { payers, hub }
    }

    /// Drafts the claim that bills `coverage` for a session, judges it, and lets a practice that wants it so have a
    /// clean one ready at once. Rows and event travel with the commit; that there is one active claim per session is
    /// the database's constraint, not a look beforehand.
    ///
    /// # Errors
    /// The database's.
    pub async fn draft_for(
        &self,
        tx: &Tx<'_>,
        facts: &billing::Facts,
        coverage: Option<&clinical::coverage::Coverage>,
    ) -> Result<Bill, Failure> {
        let payers = self.payers.list().await?;
        let mut bill = assemble::draft(tx.scope(), facts, coverage);
        let event = drafted(tx, &payers, facts, &mut bill, facts.practice.auto_ready).await?;
        feed::append(tx, &self.hub, vec![event]);
        Ok(bill)
    }
}

/// Judges a fresh draft and puts it in place with the commit; its event is for the caller to append.
pub(crate) async fn drafted(
    tx: &Tx<'_>,
    payers: &PayerList,
    facts: &billing::Facts,
    bill: &mut Bill,
    auto_ready: bool,
) -> Result<NewEvent, Failure> {
    let judgement = judge(tx, facts, bill, payers).await?;
    judgement.note(bill);
    let reasons = judgement.obstacles(bill);
    settle(bill, judgement, auto_ready)?;
    store::insert_at_commit(tx, bill);
    Ok(event::of(tx.scope(), Kind::Drafted, &bill.claim, News { reasons, ..News::default() }))
}

/// Puts a fresh draft where its findings put it.
fn settle(bill: &mut Bill, judgement: Judgement, auto_ready: bool) -> Result<(), Failure> {
    if crate::rules::blocks(&judgement.findings) {
        bill.claim.apply(Event::ValidationFailed)?;
    } else if auto_ready && judgement.is_clean(bill) {
        bill.claim.apply(Event::MarkedReady)?;
        bill.claim.snapshot = Some(Json(judgement.snapshot));
    }
    Ok(())
}

impl Completion for Drafter {
    fn draft<'a>(
        &'a self,
        tx: &'a Tx<'_>,
        facts: &'a billing::Facts,
    ) -> BoxFuture<'a, Result<Option<pb::ClaimDraft>, Failure>> {
        async move {
            let coverage = assemble::primary_coverage(&facts.coverages, facts.session.session_date);
            let bill = self.draft_for(tx, facts, coverage).await?;
            Ok(Some(convert::draft_to_pb(&bill)))
        }
        .boxed()
    }
}

/// The drafter as the sessions take it.
#[must_use]
pub fn completion(drafter: Drafter) -> Arc<dyn Completion> {
    Arc::new(drafter)
}
