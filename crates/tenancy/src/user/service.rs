//! `UserService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use audit::vault::once;
use audit::{Action, Change, Entry, Vault};
use futures_util::join;
use kernel::id::UserId;
use kernel::mask::Mask;
use kernel::{Call, Failure, Phi, Scope, Violations, answer, etag};
use schema::{Once, Tx};
use therapy_claims::tenancy::v1 as pb;
use tonic::{Request, Response, Status};

use super::{User, UserPatch, convert, judge_change, judge_gates, store};
use crate::membership::{self, LastOwner, Owners, last_owner};
use crate::one_time;
use crate::password::Passwords;
use crate::token::Env;

/// Serves the users of a practice.
#[derive(Debug, Clone)]
pub struct Users {
    vault: Vault,
    passwords: Passwords,
    env: Env,
}

impl Users {
    #[must_use]
    pub const fn new(vault: Vault, passwords: Passwords, env: Env) -> Self {
        Self { vault, passwords, env }
    }

    pub(super) const fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(super) const fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Which installation the one-time tokens are for.
    pub(super) const fn env(&self) -> &Env {
        &self.env
    }

    /// Changes a user, or their password.
    ///
    /// # Errors
    /// Those of `UpdateUser`.
    pub async fn update(
        &self,
        scope: &Scope,
        mut message: pb::UpdateUserRequest,
        last: LastOwner,
    ) -> Result<pb::User, Failure> {
        let mut v = Violations::new();
        let password = std::mem::take(&mut message.password);
        let password = (!password.is_empty()).then(|| convert::read_password(&mut v, "password", &password));
        let once = once(&mut v, scope, &message.request_id, &message);
        let mask = match (&message.update_mask, &password) {
            // a new password is change enough
            (None, Some(_)) => Mask::parse(&mut Violations::new(), None, convert::UPDATABLE),
            (mask, _) => Mask::parse(&mut v, mask.as_ref(), convert::UPDATABLE),
        };
        v.set_prefix("user.");
        let user = message.user.unwrap_or_default();
        let id = v.id("id", &user.id);
        let expected = etag::expected(&mut v, "etag", &user.etag);
        let patch = convert::patch(&mut v, &mask, &user);
        let patch = v.done(patch)?;
        let hash = match password {
            Some(password) => Some(self.passwords.hash(password).await?),
            None => None,
        };
        self.change(scope, once.as_ref(), (id, expected), (&patch, last), hash.as_deref()).await
    }

    /// Lists the users of the scope's practice.
    ///
    /// # Errors
    /// Those of `ListUsers`.
    pub async fn list(&self, scope: &Scope, message: &pb::ListUsersRequest) -> Result<pb::ListUsersResponse, Failure> {
        let mut v = Violations::new();
        let include_inactive = message.include_inactive;
        let page = scope.page(&mut v, message.page_size, &message.page_token, &include_inactive);
        let page = v.done(page)?;
        let read = async |tx: &Tx<'_>| Ok(store::list(tx, include_inactive, &page).await?);
        let found = self.vault.db().read_one(scope, read).await?;
        let found = found.map(|user| convert::to_pb(user, scope.now()));
        Ok(pb::ListUsersResponse { users: found.items, next_page_token: found.next_page_token })
    }

    /// Judges and applies the patch, and the new password if there is one.
    async fn change(
        &self,
        scope: &Scope,
        once: Option<&Once>,
        (id, expected): (UserId, Option<i64>),
        (patch, last): (&UserPatch, LastOwner),
        password_hash: Option<&str>,
    ) -> Result<pb::User, Failure> {
        self.vault
            .write(scope, once, || {
                async |tx| {
                    let before = judged(tx, id, expected).await?;
                    let after = before.patched(patch, scope.now());
                    judge_gates(scope.actor(), &before, &after)?;
                    if last == LastOwner::Stays && before.is_verified && !after.is_verified {
                        keep_an_owner(tx, &membership::store::lock_owners(tx).await?, id).await?;
                    }
                    let mut updated = store::update(tx, &after).await?;
                    if let Some(hash) = password_hash {
                        store::set_password(tx, id, hash).await?;
                        store::revoke_tokens(tx, id, scope.now()).await?;
                        one_time::store::end(tx, id).await?;
                        updated = store::get(tx, id).await?;
                    }
                    // the address is what one logs in with
                    let rights =
                        |user: &User| (user.is_verified, user.phi_training_completed_at, user.role, user.email.clone());
                    let is_permission = password_hash.is_some() || rights(&before) != rights(&after);
                    let action = if is_permission { Action::PermissionChange } else { Action::Update };
                    Ok(changed(scope, action, updated))
                }
            })
            .await
    }
}

