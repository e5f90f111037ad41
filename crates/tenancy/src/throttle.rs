//! Slows guessing down: log-ins that fail are counted per account and address, per account, and per address.
//!
//! The counts are in the database, so that a restart forgets none and all servers count together. An attempt counts
//! when it begins, so a burst of parallel guesses is counted too; one that succeeds is taken back, with what is
//! written for it. No account is ever shut: guessing from many addresses slows it down for addresses where nobody
//! has logged into it, and for them only.

mod store;

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use kernel::error::Detail;
use kernel::{Code, Failure};
use schema::Tx;
use sha2::{Digest, Sha256};

const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// Failures of one account from one address before it has to wait for the end of the window.
const PAIR_MAX: i32 = 8;
/// Failures of one account from wherever, before there is a pause between any two attempts.
const ACCOUNT_MAX: i32 = 40;
const ACCOUNT_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// Failures from one address, whatever the account; a whole clinic may share one.
const ADDRESS_MAX: i32 = 100;
/// For how long an address is at home in an account after a log-in.
const TRUSTED: TimeDelta = TimeDelta::days(30);

/// An attempt on an account from an address, by digests: who tries from where is not kept in clear text.
#[derive(Clone)]
pub struct Attempt {
    pair: [u8; 32],
    account: [u8; 32],
    address: [u8; 32],
}

/// Too many attempts failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    pub retry_after: Duration,
    /// The first refusal since the window began: worth an audit entry, the others are the same story.
    pub is_first: bool,
}

impl Attempt {
    /// On an account, as whoever tries it names it.
    #[must_use]
    pub fn new(account: &str, peer: Option<IpAddr>) -> Self {
        let account = Sha256::digest(account.trim().to_lowercase());
        let peer = peer.map(network).map_or_else(String::new, |peer| peer.to_string());
        let digest = |label: &str, parts: &[&[u8]]| -> [u8; 32] {
            let start = Sha256::new_with_prefix(label);
            parts.iter().fold(start, |hash, part| hash.chain_update(part)).finalize().into()
        };
        Self {
            pair: digest("pair", &[&account, peer.as_bytes()]),
            account: digest("account", &[&account]),
            address: digest("address", &[peer.as_bytes()]),
        }
    }

    /// Counts the attempt and lets it through, or tells when to come back. One statement, for a flight with others.
    ///
    /// # Errors
    /// The database's.
    pub async fn admit(&self, conn: &AsyncPgConnection, now: DateTime<Utc>) -> schema::Result<Result<(), Throttled>> {
        let refused = store::admit(conn, self, now).await?;
        Ok(refused.map_or(Ok(()), |(retry_at, is_first)| {
            Err(Throttled { retry_after: (retry_at - now).to_std().unwrap_or_default(), is_first })
        }))
    }

    /// The attempt was good: with the commit it is taken back, and the earlier ones from there are forgiven.
    pub fn succeeded(&self, tx: &Tx<'_>) {
        let attempt = self.clone();
        tx.defer(move |tx| {
            let attempt = attempt.clone();
            async move { Ok(store::forgive(tx, &attempt).await?) }.boxed()
        });
    }
}

/// Whoever has an IPv6 address has 2⁶⁴ of them.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl From<Throttled> for Failure {
    fn from(throttled: Throttled) -> Self {
        Self::new(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS", "too many failed attempts; try again later")
            .detail(Detail::Retry(throttled.retry_after))
    }
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attempt(..)")
    }
}

#[cfg(test)]
mod tests;
