//! What is done to claims inside the practice, each as the body of one transaction: creating, editing, cancelling.

use audit::{Action, Change, Entry};
use clinical::billing;
use clinical::session::SessionStatus;
use feed::{Hub, NewEvent};
use futures_util::join;
use kernel::id::{ClaimId, CoverageId, SessionId};
use kernel::{Failure, Phi, Scope, etag};
use schema::Tx;
use therapy_claims::claims::v1 as pb;

use super::convert::{self, ClaimPatch};
use super::error::Error;
use super::{Bill, Claim, replacing, store};
use crate::assemble;
use crate::draft::Drafter;
use crate::event::{self, Kind, News};
use crate::judge::{Judgement, judge};
use crate::lifecycle::{Event, Status};
use crate::payer::PayerList;
use crate::rules::blocks;

/// Works on claims. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) hub: Hub,
    pub(super) drafter: Drafter,
}

impl Desk {
    /// The claim of a session that took place, and that nobody has billed.
    pub(super) async fn create(
        &self,
        tx: &Tx<'_>,
        session: SessionId,
        coverage: Option<CoverageId>,
    ) -> Result<Change<pb::Claim>, Failure> {
        // the session's lock comes first: whoever drafted meanwhile is seen by the second statement
        let sessions = [session];
        let (facts, active) = join!(billing::lock(tx, session), store::active_of_sessions(tx, &sessions));
        let facts = facts?;
        billable(&facts)?;
        if !active?.is_empty() {
            return Err(Error::AlreadyBilled.into());
        }
        let coverage = match coverage {
            Some(id) => Some(of_patient(&facts, id)?),
            None => assemble::primary_coverage(&facts.coverages, facts.session.session_date),
        };
        let bill = self.drafter.draft_for(tx, &facts, coverage).await?;
        Ok(answered(tx.scope(), Action::Create, bill))
    }

    /// Changes what the claim says, and judges it anew. Whatever it was, it is a draft now.
    pub(super) async fn update(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        id: ClaimId,
        expected: Option<i64>,
        patch: ClaimPatch,
    ) -> Result<Change<pb::Claim>, Failure> {
        let mut bill = store::lock(tx, id).await?.peek().clone();
        etag::check(expected, bill.claim.version)?;
        let from = bill.claim.status;
        bill.claim.apply(Event::Edited)?;
        let facts = billing::read(tx, bill.claim.session_id).await?;
        if let Some(id) = patch.coverage_id {
            let coverage = of_patient(&facts, id)?;
            bill.claim.bill_to(&coverage.payer_id, assemble::sequence(coverage.sequence));
        }
        let with_lines = patch.lines.is_some();
        patch.apply_to(&mut bill);
        bill.claim.forget_accepted();
        bill.claim.snapshot = None;
        let judgement = judge(tx, &facts, &bill, payers).await?;
        judgement.note(&mut bill);
        validated(&mut bill, &judgement)?;
        let news = News { from: Some(from), reasons: judgement.obstacles(&bill), ..News::default() };
        self.changed(tx, &mut bill, Kind::Edited, news, with_lines);
        Ok(answered(tx.scope(), Action::Update, bill))
    }

    /// Gives a claim up that no partner has seen.
    pub(super) async fn cancel(
        &self,
        tx: &Tx<'_>,
        id: ClaimId,
        expected: Option<i64>,
    ) -> Result<Change<pb::Claim>, Failure> {
        let mut bill = store::lock(tx, id).await?.peek().clone();
        etag::check(expected, bill.claim.version)?;
        let news = News { from: Some(bill.claim.status), ..News::default() };
        bill.claim.apply(Event::Cancelled)?;
        let mut events = vec![saved(tx, &mut bill, Kind::Cancelled, news, false)];
        if let Some(old) = bill.claim.replaces_claim_id {
            events.extend(replacing::dropped(tx, old, true).await?);
        }
        feed::append(tx, &self.hub, events);
        Ok(answered(tx.scope(), Action::Update, bill))
    }

    /// Holds a claim back, so that nobody sends it.
    pub(super) async fn hold(
        &self,
        tx: &Tx<'_>,
        id: ClaimId,
        expected: Option<i64>,
    ) -> Result<Change<pb::Claim>, Failure> {
        let mut bill = store::lock(tx, id).await?.peek().clone();
        etag::check(expected, bill.claim.version)?;
        let news = News { from: Some(bill.claim.status), ..News::default() };
        if bill.claim.apply(Event::Held)? {
            bill.claim.snapshot = None;
            self.changed(tx, &mut bill, Kind::Held, news, false);
        }
        Ok(answered(tx.scope(), Action::Update, bill))
    }

