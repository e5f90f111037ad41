//! Moving a subscription: where a seek leads, and doing it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::{Failure, PracticeId};
use schema::Tx;

use super::{Name, Subscription, store, unknown};
use crate::hub::Hub;
use crate::reader::Reader;
use crate::standing::not_ahead;

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
