//! What a clearinghouse or payer answered to a claim, and what that makes of the claim.

pub mod answer;
pub mod convert;
pub mod posting;
pub mod settle;
pub mod store;

use std::fmt;

use chrono::{DateTime, Utc};
use kernel::id::{ClaimId, ResponseId, SubmissionId};
use kernel::text_enum;
use serde::{Deserialize, Serialize};

pub use self::answer::{Answer, Told};
use crate::lifecycle::Rejector;

text_enum! {
    /// Who would not take a claim.
    pub enum RejectedBy {
        Transport = "transport",
        Clearinghouse = "clearinghouse",
        Payer = "payer",
    }
}

text_enum! {
    /// What an answer did when it came.
    pub enum ResponseOutcome {
        Applied = "applied",
        /// Late or overtaken: no effect.
        Recorded = "recorded",
        /// Not possible yet: waits.
        Parked = "parked",
    }
}

/// A code as the answer gave it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// An answer as somebody reports it.
#[derive(Debug, Clone)]
pub struct Report {
    pub claim_number: String,
    /// The reporter's own id.
    pub response_id: String,
    pub responded_at: DateTime<Utc>,
    pub answer: Answer,
    /// Tells a repetition from another answer under the same id.
    pub body_hash: Vec<u8>,
}

/// An answer as stored.
#[derive(Debug, Clone)]
pub struct Response {
    pub id: ResponseId,
    pub claim_id: ClaimId,
    pub submission_id: Option<SubmissionId>,
    pub report: Report,
    pub outcome: ResponseOutcome,
    /// Why it was not applied; upper snake case.
    pub outcome_reason: Option<&'static str>,
}

impl From<RejectedBy> for Rejector {
    fn from(by: RejectedBy) -> Self {
        match by {
            RejectedBy::Transport => Self::Transport,
            RejectedBy::Clearinghouse => Self::Clearinghouse,
            RejectedBy::Payer => Self::Payer,
        }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reason").field("code", &self.code).finish_non_exhaustive()
    }
}
