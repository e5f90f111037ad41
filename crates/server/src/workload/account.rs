//! The accounts of other services: the clearinghouse adapter and the analytics reader, granted to every practice.

use therapy_claims::tenancy::v1 as tenancy;

use super::draw::request_id;
use super::seat::Seat;
use crate::caller::{Caller, Error, PAGE, pages, rpc};

/// Tokens of the service accounts.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub adapter: String,
    pub analytics: String,
}

const ADAPTER: (&str, &[&str]) =
    ("clearinghouse-adapter", &["claims:stream", "claims:read", "payers:read", "acks:write", "remits:write"]);
const ANALYTICS: (&str, &[&str]) = ("analytics", &["metrics:read"]);

pub(super) async fn accounts(operator: &Caller, seed: u64, seats: &[Seat]) -> Result<Accounts, Error> {
    Ok(Accounts {
        adapter: account(operator, seed, seats, ADAPTER).await?,
        analytics: account(operator, seed, seats, ANALYTICS).await?,
    })
}

/// Makes the account, or finds it, and answers a token for it.
async fn account(
    operator: &Caller,
    seed: u64,
    seats: &[Seat],
    (name, scopes): (&str, &[&str]),
) -> Result<String, Error> {
    let Some((home, others)) = seats.split_first() else { return Ok(String::new()) };
    let home = operator.in_practice(&home.id)?;
    let grant = tenancy::ServiceGrant {
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..tenancy::ServiceGrant::default()
    };
    let request = tenancy::CreateServiceAccountRequest {
        service_account: Some(tenancy::ServiceAccount {
            name: format!("{name}-{seed}"),
            description: "Demonstration".to_owned(),
            ..tenancy::ServiceAccount::default()
        }),
        grant: Some(grant.clone()),
        request_id: request_id(seed, &["account", name]),
    };
    let account =
        rpc!(home, auth.create_service_account, "tenancy.v1.AuthService/CreateServiceAccount", request).await?;
    for seat in others {
        let request = tenancy::GrantServiceAccountRequest {
            service_account_id: account.id.clone(),
            grant: Some(grant.clone()),
            request_id: request_id(seed, &["grant", name, &seat.id]),
        };
        let there = operator.in_practice(&seat.id)?;
        rpc!(there, auth.grant_service_account, "tenancy.v1.AuthService/GrantServiceAccount", request).await?;
    }
    token(&home, &account.id).await
}

/// A fresh token. Only two may count at a time, and what an earlier start was given is lost with it.
async fn token(home: &Caller, service_account_id: &str) -> Result<String, Error> {
    let old = pages(async |page_token| {
        let request = tenancy::ListTokensRequest {
            service_account_id: service_account_id.to_owned(),
            page_size: PAGE,
            page_token,
            include_ended: false,
        };
        let listed = rpc!(home, auth.list_tokens, "tenancy.v1.AuthService/ListTokens", request).await?;
        Ok((listed.tokens, listed.next_page_token))
    })
    .await?;
    for token in old {
        let request = tenancy::RevokeTokenRequest { token_id: token.id, request_id: String::new() };
        rpc!(home, auth.revoke_token, "tenancy.v1.AuthService/RevokeToken", request).await?;
    }
    let request = tenancy::IssueTokenRequest {
        service_account_id: service_account_id.to_owned(),
        // the secret is answered once, so this must be a new one each time
        request_id: therapy_claims::client::request_id(),
        ..tenancy::IssueTokenRequest::default()
    };
    let issued = rpc!(home, auth.issue_token, "tenancy.v1.AuthService/IssueToken", request).await?;
    Ok(issued.secret)
}
