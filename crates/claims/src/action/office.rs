//! Asking for an action and deciding it, each as the body of one transaction.

use audit::{Action, Change, Entry};
use feed::Hub;
use futures_util::join;
use kernel::id::{ClaimActionId, PatientId};
use kernel::{Failure, Phi, Scope, etag};
use schema::Tx;
use therapy_claims::claims::v1 as pb;

use super::effect::Effect;
use super::error::Error;
use super::{ActionState, ClaimAction, Filed, Wanted, convert, store};
use crate::claim::store as claims;
use crate::payer::PayerList;

/// How a proposal is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Approve,
    Reject,
}

/// Works on claim actions. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Office {
    pub(super) hub: Hub,
}

impl Office {
    /// Does it, or proposes it, as the caller may. The claim must allow it in either case.
    pub(super) async fn request(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        wanted: Wanted,
    ) -> Result<Change<pb::ClaimAction>, Failure> {
        // new ones come only under the claim's lock: whoever was faster is seen by the second statement
        let (bill, is_open) = join!(claims::lock(tx, wanted.claim), store::is_open(tx, wanted.claim, wanted.kind));
        let bill = bill?.peek().clone();
        etag::check(wanted.expected, bill.claim.version)?;
        if is_open? {
            return Err(Error::Open.into());
        }
        let patient = bill.claim.patient_id;
        let action = ClaimAction::requested(tx.scope(), wanted);
        let effect = Effect::of(tx, payers, &action, bill).await?;
        if action.state == ActionState::Applied {
            effect.carry_out(tx, &self.hub);
        }
        store::insert_at_commit(tx, action.clone());
        Ok(answered(tx.scope(), Action::Create, action, patient))
    }

    /// A second person decides a proposal. To approve it is to do it: what is asked of who does it, and of the claim, is
    /// asked now.
    pub(super) async fn decide(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        id: ClaimActionId,
        expected: Option<i64>,
        decision: Decision,
        note: Option<String>,
    ) -> Result<Change<pb::ClaimAction>, Failure> {
        let mut action = store::lock(tx, id).await?;
        etag::check(expected, action.version)?;
        tx.scope().require(action.kind.permission())?;
        match decision {
            Decision::Approve => action.approve(tx.scope(), note)?,
            Decision::Reject => action.reject(tx.scope(), note)?,
        }
        let bill = claims::lock(tx, action.claim_id).await?.peek().clone();
        let patient = bill.claim.patient_id;
        if decision == Decision::Approve {
            Effect::of(tx, payers, &action, bill).await?.carry_out(tx, &self.hub);
        }
        store::save_at_commit(tx, action.clone());
        Ok(answered(tx.scope(), Action::Update, action, patient))
    }

    /// The proposer takes it back.
    pub(super) async fn withdraw(
        &self,
        tx: &Tx<'_>,
        id: ClaimActionId,
        expected: Option<i64>,
    ) -> Result<Change<pb::ClaimAction>, Failure> {
        let (action, filed) = join!(store::lock(tx, id), store::get(tx, id));
        let (mut action, patient) = (action?, filed?.peek().patient_id);
        etag::check(expected, action.version)?;
        action.withdraw(tx.scope())?;
        store::save_at_commit(tx, action.clone());
        Ok(answered(tx.scope(), Action::Update, action, patient))
    }
}

fn answered(scope: &Scope, did: Action, action: ClaimAction, patient_id: PatientId) -> Change<pb::ClaimAction> {
    let filed = Filed { action, patient_id };
    let entry = Entry::of(scope, did, &filed);
    Change::recorded(entry, Phi::new(convert::to_pb(filed.action)))
}
