//! Bringing rows in from another system, in chunks, each a transaction of its own.
//!
//! A chunk is tried as a whole: what can be foreseen refuses single rows, and the rest goes in together. If the
//! database refuses a row all the same, the chunk is undone and its rows are tried one by one, so that one bad row
//! never stops the others.

pub mod service;

mod patients;
pub mod problem;
mod sessions;
mod therapists;

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use audit::{Action, Change, Entry, Vault};
use futures_util::{Stream, StreamExt};
use kernel::{Code, Failure, Phi, Scope, Violations};
use schema::Tx;
use therapy_claims::clinical::v1 as pb;
use tonic::Status;
use uuid::Uuid;

use crate::error::reason;

/// Rows of one transaction at most.
pub const CHUNK: usize = 100;

/// Where a row comes from: the system, and the row's key there.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    source: String,
    source_id: String,
}

impl Origin {
    fn read(v: &mut Violations, source: &str, source_id: &str) -> Self {
        Self { source: v.text("source", source, 40), source_id: v.text("source_id", source_id, 80) }
    }
}

/// A row that went in, or had gone in before.
#[derive(Debug)]
pub(crate) struct Imported {
    id: Uuid,
    is_new: bool,
    patient: Option<Uuid>,
    claim_id: String,
}

/// What became of a row.
pub(crate) type Outcome = Result<Imported, Failure>;

/// One kind of import.
pub(crate) trait Import: Send + Sync {
    /// One message of the stream.
    type Message: Send;
    /// A message that was read.
    type Row: std::fmt::Debug + Send + Sync;
    const RESOURCE: &'static str;

    /// Reads a message; `v` collects what is wrong with it.
    fn read(&self, v: &mut Violations, scope: &Scope, message: &Self::Message) -> (Origin, Self::Row);

    /// Writes what can be written of a chunk, and tells of each row what became of it. A failure undoes the chunk.
    fn store(
        &self,
        tx: &Tx<'_>,
        rows: &[(Origin, Self::Row)],
    ) -> impl Future<Output = Result<Vec<Outcome>, Failure>> + Send;
}

/// Takes the rows of a stream in.
pub(crate) async fn run<I: Import>(
    vault: &Vault,
    scope: &Scope,
    import: &I,
    mut messages: impl Stream<Item = Result<I::Message, Status>> + Unpin + Send,
) -> Result<Vec<pb::ImportResult>, Failure> {
    let mut intake = Intake { vault, scope, import, source: None, results: Vec::new(), waiting: Vec::new() };
    while let Some(message) = messages.next().await {
        intake.take(&message.map_err(broken)?);
        if intake.waiting.len() == CHUNK {
            intake.flush().await?;
        }
    }
    intake.flush().await?;
    if scope.facts().entries.load(Ordering::Relaxed) == 0 {
        // no row came as far as a transaction, which would have recorded the call
        vault.batcher().record(Entry::bare(scope, Action::Create, I::RESOURCE)).await?;
        scope.facts().note_entry();
    }
    Ok(intake.results)
}

fn broken(status: Status) -> Failure {
    Failure::new(
        Code::InvalidArgument,
        reason::IMPORT_STREAM_BROKEN,
        "the stream of rows broke off; repeat the import, which passes over the rows that went in",
    )
    .caused_by(status)
}

/// An import under way.
struct Intake<'a, I: Import> {
    vault: &'a Vault,
    scope: &'a Scope,
    import: &'a I,
    /// The first good row's, which all others must share.
    source: Option<String>,
    /// One per row; those of the rows that wait are filled in later.
    results: Vec<pb::ImportResult>,
    waiting: Vec<(usize, (Origin, I::Row))>,
}

