//! Practice summaries: figures per day, refreshed from what changed. Counts and sums only, no PHI.

#[cfg(test)]
mod fixture;
pub mod refresh;
pub mod summary;

pub use refresh::{Refresher, rebuild, refresh};
pub use summary::service::Analytics;
