//! What the headers and the connection of a request say: credential, practice, request id, deadline, certificate.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response};
use kernel::id::{PracticeId, RequestId};
use kernel::{Code, Failure, Fingerprint};
use tonic::body::Body;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};

const REQUEST_ID: &str = "x-request-id";
const PRACTICE_ID: &str = "x-practice-id";

/// The certificate that the peer showed the key of; one that our client authority did not sign gets no connection.
pub(super) fn certificate(request: &Request<Body>) -> Option<Fingerprint> {
    let connection = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>()?;
    connection.peer_certs()?.first().map(|leaf| Fingerprint::of(leaf))
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

pub(super) fn practice_header(headers: &HeaderMap) -> Result<Option<PracticeId>, Failure> {
    let Some(value) = headers.get(PRACTICE_ID) else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| {
        Failure::new(
            Code::InvalidArgument,
            "INVALID_PRACTICE_ID",
            "x-practice-id must be a UUID in its 36-character form",
        )
    })
}

/// The caller's request id if it is fit to be logged, else one of ours.
pub(super) fn request_id(headers: &HeaderMap) -> String {
    let fit = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    match headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(fit) {
        Some(id) => id.to_owned(),
        None => RequestId::new().to_string(),
    }
}

/// `grpc-timeout`: up to eight digits and a unit.
pub(super) fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let n: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(n.saturating_mul(3600))),
        "M" => Some(Duration::from_secs(n.saturating_mul(60))),
        "S" => Some(Duration::from_secs(n)),
        "m" => Some(Duration::from_millis(n)),
        "u" => Some(Duration::from_micros(n)),
        "n" => Some(Duration::from_nanos(n)),
        _ => None,
    }
}

pub(super) fn echo(mut response: Response<Body>, request_id: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
