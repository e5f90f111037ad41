//! `ExportEntries`: a time range of the trail, piece by piece, each on record before it leaves.
//!
//! The log is only added to, and what has a position has every one before it: so what there is when the export begins
//! is told by one number, and a broken export goes on behind the last position that came.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::{Code, Ctx, Failure, Phi, PracticeId, Scope};
use prost::Message;
use therapy_claims::audit::v1 as pb;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tonic::Status;

use super::{Record, RecordFilter, convert, look, store};
use crate::entry::{Action, IDS_MAX, PATIENTS_MAX};
use crate::standing::Standing;
use crate::vault::Vault;

/// Entries in one piece: as many as its own entry can name.
pub(super) const PIECE_MAX: usize = IDS_MAX;
/// Bytes after which a piece is not made longer; one entry has at most some 30 KiB.
const PIECE_BYTES: usize = 1024 * 1024;
/// Pieces that wait for a slow reader.
const WAITING: usize = 1;
/// How old the last look at the caller's rights may be when a piece leaves; rights that end do so within 5 seconds.
const RECHECK: Duration = Duration::from_secs(3);
/// How long an export lasts before it has to be asked for again.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// Exports of one practice at a time, in this process.
const OF_ONE_PRACTICE: usize = 4;

/// Waits for the server's end.
pub type Ending = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// What exports need besides the trail itself. Cheap to clone.
#[derive(Clone)]
pub struct Exports {
    standing: Arc<dyn Standing>,
    /// They run here; the shutdown waits for them.
    tasks: TaskTracker,
    ending: Ending,
    running: Running,
}

type Running = Arc<Mutex<HashMap<PracticeId, usize>>>;

impl fmt::Debug for Exports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exports").finish_non_exhaustive()
    }
}

impl Exports {
    #[must_use]
    pub fn new(standing: Arc<dyn Standing>, tasks: TaskTracker, ending: Ending) -> Self {
        Self { standing, tasks, ending, running: Running::default() }
    }

    /// Begins an export.
    ///
    /// # Errors
    /// `EXPORT_LIMIT`, or the database's.
    pub(crate) async fn open(
        &self,
        vault: &Vault,
        ctx: &Ctx,
        filter: RecordFilter,
        after: i64,
    ) -> Result<mpsc::Receiver<Result<pb::ExportEntriesResponse, Status>>, Failure> {
        let place = Place::take(&self.running, ctx.scope()?.practice())?;
        let through = vault.db().read_one(ctx.scope()?, async |tx| store::head(tx).await).await?;
        let (out, pieces) = mpsc::channel(WAITING);
        let export = Export {
            vault: vault.clone(),
            standing: Arc::clone(&self.standing),
            ctx: ctx.clone(),
            filter,
            after,
            through,
            checked: Instant::now(),
            out,
            _place: place,
        };
        let ending = (self.ending)();
        self.tasks.spawn(export.run(ending));
        Ok(pieces)
    }
}

/// One of the few exports that a practice may have at a time.
struct Place {
    running: Running,
    practice: PracticeId,
}

impl Place {
    fn take(running: &Running, practice: PracticeId) -> Result<Self, Failure> {
        let mut counts = running.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(practice).or_default();
        if *count >= OF_ONE_PRACTICE {
            return Err(Failure::new(
                Code::ResourceExhausted,
                "EXPORT_LIMIT",
                "four exports of this practice are under way; wait until one has ended",
            ));
        }
        *count += 1;
        Ok(Self { running: Arc::clone(running), practice })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.practice) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.practice);
            }
        }
    }
}

/// An export under way.
struct Export {
    vault: Vault,
    standing: Arc<dyn Standing>,
    ctx: Ctx,
    filter: RecordFilter,
    /// Everything up to here was sent.
    after: i64,
    through: i64,
    /// When the caller's rights were last looked at.
    checked: Instant,
    out: mpsc::Sender<Result<pb::ExportEntriesResponse, Status>>,
    _place: Place,
}

