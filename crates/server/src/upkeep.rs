//! What a database that is never left alone needs from time to time: partitions ahead, and old answers gone.

use std::time::Duration;

use kernel::Clock;
use schema::Db;
use schema::{idempotency, partitions};

/// How often it is done.
const EVERY: Duration = Duration::from_secs(3600);
/// Answers removed in one transaction, so that none holds its locks for long.
const BATCH: i32 = 1000;

/// Works until `ended`. What fails is said and tried again the next time.
pub async fn run(db: Db, clock: Clock, ended: impl Future<Output = ()>) {
    let working = async {
        loop {
            if let Err(error) = once(&db, &clock, BATCH).await {
                tracing::warn!(%error, "upkeep of the database failed; it is tried again in an hour");
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = working => {}
        () = ended => {}
    }
}

/// Makes the partitions of the next months, removes the answers older than 30 days, `batch` at a time, and tells how
/// many those were.
///
/// # Errors
/// The database's.
pub async fn once(db: &Db, clock: &Clock, batch: i32) -> schema::Result<u64> {
    partitions::make_ahead(db).await?;
    let mut purged = 0;
    loop {
        let removed = idempotency::purge(db, clock.now(), batch).await?;
        purged += u64::try_from(removed).unwrap_or(0);
        if removed < batch {
            return Ok(purged);
        }
    }
}
