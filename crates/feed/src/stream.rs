//! One subscriber's stream: reads what is new, keeps the window, notices grants, leases and the drain.
//!
//! The stream reads the table and remembers nothing but positions, so a slow consumer costs nothing: it is
//! stalled by its window and by the channel, and later reads on from where it stood.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::{Code, Failure, PracticeId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::event::Batch;
use crate::hub::Hub;
use crate::reader::Reader;
use crate::subscription::{Cursor, Lease};

/// Events per batch at most.
pub const BATCH_MAX: i64 = 500;
/// A sign of life when nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How late a revoked grant or token, or a lost lease, ends what it should end.
const RECHECK: Duration = Duration::from_secs(4);
/// How long a stream lives before it asks to be opened anew: 30 minutes, less up to a tenth by lot.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How long a stalled window waits before it looks for acknowledgements made through another process.
const STALL_POLL: Duration = Duration::from_millis(500);

/// Where a stream begins in practices that the subscription never acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// After the last acknowledged event, or from the oldest one kept.
    Resume,
    Beginning,
    Now,
}

/// What a subscriber asks for.
#[derive(Debug, Clone)]
pub struct Subscribe {
    pub start: Start,
    /// Exclusive positions that override `start`.
    pub positions: BTreeMap<PracticeId, i64>,
    /// Only events with one of these topics; all when empty.
    pub topics: Vec<String>,
    /// Events sent and not acknowledged at most.
    pub max_outstanding: i64,
}

/// How far a practice was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub practice: PracticeId,
    pub acked: i64,
    /// Position of the oldest event kept; 1 when none was let go.
    pub first: i64,
    pub head: i64,
}

/// What a stream tells.
#[derive(Debug)]
pub enum Message {
    Started {
        epoch: i64,
        practices: Vec<Standing>,
        max_outstanding: i64,
    },
    Batch(Batch),
    /// Up to where each practice was sent, counting what the filter kept back.
    Progress(Vec<(PracticeId, i64)>),
    Joined(Standing),
    Left(PracticeId),
    CursorTooOld {
        practice: PracticeId,
        requested: i64,
        first: i64,
    },
    Draining,
}

/// Asks again which practices the subscriber may read.
pub trait Grants: Send + Sync {
    /// # Errors
    /// When the credential is no longer good, or nobody can tell.
    fn practices(&self) -> BoxFuture<'_, Result<Vec<PracticeId>, Failure>>;
}

