//! Before the handler: whose credential it is, and whether [`decide`] agrees.

use std::sync::Arc;

use audit::{Action, Entry, Outcome};
use http::{HeaderMap, Response};
use kernel::access::{Identity, Standing, decide};
use kernel::ctx::unauthenticated;
use kernel::id::PracticeId;
use kernel::scope::Facts;
use kernel::status::to_status;
use kernel::{Code, Ctx, Failure, Permission, Scope};
use tonic::body::Body;

use super::Gate;
use super::action::{action_of, resource_of};
use super::header::{bearer, practice_header};

/// A call that was not let through.
pub(super) struct Refused {
    failure: Failure,
    entry: Option<Entry>,
}

impl Gate {
    /// Resolves the credential and decides.
    pub(super) async fn admit(&self, facts: &Arc<Facts>, headers: &HeaderMap) -> Result<Ctx, Refused> {
        let silent = |failure| Refused { failure, entry: None };
        if facts.method.permission == Permission::Public {
            return Ok(Ctx::new(None, Vec::new(), Arc::clone(facts)));
        }
        let token = bearer(headers).ok_or_else(|| silent(unauthenticated()))?;
        let resolved = self.directory.resolve(token, facts.certificate).await;
        let mut identity = resolved.map_err(|failure| refused_credential(facts, failure))?;
        let selected = practice_header(headers).map_err(silent)?;
        let mut decided = scopes(&identity, selected, facts);
        if decided.is_err() {
            // what is kept of a caller may be older than what it was granted since: a refusal is never from memory
            let fresh = self.directory.again(&identity.key_id, facts.certificate).await;
            identity = fresh.map_err(|failure| refused_credential(facts, failure))?;
            decided = scopes(&identity, selected, facts);
        }
        let scopes = decided.map_err(|(failure, practice)| {
            let scope = denied_scope(&identity, practice, facts);
            let entry = Entry::bare(&scope, action_of(facts.method), resource_of(facts.method))
                .ended(Outcome::Denied, failure.reason);
            Refused { failure, entry: Some(entry) }
        })?;
        Ok(Ctx::new(Some(identity), scopes, Arc::clone(facts)))
    }

    /// Answers a refusal; its entry follows by itself, since nothing was disclosed.
    pub(super) fn refuse(&self, facts: &Facts, Refused { failure, entry }: Refused) -> Response<Body> {
        if let Some(entry) = entry {
            self.denials.note(entry);
        }
        to_status(&failure, &facts.request_id).into_http()
    }
}

/// A credential that counts for nothing is recorded on the system chain; a directory that can't answer is not.
fn refused_credential(facts: &Facts, failure: Failure) -> Refused {
    let known_bad = failure.code == Code::Unauthenticated;
    let entry = Entry::anonymous(facts, Action::Auth, "token").ended(Outcome::Denied, failure.reason);
    Refused { failure, entry: known_bad.then_some(entry) }
}

/// The practices that the call reaches, each with how far.
fn scopes(
    identity: &Arc<Identity>,
    selected: Option<PracticeId>,
    facts: &Arc<Facts>,
) -> Result<Vec<Scope>, (Failure, Option<PracticeId>)> {
    let method = facts.method;
    let now = facts.clock.now();
    let grant = |practice| {
        decide(identity, practice, method, now).map(|granted| Scope::granted(identity, practice, granted, facts))
    };
    if matches!(method.permission, Permission::Authenticated | Permission::PracticesCreate) {
        return Ok(vec![Scope::practiceless(identity, facts)]);
    }
    match &identity.standing {
        Standing::Machine { grants } if method.permission.spans_practices() && selected.is_none() => {
            Ok(grants.iter().filter_map(|g| grant(g.practice_id).ok()).collect())
        }
        Standing::Machine { .. } | Standing::Person { .. } => {
            let practice = selected.or(match &identity.standing {
                Standing::Person { active_practice_id, .. } => *active_practice_id,
                Standing::Machine { .. } => None,
            });
            let practice = practice.ok_or_else(|| (kernel::access::Denied::NoPractice.into(), None))?;
            grant(practice).map(|scope| vec![scope]).map_err(|denied| (denied.into(), Some(practice)))
        }
    }
}

/// Where a denial is recorded: in the practice only if the caller has a place there, else on the system chain.
fn denied_scope(identity: &Arc<Identity>, practice: Option<PracticeId>, facts: &Arc<Facts>) -> Scope {
    let member = practice.filter(|practice| match &identity.standing {
        Standing::Person { memberships, .. } => memberships.iter().any(|m| m.practice_id == *practice),
        Standing::Machine { grants } => grants.iter().any(|g| g.practice_id == *practice),
    });
    let scope = Scope::practiceless(identity, facts);
    member.map_or_else(|| scope.clone(), |practice| scope.within(practice))
}
