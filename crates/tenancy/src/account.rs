//! A service account: another service that calls this one, and what it may do where.

pub mod convert;
pub mod store;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::id::{PracticeId, ServiceAccountId};
use kernel::{Code, Failure};
use schema::tables::tenancy::{account_certificates, service_accounts, service_grants};

/// An account as stored.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = service_accounts, check_for_backend(diesel::pg::Pg))]
pub struct Account {
    pub id: ServiceAccountId,
    pub name: String,
    pub description: Option<String>,
    pub is_active: bool,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What an account may do in one practice, as stored.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = service_grants, check_for_backend(diesel::pg::Pg))]
pub struct Grant {
    pub practice_id: PracticeId,
    pub account_id: ServiceAccountId,
    pub scopes: Vec<String>,
    pub valid_from: DateTime<Utc>,
    pub valid_to: Option<DateTime<Utc>>,
}

/// A client certificate that an account is bound to, as stored.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = account_certificates, check_for_backend(diesel::pg::Pg))]
pub struct Certificate {
    fingerprint: Vec<u8>,
    pub label: String,
    pub bound_at: DateTime<Utc>,
}

/// A grant to be given in the scope's practice.
#[derive(Debug, Clone)]
pub struct NewGrant {
    pub scopes: Vec<String>,
    pub valid_from: DateTime<Utc>,
    pub valid_to: Option<DateTime<Utc>>,
}

/// Judges whether a caller may make and end an account's tokens, and bind its certificates.
///
/// A token opens every practice that ever granted the account something, so that takes an administrator of all of
/// them, or the operator.
///
/// # Errors
/// `FAILED_PRECONDITION / ACCOUNT_SHARED`.
pub fn judge_tokens(here: PracticeId, grants: &[Grant], caller: &Caller) -> Result<(), Failure> {
    let is_own = |practice: PracticeId| match caller {
        Caller::Operator => true,
        Caller::Admin { elsewhere } => practice == here || elsewhere.contains(&practice),
    };
    if grants.iter().all(|grant| is_own(grant.practice_id)) {
        return Ok(());
    }
    Err(Failure::new(
        Code::FailedPrecondition,
        "ACCOUNT_SHARED",
        "the account serves practices that the caller does not administer; its tokens are the operator's, and ending \
         its grant shuts it out",
    ))
}

/// Who wants to make or end tokens.
#[derive(Debug)]
pub enum Caller {
    Operator,
    /// An administrator of the practice that the call is made for, and of others.
    Admin {
        elsewhere: Vec<PracticeId>,
    },
}
