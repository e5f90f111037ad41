//! How people come: created with a password, or invited to choose one.

use audit::vault::once;
use audit::{Action, Change, Entry};
use kernel::clock::timestamp;
use kernel::id::UserId;
use kernel::{Failure, Phi, Role, Scope, Violations};
use schema::Tx;
use therapy_claims::tenancy::v1 as pb;

use super::service::{Users, changed};
use super::{User, convert, store};
use crate::membership::{self, Membership};
use crate::one_time::INVITE_LIFE;
use crate::one_time::store::open;
use crate::token::{self, TokenKind};

impl Users {
    /// Creates a user with a first membership.
    ///
    /// # Errors
    /// Those of `CreateUser`.
    pub async fn create(&self, scope: &Scope, mut message: pb::CreateUserRequest) -> Result<pb::User, Failure> {
        let mut v = Violations::new();
        let password = convert::read_password(&mut v, "password", &message.password);
        // the digest is stored, and must not help anybody to guess the password
        message.password.clear();
        let once = once(&mut v, scope, &message.request_id, &message);
        let role = membership::convert::role(&mut v, "role", message.role);
        let therapist = v.optional_id("therapist_id", &message.therapist_id);
        v.set_prefix("user.");
        let user = convert::new(&mut v, scope.now(), role, &message.user.unwrap_or_default());
        let user = v.done(user)?;
        let place = Membership::new(scope, user.id, role, message.is_owner, therapist);
        let hash = self.passwords().hash(password).await?;
        self.vault()
            .write(scope, once.as_ref(), || {
                async |tx| {
                    let owners = membership::store::lock_owners(tx).await?;
                    if place.is_owner {
                        owners.require(scope.actor())?;
                    }
                    let created = create(tx, &user, Some(&hash), &place).await?;
                    Ok(changed(scope, Action::Create, created).and(first_place(scope, user.id)))
                }
            })
            .await
    }

    /// Creates a user who has no practice yet, and may found one.
    ///
    /// # Errors
    /// Those of `CreateUser`.
    pub async fn create_founder(&self, scope: &Scope, user: &pb::User, password: &str) -> Result<pb::User, Failure> {
        let mut v = Violations::new();
        let password = convert::read_password(&mut v, "password", password);
        v.set_prefix("user.");
        let user = convert::new(&mut v, scope.now(), Role::Admin, user);
        let user = v.done(user)?;
        let hash = self.passwords().hash(password).await?;
        self.vault()
            .write(scope, None, || {
                async |tx| {
                    store::insert(tx, &user, Some(&hash)).await?;
                    let entry = Entry::bare(scope, Action::Create, "user").with(user.id.uuid());
                    Ok(Change::recorded(entry, Phi::new(convert::to_pb(user.clone(), scope.now()))))
                }
            })
            .await
    }

    /// Creates a user without a password, and a one-time token that sets one.
    ///
    /// # Errors
    /// Those of `InviteUser`.
    pub async fn invite(
        &self,
        scope: &Scope,
        message: pb::InviteUserRequest,
    ) -> Result<pb::InviteUserResponse, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let role = membership::convert::role(&mut v, "role", message.role);
        let therapist = v.optional_id("therapist_id", &message.therapist_id);
        v.set_prefix("user.");
        let user = convert::new(&mut v, scope.now(), role, &message.user.unwrap_or_default());
        let user = v.done(user)?;
        let place = Membership::new(scope, user.id, role, message.is_owner, therapist);
        let minted = token::mint(self.env(), TokenKind::Invite)?;
        let expires_at = scope.now() + INVITE_LIFE;
        let body = || {
            async |tx: &Tx<'_>| {
                let owners = membership::store::lock_owners(tx).await?;
                if place.is_owner {
                    owners.require(scope.actor())?;
                }
                let created = create(tx, &user, None, &place).await?;
                open(tx, &minted, user.id, expires_at).await?;
                let entry = Entry::bare(scope, Action::Create, "user").with(user.id.uuid());
                let response = pb::InviteUserResponse {
                    one_time_token: String::new(),
                    token_id: minted.key_id.to_string(),
                    expires_at: Some(timestamp(expires_at)),
                    user: Some(convert::to_pb(created, scope.now())),
                };
                Ok(Change::recorded(entry, Phi::new(response)).and(first_place(scope, user.id)))
            }
        };
        let mut response: pb::InviteUserResponse = self.vault().write(scope, once.as_ref(), body).await?;
        // a repeat gets the first answer, whose token is another one
        if response.token_id == minted.key_id.as_str() {
            response.one_time_token = minted.secret.reveal();
        }
        Ok(response)
    }
}

/// Says that somebody new has a role in the practice.
fn first_place(scope: &Scope, user: UserId) -> Entry {
    Entry::bare(scope, Action::PermissionChange, "membership").with(user.uuid())
}

/// A user with the first membership, whose practice is the active one.
async fn create(tx: &Tx<'_>, user: &User, hash: Option<&str>, place: &Membership) -> Result<User, Failure> {
    store::insert(tx, user, hash).await?;
    membership::store::insert(tx, place).await?;
    store::set_active_practice(tx, user.id, place.practice_id).await?;
    store::get(tx, user.id).await
}
