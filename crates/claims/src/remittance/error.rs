//! What is refused of remittance claims, and how the edge answers it. The reasons are part of the API.

use kernel::error::Detail;
use kernel::{Code, Failure};

use super::Mismatch;

/// The reasons that callers' programs look at.
pub mod reason {
    pub const REMITTANCE_CLAIM_POSTED: &str = "REMITTANCE_CLAIM_POSTED";
    pub const REMITTANCE_CLAIM_DISMISSED: &str = "REMITTANCE_CLAIM_DISMISSED";
    pub const REMITTANCE_CLAIM_NOT_POSTABLE: &str = "REMITTANCE_CLAIM_NOT_POSTABLE";
    pub const CHARGE_DIFFERS: &str = "CHARGE_DIFFERS";
    pub const MISMATCH_UNACKNOWLEDGED: &str = "MISMATCH_UNACKNOWLEDGED";
    pub const CLAIM_CANNOT_TAKE_IT: &str = "CLAIM_CANNOT_TAKE_IT";
    pub const NOT_MATCHED_BY_HAND: &str = "NOT_MATCHED_BY_HAND";
    pub const MATCH_STANDS: &str = "MATCH_STANDS";

    /// All of them, for the test that keeps them as they are.
    pub const ALL: &[&str] = &[
        REMITTANCE_CLAIM_POSTED,
        REMITTANCE_CLAIM_DISMISSED,
        REMITTANCE_CLAIM_NOT_POSTABLE,
        CHARGE_DIFFERS,
        MISMATCH_UNACKNOWLEDGED,
        CLAIM_CANNOT_TAKE_IT,
        NOT_MATCHED_BY_HAND,
        MATCH_STANDS,
    ];
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("it is posted already: what was matched by hand can be unmatched")]
    Posted,
    #[error("it was dismissed already")]
    Dismissed,
    #[error("it is no decision that could be posted, or its status or adjustments can't be read")]
    NotPostable(&'static str),
    #[error("it is of another charge than the claim, so its amounts can't be the claim's")]
    ChargeDiffers,
    #[error("it says otherwise than the claim: look, and name what may differ")]
    Mismatch(Vec<Mismatch>),
    #[error("the claim can't take it as it stands: a decision stands on it, or what it takes back is not posted")]
    CannotTake,
    #[error("no person matched it, so no person can take the match back: a payer's reversal does")]
    NotByHand,
    #[error("other answers came since, or the claim has moved on: the match can't be taken back")]
    Stands,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let refused = |reason| Self::new(Code::FailedPrecondition, reason, error.to_string());
        match &error {
            Error::Posted => refused(reason::REMITTANCE_CLAIM_POSTED),
            Error::Dismissed => refused(reason::REMITTANCE_CLAIM_DISMISSED),
            Error::NotPostable(why) => refused(reason::REMITTANCE_CLAIM_NOT_POSTABLE)
                .detail(Detail::Facts(vec![("state_reason", (*why).to_owned())])),
            Error::ChargeDiffers => refused(reason::CHARGE_DIFFERS),
            Error::Mismatch(what) => {
                let names: Vec<&str> = what.iter().map(|one| one.as_str()).collect();
                refused(reason::MISMATCH_UNACKNOWLEDGED).detail(Detail::Facts(vec![("mismatches", names.join(" "))]))
            }
            Error::CannotTake => refused(reason::CLAIM_CANNOT_TAKE_IT),
            Error::NotByHand => refused(reason::NOT_MATCHED_BY_HAND),
            Error::Stands => refused(reason::MATCH_STANDS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_api() {
        insta::assert_snapshot!(reason::ALL.join(" "), @"REMITTANCE_CLAIM_POSTED REMITTANCE_CLAIM_DISMISSED REMITTANCE_CLAIM_NOT_POSTABLE CHARGE_DIFFERS MISMATCH_UNACKNOWLEDGED CLAIM_CANNOT_TAKE_IT NOT_MATCHED_BY_HAND MATCH_STANDS");
    }
}