    /// Lets go of a claim that was held, and judges it anew.
    pub(super) async fn release(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        id: ClaimId,
        expected: Option<i64>,
    ) -> Result<Change<pb::Claim>, Failure> {
        let mut bill = store::lock(tx, id).await?.peek().clone();
        etag::check(expected, bill.claim.version)?;
        let from = Some(bill.claim.status);
        bill.claim.apply(Event::Released)?;
        let facts = billing::read(tx, bill.claim.session_id).await?;
        let judgement = judge(tx, &facts, &bill, payers).await?;
        judgement.note(&mut bill);
        validated(&mut bill, &judgement)?;
        let news = News { from, reasons: judgement.obstacles(&bill), ..News::default() };
        self.changed(tx, &mut bill, Kind::Released, news, false);
        Ok(answered(tx.scope(), Action::Update, bill))
    }

    /// Accepts a denial, with what it says of the money.
    pub(super) async fn close_denial(
        &self,
        tx: &Tx<'_>,
        id: ClaimId,
        expected: Option<i64>,
    ) -> Result<Change<pb::Claim>, Failure> {
        let mut bill = store::lock(tx, id).await?.peek().clone();
        etag::check(expected, bill.claim.version)?;
        let news = News { from: Some(bill.claim.status), ..News::default() };
        if bill.claim.apply(Event::DenialClosed { write_off: false })? {
            self.changed(tx, &mut bill, Kind::DenialClosed, news, false);
        }
        Ok(answered(tx.scope(), Action::Update, bill))
    }

    /// Counts the change, writes it and tells it, all with the commit.
    pub(super) fn changed(&self, tx: &Tx<'_>, bill: &mut Bill, kind: Kind, news: News, with_lines: bool) {
        let event = saved(tx, bill, kind, news, with_lines);
        feed::append(tx, &self.hub, vec![event]);
    }
}

/// Counts the change and writes it with the commit; its event is for the caller to append, since all events of a
/// transaction are appended together.
pub(crate) fn saved(tx: &Tx<'_>, bill: &mut Bill, kind: Kind, news: News, with_lines: bool) -> NewEvent {
    bill.claim.touch(tx.scope().now());
    store::save_at_commit(tx, bill, with_lines);
    event::of(tx.scope(), kind, &bill.claim, news)
}

/// Leaves the claim a draft with its findings on it; tells what happened.
pub(crate) fn validated(bill: &mut Bill, judgement: &Judgement) -> Result<Kind, Failure> {
    if bill.claim.status == Status::Ready {
        bill.claim.apply(Event::Edited)?;
        bill.claim.snapshot = None;
    }
    if blocks(&judgement.findings) {
        bill.claim.apply(Event::ValidationFailed)?;
        Ok(Kind::ValidationFailed)
    } else {
        bill.claim.apply(Event::ValidationPassed)?;
        Ok(Kind::ValidationPassed)
    }
}

/// The bill with its entry, as its caller may see it.
pub(super) fn answered(scope: &Scope, action: Action, bill: Bill) -> Change<pb::Claim> {
    let entry = Entry::of(scope, action, &bill);
    Change::recorded(entry, Phi::new(convert::to_pb(bill, scope.is_masked())))
}

/// A claim that was made of another one, with an entry that names both.
pub(super) fn created(scope: &Scope, bill: Bill, of: &Claim) -> Change<pb::Claim> {
    let mut entry = Entry::of(scope, Action::Create, &bill);
    entry.add(of.id.uuid(), Some(of.patient_id.uuid()));
    Change::recorded(entry, Phi::new(convert::to_pb(bill, scope.is_masked())))
}

fn billable(facts: &billing::Facts) -> Result<(), Error> {
    match &facts.session {
        session if session.status != SessionStatus::Completed => Err(Error::SessionNotCompleted),
        session if session.disclosure_restricted => Err(Error::DisclosureRestricted),
        session if session.self_pay => Err(Error::SelfPay),
        _ => Ok(()),
    }
}

/// A coverage that the caller named: one of the patient's, or none at all.
fn of_patient(facts: &billing::Facts, id: CoverageId) -> Result<&clinical::coverage::Coverage, Failure> {
    assemble::coverage_of(facts, id).ok_or_else(|| Failure::not_found("coverage", id))
}
