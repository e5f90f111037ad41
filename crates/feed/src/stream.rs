//! One subscriber's stream: reads what is new, keeps the window, notices grants, leases and the drain.
//!
//! The stream reads the table and remembers nothing but positions, so a slow consumer costs nothing: it is
//! stalled by its window and by the channel, and later reads on from where it stood.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use kernel::{Code, Detail, Failure, PracticeId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::event::{Batch, Event};
use crate::hub::Hub;
use crate::reader::Reader;
use crate::subscription::{self, Cursor, Hold, Lease, not_ahead};

/// Events per batch at most.
pub const BATCH_MAX: usize = 500;
/// Events read at a time: several batches, so that reading is not what a batch waits for.
const PAGE: i64 = 2000;
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
    /// Events per batch at most; never more than [`BATCH_MAX`].
    pub batch_max: usize,
}

/// How far a practice was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub practice: PracticeId,
    pub acked: i64,
    /// Whether the subscription keeps a place in this practice.
    pub known: bool,
    /// Position of the oldest event kept; 1 when none was let go.
    pub first: i64,
    pub head: i64,
    /// When the oldest event happened that is not acknowledged.
    pub oldest_unacked_at: Option<DateTime<Utc>>,
}

impl Standing {
    /// Whether everything behind the position can still be read.
    ///
    /// # Errors
    /// `OUT_OF_RANGE / CURSOR_TOO_OLD`, with the first position there is.
    pub fn check_kept(&self, after: i64) -> Result<(), Failure> {
        if after >= self.first - 1 {
            return Ok(());
        }
        Err(Failure::new(Code::OutOfRange, "CURSOR_TOO_OLD", "the events after this position are no longer kept")
            .detail(Detail::Facts(vec![
                ("practice_id", self.practice.to_string()),
                ("requested_position", after.to_string()),
                ("first_position", self.first.to_string()),
            ])))
    }
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
#[derive(Debug)]
struct Lane {
    /// Read and sent, or kept back by the filter.
    sent: i64,
    /// The last event that passed the filter.
    matched: i64,
    /// What the last progress message told.
    told: i64,
    /// Positions of events sent and not acknowledged, in order. What the filter kept back is nobody's to acknowledge.
    unacked: VecDeque<i64>,
    /// Set when the events asked for are gone: nothing of this practice follows.
    closed: bool,
}

impl Lane {
    fn acknowledged(&mut self, upto: i64) {
        while self.unacked.pop_front_if(|position| *position <= upto).is_some() {}
    }
}

/// What this process has heard of leases and of the stream's acknowledgements.
#[derive(Clone, Copy, PartialEq, Eq)]
struct News {
    leases: u64,
    acknowledgements: u64,
}

/// Where a stream begins in a practice.
struct Begin {
    standing: Standing,
    after: i64,
    /// The events behind `after` are gone.
    too_old: bool,
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

    /// Finds where each practice begins, keeps those places, and tells where everything stands.
    async fn open(&self) -> Result<BTreeMap<PracticeId, Lane>, End> {
        let practices = self.grants.practices().await?;
        let begins = self.begin(&practices).await?;
        let started = begins.iter().map(|begin| begin.standing).collect();
        let (epoch, max_outstanding) = (self.lease.epoch(), self.request.max_outstanding);
        self.send(Message::Started { epoch, practices: started, max_outstanding }).await?;
        let mut lanes = BTreeMap::new();
        for begin in begins {
            lanes.insert(begin.standing.practice, self.lane(&begin).await?);
        }
        Ok(lanes)
    }

    /// Where the stream begins in practices. A place that is not the kept one is kept from now on.
    async fn begin(&self, practices: &[PracticeId]) -> Result<Vec<Begin>, End> {
        let subscription = self.lease.subscription();
        let standings =
            self.reader.standings(subscription, practices, &BTreeMap::new()).await.map_err(Failure::from)?;
        not_ahead(&standings, &self.request.positions)?;
        let mut begins = Vec::with_capacity(standings.len());
        let mut moved = BTreeMap::new();
        for standing in standings {
            let given = self.request.positions.get(&standing.practice).copied();
            let after = match (given, self.request.start) {
                (Some(position), _) => position,
                (None, _) if standing.known => standing.acked,
                (None, Start::Resume | Start::Beginning) => standing.first - 1,
                (None, Start::Now) => standing.head,
            };
            if after > standing.head {
                return Err(diverged(&standing).into());
            }
            let too_old = after < standing.first - 1;
            if !too_old && (given.is_some() || !standing.known) {
                moved.insert(standing.practice, after);
            }
            begins.push(Begin { standing, after, too_old });
        }
        if moved.is_empty() {
            return Ok(begins);
        }
        self.keep(&moved).await?;
        let placed = self.reader.standings(subscription, practices, &moved).await.map_err(Failure::from)?;
        for (begin, standing) in begins.iter_mut().zip(placed) {
            begin.standing = standing;
        }
        Ok(begins)
    }