/// The reader has gone.
struct Gone;

impl Export {
    async fn run(mut self, ending: BoxFuture<'static, ()>) {
        let out = self.out.clone();
        let ended = tokio::select! {
            ended = self.drive() => ended,
            () = ending => Err(interrupted()),
            () = tokio::time::sleep(LIFETIME) => Err(interrupted()),
            () = out.closed() => return,
        };
        if let Err(failure) = ended {
            // whoever doesn't read on finds the stream broken off; the server's end waits for nobody
            let last_word = out.send(Err(self.ctx.status(&failure)));
            let _ = tokio::time::timeout(RECHECK, last_word).await;
        }
    }

    /// Sends everything, then says so.
    async fn drive(&mut self) -> Result<(), Failure> {
        loop {
            let found = self.read().await?;
            if found.peek().is_empty() {
                return self.complete().await;
            }
            let fitting = fitting(found.peek(), PIECE_BYTES);
            let piece = found.map(|mut records| {
                records.truncate(fitting);
                records
            });
            let entry = look(self.scope()?, Action::Export, piece.peek());
            let last = piece.peek().last().map_or(self.after, |record| record.position);
            let shown = self.vault.disclose_as(self.scope()?, entry, piece).await?;
            self.after = last;
            let message = self.piece(shown.into_iter().map(convert::to_pb).collect());
            if let Err(Gone) = self.send(message).await? {
                return Ok(());
            }
        }
    }

    /// Says that nothing follows. That nothing was there is an answer too, and every answer is on record.
    async fn complete(&mut self) -> Result<(), Failure> {
        if self.ctx.facts().entries.load(Ordering::Relaxed) == 0 {
            let entry = look(self.scope()?, Action::Export, &[]);
            self.vault.disclose_as(self.scope()?, entry, Phi::new(())).await?;
        }
        let last = pb::ExportEntriesResponse { complete: true, ..self.piece(Vec::new()) };
        match self.send(last).await? {
            Ok(()) | Err(Gone) => Ok(()),
        }
    }

    fn scope(&self) -> Result<&Scope, Failure> {
        self.ctx.scope()
    }

    async fn read(&self) -> Result<Phi<Vec<Record>>, Failure> {
        let (filter, after, through) = (&self.filter, self.after, self.through);
        let read = async move |tx: &schema::Tx<'_>| store::between(tx, filter, after, through).await;
        self.vault.db().read_one(self.scope()?, read).await
    }

    const fn piece(&self, entries: Vec<pb::AuditEntry>) -> pb::ExportEntriesResponse {
        pb::ExportEntriesResponse {
            entries,
            last_position: self.after,
            through_position: self.through,
            complete: false,
        }
    }

    /// Lets a piece go when the reader takes it, if the caller may still have it then.
    async fn send(&mut self, piece: pb::ExportEntriesResponse) -> Result<Result<(), Gone>, Failure> {
        let out = self.out.clone();
        let Ok(permit) = out.reserve().await else { return Ok(Err(Gone)) };
        if self.checked.elapsed() >= RECHECK {
            self.standing.check(self.scope()?).await?;
            self.checked = Instant::now();
        }
        permit.send(Ok(piece));
        Ok(Ok(()))
    }
}

fn interrupted() -> Failure {
    Failure::unavailable("EXPORT_INTERRUPTED", "the export broke off; ask again behind the last position that came")
}

/// How many of the records are not too large together, and have no more patients than an entry can name.
pub(super) fn fitting(records: &[Record], bytes_max: usize) -> usize {
    let (mut bytes, mut patients) = (0, BTreeSet::new());
    let fits = |record: &&Record| {
        bytes += convert::to_pb((*record).clone()).encoded_len();
        patients.extend(record.patient_ids.iter().copied());
        bytes <= bytes_max && patients.len() <= PATIENTS_MAX
    };
    // one alone fits whatever it is
    records.iter().take_while(fits).count().max(1)
}
