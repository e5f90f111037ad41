//! Group commit for the entries of reads: many callers, one transaction, one fsync.
//!
//! A caller gets its receipt when the batch that holds its entry is durable, and an error otherwise. Batches
//! form by themselves: while one is on its way to the disk, the next one gathers.
//!
//! A practice whose head somebody else has locked is left out of its batch, so that the others go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel_async::AsyncPgConnection;
use kernel::{AuditReceipt, Failure};
use schema::Db;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::entry::Entry;
use crate::held::Held;
use crate::seal::MacKeys;
use crate::store;

/// Entries that may wait; a fuller queue means that the disk does not keep up.
const QUEUE: usize = 4096;
/// How long a caller waits for its entry to be durable.
const PATIENCE: Duration = Duration::from_millis(500);
/// When a database that says nothing is given up: nobody waits for the batch any more.
const GIVE_UP: Duration = Duration::from_secs(2);
/// What `bench audit` found best. While one batch is on its way the next one gathers; a second one beside it makes
/// both smaller, so that more commits are paid for as many entries.
pub const PACE: Pace = Pace { batch_max: 256, in_flight: 1 };

/// How batches form.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Entries in one batch at most.
    pub batch_max: usize,
    /// Batches on their way to the disk at a time.
    pub in_flight: usize,
}

/// Who waits for an entry to be durable.
type Caller = oneshot::Sender<bool>;

struct Job {
    entry: Entry,
    queued: Instant,
    done: Caller,
}

/// Takes entries and makes them durable.
#[derive(Debug, Clone)]
pub struct Batcher {
    queue: mpsc::Sender<Job>,
    keys: MacKeys,
    held: Held,
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
    pub const CONNECTIONS: usize = PACE.in_flight;

    /// Starts the workers on a database of the role `claims_audit`, which can add entries and nothing else.
    #[must_use]
    pub fn start(db: &Db, keys: MacKeys) -> (Self, Workers) {
        Self::start_at(PACE, db, keys)
    }

    /// The same at another pace, which needs as many connections as batches may be in flight.
    #[must_use]
    pub fn start_at(pace: Pace, db: &Db, keys: MacKeys) -> (Self, Workers) {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let ending = watch::Sender::new(false);
        let held = Held::default();
        let worker = || Worker { db: db.clone(), keys: keys.clone(), held: held.clone(), conn: None };
        #[expect(
            clippy::disallowed_methods,
            reason = "the workers live as long as the batcher, Workers waits for them"
        )]
        let workers = (0..pace.in_flight)
            .map(|_| tokio::spawn(work(Arc::clone(&jobs), ending.subscribe(), worker(), pace.batch_max)))
            .collect();
        (Self { queue, keys, held }, Workers { workers, ending })
    }

    /// What entries are authenticated with.
    pub(crate) const fn keys(&self) -> &MacKeys {
        &self.keys
    }

    /// Whose heads are not to be waited for.
    pub(crate) const fn held(&self) -> &Held {
        &self.held
    }

    /// Waits until the entry is durable.
    ///
    /// # Errors
    /// `UNAVAILABLE / AUDIT_UNAVAILABLE` when the queue is full, the entry is not durable in time, or
    /// somebody else holds the practice's head.
    /// The caller must then answer nothing.
    pub async fn record(&self, entry: Entry) -> Result<AuditReceipt, Failure> {
        if !self.held.admits(entry.practice) {
            return Err(unavailable());
        }
        let (done, durable) = oneshot::channel();
        self.queue
            .try_send(Job { entry, queued: Instant::now(), done })
            .map_err(|e| unavailable().caused_by(e.to_string()))?;
        match timeout(PATIENCE, durable).await {
            #[expect(clippy::disallowed_methods, reason = "the batch that holds the entry has committed")]
            Ok(Ok(true)) => Ok(AuditReceipt::issue()),
            Ok(_) | Err(_) => Err(unavailable()),
        }
    }
}

pub(crate) fn unavailable() -> Failure {
    Failure::unavailable("AUDIT_UNAVAILABLE", "the access could not be recorded, so it was not made")
}

