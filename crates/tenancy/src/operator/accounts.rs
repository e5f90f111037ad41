//! What the operator does with service accounts, their grants, certificates and tokens.

use kernel::Failure;
use kernel::id::PracticeId;
use schema::Tx;
use therapy_claims::tenancy::v1 as pb;

use super::Operator;
use crate::account;

/// Accounts listed at most.
const ACCOUNTS_MAX: i32 = 500;

impl Operator {
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

    /// Binds a client certificate to an account, shared ones too.
    ///
    /// # Errors
    /// Those of `BindCertificate`.
    pub async fn bind_certificate(
        &self,
        practice: PracticeId,
        request: pb::BindCertificateRequest,
    ) -> Result<pb::ServiceAccount, Failure> {
        self.auth.0.bind_certificate(&self.scope(practice), request).await
    }

    /// Unbinds a client certificate from an account, shared ones too.
    ///
    /// # Errors
    /// Those of `UnbindCertificate`.
    pub async fn unbind_certificate(
        &self,
        practice: PracticeId,
        request: pb::UnbindCertificateRequest,
    ) -> Result<pb::ServiceAccount, Failure> {
        self.auth.0.unbind_certificate(&self.scope(practice), request).await
    }

    /// The accounts with a grant in a practice, and their certificates.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn list_accounts(&self, practice: PracticeId) -> Result<Vec<pb::ServiceAccount>, Failure> {
        let scope = self.scope(practice);
        let read = async |tx: &Tx<'_>| {
            let mut listed = Vec::new();
            for account in account::store::list(tx, ACCOUNTS_MAX).await? {
                let certificates = account::store::certificates_of(tx, account.id).await?;
                listed.push(account::convert::to_pb(account, Vec::new(), certificates));
            }
            Ok(listed)
        };
        self.vault.db().read(&scope, read).await
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
