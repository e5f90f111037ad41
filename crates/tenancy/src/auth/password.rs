//! Passwords that people set themselves: with a one-time token, or with the old one.

use std::sync::Arc;

use audit::vault::once;
use audit::{Action, Change, Entry};
use futures_util::join;
use kernel::access::{Actor, Denied, Identity};
use kernel::scope::Facts;
use kernel::{Code, Failure, Phi, Scope, Violations};
use therapy_claims::tenancy::v1 as pb;

use super::Inner;
use super::session::newcomer;
use crate::one_time::OneTimeToken;
use crate::throttle::Attempt;
use crate::token::Presented;
use crate::user::convert::{read_known_password, read_password};
use crate::{one_time, token, user};

impl Inner {
    /// Sets the password of whoever the one-time token was given to.
    pub(super) async fn set_password(
        &self,
        facts: &Arc<Facts>,
        message: pb::SetPasswordRequest,
    ) -> Result<pb::SetPasswordResponse, Failure> {
        let pb::SetPasswordRequest { one_time_token, password } = message;
        let mut v = Violations::new();
        if one_time_token.is_empty() {
            v.add("one_time_token", "is required");
        }
        let password = read_password(&mut v, "password", &password);
        let password = v.done(password)?;
        let presented = token::parse(self.directory.env(), &one_time_token);
        let account = presented.as_ref().map_or("", |presented| presented.key_id.as_str());
        let attempt = Attempt::new(account, facts.peer);
        let found = self.presented(facts, &attempt, presented.as_ref()).await?;
        // for every token, so that the time tells nothing of it
        let hash = self.passwords.hash(password).await?;
        let denied = Entry::anonymous(facts, Action::Auth, "one_time_token");
        let denied = found.iter().fold(denied, |entry, found| entry.with(found.user_id.uuid()));
        let counting = presented.zip(found).filter(|(presented, found)| found.opens(presented, facts.clock.now()));
        let Some((presented, found)) = counting else {
            return Err(self.refused(facts, denied, one_time::refusal()).await?);
        };
        let user = found.user_id;
        let scope = Scope::practiceless(&Arc::new(newcomer(user, presented.key_id.as_str())), facts);
        let set = self
            .vault
            .write(&scope, None, || {
                async |tx| {
                    if !one_time::store::redeem(tx, &presented, &hash).await? {
                        return Err(one_time::refusal());
                    }
                    attempt.succeeded(tx);
                    let entry = Entry::bare(&scope, Action::PermissionChange, "user").with(user.uuid());
                    Ok(Change::recorded(entry, Phi::new(pb::SetPasswordResponse {})))
                }
            })
            .await;
        match set {
            // somebody used it a moment ago
            Err(failure) if failure.reason == one_time::REFUSED => Err(self.refused(facts, denied, failure).await?),
            set => set,
        }
    }

    /// Counts an attempt and, if it is let through, answers what is known of the token. One flight.
    async fn presented(
        &self,
        facts: &Facts,
        attempt: &Attempt,
        presented: Option<&Presented>,
    ) -> Result<Option<OneTimeToken>, Failure> {
        let lease = self.vault.db().directory().await?;
        let find = async {
            match presented {
                Some(presented) => one_time::store::find(&lease, &presented.key_id).await,
                None => Ok(None),
            }
        };
        let (admitted, found) = join!(attempt.admit(&lease, facts.clock.now()), find);
        match admitted? {
            Ok(()) => Ok(found?),
            Err(throttled) => Err(self.throttled(facts, throttled).await?),
        }
    }

    /// Changes the caller's own password, and ends the caller's other sessions.
    pub(super) async fn change_password(
        &self,
        identity: &Arc<Identity>,
        facts: &Arc<Facts>,
        mut message: pb::ChangePasswordRequest,
    ) -> Result<pb::ChangePasswordResponse, Failure> {
        let Actor::User(id) = identity.actor else { return Err(Denied::Permission.into()) };
        let mut v = Violations::new();
        let old = read_known_password(&mut v, "old_password", &std::mem::take(&mut message.old_password));
        let new = read_password(&mut v, "new_password", &std::mem::take(&mut message.new_password));
        if old == new {
            v.add("new_password", "must not be the old one");
        }
        let scope = Scope::practiceless(identity, facts);
        // without the passwords: the digest is stored, and must not help anybody to guess them
        let once = once(&mut v, &scope, &message.request_id, &message);
        let (old, new) = v.done((old, new))?;
        let email = self.vault.db().read_one(&scope, async |tx| user::store::profile(tx, id).await).await?.email;
        let attempt = Attempt::new(&email, facts.peer);
        let (found, _) = self.admitted(facts, &attempt, &email).await?;
        let stored = found.and_then(|row| row.password_hash);
        let is_right = self.passwords.verify(old, stored.clone()).await?;
        let old_hash = stored.filter(|_| is_right);
        let new_hash = self.passwords.hash(new).await?;
        let changed = self
            .vault
            .write(&scope, once.as_ref(), || {
                async |tx| {
                    // a repeat, whose old password is old by now, is answered before it comes to this
                    let Some(old_hash) = &old_hash else { return Err(wrong()) };
                    if !user::store::change_password(tx, id, old_hash, &new_hash).await? {
                        return Err(wrong());
                    }
                    attempt.succeeded(tx);
                    let entry = Entry::bare(&scope, Action::PermissionChange, "user").with(id.uuid());
                    Ok(Change::recorded(entry, Phi::new(pb::ChangePasswordResponse {})))
                }
            })
            .await;
        match changed {
            Err(failure) if failure.reason == WRONG => {
                let entry = Entry::bare(&scope, Action::Auth, "user").with(id.uuid());
                Err(self.refused(facts, entry, failure).await?)
            }
            changed => changed,
        }
    }
}

const WRONG: &str = "PASSWORD_WRONG";

fn wrong() -> Failure {
    Failure::new(Code::FailedPrecondition, WRONG, "the old password is not right")
}
