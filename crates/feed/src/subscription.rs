//! Named readers: their leases, cursors and acknowledgements, kept by the server.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::id::{LeaseId, SubscriptionId};
use kernel::{Clock, Code, Detail, Failure, PracticeId};
use schema::Tx;
use uuid::Uuid;

use crate::hub::Hub;
use crate::reader::Reader;
use crate::stream::Standing;

pub(crate) mod store;

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

/// Whether a lease still holds, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    Held,
    /// A newer stream has it.
    Lost,
    /// A seek ended it, and nobody has taken it since: its holder is nobody.
    Moved,
}

impl Hold {
    fn of(epoch: i64, in_force: i64, holder: Uuid) -> Self {
        match (epoch == in_force, holder.is_nil()) {
            (true, _) => Self::Held,
            (false, true) => Self::Moved,
            (false, false) => Self::Lost,
        }
    }

    /// # Errors
    /// `ABORTED`, with the reason why the lease is gone.
    pub(crate) fn check(self) -> Result<(), Failure> {
        match self {
            Self::Held => Ok(()),
            Self::Lost => Err(lease_lost()),
            Self::Moved => Err(subscription_moved()),
        }
    }
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

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn hold(&self, in_force: i64, holder: Uuid) -> Hold {
        Hold::of(self.epoch, in_force, holder)
    }

    pub(crate) async fn renew(&self, reader: &Reader) -> schema::Result<()> {
        let conn = reader.db().directory().await?;
        store::renew(&conn, self.subscription.uuid(), self.holder.uuid(), self.now() + LEASE).await
    }

    /// The stream has ended by itself: nobody is connected.
    pub(crate) async fn release(&self, reader: &Reader) -> schema::Result<()> {
        let conn = reader.db().directory().await?;
        store::renew(&conn, self.subscription.uuid(), self.holder.uuid(), self.now()).await
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
    pub practices: Vec<Standing>,
    holder: Uuid,
}

/// Whose subscription, and what it is called.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    pub account: Uuid,
    pub name: &'a str,
}

/// Where a seek goes.
#[derive(Debug, Clone)]
pub enum Target {
    /// Before the oldest event kept, in all practices.
    Beginning,
    /// After the last event, in all practices.
    Now,
    /// Practices not named stay.
    Positions(BTreeMap<PracticeId, i64>),
}

impl Reader {
    /// Opens the lease of a subscription, which is made if it is not there. The stream that had it ends.
    ///
    /// # Errors
    /// The database's.
    pub async fn lease(&self, name: Name<'_>, clock: &Clock, hub: &Hub) -> Result<Lease, Failure> {
        let holder = LeaseId::new();
        let now = clock.now();
        let conn = self.db().directory().await?;
        let fresh = SubscriptionId::new().uuid();
        let row = store::take_lease(&conn, name.account, name.name, fresh, holder.uuid(), now, now + LEASE).await?;
        hub.lease_taken();
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
        let row = row.ok_or_else(|| unknown(name))?;
        drop(conn);
        let id = SubscriptionId::from_uuid(row.id);
        let practices = self.standings(id, practices, &BTreeMap::new()).await?;
        let store::SubscriptionRow { id: _, created_at, epoch, holder, connected } = row;
        Ok(Subscription { id, epoch, connected, created_at, practices, holder })
    }

    /// Acknowledges everything up to the given positions. Positions never go back.
    ///
    /// # Errors
    /// `ABORTED / LEASE_LOST` or `SUBSCRIPTION_MOVED` for an epoch that is not in force, `INVALID_ARGUMENT` for a
    /// position that no event has.
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
        Hold::of(epoch, found.epoch, found.holder).check()?;
        not_ahead(&found.practices, positions)?;
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let (ids, at): (Vec<_>, Vec<_>) = positions.iter().map(|(p, at)| (p.uuid(), *at)).unzip();
        let conn = self.db().directory().await?;
        let rows = store::acknowledge(&conn, found.id.uuid(), epoch, &ids, &at, now).await?;
        if rows.is_empty() {
            return Err(lease_lost());
        }
        hub.acknowledged(found.id);
        let cursor = |row: store::CursorRow| Cursor {
            practice: PracticeId::from_uuid(row.practice_id),
            acked: row.acked_position,
        };
        Ok(rows.into_iter().map(cursor).collect())
    }

    /// Where a seek of the practices would lead: the subscription as it will be, but for its epoch.
    ///
    /// # Errors
    /// `NOT_FOUND`; `INVALID_ARGUMENT` for a position that no event has, `OUT_OF_RANGE` for one whose events are gone.
    pub async fn plan_seek(
        &self,
        name: Name<'_>,
        practices: &[PracticeId],
        target: &Target,
        now: DateTime<Utc>,
    ) -> Result<(Subscription, BTreeMap<PracticeId, i64>), Failure> {
        let mut found = self.subscription(name, practices, now).await?;
        let to = match target {
            Target::Beginning => found.practices.iter().map(|s| (s.practice, s.first - 1)).collect(),
            Target::Now => found.practices.iter().map(|s| (s.practice, s.head)).collect(),
            Target::Positions(positions) => {
                not_ahead(&found.practices, positions)?;
                for standing in &found.practices {
                    if let Some(at) = positions.get(&standing.practice) {
                        standing.check_kept(*at)?;
                    }
                }
                positions.clone()
            }
        };
        found.practices = self.standings(found.id, practices, &to).await?;
        found.connected = false;
        Ok((found, to))
    }
}

/// Moves the cursors and ends the open stream, in the caller's transaction; answers the new epoch. Once it is committed,
/// [`moved`] tells the streams of this process.
///
/// # Errors
/// `NOT_FOUND`, or the database's.
pub async fn seek(tx: &Tx<'_>, name: Name<'_>, to: &BTreeMap<PracticeId, i64>) -> Result<i64, Failure> {
    let (ids, at): (Vec<_>, Vec<_>) = to.iter().map(|(p, at)| (p.uuid(), *at)).unzip();
    let epoch = store::seek(tx, name.account, name.name, &ids, &at, tx.scope().now()).await?;
    epoch.ok_or_else(|| unknown(name))
}

/// See [`seek`].
pub fn moved(hub: &Hub) {
    hub.lease_taken();
}

fn unknown(name: Name<'_>) -> Failure {
    Failure::not_found("subscription", name.name)
}

/// Nobody can have read what did not happen yet.
pub(crate) fn not_ahead(standings: &[Standing], positions: &BTreeMap<PracticeId, i64>) -> Result<(), Failure> {
    let is_ahead = |s: &&Standing| positions.get(&s.practice).is_some_and(|position| *position > s.head);
    let Some(standing) = standings.iter().find(is_ahead) else { return Ok(()) };
    Err(Failure::new(Code::InvalidArgument, "POSITION_NOT_SENT", "a position was named that no event has yet").detail(
        Detail::Facts(vec![
            ("practice_id", standing.practice.to_string()),
            ("head_position", standing.head.to_string()),
        ]),
    ))
}

/// A newer stream took the subscription over.
#[must_use]
pub fn lease_lost() -> Failure {
    Failure::new(
        Code::Aborted,
        "LEASE_LOST",
        "a newer stream of this subscription has taken over; subscribe again if it is not yours",
    )
}

/// A seek ended the stream.
#[must_use]
pub fn subscription_moved() -> Failure {
    Failure::new(Code::Aborted, "SUBSCRIPTION_MOVED", "the subscription was moved; subscribe again to go on from there")
}
