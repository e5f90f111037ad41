//! How people go and come back: resets, deactivation, reactivation, ended sessions.

use audit::vault::once;
use audit::{Action, Change, Entry};
use futures_util::join;
use kernel::clock::timestamp;
use kernel::id::UserId;
use kernel::{Code, Failure, Phi, Scope, Violations, etag};
use prost::Message;
use schema::{Once, Tx};
use therapy_claims::tenancy::v1 as pb;

use super::service::{Users, changed, judged, keep_an_owner};
use super::{User, UserPatch, judge_return, store};
use crate::membership::{self, LastOwner, MembershipPatch};
use crate::one_time::{self, RESET_LIFE};
use crate::token::{self, TokenKind};
use crate::totp;

impl Users {
    /// Makes a one-time token for a user's next password.
    ///
    /// # Errors
    /// Those of `ResetPassword`.
    pub async fn reset(
        &self,
        scope: &Scope,
        message: pb::ResetPasswordRequest,
    ) -> Result<pb::ResetPasswordResponse, Failure> {
        let Aim { once, id, .. } = aim(scope, &message, (&message.id, "", &message.request_id))?;
        let minted = token::mint(self.env(), TokenKind::Reset)?;
        let expires_at = scope.now() + RESET_LIFE;
        let body = || {
            async |tx: &Tx<'_>| {
                judged(tx, id, None).await?;
                one_time::store::open(tx, &minted, id, expires_at).await?;
                let entry = Entry::bare(scope, Action::PermissionChange, "user").with(id.uuid());
                let response = pb::ResetPasswordResponse {
                    one_time_token: String::new(),
                    token_id: minted.key_id.to_string(),
                    expires_at: Some(timestamp(expires_at)),
                };
                Ok(Change::recorded(entry, Phi::new(response)))
            }
        };
        let mut response: pb::ResetPasswordResponse = self.vault().write(scope, once.as_ref(), body).await?;
        if response.token_id == minted.key_id.as_str() {
            response.one_time_token = minted.secret.reveal();
        }
        Ok(response)
    }

    /// Ends a user, the membership and the sessions.
    ///
    /// # Errors
    /// Those of `DeactivateUser`.
    pub async fn deactivate(
        &self,
        scope: &Scope,
        message: &pb::DeactivateUserRequest,
        last: LastOwner,
    ) -> Result<pb::User, Failure> {
        let Aim { once, id, expected } = aim(scope, message, (&message.id, &message.etag, &message.request_id))?;
        let body = || {
            async |tx: &Tx<'_>| {
                let user = deactivate(tx, id, expected, last).await?;
                Ok(changed(scope, Action::PermissionChange, user))
            }
        };
        self.vault().write(scope, once.as_ref(), body).await
    }

    /// Lets a user log in again, and takes up the membership.
    ///
    /// # Errors
    /// Those of `ReactivateUser`.
    pub async fn reactivate(&self, scope: &Scope, message: &pb::ReactivateUserRequest) -> Result<pb::User, Failure> {
        let Aim { once, id, expected } = aim(scope, message, (&message.id, &message.etag, &message.request_id))?;
        let body = || {
            async |tx: &Tx<'_>| {
                let user = reactivate(tx, id, expected).await?;
                Ok(changed(scope, Action::PermissionChange, user))
            }
        };
        self.vault().write(scope, once.as_ref(), body).await
    }

    /// Forgets the second factor of a user who lost it.
    ///
    /// # Errors
    /// Those of `ResetTotp`.
    pub async fn forget_totp(
        &self,
        scope: &Scope,
        message: &pb::ResetTotpRequest,
    ) -> Result<pb::ResetTotpResponse, Failure> {
        let Aim { once, id, .. } = aim(scope, message, (&message.id, "", &message.request_id))?;
        let body = || {
            async |tx: &Tx<'_>| {
                judged(tx, id, None).await?;
                totp::store::remove(tx, id).await?;
                let entry = Entry::bare(scope, Action::PermissionChange, "totp").with(id.uuid());
                Ok(Change::recorded(entry, Phi::new(pb::ResetTotpResponse {})))
            }
        };
        self.vault().write(scope, once.as_ref(), body).await
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// Those of `RevokeSessions`.
    pub async fn end_sessions(
        &self,
        scope: &Scope,
        message: &pb::RevokeSessionsRequest,
    ) -> Result<pb::RevokeSessionsResponse, Failure> {
        let Aim { once, id, .. } = aim(scope, message, (&message.id, "", &message.request_id))?;
        let body = || {
            async |tx: &Tx<'_>| {
                store::get(tx, id).await?;
                let revoked = store::revoke_tokens(tx, id, scope.now()).await?;
                let entry = Entry::bare(scope, Action::PermissionChange, "user").with(id.uuid());
                Ok(Change::recorded(entry, Phi::new(pb::RevokeSessionsResponse { revoked })))
            }
        };
        self.vault().write(scope, once.as_ref(), body).await
    }
}

