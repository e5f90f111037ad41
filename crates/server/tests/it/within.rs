//! Calls without a wire: the server's own stack as one future, which a test can poll, and drop, as it likes.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Request};
use http_body::{Body as _, Frame};
use prost::bytes::{BufMut, Bytes, BytesMut};
use server::access::Access;
use therapy_claims::Method;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tower::Service;

use crate::watch::Watched;

/// A body of one frame.
pub(crate) struct Once(pub(crate) Option<Bytes>);

impl http_body::Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// What came back: the status, and everything that was sent, trailers included.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    pub(crate) code: i32,
    pub(crate) data: Vec<u8>,
    pub(crate) headers: HeaderMap,
}

impl Whole {
    /// Whether the bytes are anywhere in what came back.
    pub(crate) fn shows(&self, bytes: &[u8]) -> bool {
        self.told().iter().chain([&self.data]).any(|part| part.windows(bytes.len()).any(|some| some == bytes))
    }

    /// What came beside the data: every header and trailer, and the details as they are inside.
    pub(crate) fn told(&self) -> Vec<Vec<u8>> {
        let mut told: Vec<_> = self.headers.values().map(|value| value.as_bytes().to_vec()).collect();
        if let Some(status) = Status::from_header_map(&self.headers) {
            told.extend([status.message().as_bytes().to_vec(), status.details().to_vec()]);
        }
        told
    }
}

/// A request as a client would send it.
pub(crate) fn request(method: &Method, token: &str, practice: &str, message: &[u8]) -> Request<Body> {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).expect("a small message"));
    framed.put_slice(message);
    let mut request = Request::post(format!("http://within{}", method.path))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {token}"));
    if !practice.is_empty() {
        request = request.header("x-practice-id", practice);
    }
    request.body(Body::new(Once(Some(framed.freeze())))).expect("a request")
}

/// Makes the call and reads the answer; of a stream, so many parts.
pub(crate) async fn call(mut service: Watched<Access<Routes>>, request: Request<Body>, parts: usize) -> Whole {
    let Ok(response) = service.call(request).await;
    let (head, body) = response.into_parts();
    let mut headers = head.headers;
    let mut body = std::pin::pin!(body);
    let (mut data, mut read) = (Vec::new(), 0);
    while read < parts
        && let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await
    {
        match frame.expect("the server writes a good body").into_data() {
            Ok(bytes) => {
                data.extend_from_slice(&bytes);
                read += 1;
            }
            Err(frame) => headers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    Whole { code: code(&headers), data, headers }
}

/// The status; a stream that was left while it went well has none.
fn code(headers: &HeaderMap) -> i32 {
    headers.get("grpc-status").map_or(0, |code| code.to_str().expect("a number").parse().expect("a number"))
}

/// Polls a future so many times at most, and drops it then.
pub(crate) async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = times;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            left -= 1;
            if left == 0 { Poll::Ready(None) } else { Poll::Pending }
        }
    })
    .await
}
