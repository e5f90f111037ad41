//! Wakes streams: at once for commits of this process, within the poll interval for those of others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use kernel::PracticeId;
use kernel::id::SubscriptionId;
use tokio::sync::watch;

use crate::reader::Reader;

/// How late a commit of another process is noticed at most.
const POLL: Duration = Duration::from_millis(100);

/// What this process knows of the heads, and who wants to hear of it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    heads: RwLock<HashMap<PracticeId, i64>>,
    woken: watch::Sender<u64>,
    /// Counts the acknowledgements made here, per subscription.
    acknowledged: RwLock<HashMap<SubscriptionId, u64>>,
    /// Counts the leases that changed hands here.
    taken: AtomicU64,
    draining: watch::Sender<bool>,
}

impl Hub {
    #[expect(clippy::new_without_default, reason = "a process has one hub; a default would hide a second one")]
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            heads: RwLock::default(),
            woken: watch::Sender::new(0),
            acknowledged: RwLock::default(),
            taken: AtomicU64::new(0),
            draining: watch::Sender::new(false),
        }))
    }

    /// A commit of this process moved a head.
    pub fn advanced(&self, practice: PracticeId, position: i64) {
        if self.note(practice, position) {
            self.wake();
        }
    }

    /// Makes every stream look again.
    fn wake(&self) {
        self.0.woken.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// A subscription was acknowledged: its stream may have room again.
    pub(crate) fn acknowledged(&self, subscription: SubscriptionId) {
        let mut all = self.0.acknowledged.write().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(subscription).or_insert(0);
        *count = count.wrapping_add(1);
        drop(all);
        self.wake();
    }

    pub(crate) fn acknowledgements(&self, subscription: SubscriptionId) -> u64 {
        let all = self.0.acknowledged.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&subscription).copied().unwrap_or(0)
    }

    /// A lease changed hands: every stream of this process looks whether it was its own.
    pub(crate) fn lease_taken(&self) {
        self.0.taken.fetch_add(1, Ordering::Relaxed);
        self.wake();
    }

    pub(crate) fn leases_taken(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// Ends every stream cleanly; new ones end at once.
    pub fn drain(&self) {
        self.0.draining.send_replace(true);
    }

    /// Waits for the drain: the process is about to end.
    pub fn drained(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut draining = self.0.draining.subscribe();
        async move {
            // a hub that is gone drains nothing any more
            let _ = draining.wait_for(|d| *d).await;
        }
    }

    /// The last position known of a practice; 0 when none is.
    #[must_use]
    pub fn head(&self, practice: PracticeId) -> i64 {
        self.0.heads.read().unwrap_or_else(PoisonError::into_inner).get(&practice).copied().unwrap_or(0)
    }

    pub(crate) fn woken(&self) -> watch::Receiver<u64> {
        self.0.woken.subscribe()
    }

    pub(crate) fn draining(&self) -> watch::Receiver<bool> {
        self.0.draining.subscribe()
    }

    /// Heads only go up: late news is no news.
    fn note(&self, practice: PracticeId, position: i64) -> bool {
        let mut heads = self.0.heads.write().unwrap_or_else(PoisonError::into_inner);
        let head = heads.entry(practice).or_insert(0);
        let news = position > *head;
        *head = (*head).max(position);
        news
    }

    /// Reads the heads that other processes move, until the drain. One of these per process.
    pub async fn poll(self, reader: Reader) {
        let mut draining = self.draining();
        let mut tick = tokio::time::interval(POLL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = draining.wait_for(|d| *d) => return,
                _ = tick.tick() => {}
            }
            // nobody listens, nobody needs to know
            if self.0.woken.receiver_count() == 0 {
                continue;
            }
            match reader.heads().await {
                Ok(heads) => {
                    let mut news = false;
                    for (practice, position) in heads {
                        news |= self.note(practice, position);
                    }
                    if news {
                        self.wake();
                    }
                }
                Err(error) => tracing::warn!(cause = %error, "feed heads could not be read"),
            }
        }
    }
}
