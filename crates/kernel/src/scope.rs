//! A scope is the proof that somebody may act in one practice. Only a scope opens a tenant transaction.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::access::{Actor, Denied, Granted, Identity, Level, Own, Permission};
use crate::clock::Clock;
use crate::error::Failure;
use crate::fingerprint::Fingerprint;
use crate::id::{PracticeId, TherapistId};
use crate::method::Method;
use crate::page::{PageRequest, TokenKey};
use crate::violations::Violations;

/// What is true of one request, whoever makes it.
#[derive(Debug)]
pub struct Facts {
    /// The caller's `x-request-id`, or one that we made.
    pub request_id: String,
    pub method: &'static Method,
    pub peer: Option<IpAddr>,
    /// The certificate that the peer presented, which one of ours signed.
    pub certificate: Option<Fingerprint>,
    pub deadline: Instant,
    pub clock: Clock,
    pub page_key: TokenKey,
    /// Audit entries that this request has left so far.
    pub entries: AtomicU32,
}

impl Facts {
    /// Counts an entry that is durable, or will be by the transaction's commit.
    pub fn note_entry(&self) {
        self.entries.fetch_add(1, Ordering::Relaxed);
    }
}

/// Somebody, in one practice, for one request.
#[derive(Debug, Clone)]
pub struct Scope {
    practice: PracticeId,
    actor: Actor,
    key_id: Arc<str>,
    granted: Granted,
    identity: Option<Arc<Identity>>,
    facts: Arc<Facts>,
}

impl Scope {
    /// Made by the access layer after [`crate::access::decide`] agreed.
    #[must_use]
    pub fn granted(identity: &Arc<Identity>, practice: PracticeId, granted: Granted, facts: &Arc<Facts>) -> Self {
        Self {
            practice,
            actor: identity.actor,
            key_id: Arc::clone(&identity.key_id),
            granted,
            identity: Some(Arc::clone(identity)),
            facts: Arc::clone(facts),
        }
    }

    /// The operator at the machine and the server's own jobs. Never for a request from outside.
    #[must_use]
    pub fn system(practice: PracticeId, facts: &Arc<Facts>) -> Self {
        let granted = Granted { acting_as: "system", level: Level::All, own: None };
        Self { practice, actor: Actor::System, key_id: "".into(), granted, identity: None, facts: Arc::clone(facts) }
    }

    /// The same caller, acting on its own account outside of any practice: the system chain's tenant.
    #[must_use]
    pub fn practiceless(identity: &Arc<Identity>, facts: &Arc<Facts>) -> Self {
        let granted = Granted { acting_as: "self", level: Level::No, own: None };
        Self::granted(identity, PracticeId::NIL, granted, facts)
    }

    /// The same caller, named in a practice's trail without reaching anything there: for denials.
    #[must_use]
    pub fn within(&self, practice: PracticeId) -> Self {
        Self { practice, ..self.clone() }
    }

    /// The same caller in a practice that this very request creates.
    #[must_use]
    pub fn founding(&self, practice: PracticeId) -> Self {
        let granted = Granted { acting_as: "admin", level: Level::All, own: None };
        Self { practice, granted, ..self.clone() }
    }

    #[must_use]
    pub const fn practice(&self) -> PracticeId {
        self.practice
    }

    #[must_use]
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// The actor's id; nil for the system.
    #[must_use]
    pub const fn actor_id(&self) -> Uuid {
        match self.actor {
            Actor::User(id) => id.uuid(),
            Actor::Service(id) => id.uuid(),
            Actor::System => Uuid::nil(),
        }
    }

    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The role that the call acts in: `admin`, …, `service`, `system`, `self`.
    #[must_use]
    pub const fn acting_as(&self) -> &'static str {
        self.granted.acting_as
    }

    /// Set when only this therapist's patients, and what belongs to them, are in reach.
    #[must_use]
    pub const fn own(&self) -> Option<&Own> {
        self.granted.own.as_ref()
    }

    /// The therapist whose patients are in reach; of others than therapists, none.
    #[must_use]
    pub fn therapist(&self) -> Option<TherapistId> {
        self.own().map(|own| own.therapist)
    }

    /// Whether clinical fields must be blanked in the answer.
    #[must_use]
    pub const fn is_masked(&self) -> bool {
        matches!(self.granted.level, Level::Masked)
    }

    /// Whether the caller may only propose what it calls for: another person has to decide.
    #[must_use]
    pub const fn only_proposes(&self) -> bool {
        matches!(self.granted.level, Level::Propose)
    }

    /// Asks for a permission beyond the one that the RPC declares, for calls that can do two things. To be allowed to
    /// propose is not enough.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub fn require(&self, permission: Permission) -> Result<(), Failure> {
        let Some(identity) = &self.identity else { return Ok(()) };
        let method = Method { permission, ..*self.facts.method };
        let granted = crate::access::decide(identity, self.practice, &method, self.now())?;
        if granted.level == Level::Propose { Err(Denied::Permission.into()) } else { Ok(()) }
    }

    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.facts.clock.now()
    }

    /// What is left of the caller's deadline; at least a millisecond, since 0 would mean "no limit" to PostgreSQL.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        self.facts.deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
    }

    /// Reads the paging fields of a list request; `filter` is what else shapes the list.
    pub fn page(
        &self,
        v: &mut Violations,
        page_size: i32,
        page_token: &str,
        filter: &impl std::fmt::Debug,
    ) -> PageRequest {
        let filter = format!("{}{}{:?}{filter:?}", self.facts.method.path, self.practice, self.therapist());
        PageRequest::parse(v, &self.facts.page_key, page_size, page_token, filter.into_bytes())
    }
}
