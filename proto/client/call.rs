//! What happens to a call on its way: credential, practice, deadline, `request_id`, retries.
use std::{
    error::Error,
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{self, Instant};
use tonic::{
    Code, Status, TimeoutExpired,
    body::Body,
    codegen::{
        BoxFuture, Service, StdError,
        http::{HeaderMap, HeaderValue, Request, Response, request::Parts},
    },
    transport::Channel,
};
use tonic_types::StatusExt as _;

use super::{body, request_id, throttle::Throttle};
use crate::{Method, backoff, method};

const ATTEMPTS_MAX: u32 = 4;
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MOST: Duration = Duration::from_secs(2);
const GRPC_TIMEOUT: &str = "grpc-timeout";

/// Reasons of ABORTED that a repetition can't mend: the caller has to look again first.
const FINAL_REASONS: [&str; 3] = ["ETAG_MISMATCH", "LEASE_LOST", "SUBSCRIPTION_MOVED"];

/// The connection with what calls carry: the service that the generated clients run over.
///
/// Unary calls get, unless they set it themselves, a deadline and a `request_id` when they change something. They are tried
/// up to four times within their deadline when the connection breaks or the answer is UNAVAILABLE or ABORTED, after the wait
/// that the server names or a random one that grows; not when the etag or the feed's lease is stale, and not while most
/// calls fail. Streams get no deadline and are not repeated.
#[derive(Clone)]
pub struct Calls {
    pub(super) channel: Channel,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) practice: Option<HeaderValue>,
    pub(super) deadline: Duration,
    pub(super) throttle: Arc<Throttle>,
}

/// Prints nothing that is secret.
impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls")
            .field("has_credential", &self.authorization.is_some())
            .field("practice", &self.practice)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Service<Request<Body>> for Calls {
    type Response = Response<Body>;
    type Error = StdError;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // each attempt waits for the channel by itself
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let headers = request.headers_mut();
        for (name, value) in [("authorization", &self.authorization), ("x-practice-id", &self.practice)] {
            if let (Some(value), false) = (value, headers.contains_key(name)) {
                headers.insert(name, value.clone());
            }
        }
        let calls = self.clone();
        match method(request.uri().path()) {
            Some(method) if !method.client_streaming && !method.server_streaming => {
                Box::pin(calls.unary(request, method))
            }
            Some(_) | None => Box::pin(async move { calls.send(request).await }),
        }
    }
}

impl Calls {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, StdError> {
        let mut channel = self.channel.clone();
        poll_fn(|cx| channel.poll_ready(cx)).await?;
        Ok(channel.call(request).await?)
    }

    async fn unary(self, request: Request<Body>, method: &Method) -> Result<Response<Body>, StdError> {
        let end = Instant::now() + timeout(request.headers()).unwrap_or(self.deadline);
        let (parts, body) = request.into_parts();
        let mut body = body::read(body).await?;
        if let Some(field) = method.request_id {
            body = body::keyed(body, field, request_id);
        }
        let mut attempt = 1;
        loop {
            let request = assemble(&parts, attempt, end, body::ready(body.clone()));
            let Ok(answer) = time::timeout_at(end, self.send(request)).await else { return Ok(deadline_exceeded()) };
            let failure = match &answer {
                Ok(response) => Status::from_header_map(response.headers()).filter(|status| status.code() != Code::Ok),
                Err(error) if is_timeout(error.as_ref()) => return Ok(deadline_exceeded()),
                // the connection broke, or there is none
                Err(_) => None,
            };
            let wait = match (&answer, &failure) {
                (Ok(_), None) => {
                    self.throttle.succeeded();
                    return answer;
                }
                (Ok(_), Some(status)) if !is_passing(status) => return answer,
                (_, Some(status)) => status.get_details_retry_info().and_then(|info| info.retry_delay),
                (Err(_), None) => None,
            };
            let may_retry = self.throttle.failed() && attempt < ATTEMPTS_MAX;
            let wait = wait.unwrap_or_else(|| backoff::wait(attempt, WAIT_FIRST, WAIT_MOST));
            if !may_retry || Instant::now() + wait >= end {
                return answer;
            }
            time::sleep(wait).await;
            attempt += 1;
        }
    }
}

/// Builds the request of one attempt, which has what is left of the time.
fn assemble(parts: &Parts, attempt: u32, end: Instant, body: Body) -> Request<Body> {
    let mut request = Request::from_parts(parts.clone(), body);
    let left = end.saturating_duration_since(Instant::now()).as_millis().clamp(1, 99_999_999);
    let headers = request.headers_mut();
    if let Ok(value) = HeaderValue::try_from(format!("{left}m")) {
        headers.insert(GRPC_TIMEOUT, value);
    }
    if attempt > 1 {
        headers.insert("grpc-previous-rpc-attempts", HeaderValue::from(attempt - 1));
    }
    request
}

/// Whether another attempt may succeed.
fn is_passing(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable => true,
        Code::Aborted => reason(status).is_none_or(|reason| !FINAL_REASONS.contains(&reason.as_str())),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => false,
    }
}

/// The stable reason of an error, such as `ETAG_MISMATCH`.
#[must_use]
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

/// The time that the caller gave by itself.
fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let (value, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let value = u64::from(value.parse::<u32>().ok()?);
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn deadline_exceeded() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from(i32::from(Code::DeadlineExceeded)));
    headers.insert("grpc-message", HeaderValue::from_static("deadline exceeded"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_own_time_is_read_in_every_unit() {
        let units = [("2H", 7_200_000), ("3M", 180_000), ("4S", 4_000), ("5m", 5), ("6000u", 6), ("7000000n", 7)];
        for (text, millis) in units {
            let headers = HeaderMap::from_iter([(GRPC_TIMEOUT.parse().unwrap(), HeaderValue::from_static(text))]);
            assert_eq!(timeout(&headers), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "1", "m", "xm", "1x"] {
            let headers = HeaderMap::from_iter([(GRPC_TIMEOUT.parse().unwrap(), HeaderValue::from_static(text))]);
            assert_eq!(timeout(&headers), None, "{text}");
        }
    }
}
