//! The scrubber: numbered rules over a claim snapshot, each on its own, all run every time.

pub use self::finding::{Finding, Severity, Source, blocks};

#[cfg(test)]
pub(crate) mod bench;
mod finding;
