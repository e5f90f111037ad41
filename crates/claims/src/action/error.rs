//! What is refused of claim actions, and how the edge answers it. The reasons are part of the API.

use kernel::error::Detail;
use kernel::{Code, Failure};

/// The reasons that callers' programs look at.
pub mod reason {
    pub const OWN_PROPOSAL: &str = "OWN_PROPOSAL";
    pub const NOT_OWN_PROPOSAL: &str = "NOT_OWN_PROPOSAL";
    pub const PROPOSAL_DECIDED: &str = "PROPOSAL_DECIDED";
    pub const CLAIM_ACTION_OPEN: &str = "CLAIM_ACTION_OPEN";
    pub const PAYER_CLAIM_NUMBER_MISSING: &str = "PAYER_CLAIM_NUMBER_MISSING";
    pub const FILING_LIMIT_NOT_PASSED: &str = "FILING_LIMIT_NOT_PASSED";
    pub const APPEAL_DEADLINE_PASSED: &str = "APPEAL_DEADLINE_PASSED";

    /// All of them, for the test that keeps them as they are.
    pub const ALL: &[&str] = &[
        OWN_PROPOSAL,
        NOT_OWN_PROPOSAL,
        PROPOSAL_DECIDED,
        CLAIM_ACTION_OPEN,
        PAYER_CLAIM_NUMBER_MISSING,
        FILING_LIMIT_NOT_PASSED,
        APPEAL_DEADLINE_PASSED,
    ];
}

/// A refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("another person has to decide what the caller proposed")]
    OwnProposal,
    #[error("only who proposed it can withdraw it")]
    NotOwnProposal,
    #[error("it is not, or no longer, a proposal that somebody could decide")]
    Decided,
    #[error("the same is proposed for this claim already: it can be approved, rejected or withdrawn")]
    Open,
    #[error("the payer has not told its number of the claim, which a void must name")]
    NoPayerClaimNumber,
    #[error("the payer's time limit has not passed, so there is nothing to override")]
    NotLate,
    #[error("the last day on which the payer takes the appeal has passed")]
    AppealTooLate,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let refused = |reason| Self::new(Code::FailedPrecondition, reason, error.to_string());
        match error {
            Error::OwnProposal => refused(reason::OWN_PROPOSAL),
            Error::NotOwnProposal => refused(reason::NOT_OWN_PROPOSAL),
            Error::Decided => refused(reason::PROPOSAL_DECIDED),
            Error::Open => Self::new(Code::AlreadyExists, reason::CLAIM_ACTION_OPEN, error.to_string())
                .detail(Detail::Resource { kind: "claim_action", id: String::new() }),
            Error::NoPayerClaimNumber => refused(reason::PAYER_CLAIM_NUMBER_MISSING),
            Error::NotLate => refused(reason::FILING_LIMIT_NOT_PASSED),
            Error::AppealTooLate => refused(reason::APPEAL_DEADLINE_PASSED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_api() {
        insta::assert_snapshot!(reason::ALL.join(" "), @"OWN_PROPOSAL NOT_OWN_PROPOSAL PROPOSAL_DECIDED CLAIM_ACTION_OPEN PAYER_CLAIM_NUMBER_MISSING FILING_LIMIT_NOT_PASSED APPEAL_DEADLINE_PASSED");
    }
}
