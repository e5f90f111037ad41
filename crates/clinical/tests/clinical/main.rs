//! The clinical services against a real database: what callers see, and what is on record afterwards.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod billing;
mod coverages;
mod imports;
mod patients;
mod sessions;
mod stage;
mod therapists;
mod trail;
