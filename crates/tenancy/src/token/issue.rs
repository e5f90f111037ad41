//! Service tokens: made, replaced and ended inside a transaction, with their rules.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::join;
use kernel::access::Actor;
use kernel::id::ServiceAccountId;
use kernel::{Code, Failure, Role};
use schema::Tx;

use super::store::{self, Token};
use super::{KeyId, Minted};
use crate::account::{self, Account, Caller};
use crate::membership;

/// How long a service token counts at most.
pub const SERVICE_TOKEN_LIFE: TimeDelta = TimeDelta::days(90);
/// Two tokens overlap while one replaces the other.
const COUNTING_MAX: usize = 2;

/// Stores a token for an account with a grant in the practice.
///
/// # Errors
/// `NOT_FOUND` for accounts without a grant here, `FAILED_PRECONDITION` for shared and inactive ones, and for a third token.
pub async fn issue(
    tx: &Tx<'_>,
    minted: &Minted,
    account: ServiceAccountId,
    expires_at: DateTime<Utc>,
) -> Result<Token, Failure> {
    if !own_account(tx, account).await?.is_active {
        return Err(Failure::new(Code::FailedPrecondition, "ACCOUNT_INACTIVE", "the service account was suspended"));
    }
    if store::counting(tx, account).await?.len() >= COUNTING_MAX {
        return Err(Failure::new(
            Code::FailedPrecondition,
            "TOKEN_LIMIT",
            "two tokens of this account count already; revoke one of them first",
        ));
    }
    let token = Token::new(minted, Actor::Service(account), tx.scope().now(), expires_at);
    store::insert(tx, minted, &token, None).await?;
    Ok(token)
}

/// Stores the successor of a token and brings the end of the old one forward. Answers both, the new one first.
///
/// # Errors
/// As [`issue`], and `FAILED_PRECONDITION` for a token that does not count any more.
pub async fn rotate(tx: &Tx<'_>, minted: &Minted, old: &KeyId, overlap: TimeDelta) -> Result<(Token, Token), Failure> {
    let now = tx.scope().now();
    let mut old = store::get(tx, old).await?;
    let account = old.account_id.ok_or_else(|| Failure::not_found("token", &old.key_id))?;
    // an account without a grant here is as unknown as its token
    own_account(tx, account).await.map_err(|failure| hide(failure, &old.key_id))?;
    if !old.counts(now) {
        return Err(Failure::new(Code::FailedPrecondition, "TOKEN_ENDED", "the token was revoked or has run out"));
    }
    let new = issue(tx, minted, account, now + SERVICE_TOKEN_LIFE).await?;
    let end = old.expires_at.min(now + overlap);
    store::end(tx, &old.key_id, end).await?;
    old.expires_at = end;
    Ok((new, old))
}

/// Ends a token of the practice: one of its accounts', or a session of one of its members.
///
/// # Errors
/// `NOT_FOUND` for other tokens, `FAILED_PRECONDITION` for those of shared accounts.
pub async fn revoke(tx: &Tx<'_>, key_id: &KeyId) -> Result<Token, Failure> {
    let mut token = store::get(tx, key_id).await?;
    let is_ours = match (token.user_id, token.account_id) {
        (Some(user), _) => membership::store::get(tx, user).await.map(drop),
        (None, Some(account)) => own_account(tx, account).await.map(drop),
        (None, None) => Err(Failure::not_found("token", key_id)),
    };
    is_ours.map_err(|failure| hide(failure, key_id.as_str()))?;
    let now = tx.scope().now();
    if store::revoke(tx, key_id.as_str(), now).await? {
        token.revoked_at = Some(now);
    }
    Ok(token)
}

/// Locks an account whose tokens are the caller's to make and to end.
pub(crate) async fn own_account(tx: &Tx<'_>, id: ServiceAccountId) -> Result<Account, Failure> {
    let (account, grants, caller) = join!(account::store::lock(tx, id), account::store::grants_of(tx, id), caller(tx));
    let (account, grants) = (account?, grants?);
    account::judge_tokens(tx.scope().practice(), &grants, &caller?)?;
    Ok(account)
}

/// Who calls, and what else they administer.
async fn caller(tx: &Tx<'_>) -> Result<Caller, Failure> {
    let user = match tx.scope().actor() {
        Actor::System => return Ok(Caller::Operator),
        Actor::Service(_) => return Ok(Caller::Admin { elsewhere: Vec::new() }),
        Actor::User(user) => user,
    };
    let places = membership::store::of_user(tx, user).await?;
    let administered = places.iter().filter(|m| m.is_active && m.practice_is_active && m.role == Role::Admin);
    Ok(Caller::Admin { elsewhere: administered.map(|m| m.practice_id).collect() })
}

/// What belongs to others is answered like what does not exist.
fn hide(failure: Failure, key_id: &str) -> Failure {
    if failure.code == Code::NotFound { Failure::not_found("token", key_id) } else { failure }
}
