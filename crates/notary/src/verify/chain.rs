//! One practice's log and the roots of it that were signed.

use audit::MacKeys;
use audit::chain::Hash;
use audit::merkle::{self, Frontier};
use kernel::PracticeId;

use super::links::Links;
use super::notes::{Note, Notes};
use super::report::{Finding, Kind};
use super::row::Row;
use crate::archive::Place;

/// Where a log ends that the database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub practice: PracticeId,
    pub position: i64,
    pub hash: Hash,
}

/// A log that is being read from its beginning.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) links: Links,
    notes: Notes,
    /// The next checkpoint whose root is to be met.
    due: Option<Note>,
    /// Its size, as long as it can be met.
    due_at: i64,
    /// Entries up to here agree with a checkpoint.
    covered: i64,
    /// When the first entry after those was recorded, in microseconds since 1970.
    uncovered_since: Option<i64>,
    pub(super) checkpoints: u64,
}

/// The inner error is the first thing that is wrong.
type Met = Result<Result<(), Finding>, object_store::Error>;

impl Chain {
    pub(super) async fn begin(practice: PracticeId, notes: Notes) -> Result<Self, object_store::Error> {
        let links = Links::after(practice, &Place::default());
        let (due, due_at) = (None, 0);
        let mut chain = Self { links, notes, due, due_at, covered: 0, uncovered_since: None, checkpoints: 0 };
        chain.next_note().await?;
        Ok(chain)
    }

    async fn next_note(&mut self) -> Result<(), object_store::Error> {
        self.due = self.notes.next().await?;
        self.due_at = self.due.as_ref().map_or(i64::MAX, |note| i64::try_from(note.size()).unwrap_or(i64::MAX));
        Ok(())
    }

    pub(super) const fn last(&self) -> i64 {
        self.links.last()
    }

    /// The first entry that no checkpoint covers, and when it was recorded, in microseconds since 1970.
    pub(super) fn uncovered(&self) -> Option<(i64, i64)> {
        self.uncovered_since.map(|at| (self.covered + 1, at))
    }

    /// The next entry. The error is the first thing that is wrong; nothing after it can be relied on.
    pub(super) fn entry(&mut self, row: &Row<'_>, keys: Option<&MacKeys>) -> Result<(), Finding> {
        self.links.entry(row, keys)?;
        if self.uncovered_since.is_none() && self.links.tree().is_some() {
            self.uncovered_since = Some(row.recorded_at);
        }
        Ok(())
    }

    /// Whether [`Self::settle`] has something to do.
    pub(super) const fn is_due(&self) -> bool {
        self.due_at <= self.links.last()
    }

    /// Meets the checkpoints that are due.
    pub(super) async fn settle(&mut self) -> Met {
        while self.is_due() {
            let (Some(note), Some(tree)) = (&self.due, self.links.tree()) else { return Ok(Ok(())) };
            if let Err(kind) = note.agrees(tree) {
                return Ok(Err(self.links.finding(self.covered + 1, kind)));
            }
            self.met().await?;
        }
        Ok(Ok(()))
    }

    async fn met(&mut self) -> Result<(), object_store::Error> {
        (self.covered, self.uncovered_since) = (self.last(), None);
        self.checkpoints += 1;
        self.next_note().await
    }

    /// Nothing more is known than the hashes of some entries that follow: meets the next checkpoint with them.
    pub(super) async fn cover(&mut self, hashes: &[Hash]) -> Met {
        let (Some(tree), Some(note)) = (self.links.tree(), &self.due) else { return Ok(Ok(())) };
        if note.refused().is_some() || note.size() != tree.size() + hashes.len() as u64 {
            return Ok(Ok(()));
        }
        let mut beyond: Frontier = tree.clone();
        hashes.iter().for_each(|hash| beyond.push(merkle::leaf(hash)));
        if let Err(kind) = note.agrees(&beyond) {
            return Ok(Err(self.links.finding(self.covered + 1, kind)));
        }
        self.met().await?;
        Ok(Ok(()))
    }

    /// Passes over entries that nobody has, up to the place.
    pub(super) async fn resume(&mut self, place: &Place) -> Met {
        while let Some(note) = self.due.take_if(|note| note.size() < place.tree.size()) {
            if let Some(kind) = note.refused() {
                return Ok(Err(self.links.finding(self.covered + 1, kind)));
            }
            self.next_note().await?;
        }
        self.links.resume(place);
        (self.covered, self.uncovered_since) = (self.last(), None);
        self.settle().await
    }

    /// Passes over entries that nobody has, up to a position, and knows nothing of what is there.
    pub(super) fn drift(&mut self, last: i64) {
        self.links.drift(last);
        (self.due_at, self.uncovered_since) = (i64::MAX, None);
    }

    /// After the last entry: what the checkpoints know beyond it, as far as that can be told.
    pub(super) fn overtaken(&self) -> Result<(), Finding> {
        let Some((note, _tree)) = self.due.as_ref().zip(self.links.tree()) else { return Ok(()) };
        // a note that can't be read has no size to be beyond
        let kind = note.refused().unwrap_or_else(|| Kind::RolledBack { checkpoint: note.size() });
        Err(self.links.finding(self.last() + 1, kind))
    }

    /// The same for a part of the log, which may end before the checkpoints.
    pub(super) fn believed(&self) -> Result<(), Finding> {
        let refused = self.due.as_ref().and_then(Note::refused);
        refused.map_or(Ok(()), |kind| Err(self.links.finding(self.last() + 1, kind)))
    }

    /// Whether the log ends with that head.
    pub(super) fn headed(&self, head: &Head) -> Result<(), Finding> {
        if head.position == self.last() && self.links.ends_with(&head.hash) {
            return Ok(());
        }
        let position = if head.position > self.last() { self.last() + 1 } else { self.last() };
        Err(self.links.finding(position, Kind::Head))
    }
}
