//! The accounts of other services: the clearinghouse adapter and the analytics reader, granted to every practice.

use futures_util::future::BoxFuture;
use therapy_claims::tenancy::v1 as tenancy;

use super::draw::request_id;
use super::seat::Seat;
use crate::caller::{Caller, Error, rpc};

/// Tokens of the service accounts.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub adapter: String,
    pub analytics: String,
}

const ADAPTER: (&str, &[&str]) =
    ("clearinghouse-adapter", &["claims:stream", "claims:read", "payers:read", "acks:write", "remits:write"]);
const ANALYTICS: (&str, &[&str]) = ("analytics", &["metrics:read"]);

/// Gives tokens to accounts that serve several practices, which is the operator's to do: no practice may.
pub trait Issuer: std::fmt::Debug + Send + Sync {
    /// A token that replaces those that the account had.
    fn fresh_token<'a>(&'a self, practice_id: &'a str, account_id: &'a str) -> BoxFuture<'a, Result<String, Error>>;
}

pub(super) async fn accounts(
    operator: &Caller,
    issuer: &dyn Issuer,
    seed: u64,
    seats: &[Seat],
) -> Result<Accounts, Error> {
    Ok(Accounts {
        adapter: account(operator, issuer, seed, seats, ADAPTER).await?,
        analytics: account(operator, issuer, seed, seats, ANALYTICS).await?,
    })
}

/// Makes the account, or finds it, and answers a token for it.
async fn account(
    operator: &Caller,
    issuer: &dyn Issuer,
    seed: u64,
    seats: &[Seat],
    (name, scopes): (&str, &[&str]),
) -> Result<String, Error> {
    let Some((home, others)) = seats.split_first() else { return Ok(String::new()) };
    let home_id = &home.id;
    let home = operator.in_practice(home_id)?;
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
    issuer.fresh_token(home_id, &account.id).await
}
