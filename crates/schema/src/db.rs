//! The pool, and the only doors to it: a scope's transaction, and the directory for what has no tenant.

use std::fmt;
use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use kernel::{Failure, Scope};

use crate::error::{CONFLICT, Error, Result};
use crate::idempotency::{self, Once, Stored};
use crate::link::Link;
use crate::tx::{self, Lease, Tx};

/// How long a request waits for a connection at most, whatever its deadline.
const POOL_WAIT: Duration = Duration::from_secs(5);
/// How often a transaction that lost against another one is run anew.
const ATTEMPTS: u32 = 4;
/// Our statements have fixed texts, and plans which are as good for any parameters. Left alone, PostgreSQL plans a
/// statement anew on every call when the first five happened to be cheap; for the audit batch that costs as much as
/// running it.
const SETTINGS: &str = "SET application_name = 'claimsd'; SET plan_cache_mode = force_generic_plan";

/// The database, as one role. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool<AsyncPgConnection>,
}

/// How a write ended.
#[derive(Debug)]
pub enum Written<T> {
    /// The body ran and its effect is durable.
    Fresh(T),
    /// The same request had run before; this is its answer.
    Repeated(Stored),
}

/// What a write's body hands over: its result, and the answer to store for repeats.
#[derive(Debug)]
pub struct Outcome<T> {
    pub value: T,
    /// Encoded only when the request asked for idempotency.
    pub stored: Option<Stored>,
}

impl Db {
    /// Prepares a pool; connections are made when needed.
    ///
    /// # Errors
    /// When the URL can't be read or is unsafe, or the pool can't be built.
    pub fn new(url: &str, connections: usize) -> Result<Self> {
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let link = Link::parse(url)?;
        config.custom_setup = Box::new(move |_url| connect(link.clone()).boxed());
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let pool = Pool::builder(manager).max_size(connections).build().map_err(|e| Error::Unreachable(Box::new(e)))?;
        Ok(Self { pool })
    }

    /// A read of one flight, as of one point in time: the body may only send statements when it is first polled
    /// (see [`Self::read`]).
    ///
    /// # Errors
    /// The body's failure, or the database's.
    pub async fn read_one<T>(
        &self,
        scope: &Scope,
        body: impl AsyncFnOnce(&Tx<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let lease = self.lease(scope.time_left()).await?;
        let tx = lease.tx(scope)?;
        let (value, committed) = tx::one_flight(&tx, body).await;
        drop(tx);
        if committed.is_ok() {
            lease.settle();
        }
        value
    }

    /// A read of several flights, as of one point in time.
    ///
    /// # Errors
    /// The body's failure, or the database's.
    pub async fn read<T>(
        &self,
        scope: &Scope,
        body: impl AsyncFnOnce(&Tx<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let lease = self.lease(scope.time_left()).await?;
        let tx = lease.tx(scope)?;
        let value = tx::open(&tx, true, body(&tx)).await;
        let ended = tx::rollback(&tx).await;
        drop(tx);
        if ended.is_ok() {
            lease.settle();
        }
        value
    }

    /// A change: the body's statements, its steps and the stored answer are durable together or not at all.
    ///
    /// A transaction that loses against another one is rolled back and run anew, so the body must hold no
    /// effect but statements and steps.
    ///
    /// # Errors
    /// The body's failure, or the database's.
    pub async fn write<T, B>(
        &self,
        scope: &Scope,
        once: Option<&Once>,
        mut body: impl FnMut() -> B,
    ) -> Result<Written<T>, Failure>
    where
        B: AsyncFnOnce(&Tx<'_>) -> Result<Outcome<T>, Failure>,
    {
        let mut attempt = 1;
        loop {
            let lease = self.lease(scope.time_left()).await?;
            let tx = lease.tx(scope)?;
            let (result, settled) = attempt_write(&tx, once, body()).await;
            drop(tx);
            if settled {
                lease.settle();
            }
            match result {
                Err(failure) if failure.reason == CONFLICT && attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    /// A connection for the functions that answer what has no tenant: tokens, log-in, reference data.
    ///
    /// They run one statement each, in autocommit; the role can reach no tenant's rows through them.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn directory(&self) -> Result<Object<AsyncPgConnection>> {
        self.connection(POOL_WAIT).await
    }

    /// A connection that is nobody else's and ends when it is dropped, for what lasts as long as a session does.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn session(&self) -> Result<AsyncPgConnection> {
        Ok(Object::take(self.connection(POOL_WAIT).await?))
    }

    async fn lease(&self, time_left: Duration) -> Result<Lease> {
        self.connection(time_left.min(POOL_WAIT)).await.map(Lease::new)
    }

    async fn connection(&self, wait: Duration) -> Result<Object<AsyncPgConnection>> {
        match tokio::time::timeout(wait, self.pool.get()).await {
            Ok(Ok(conn)) => Ok(conn),
            Ok(Err(PoolError::Timeout(_))) | Err(_) => Err(Error::Exhausted),
            Ok(Err(error)) => Err(Error::Unreachable(Box::new(error))),
        }
    }
}

/// One attempt, and whether its transaction was answered to the end.
async fn attempt_write<T>(
    tx: &Tx<'_>,
    once: Option<&Once>,
    body: impl AsyncFnOnce(&Tx<'_>) -> Result<Outcome<T>, Failure>,
) -> (Result<Written<T>, Failure>, bool) {
    let claimed = async {
        match once {
            Some(once) => idempotency::claim(tx, once).await,
            None => Ok(None),
        }
    };
    // the body starts in the same flight as the look for an earlier run; if there was one, all it did is undone
    let opened = tx::open(tx, false, async { Ok(futures_util::join!(claimed, body(tx))) }).await;
    let outcome = match opened {
        Ok((Ok(None), Ok(outcome))) => outcome,
        Ok((Ok(Some(stored)), _)) => return (Ok(Written::Repeated(stored)), tx::rollback(tx).await.is_ok()),
        Ok((Err(failure), _)) | Ok((Ok(None), Err(failure))) | Err(failure) => {
            return (Err(failure), tx::rollback(tx).await.is_ok());
        }
    };
    if let (Some(once), Some(stored)) = (once, outcome.stored) {
        tx.at_commit(idempotency::Store { once: once.clone(), stored });
    }
    match tx::commit(tx).await {
        Ok(()) => (Ok(Written::Fresh(outcome.value)), true),
        // the connection may or may not be usable: it is closed
        Err(failure) => (Err(failure), false),
    }
}

async fn connect(link: Link) -> Result<AsyncPgConnection, ConnectionError> {
    let mut conn = link.connect().await?;
    conn.batch_execute(SETTINGS).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("pool", &self.pool.status()).finish()
    }
}
