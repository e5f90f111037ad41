//! What the database can answer, sorted by what the service does about it.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use kernel::{Code, Failure};

use crate::link::BadLink;

/// A failed statement, transaction or connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no such row")]
    NotFound,
    #[error("unique or exclusion constraint {constraint}")]
    Taken { constraint: String },
    #[error("foreign key {constraint}")]
    Dangling { constraint: String },
    #[error("serialization failure or deadlock")]
    Conflict,
    #[error("statement timeout")]
    Timeout,
    #[error("no connection is free")]
    Exhausted,
    #[error("the database cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Before anything was sent.
    #[error(transparent)]
    BadLink(#[from] BadLink),
    #[error("database error")]
    Other(#[source] DieselError),
}

/// The result of a store function that knows no failure of its own domain.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// SQLSTATE does not survive diesel; with `lc_messages = C`, which `deploy/roles.sql` sets for our roles, these texts do.
const CONFLICTS: [&str; 2] = ["deadlock detected", "could not serialize access"];
const TIMEOUTS: [&str; 2] = ["canceling statement due to statement timeout", "canceling statement due to lock timeout"];
const LOST: [&str; 5] = [
    "terminating connection due to",
    "the database system is ",
    "sorry, too many clients",
    "remaining connection slots",
    "canceling statement due to user request",
];

#[expect(clippy::wildcard_enum_match_arm, reason = "what has no answer of its own is a bug to be logged")]
impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        let (kind, info) = match error {
            DieselError::NotFound => return Self::NotFound,
            DieselError::DatabaseError(kind, info) => (kind, info),
            other => return Self::Other(other),
        };
        let constraint = |info: &dyn DatabaseErrorInformation| info.constraint_name().unwrap_or_default().to_owned();
        let says = |texts: &[&str]| texts.iter().any(|text| info.message().starts_with(text));
        match kind {
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ExclusionViolation => {
                Self::Taken { constraint: constraint(&*info) }
            }
            DatabaseErrorKind::ForeignKeyViolation => Self::Dangling { constraint: constraint(&*info) },
            DatabaseErrorKind::SerializationFailure => Self::Conflict,
            DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
                Self::Unreachable(info.message().to_owned().into())
            }
            _ if says(&CONFLICTS) => Self::Conflict,
            _ if says(&TIMEOUTS) => Self::Timeout,
            _ if says(&LOST) => Self::Unreachable(info.message().to_owned().into()),
            kind => Self::Other(DieselError::DatabaseError(kind, info)),
        }
    }
}

/// The reason of a failure that a fresh attempt may cure.
pub const CONFLICT: &str = "TRANSACTION_CONFLICT";

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::new(Code::NotFound, "NOT_FOUND", "no such resource"),
            Error::Taken { .. } => {
                Self::new(Code::AlreadyExists, "ALREADY_EXISTS", "the resource exists already").caused_by(error)
            }
            Error::Dangling { .. } => {
                Self::new(Code::FailedPrecondition, "REFERENCE_MISSING", "a referenced resource does not exist")
                    .caused_by(error)
            }
            Error::Conflict => Self::new(Code::Aborted, CONFLICT, "the transaction met another one; try again"),
            Error::Timeout => Self::new(
                Code::DeadlineExceeded,
                "DEADLINE_EXCEEDED",
                "the deadline passed before the database answered",
            ),
            Error::Exhausted => Self::unavailable("POOL_EXHAUSTED", "the server is at capacity"),
            Error::Unreachable(_) => {
                Self::unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached").caused_by(error)
            }
            Error::BadLink(_) | Error::Other(_) => Self::internal(error),
        }
    }
}

/// A constraint that refused a row, by name.
#[derive(Debug, Clone, Copy)]
pub enum Refused<'a> {
    /// Unique or exclusion.
    Taken(&'a str),
    /// Foreign key.
    Dangling(&'a str),
}

/// Turns the expected constraint violations into the domain's own failures.
pub trait Explain<T> {
    /// `explain` answers `None` for constraints that it did not expect.
    ///
    /// # Errors
    /// What `explain` made of it, or the database's failure.
    fn explain(self, explain: impl FnOnce(Refused<'_>) -> Option<Failure>) -> Result<T, Failure>;
}

impl<T> Explain<T> for Result<T, DieselError> {
    fn explain(self, explain: impl FnOnce(Refused<'_>) -> Option<Failure>) -> Result<T, Failure> {
        self.map_err(|error| {
            let error = Error::from(error);
            let explained = match &error {
                Error::Taken { constraint } => explain(Refused::Taken(constraint)),
                Error::Dangling { constraint } => explain(Refused::Dangling(constraint)),
                Error::NotFound
                | Error::Conflict
                | Error::Timeout
                | Error::Exhausted
                | Error::Unreachable(_)
                | Error::BadLink(_)
                | Error::Other(_) => None,
            };
            explained.unwrap_or_else(|| error.into())
        })
    }
}
