//! Chances that come out the same for the same seed and purpose, on every machine.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};

/// A stream of chances.
#[derive(Debug)]
pub struct Draw(StdRng);

impl Draw {
    /// The stream for one purpose; another purpose of the same seed has a stream of its own, so that
    /// adding a draw here changes nothing there.
    #[must_use]
    pub fn new(seed: u64, purpose: &[&str]) -> Self {
        let mut hash = OFFSET ^ seed;
        for part in purpose {
            // the separator keeps ("ab", "c") apart from ("a", "bc")
            for byte in part.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
            }
        }
        Self(StdRng::seed_from_u64(hash))
    }

    /// A number from 0 up to but without `n`; 0 when there is none.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.0.random_range(0..n) }
    }

    /// A number of a range, both ends included.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        if from < to { self.0.random_range(from..=to) } else { from }
    }

    /// True so many times in a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of these, each as likely as the others.
    pub fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let at = usize::try_from(self.below(from.len() as u64)).unwrap_or_default();
        from.get(at).copied().unwrap_or_default()
    }

    /// One of these, each as likely as its weight says.
    pub fn weighted<T: Copy + Default>(&mut self, from: &[(u64, T)]) -> T {
        let mut left = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in from {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *item,
            }
        }
        T::default()
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.0);
    }

    /// So many decimal digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap_or_default())).collect()
    }

    fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// The `request_id` of a step: the same whenever the step is repeated, so that repeating it changes nothing.
#[must_use]
pub fn request_id(seed: u64, step: &[&str]) -> String {
    let bytes = Draw::new(seed, step).bytes();
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

// FNV-1a
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_purpose_draw_the_same() {
        let draw = |seed, purpose: &[&str]| {
            let mut draw = Draw::new(seed, purpose);
            (0..20).map(|_| draw.below(1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, &["a", "b"]), draw(7, &["a", "b"]));
        assert_ne!(draw(7, &["a", "b"]), draw(8, &["a", "b"]));
        assert_ne!(draw(7, &["ab", "c"]), draw(7, &["a", "bc"]));
    }

    #[test]
    fn weights_are_kept() {
        let mut draw = Draw::new(1, &["weights"]);
        let mut seen = [0; 3];
        for _ in 0..10_000 {
            seen[draw.weighted(&[(60, 0), (30, 1), (10, 2)])] += 1;
        }
        assert!((5_700..6_300).contains(&seen[0]) && (2_700..3_300).contains(&seen[1]), "{seen:?}");
        assert_eq!(draw.weighted::<u8>(&[]), 0);
        assert_eq!(draw.pick::<u8>(&[]), 0);
    }

    #[test]
    fn request_ids_are_uuids_and_repeatable() {
        let id = request_id(5, &["schedule", "p1", "s1"]);
        assert_eq!(id, request_id(5, &["schedule", "p1", "s1"]));
        assert_ne!(id, request_id(5, &["schedule", "p1", "s2"]));
        assert!(id.parse::<kernel::id::SessionId>().is_ok(), "{id}");
    }
}
