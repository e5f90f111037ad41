//! The one error that reaches the edge. Each domain's errors turn into it by one exhaustive match.
//!
//! `message` and `detail` travel to the caller and hold no PHI; `source` goes to the log only.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::violations::Violation;

/// What went wrong, in terms of what the caller can do about it (see the table in the README).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    InvalidArgument,
    Unauthenticated,
    PermissionDenied,
    NotFound,
    AlreadyExists,
    FailedPrecondition,
    Aborted,
    ResourceExhausted,
    Unavailable,
    OutOfRange,
    DeadlineExceeded,
    Internal,
}

impl Code {
    /// The name that gRPC gives it, for answers that speak of several failures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::Unavailable => "UNAVAILABLE",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Internal => "INTERNAL",
        }
    }
}

/// What a caller's program may want beside the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    None,
    /// Every bad field of the request.
    Violations(Vec<Violation>),
    /// Which resource; the id is the one that the caller sent.
    Resource {
        kind: &'static str,
        id: String,
    },
    /// A state machine's refusal.
    Transition {
        from: String,
        attempted: String,
        allowed: Vec<String>,
    },
    /// Worth another try after this long.
    Retry(Duration),
    /// Further facts as key and value, such as the first available position.
    Facts(Vec<(&'static str, String)>),
}

/// A failed request.
#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    /// Upper snake case; part of the API.
    pub reason: &'static str,
    pub message: String,
    pub detail: Detail,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// Violations that a message names.
const TOLD: usize = 5;

impl Failure {
    pub fn new(code: Code, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), detail: Detail::None, source: None }
    }

    /// The message names the first few violations, for people who don't see details; the details name all.
    #[must_use]
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let mut told: Vec<String> = violations.iter().take(TOLD).map(Violation::to_string).collect();
        match violations.len().saturating_sub(TOLD) {
            0 => {}
            more => told.push(format!("and {more} more")),
        }
        Self::new(Code::InvalidArgument, "INVALID_REQUEST", told.join("; ")).detail(Detail::Violations(violations))
    }

    /// One text for no row and for another practice's row.
    #[must_use]
    pub fn not_found(kind: &'static str, id: impl fmt::Display) -> Self {
        Self::new(Code::NotFound, "NOT_FOUND", format!("no such {kind}"))
            .detail(Detail::Resource { kind, id: id.to_string() })
    }

    #[must_use]
    pub fn already_exists(kind: &'static str, reason: &'static str, message: &'static str) -> Self {
        Self::new(Code::AlreadyExists, reason, message).detail(Detail::Resource { kind, id: String::new() })
    }

    #[must_use]
    pub fn unavailable(reason: &'static str, message: &'static str) -> Self {
        Self::new(Code::Unavailable, reason, message).detail(Detail::Retry(Duration::from_secs(1)))
    }

    /// A bug, or something that only the operator can mend: the caller gets a fixed text.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "INTERNAL", "internal error").caused_by(source)
    }

    #[must_use]
    pub fn detail(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }

    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The field violations; empty for other failures.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        if let Detail::Violations(list) = &self.detail { list } else { &[] }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}
