//! What the claims side refuses, and how the edge answers it. The reasons are part of the API; moves that a claim's
//! state does not allow are [`crate::lifecycle::IllegalTransition`].

use kernel::error::Detail;
use kernel::{Code, Failure};

/// The reasons that callers' programs look at.
pub mod reason {
    pub const SESSION_NOT_COMPLETED: &str = "SESSION_NOT_COMPLETED";
    pub const SESSION_SELF_PAY: &str = "SESSION_SELF_PAY";
    pub const DISCLOSURE_RESTRICTED: &str = "DISCLOSURE_RESTRICTED";
    pub const SESSION_ALREADY_BILLED: &str = "SESSION_ALREADY_BILLED";
    pub const CLAIM_NOT_READY: &str = "CLAIM_NOT_READY";

    /// All of them, for the test that keeps them as they are.
    pub const ALL: &[&str] =
        &[SESSION_NOT_COMPLETED, SESSION_SELF_PAY, DISCLOSURE_RESTRICTED, SESSION_ALREADY_BILLED, CLAIM_NOT_READY];
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
        insta::assert_snapshot!(reason::ALL.join(" "), @"SESSION_NOT_COMPLETED SESSION_SELF_PAY DISCLOSURE_RESTRICTED SESSION_ALREADY_BILLED CLAIM_NOT_READY");
    }
}
