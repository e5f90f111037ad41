//! What this domain refuses, and how the edge answers it. The reasons are part of the API.

use kernel::error::Detail;
use kernel::{Code, Failure};

/// The reasons that callers' programs look at.
pub mod reason {
    pub const NPI_TAKEN: &str = "NPI_TAKEN";
    pub const COVERAGE_OVERLAP: &str = "COVERAGE_OVERLAP";
    pub const NETWORK_STATUS_OVERLAP: &str = "NETWORK_STATUS_OVERLAP";
    pub const SESSION_INVALID_TRANSITION: &str = "SESSION_INVALID_TRANSITION";
    pub const PATIENT_INACTIVE: &str = "PATIENT_INACTIVE";
    pub const THERAPIST_INACTIVE: &str = "THERAPIST_INACTIVE";
    pub const OWN_SESSIONS_ONLY: &str = "OWN_SESSIONS_ONLY";
    pub const IMPORT_STREAM_BROKEN: &str = "IMPORT_STREAM_BROKEN";

    /// All of them, for the test that keeps them as they are.
    pub const ALL: &[&str] = &[
        NPI_TAKEN,
        COVERAGE_OVERLAP,
        NETWORK_STATUS_OVERLAP,
        SESSION_INVALID_TRANSITION,
        PATIENT_INACTIVE,
        THERAPIST_INACTIVE,
        OWN_SESSIONS_ONLY,
        IMPORT_STREAM_BROKEN,
    ];
}

/// A refusal that needs no more than its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("another therapist of the practice has this NPI")]
    NpiTaken,
    #[error("the patient has a coverage of this sequence at an overlapping time")]
    CoverageOverlap,
    #[error("the therapist's status with this payer changes again at a later day within this time")]
    NetworkStatusOverlap,
    #[error("the patient is deactivated: no new sessions are booked")]
    PatientInactive,
    #[error("the therapist is deactivated: no new sessions are booked")]
    TherapistInactive,
    #[error("a therapist books sessions of their own only")]
    OwnSessionsOnly,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::NpiTaken => Self::new(Code::AlreadyExists, reason::NPI_TAKEN, message).detail(resource("therapist")),
            Error::CoverageOverlap => {
                Self::new(Code::AlreadyExists, reason::COVERAGE_OVERLAP, message).detail(resource("coverage"))
            }
            Error::NetworkStatusOverlap => Self::new(Code::FailedPrecondition, reason::NETWORK_STATUS_OVERLAP, message),
            Error::PatientInactive => Self::new(Code::FailedPrecondition, reason::PATIENT_INACTIVE, message),
            Error::TherapistInactive => Self::new(Code::FailedPrecondition, reason::THERAPIST_INACTIVE, message),
            Error::OwnSessionsOnly => Self::new(Code::PermissionDenied, reason::OWN_SESSIONS_ONLY, message),
        }
    }
}

const fn resource(kind: &'static str) -> Detail {
    Detail::Resource { kind, id: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They are part of the API: callers' programs compare them.
    #[test]
    fn reasons_stay_as_they_are() {
        let expected = [
            "NPI_TAKEN",
            "COVERAGE_OVERLAP",
            "NETWORK_STATUS_OVERLAP",
            "SESSION_INVALID_TRANSITION",
            "PATIENT_INACTIVE",
            "THERAPIST_INACTIVE",
            "OWN_SESSIONS_ONLY",
            "IMPORT_STREAM_BROKEN",
        ];
        assert_eq!(reason::ALL, expected);
    }
}
