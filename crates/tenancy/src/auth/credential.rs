//! Service accounts, their grants and their tokens; shared by `AuthService` and the operator.

use audit::vault::once;
use audit::{Action, Change, Entry};
use chrono::TimeDelta;
use kernel::id::ServiceAccountId;
use kernel::{Code, Failure, Phi, Scope, Violations};
use schema::Tx;
use therapy_claims::tenancy::v1 as pb;

use super::Inner;
use crate::account;
use crate::token::issue::{self, SERVICE_TOKEN_LIFE};
use crate::token::store::Token;
use crate::token::{self, KeyId, TokenKind, convert::key_id};

const OVERLAP_MINUTES_DEFAULT: i32 = 60;
const OVERLAP_MINUTES_MAX: i32 = 7 * 24 * 60;

impl Inner {
    pub(crate) async fn create_service_account(
        &self,
        scope: &Scope,
        message: pb::CreateServiceAccountRequest,
    ) -> Result<pb::ServiceAccount, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let read = account::convert::new(&mut v, &message.service_account.unwrap_or_default());
        let grant = account::convert::grant(&mut v, scope.now(), message.grant.as_ref());
        let (name, description) = v.done(read)?;
        let id = ServiceAccountId::new();
        let body = || {
            async |tx: &Tx<'_>| {
                let account = account::store::insert(tx, id, &name, description.as_deref()).await?;
                let given = account::store::grant(tx, id, &grant).await?;
                let entry = Entry::bare(scope, Action::PermissionChange, "service_account").with(id.uuid());
                Ok(Change::recorded(entry, Phi::new(account::convert::to_pb(account, vec![given], Vec::new()))))
            }
        };
        self.vault.write(scope, once.as_ref(), body).await
    }

    pub(crate) async fn grant_service_account(
        &self,
        scope: &Scope,
        message: pb::GrantServiceAccountRequest,
    ) -> Result<pb::ServiceGrant, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let id: ServiceAccountId = v.id("service_account_id", &message.service_account_id);
        let grant = account::convert::grant(&mut v, scope.now(), message.grant.as_ref());
        let grant = v.done(grant)?;
        let body = || {
            async |tx: &Tx<'_>| {
                let given = account::store::grant(tx, id, &grant).await?;
                let entry = Entry::bare(scope, Action::PermissionChange, "service_grant").with(id.uuid());
                Ok(Change::recorded(entry, Phi::new(account::convert::grant_to_pb(given))))
            }
        };
        self.vault.write(scope, once.as_ref(), body).await
    }

    pub(crate) async fn issue_token(
        &self,
        scope: &Scope,
        message: pb::IssueTokenRequest,
    ) -> Result<pb::IssueTokenResponse, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let id: ServiceAccountId = v.id("service_account_id", &message.service_account_id);
        let latest = scope.now() + SERVICE_TOKEN_LIFE;
        let end = v.optional_time("expires_at", message.expires_at).unwrap_or(latest);
        if end > latest || end <= scope.now() {
            v.add("expires_at", "must be within the next 90 days");
        }
        let end = v.done(end)?;
        let minted = token::mint(self.directory.env(), TokenKind::Service)?;
        let body = || {
            async |tx: &Tx<'_>| {
                let token = issue::issue(tx, &minted, id, end).await?;
                let entry = token_entry(scope, &token).with(id.uuid());
                let token = Some(token::convert::to_pb(token));
                Ok(Change::recorded(entry, Phi::new(pb::IssueTokenResponse { secret: String::new(), token })))
            }
        };
        let mut response: pb::IssueTokenResponse = self.vault.write(scope, once.as_ref(), body).await?;
        // a repeat gets the first answer, whose token is another one
        if response.token.as_ref().is_some_and(|token| token.id == minted.key_id.as_str()) {
            response.secret = minted.secret.reveal();
        }
        Ok(response)
    }

    pub(crate) async fn rotate_token(
        &self,
        scope: &Scope,
        message: pb::RotateTokenRequest,
    ) -> Result<pb::RotateTokenResponse, Failure> {
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
        let minted = token::mint(self.directory.env(), TokenKind::Service)?;
        let body = || {
            async |tx: &Tx<'_>| {
                let overlap = TimeDelta::minutes(minutes.into());
                let (new, old) = issue::rotate(tx, &minted, &old, overlap).await?;
                let entry = token_entry(scope, &new).with_key(&old.key_id);
                let (token, replaced) = (Some(token::convert::to_pb(new)), Some(token::convert::to_pb(old)));
                let response = pb::RotateTokenResponse { secret: String::new(), token, replaced };
                Ok(Change::recorded(entry, Phi::new(response)))
            }
        };
        let mut response: pb::RotateTokenResponse = self.vault.write(scope, once.as_ref(), body).await?;
        if response.token.as_ref().is_some_and(|token| token.id == minted.key_id.as_str()) {
            response.secret = minted.secret.reveal();
        }
        Ok(response)
    }

    pub(crate) async fn revoke_token(
        &self,
        scope: &Scope,
        message: pb::RevokeTokenRequest,
    ) -> Result<pb::Token, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let key_id = key_id(&mut v, "token_id", &message.token_id);
        let key_id = read(v, key_id)?;
        let body = || {
            async |tx: &Tx<'_>| {
                let token = issue::revoke(tx, &key_id).await?;
                Ok(Change::recorded(token_entry(scope, &token), Phi::new(token::convert::to_pb(token))))
            }
        };
        let revoked = self.vault.write(scope, once.as_ref(), body).await;
        self.directory.forget(key_id.as_str()).await;
        revoked
    }

    pub(crate) async fn list_tokens(
        &self,
        scope: &Scope,
        message: pb::ListTokensRequest,
    ) -> Result<pb::ListTokensResponse, Failure> {
        let mut v = Violations::new();
        let account: Option<ServiceAccountId> = v.optional_id("service_account_id", &message.service_account_id);
        let include_ended = message.include_ended;
        let page = scope.page(&mut v, message.page_size, &message.page_token, &(account, include_ended));
        let page = v.done(page)?;
        let read = async |tx: &Tx<'_>| token::store::list(tx, account, include_ended, &page).await;
        let found = self.vault.db().read_one(scope, read).await?.map(token::convert::to_pb);
        Ok(pb::ListTokensResponse { tokens: found.items, next_page_token: found.next_page_token })
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
