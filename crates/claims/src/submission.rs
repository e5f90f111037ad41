//! One attempt to send a claim: what left, and whether it arrived at the partner.

pub mod store;

use std::fmt;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::id::{ClaimId, PracticeId, SubmissionId};
use kernel::{Failure, Scope, text_enum};
use schema::Json;
use schema::tables::claims::submissions;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::claim::Claim;
use crate::snapshot::ClaimSnapshot;

/// X12 frequency of a void.
const VOID: &str = "8";

text_enum! {
    /// How far an attempt has come.
    pub enum SubmissionState {
        Queued = "queued",
        /// A partner has the bytes.
        Transmitted = "transmitted",
        /// A partner can't be given the bytes.
        Failed = "failed",
    }
}

/// A submission as stored.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = submissions, check_for_backend(diesel::pg::Pg))]
pub struct Submission {
    pub practice_id: PracticeId,
    pub id: SubmissionId,
    pub claim_id: ClaimId,
    /// From 1.
    pub attempt: i32,
    pub state: SubmissionState,
    pub submitted_at: DateTime<Utc>,
    pub submitted_by: Uuid,
    pub snapshot: Json<ClaimSnapshot>,
    pub snapshot_hash: Vec<u8>,
    pub transmitted_at: Option<DateTime<Utc>>,
    pub transmission_ref: Option<String>,
    pub failed_at: Option<DateTime<Utc>>,
    pub failure_reason: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Submission {
    /// The submission of a claim that was just submitted: its attempt is counted and its snapshot frozen.
    ///
    /// # Errors
    /// `INTERNAL` for a claim without a snapshot.
    pub fn queued(scope: &Scope, claim: &Claim) -> Result<Self, Failure> {
        let mut snapshot = frozen(claim)?;
        snapshot.0.filing_deadline = claim.filing_deadline;
        snapshot.0.rule_set_version = claim.rule_set_version.clone().unwrap_or_default();
        Self::of(scope, claim, snapshot)
    }

    /// The submission that takes a claim back: what was sent last, as frequency 8 with the payer's own number.
    ///
    /// # Errors
    /// `INTERNAL` for a claim without a snapshot.
    pub fn voiding(scope: &Scope, claim: &Claim, payer_claim_number: &str) -> Result<Self, Failure> {
        let mut snapshot = frozen(claim)?;
        VOID.clone_into(&mut snapshot.0.claim.frequency);
        payer_claim_number.clone_into(&mut snapshot.0.claim.original_payer_claim_number);
        Self::of(scope, claim, snapshot)
    }

    fn of(scope: &Scope, claim: &Claim, snapshot: Json<ClaimSnapshot>) -> Result<Self, Failure> {
        let now = scope.now();
        Ok(Self {
            practice_id: claim.practice_id,
            id: SubmissionId::new(),
            claim_id: claim.id,
            attempt: claim.attempt,
            state: SubmissionState::Queued,
            submitted_at: now,
            submitted_by: scope.actor_id(),
            snapshot_hash: digest(&snapshot.0)?,
            snapshot,
            transmitted_at: None,
            transmission_ref: None,
            failed_at: None,
            failure_reason: None,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }
}

fn frozen(claim: &Claim) -> Result<Json<ClaimSnapshot>, Failure> {
    claim.snapshot.clone().ok_or_else(|| Failure::internal("a claim is submitted unfrozen"))
}

/// SHA-256 of the snapshot's canonical JSON: keys sorted, no space (RFC 8785). It can be computed again from the
/// row alone, whatever the order of the fields here.
///
/// # Errors
/// `INTERNAL`: never, snapshots have text keys only.
pub fn digest(snapshot: &ClaimSnapshot) -> Result<Vec<u8>, Failure> {
    // the maps of serde_json are sorted
    let value = serde_json::to_value(snapshot).map_err(Failure::internal)?;
    Ok(Sha256::digest(serde_json::to_vec(&value).map_err(Failure::internal)?).to_vec())
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::bench::clean_snapshot;

    #[test]
    fn the_digest_is_that_of_sorted_keys_without_spaces() {
        let snapshot = clean_snapshot();
        let text = serde_json::to_string(&serde_json::to_value(&snapshot).unwrap()).unwrap();
        assert!(text.starts_with(r#"{"billing_provider":{"address":{"city":"#), "{text}");
        assert_eq!(digest(&snapshot).unwrap(), Sha256::digest(text).to_vec());
    }

    #[test]
    fn the_digest_tells_any_change() {
        let mut snapshot = clean_snapshot();
        let before = digest(&snapshot).unwrap();
        snapshot.patient.address.line2.push('B');
        assert_ne!(digest(&snapshot).unwrap(), before);
    }
}