impl<I: Import> Intake<'_, I> {
    /// Reads one row: it waits for its chunk, or is refused at once.
    fn take(&mut self, message: &I::Message) {
        let mut v = Violations::new();
        let (origin, row) = self.import.read(&mut v, self.scope, message);
        v.set_prefix("");
        // the first good row says which system it is, so that a bad one doesn't speak for the others
        if v.is_empty() && self.source.get_or_insert_with(|| origin.source.clone()) != &origin.source {
            v.add("source", "must be the same in all rows");
        }
        let index = self.results.len();
        let row_number = i32::try_from(index).unwrap_or(i32::MAX);
        self.results.push(pb::ImportResult { row: row_number, ..pb::ImportResult::default() });
        match v.done((origin, row)) {
            Ok(row) => self.waiting.push((index, row)),
            Err(failure) => self.note(index, Err(failure)),
        }
    }

    /// Writes the rows that wait.
    async fn flush(&mut self) -> Result<(), Failure> {
        let (indices, rows): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting).into_iter().unzip();
        match self.write(&rows).await {
            Ok(results) => indices.into_iter().zip(results).for_each(|(i, result)| self.put(i, result)),
            Err(failure) if is_outage(&failure) => return Err(failure),
            Err(_) => {
                for (index, row) in indices.into_iter().zip(rows) {
                    match self.write(std::slice::from_ref(&row)).await {
                        Ok(results) => results.into_iter().for_each(|result| self.put(index, result)),
                        Err(failure) if is_outage(&failure) => return Err(failure),
                        Err(failure) => self.note(index, Err(failure)),
                    }
                }
            }
        }
        Ok(())
    }

    /// One transaction with one audit entry, which names the rows that are new.
    async fn write(&self, rows: &[(Origin, I::Row)]) -> Result<Vec<pb::ImportResult>, Failure> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (scope, import) = (self.scope, self.import);
        let write = || {
            async move |tx: &Tx<'_>| {
                let outcomes = import.store(tx, rows).await?;
                let mut entry = Entry::bare(scope, Action::Create, I::RESOURCE);
                for imported in outcomes.iter().flatten().filter(|imported| imported.is_new) {
                    entry.add(imported.id, imported.patient);
                }
                let results = outcomes.into_iter().map(result).collect();
                Ok(Change::recorded(entry, Phi::new(pb::ImportSessionsResponse { results })))
            }
        };
        Ok(Box::pin(self.vault.write(scope, None, write)).await?.results)
    }

    fn note(&mut self, index: usize, outcome: Outcome) {
        self.put(index, result(outcome));
    }

    fn put(&mut self, index: usize, result: pb::ImportResult) {
        if let Some(slot) = self.results.get_mut(index) {
            *slot = pb::ImportResult { row: slot.row, ..result };
        }
    }
}

/// Nobody's row is to blame for these: the import ends, and can be repeated.
const fn is_outage(failure: &Failure) -> bool {
    matches!(failure.code, Code::Unavailable | Code::DeadlineExceeded)
}

fn result(outcome: Outcome) -> pb::ImportResult {
    match outcome {
        Ok(Imported { id, is_new, patient: _, claim_id }) => {
            let outcome = if is_new { pb::ImportOutcome::Created } else { pb::ImportOutcome::Existing };
            pb::ImportResult { outcome: outcome.into(), id: id.to_string(), claim_id, ..pb::ImportResult::default() }
        }
        Err(failure) => pb::ImportResult {
            outcome: pb::ImportOutcome::Refused.into(),
            problem: Some(problem::of(&failure)),
            ..pb::ImportResult::default()
        },
    }
}

/// The rows that are there: those of earlier imports, and those of this chunk so far.
struct Known(HashMap<String, Uuid>);

impl Known {
    fn new<K>(rows: Vec<(Option<String>, kernel::Id<K>)>) -> Self {
        Self(rows.into_iter().filter_map(|(key, id)| Some((key?, id.uuid()))).collect())
    }

    fn find(&self, origin: &Origin) -> Option<Imported> {
        let id = *self.0.get(&origin.source_id)?;
        Some(Imported { id, is_new: false, patient: None, claim_id: String::new() })
    }

    fn add(&mut self, origin: &Origin, id: Uuid, patient: Option<Uuid>) -> Imported {
        self.0.insert(origin.source_id.clone(), id);
        Imported { id, is_new: true, patient, claim_id: String::new() }
    }
}

/// The source of a chunk, and its rows' keys there.
fn keys<R>(rows: &[(Origin, R)]) -> (&str, Vec<&str>) {
    let source = rows.first().map_or("", |(origin, _)| origin.source.as_str());
    (source, rows.iter().map(|(origin, _)| origin.source_id.as_str()).collect())
}

/// Each of the ids once.
fn distinct<K>(ids: impl Iterator<Item = kernel::Id<K>>) -> Vec<kernel::Id<K>> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