/// Waits until the workers are told to end. When nobody is left who could, the last [`Batcher`] ends them.
async fn told(ending: &mut watch::Receiver<bool>) {
    if ending.wait_for(|end| *end).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn work(
    jobs: Arc<Mutex<mpsc::Receiver<Job>>>,
    mut ending: watch::Receiver<bool>,
    mut worker: Worker,
    batch_max: usize,
) {
    let mut batch = Vec::with_capacity(batch_max);
    loop {
        // the lock is held while waiting, so batches form in one worker while the other one writes
        let taken = {
            let mut jobs = jobs.lock().await;
            tokio::select! {
                biased;
                taken = jobs.recv_many(&mut batch, batch_max) => taken,
                () = told(&mut ending) => {
                    jobs.close();
                    jobs.recv_many(&mut batch, batch_max).await
                }
            }
        };
        if taken == 0 {
            return;
        }
        worker.take(std::mem::take(&mut batch)).await;
    }
}

/// Writes one batch at a time, on a connection of its own.
struct Worker {
    db: Db,
    keys: MacKeys,
    held: Held,
    conn: Option<AsyncPgConnection>,
}

impl Worker {
    /// Writes the batch and tells its callers. If a head can't be had, the batch goes without those that can't.
    async fn take(&mut self, batch: Vec<Job>) {
        // what waited while somebody found the head held need not find it again
        let (held, batch): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|job| self.held.since(job.queued, job.entry.practice));
        tell(held.into_iter().map(|job| job.done), false);
        let (entries, callers): (Vec<_>, Vec<_>) = batch.into_iter().map(|job| (job.entry, job.done)).unzip();
        if entries.is_empty() {
            return;
        }
        let mut written = self.write(&entries).await;
        let mut waiting = callers;
        if matches!(written, Err(schema::Error::Timeout)) {
            let jobs = entries.into_iter().zip(waiting).collect();
            let (entries, callers) = self.without_held(jobs).await;
            if entries.is_empty() {
                return;
            }
            written = self.write(&entries).await;
            waiting = callers;
        }
        if let Err(error) = &written {
            tracing::error!(entries = waiting.len(), cause = %error, "audit entries were not written");
        }
        tell(waiting, written.is_ok());
    }

    /// Refuses the entries whose heads somebody holds, and gives back the others.
    async fn without_held(&mut self, jobs: Vec<(Entry, Caller)>) -> (Vec<Entry>, Vec<Caller>) {
        let practices: Vec<_> = jobs.iter().map(|(entry, _)| entry.practice).collect();
        // if that can't be told, what is to be said is that nothing can be written
        let Ok(free) = self.ask(async |conn| store::free(conn, &practices).await).await else {
            return jobs.into_iter().unzip();
        };
        let (free, held): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|(entry, _)| free.contains(&entry.practice));
        for (entry, _) in &held {
            tracing::error!(practice.id = %entry.practice, "an audit entry was not written: somebody holds the head");
            self.held.note(entry.practice);
        }
        tell(held.into_iter().map(|(_, caller)| caller), false);
        free.into_iter().unzip()
    }

    /// One statement in autocommit: one transaction, one fsync.
    async fn write(&mut self, entries: &[Entry]) -> schema::Result<()> {
        let keys = self.keys.clone();
        self.ask(async |conn| store::append(conn, &keys, entries).await).await?;
        self.held.clear(entries.iter().map(|entry| entry.practice));
        Ok(())
    }

    /// Puts a question to the database, for as long as it makes sense to wait. A connection that fails is given up:
    /// what it would answer next is anybody's guess.
    async fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&AsyncPgConnection) -> schema::Result<T>,
    ) -> schema::Result<T> {
        let conn = self.conn.take();
        let answer = timeout(GIVE_UP, async {
            let conn = match conn {
                Some(conn) => conn,
                None => {
                    let conn = self.db.session().await?;
                    store::wait(&conn, store::IN_BATCH).await?;
                    conn
                }
            };
            let answer = question(&conn).await;
            Ok((conn, answer))
        });
        let (conn, answer) = answer.await.unwrap_or_else(|late| Err(schema::Error::Unreachable(Box::new(late))))?;
        // a lock that was not to be had says nothing of the connection
        self.conn = matches!(answer, Ok(_) | Err(schema::Error::Timeout)).then_some(conn);
        answer
    }
}

/// A caller that has gone is no matter: its entry stands.
fn tell(callers: impl IntoIterator<Item = Caller>, is_written: bool) {
    for caller in callers {
        let _ = caller.send(is_written);
    }
}
