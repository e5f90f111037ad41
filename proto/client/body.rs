//! The body of a unary request: read once, given a `request_id`, sent as often as needed.
use std::{
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use http_body::Frame;
use prost::{
    bytes::{BufMut, BytesMut},
    encoding,
};
use tonic::{
    body::Body,
    codegen::{Body as _, Bytes},
};

/// A gRPC message has a flag for compression and its length before it.
const PREFIX_BYTES: usize = 5;

/// Reads a body to its end.
pub(super) async fn read(mut body: Body) -> Result<Bytes, tonic::Status> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame?.into_data() {
            bytes.put(data);
        }
    }
    Ok(bytes.freeze())
}

/// Puts a `request_id` into the message under the field's number, unless one is there.
///
/// A body that isn't one uncompressed message stays as it is: then the server judges it.
pub(super) fn keyed(body: Bytes, field: u32, request_id: impl FnOnce() -> String) -> Bytes {
    let Some((&[0, ..], message)) = body.split_at_checked(PREFIX_BYTES) else { return body };
    if has(message, field) != Some(false) {
        return body;
    }
    // the order of fields is free, so it can come last
    let mut keyed = BytesMut::zeroed(PREFIX_BYTES);
    keyed.put(message);
    encoding::string::encode(field, &request_id(), &mut keyed);
    let Ok(length) = u32::try_from(keyed.len() - PREFIX_BYTES) else { return body };
    if let Some(mut prefix) = keyed.get_mut(1..PREFIX_BYTES) {
        prefix.put_u32(length);
    }
    keyed.freeze()
}

/// Whether the message has the field; `None` when it can't be read.
fn has(mut message: &[u8], field: u32) -> Option<bool> {
    while !message.is_empty() {
        let (number, wire_type) = encoding::decode_key(&mut message).ok()?;
        if number == field {
            return Some(true);
        }
        encoding::skip_field(wire_type, number, &mut message, encoding::DecodeContext::default()).ok()?;
    }
    Some(false)
}

/// A body of bytes that are there already.
pub(super) fn ready(bytes: Bytes) -> Body {
    Body::new(Ready(Some(bytes)))
}

struct Ready(Option<Bytes>);

impl http_body::Body for Ready {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::clinical::v1::{CompleteSessionRequest, Session, UpdateSessionRequest};

    fn body(message: &impl Message) -> Bytes {
        let mut bytes = BytesMut::new();
        bytes.put_u8(0);
        bytes.put_u32(u32::try_from(message.encoded_len()).unwrap());
        message.encode(&mut bytes).unwrap();
        bytes.freeze()
    }

    #[test]
    fn a_request_without_an_id_gets_one() {
        let request = UpdateSessionRequest {
            session: Some(Session { fee: "150.00".into(), modifiers: vec!["95".into()], ..Session::default() }),
            ..UpdateSessionRequest::default()
        };
        let expected = UpdateSessionRequest { request_id: "made".into(), ..request.clone() };
        let keyed = keyed(body(&request), 3, || "made".into());
        assert_eq!(keyed[..PREFIX_BYTES], body(&expected)[..PREFIX_BYTES]);
        assert_eq!(UpdateSessionRequest::decode(&keyed[PREFIX_BYTES..]).unwrap(), expected);
    }

    #[test]
    fn a_request_with_an_id_keeps_it() {
        let request = CompleteSessionRequest { id: "x".into(), etag: "1".into(), request_id: "given".into() };
        assert_eq!(keyed(body(&request), 3, || "made".into()), body(&request));
    }

    #[test]
    fn what_is_no_plain_message_stays_as_it_is() {
        let compressed = Bytes::from_static(&[1, 0, 0, 0, 1, 7]);
        let garbage = Bytes::from_static(&[0, 0, 0, 0, 1, 0xff]);
        let short = Bytes::from_static(&[0, 0]);
        for bytes in [compressed, garbage, short] {
            assert_eq!(keyed(bytes.clone(), 3, || "made".into()), bytes);
        }
    }
}
