//! `AuthService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use audit::vault::once;
use audit::{Action, Change, Entry};
use chrono::TimeDelta;
use kernel::access::{Actor, Denied};
use kernel::id::{PracticeId, ServiceAccountId};
use kernel::{Call, Code, Failure, Phi, Scope, Violations, answer};
use therapy_claims::tenancy::v1 as pb;
use tonic::{Request, Response, Status};

use super::Auth;
use crate::token::issue::{self, SERVICE_TOKEN_LIFE};
use crate::token::store::Token;
use crate::token::{self, KeyId, TokenKind, convert::key_id};
use crate::{account, user};

/// Longer passwords are never right.
const PASSWORD_BYTES_MAX: usize = 1024;
const OVERLAP_MINUTES_DEFAULT: i32 = 60;
const OVERLAP_MINUTES_MAX: i32 = 7 * 24 * 60;

#[tonic::async_trait]
impl pb::auth_service_server::AuthService for Auth {
    async fn login(&self, request: Request<pb::LoginRequest>) -> Result<Response<pb::LoginResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let pb::LoginRequest { email, password } = message;
            let mut v = Violations::new();
            let email = v.text("email", &email, user::EMAIL_MAX);
            if password.is_empty() {
                v.add("password", "is required");
            } else if password.len() > PASSWORD_BYTES_MAX {
                v.add("password", "is too long");
            }
            let email = v.done(email)?;
            self.0.log_in(ctx.facts(), &email, password).await
        })
        .await
    }

    async fn logout(&self, request: Request<pb::LogoutRequest>) -> Result<Response<pb::LogoutResponse>, Status> {
        let Call { ctx, message: pb::LogoutRequest {} } = Call::of(request)?;
        answer(&ctx, async { self.0.log_out(ctx.identity()?, ctx.facts()).await }).await
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
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let read = account::convert::new(&mut v, &message.service_account.unwrap_or_default());
            let grant = account::convert::grant(&mut v, scope.now(), message.grant.as_ref());
            let (name, description) = v.done(read)?;
            let id = ServiceAccountId::new();
            let body = || {
                async |tx: &schema::Tx<'_>| {
                    let account = account::store::insert(tx, id, &name, description.as_deref()).await?;
                    let given = account::store::grant(tx, id, &grant).await?;
                    let entry = Entry::bare(scope, Action::PermissionChange, "service_account").with(id.uuid());
                    Ok(Change::recorded(entry, Phi::new(account::convert::to_pb(account, vec![given]))))
                }
            };
            self.0.vault.write(scope, once.as_ref(), body).await
        })
        .await
    }

    async fn grant_service_account(
        &self,
        request: Request<pb::GrantServiceAccountRequest>,
    ) -> Result<Response<pb::ServiceGrant>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id: ServiceAccountId = v.id("service_account_id", &message.service_account_id);
            let grant = account::convert::grant(&mut v, scope.now(), message.grant.as_ref());
            let grant = v.done(grant)?;
            let body = || {
                async |tx: &schema::Tx<'_>| {
                    let given = account::store::grant(tx, id, &grant).await?;
                    let entry = Entry::bare(scope, Action::PermissionChange, "service_grant").with(id.uuid());
                    Ok(Change::recorded(entry, Phi::new(account::convert::grant_to_pb(given))))
                }
            };
            self.0.vault.write(scope, once.as_ref(), body).await
        })
        .await
    }

    async fn issue_token(
        &self,
        request: Request<pb::IssueTokenRequest>,
    ) -> Result<Response<pb::IssueTokenResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id: ServiceAccountId = v.id("service_account_id", &message.service_account_id);
            let latest = scope.now() + SERVICE_TOKEN_LIFE;
            let end = v.optional_time("expires_at", message.expires_at).unwrap_or(latest);
            if end > latest || end <= scope.now() {
                v.add("expires_at", "must be within the next 90 days");
            }
            let end = v.done(end)?;
            let minted = token::mint(self.0.directory.env(), TokenKind::Service)?;
            let body = || {
                async |tx: &schema::Tx<'_>| {
                    let token = issue::issue(tx, &minted, id, end).await?;
                    let entry = token_entry(scope, &token).with(id.uuid());
                    let token = Some(token::convert::to_pb(token));
                    Ok(Change::recorded(entry, Phi::new(pb::IssueTokenResponse { secret: String::new(), token })))
                }
            };
            let mut response: pb::IssueTokenResponse = self.0.vault.write(scope, once.as_ref(), body).await?;
            // a repeat gets the first answer, whose token is another one
            if response.token.as_ref().is_some_and(|token| token.id == minted.key_id.as_str()) {
                response.secret = minted.secret.reveal();
            }
            Ok(response)
        })
        .await
    }

    async fn rotate_token(
        &self,
        request: Request<pb::RotateTokenRequest>,
    ) -> Result<Response<pb::RotateTokenResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let old = key_id(&mut v, "token_id", &message.token_id);
            let minutes = match message.overlap_minutes {
                0 => OVERLAP_MINUTES_DEFAULT,
                minutes => minutes,
            };
            if !(1..=OVERLAP_MINUTES_MAX).contains(&minutes) {
                v.add("overlap_minutes", "must be 1 to 10080");
            }
            let old = read(v, old)?;
            let minted = token::mint(self.0.directory.env(), TokenKind::Service)?;
            let body = || {
                async |tx: &schema::Tx<'_>| {
                    let overlap = TimeDelta::minutes(minutes.into());
                    let (new, old) = issue::rotate(tx, &minted, &old, overlap).await?;
                    let entry = token_entry(scope, &new).with_key(&old.key_id);
                    let (token, replaced) = (Some(token::convert::to_pb(new)), Some(token::convert::to_pb(old)));
                    let response = pb::RotateTokenResponse { secret: String::new(), token, replaced };
                    Ok(Change::recorded(entry, Phi::new(response)))
                }
            };
            let mut response: pb::RotateTokenResponse = self.0.vault.write(scope, once.as_ref(), body).await?;
            if response.token.as_ref().is_some_and(|token| token.id == minted.key_id.as_str()) {
                response.secret = minted.secret.reveal();
            }
            Ok(response)
        })
        .await
    }

    async fn revoke_token(&self, request: Request<pb::RevokeTokenRequest>) -> Result<Response<pb::Token>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let key_id = key_id(&mut v, "token_id", &message.token_id);
            let key_id = read(v, key_id)?;
            let body = || {
                async |tx: &schema::Tx<'_>| {
                    let token = issue::revoke(tx, &key_id).await?;
                    Ok(Change::recorded(token_entry(scope, &token), Phi::new(token::convert::to_pb(token))))
                }
            };
            let revoked = self.0.vault.write(scope, once.as_ref(), body).await;
            self.0.directory.forget(key_id.as_str()).await;
            revoked
        })
        .await
    }

    async fn list_tokens(
        &self,
        request: Request<pb::ListTokensRequest>,
    ) -> Result<Response<pb::ListTokensResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let account: Option<ServiceAccountId> = v.optional_id("service_account_id", &message.service_account_id);
            let include_ended = message.include_ended;
            let page = scope.page(&mut v, message.page_size, &message.page_token, &(account, include_ended));
            let page = v.done(page)?;
            let read = async |tx: &schema::Tx<'_>| token::store::list(tx, account, include_ended, &page).await;
            let found = self.0.vault.db().read_one(scope, read).await?.map(token::convert::to_pb);
            Ok(pb::ListTokensResponse { tokens: found.items, next_page_token: found.next_page_token })
        })
        .await
    }
}

fn token_entry(scope: &Scope, token: &Token) -> Entry {
    Entry::bare(scope, Action::PermissionChange, "token").with_key(&token.key_id)
}

/// A key id that was read without a violation.
fn read(v: Violations, key_id: Option<KeyId>) -> Result<KeyId, Failure> {
    let key_id = v.done(key_id)?;
    key_id.ok_or_else(|| Failure::new(Code::InvalidArgument, "INVALID_REQUEST", "token_id is required"))
}
