//! The chain: how an entry's hash follows from the one before. The database computes the same in `audit.link`.

use kernel::PracticeId;
use sha2::{Digest, Sha256};

/// SHA-256.
pub type Hash = [u8; 32];

/// Stands before a chain's first entry.
pub const GENESIS: Hash = [0; 32];

/// Tells an entry's hash from all other digests of ours, and its form from a later one.
const FORM: u8 = 1;

/// The hash of the entry at that position.
#[must_use]
pub fn link(practice: PracticeId, position: i64, previous: &Hash, body: &[u8], mac: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([FORM])
        .chain_update(practice.uuid().as_bytes())
        .chain_update(position.to_be_bytes())
        .chain_update(previous)
        .chain_update(Sha256::digest(body))
        .chain_update(mac)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests;
