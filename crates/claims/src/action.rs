//! What takes two people unless one is an admin: voiding a claim, writing it off, filing it late. And appeals, which are kept
//! with them: each is done for a reason in somebody's words.
//!
//! Who may do it at once and who only proposes it is [`kernel::access`]'s to say; what it does to the claim is in `effect`.

pub mod convert;
mod effect;
pub mod error;
mod office;
pub mod service;
pub mod store;

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use kernel::id::{ClaimActionId, ClaimId, PatientId, PracticeId};
use kernel::phi::Disclosed;
use kernel::{Permission, Scope, text_enum};
use schema::tables::claims::claim_actions;
use uuid::Uuid;

use self::error::Error;

text_enum! {
    /// What is to be done.
    pub enum ActionKind {
        Void = "void",
        WriteOff = "write_off",
        TimelyFilingOverride = "timely_filing_override",
        Appeal = "appeal",
    }
}

impl ActionKind {
    /// What whoever does it must be permitted, to the full.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::Void => Permission::ClaimsVoid,
            Self::WriteOff => Permission::ClaimsWriteOff,
            Self::TimelyFilingOverride => Permission::ClaimsOverrideFiling,
            Self::Appeal => Permission::ClaimsSubmit,
        }
    }
}

text_enum! {
    /// What became of it.
    pub enum ActionState {
        Proposed = "proposed",
        /// Done, at once or by approval.
        Applied = "applied",
        Rejected = "rejected",
        Withdrawn = "withdrawn",
    }
}

/// A claim action as stored.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = claim_actions, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub struct ClaimAction {
    pub practice_id: PracticeId,
    pub id: ClaimActionId,
    pub claim_id: ClaimId,
    pub kind: ActionKind,
    pub reason: String,
    /// CLM20; of late filings only.
    pub delay_reason_code: Option<String>,
    /// Otherwise it was applied at once.
    pub was_proposed: bool,
    pub state: ActionState,
    pub requested_by: Uuid,
    pub requested_at: DateTime<Utc>,
    pub decided_by: Option<Uuid>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decision_note: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The last day on which the payer takes it; of appeals only.
    pub deadline: Option<NaiveDate>,
}

/// What somebody asks for.
#[derive(Clone)]
pub struct Wanted {
    pub claim: ClaimId,
    /// The claim's version last seen.
    pub expected: Option<i64>,
    pub kind: ActionKind,
    pub reason: String,
    pub delay_reason_code: Option<String>,
    pub deadline: Option<NaiveDate>,
}

impl ClaimAction {
    /// A new one of the caller: applied if the caller may do it, proposed otherwise.
    #[must_use]
    pub fn requested(scope: &Scope, wanted: Wanted) -> Self {
        let Wanted { claim, expected: _, kind, reason, delay_reason_code, deadline } = wanted;
        let (now, was_proposed) = (scope.now(), scope.only_proposes());
        Self {
            practice_id: scope.practice(),
            id: ClaimActionId::new(),
            claim_id: claim,
            kind,
            reason,
            delay_reason_code,
            was_proposed,
            state: if was_proposed { ActionState::Proposed } else { ActionState::Applied },
            requested_by: scope.actor_id(),
            requested_at: now,
            decided_by: None,
            decided_at: None,
            decision_note: None,
            version: 1,
            created_at: now,
            updated_at: now,
            deadline,
        }
    }

    /// A second person agrees.
    ///
    /// # Errors
    /// [`Error::OwnProposal`], [`Error::Decided`].
    pub fn approve(&mut self, scope: &Scope, note: Option<String>) -> Result<(), Error> {
        self.decide(scope, ActionState::Applied, note)
    }

    /// A second person is against it.
    ///
    /// # Errors
    /// [`Error::OwnProposal`], [`Error::Decided`].
    pub fn reject(&mut self, scope: &Scope, note: Option<String>) -> Result<(), Error> {
        self.decide(scope, ActionState::Rejected, note)
    }

    fn decide(&mut self, scope: &Scope, state: ActionState, note: Option<String>) -> Result<(), Error> {
        if self.requested_by == scope.actor_id() {
            return Err(Error::OwnProposal);
        }
        self.end(scope, state, note)
    }

    /// Its proposer takes it back.
    ///
    /// # Errors
    /// [`Error::NotOwnProposal`], [`Error::Decided`].
    pub fn withdraw(&mut self, scope: &Scope) -> Result<(), Error> {
        if self.requested_by != scope.actor_id() {
            return Err(Error::NotOwnProposal);
        }
        self.end(scope, ActionState::Withdrawn, None)
    }

    fn end(&mut self, scope: &Scope, state: ActionState, note: Option<String>) -> Result<(), Error> {
        if self.state != ActionState::Proposed {
            return Err(Error::Decided);
        }
        let now = scope.now();
        self.state = state;
        self.decided_by = Some(scope.actor_id());
        self.decided_at = Some(now);
        self.decision_note = note;
        self.version += 1;
        self.updated_at = now;
        Ok(())
    }
}

/// A claim action, and whose claim it is about.
#[derive(Debug, Clone, Queryable)]
pub struct Filed {
    pub action: ClaimAction,
    pub patient_id: PatientId,
}

impl Disclosed for Filed {
    const RESOURCE: &'static str = "claim_action";
    /// The claim beside the action: whoever looks for what was done to a claim finds it.
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.action.id.uuid(), Some(self.patient_id.uuid()));
        each(self.action.claim_id.uuid(), Some(self.patient_id.uuid()));
    }
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    pub state: Option<ActionState>,
    pub claim: Option<ClaimId>,
}

impl fmt::Debug for ClaimAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimAction")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wanted").field("claim", &self.claim).field("kind", &self.kind).finish_non_exhaustive()
    }
}
