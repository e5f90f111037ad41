//! The tenant transaction: everything that happens to one practice in one request, or nothing of it.
//!
//! Statements of one flight are written to the socket together and answered together, so isolation costs no
//! round trip: `BEGIN` and `tenancy.enter` travel with the body's first statements, the steps (audit entry,
//! feed event, stored answer) travel with `COMMIT`. Every answer is looked at, because PostgreSQL answers the
//! `COMMIT` of an aborted transaction without an error.

use std::fmt;
use std::sync::Mutex;

use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::{BoxFuture, join_all};
use futures_util::join;
use kernel::{Failure, Scope};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::sql::{Begin, BeginReadOnly, Commit, Enter, Rollback};

/// When a step runs. The order is the lock order: domain rows come first, then these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Domain rows whose answer nobody waits for.
    Rows,
    /// The stored answer of an idempotent request.
    Answer,
    /// `audit.heads`.
    Audit,
    /// `feed.heads`.
    Feed,
}

/// Something that must be in the same transaction and goes out with its `COMMIT`.
pub trait Step: Send + Sync {
    fn stage(&self) -> Stage;

    /// Sends its statement when first polled.
    fn run<'a>(&'a self, tx: &'a Tx<'_>) -> BoxFuture<'a, Result<(), Failure>>;

    /// Called once the commit is known to be durable.
    fn committed(&self) {}
}

/// An open transaction in a scope's practice. Stores accept nothing else.
pub struct Tx<'a> {
    conn: &'a AsyncPgConnection,
    scope: &'a Scope,
    steps: Mutex<Vec<Box<dyn Step>>>,
}

impl<'a> Tx<'a> {
    /// The connection, for `&mut tx.conn()`. Futures that are polled together share one flight.
    #[must_use]
    pub const fn conn(&self) -> &'a AsyncPgConnection {
        self.conn
    }

    #[must_use]
    pub const fn scope(&self) -> &'a Scope {
        self.scope
    }

    /// The tenant: every statement compares `practice_id` with it.
    #[must_use]
    pub const fn practice(&self) -> Uuid {
        self.scope.practice().uuid()
    }

    /// Adds a step to the commit.
    pub fn at_commit(&self, step: impl Step + 'static) {
        self.steps().push(Box::new(step));
    }

    /// Sends a statement together with the commit, for rows whose new content is known already. It saves a
    /// round trip; the statement must check that it touched what it meant to.
    pub fn defer<F>(&self, statement: F)
    where
        F: for<'t> Fn(&'t Tx<'_>) -> BoxFuture<'t, Result<(), Failure>> + Send + Sync + 'static,
    {
        self.at_commit(Deferred(statement));
    }

    fn steps(&self) -> std::sync::MutexGuard<'_, Vec<Box<dyn Step>>> {
        self.steps.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn take_steps(&self) -> Vec<Box<dyn Step>> {
        let mut steps = std::mem::take(&mut *self.steps());
        steps.sort_by_key(|step| step.stage());
        steps
    }

    async fn execute(
        &self,
        statement: impl diesel::query_builder::QueryFragment<diesel::pg::Pg> + diesel::query_builder::QueryId + Send,
    ) -> Result<()> {
        let mut conn = self.conn;
        statement.execute(&mut conn).await?;
        Ok(())
    }

    async fn enter(&self) -> Result<()> {
        let timeout_ms = i32::try_from(self.scope.time_left().as_millis()).unwrap_or(i32::MAX);
        self.execute(Enter { practice: self.practice(), timeout_ms }).await
    }
}

struct Deferred<F>(F);

impl<F> Step for Deferred<F>
where
    F: for<'t> Fn(&'t Tx<'_>) -> BoxFuture<'t, Result<(), Failure>> + Send + Sync,
{
    fn stage(&self) -> Stage {
        Stage::Rows
    }

    fn run<'a>(&'a self, tx: &'a Tx<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        (self.0)(tx)
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("practice", &self.scope.practice()).finish_non_exhaustive()
    }
}

/// A pooled connection that goes back to the pool only after its transaction was answered to the end.
///
/// A request that is cancelled in between drops this, and with it the connection: the next tenant can never
/// inherit an open transaction.
pub(crate) struct Lease(Option<Object<AsyncPgConnection>>);

impl Lease {
    pub(crate) const fn new(conn: Object<AsyncPgConnection>) -> Self {
        Self(Some(conn))
    }

    pub(crate) fn tx<'a>(&'a self, scope: &'a Scope) -> Result<Tx<'a>> {
        let conn = self.0.as_deref().ok_or(Error::Exhausted)?;
        Ok(Tx { conn, scope, steps: Mutex::default() })
    }

    /// The last statement was answered: nothing is open any more.
    pub(crate) fn settle(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(Object::take(conn));
        }
    }
}

/// A read of exactly one flight: whatever the body sends when it is first polled. What it sends later finds no
/// transaction and is refused by row-level security.
pub(crate) async fn one_flight<T>(
    tx: &Tx<'_>,
    body: impl AsyncFnOnce(&Tx<'_>) -> Result<T, Failure>,
) -> (Result<T, Failure>, Result<()>) {
    let (begin, enter, body, commit) = join!(tx.execute(BeginReadOnly), tx.enter(), body(tx), tx.execute(Commit));
    // an error of BEGIN or enter explains whatever the body met
    let opened = begin.and(enter);
    match opened {
        Ok(()) => (body, commit),
        Err(error) => (Err(error.into()), commit),
    }
}

/// Runs the body with BEGIN and enter in front of its first flight.
pub(crate) async fn open<T>(
    tx: &Tx<'_>,
    read_only: bool,
    body: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let begin = async { if read_only { tx.execute(BeginReadOnly).await } else { tx.execute(Begin).await } };
    let (begin, enter, body) = join!(begin, tx.enter(), body);
    begin.and(enter)?;
    body
}

/// Sends the steps and the commit in one flight, and tells the steps when it is done.
pub(crate) async fn commit(tx: &Tx<'_>) -> Result<(), Failure> {
    let steps = tx.take_steps();
    let sent = join_all(steps.iter().map(|step| step.run(tx)));
    let (answers, commit) = join!(sent, tx.execute(Commit));
    for answer in answers {
        answer?;
    }
    commit?;
    for step in &steps {
        step.committed();
    }
    Ok(())
}

pub(crate) async fn rollback(tx: &Tx<'_>) -> Result<()> {
    tx.execute(Rollback).await
}