    async fn keep(&self, places: &BTreeMap<PracticeId, i64>) -> Result<(), Failure> {
        let (ids, at): (Vec<_>, Vec<_>) = places.iter().map(|(p, at)| (p.uuid(), *at)).unzip();
        let conn = self.reader.db().directory().await?;
        let (subscription, epoch) = (self.lease.subscription().uuid(), self.lease.epoch());
        let kept = subscription::store::place(&conn, subscription, epoch, &ids, &at, self.lease.now()).await?;
        if kept.is_empty() { Hold::Lost.check() } else { Ok(()) }
    }

    async fn lane(&self, begin: &Begin) -> Result<Lane, End> {
        let Begin { standing: Standing { practice, first, head, .. }, after, too_old } = *begin;
        self.hub.advanced(practice, head);
        if too_old {
            self.send(Message::CursorTooOld { practice, requested: after, first }).await?;
        }
        let matched = self.reader.previous(practice, after, &self.request.topics).await.map_err(Failure::from)?;
        Ok(Lane { sent: after, matched, told: after, unacked: VecDeque::new(), closed: too_old })
    }

    /// How many more events may be sent before one must be acknowledged.
    fn room(&self, lanes: &BTreeMap<PracticeId, Lane>) -> i64 {
        let outstanding: usize = lanes.values().map(|lane| lane.unacked.len()).sum();
        (self.request.max_outstanding - i64::try_from(outstanding).unwrap_or(i64::MAX)).max(0)
    }

    /// Sends the next events of the next practice that has some; practices take turns.
    async fn send_next(
        &self,
        lanes: &mut BTreeMap<PracticeId, Lane>,
        turns: &mut VecDeque<PracticeId>,
    ) -> Result<bool, End> {
        let limit = self.room(lanes).min(PAGE);
        for _ in 0..turns.len() {
            let Some(practice) = turns.pop_front() else { break };
            turns.push_back(practice);
            let Some(lane) = lanes.get_mut(&practice) else { continue };
            let head = self.hub.head(practice);
            if lane.closed || lane.sent >= head || limit == 0 {
                continue;
            }
            let read = self.reader.after(practice, lane.sent, head, &self.request.topics, limit).await;
            let mut events = read.map_err(Failure::from)?;
            for event in &mut events {
                event.previous = std::mem::replace(&mut lane.matched, event.position);
                lane.unacked.push_back(event.position);
            }
            // fewer than asked for: everything up to the head was looked at
            let full = i64::try_from(events.len()).unwrap_or(i64::MAX) >= limit;
            lane.sent = if full { lane.matched } else { head };
            self.send_all(practice, events).await?;
            return Ok(true);
        }
        Ok(false)
    }

    async fn send_all(&self, practice: PracticeId, mut events: Vec<Event>) -> Result<(), Gone> {
        let size = self.request.batch_max.clamp(1, BATCH_MAX);
        while !events.is_empty() {
            let rest = events.split_off(events.len().min(size));
            let batch = Batch { practice, events: std::mem::replace(&mut events, rest) };
            self.send(Message::Batch(batch)).await?;
        }
        Ok(())
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

    async fn send(&self, message: Message) -> Result<(), Gone> {
        self.out.send(Ok(message)).await.map_err(|_closed| Gone)
    }
}

/// More was acknowledged than there is: the database is not the one that it was.
fn diverged(standing: &Standing) -> Failure {
    Failure::new(
        Code::FailedPrecondition,
        "HISTORY_DIVERGED",
        "the subscription has acknowledged events that the feed does not have; compare the claims, then seek",
    )
    .detail(Detail::Facts(vec![
        ("practice_id", standing.practice.to_string()),
        ("acked_position", standing.acked.to_string()),
        ("head_position", standing.head.to_string()),
    ]))
}
