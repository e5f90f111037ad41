//! `AuthService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use audit::vault::once;
use kernel::access::{Actor, Denied};
use kernel::id::PracticeId;
use kernel::{Call, Scope, Violations, answer};
use therapy_claims::tenancy::v1 as pb;
use tonic::{Request, Response, Status};

use super::Auth;
use crate::user;
use crate::user::convert::read_known_password;

#[tonic::async_trait]
impl pb::auth_service_server::AuthService for Auth {
    async fn login(&self, request: Request<pb::LoginRequest>) -> Result<Response<pb::LoginResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let pb::LoginRequest { email, password, totp_code } = message;
            let mut v = Violations::new();
            let email = v.text("email", &email, user::EMAIL_MAX);
            let password = read_known_password(&mut v, "password", &password);
            let (email, password) = v.done((email, password))?;
            self.0.log_in(ctx.facts(), &email, password, &totp_code).await
        })
        .await
    }

    async fn logout(&self, request: Request<pb::LogoutRequest>) -> Result<Response<pb::LogoutResponse>, Status> {
        let Call { ctx, message: pb::LogoutRequest {} } = Call::of(request)?;
        answer(&ctx, async { self.0.log_out(ctx.identity()?, ctx.facts()).await }).await
    }

    async fn set_password(
        &self,
        request: Request<pb::SetPasswordRequest>,
    ) -> Result<Response<pb::SetPasswordResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.set_password(ctx.facts(), message).await }).await
    }

    async fn change_password(
        &self,
        request: Request<pb::ChangePasswordRequest>,
    ) -> Result<Response<pb::ChangePasswordResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.change_password(ctx.identity()?, ctx.facts(), message).await }).await
    }

    async fn enroll_totp(
        &self,
        request: Request<pb::EnrollTotpRequest>,
    ) -> Result<Response<pb::EnrollTotpResponse>, Status> {
        let Call { ctx, message: pb::EnrollTotpRequest {} } = Call::of(request)?;
        answer(&ctx, async { self.0.enroll_totp(ctx.identity()?, ctx.facts()).await }).await
    }

    async fn confirm_totp(
        &self,
        request: Request<pb::ConfirmTotpRequest>,
    ) -> Result<Response<pb::ConfirmTotpResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.confirm_totp(ctx.identity()?, ctx.facts(), message).await }).await
    }

    async fn disable_totp(
        &self,
        request: Request<pb::DisableTotpRequest>,
    ) -> Result<Response<pb::DisableTotpResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.disable_totp(ctx.identity()?, ctx.facts(), message).await }).await
    }

    async fn switch_practice(
        &self,
        request: Request<pb::SwitchPracticeRequest>,
    ) -> Result<Response<pb::SwitchPracticeResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let identity = ctx.identity()?;
            let Actor::User(user) = identity.actor else { return Err(Denied::Permission.into()) };
            let scope = Scope::practiceless(identity, ctx.facts());
            let mut v = Violations::new();
            let once = once(&mut v, &scope, &message.request_id, &message);
            let practice: PracticeId = v.id("practice_id", &message.practice_id);
            let practice = v.done(practice)?;
            self.0.switch(&scope, user, practice, once.as_ref()).await
        })
        .await
    }

    async fn who_am_i(&self, request: Request<pb::WhoAmIRequest>) -> Result<Response<pb::WhoAmIResponse>, Status> {
        let named = request.metadata().get("x-practice-id").and_then(|id| id.to_str().ok()?.parse().ok());
        let Call { ctx, message: pb::WhoAmIRequest {} } = Call::of(request)?;
        answer(&ctx, async { self.0.who(ctx.identity()?, ctx.facts(), named).await }).await
    }

    async fn create_service_account(
        &self,
        request: Request<pb::CreateServiceAccountRequest>,
    ) -> Result<Response<pb::ServiceAccount>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.create_service_account(ctx.scope()?, message).await }).await
    }

    async fn grant_service_account(
        &self,
        request: Request<pb::GrantServiceAccountRequest>,
    ) -> Result<Response<pb::ServiceGrant>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.grant_service_account(ctx.scope()?, message).await }).await
    }

    async fn revoke_service_grant(
        &self,
        request: Request<pb::RevokeServiceGrantRequest>,
    ) -> Result<Response<pb::ServiceGrant>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.revoke_service_grant(ctx.scope()?, message).await }).await
    }

    async fn suspend_service_account(
        &self,
        request: Request<pb::SuspendServiceAccountRequest>,
    ) -> Result<Response<pb::ServiceAccount>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.suspend_service_account(ctx.scope()?, message).await }).await
    }

    async fn reactivate_service_account(
        &self,
        request: Request<pb::ReactivateServiceAccountRequest>,
    ) -> Result<Response<pb::ServiceAccount>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.reactivate_service_account(ctx.scope()?, message).await }).await
    }

    async fn bind_certificate(
        &self,
        request: Request<pb::BindCertificateRequest>,
    ) -> Result<Response<pb::ServiceAccount>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.bind_certificate(ctx.scope()?, message).await }).await
    }

    async fn unbind_certificate(
        &self,
        request: Request<pb::UnbindCertificateRequest>,
    ) -> Result<Response<pb::ServiceAccount>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.unbind_certificate(ctx.scope()?, message).await }).await
    }

    async fn issue_token(
        &self,
        request: Request<pb::IssueTokenRequest>,
    ) -> Result<Response<pb::IssueTokenResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.issue_token(ctx.scope()?, message).await }).await
    }

    async fn rotate_token(
        &self,
        request: Request<pb::RotateTokenRequest>,
    ) -> Result<Response<pb::RotateTokenResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.rotate_token(ctx.scope()?, message).await }).await
    }

    async fn revoke_token(&self, request: Request<pb::RevokeTokenRequest>) -> Result<Response<pb::Token>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.revoke_token(ctx.scope()?, message).await }).await
    }

    async fn list_tokens(
        &self,
        request: Request<pb::ListTokensRequest>,
    ) -> Result<Response<pb::ListTokensResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.0.list_tokens(ctx.scope()?, message).await }).await
    }
}
