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

/// Who is refused. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held(Arc<Mutex<HashMap<Uuid, Found>>>);

/// How a head was found.
#[derive(Debug)]
struct Found {
    at: Instant,
    /// When it is looked at again.
    next: Instant,
}

impl Held {
    /// Whether it is worth waiting for the practice's head.
    pub(crate) fn admits(&self, practice: Uuid) -> bool {
        self.admits_at(practice, Instant::now())
    }

    fn admits_at(&self, practice: Uuid, now: Instant) -> bool {
        let mut all = self.all();
        let Some(found) = all.get_mut(&practice) else { return true };
        let is_due = found.next <= now;
        if is_due {
            // this one tries; the others wait for what it finds
            found.next = now + PAUSE;
        }
        is_due
    }

    /// Whether the head was found held after that moment.
    pub(crate) fn since(&self, moment: Instant, practice: Uuid) -> bool {
        self.all().get(&practice).is_some_and(|found| found.at > moment)
    }

    /// Somebody has waited for the head in vain.
    pub(crate) fn note(&self, practice: Uuid) {
        let now = Instant::now();
        self.all().insert(practice, Found { at: now, next: now + PAUSE });
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

    fn all(&self) -> MutexGuard<'_, HashMap<Uuid, Found>> {
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
        assert!(held.since(now, locked) && !held.since(Instant::now(), locked) && !held.since(now, other));
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
