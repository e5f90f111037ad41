//! What the claims side refuses, and how the edge answers it. The reasons are part of the API; moves that a claim's
//! state does not allow are [`crate::lifecycle::IllegalTransition`].

use kernel::error::Detail;
use kernel::id::ClaimId;
use kernel::{Code, Failure};

/// The reasons that callers' programs look at.
pub mod reason {
    pub const SESSION_NOT_COMPLETED: &str = "SESSION_NOT_COMPLETED";
    pub const SESSION_SELF_PAY: &str = "SESSION_SELF_PAY";
    pub const DISCLOSURE_RESTRICTED: &str = "DISCLOSURE_RESTRICTED";
    pub const SESSION_ALREADY_BILLED: &str = "SESSION_ALREADY_BILLED";
    pub const CLAIM_NOT_READY: &str = "CLAIM_NOT_READY";
    pub const PAYER_CLAIM_NUMBER_MISSING: &str = "PAYER_CLAIM_NUMBER_MISSING";
    pub const PAYER_NO_REPLACEMENT: &str = "PAYER_NO_REPLACEMENT";
    pub const REPLACEMENT_OPEN: &str = "REPLACEMENT_OPEN";
    pub const CLAIM_NOT_PAID: &str = "CLAIM_NOT_PAID";
    pub const CLAIM_FORWARDED: &str = "CLAIM_FORWARDED";
    pub const NOTHING_LEFT_TO_BILL: &str = "NOTHING_LEFT_TO_BILL";
    pub const NO_NEXT_COVERAGE: &str = "NO_NEXT_COVERAGE";

    /// All of them, for the test that keeps them as they are.
    pub const ALL: &[&str] = &[
        SESSION_NOT_COMPLETED,
        SESSION_SELF_PAY,
        DISCLOSURE_RESTRICTED,
        SESSION_ALREADY_BILLED,
        CLAIM_NOT_READY,
        PAYER_CLAIM_NUMBER_MISSING,
        PAYER_NO_REPLACEMENT,
        REPLACEMENT_OPEN,
        CLAIM_NOT_PAID,
        CLAIM_FORWARDED,
        NOTHING_LEFT_TO_BILL,
        NO_NEXT_COVERAGE,
    ];
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("only a completed session is billed")]
    SessionNotCompleted,
    #[error("the patient pays for this session")]
    SelfPay,
    #[error("the patient restricted disclosure of this session to the plan")]
    DisclosureRestricted,
    #[error("the session has an active claim for this payer")]
    AlreadyBilled,
    /// The codes of the findings.
    #[error("validation stands in the way: {}", .0.join(", "))]
    NotReady(Vec<String>),
    #[error("the payer has not told its number of the claim, which a replacement must name")]
    NoPayerClaimNumber,
    #[error("the payer takes no replacements: void the claim and bill the session anew")]
    NoReplacements,
    /// Its id.
    #[error("a replacement of the claim is open already")]
    ReplacementOpen(ClaimId),
    #[error("only a claim that is paid, and counts, has a next payer")]
    NotPaid,
    #[error("the payer passed the claim on to the next one by itself")]
    Forwarded,
    #[error("the payer left nothing to the patient, so there is nothing to bill to the next one")]
    NothingLeft,
    #[error("the patient has no coverage on the day of the service whose turn it is")]
    NoNextCoverage,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let refused = |reason| Self::new(Code::FailedPrecondition, reason, message.clone());
        match error {
            Error::SessionNotCompleted => refused(reason::SESSION_NOT_COMPLETED),
            Error::SelfPay => refused(reason::SESSION_SELF_PAY),
            Error::DisclosureRestricted => refused(reason::DISCLOSURE_RESTRICTED),
            Error::AlreadyBilled => Self::new(Code::AlreadyExists, reason::SESSION_ALREADY_BILLED, message)
                .detail(Detail::Resource { kind: "claim", id: String::new() }),
            Error::NoPayerClaimNumber => refused(reason::PAYER_CLAIM_NUMBER_MISSING),
            Error::NoReplacements => refused(reason::PAYER_NO_REPLACEMENT),
            Error::ReplacementOpen(id) => Self::new(Code::AlreadyExists, reason::REPLACEMENT_OPEN, message)
                .detail(Detail::Resource { kind: "claim", id: id.to_string() }),
            Error::NotPaid => refused(reason::CLAIM_NOT_PAID),
            Error::Forwarded => refused(reason::CLAIM_FORWARDED),
            Error::NothingLeft => refused(reason::NOTHING_LEFT_TO_BILL),
            Error::NoNextCoverage => refused(reason::NO_NEXT_COVERAGE),
            Error::NotReady(codes) => {
                refused(reason::CLAIM_NOT_READY).detail(Detail::Facts(vec![("finding_codes", codes.join(","))]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_api() {
        insta::assert_snapshot!(reason::ALL.join(" "), @"SESSION_NOT_COMPLETED SESSION_SELF_PAY DISCLOSURE_RESTRICTED SESSION_ALREADY_BILLED CLAIM_NOT_READY PAYER_CLAIM_NUMBER_MISSING PAYER_NO_REPLACEMENT REPLACEMENT_OPEN CLAIM_NOT_PAID CLAIM_FORWARDED NOTHING_LEFT_TO_BILL NO_NEXT_COVERAGE");
    }
}