#[tonic::async_trait]
impl pb::user_service_server::UserService for Users {
    async fn create_user(&self, request: Request<pb::CreateUserRequest>) -> Result<Response<pb::User>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.create(ctx.scope()?, message).await }).await
    }

    async fn invite_user(
        &self,
        request: Request<pb::InviteUserRequest>,
    ) -> Result<Response<pb::InviteUserResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.invite(ctx.scope()?, message).await }).await
    }

    async fn get_user(&self, request: Request<pb::GetUserRequest>) -> Result<Response<pb::User>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            let id = v.done(id)?;
            let user = self.vault.db().read_one(scope, async |tx| store::get(tx, id).await).await?;
            Ok(convert::to_pb(user, scope.now()))
        })
        .await
    }

    async fn update_user(&self, request: Request<pb::UpdateUserRequest>) -> Result<Response<pb::User>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.update(ctx.scope()?, message, LastOwner::Stays).await }).await
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.list(ctx.scope()?, &message).await }).await
    }

    async fn deactivate_user(&self, request: Request<pb::DeactivateUserRequest>) -> Result<Response<pb::User>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.deactivate(ctx.scope()?, &message, LastOwner::Stays).await }).await
    }

    async fn reactivate_user(&self, request: Request<pb::ReactivateUserRequest>) -> Result<Response<pb::User>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.reactivate(ctx.scope()?, &message).await }).await
    }

    async fn reset_password(
        &self,
        request: Request<pb::ResetPasswordRequest>,
    ) -> Result<Response<pb::ResetPasswordResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.reset(ctx.scope()?, message).await }).await
    }

    async fn reset_totp(
        &self,
        request: Request<pb::ResetTotpRequest>,
    ) -> Result<Response<pb::ResetTotpResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.forget_totp(ctx.scope()?, &message).await }).await
    }

    async fn revoke_sessions(
        &self,
        request: Request<pb::RevokeSessionsRequest>,
    ) -> Result<Response<pb::RevokeSessionsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.end_sessions(ctx.scope()?, &message).await }).await
    }
}

pub(super) fn changed(scope: &Scope, action: Action, user: User) -> Change<pb::User> {
    let entry = Entry::bare(scope, action, "user").with(user.id.uuid());
    Change::recorded(entry, Phi::new(convert::to_pb(user, scope.now())))
}

/// The user as it is, if the caller may change it.
pub(super) async fn judged(tx: &Tx<'_>, id: UserId, expected: Option<i64>) -> Result<User, Failure> {
    let owners = membership::store::lock_owners(tx);
    let (owners, user, places) = join!(owners, store::get(tx, id), membership::store::of_user(tx, id));
    let user = user?;
    etag::check(expected, user.version)?;
    judge_change(tx.scope().actor(), &owners?, tx.scope().practice(), &places?)?;
    Ok(user)
}

/// Refuses what would leave the practice without an owner who gets in: the one who goes, and others who can't log in or
/// are not verified, don't count.
pub(super) async fn keep_an_owner(tx: &Tx<'_>, owners: &Owners, leaving: UserId) -> Result<(), Failure> {
    if !owners.0.contains(&leaving) {
        return Ok(());
    }
    for owner in owners.0.iter().filter(|owner| **owner != leaving) {
        let owner = store::get(tx, *owner).await?;
        if owner.is_active && owner.is_verified {
            return Ok(());
        }
    }
    Err(last_owner())
}
