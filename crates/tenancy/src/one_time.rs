//! One-time tokens: whoever holds one sets the password of one person, once.

pub mod store;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Text, Timestamptz, Uuid as SqlUuid};
use kernel::id::UserId;
use kernel::{Code, Failure};

use crate::token::{Presented, TokenKind};

/// How long an invitation counts.
pub const INVITE_LIFE: TimeDelta = TimeDelta::hours(72);
/// How long a reset counts.
pub const RESET_LIFE: TimeDelta = TimeDelta::hours(1);
/// The reason of [`refusal`].
pub const REFUSED: &str = "ONE_TIME_TOKEN_REFUSED";

/// A one-time token as stored.
#[derive(QueryableByName)]
pub struct OneTimeToken {
    #[diesel(sql_type = Binary)]
    secret_hash: Vec<u8>,
    #[diesel(sql_type = Text)]
    purpose: TokenKind,
    #[diesel(sql_type = SqlUuid)]
    pub user_id: UserId,
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
    /// Neither used nor replaced, and its person is active.
    #[diesel(sql_type = Bool)]
    is_open: bool,
}

impl OneTimeToken {
    /// Whether it is the one that was presented, and counts.
    #[must_use]
    pub fn opens(&self, presented: &Presented, now: DateTime<Utc>) -> bool {
        presented.hash.matches(&self.secret_hash)
            && presented.kind == self.purpose
            && self.is_open
            && self.expires_at > now
    }
}

/// Unknown, used, replaced and expired tokens, in the same words.
#[must_use]
pub fn refusal() -> Failure {
    Failure::new(Code::Unauthenticated, REFUSED, "the one-time token does not count; ask an administrator for another")
}

impl std::fmt::Debug for OneTimeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneTimeToken").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Env, mint, parse};

    #[test]
    fn a_token_opens_until_its_end_and_is_judged_before_the_database_is_asked() {
        let env = Env::new("test").unwrap();
        let minted = mint(&env, TokenKind::Reset).unwrap();
        let now = kernel::Clock::system().now();
        let stored = OneTimeToken {
            secret_hash: minted.hash.as_bytes().to_vec(),
            purpose: TokenKind::Reset,
            user_id: UserId::new(),
            expires_at: now,
            is_open: true,
        };
        let presented = parse(&env, &minted.secret.reveal()).unwrap();
        assert!(stored.opens(&presented, now - TimeDelta::milliseconds(1)));
        assert!(!stored.opens(&presented, now));
        assert!(!OneTimeToken { is_open: false, ..stored }.opens(&presented, now - RESET_LIFE));
    }
}
