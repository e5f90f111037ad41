//! What the operator at the machine and the maker of development data do: the same as the services, without a caller.
//!
//! Every function acts as the system in one practice and leaves the same audit entries as an RPC does.

use std::sync::Arc;

use audit::{Action, Change, Entry, Vault};
use kernel::id::PracticeId;
use kernel::scope::Facts;
use kernel::{Failure, Phi, Scope, Violations};
use schema::Db;
use therapy_claims::tenancy::v1 as pb;

use crate::auth::Auth;
use crate::directory::Directory;
use crate::membership::service::Memberships;
use crate::password::Passwords;
use crate::user::service::Users;
use crate::{account, practice};

/// Accounts listed at most.
const ACCOUNTS_MAX: i32 = 500;

/// Acts for the operator. `facts` name the command as the method.
#[derive(Debug, Clone)]
pub struct Operator {
    vault: Vault,
    users: Users,
    memberships: Memberships,
    auth: Auth,
    facts: Arc<Facts>,
}

impl Operator {
    #[must_use]
    pub fn new(vault: Vault, directory: Directory, passwords: Passwords, facts: Arc<Facts>) -> Self {
        let users = Users::new(vault.clone(), passwords.clone(), directory.env().clone());
        let memberships = Memberships::new(vault.clone());
        let auth = Auth::new(vault.clone(), directory, passwords);
        Self { vault, users, memberships, auth, facts }
    }

    fn scope(&self, practice: PracticeId) -> Scope {
        Scope::system(practice, &self.facts)
    }

    /// Creates a practice without members; its first owner comes with [`Self::create_user`] or [`Self::add_member`].
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with every violation, or the database's failure.
    pub async fn create_practice(&self, practice: &pb::Practice) -> Result<pb::Practice, Failure> {
        let id = PracticeId::new();
        let scope = self.scope(id);
        let mut v = Violations::new();
        let practice = practice::convert::new(&mut v, &scope, id, practice);
        let practice = v.done(practice)?;
        self.vault
            .write(&scope, None, || {
                async |tx| {
                    practice::store::insert(tx, &practice).await?;
                    let entry = Entry::bare(&scope, Action::Create, "practice").with(id.uuid());
                    let response = practice::convert::to_pb(scope.acting_as(), practice.clone());
                    Ok(Change::recorded(entry, Phi::new(response)))
                }
            })
            .await
    }

