//! The tables as diesel sees them: one module per PostgreSQL schema, checked against the database by the test `database`.
//!
//! `UPDATE_TABLES=1 cargo test -p schema --test database` writes the modules anew after a migration changed columns.

pub mod analytics;
pub mod audit;
pub mod claims;
pub mod clinical;
pub mod feed;
pub mod ops;
pub mod tenancy;

/// What may stand in one query together. Joins name their keys themselves: they are composite, `practice_id` first.
mod together {
    use super::claims::{
        acknowledgments, batches, claim_actions, claim_lines, claims, ledger_entries, payer_profiles, payers,
        practice_ledger_entries, remittance_claims, remittances, submissions,
    };
    use super::clinical::{coverages, network_statuses, patients, sessions, therapists};
    use super::feed::{cursors, events, heads, leases, subscriptions};
    use super::tenancy::{memberships, practices};

    diesel::allow_tables_to_appear_in_same_query!(
        acknowledgments,
        batches,
        claim_actions,
        claim_lines,
        claims,
        coverages,
        ledger_entries,
        memberships,
        network_statuses,
        patients,
        payer_profiles,
        payers,
        practice_ledger_entries,
        practices,
        remittance_claims,
        remittances,
        sessions,
        submissions,
        therapists,
    );
    diesel::allow_tables_to_appear_in_same_query!(cursors, events, heads, leases, subscriptions);
}
