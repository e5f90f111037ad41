//! Practices whose head row somebody else holds locked: nothing of theirs can be recorded, and whoever waits for it
//! keeps a connection that others need.
//!
//! They are refused at once, but for one try a second, which finds out when the row is free again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

/// As long as a refused caller is asked to wait.
const PAUSE: Duration = Duration::from_secs(1);

/// Who is refused, and until when. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held(Arc<Mutex<HashMap<Uuid, Instant>>>);

impl Held {
    /// Whether it is worth waiting for the practice's head.
    pub(crate) fn admits(&self, practice: Uuid) -> bool {
        self.admits_at(practice, Instant::now())
    }

    fn admits_at(&self, practice: Uuid, now: Instant) -> bool {
        let mut all = self.all();
        let Some(until) = all.get_mut(&practice) else { return true };
        let is_due = *until <= now;
        if is_due {
            // this one tries; the others wait for what it finds
            *until = now + PAUSE;
        }
        is_due
    }

    /// Somebody has waited for the head in vain.
    pub(crate) fn note(&self, practice: Uuid) {
        self.all().insert(practice, Instant::now() + PAUSE);
    }

    /// Something was recorded.
    pub(crate) fn clear(&self, practices: impl IntoIterator<Item = Uuid>) {
        let mut all = self.all();
        if !all.is_empty() {
            for practice in practices {
                all.remove(&practice);
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Uuid, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_try_a_second_is_let_through_until_one_succeeds() {
        let (held, [locked, other]) = (Held::default(), [1, 2].map(Uuid::from_u128));
        let now = Instant::now();
        assert!(held.admits_at(locked, now));
        held.note(locked);
        assert!(held.admits_at(other, now), "the others go on");
        let admitted = |at: Duration| (0..10).filter(|_| held.admits_at(locked, now + at)).count();
        assert_eq!(admitted(PAUSE / 2), 0);
        assert_eq!(admitted(PAUSE * 2), 1);
        assert_eq!(admitted(PAUSE * 3), 1);
        held.clear([other]);
        assert_eq!(admitted(PAUSE * 3), 0);
        held.clear([locked]);
        assert_eq!(admitted(PAUSE * 3), 10);
    }
}
