//! Where a stream begins in each of its practices.

use std::collections::{BTreeMap, VecDeque};

use kernel::{Code, Detail, Failure, PracticeId};

use super::deliver::Lane;
use super::{End, Message, Start, Stream};
use crate::standing::{Standing, not_ahead};
use crate::subscription::{self, Hold};

/// Where a stream begins in a practice.
pub(super) struct Begin {
    pub(super) standing: Standing,
    after: i64,
    /// The events behind `after` are gone.
    too_old: bool,
}

impl Stream {
    /// Finds where each practice begins, keeps those places, and tells where everything stands.
    pub(super) async fn open(&self) -> Result<BTreeMap<PracticeId, Lane>, End> {
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
    pub(super) async fn begin(&self, practices: &[PracticeId]) -> Result<Vec<Begin>, End> {
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

    pub(super) async fn lane(&self, begin: &Begin) -> Result<Lane, End> {
        let Begin { standing: Standing { practice, first, head, .. }, after, too_old } = *begin;
        self.hub.advanced(practice, head);
        if too_old {
            self.send(Message::CursorTooOld { practice, requested: after, first }).await?;
        }
        let matched = self.reader.previous(practice, after, &self.request.topics).await.map_err(Failure::from)?;
        Ok(Lane { sent: after, matched, told: after, unacked: VecDeque::new(), closed: too_old })
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
