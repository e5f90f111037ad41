//! Claims: drafting, the scrubber's rules, lifecycle, submission, payer responses, `ClearinghouseService`.
//!
//! `rules`, `lifecycle`, `codes`, `snapshot` and `adjudication` are pure; the rest moves rows.

pub mod action;
pub mod adjudication;
pub mod amount;
pub mod assemble;
pub mod batch;
pub mod claim;
pub mod clearinghouse;
pub mod codes;
pub mod draft;
pub mod event;
pub mod inbound;
pub mod judge;
pub mod ledger;
pub mod lifecycle;
pub mod number;
pub mod payer;
pub mod related;
pub mod remittance;
pub mod repair;
pub mod response;
pub mod rules;
pub mod snapshot;
pub mod submission;

#[cfg(test)]
mod plans;
