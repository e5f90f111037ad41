//! Therapists, patients, coverages, network statuses, sessions and imports.
//!
//! One slice per resource: `x.rs` is the row and its invariants, `x/store.rs` its statements, `x/convert.rs` its
//! way to and from the wire, `x/service.rs` its RPCs. `billing.rs` is what the claims side reads.

pub mod billing;
pub mod coverage;
pub mod error;
mod fields;
pub mod import;
pub mod network_status;
pub mod patient;
pub mod session;
pub mod therapist;

pub use billing::Facts;
pub use session::complete::Completion;

#[cfg(test)]
mod plans;
