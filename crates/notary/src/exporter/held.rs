//! What the exporter knows of a practice, and when it is due.

use audit::merkle::Frontier;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::fault::Fault;
use super::ledger::Remembered;

/// A practice with new entries is checkpointed when that long has passed since the last time …
const EVERY: TimeDelta = TimeDelta::seconds(5);
/// … or that many entries are waiting.
const ENTRIES: u64 = 4096;
/// After that long a practice with a fault is looked at again: it may have been put right. If not, it is said again.
const AGAIN: TimeDelta = TimeDelta::minutes(10);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not yet compared with the store.
    #[default]
    Unchecked,
    Sound,
    Faulty(Fault, DateTime<Utc>),
}

/// A practice.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// Over the entries that were checkpointed.
    pub(super) frontier: Frontier,
    /// How far the database remembers it to be checkpointed.
    pub(super) remembered: u64,
    pub(super) standing: Standing,
    exported_at: Option<DateTime<Utc>>,
    /// Of the newest checkpoint; the next one's is no earlier whatever the clock says, so the newest is found by name.
    day: Option<NaiveDate>,
    pub(super) failed_at: Option<DateTime<Utc>>,
}

/// Whether at least that long has passed; or less than nothing, which is a clock that was put back.
fn passed(since: DateTime<Utc>, long: TimeDelta, now: DateTime<Utc>) -> bool {
    !(TimeDelta::zero()..long).contains(&(now - since))
}

impl Held {
    pub(super) fn is_due(&self, head: u64, now: DateTime<Utc>, last: bool) -> bool {
        let size = self.frontier.size();
        match (self.standing, self.failed_at) {
            (Standing::Faulty(_, since), _) => passed(since, AGAIN, now),
            // rolled back
            _ if head < size => true,
            _ if head == size => false,
            _ if last => true,
            (_, Some(failed_at)) => passed(failed_at, EVERY, now),
            _ => head - size >= ENTRIES || self.exported_at.is_none_or(|at| passed(at, EVERY, now)),
        }
    }

    /// The day that the next checkpoint is filed under.
    pub(super) fn next_day(&self, now: DateTime<Utc>) -> NaiveDate {
        self.day.map_or_else(|| now.date_naive(), |day| day.max(now.date_naive()))
    }

    /// A checkpoint of the store is the newest.
    pub(super) fn at_least(&mut self, day: NaiveDate) {
        self.day = self.day.max(Some(day));
    }

    /// The store failed, and may have stored the checkpoint nonetheless.
    pub(super) fn failed(&mut self, now: DateTime<Utc>) {
        self.failed_at = Some(now);
        self.standing = Standing::Unchecked;
    }

    pub(super) fn faulty(&mut self, fault: Fault, now: DateTime<Utc>) {
        self.failed_at = None;
        self.standing = Standing::Faulty(fault, now);
    }

    /// A checkpoint is stored and remembered.
    pub(super) fn advance(&mut self, to: Remembered, day: NaiveDate) {
        let Remembered { practice: _, frontier, exported_at } = to;
        let day = self.day.max(Some(day));
        *self = Self {
            remembered: frontier.size(),
            frontier,
            standing: Standing::Sound,
            exported_at: Some(exported_at),
            day,
            failed_at: None,
        };
    }
}

impl From<Remembered> for Held {
    fn from(row: Remembered) -> Self {
        let Remembered { practice: _, frontier, exported_at } = row;
        let day = Some(exported_at.date_naive());
        Self { remembered: frontier.size(), frontier, exported_at: Some(exported_at), day, ..Self::default() }
    }
}
