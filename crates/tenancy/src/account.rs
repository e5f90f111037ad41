//! A service account: another service that calls this one, and what it may do where.

pub mod convert;
pub mod store;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::access::Actor;
use kernel::id::{PracticeId, ServiceAccountId};
use kernel::{Code, Failure};
use schema::tables::tenancy::{service_accounts, service_grants};

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

/// A grant to be given in the scope's practice.
#[derive(Debug, Clone)]
pub struct NewGrant {
    pub scopes: Vec<String>,
    pub valid_from: DateTime<Utc>,
    pub valid_to: Option<DateTime<Utc>>,
}

/// Judges whether a practice may make and end an account's tokens. A token opens every practice that granted the
/// account something, so once there are several of them it is the operator's.
///
/// # Errors
/// `FAILED_PRECONDITION / ACCOUNT_SHARED`.
pub fn judge_tokens(caller: Actor, here: PracticeId, grants: &[PracticeId]) -> Result<(), Failure> {
    if caller == Actor::System || grants.iter().all(|practice| *practice == here) {
        return Ok(());
    }
    Err(Failure::new(
        Code::FailedPrecondition,
        "ACCOUNT_SHARED",
        "the account serves other practices too, so its tokens are the operator's; end its grant to shut it out",
    ))
}
