//! A person's session, from log-in to log-out; recorded on the system chain, since it belongs to no practice.

use std::sync::Arc;

use audit::{Action, Change, Entry, Outcome};
use chrono::TimeDelta;
use futures_util::join;
use kernel::access::{Actor, Identity, Standing};
use kernel::clock::timestamp;
use kernel::id::{PracticeId, UserId};
use kernel::scope::Facts;
use kernel::{Code, Failure, Phi, Scope};
use therapy_claims::tenancy::v1 as pb;

use super::Inner;
use crate::directory::SESSION_IDLE;
use crate::membership::{self, convert::active_to_pb};
use crate::throttle::{Attempt, Throttled};
use crate::token::store::Token;
use crate::token::{self, TokenKind};
use crate::totp::{self, Authenticator};
use crate::user::{self, store::LoginRow};

/// How long a session counts at most.
const SESSION_LIFE: TimeDelta = TimeDelta::hours(12);

impl Inner {
    /// Checks the password and makes a session.
    pub(super) async fn log_in(
        &self,
        facts: &Arc<Facts>,
        email: &str,
        password: String,
        totp_code: &str,
    ) -> Result<pb::LoginResponse, Failure> {
        let attempt = Attempt::new(email, facts.peer);
        let (found, authenticator) = self.admitted(facts, &attempt, email).await?;
        let (known, stored, is_active) = match found {
            // who was invited and has no password yet is answered like somebody with another one
            Some(LoginRow { id, password_hash, is_active }) => (Some(id), password_hash, is_active),
            None => (None, None, false),
        };
        let is_right = self.passwords.verify(password, stored).await?;
        let Some(user) = known.filter(|_| is_right && is_active) else {
            let entry = Entry::anonymous(facts, Action::Auth, "user");
            let entry = known.iter().fold(entry, |entry, id| entry.with(id.uuid()));
            return Err(self.refused(facts, entry, refusal()).await?);
        };
        let denied = || Entry::anonymous(facts, Action::Auth, "user").with(user.uuid());
        let code = match authenticator {
            Some(authenticator) => match authenticator.check(totp_code, facts.clock.now()) {
                Some(step) => Some((authenticator, step)),
                None => return Err(self.refused(facts, denied(), totp::code_required()).await?),
            },
            None => None,
        };
        match self.open(facts, user, &attempt, code.as_ref()).await {
            // somebody used the code a moment ago
            Err(failure) if failure.reason == totp::CODE_REQUIRED => {
                Err(self.refused(facts, denied(), failure).await?)
            }
            opened => opened,
        }
    }

    /// Counts an attempt and, if it is let through, answers what is known of the account. One flight.
    pub(super) async fn admitted(
        &self,
        facts: &Facts,
        attempt: &Attempt,
        email: &str,
    ) -> Result<(Option<LoginRow>, Option<Authenticator>), Failure> {
        let lease = self.vault.db().directory().await?;
        let (admitted, found, authenticator) = join!(
            attempt.admit(&lease, facts.clock.now()),
            user::store::for_login(&lease, email),
            totp::store::for_login(&lease, email)
        );
        match admitted? {
            Ok(()) => Ok((found?, authenticator?)),
            Err(throttled) => Err(self.throttled(facts, throttled).await?),
        }
    }