/// One practice within the stream.
#[derive(Debug, Clone, Copy)]
struct Lane {
    acked: i64,
    /// Read and sent, or kept back by the filter.
    sent: i64,
    /// The last event that passed the filter.
    matched: i64,
    /// What the last progress message told.
    told: i64,
    /// Set when the events asked for are gone: nothing of this practice follows.
    closed: bool,
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
    }

    async fn drive(&self) -> Result<(), End> {
        let mut woken = self.hub.woken();
        let mut draining = self.hub.draining();
        let mut lanes = self.open().await?;
        let mut turns: VecDeque<PracticeId> = lanes.keys().copied().collect();
        let now = Instant::now();
        let end = now + LIFETIME.mul_f64(self.lease.lot());
        let (mut beat, mut recheck) = (now + HEARTBEAT, now + RECHECK);
        loop {
            woken.mark_unchanged();
            let busy = self.send_next(&mut lanes, &mut turns).await?;
            let now = Instant::now();
            if *draining.borrow() || now >= end {
                self.send(Message::Draining).await?;
                return Ok(());
            }
            if now >= recheck {
                self.recheck(&mut lanes, &mut turns).await?;
                recheck = now + RECHECK;
            }
            if now >= beat {
                self.beat(&mut lanes).await?;
                beat = now + HEARTBEAT;
            }
            if busy {
                continue;
            }
            let stalled = self.room(&lanes) == 0;
            let until = if stalled { (now + STALL_POLL).min(recheck) } else { recheck.min(beat).min(end) };
            tokio::select! {
                _ = woken.changed() => {}
                _ = draining.wait_for(|d| *d) => {}
                () = self.out.closed() => return Ok(()),
                () = tokio::time::sleep_until(until) => {}
            }
            if stalled {
                self.refresh(&mut lanes).await?;
            }
        }
    }

    /// Tells where everything stands, and finds where each practice begins.
    async fn open(&self) -> Result<BTreeMap<PracticeId, Lane>, End> {
        let practices = self.grants.practices().await?;
        let standings = self.reader.standings(self.lease.subscription(), &practices).await.map_err(Failure::from)?;
        let started = standings.iter().map(|(standing, _)| *standing).collect();
        let (epoch, max_outstanding) = (self.lease.epoch(), self.request.max_outstanding);
        self.send(Message::Started { epoch, practices: started, max_outstanding }).await?;
        let mut lanes = BTreeMap::new();
        for (standing, known) in standings {
            lanes.insert(standing.practice, self.lane(standing, known).await?);
        }
        Ok(lanes)
    }

    async fn lane(&self, at: Standing, known: bool) -> Result<Lane, End> {
        self.hub.advanced(at.practice, at.head);
        let after = match self.request.positions.get(&at.practice) {
            Some(position) => *position,
            None if known => at.acked,
            None => match self.request.start {
                Start::Resume | Start::Beginning => at.first - 1,
                Start::Now => at.head,
            },
        };
        let closed = after < at.first - 1;
        if closed {
            self.send(Message::CursorTooOld { practice: at.practice, requested: after, first: at.first }).await?;
        }
        let matched = self.reader.previous(at.practice, after, &self.request.topics).await.map_err(Failure::from)?;
        Ok(Lane { acked: at.acked.max(after), sent: after, matched, told: after, closed })
    }

    /// How many more events may be sent before one must be acknowledged.
    fn room(&self, lanes: &BTreeMap<PracticeId, Lane>) -> i64 {
        let outstanding: i64 = lanes.values().map(|lane| (lane.sent - lane.acked).max(0)).sum();
        (self.request.max_outstanding - outstanding).max(0)
    }

    /// Sends the next batch of the next practice that has one; practices take turns.
    async fn send_next(
        &self,
        lanes: &mut BTreeMap<PracticeId, Lane>,
        turns: &mut VecDeque<PracticeId>,
    ) -> Result<bool, End> {
        let room = self.room(lanes);
        for _ in 0..turns.len() {
            let Some(practice) = turns.pop_front() else { break };
            turns.push_back(practice);
            let Some(lane) = lanes.get_mut(&practice) else { continue };
            let head = self.hub.head(practice);
            if lane.closed || lane.sent >= head || room == 0 {
                continue;
            }
            let limit = room.min(BATCH_MAX);
            let read = self
                .reader
                .after(practice, lane.sent, head, &self.request.topics, limit)
                .await
                .map_err(Failure::from)?;
            // fewer than asked for: everything up to the head was looked at
            let full = i64::try_from(read.len()).unwrap_or(i64::MAX) >= limit;
            let mut events = read;
            for event in &mut events {
                event.previous = std::mem::replace(&mut lane.matched, event.position);
            }
            lane.sent = if full { lane.matched } else { head };
            if !events.is_empty() {
                self.send(Message::Batch(Batch { practice, events })).await?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    async fn beat(&self, lanes: &mut BTreeMap<PracticeId, Lane>) -> Result<(), End> {
        let mut sent = Vec::new();
        for (practice, lane) in lanes.iter_mut().filter(|(_, lane)| lane.sent != lane.told) {
            lane.told = lane.sent;
            sent.push((*practice, lane.sent));
        }
        Ok(self.send(Message::Progress(sent)).await?)
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
            for (standing, known) in
                self.reader.standings(self.lease.subscription(), &joined).await.map_err(Failure::from)?
            {
                self.send(Message::Joined(standing)).await?;
                lanes.insert(standing.practice, self.lane(standing, known).await?);
                turns.push_back(standing.practice);
            }
        }
        self.refresh(lanes).await
    }

    async fn refresh(&self, lanes: &mut BTreeMap<PracticeId, Lane>) -> Result<(), End> {
        let (epoch, cursors) = self.reader.progress(&self.lease).await.map_err(Failure::from)?;
        if epoch != self.lease.epoch() {
            return Err(End::Failed(lease_lost()));
        }
        for Cursor { practice, acked } in cursors {
            if let Some(lane) = lanes.get_mut(&practice) {
                lane.acked = lane.acked.max(acked);
            }
        }
        Ok(())
    }

    async fn send(&self, message: Message) -> Result<(), Gone> {
        self.out.send(Ok(message)).await.map_err(|_closed| Gone)
    }
}

/// A newer stream, or a seek, took the subscription over.
#[must_use]
pub fn lease_lost() -> Failure {
    Failure::new(
        Code::Aborted,
        "LEASE_LOST",
        "a newer stream of this subscription has taken over; subscribe again if it is not yours",
    )
}
