//! The only place that makes a `tonic::Status`: code, safe message, and the standard error details.

use std::collections::HashMap;
use std::error::Error;

use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt};

use crate::error::{Code, Detail, Failure};

/// The `domain` of every `ErrorInfo`.
pub const DOMAIN: &str = "therapy-claims";

impl Code {
    #[must_use]
    pub const fn grpc(self) -> tonic::Code {
        match self {
            Self::InvalidArgument => tonic::Code::InvalidArgument,
            Self::Unauthenticated => tonic::Code::Unauthenticated,
            Self::PermissionDenied => tonic::Code::PermissionDenied,
            Self::NotFound => tonic::Code::NotFound,
            Self::AlreadyExists => tonic::Code::AlreadyExists,
            Self::FailedPrecondition => tonic::Code::FailedPrecondition,
            Self::Aborted => tonic::Code::Aborted,
            Self::ResourceExhausted => tonic::Code::ResourceExhausted,
            Self::Unavailable => tonic::Code::Unavailable,
            Self::OutOfRange => tonic::Code::OutOfRange,
            Self::DeadlineExceeded => tonic::Code::DeadlineExceeded,
            Self::Internal => tonic::Code::Internal,
        }
    }
}

/// Renders a failure for the wire, and logs the cause of those that are ours to mend.
#[must_use]
pub fn to_status(failure: &Failure, request_id: &str) -> Status {
    if matches!(failure.code, Code::Internal | Code::Unavailable) {
        tracing::error!(request.id = request_id, reason = failure.reason, cause = %chain(failure), "request failed");
    }
    let mut details = ErrorDetails::new();
    details.set_request_info(request_id, "");
    let mut metadata = HashMap::new();
    match &failure.detail {
        Detail::None => {}
        Detail::Violations(list) => {
            details.set_bad_request(
                list.iter().map(|v| FieldViolation::new(&v.field, &v.description)).collect::<Vec<_>>(),
            );
        }
        Detail::Resource { kind, id } => {
            details.set_resource_info(*kind, id, "", "");
        }
        Detail::Transition { from, attempted, allowed } => {
            let allowed = allowed.join(", ");
            let text = format!("{attempted} is not possible from {from}; possible: {allowed}");
            details.set_precondition_failure(vec![PreconditionViolation::new(failure.reason, from, text)]);
            metadata.extend(
                [("from", from.clone()), ("attempted", attempted.clone()), ("allowed", allowed)]
                    .map(|(k, v)| (k.to_owned(), v)),
            );
        }
        Detail::Retry(after) => {
            details.set_retry_info(Some(*after));
        }
        Detail::Facts(facts) => metadata.extend(facts.iter().map(|(k, v)| ((*k).to_owned(), v.clone()))),
    }
    details.set_error_info(failure.reason, DOMAIN, metadata);
    Status::with_error_details(failure.code.grpc(), &failure.message, details)
}

/// The causes, outermost first, in one line for the log.
#[must_use]
pub fn chain(failure: &Failure) -> String {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
