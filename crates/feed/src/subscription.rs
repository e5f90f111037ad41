//! Named readers: their leases, cursors and acknowledgements, kept by the server.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::id::{LeaseId, SubscriptionId};
use kernel::{Clock, Code, Detail, Failure, PracticeId};

use crate::hub::Hub;
use crate::reader::Reader;
use crate::store;
use crate::stream::{Standing, lease_lost};

/// A lease that is not renewed this long counts as disconnected.
const LEASE: TimeDelta = TimeDelta::seconds(30);

/// The right to be *the* stream of a subscription. A newer one ends it.
#[derive(Debug, Clone)]
pub struct Lease {
    subscription: SubscriptionId,
    holder: LeaseId,
    epoch: i64,
    clock: Clock,
}

impl Lease {
    #[must_use]
    pub const fn subscription(&self) -> SubscriptionId {
        self.subscription
    }

    #[must_use]
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Renews the lease and answers the epoch in force.
    pub(crate) async fn renew(&self, reader: &Reader) -> schema::Result<i64> {
        let conn = reader.db().directory().await?;
        store::renew(&conn, self.subscription.uuid(), self.holder.uuid(), self.clock.now() + LEASE).await
    }

    /// A number of 0.9 to 1 that differs per stream, so that streams opened together don't end together.
    #[expect(clippy::float_arithmetic, reason = "a share of a duration, not money")]
    pub(crate) fn lot(&self) -> f64 {
        let byte = self.holder.uuid().as_bytes().last().copied().unwrap_or(0);
        1.0 - f64::from(byte) / 2550.0
    }
}

/// How far one practice was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub practice: PracticeId,
    pub acked: i64,
}

/// A subscription, as an operator wants to see it.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub epoch: i64,
    pub connected: bool,
    pub created_at: DateTime<Utc>,
    pub practices: Vec<(Standing, Option<DateTime<Utc>>)>,
}

/// Whose subscription, and what it is called.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    pub account: uuid::Uuid,
    pub name: &'a str,
}

impl Reader {
    /// Opens the lease of a subscription, which is made if it is not there.
    ///
    /// # Errors
    /// The database's.
    pub async fn lease(&self, name: Name<'_>, clock: &Clock) -> Result<Lease, Failure> {
        let holder = LeaseId::new();
        let now = clock.now();
        let conn = self.db().directory().await?;
        let fresh = SubscriptionId::new().uuid();
        let row = store::take_lease(&conn, name.account, name.name, fresh, holder.uuid(), now, now + LEASE).await?;
        Ok(Lease { subscription: SubscriptionId::from_uuid(row.id), holder, epoch: row.epoch, clock: clock.clone() })
    }

    /// The subscription and how far it has read the practices.
    ///
    /// # Errors
    /// `NOT_FOUND`, or the database's.
    pub async fn subscription(
        &self,
        name: Name<'_>,
        practices: &[PracticeId],
        now: DateTime<Utc>,
    ) -> Result<Subscription, Failure> {
        let conn = self.db().directory().await?;
        let row = store::subscription(&conn, name.account, name.name, now).await?;
        let row = row.ok_or_else(|| Failure::not_found("subscription", name.name))?;
        drop(conn);
        let id = SubscriptionId::from_uuid(row.id);
        let standings = self.standings_at(id, practices).await?;
        let practices = standings.into_iter().map(|s| (s.standing, s.oldest_unacked_at)).collect();
        Ok(Subscription { id, epoch: row.epoch, connected: row.connected, created_at: row.created_at, practices })
    }

    /// Acknowledges everything up to the given positions. Positions never go back.
    ///
    /// # Errors
    /// `ABORTED / LEASE_LOST` for an epoch that is not in force, `INVALID_ARGUMENT` for a position that no event has.
    pub async fn acknowledge(
        &self,
        name: Name<'_>,
        epoch: i64,
        positions: &BTreeMap<PracticeId, i64>,
        hub: &Hub,
        now: DateTime<Utc>,
    ) -> Result<Vec<Cursor>, Failure> {
        let practices: Vec<PracticeId> = positions.keys().copied().collect();
        let found = self.subscription(name, &practices, now).await?;
        if found.epoch != epoch {
            return Err(lease_lost());
        }
        for (standing, _) in &found.practices {
            if positions.get(&standing.practice).is_some_and(|position| *position > standing.head) {
                return Err(Failure::new(
                    Code::InvalidArgument,
                    "POSITION_NOT_SENT",
                    "a position was acknowledged that no event has yet",
                )
                .detail(Detail::Facts(vec![
                    ("practice_id", standing.practice.to_string()),
                    ("head_position", standing.head.to_string()),
                ])));
            }
        }
        let (ids, at): (Vec<_>, Vec<_>) = positions.iter().map(|(p, at)| (p.uuid(), *at)).unzip();
        let conn = self.db().directory().await?;
        let rows = store::acknowledge(&conn, found.id.uuid(), epoch, &ids, &at, now).await?;
        if rows.is_empty() && !ids.is_empty() {
            return Err(lease_lost());
        }
        hub.wake();
        Ok(rows
            .into_iter()
            .map(|row| Cursor { practice: PracticeId::from_uuid(row.practice_id), acked: row.acked_position })
            .collect())
    }

    /// Moves the cursors and ends the open stream.
    ///
    /// # Errors
    /// The database's.
    pub async fn seek(
        &self,
        id: SubscriptionId,
        positions: &BTreeMap<PracticeId, i64>,
        hub: &Hub,
        now: DateTime<Utc>,
    ) -> Result<i64, Failure> {
        let (ids, at): (Vec<_>, Vec<_>) = positions.iter().map(|(p, at)| (p.uuid(), *at)).unzip();
        let conn = self.db().directory().await?;
        let epoch = store::seek(&conn, id.uuid(), &ids, &at, now).await?;
        hub.wake();
        Ok(epoch)
    }
}
