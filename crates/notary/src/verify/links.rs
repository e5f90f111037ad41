//! One practice's log, entry by entry: positions, hashes, columns, MACs.
//!
//! Entries that nobody has can be passed over. What follows them hangs on what is said of the log at that place: if that
//! was a lie, then no signed root is met any more. When nothing is said, roots can't be met, only hashes and MACs checked.

use audit::MacKeys;
use audit::chain::{GENESIS, Hash, link};
use audit::merkle::{self, Frontier};
use kernel::PracticeId;
use prost::Message as _;
use therapy_claims::audit::v1::EntryBody;

use super::body;
use super::report::{Finding, Kind};
use super::row::Row;
use crate::archive::Place;

/// A log that is being read.
#[derive(Debug)]
pub(crate) struct Links {
    practice: PracticeId,
    /// Position of the last entry.
    last: i64,
    hash: Hash,
    /// Nothing, after entries were passed over and nothing was known of the log at that place.
    tree: Option<Frontier>,
    /// Whether the hash of the entry before is not known.
    loose: bool,
    /// A key that entries name and that was not given.
    pub(super) unknown_key: Option<(i64, String)>,
}

impl Links {
    pub(crate) fn after(practice: PracticeId, place: &Place) -> Self {
        let Place { hash, tree } = place.clone();
        Self { practice, last: place.position(), hash, tree: Some(tree), loose: false, unknown_key: None }
    }

    pub(crate) const fn last(&self) -> i64 {
        self.last
    }

    pub(super) const fn tree(&self) -> Option<&Frontier> {
        self.tree.as_ref()
    }

    /// Where the log is, if that is known.
    pub(crate) fn place(&self) -> Option<Place> {
        self.tree.clone().map(|tree| Place { hash: self.hash, tree })
    }

    /// Whether this is the last entry's hash, as far as that is known.
    pub(super) fn ends_with(&self, hash: &Hash) -> bool {
        self.loose || self.hash == *hash
    }

    /// Passes over entries that nobody has, up to the place.
    pub(super) fn resume(&mut self, place: &Place) {
        let Place { hash, tree } = place.clone();
        (self.last, self.hash, self.tree, self.loose) = (place.position(), hash, Some(tree), false);
    }

    /// Passes over entries that nobody has, up to a position, and knows nothing of what is there.
    pub(super) fn drift(&mut self, last: i64) {
        (self.last, self.tree, self.loose) = (last, None, true);
    }

    pub(crate) const fn finding(&self, position: i64, kind: Kind) -> Finding {
        Finding { practice: self.practice, position, kind }
    }

    /// The next entry. The error is the first thing that is wrong; nothing after it can be relied on.
    pub(crate) fn entry(&mut self, row: &Row<'_>, keys: Option<&MacKeys>) -> Result<(), Finding> {
        let expected = self.last + 1;
        if row.position != expected {
            // a position that comes twice is what is wrong, and so is one that was left out
            let kind = if row.position > expected { Kind::Missing } else { Kind::Twice };
            return Err(self.finding(row.position.min(expected), kind));
        }
        if !self.loose && link(self.practice, row.position, &self.hash, row.body, row.mac) != row.hash {
            return Err(self.finding(expected, Kind::Hash));
        }
        match body::same(row, self.practice.uuid()) {
            Some(key) => self.authentic(row, key, keys)?,
            None => {
                let body = EntryBody::decode(row.body).map_err(|_undecodable| self.finding(expected, Kind::Body))?;
                if let Some(column) = row.differing(self.practice.uuid(), &body) {
                    return Err(self.finding(expected, Kind::Column(column)));
                }
                self.authentic(row, &body.mac_key_id, keys)?;
            }
        }
        self.last = expected;
        self.loose = false;
        self.hash = row.hash.try_into().unwrap_or(GENESIS);
        if let Some(tree) = &mut self.tree {
            tree.push(merkle::leaf(&self.hash));
        }
        Ok(())
    }

    /// Whether the MAC is that of the key, as far as it was given.
    fn authentic(&mut self, row: &Row<'_>, key: &str, keys: Option<&MacKeys>) -> Result<(), Finding> {
        let Some(keys) = keys else { return Ok(()) };
        match keys.mac(key, row.body) {
            Some(mac) if mac == row.mac => Ok(()),
            Some(_other) => Err(self.finding(row.position, Kind::Mac)),
            None => {
                self.unknown_key.get_or_insert_with(|| (row.position, key.to_owned()));
                Ok(())
            }
        }
    }
}
