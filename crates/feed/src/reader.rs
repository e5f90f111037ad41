//! Reading the feed across practices, as the role `claims_feed`, whose policies allow exactly that.

use std::collections::BTreeMap;

use kernel::PracticeId;
use kernel::id::SubscriptionId;
use schema::{Db, Result};
use uuid::Uuid;

use crate::event::{self, Event};
use crate::standing::Standing;
use crate::subscription::{self, Cursor, Hold, Lease};

/// The feed's own way to the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    db: Db,
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
        let heads = event::store::heads(&conn).await?;
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
        event::store::after(&conn, practice.uuid(), after, upto, topics, limit).await
    }

    /// The last event at or before `position` that passes the filter; 0 when there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn previous(&self, practice: PracticeId, position: i64, topics: &[String]) -> Result<i64> {
        let conn = self.db.directory().await?;
        event::store::previous(&conn, practice.uuid(), position, topics).await
    }

    /// How far a subscription has read practices, or would have with the cursors in `at`.
    pub(crate) async fn standings(
        &self,
        id: SubscriptionId,
        practices: &[PracticeId],
        at: &BTreeMap<PracticeId, i64>,
    ) -> Result<Vec<Standing>> {
        let conn = self.db.directory().await?;
        let at: Vec<Option<i64>> = practices.iter().map(|p| at.get(p).copied()).collect();
        let practices: Vec<_> = practices.iter().map(|p| p.uuid()).collect();
        let rows = subscription::store::standings(&conn, id.uuid(), &practices, &at).await?;
        let standing = |row: subscription::store::StandingRow| Standing {
            practice: PracticeId::from_uuid(row.practice_id),
            acked: row.acked_position.unwrap_or(0),
            known: row.acked_position.is_some(),
            first: row.first_position,
            head: row.last_position,
            oldest_unacked_at: row.oldest_unacked_at,
        };
        Ok(rows.into_iter().map(standing).collect())
    }

    /// The first and last positions of practices, without a subscription.
    ///
    /// # Errors
    /// The database's.
    pub async fn ranges(&self, practices: &[PracticeId]) -> Result<Vec<Standing>> {
        self.standings(SubscriptionId::NIL, practices, &BTreeMap::new()).await
    }

    /// Which of the practices have told of which of the subjects.
    ///
    /// # Errors
    /// The database's.
    pub async fn practices_of(&self, subjects: &[Uuid], practices: &[PracticeId]) -> Result<Vec<(PracticeId, Uuid)>> {
        let conn = self.db.directory().await?;
        let practices: Vec<_> = practices.iter().map(|p| p.uuid()).collect();
        let rows = event::store::practices_of(&conn, subjects, &practices).await?;
        Ok(rows.into_iter().map(|row| (PracticeId::from_uuid(row.practice_id), row.subject_id)).collect())
    }

    /// Who holds the lease, and the cursors.
    pub(crate) async fn progress(&self, lease: &Lease) -> Result<(Hold, Vec<Cursor>)> {
        let conn = self.db.directory().await?;
        let mut hold = Hold::Lost;
        let mut cursors = Vec::new();
        for row in subscription::store::progress(&conn, lease.subscription().uuid()).await? {
            hold = lease.hold(row.epoch, row.holder);
            if let (Some(practice), Some(acked)) = (row.practice_id, row.acked_position) {
                cursors.push(Cursor { practice: PracticeId::from_uuid(practice), acked });
            }
        }
        Ok((hold, cursors))
    }
}
