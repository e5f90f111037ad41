//! One subscriber's stream: reads what is new, keeps the window, notices grants, leases and the drain.
//!
//! The stream reads the table and remembers nothing but positions, so a slow consumer costs nothing: it is
//! stalled by its window and by the channel, and later reads on from where it stood.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::{Failure, PracticeId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::deliver::Lane;
pub use self::message::{BATCH_MAX, Message, Start, Subscribe};
use crate::hub::Hub;
use crate::reader::Reader;
pub use crate::standing::Standing;
use crate::subscription::{Cursor, Lease};

mod begin;
mod deliver;
mod message;

/// A sign of life when nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How late a revoked grant or token, or a lost lease, ends what it should end.
const RECHECK: Duration = Duration::from_secs(4);
/// How long a stream lives before it asks to be opened anew: 30 minutes, less up to a tenth by lot.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How long a stalled window waits before it looks for acknowledgements made through another process.
const STALL_POLL: Duration = Duration::from_millis(500);

/// Shorter pauses are not worth a timer.
const PAUSE_MIN: Duration = Duration::from_millis(1);

/// Asks again which practices the subscriber may read.
pub trait Grants: Send + Sync {
    /// # Errors
    /// When the credential is no longer good, or nobody can tell.
    fn practices(&self) -> BoxFuture<'_, Result<Vec<PracticeId>, Failure>>;
}

/// Everything a stream needs; [`Stream::run`] drives it until its end.
pub struct Stream {
    pub reader: Reader,
    pub hub: Hub,
    pub grants: Box<dyn Grants>,
    pub lease: Lease,
    pub request: Subscribe,
    pub out: mpsc::Sender<Result<Message, Failure>>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("lease", &self.lease).finish_non_exhaustive()
    }
}

/// What this process has heard of leases and of the stream's acknowledgements.
#[derive(Clone, Copy, PartialEq, Eq)]
struct News {
    leases: u64,
    acknowledgements: u64,
}

/// The subscriber has gone.
struct Gone;

enum End {
    Gone,
    Failed(Failure),
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}
impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Stream {
    /// Runs until the subscriber leaves, the lease is lost, the credential ends, or it is time to reconnect.
    pub async fn run(self) {
        if let Err(End::Failed(failure)) = self.drive().await {
            // the subscriber may have gone meanwhile
            let _ = self.out.send(Err(failure)).await;
        }
        if let Err(error) = self.lease.release(&self.reader).await {
            // it runs out by itself
            tracing::warn!(cause = %error, "the lease of a stream that ended was not released");
        }
    }

    async fn drive(&self) -> Result<(), End> {
        let mut woken = self.hub.woken();
        let mut draining = self.hub.draining();
        let mut news = self.news();
        let mut lanes = self.open().await?;
        let mut turns: VecDeque<PracticeId> = lanes.keys().copied().collect();
        let now = Instant::now();
        let end = now + LIFETIME.mul_f64(self.lease.lot());
        let (mut beat, mut recheck, mut refresh) = (now + HEARTBEAT, now + RECHECK, now);
        loop {
            woken.mark_unchanged();
            let now = Instant::now();
            if *draining.borrow() || now >= end {
                self.send(Message::Draining).await?;
                return Ok(());
            }
            let stalled = self.room(&lanes) == 0;
            if now >= recheck {
                self.recheck(&mut lanes, &mut turns).await?;
                recheck = now + RECHECK;
            } else if news.leases != self.hub.leases_taken() || stalled && (now >= refresh || news != self.news()) {
                news = self.news();
                self.refresh(&mut lanes).await?;
                refresh = now + STALL_POLL;
            }
            if now >= beat {
                self.beat(&mut lanes).await?;
                beat = now + HEARTBEAT;
            }
            let looked = Instant::now();
            if self.send_next(&mut lanes, &mut turns).await? {
                continue;
            }
            // a stream over very many practices takes a while to look at them all, and must not do only that
            let pause = looked.elapsed() * 4;
            let rest = recheck.min(beat).min(end);
            let until = if self.room(&lanes) == 0 { rest.min(refresh) } else { rest };
            tokio::select! {
                _ = woken.changed() => {}
                _ = draining.wait_for(|d| *d) => {}
                () = self.out.closed() => return Ok(()),
                () = tokio::time::sleep_until(until) => {}
            }
            if pause > PAUSE_MIN {
                tokio::time::sleep(pause).await;
            }
        }
    }

    fn news(&self) -> News {
        News { leases: self.hub.leases_taken(), acknowledgements: self.hub.acknowledgements(self.lease.subscription()) }
    }

    /// Grants that came or went, acknowledgements, and whether the lease still holds.
    async fn recheck(
        &self,
        lanes: &mut BTreeMap<PracticeId, Lane>,
        turns: &mut VecDeque<PracticeId>,
    ) -> Result<(), End> {
        let granted = self.grants.practices().await?;
        for gone in lanes.keys().copied().filter(|p| !granted.contains(p)).collect::<Vec<_>>() {
            lanes.remove(&gone);
            turns.retain(|p| *p != gone);
            self.send(Message::Left(gone)).await?;
        }
        let joined: Vec<_> = granted.into_iter().filter(|p| !lanes.contains_key(p)).collect();
        if !joined.is_empty() {
            for begin in self.begin(&joined).await? {
                let practice = begin.standing.practice;
                self.send(Message::Joined(begin.standing)).await?;
                lanes.insert(practice, self.lane(&begin).await?);
                turns.push_back(practice);
            }
        }
        self.lease.renew(&self.reader).await.map_err(Failure::from)?;
        self.refresh(lanes).await
    }

    async fn refresh(&self, lanes: &mut BTreeMap<PracticeId, Lane>) -> Result<(), End> {
        let (hold, cursors) = self.reader.progress(&self.lease).await.map_err(Failure::from)?;
        hold.check()?;
        for Cursor { practice, acked } in cursors {
            if let Some(lane) = lanes.get_mut(&practice) {
                lane.acknowledged(acked);
            }
        }
        Ok(())
    }
}