    /// Every practice. `db` must log in as a role that bypasses row-level security, such as the migrator.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn list_practices(db: &Db) -> Result<Vec<pb::Practice>, Failure> {
        let found = practice::store::list_all(db).await?;
        Ok(found.into_iter().map(|practice| practice::convert::to_pb("system", practice)).collect())
    }

    /// Creates a user without a practice, who may then found some with `CreatePractice`.
    ///
    /// # Errors
    /// Those of `CreateUser`.
    pub async fn create_founder(&self, user: &pb::User, password: &str) -> Result<pb::User, Failure> {
        self.users.create_founder(&self.scope(PracticeId::NIL), user, password).await
    }

    /// Creates a user with a password and a membership.
    ///
    /// # Errors
    /// Those of `CreateUser`.
    pub async fn create_user(&self, practice: PracticeId, user: pb::CreateUserRequest) -> Result<pb::User, Failure> {
        self.users.create(&self.scope(practice), user).await
    }

    /// Changes a user, whose other practices don't matter here, or the password.
    ///
    /// # Errors
    /// Those of `UpdateUser`.
    pub async fn update_user(&self, practice: PracticeId, user: pb::UpdateUserRequest) -> Result<pb::User, Failure> {
        self.users.update(&self.scope(practice), user).await
    }

    /// Creates a user without a password; the one-time token is in the answer and nowhere else.
    ///
    /// # Errors
    /// Those of `InviteUser`.
    pub async fn invite_user(
        &self,
        practice: PracticeId,
        user: pb::InviteUserRequest,
    ) -> Result<pb::InviteUserResponse, Failure> {
        self.users.invite(&self.scope(practice), user).await
    }

    /// Makes a one-time token for a user's next password.
    ///
    /// # Errors
    /// Those of `ResetPassword`.
    pub async fn reset_password(
        &self,
        practice: PracticeId,
        user: pb::ResetPasswordRequest,
    ) -> Result<pb::ResetPasswordResponse, Failure> {
        self.users.reset(&self.scope(practice), user).await
    }

    /// Ends a user, who may have places in other practices too but own none of them.
    ///
    /// # Errors
    /// Those of `DeactivateUser`, and `OWNER_ELSEWHERE`.
    pub async fn deactivate_user(
        &self,
        practice: PracticeId,
        user: &pb::DeactivateUserRequest,
    ) -> Result<pb::User, Failure> {
        self.users.deactivate(&self.scope(practice), user).await
    }

    /// Lets a user in again.
    ///
    /// # Errors
    /// Those of `ReactivateUser`.
    pub async fn reactivate_user(
        &self,
        practice: PracticeId,
        user: &pb::ReactivateUserRequest,
    ) -> Result<pb::User, Failure> {
        self.users.reactivate(&self.scope(practice), user).await
    }

    /// A page of the users of a practice.
    ///
    /// # Errors
    /// Those of `ListUsers`.
    pub async fn list_users(
        &self,
        practice: PracticeId,
        request: &pb::ListUsersRequest,
    ) -> Result<pb::ListUsersResponse, Failure> {
        self.users.list(&self.scope(practice), request).await
    }

    /// Gives an existing user a membership.
    ///
    /// # Errors
    /// Those of `CreateMembership`.
    pub async fn add_member(
        &self,
        practice: PracticeId,
        member: &pb::CreateMembershipRequest,
    ) -> Result<pb::Membership, Failure> {
        self.memberships.create(&self.scope(practice), member).await
    }

    /// Changes a membership, or takes it up again.
    ///
    /// # Errors
    /// Those of `UpdateMembership`.
    pub async fn update_member(
        &self,
        practice: PracticeId,
        member: pb::UpdateMembershipRequest,
    ) -> Result<pb::Membership, Failure> {
        self.memberships.update(&self.scope(practice), member).await
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// Those of `DeactivateMembership`.
    pub async fn end_member(
        &self,
        practice: PracticeId,
        member: &pb::DeactivateMembershipRequest,
    ) -> Result<pb::Membership, Failure> {
        self.memberships.end(&self.scope(practice), member).await
    }

    /// Creates a service account with a grant.
    ///
    /// # Errors
    /// Those of `CreateServiceAccount`.
    pub async fn create_account(
        &self,
        practice: PracticeId,
        account: pb::CreateServiceAccountRequest,
    ) -> Result<pb::ServiceAccount, Failure> {
        self.auth.0.create_service_account(&self.scope(practice), account).await
    }

    /// Grants an existing account access to a practice.
    ///
    /// # Errors
    /// Those of `GrantServiceAccount`.
    pub async fn grant(
        &self,
        practice: PracticeId,
        grant: pb::GrantServiceAccountRequest,
    ) -> Result<pb::ServiceGrant, Failure> {
        self.auth.0.grant_service_account(&self.scope(practice), grant).await
    }

    /// Ends an account's grant in a practice.
    ///
    /// # Errors
    /// Those of `RevokeServiceGrant`.
    pub async fn revoke_grant(
        &self,
        practice: PracticeId,
        request: pb::RevokeServiceGrantRequest,
    ) -> Result<pb::ServiceGrant, Failure> {
        self.auth.0.revoke_service_grant(&self.scope(practice), request).await
    }

    /// Suspends an account, shared ones too.
    ///
    /// # Errors
    /// Those of `SuspendServiceAccount`.
    pub async fn suspend_account(
        &self,
        practice: PracticeId,
        request: pb::SuspendServiceAccountRequest,
    ) -> Result<pb::ServiceAccount, Failure> {
        self.auth.0.suspend_service_account(&self.scope(practice), request).await
    }

    /// Lets an account in again, shared ones too.
    ///
    /// # Errors
    /// Those of `ReactivateServiceAccount`.
    pub async fn reactivate_account(
        &self,
        practice: PracticeId,
        request: pb::ReactivateServiceAccountRequest,
    ) -> Result<pb::ServiceAccount, Failure> {
        self.auth.0.reactivate_service_account(&self.scope(practice), request).await
    }

    /// The accounts with a grant in a practice.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn list_accounts(&self, practice: PracticeId) -> Result<Vec<pb::ServiceAccount>, Failure> {
        let scope = self.scope(practice);
        let read = async |tx: &schema::Tx<'_>| Ok(account::store::list(tx, ACCOUNTS_MAX).await?);
        let found = self.vault.db().read_one(&scope, read).await?;
        Ok(found.into_iter().map(|account| account::convert::to_pb(account, Vec::new())).collect())
    }

    /// Issues a token, of a shared account too; the secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// Those of `IssueToken`.
    pub async fn issue_token(
        &self,
        practice: PracticeId,
        request: pb::IssueTokenRequest,
    ) -> Result<pb::IssueTokenResponse, Failure> {
        self.auth.0.issue_token(&self.scope(practice), request).await
    }

    /// Replaces a token, of a shared account too; the secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// Those of `RotateToken`.
    pub async fn rotate_token(
        &self,
        practice: PracticeId,
        request: pb::RotateTokenRequest,
    ) -> Result<pb::RotateTokenResponse, Failure> {
        self.auth.0.rotate_token(&self.scope(practice), request).await
    }

    /// Revokes a token, of a shared account too.
    ///
    /// # Errors
    /// Those of `RevokeToken`.
    pub async fn revoke_token(
        &self,
        practice: PracticeId,
        request: pb::RevokeTokenRequest,
    ) -> Result<pb::Token, Failure> {
        self.auth.0.revoke_token(&self.scope(practice), request).await
    }

    /// A page of the tokens of a practice's accounts.
    ///
    /// # Errors
    /// Those of `ListTokens`.
    pub async fn list_tokens(
        &self,
        practice: PracticeId,
        request: pb::ListTokensRequest,
    ) -> Result<pb::ListTokensResponse, Failure> {
        self.auth.0.list_tokens(&self.scope(practice), request).await
    }
}
