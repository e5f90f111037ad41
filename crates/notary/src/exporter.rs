//! Writes checkpoints: the root of each practice's log, signed, as it grows.
//!
//! A round looks for practices that are due, computes their roots from the entries since the last time, stores the signed
//! checkpoints and, when they are durable, remembers how far it came. Wherever it dies, the next one compares what is
//! remembered with what is stored and goes on from there: the same log gives the same bytes, and a log that isn't the
//! same gets no signature any more. Of several servers one exports: who holds a lock of the database.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::join_all;
use kernel::status::chain;
use kernel::{Clock, PracticeId};
use schema::Db;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

mod draft;
mod fault;
mod held;
mod ledger;
mod term;

pub use fault::Fault;

use self::draft::Draft;
use self::term::Term;
use crate::keys::Keys;
use crate::store::{self, Store};

/// How often it looks for practices that are due.
const TICK: Duration = Duration::from_secs(1);
/// Checkpoints written at a time.
const AT_ONCE: usize = 32;
/// How long a round, and the last one after it, may take once the end is near.
const GRACE: Duration = Duration::from_secs(4);
/// How often a failure that lasts is said again.
const SAID: TimeDelta = TimeDelta::minutes(1);

/// Why a round was not complete. The next one makes up for it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database failed")]
    Database(#[from] schema::Error),
    #[error("checkpoints were not stored")]
    Store(#[from] store::Error),
}

/// How the export stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether this is the one exporter.
    pub leads: bool,
    /// Checkpoints that this exporter wrote.
    pub written: u64,
    /// Why checkpoints are waiting: what the last round failed with that was not complete.
    pub failing: Option<String>,
    /// Practices that are not signed for any more.
    pub faults: BTreeMap<PracticeId, Fault>,
}

/// Writes checkpoints as long as it has the lock.
pub struct Exporter {
    db: Db,
    store: Store,
    keys: Arc<Keys>,
    clock: Clock,
    term: Option<Term>,
    status: watch::Sender<Status>,
    /// When a failure that lasts was last said.
    said: Option<DateTime<Utc>>,
}

/// An exporter at work. It ends when it is told to, or when this is dropped.
#[derive(Debug)]
pub struct Running {
    work: JoinHandle<()>,
    end: oneshot::Sender<()>,
}

impl Running {
    /// Lets it write what is there, for a few seconds at most.
    pub async fn finished(self) {
        let _ = self.end.send(());
        // one that panicked has nothing left to write
        let _ = self.work.await;
    }
}

impl Exporter {
    /// Connections that it makes use of.
    pub const CONNECTIONS: usize = 1;

    /// An exporter on a database of the role `claims_archiver`.
    #[must_use]
    pub fn new(db: Db, store: Store, keys: Arc<Keys>, clock: Clock) -> Self {
        Self { db, store, keys, clock, term: None, status: watch::Sender::new(Status::default()), said: None }
    }

    /// How it stands, from now on.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Goes to work.
    #[must_use]
    pub fn start(self) -> Running {
        let (end, ended) = oneshot::channel::<()>();
        #[expect(clippy::disallowed_methods, reason = "it lives as long as Running, which waits for it")]
        let work = tokio::spawn(self.run(ended.map(drop)));
        Running { work, end }
    }

    /// Works until `ended`, and then writes what is left.
    pub async fn run(mut self, ended: impl Future<Output = ()>) {
        let ended = ended.shared();
        let working = async {
            while tokio::time::timeout(TICK, ended.clone()).await.is_err() {
                self.tell_round(false).await;
            }
            self.tell_round(true).await;
        };
        let overdue = async {
            ended.clone().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = working => {}
            () = overdue => tracing::warn!("the last checkpoints were not written in time; the next start writes them"),
        }
    }

