//! Refused calls: the first of its kind is written at once, its like are counted and written together.
//!
//! Nobody waits for these entries, as nothing was disclosed. A caller who is refused again and again costs one entry
//! a minute and kind, and every attempt is in one of them. When an entry may or may not have become durable, its
//! attempts are written once more: better counted twice than not at all.

mod counts;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use kernel::Clock;
use tokio_util::task::TaskTracker;

use self::counts::{Counts, Key};
use crate::batcher::Batcher;
use crate::entry::Entry;

/// How often it is looked whether something is due.
const TICK: Duration = Duration::from_secs(1);
/// Entries on their way to the batcher at a time; its queue is there for reads, too.
const AT_ONCE: usize = 64;
/// How often the last counts are tried to be written when the log can't be reached.
const LAST_TRIES: usize = 10;

/// Counts refusals and sees to it that they are written. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Denials(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    batcher: Batcher,
    clock: Clock,
    counts: Mutex<Counts>,
    writing: TaskTracker,
}

impl Denials {
    #[must_use]
    pub fn new(batcher: Batcher, clock: Clock) -> Self {
        Self(Arc::new(Inner { batcher, clock, counts: Mutex::default(), writing: TaskTracker::new() }))
    }

    /// Takes the entry of a refused call. Returns at once.
    pub fn note(&self, entry: Entry) {
        let now = self.0.clock.now();
        if let Some((key, entry)) = self.counts().note(entry, now) {
            let this = self.clone();
            self.0.writing.spawn(async move { this.write(key, entry).await });
        }
    }

    /// Writes counts when their time has come, until `ended`.
    pub async fn run(self, ended: impl Future<Output = ()>) {
        tokio::pin!(ended);
        loop {
            tokio::select! {
                () = &mut ended => return,
                () = tokio::time::sleep(TICK) => self.write_due().await,
            }
        }
    }

    /// Writes the counts whose time has come.
    pub async fn write_due(&self) {
        let due = self.counts().due(self.0.clock.now());
        self.write_all(due).await;
    }

    /// Writes all counts. For the end of the server, when no more calls come in.
    pub async fn finished(&self) {
        self.0.writing.close();
        self.0.writing.wait().await;
        for _try in 0..LAST_TRIES {
            let all = self.counts().all(self.0.clock.now());
            if all.is_empty() {
                return;
            }
            self.write_all(all).await;
        }
        let lost = self.counts().all(self.0.clock.now());
        if !lost.is_empty() {
            tracing::error!(entries = lost.len(), "counted refusals could not be recorded");
        }
    }

    async fn write_all(&self, mut entries: Vec<(Option<Key>, Entry)>) {
        while !entries.is_empty() {
            let rest = entries.split_off(entries.len().min(AT_ONCE));
            join_all(entries.into_iter().map(|(key, entry)| self.write(key, entry))).await;
            entries = rest;
        }
    }

    /// Makes an entry durable; where that fails, its attempts are counted for the next one.
    async fn write(&self, key: Option<Key>, entry: Entry) {
        if let Err(error) = self.0.batcher.record(entry.clone()).await {
            tracing::error!(reason = error.reason, attempts = entry.attempts, "a refusal could not be recorded");
            if let Some(key) = key {
                self.counts().put_back(&key, entry, self.0.clock.now());
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
