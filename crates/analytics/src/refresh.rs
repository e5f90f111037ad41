//! Keeps the summaries in step with what they count.
//!
//! Figures are never added up from events: a day that something touched is counted anew from sessions and claims.
//! So it does no harm to count a day once too often, and a rebuild gives the same figures. The days to count are
//!
//! - those of the claims that the feed's new events name: exact, by position;
//! - those of sessions with a recent `updated_at`, as sessions emit no events. `updated_at` is taken before the
//!   commit, so the look reaches [`OVERLAP`] further back than the last refresh;
//! - those whose number of booked sessions is not what it was. A session that moved leaves nothing on its old day
//!   but this difference, and only booked sessions move.
//!
//! A change of a session that takes longer than the overlap to commit can therefore wait for the next change of its
//! day, or for [`rebuild`]. Claims can't be missed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::method::{Method, PhiUse};
use kernel::page::TokenKey;
use kernel::scope::Facts;
use kernel::{Clock, Failure, Permission, PracticeId, Scope};
use schema::{Db, Outcome};

mod store;

/// How long after its `updated_at` a session's change is still expected to appear.
pub const OVERLAP: TimeDelta = TimeDelta::minutes(2);
/// How often the heads are looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// What a refresh may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What counting everything anew may take.
const REBUILD_PATIENCE: Duration = Duration::from_secs(3600);

/// The job as the trail and the logs would name it.
static JOB: Method = Method {
    path: "analytics.refresh",
    permission: Permission::MetricsRead,
    phi: PhiUse::None,
    mutates: true,
    streams: false,
};

/// Which days are counted anew.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Days {
    /// Those that changed since.
    Touched {
        after: i64,
        since: DateTime<Utc>,
    },
    All,
}

/// Refreshes all practices, one after the other. One per process; several processes are in nobody's way.
#[derive(Debug)]
pub struct Refresher {
    app: Db,
    audit: Db,
    clock: Clock,
    /// The audit heads of the last pass.
    seen: HashMap<PracticeId, i64>,
}

impl Refresher {
    /// `app` logs in as `claims_app`; `audit` as `claims_audit`, the one role that sees all audit heads: they tell
    /// which practices changed, sessions included. One connection of each is in use at a time.
    #[must_use]
    pub fn new(app: Db, audit: Db, clock: Clock) -> Self {
        Self { app, audit, clock, seen: HashMap::new() }
    }

    /// Refreshes until the shutdown. What is under way then is rolled back, and done by the next start.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let forever = async {
            let mut tick = tokio::time::interval(INTERVAL);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                if let Err(error) = self.pass().await {
                    tracing::warn!(cause = %error, "audit heads could not be read");
                }
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = forever => {}
        }
    }

    /// Looks at every practice whose audit head moved since the last pass; answers how many were refreshed.
    ///
    /// A practice that can't be refreshed is logged and tried again by the next pass.
    ///
    /// # Errors
    /// When the heads can't be read.
    pub async fn pass(&mut self) -> schema::Result<u32> {
        let mut refreshed = 0;
        for (practice, head) in audit::heads(&self.audit).await? {
            if self.seen.get(&practice) == Some(&head) {
                continue;
            }
            match refresh(&self.app, &self.clock, practice).await {
                Ok(did) => {
                    refreshed += u32::from(did);
                    self.seen.insert(practice, head);
                }
                Err(failure) => {
                    tracing::warn!(practice.id = %practice, cause = %failure, "summaries could not be refreshed");
                }
            }
        }
        Ok(refreshed)
    }
}

/// Counts a practice's touched days anew, if any; answers whether there were.
///
/// # Errors
/// The database's failure; then nothing has changed.
pub async fn refresh(db: &Db, clock: &Clock, practice: PracticeId) -> Result<bool, Failure> {
    let scope = scope(clock, practice, PATIENCE);
    let is_due = db.read_one(&scope, async |tx| Ok(store::is_due(tx, OVERLAP).await?)).await?;
    if is_due {
        count(db, &scope, false).await?;
    }
    Ok(is_due)
}

/// Counts all of a practice's days anew.
///
/// # Errors
/// The database's failure; then nothing has changed.
pub async fn rebuild(db: &Db, clock: &Clock, practice: PracticeId) -> Result<(), Failure> {
    count(db, &scope(clock, practice, REBUILD_PATIENCE), true).await
}

/// One transaction: figures and watermark move together. The watermark's lock lets one refresh of a practice run at
/// a time; the next one begins where it ended.
async fn count(db: &Db, scope: &Scope, all: bool) -> Result<(), Failure> {
    db.write(scope, None, || {
        async |tx| {
            let (mark, head) = store::lock(tx).await?;
            let days = match mark {
                Some(mark) if !all => Days::Touched { after: mark.position, since: mark.updated_at - OVERLAP },
                Some(_) | None => Days::All,
            };
            store::count(tx, days, head).await?;
            Ok(Outcome { value: (), stored: None })
        }
    })
    .await?;
    Ok(())
}

fn scope(clock: &Clock, practice: PracticeId, patience: Duration) -> Scope {
    let facts = Arc::new(Facts {
        request_id: String::new(),
        method: &JOB,
        peer: None,
        certificate: None,
        deadline: Instant::now() + patience,
        clock: clock.clone(),
        page_key: TokenKey::new(&[]),
        entries: AtomicU32::new(0),
    });
    Scope::system(practice, &facts)
}

#[cfg(test)]
mod tests;
