//! How long to wait before trying again: exponential, with jitter, so that clients don't come back all at once.
use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

/// The wait before the retry that follows the `failures`th failure in a row: anything up to a limit that doubles each time.
pub(crate) fn wait(failures: u32, first: Duration, most: Duration) -> Duration {
    let doublings = failures.saturating_sub(1).min(20);
    let limit = first.saturating_mul(1 << doublings).min(most);
    // every new RandomState has other keys: random enough to spread clients, without a dependency
    let random = RandomState::new().build_hasher().finish();
    let nanos = (limit.as_nanos() * u128::from(random)) >> u64::BITS;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_spread_below_a_limit_that_doubles_up_to_the_most() {
        let (first, most) = (Duration::from_millis(100), Duration::from_secs(1));
        for (failures, limit) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (u32::MAX, 1000)] {
            let waits: Vec<_> = (0..100).map(|_| wait(failures, first, most)).collect();
            let limit = Duration::from_millis(limit);
            assert!(waits.iter().all(|wait| *wait < limit), "{failures} failures");
            assert!(waits.iter().any(|wait| *wait > limit / 2), "{failures} failures");
            assert!(waits.iter().any(|wait| *wait < limit / 2), "{failures} failures");
        }
    }
}
