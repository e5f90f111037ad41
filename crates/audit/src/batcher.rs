//! Group commit for the entries of reads: many callers, one transaction, one fsync.
//!
//! A caller gets its receipt when the batch that holds its entry is durable, and an error otherwise. Batches
//! form by themselves: while one is on its way to the disk, the next one gathers. Two are in flight at a time.

use std::sync::Arc;
use std::time::Duration;

use kernel::{AuditReceipt, Failure};
use schema::Db;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::entry::Entry;
use crate::seal::MacKeys;
use crate::store;

/// Entries in one batch at most.
const BATCH_MAX: usize = 64;
/// Entries that may wait; a fuller queue means that the disk does not keep up.
const QUEUE: usize = 4096;
/// How long a caller waits for its entry to be durable.
const PATIENCE: Duration = Duration::from_millis(500);
const IN_FLIGHT: usize = 2;

struct Job {
    entry: Entry,
    done: oneshot::Sender<bool>,
}

/// Takes entries and makes them durable.
#[derive(Debug, Clone)]
pub struct Batcher {
    queue: mpsc::Sender<Job>,
    keys: MacKeys,
}

/// The batcher's workers. They end when they are told to, or when the last [`Batcher`] is gone.
#[derive(Debug)]
pub struct Workers {
    workers: Vec<JoinHandle<()>>,
    ending: watch::Sender<bool>,
}

impl Workers {
    /// Takes no more entries, and waits until every queued one is written.
    pub async fn finished(self) {
        self.ending.send_replace(true);
        for worker in self.workers {
            // a worker that panicked has dropped its callers' channels: they were refused
            let _ = worker.await;
        }
    }
}

impl Batcher {
    /// Connections that [`Self::start`] makes use of.
    pub const CONNECTIONS: usize = IN_FLIGHT;

    /// Starts the workers on a database of the role `claims_audit`, which can add entries and nothing else.
    #[must_use]
    pub fn start(db: &Db, keys: MacKeys) -> (Self, Workers) {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let ending = watch::Sender::new(false);
        #[expect(
            clippy::disallowed_methods,
            reason = "the workers live as long as the batcher, Workers waits for them"
        )]
        let workers = (0..IN_FLIGHT)
            .map(|_| tokio::spawn(work(Arc::clone(&jobs), ending.subscribe(), db.clone(), keys.clone())))
            .collect();
        (Self { queue, keys }, Workers { workers, ending })
    }

    /// What entries are authenticated with.
    pub(crate) const fn keys(&self) -> &MacKeys {
        &self.keys
    }

    /// Waits until the entry is durable.
    ///
    /// # Errors
    /// `UNAVAILABLE / AUDIT_UNAVAILABLE` when the queue is full or the entry is not durable in time.
    /// The caller must then answer nothing.
    pub async fn record(&self, entry: Entry) -> Result<AuditReceipt, Failure> {
        let (done, durable) = oneshot::channel();
        self.queue.try_send(Job { entry, done }).map_err(|e| unavailable().caused_by(e.to_string()))?;
        match tokio::time::timeout(PATIENCE, durable).await {
            #[expect(clippy::disallowed_methods, reason = "the batch that holds the entry has committed")]
            Ok(Ok(true)) => Ok(AuditReceipt::issue()),
            Ok(_) | Err(_) => Err(unavailable()),
        }
    }
}

fn unavailable() -> Failure {
    Failure::unavailable("AUDIT_UNAVAILABLE", "the access could not be recorded, so it was not made")
}

/// Waits until the workers are told to end. When nobody is left who could, the last [`Batcher`] ends them.
async fn told(ending: &mut watch::Receiver<bool>) {
    if ending.wait_for(|end| *end).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn work(jobs: Arc<Mutex<mpsc::Receiver<Job>>>, mut ending: watch::Receiver<bool>, db: Db, keys: MacKeys) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        // the lock is held while waiting, so batches form in one worker while the other one writes
        let taken = {
            let mut jobs = jobs.lock().await;
            tokio::select! {
                biased;
                taken = jobs.recv_many(&mut batch, BATCH_MAX) => taken,
                () = told(&mut ending) => {
                    jobs.close();
                    jobs.recv_many(&mut batch, BATCH_MAX).await
                }
            }
        };
        if taken == 0 {
            return;
        }
        let (entries, callers): (Vec<_>, Vec<_>) = batch.drain(..).map(|job| (job.entry, job.done)).unzip();
        let written = write(&db, &keys, &entries).await;
        if let Err(error) = &written {
            tracing::error!(entries = entries.len(), cause = %error, "audit batch was not written");
        }
        for caller in callers {
            // a caller that has gone is no matter: its entry stands
            let _ = caller.send(written.is_ok());
        }
    }
}

/// One statement in autocommit: one transaction, one fsync.
async fn write(db: &Db, keys: &MacKeys, entries: &[Entry]) -> schema::Result<()> {
    let conn = db.directory().await?;
    store::append(&conn, keys, entries).await
}