    /// A round, whose failure is said: at once, and again every minute.
    async fn tell_round(&mut self, last: bool) {
        let outcome = self.round(last).await;
        let now = self.clock.now();
        match (outcome, self.said) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) if self.status.borrow().failing.is_some() => {}
            (Ok(()), Some(_)) => {
                tracing::info!("checkpoints of the audit log are written again");
                self.said = None;
            }
            (Err(_), Some(said)) if (TimeDelta::zero()..SAID).contains(&(now - said)) => {}
            (Err(error), _) => {
                tracing::error!(cause = %chain(&error), "checkpoints of the audit log can't be written; it is tried again");
                self.said = Some(now);
            }
        }
    }

    /// Writes the checkpoints that are due; with `last` those of all practices with new entries.
    ///
    /// # Errors
    /// What kept it from some of them. What was done counts.
    pub async fn round(&mut self, last: bool) -> Result<(), Error> {
        // not there again after an error of the database or a cancelled round: its connection ends, and the lock with it
        let taken = self.term.take();
        let outcome = async {
            let mut term = match taken {
                Some(term) => term,
                None => Term::open(&self.db).await?,
            };
            let failed = if term.take_lead().await? { self.export_due(&mut term, last).await? } else { None };
            Ok((term, failed))
        };
        let (outcome, leads, is_waiting) = match outcome.await {
            Ok((term, failed)) => {
                let (leads, is_waiting) = (term.leads, term.held.values().any(|held| held.failed_at.is_some()));
                self.term = Some(term);
                (failed.map_or(Ok(()), |error| Err(Error::Store(error))), leads, is_waiting)
            }
            Err(error) => (Err(Error::Database(error)), false, false),
        };
        self.status.send_modify(|status| {
            status.leads = leads;
            match &outcome {
                Err(error) => status.failing = Some(chain(error)),
                // what failed before is not due yet
                Ok(()) if is_waiting => {}
                Ok(()) => status.failing = None,
            }
        });
        outcome
    }

    /// Answers what the store failed with, if it did.
    async fn export_due(&self, term: &mut Term, last: bool) -> schema::Result<Option<store::Error>> {
        let now = self.clock.now();
        for some in term.due(now, last).await?.chunks(AT_ONCE) {
            let failed = self.export(term, some, now).await?;
            // the others have their turn in the next round, before those that failed
            if failed.is_some() {
                return Ok(failed);
            }
        }
        Ok(None)
    }

    async fn export(
        &self,
        term: &mut Term,
        some: &[(PracticeId, u64)],
        now: DateTime<Utc>,
    ) -> schema::Result<Option<store::Error>> {
        let mut failed = None;
        let mut newest = self.newest_of(term, some).await?;
        let mut drafts = Vec::new();
        for (practice, head) in some {
            let newest = match newest.remove(practice).transpose() {
                Ok(newest) => newest,
                Err(error) => {
                    term.held(*practice).failed(now);
                    failed = Some(error);
                    continue;
                }
            };
            match self.draft(term, *practice, *head, newest, now).await? {
                Ok(draft) => drafts.extend(draft),
                Err(fault) => self.fault(term, *practice, fault, now),
            }
        }
        let stored = join_all(drafts.iter().map(|draft| self.store.add(&draft.address, &draft.note))).await;
        let mut done = Vec::new();
        for (Draft { address, note: _, then }, stored) in drafts.into_iter().zip(stored) {
            match stored {
                Ok(()) => done.push((then, address.day)),
                Err(store::Error::Taken(address)) => {
                    self.fault(term, address.practice, Fault::Forked { address }, now);
                }
                Err(error) => {
                    term.held(address.practice).failed(now);
                    failed = Some(error);
                }
            }
        }
        self.status.send_modify(|status| status.written += done.len() as u64);
        term.remember(done).await?;
        Ok(failed)
    }

    fn fault(&self, term: &mut Term, practice: PracticeId, fault: Fault, now: DateTime<Utc>) {
        fault.tell(practice);
        term.held(practice).faulty(fault, now);
        self.status.send_modify(|status| {
            status.faults.insert(practice, fault);
        });
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").field("status", &self.status.borrow()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
