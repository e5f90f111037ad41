//! `claimsd admin account` and `token`.

use chrono::NaiveTime;
use kernel::Failure;
use kernel::clock::timestamp;
use serde_json::{Value, json};
use tenancy::operator::Operator;
use therapy_claims::tenancy::v1 as pb;

use super::{PAGE, id};
use crate::config::{AccountAction, TokenAction};

pub(super) async fn act(operator: &Operator, action: AccountAction) -> Result<Vec<Value>, Failure> {
    match action {
        AccountAction::List { practice } => {
            let listed = operator.list_accounts(id(&practice)?).await?;
            Ok(listed.iter().map(row).collect())
        }
        AccountAction::Create { practice, name, scopes } => {
            let request = pb::CreateServiceAccountRequest {
                service_account: Some(pb::ServiceAccount { name, ..Default::default() }),
                grant: Some(pb::ServiceGrant { scopes, ..Default::default() }),
                request_id: String::new(),
            };
            Ok(vec![row(&operator.create_account(id(&practice)?, request).await?)])
        }
        AccountAction::Suspend(of) => {
            let request =
                pb::SuspendServiceAccountRequest { service_account_id: of.account, request_id: String::new() };
            Ok(vec![row(&operator.suspend_account(id(&of.practice)?, request).await?)])
        }
        AccountAction::Reactivate(of) => {
            let request =
                pb::ReactivateServiceAccountRequest { service_account_id: of.account, request_id: String::new() };
            Ok(vec![row(&operator.reactivate_account(id(&of.practice)?, request).await?)])
        }
        AccountAction::Grant { account, scopes, until } => {
            let valid_to = until.map(|day| timestamp(day.and_time(NaiveTime::MIN).and_utc()));
            let request = pb::GrantServiceAccountRequest {
                service_account_id: account.account,
                grant: Some(pb::ServiceGrant { scopes, valid_to, ..Default::default() }),
                request_id: String::new(),
            };
            Ok(vec![grant_row(&operator.grant(id(&account.practice)?, request).await?)])
        }
        AccountAction::Revoke(of) => {
            let request = pb::RevokeServiceGrantRequest { service_account_id: of.account, request_id: String::new() };
            Ok(vec![grant_row(&operator.revoke_grant(id(&of.practice)?, request).await?)])
        }
        AccountAction::BindCertificate { account, fingerprint, label } => {
            let certificate = pb::BoundCertificate { fingerprint, label, bound_at: None };
            let request = pb::BindCertificateRequest {
                service_account_id: account.account,
                certificate: Some(certificate),
                request_id: String::new(),
            };
            Ok(vec![row(&operator.bind_certificate(id(&account.practice)?, request).await?)])
        }
        AccountAction::UnbindCertificate { account, fingerprint } => {
            let request = pb::UnbindCertificateRequest {
                service_account_id: account.account,
                fingerprint,
                request_id: String::new(),
            };
            Ok(vec![row(&operator.unbind_certificate(id(&account.practice)?, request).await?)])
        }
    }
}

pub(super) async fn act_on_token(operator: &Operator, action: TokenAction) -> Result<Vec<Value>, Failure> {
    match action {
        TokenAction::Issue(of) => {
            let request = pb::IssueTokenRequest { service_account_id: of.account, ..Default::default() };
            let issued = operator.issue_token(id(&of.practice)?, request).await?;
            let token = issued.token.unwrap_or_default();
            Ok(vec![json!({"id": token.id, "secret": issued.secret})])
        }
        TokenAction::List(of) => {
            let (practice, mut rows, mut page_token) = (id(&of.practice)?, Vec::new(), String::new());
            loop {
                let request = pb::ListTokensRequest {
                    service_account_id: of.account.clone(),
                    page_size: PAGE,
                    page_token,
                    include_ended: false,
                };
                let listed = operator.list_tokens(practice, request).await?;
                rows.extend(listed.tokens.iter().map(|token| json!({"id": token.id})));
                page_token = listed.next_page_token;
                if page_token.is_empty() {
                    return Ok(rows);
                }
            }
        }
        TokenAction::Rotate { token, overlap_minutes } => {
            let request = pb::RotateTokenRequest { token_id: token.token, overlap_minutes, request_id: String::new() };
            let rotated = operator.rotate_token(id(&token.practice)?, request).await?;
            let (new, old) = (rotated.token.unwrap_or_default(), rotated.replaced.unwrap_or_default());
            Ok(vec![json!({"id": new.id, "secret": rotated.secret, "replaces": old.id})])
        }
        TokenAction::Revoke(of) => {
            let request = pb::RevokeTokenRequest { token_id: of.token, request_id: String::new() };
            let revoked = operator.revoke_token(id(&of.practice)?, request).await?;
            Ok(vec![json!({"id": revoked.id})])
        }
    }
}

fn row(account: &pb::ServiceAccount) -> Value {
    let certificates: Vec<_> =
        account.certificates.iter().map(|it| json!({"fingerprint": it.fingerprint, "label": it.label})).collect();
    json!({"id": account.id, "name": account.name, "is_active": account.is_active, "certificates": certificates})
}

fn grant_row(grant: &pb::ServiceGrant) -> Value {
    json!({"account": grant.service_account_id, "scopes": grant.scopes, "valid_to": grant.valid_to.map(|at| at.to_string())})
}
