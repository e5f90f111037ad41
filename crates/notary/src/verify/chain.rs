//! One practice's log, entry by entry: positions, hashes, columns, MACs, and the roots that were signed.

use audit::MacKeys;
use audit::chain::{GENESIS, Hash, link};
use audit::merkle::{self, Frontier};
use kernel::PracticeId;
use prost::Message as _;
use therapy_claims::audit::v1::EntryBody;

use super::notes::{Note, Notes};
use super::report::{Finding, Kind};
use super::row::Row;

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
    practice: PracticeId,
    /// Position of the last entry.
    last: i64,
    hash: Hash,
    tree: Frontier,
    notes: Notes,
    /// The next checkpoint whose root is to be met.
    due: Option<Note>,
    /// Entries up to here agree with a checkpoint.
    covered: i64,
    /// When the first entry after those was recorded, in microseconds since 1970.
    uncovered_since: Option<i64>,
    pub(super) checkpoints: u64,
    /// A key that entries name and that was not given.
    pub(super) unknown_key: Option<(i64, String)>,
}

impl Chain {
    pub(super) async fn begin(practice: PracticeId, mut notes: Notes) -> Result<Self, object_store::Error> {
        let due = notes.next().await?;
        let (hash, tree) = (GENESIS, Frontier::default());
        Ok(Self {
            practice,
            last: 0,
            hash,
            tree,
            notes,
            due,
            covered: 0,
            uncovered_since: None,
            checkpoints: 0,
            unknown_key: None,
        })
    }

    pub(super) const fn last(&self) -> i64 {
        self.last
    }

    /// The first entry that no checkpoint covers, and when it was recorded, in microseconds since 1970.
    pub(super) fn uncovered(&self) -> Option<(i64, i64)> {
        self.uncovered_since.map(|at| (self.covered + 1, at))
    }

    pub(super) const fn finding(&self, position: i64, kind: Kind) -> Finding {
        Finding { practice: self.practice, position, kind }
    }

    /// The next entry. The inner error is the first thing that is wrong; nothing after it can be relied on.
    pub(super) async fn take(
        &mut self,
        row: &Row<'_>,
        keys: Option<&MacKeys>,
    ) -> Result<Result<(), Finding>, object_store::Error> {
        if let Err(found) = self.entry(row, keys) {
            return Ok(Err(found));
        }
        while let Some(note) = self.due.take_if(|note| note.size() <= self.tree.size()) {
            if let Err(kind) = note.agrees(&self.tree) {
                return Ok(Err(self.finding(self.covered + 1, kind)));
            }
            self.covered = self.last;
            self.uncovered_since = None;
            self.checkpoints += 1;
            self.due = self.notes.next().await?;
        }
        Ok(Ok(()))
    }

    fn entry(&mut self, row: &Row<'_>, keys: Option<&MacKeys>) -> Result<(), Finding> {
        let expected = self.last + 1;
        if row.position != expected {
            // a position that comes twice is what is wrong, and so is one that was left out
            let kind = if row.position > expected { Kind::Missing } else { Kind::Twice };
            return Err(self.finding(row.position.min(expected), kind));
        }
        if link(self.practice, row.position, &self.hash, row.body, row.mac) != row.hash {
            return Err(self.finding(expected, Kind::Hash));
        }
        let body = EntryBody::decode(row.body).map_err(|_undecodable| self.finding(expected, Kind::Body))?;
        if let Some(column) = row.differing(self.practice.uuid(), &body) {
            return Err(self.finding(expected, Kind::Column(column)));
        }
        if let Some(keys) = keys {
            match keys.mac(&body.mac_key_id, row.body) {
                Some(mac) if mac == row.mac => {}
                Some(_other) => return Err(self.finding(expected, Kind::Mac)),
                None if self.unknown_key.is_none() => self.unknown_key = Some((expected, body.mac_key_id)),
                None => {}
            }
        }
        self.last = expected;
        self.uncovered_since.get_or_insert(row.recorded_at);
        self.hash = row.hash.try_into().unwrap_or(GENESIS);
        self.tree.push(merkle::leaf(&self.hash));
        Ok(())
    }

    /// After the last entry: what the head and the checkpoints know beyond it.
    pub(super) fn end(&self, head: Option<&Head>) -> Result<(), Finding> {
        if let Some(note) = &self.due {
            // a note that can't be read has no size to be beyond
            let kind = note.refused().unwrap_or_else(|| Kind::RolledBack { checkpoint: note.size() });
            return Err(self.finding(self.last + 1, kind));
        }
        let is_head = head.is_none_or(|head| head.position == self.last && head.hash == self.hash);
        let position = head.map_or(self.last, |head| if head.position > self.last { self.last + 1 } else { self.last });
        if is_head { Ok(()) } else { Err(self.finding(position, Kind::Head)) }
    }
}
