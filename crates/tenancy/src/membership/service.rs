//! `MembershipService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use audit::vault::once;
use audit::{Action, Change, Entry, Vault};
use futures_util::join;
use kernel::id::UserId;
use kernel::mask::Mask;
use kernel::{Call, Code, Failure, Phi, Scope, Violations, answer, etag};
use schema::{Once, Tx};
use therapy_claims::tenancy::v1 as pb;
use tonic::{Request, Response, Status};

use super::{Membership, MembershipPatch, convert, store};
use crate::user;

/// Serves the memberships of a practice.
#[derive(Debug, Clone)]
pub struct Memberships {
    vault: Vault,
}

impl Memberships {
    #[must_use]
    pub const fn new(vault: Vault) -> Self {
        Self { vault }
    }

    /// Gives an existing user a place in the scope's practice.
    ///
    /// # Errors
    /// Those of `CreateMembership`.
    pub async fn create(
        &self,
        scope: &Scope,
        message: &pb::CreateMembershipRequest,
    ) -> Result<pb::Membership, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, message);
        let email = v.text("email", &message.email, user::EMAIL_MAX);
        let role = convert::role(&mut v, "role", message.role);
        let therapist = v.optional_id("therapist_id", &message.therapist_id);
        let email = v.done(email)?;
        self.vault
            .write(scope, once.as_ref(), || {
                async |tx| {
                    let (owners, found) = join!(store::lock_owners(tx), user::store::id_by_email(tx, &email));
                    if message.is_owner {
                        owners?.require(scope.actor())?;
                    }
                    let user = found?.ok_or_else(|| Failure::not_found("user", ""))?;
                    store::insert(tx, &Membership::new(scope, user, role, message.is_owner, therapist)).await?;
                    changed(tx, user).await
                }
            })
            .await
    }

    /// Changes a member's role, ownership or therapist, or takes an ended membership up again.
    ///
    /// # Errors
    /// Those of `UpdateMembership`.
    pub async fn update(&self, scope: &Scope, message: pb::UpdateMembershipRequest) -> Result<pb::Membership, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let mask = match (&message.update_mask, message.reactivate) {
            // a reactivation is change enough
            (None, true) => Mask::parse(&mut Violations::new(), None, convert::UPDATABLE),
            (mask, _) => Mask::parse(&mut v, mask.as_ref(), convert::UPDATABLE),
        };
        v.set_prefix("membership.");
        let membership = message.membership.unwrap_or_default();
        let user = v.id("user_id", &membership.user_id);
        let expected = etag::expected(&mut v, "etag", &membership.etag);
        let mut patch = convert::patch(&mut v, &mask, &membership);
        patch.is_active = message.reactivate.then_some(true);
        let patch = v.done(patch)?;
        self.change(scope, once.as_ref(), user, expected, &patch).await
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// Those of `DeactivateMembership`.
    pub async fn end(
        &self,
        scope: &Scope,
        message: &pb::DeactivateMembershipRequest,
    ) -> Result<pb::Membership, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, message);
        let user = v.id("user_id", &message.user_id);
        let expected = etag::expected(&mut v, "etag", &message.etag);
        let user = v.done(user)?;
        let patch = MembershipPatch { is_active: Some(false), ..MembershipPatch::default() };
        self.change(scope, once.as_ref(), user, expected, &patch).await
    }

    /// Locks, judges and applies the patch.
    async fn change(
        &self,
        scope: &Scope,
        once: Option<&Once>,
        user: UserId,
        expected: Option<i64>,
        patch: &MembershipPatch,
    ) -> Result<pb::Membership, Failure> {
        self.vault
            .write(scope, once, || {
                async |tx| {
                    let (owners, before) = join!(store::lock_owners(tx), store::lock(tx, user));
                    let (owners, before) = (owners?, before?);
                    etag::check(expected, before.version)?;
                    let after = before.patched(patch);
                    owners.judge(scope.actor(), &before, &after)?;
                    if after.is_active && !before.is_active {
                        require_active(tx, user).await?;
                    }
                    store::update(tx, user, patch).await?;
                    changed(tx, user).await
                }
            })
            .await
    }
}

#[tonic::async_trait]
impl pb::membership_service_server::MembershipService for Memberships {
    async fn create_membership(
        &self,
        request: Request<pb::CreateMembershipRequest>,
    ) -> Result<Response<pb::Membership>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.create(ctx.scope()?, &message).await }).await
    }

    async fn update_membership(
        &self,
        request: Request<pb::UpdateMembershipRequest>,
    ) -> Result<Response<pb::Membership>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.update(ctx.scope()?, message).await }).await
    }

    async fn deactivate_membership(
        &self,
        request: Request<pb::DeactivateMembershipRequest>,
    ) -> Result<Response<pb::Membership>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.end(ctx.scope()?, &message).await }).await
    }

    async fn list_memberships(
        &self,
        request: Request<pb::ListMembershipsRequest>,
    ) -> Result<Response<pb::ListMembershipsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let include_inactive = message.include_inactive;
            let page = scope.page(&mut v, message.page_size, &message.page_token, &include_inactive);
            let page = v.done(page)?;
            let read = async |tx: &Tx<'_>| Ok(store::list(tx, include_inactive, &page).await?);
            let found = self.vault.db().read_one(scope, read).await?.map(convert::to_pb);
            Ok(pb::ListMembershipsResponse { memberships: found.items, next_page_token: found.next_page_token })
        })
        .await
    }
}

/// What became of a membership, with its audit entry.
async fn changed(tx: &Tx<'_>, user: UserId) -> Result<Change<pb::Membership>, Failure> {
    let member = store::get(tx, user).await?;
    let entry = Entry::bare(tx.scope(), Action::PermissionChange, "membership").with(user.uuid());
    Ok(Change::recorded(entry, Phi::new(convert::to_pb(member))))
}

/// A user who may not log in gets no membership back.
async fn require_active(tx: &Tx<'_>, user: UserId) -> Result<(), Failure> {
    if user::store::get(tx, user).await?.is_active {
        return Ok(());
    }
    Err(Failure::new(Code::FailedPrecondition, "USER_INACTIVE", "the user was deactivated"))
}
