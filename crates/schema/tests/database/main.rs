//! The migrated database, asked about itself: does it obey its rules, and does the code know it as it is?
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod dump;
mod functions;
mod isolation;
mod matrix;
mod migrating;
mod rights;
mod rows;
mod rules;
mod support;
mod tables;
mod tls;
