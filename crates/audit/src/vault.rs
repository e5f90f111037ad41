//! The way to tenant data. It ties every answer to its audit entry.

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, join};
use kernel::phi::Disclosed;
use kernel::{AuditReceipt, Failure, Phi, Scope, Violations};
use prost::Message;
use schema::{Db, Once, Outcome, Stage, Step, Stored, Tx, Written};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::batcher::{Batcher, unavailable};
use crate::entry::{Action, Entry};
use crate::held::Held;
use crate::seal::MacKeys;
use crate::store;

/// The database and the batcher together. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vault {
    db: Db,
    batcher: Batcher,
}

/// What a change did: its entries, and its answer.
#[derive(Debug)]
pub struct Change<R> {
    entry: Entry,
    more: Vec<Entry>,
    response: Phi<R>,
}

impl<R> Change<R> {
    /// Records `action` on the rows of `what`.
    pub fn of<T: Disclosed>(scope: &Scope, action: Action, what: &T, response: Phi<R>) -> Self {
        Self::recorded(Entry::of(scope, action, what), response)
    }

    /// Records an entry made by hand.
    #[must_use]
    pub const fn recorded(entry: Entry, response: Phi<R>) -> Self {
        Self { entry, more: Vec::new(), response }
    }

    /// Records something else that it did, too.
    #[must_use]
    pub fn and(mut self, entry: Entry) -> Self {
        self.more.push(entry);
        self
    }
}

impl Vault {
    #[must_use]
    pub const fn new(db: Db, batcher: Batcher) -> Self {
        Self { db, batcher }
    }

    /// For what is not PHI: practices, therapists, payers, tokens.
    #[must_use]
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// For entries that stand alone: log-ins, refusals.
    #[must_use]
    pub const fn batcher(&self) -> &Batcher {
        &self.batcher
    }

    /// A read of one flight (see [`Db::read_one`]), answered once its entry is durable.
    ///
    /// # Errors
    /// The body's failure; `AUDIT_UNAVAILABLE` when the access could not be recorded.
    pub async fn read_one<T: Disclosed>(
        &self,
        scope: &Scope,
        body: impl AsyncFnOnce(&Tx<'_>) -> Result<Phi<T>, Failure>,
    ) -> Result<T, Failure> {
        let found = self.db.read_one(scope, body).await?;
        self.disclose(scope, found).await
    }

    /// A read of several flights, answered once its entry is durable.
    ///
    /// # Errors
    /// The body's failure; `AUDIT_UNAVAILABLE` when the access could not be recorded.
    pub async fn read<T: Disclosed>(
        &self,
        scope: &Scope,
        body: impl AsyncFnOnce(&Tx<'_>) -> Result<Phi<T>, Failure>,
    ) -> Result<T, Failure> {
        let found = self.db.read(scope, body).await?;
        self.disclose(scope, found).await
    }

    /// Records that `found` is shown to the caller, then opens it.
    ///
    /// # Errors
    /// `AUDIT_UNAVAILABLE` when the access could not be recorded.
    pub async fn disclose<T: Disclosed>(&self, scope: &Scope, found: Phi<T>) -> Result<T, Failure> {
        self.disclose_as(scope, Entry::of(scope, Action::View, &found), found).await
    }

    /// Records an entry made by hand, then opens what it speaks of.
    ///
    /// # Errors
    /// `AUDIT_UNAVAILABLE` when the access could not be recorded.
    pub async fn disclose_as<T>(&self, scope: &Scope, entry: Entry, found: Phi<T>) -> Result<T, Failure> {
        let receipt = self.batcher.record(entry).await?;
        scope.facts().note_entry();
        Ok(found.release(&receipt))
    }

    /// A change: rows, entry, events and the stored answer in one transaction. A repeat of the same request gets
    /// the stored answer, and an entry of its own.
    ///
    /// # Errors
    /// The body's failure, or `AUDIT_UNAVAILABLE` when its entries can't be written; then nothing has changed. The
    /// database's: if it can't be reached, nobody knows, and a repeat of the request tells.
    pub async fn write<R, B>(
        &self,
        scope: &Scope,
        once: Option<&Once>,
        mut body: impl FnMut() -> B,
    ) -> Result<R, Failure>
    where
        R: Message + Default,
        B: AsyncFnOnce(&Tx<'_>) -> Result<Change<R>, Failure>,
    {
        if !self.batcher.held().admits(scope.practice().uuid()) {
            return Err(unavailable());
        }
        let written = self
            .db
            .write(scope, once, || {
                let body = body();
                async move |tx: &Tx<'_>| {
                    let Change { entry, more, response } = body(tx).await?;
                    let stored = once.map(|_| Stored { response: response.peek().encode_to_vec(), memo: entry.memo() });
                    let entries = std::iter::once(entry).chain(more).collect();
                    tx.at_commit(Append::new(&self.batcher, entries));
                    Ok(Outcome { value: response, stored })
                }
            })
            .await?;
        scope.facts().note_entry();
        match written {
            #[expect(clippy::disallowed_methods, reason = "the transaction that holds the entry has committed")]
            Written::Fresh(response) => Ok(response.release(&AuditReceipt::issue())),
            Written::Repeated(stored) => self.repeat(scope, &stored).await,
        }
    }

    async fn repeat<R: Message + Default>(&self, scope: &Scope, stored: &Stored) -> Result<R, Failure> {
        let entry =
            Entry::repeated(scope, &stored.memo).ok_or_else(|| Failure::internal("stored memo is unreadable"))?;
        self.batcher.record(entry).await?;
        R::decode(stored.response.as_slice()).map_err(Failure::internal)
    }
}

/// Reads `request_id` of a request and digests all of it.
pub fn once<M: Message>(v: &mut Violations, scope: &Scope, request_id: &str, request: &M) -> Option<Once> {
    if request_id.is_empty() {
        return None;
    }
    Once::parse(v, scope, request_id, Sha256::digest(request.encode_to_vec()).to_vec())
}

/// The step of the transaction that appends its entries.
struct Append {
    entries: Vec<Entry>,
    keys: MacKeys,
    held: Held,
}

impl Append {
    fn new(batcher: &Batcher, entries: Vec<Entry>) -> Self {
        Self { entries, keys: batcher.keys().clone(), held: batcher.held().clone() }
    }

    fn practices(&self) -> impl Iterator<Item = Uuid> {
        self.entries.iter().map(|entry| entry.practice)
    }
}

impl Step for Append {
    fn stage(&self) -> Stage {
        Stage::Audit
    }

    fn run<'a>(&'a self, tx: &'a Tx<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            // both in the flight of the commit
            let (waits, appended) =
                join!(store::wait(tx.conn(), store::IN_CHANGE), store::append(tx.conn(), &self.keys, &self.entries));
            let appended = waits.and(appended);
            let Err(error) = appended else { return Ok(()) };
            if matches!(error, schema::Error::Timeout) {
                self.practices().for_each(|practice| self.held.note(practice));
            }
            // a conflict is run anew; a change whose connection broke off may be durable all the same
            let is_undone = !matches!(error, schema::Error::Conflict | schema::Error::Unreachable(_));
            Err(if is_undone { unavailable().caused_by(error) } else { error.into() })
        }
        .boxed()
    }

    fn committed(&self) {
        self.held.clear(self.practices());
    }
}