    /// Stores a session, with its entry.
    async fn open(
        &self,
        facts: &Arc<Facts>,
        user: UserId,
        attempt: &Attempt,
        code: Option<&(Authenticator, i64)>,
    ) -> Result<pb::LoginResponse, Failure> {
        let minted = token::mint(self.directory.env(), TokenKind::Session)?;
        let scope = Scope::practiceless(&Arc::new(newcomer(user, minted.key_id.as_str())), facts);
        let now = scope.now();
        let session = Token::new(&minted, Actor::User(user), now, now + SESSION_LIFE);
        let mut response = self
            .vault
            .write(&scope, None, || {
                async |tx| {
                    let stored = token::store::insert(tx, &minted, &session, Some(now + SESSION_IDLE));
                    let (profile, places) = (user::store::profile(tx, user), membership::store::of_user(tx, user));
                    let used = async {
                        match code {
                            Some((authenticator, step)) => totp::store::use_step(tx, authenticator, *step).await,
                            None => Ok(true),
                        }
                    };
                    let (stored, profile, places, used) = join!(stored, profile, places, used);
                    stored?;
                    if !used? {
                        return Err(totp::code_required());
                    }
                    attempt.succeeded(tx);
                    let entry = Entry::bare(&scope, Action::Auth, "token").with_key(&session.key_id);
                    let response = pb::LoginResponse {
                        token: String::new(),
                        expires_at: Some(timestamp(session.expires_at)),
                        user: Some(user::convert::to_pb(profile?, now)),
                        memberships: active_to_pb(places?),
                    };
                    Ok(Change::recorded(entry, Phi::new(response)))
                }
            })
            .await?;
        response.token = minted.secret.reveal();
        Ok(response)
    }

    /// Ends the token that the call was made with.
    pub(super) async fn log_out(
        &self,
        identity: &Arc<Identity>,
        facts: &Arc<Facts>,
    ) -> Result<pb::LogoutResponse, Failure> {
        let scope = Scope::practiceless(identity, facts);
        let ended = self
            .vault
            .write(&scope, None, || {
                async |tx| {
                    token::store::revoke(tx, &identity.key_id, scope.now()).await?;
                    let entry = Entry::bare(&scope, Action::Auth, "token").with_key(&identity.key_id);
                    Ok(Change::recorded(entry, Phi::new(pb::LogoutResponse {})))
                }
            })
            .await;
        self.directory.forget(&identity.key_id).await;
        ended
    }

    /// Makes another practice the active one.
    pub(super) async fn switch(
        &self,
        scope: &Scope,
        user: UserId,
        practice: PracticeId,
        once: Option<&schema::Once>,
    ) -> Result<pb::SwitchPracticeResponse, Failure> {
        let switched = self
            .vault
            .write(scope, once, || {
                async |tx| {
                    let done = user::store::set_active_practice(tx, user, practice);
                    let (done, places) = join!(done, membership::store::of_user(tx, user));
                    let place = places?.into_iter().find(|m| m.practice_id == practice);
                    let (true, Some(place)) = (done?, place) else {
                        return Err(Failure::not_found("practice", practice));
                    };
                    let entry = Entry::bare(scope, Action::Auth, "practice").with(practice.uuid());
                    let membership = Some(membership::convert::to_pb(place));
                    Ok(Change::recorded(entry, Phi::new(pb::SwitchPracticeResponse { membership })))
                }
            })
            .await;
        self.directory.forget(scope.key_id()).await;
        switched
    }

    /// Records a refused log-in, then answers why it was refused.
    pub(super) async fn refused(&self, facts: &Facts, entry: Entry, failure: Failure) -> Result<Failure, Failure> {
        self.vault.batcher().record(entry.ended(Outcome::Denied, failure.reason)).await?;
        facts.note_entry();
        Ok(failure)
    }

    pub(super) async fn throttled(&self, facts: &Facts, throttled: Throttled) -> Result<Failure, Failure> {
        let failure = Failure::from(throttled);
        // the first one tells the story; a flood must not fill the trail
        if !throttled.is_first {
            return Ok(failure);
        }
        self.refused(facts, Entry::anonymous(facts, Action::Auth, "user"), failure).await
    }
}

/// Wrong password, unknown and deactivated users, in the same words.
fn refusal() -> Failure {
    Failure::new(Code::Unauthenticated, "UNAUTHENTICATED", "email or password is not right")
}

/// Somebody who has just logged in, for the entry that says so.
pub(super) fn newcomer(user: UserId, key_id: &str) -> Identity {
    let standing = Standing::Person {
        is_verified: false,
        phi_training_completed: false,
        phi_training_expires_at: None,
        active_practice_id: None,
        memberships: Vec::new(),
        break_glasses: Vec::new(),
    };
    Identity { actor: Actor::User(user), key_id: key_id.into(), standing }
}
