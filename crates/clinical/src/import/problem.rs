//! A failure as the result of one item among many.

use kernel::status::chain;
use kernel::violations::Violation;
use kernel::{Code, Failure};
use therapy_claims::common::v1 as common;

/// What the call for this item alone would have answered as its status.
#[must_use]
pub fn of(failure: &Failure) -> common::Problem {
    if failure.code == Code::Internal {
        tracing::error!(reason = failure.reason, cause = %chain(failure), "one item of many failed");
    }
    common::Problem {
        code: name(failure.code).to_owned(),
        reason: failure.reason.to_owned(),
        message: failure.message.clone(),
        violations: failure.violations().iter().map(violation).collect(),
        finding_codes: Vec::new(),
    }
}

fn violation(violation: &Violation) -> common::Violation {
    let Violation { field, description } = violation;
    common::Violation { field: field.clone(), description: description.clone() }
}

const fn name(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::Unauthenticated => "UNAUTHENTICATED",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::Unavailable => "UNAVAILABLE",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::Internal => "INTERNAL",
    }
}
