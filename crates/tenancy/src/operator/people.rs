//! What the operator does with people and their memberships.

use kernel::Failure;
use kernel::id::PracticeId;
use therapy_claims::tenancy::v1 as pb;

use super::Operator;
use crate::membership::LastOwner;

impl Operator {
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
    pub async fn update_user(
        &self,
        practice: PracticeId,
        user: pb::UpdateUserRequest,
        last: LastOwner,
    ) -> Result<pb::User, Failure> {
        self.users.update(&self.scope(practice), user, last).await
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
        last: LastOwner,
    ) -> Result<pb::User, Failure> {
        self.users.deactivate(&self.scope(practice), user, last).await
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
}
