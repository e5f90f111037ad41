//! Reading the feed across practices, as the role `claims_feed`, whose policies allow exactly that.

use chrono::{DateTime, Utc};
use kernel::PracticeId;
use kernel::id::SubscriptionId;
use schema::{Db, Result};

use crate::event::Event;
use crate::store;
use crate::stream::Standing;
use crate::subscription::{Cursor, Lease};

/// The feed's own way to the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    db: Db,
}

/// A practice's heads and cursor, and since when something waits to be acknowledged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StandingAt {
    pub(crate) standing: Standing,
    /// Whether the subscription ever acknowledged an event of the practice.
    pub(crate) known: bool,
    pub(crate) oldest_unacked_at: Option<DateTime<Utc>>,
}

impl Reader {
    /// `db` must log in as `claims_feed`.
    #[must_use]
    pub const fn new(db: Db) -> Self {
        Self { db }
    }

    pub(crate) const fn db(&self) -> &Db {
        &self.db
    }

    /// The last position of every practice that has one.
    ///
    /// # Errors
    /// The database's.
    pub async fn heads(&self) -> Result<Vec<(PracticeId, i64)>> {
        let conn = self.db.directory().await?;
        let heads = store::heads(&conn).await?;
        Ok(heads.into_iter().map(|h| (PracticeId::from_uuid(h.practice_id), h.last_position)).collect())
    }

    /// Events of a practice in `(after, upto]`, in order; all of them when `topics` is empty.
    ///
    /// # Errors
    /// The database's.
    pub async fn after(
        &self,
        practice: PracticeId,
        after: i64,
        upto: i64,
        topics: &[String],
        limit: i64,
    ) -> Result<Vec<Event>> {
        let conn = self.db.directory().await?;
        store::after(&conn, practice.uuid(), after, upto, topics, limit).await
    }

    /// The last event at or before `position` that passes the filter; 0 when there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn previous(&self, practice: PracticeId, position: i64, topics: &[String]) -> Result<i64> {
        let conn = self.db.directory().await?;
        store::previous(&conn, practice.uuid(), position, topics).await
    }

    pub(crate) async fn standings(
        &self,
        id: SubscriptionId,
        practices: &[PracticeId],
    ) -> Result<Vec<(Standing, bool)>> {
        Ok(self.standings_at(id, practices).await?.into_iter().map(|s| (s.standing, s.known)).collect())
    }

    pub(crate) async fn standings_at(&self, id: SubscriptionId, practices: &[PracticeId]) -> Result<Vec<StandingAt>> {
        let conn = self.db.directory().await?;
        let practices: Vec<_> = practices.iter().map(|p| p.uuid()).collect();
        let rows = store::standings(&conn, id.uuid(), &practices).await?;
        Ok(rows
            .into_iter()
            .map(|row| StandingAt {
                standing: Standing {
                    practice: PracticeId::from_uuid(row.practice_id),
                    acked: row.acked_position.unwrap_or(0),
                    first: row.first_position,
                    head: row.last_position,
                },
                known: row.acked_position.is_some(),
                oldest_unacked_at: row.oldest_unacked_at,
            })
            .collect())
    }

    /// The first and last positions of practices, without a subscription.
    ///
    /// # Errors
    /// The database's.
    pub async fn ranges(&self, practices: &[PracticeId]) -> Result<Vec<Standing>> {
        Ok(self.standings(SubscriptionId::NIL, practices).await?.into_iter().map(|(standing, _)| standing).collect())
    }

    /// Renews a stream's lease; answers the epoch in force and the cursors.
    pub(crate) async fn progress(&self, lease: &Lease) -> Result<(i64, Vec<Cursor>)> {
        let epoch = lease.renew(self).await?;
        let conn = self.db.directory().await?;
        let rows = store::cursors(&conn, lease.subscription().uuid()).await?;
        Ok((
            epoch,
            rows.into_iter()
                .map(|r| Cursor { practice: PracticeId::from_uuid(r.practice_id), acked: r.acked_position })
                .collect(),
        ))
    }
}
