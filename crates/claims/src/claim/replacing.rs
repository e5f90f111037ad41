//! A claim that is to take another one's place, and what becomes of the other one.
//!
//! The two are claims of their own. What happens to the new one is followed by the old one in the same transaction; the new
//! one's lock is always held first.

use audit::Change;
use clinical::billing;
use feed::NewEvent;
use kernel::id::ClaimId;
use kernel::{Failure, etag};
use schema::Tx;
use therapy_claims::claims::v1 as pb;

use super::desk::{Desk, created, saved};
use super::error::Error;
use super::{Bill, Claim, store};
use crate::assemble;
use crate::draft::drafted;
use crate::event::{Kind, News};
use crate::lifecycle::{Event, PayerState, State, Status};
use crate::payer::PayerList;

/// X12 frequency of a replacement.
pub(crate) const REPLACEMENT: &str = "7";

impl Desk {
    /// Drafts the claim that is to replace one that the payer knows.
    pub(super) async fn replace(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        id: ClaimId,
        expected: Option<i64>,
    ) -> Result<Change<pb::Claim>, Failure> {
        let mut old = store::lock(tx, id).await?.peek().clone();
        etag::check(expected, old.claim.version)?;
        let news = News { from: Some(old.claim.status), ..News::default() };
        old.claim.apply(Event::ReplacementRequested { at: tx.scope().now() })?;
        old.claim.payer_claim_number.as_ref().ok_or(Error::NoPayerClaimNumber)?;
        takes_replacements(&old.claim, payers)?;
        if let Some(open) = store::replacement_of(tx, id).await? {
            return Err(Error::ReplacementOpen(open).into());
        }
        let facts = billing::read(tx, old.claim.session_id).await?;
        let mut new = assemble::successor(tx.scope(), &old);
        REPLACEMENT.clone_into(&mut new.claim.frequency);
        new.claim.replaces_claim_id = Some(id);
        old.claim.replaced_by_claim_id = Some(new.claim.id);
        // whoever replaces a claim means to correct it: it waits for that
        let drafted = drafted(tx, payers, &facts, &mut new, false).await?;
        let requested = saved(tx, &mut old, Kind::ReplacementRequested, news, false);
        feed::append(tx, &self.hub, vec![drafted, requested]);
        Ok(created(tx.scope(), new, &old.claim))
    }
}

/// The payer's terms on the day of the service.
fn takes_replacements(old: &Claim, payers: &PayerList) -> Result<(), Error> {
    let listed = old.payer_id.as_ref().and_then(|id| payers.get(id));
    let refuses = listed.is_some_and(|listed| !listed.terms_on(old.service_date).takes_replacements);
    if refuses { Err(Error::NoReplacements) } else { Ok(()) }
}

/// What becomes of the old claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Replaced,
    Dropped,
}

/// What an answer to the new claim means for the old one.
fn fate(before: State, after: State) -> Option<Fate> {
    let was_open = matches!(before.payer_state, PayerState::Queued | PayerState::Transmitted | PayerState::Received);
    match (after.status, after.payer_state) {
        (Status::Draft, _) if before.status == Status::Submitted => Some(Fate::Dropped),
        (Status::Submitted, PayerState::Accepted | PayerState::Pended | PayerState::Forwarded) | (Status::Paid, _) => {
            Some(Fate::Replaced)
        }
        // it was never accepted, so it took no place
        (Status::Denied, _) if was_open => Some(Fate::Dropped),
        (Status::Draft | Status::Ready | Status::Submitted | Status::Denied, _) => None,
    }
}

/// The old claim follows an answer to `new`, which stood at `before`.
pub(crate) async fn followed(tx: &Tx<'_>, new: &Claim, before: State) -> Result<Option<NewEvent>, Failure> {
    let Some((id, fate)) = new.replaces_claim_id.zip(fate(before, new.state())) else { return Ok(None) };
    match fate {
        Fate::Dropped => dropped(tx, id, false).await,
        Fate::Replaced => {
            let mut old = store::lock(tx, id).await?.peek().clone();
            let (at, from) = (tx.scope().now(), Some(old.claim.status));
            // one that was dropped before may have been on its own since
            let is_pending = old.claim.apply(Event::ReplacementRequested { at }).is_ok();
            if !is_pending || !old.claim.apply(Event::Replaced { at }).unwrap_or(false) {
                return Ok(None);
            }
            old.claim.replaced_by_claim_id = Some(new.id);
            Ok(Some(saved(tx, &mut old, Kind::Replaced, News { from, ..News::default() }, false)))
        }
    }
}

/// Nothing comes of a replacement: the old claim stands where it stood, and forgets one that is given up.
pub(super) async fn dropped(tx: &Tx<'_>, old: ClaimId, is_given_up: bool) -> Result<Option<NewEvent>, Failure> {
    let mut old = store::lock(tx, old).await?.peek().clone();
    let news = News { from: Some(old.claim.status), ..News::default() };
    if old.claim.apply(Event::ReplacementDropped { at: tx.scope().now() }).is_err() {
        return Ok(None);
    }
    if is_given_up {
        old.claim.replaced_by_claim_id = None;
    }
    Ok(Some(saved(tx, &mut old, Kind::ReplacementDropped, news, false)))
}

/// The old claim of one that is about to be submitted, as it will be then, where it does not wait already.
pub(super) async fn requested(tx: &Tx<'_>, new: &Claim) -> Result<Option<Bill>, Failure> {
    let Some(id) = new.replaces_claim_id else { return Ok(None) };
    let mut old = store::lock(tx, id).await?.peek().clone();
    let is_news = old.claim.apply(Event::ReplacementRequested { at: tx.scope().now() })?;
    Ok(is_news.then_some(old))
}

/// Writes that the old claim waits again, once its replacement is submitted again.
pub(super) fn waits(tx: &Tx<'_>, old: &mut Bill) -> NewEvent {
    let from = old.claim.standing_status;
    saved(tx, old, Kind::ReplacementRequested, News { from, ..News::default() }, false)
}
