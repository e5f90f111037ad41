//! The lease of a subscription: which stream of it is in force, and how one loses it.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::id::{LeaseId, SubscriptionId};
use kernel::{Clock, Code, Failure};
use uuid::Uuid;

use super::{Name, store};
use crate::hub::Hub;
use crate::reader::Reader;

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
    pub(super) fn of(epoch: i64, in_force: i64, holder: Uuid) -> Self {
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
