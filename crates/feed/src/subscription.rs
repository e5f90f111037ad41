//! Named readers: their cursors and acknowledgements, kept by the server.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::id::SubscriptionId;
use kernel::{Failure, PracticeId};
use uuid::Uuid;

use crate::hub::Hub;
use crate::reader::Reader;
use crate::standing::{Standing, not_ahead};

pub(crate) use self::lease::Hold;
pub use self::lease::{Lease, lease_lost, subscription_moved};
pub use self::seek::{Target, moved, seek};

mod lease;
mod seek;
pub(crate) mod store;

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

impl Reader {
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
}

fn unknown(name: Name<'_>) -> Failure {
    Failure::not_found("subscription", name.name)
}
