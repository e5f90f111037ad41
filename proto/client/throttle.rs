//! Stops retries when most calls fail, as gRPC A6 has it: a backend in trouble isn't helped by more calls.
use std::sync::atomic::{AtomicI32, Ordering};

// in tenths of a token
const FULL: i32 = 100;
const FAILURE: i32 = 10;
const SUCCESS: i32 = 1;

/// Tokens that failures take and successes give back slowly.
#[derive(Debug)]
pub(super) struct Throttle(AtomicI32);

impl Default for Throttle {
    fn default() -> Self {
        Self(AtomicI32::new(FULL))
    }
}

impl Throttle {
    pub(super) fn succeeded(&self) {
        self.add(SUCCESS);
    }

    /// Counts a failure that a retry could mend, and tells whether one may be tried.
    pub(super) fn failed(&self) -> bool {
        self.add(-FAILURE) > FULL / 2
    }

    fn add(&self, tokens: i32) -> i32 {
        let after = |before: i32| (before + tokens).clamp(0, FULL);
        // only the count matters, nothing is ordered by it
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| Some(after(before))) {
            Ok(before) | Err(before) => after(before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_failures_end_retries_until_successes_outweigh_them() {
        let throttle = Throttle::default();
        assert_eq!((1..=10).filter(|_| throttle.failed()).count(), 4);
        for _ in 0..60 {
            throttle.succeeded();
        }
        assert!(!throttle.failed());
        throttle.succeeded();
        for _ in 0..10 {
            throttle.succeeded();
        }
        assert!(throttle.failed());
    }
}