/// Whom a request is about.
struct Aim {
    once: Option<Once>,
    id: UserId,
    expected: Option<i64>,
}

/// Reads whom a request is about, by its `id`, `etag` and `request_id`.
fn aim<M: Message>(scope: &Scope, message: &M, (id, tag, key): (&str, &str, &str)) -> Result<Aim, Failure> {
    let mut v = Violations::new();
    let once = once(&mut v, scope, key, message);
    let id = v.id("id", id);
    let expected = etag::expected(&mut v, "etag", tag);
    let id = v.done(id)?;
    Ok(Aim { once, id, expected })
}

/// Ends the user, the membership and the sessions.
async fn deactivate(tx: &Tx<'_>, id: UserId, expected: Option<i64>, last: LastOwner) -> Result<User, Failure> {
    let before = judged(tx, id, expected).await?;
    let (owners, places) = join!(membership::store::lock_owners(tx), membership::store::of_user(tx, id));
    // the operator may end people of several practices; whether another one keeps an owner can't be seen from here
    let (owners, here) = (owners?, tx.scope().practice());
    if places?.iter().any(|m| m.practice_id != here && m.is_active && m.is_owner) {
        return Err(Failure::new(
            Code::FailedPrecondition,
            "OWNER_ELSEWHERE",
            "the user owns another practice; end the membership or the ownership there first",
        ));
    }
    let place = membership::store::lock(tx, id).await?;
    let end = MembershipPatch { is_active: Some(false), ..MembershipPatch::default() };
    owners.judge_rank(tx.scope().actor(), &place, &place.patched(&end))?;
    if last == LastOwner::Stays {
        keep_an_owner(tx, &owners, id).await?;
    }
    membership::store::update(tx, id, &end).await?;
    let inactive = UserPatch { is_active: Some(false), ..UserPatch::default() };
    let updated = store::update(tx, &before.patched(&inactive, tx.scope().now())).await?;
    store::revoke_tokens(tx, id, tx.scope().now()).await?;
    one_time::store::end(tx, id).await?;
    Ok(updated)
}

/// Undoes [`deactivate`], but for the sessions.
async fn reactivate(tx: &Tx<'_>, id: UserId, expected: Option<i64>) -> Result<User, Failure> {
    let owners = membership::store::lock_owners(tx);
    let (owners, user, places) = join!(owners, store::get(tx, id), membership::store::of_user(tx, id));
    let (owners, before) = (owners?, user?);
    etag::check(expected, before.version)?;
    judge_return(tx.scope().actor(), tx.scope().practice(), &places?)?;
    let place = membership::store::lock(tx, id).await?;
    let back = MembershipPatch { is_active: Some(true), ..MembershipPatch::default() };
    owners.judge(tx.scope().actor(), &place, &place.patched(&back))?;
    if !place.is_active {
        membership::store::update(tx, id, &back).await?;
    }
    let active = UserPatch { is_active: Some(true), ..UserPatch::default() };
    store::update(tx, &before.patched(&active, tx.scope().now())).await
}
