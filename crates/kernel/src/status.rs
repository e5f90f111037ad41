//! The only place that makes a `tonic::Status`: code, safe message, and the standard error details.

use std::collections::HashMap;
use std::error::Error;

use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt};

use crate::error::{Code, Detail, Failure};
use crate::violations::Violation;

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
            details.set_bad_request(named(list));
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

/// Details travel in a trailer, and a client that gets more than about 8 KiB of them breaks the connection off.
const NAMED_BYTES: usize = 4096;

/// The violations, as many as fit; the last one tells how many more there are.
fn named(list: &[Violation]) -> Vec<FieldViolation> {
    let mut room = NAMED_BYTES;
    let mut fits = |v: &Violation| {
        let left = room.checked_sub(v.field.len() + v.description.len());
        room = left.unwrap_or_default();
        left.is_some()
    };
    let mut named: Vec<_> =
        list.iter().take_while(|v| fits(v)).map(|v| FieldViolation::new(&v.field, &v.description)).collect();
    let more = list.len() - named.len();
    if more > 0 {
        named.push(FieldViolation::new("", format!("and {more} more violations")));
    }
    named
}

/// The error and its causes, outermost first, in one line for the log.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_violations_than_a_trailer_holds_are_counted() {
        let violation = |n: usize| Violation { field: format!("paths[{n}]"), description: "is unknown".to_owned() };
        let status = to_status(&Failure::invalid((0..3000).map(violation).collect()), "r");
        assert!(status.details().len() < 8192 && status.message().len() < 8192, "{}", status.details().len());
        let named = status.get_details_bad_request().unwrap().field_violations;
        let (last, rest) = named.split_last().unwrap();
        assert_eq!(last.description, format!("and {} more violations", 3000 - rest.len()));
        let few = to_status(&Failure::invalid((0..20).map(violation).collect()), "r");
        assert_eq!(few.get_details_bad_request().unwrap().field_violations.len(), 20);
    }
}
