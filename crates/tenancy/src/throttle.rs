//! Slows guessing down: log-ins that fail are counted per account and address, and per address.
//!
//! An attempt counts when it begins, so a burst of parallel guesses is counted too; one that succeeds is taken
//! back. The counters are this process's own: with several servers an attacker has that many times the attempts.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::error::Detail;
use kernel::{Code, Failure};
use moka::future::Cache;
use sha2::{Digest, Sha256};

/// Failures of one account from one address before it has to wait.
const ACCOUNT_MAX: u32 = 8;
/// Failures from one address, whatever the account; a whole clinic may share one.
const ADDRESS_MAX: u32 = 100;
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Counters kept; the least used are forgotten first.
const COUNTERS_MAX: u64 = 100_000;

/// Counts failed log-ins. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Throttle {
    accounts: Counters<(AccountDigest, Option<IpAddr>)>,
    addresses: Counters<Option<IpAddr>>,
}

/// Addresses of people are not kept in clear text for long.
type AccountDigest = [u8; 32];

/// An attempt that was let through, until it is known how it ended.
#[derive(Debug)]
pub struct Attempt([Arc<Mutex<Count>>; 2]);

/// Too many attempts failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    pub retry_after: Duration,
    /// The first refusal since the window began: worth an audit entry, the others are the same story.
    pub is_first: bool,
}

#[derive(Debug)]
struct Count {
    since: DateTime<Utc>,
    failed: u32,
}

#[derive(Debug, Clone)]
struct Counters<K: Hash + Eq + Send + Sync + 'static> {
    max: u32,
    counts: Cache<K, Arc<Mutex<Count>>>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { accounts: Counters::new(ACCOUNT_MAX), addresses: Counters::new(ADDRESS_MAX) }
    }
}

impl Throttle {
    /// Lets an attempt through, or tells when to come back.
    ///
    /// # Errors
    /// [`Throttled`].
    pub async fn admit(&self, account: &str, peer: Option<IpAddr>, now: DateTime<Utc>) -> Result<Attempt, Throttled> {
        let digest = Sha256::digest(account.trim().to_lowercase().as_bytes()).into();
        let account = self.accounts.admit((digest, peer), now).await?;
        let address = self.addresses.admit(peer, now).await?;
        Ok(Attempt([account, address]))
    }
}

impl Attempt {
    /// The log-in was good: the attempt doesn't count, and the account's earlier ones are forgiven.
    pub fn succeeded(self) {
        let [account, address] = self.0;
        lock(&account).failed = 0;
        let mut address = lock(&address);
        address.failed = address.failed.saturating_sub(1);
    }
}

impl From<Throttled> for Failure {
    fn from(throttled: Throttled) -> Self {
        Self::new(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS", "too many failed attempts; try again later")
            .detail(Detail::Retry(throttled.retry_after))
    }
}

impl<K: Hash + Eq + Send + Sync + 'static> Counters<K> {
    fn new(max: u32) -> Self {
        Self { max, counts: Cache::builder().max_capacity(COUNTERS_MAX).time_to_idle(WINDOW).build() }
    }

    async fn admit(&self, key: K, now: DateTime<Utc>) -> Result<Arc<Mutex<Count>>, Throttled> {
        let fresh = async { Arc::new(Mutex::new(Count { since: now, failed: 0 })) };
        let count = self.counts.get_with(key, fresh).await;
        let mut open = lock(&count);
        let window = TimeDelta::from_std(WINDOW).unwrap_or_default();
        if now - open.since >= window {
            *open = Count { since: now, failed: 0 };
        }
        open.failed = open.failed.saturating_add(1);
        if open.failed > self.max {
            let retry_after = (open.since + window - now).to_std().unwrap_or(WINDOW);
            return Err(Throttled { retry_after, is_first: open.failed == self.max + 1 });
        }
        drop(open);
        Ok(count)
    }
}

fn lock(count: &Mutex<Count>) -> std::sync::MutexGuard<'_, Count> {
    count.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
