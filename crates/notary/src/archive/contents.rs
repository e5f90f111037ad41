//! What a file of the archive says about itself, so that it can be checked alone, or after a file that is missing.
//!
//! None of it is believed: the hashes follow from the files around it, and the peaks must lead to a signed root.

use audit::chain::Hash;
use audit::merkle::Frontier;
use kernel::PracticeId;
use parquet::file::metadata::KeyValue;

use super::Month;

const FORMAT: &str = "1";
const PREFIX: &str = "therapy.audit.";

/// A place in a practice's log: everything up to a position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub hash: Hash,
    /// Of all entries up to here, and with it their number.
    pub tree: Frontier,
}

impl Place {
    /// The position of the last entry before here.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.tree.size().cast_signed()
    }
}

/// The metadata of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    pub practice: PracticeId,
    pub month: Month,
    /// Where the log was before the first entry.
    pub before: Place,
    /// Where it was after the last one.
    pub after: Place,
    /// Hashes of the entries that follow, up to the first checkpoint after the last entry: they lead to its root.
    pub cover: Vec<Hash>,
}

impl Contents {
    #[must_use]
    pub const fn first(&self) -> i64 {
        self.before.position() + 1
    }

    #[must_use]
    pub const fn last(&self) -> i64 {
        self.after.position()
    }

    pub(super) fn to_pairs(&self) -> Vec<KeyValue> {
        let pairs = [
            ("format", FORMAT.to_owned()),
            ("practice_id", self.practice.to_string()),
            ("month", self.month.to_string()),
            ("first_position", self.first().to_string()),
            ("last_position", self.last().to_string()),
            ("hash_before", hex::encode(self.before.hash)),
            ("peaks_before", hex::encode(self.before.tree.peaks().concat())),
            ("hash_after", hex::encode(self.after.hash)),
            ("peaks_after", hex::encode(self.after.tree.peaks().concat())),
            ("cover", hex::encode(self.cover.concat())),
        ];
        pairs.into_iter().map(|(key, value)| KeyValue::new(format!("{PREFIX}{key}"), value)).collect()
    }

    /// `None` when it isn't what [`Self::to_pairs`] makes.
    pub(super) fn of_pairs(pairs: &[KeyValue]) -> Option<Self> {
        let value = |key: &str| {
            pairs.iter().find(|pair| pair.key.strip_prefix(PREFIX) == Some(key)).and_then(|pair| pair.value.as_deref())
        };
        let hashes = |key: &str| {
            let bytes = hex::decode(value(key)?).ok()?;
            let (hashes, rest) = bytes.as_chunks::<{ size_of::<Hash>() }>();
            rest.is_empty().then(|| hashes.to_vec())
        };
        let place = |size: u64, hash: &str, peaks: &str| {
            let hash = hashes(hash)?.first().copied()?;
            Some(Place { hash, tree: Frontier::resume(size, hashes(peaks)?)? })
        };
        let first: u64 = value("first_position")?.parse().ok()?;
        let last: u64 = value("last_position")?.parse().ok()?;
        let parsed = Self {
            practice: value("practice_id")?.parse().ok()?,
            month: value("month")?.parse().ok()?,
            before: place(first.checked_sub(1)?, "hash_before", "peaks_before")?,
            after: place(last, "hash_after", "peaks_after")?,
            cover: hashes("cover")?,
        };
        let fits = value("format") == Some(FORMAT) && first <= last && i64::try_from(last).is_ok();
        (fits && parsed.to_pairs().len() == pairs.len()).then_some(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_about_itself_has_one_form() {
        let mut tree = Frontier::default();
        tree.push([1; 32]);
        let before = Place { hash: [2; 32], tree: tree.clone() };
        tree.push([3; 32]);
        let after = Place { hash: [4; 32], tree };
        let contents = Contents {
            practice: PracticeId::NIL,
            month: "2026-09".parse().unwrap(),
            before,
            after,
            cover: vec![[5; 32], [6; 32]],
        };
        let pairs = contents.to_pairs();
        assert_eq!((contents.first(), contents.last()), (2, 2));
        assert_eq!(Contents::of_pairs(&pairs), Some(contents));
        for n in 0..pairs.len() {
            let mut spoilt = pairs.clone();
            spoilt[n].value = Some("x".to_owned());
            assert_eq!(Contents::of_pairs(&spoilt), None, "{:?}", pairs[n]);
            spoilt.remove(n);
            assert_eq!(Contents::of_pairs(&spoilt), None, "{:?}", pairs[n]);
        }
    }
}
