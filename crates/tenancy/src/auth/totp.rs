//! A person's own second factor: enrolled, confirmed by a first code, given up by a last one.

use std::sync::Arc;

use audit::vault::once;
use audit::{Action, Change, Entry};
use kernel::access::{Actor, Denied, Identity};
use kernel::id::UserId;
use kernel::scope::Facts;
use kernel::{Code, Failure, Phi, Scope, Violations};
use prost::Message;
use schema::{Once, Tx};
use therapy_claims::tenancy::v1 as pb;

use super::Inner;
use crate::throttle::Attempt;
use crate::{totp, user};

/// Longer than any code, spaces included.
const CODE_MAX: usize = 20;

/// What a code is shown for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Confirm,
    Disable,
}

impl Inner {
    /// Makes a secret, which counts once it is confirmed.
    pub(super) async fn enroll_totp(
        &self,
        identity: &Arc<Identity>,
        facts: &Arc<Facts>,
    ) -> Result<pb::EnrollTotpResponse, Failure> {
        let id = person(identity)?;
        let scope = Scope::practiceless(identity, facts);
        let secret = totp::new_secret()?;
        let body = || {
            async |tx: &Tx<'_>| {
                let email = user::store::profile(tx, id).await?.email;
                if !totp::store::enroll(tx, id, &secret).await? {
                    return Err(enrolled());
                }
                let (secret, uri) = totp::shown(&secret, &email);
                let entry = Entry::bare(&scope, Action::Auth, "totp").with(id.uuid());
                Ok(Change::recorded(entry, Phi::new(pb::EnrollTotpResponse { secret, uri })))
            }
        };
        self.vault.write(&scope, None, body).await
    }

    pub(super) async fn confirm_totp(
        &self,
        identity: &Arc<Identity>,
        facts: &Arc<Facts>,
        message: pb::ConfirmTotpRequest,
    ) -> Result<pb::ConfirmTotpResponse, Failure> {
        self.show(identity, facts, (&message, &message.code, &message.request_id), Purpose::Confirm).await?;
        Ok(pb::ConfirmTotpResponse {})
    }

    pub(super) async fn disable_totp(
        &self,
        identity: &Arc<Identity>,
        facts: &Arc<Facts>,
        message: pb::DisableTotpRequest,
    ) -> Result<pb::DisableTotpResponse, Failure> {
        self.show(identity, facts, (&message, &message.code, &message.request_id), Purpose::Disable).await?;
        Ok(pb::DisableTotpResponse {})
    }

    /// Reads and uses a code, then forgets what the session was before.
    async fn show<M: Message>(
        &self,
        identity: &Arc<Identity>,
        facts: &Arc<Facts>,
        (message, code, request_id): (&M, &str, &str),
        purpose: Purpose,
    ) -> Result<(), Failure> {
        let id = person(identity)?;
        let scope = Scope::practiceless(identity, facts);
        let mut v = Violations::new();
        let once = once(&mut v, &scope, request_id, message);
        let code = v.text("code", code, CODE_MAX);
        let code = v.done(code)?;
        self.use_code(&scope, once.as_ref(), (id, &code), purpose).await?;
        self.directory.forget(&identity.key_id).await;
        Ok(())
    }

    /// Uses a code up for what it was shown; both answers are empty.
    async fn use_code(
        &self,
        scope: &Scope,
        once: Option<&Once>,
        (id, code): (UserId, &str),
        purpose: Purpose,
    ) -> Result<(), Failure> {
        let facts = scope.facts();
        // a session that was left open must not be the place to guess codes at
        let attempt = Attempt::new(&id.to_string(), facts.peer);
        let lease = self.vault.db().directory().await?;
        let admitted = attempt.admit(&lease, scope.now()).await?;
        drop(lease);
        if let Err(throttled) = admitted {
            return Err(self.throttled(facts, throttled).await?);
        }
        let body = || {
            async |tx: &Tx<'_>| {
                let found = totp::store::of_user(tx, id).await?;
                let authenticator = match (found, purpose) {
                    (Some(found), Purpose::Confirm) if found.is_confirmed => return Err(enrolled()),
                    (Some(found), Purpose::Disable) if !found.is_confirmed => return Err(not_enrolled()),
                    (Some(found), _) => found,
                    (None, _) => return Err(not_enrolled()),
                };
                let step = authenticator.check(code, scope.now()).ok_or_else(totp::refusal)?;
                if !totp::store::use_step(tx, &authenticator, step).await? {
                    return Err(totp::refusal());
                }
                if purpose == Purpose::Disable {
                    totp::store::remove(tx, id).await?;
                }
                attempt.succeeded(tx);
                let entry = Entry::bare(scope, Action::PermissionChange, "totp").with(id.uuid());
                Ok(Change::recorded(entry, Phi::new(pb::ConfirmTotpResponse {})))
            }
        };
        match self.vault.write(scope, once, body).await {
            Ok(pb::ConfirmTotpResponse {}) => Ok(()),
            Err(failure) if failure.reason == totp::REFUSED => {
                let entry = Entry::bare(scope, Action::Auth, "totp").with(id.uuid());
                Err(self.refused(facts, entry, failure).await?)
            }
            Err(failure) => Err(failure),
        }
    }
}

fn person(identity: &Identity) -> Result<UserId, Failure> {
    match identity.actor {
        Actor::User(id) => Ok(id),
        Actor::Service(_) | Actor::System => Err(Denied::Permission.into()),
    }
}

fn enrolled() -> Failure {
    Failure::new(Code::FailedPrecondition, "TOTP_ENROLLED", "there is a confirmed authenticator; disable it first")
}

fn not_enrolled() -> Failure {
    Failure::new(Code::FailedPrecondition, "TOTP_NOT_ENROLLED", "there is no such authenticator; EnrollTotp makes one")
}
