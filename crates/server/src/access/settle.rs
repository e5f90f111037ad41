//! After the handler: no call that touches PHI or changes something ends without an entry.

use std::sync::atomic::Ordering;

use audit::{Entry, Outcome};
use http::Response;
use kernel::method::PhiUse;
use kernel::scope::Facts;
use kernel::status::to_status;
use kernel::{Code, Failure, Scope};
use tonic::body::Body;
use tonic_types::StatusExt;

use super::Gate;
use super::action::{action_of, resource_of};

impl Gate {
    /// Sees to it that no call that touches PHI or changes something ends without an entry.
    pub(super) async fn settle(
        &self,
        facts: &Facts,
        scope: Option<&Scope>,
        response: Response<Body>,
    ) -> Response<Body> {
        let method = facts.method;
        let status = response.extensions().get::<tonic::Status>();
        let is_denied = status.is_some_and(|status| status.code() == tonic::Code::PermissionDenied);
        let leaves_one = method.phi != PhiUse::None || method.mutates || is_denied;
        if !leaves_one || facts.entries.load(Ordering::Relaxed) > 0 {
            return response;
        }
        let Some(scope) = scope else { return response };
        let Some(status) = status else {
            if method.streams {
                // what it tells is recorded piece by piece
                return response;
            }
            let failure = Failure::internal("an answer left no audit entry");
            return to_status(&failure, &facts.request_id).into_http();
        };
        let reason = status.get_details_error_info().map_or_else(|| format!("{:?}", status.code()), |info| info.reason);
        let outcome = if is_denied { Outcome::Denied } else { Outcome::Failed };
        let entry = Entry::bare(scope, action_of(method), resource_of(method)).ended(outcome, &reason);
        // nothing was disclosed by who says but to try again; of a change that says that it may have happened, and no
        // other answer does
        let is_to_repeat = matches!(status.code(), tonic::Code::Unavailable | tonic::Code::DeadlineExceeded);
        if is_denied || is_to_repeat || status.code() == tonic::Code::ResourceExhausted {
            // who is told to slow down and doesn't must not fill the trail
            self.denials.note(entry);
            return response;
        }
        match self.batcher.record(entry).await {
            Ok(_) => response,
            Err(failure) => to_status(&failure, &facts.request_id).into_http(),
        }
    }
}

/// A message that never reached its handler is the caller's mistake, and is answered like any other. What the codec
/// answers by itself says INTERNAL or `OUT_OF_RANGE`, and carries no details, which all our own answers do.
pub(super) fn unread(facts: &Facts, response: Response<Body>) -> Response<Body> {
    let Some(status) = response.extensions().get::<tonic::Status>().filter(|status| status.details().is_empty()) else {
        return response;
    };
    let (reason, message) = if status.code() == tonic::Code::Internal && status.message().contains("decode") {
        ("MESSAGE_UNREADABLE", "the message is not what the RPC takes: its bytes can't be read, or a text is not UTF-8")
    } else if status.code() == tonic::Code::OutOfRange {
        ("MESSAGE_TOO_LARGE", "the message is larger than 4 MiB, or 16 MiB for imports; send less at once")
    } else {
        return response;
    };
    to_status(&Failure::new(Code::InvalidArgument, reason, message), &facts.request_id).into_http()
}
