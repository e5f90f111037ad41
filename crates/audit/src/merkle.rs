//! Merkle trees as RFC 6962 (section 2.1) defines them: roots that grow with the log, and proofs for who holds a root only.

use sha2::{Digest, Sha256};

use crate::chain::Hash;

mod proof;

pub use proof::{consistency_proof, inclusion_proof, is_consistent, is_included, root};

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// The hash of a leaf.
#[must_use]
pub fn leaf(data: &[u8]) -> Hash {
    Sha256::new().chain_update([LEAF]).chain_update(data).finalize().into()
}

/// The hash of two subtrees.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([NODE]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a tree without leaves.
#[must_use]
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// A growing tree: the roots of its complete subtrees, the largest first. One for each bit of the size that is set, so
/// it stays small however long the log is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A frontier as [`Self::peaks`] gave it. `None` when a tree of that size has another number of peaks.
    #[must_use]
    pub fn resume(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (usize::try_from(size.count_ones()).ok()? == peaks.len()).then_some(Self { size, peaks })
    }

    /// Adds the hash of a leaf (see [`leaf`]).
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // as adding one carries over trailing ones
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().unwrap_or_default();
            hash = node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    #[must_use]
    pub fn root(&self) -> Hash {
        let folded = self.peaks.iter().rev().copied().reduce(|right, left| node(&left, &right));
        folded.unwrap_or_else(empty)
    }
}

#[cfg(test)]
mod tests;
