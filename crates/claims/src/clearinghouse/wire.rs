//! `Subscribe` on the wire: events leave as they were stored. Nobody decodes them here only to encode them again, which
//! was most of what a stream cost the server.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes};
use feed::Event;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use kernel::status::to_status;
use kernel::{Failure, PracticeId};
use prost::Message;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::clearinghouse_service_server::{ClearinghouseServiceServer, SERVICE_NAME};
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codec::{BufferSettings, Codec, EncodeBuf, Encoder};
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstDecoder;

use super::Clearinghouse;

const SUBSCRIBE: &str = "/therapy.claims.v1.ClearinghouseService/Subscribe";

/// Encoded `SubscribeResponse`s.
pub(super) type Encoded = ReceiverStream<Result<Bytes, Status>>;

/// What the generated service asks for. Callers in this process use it; the server sends the bytes.
pub(super) type Typed = BoxStream<'static, Result<pb::SubscribeResponse, Status>>;

pub(super) fn typed(encoded: Encoded) -> Typed {
    let decode = |bytes: Bytes| pb::SubscribeResponse::decode(bytes).map_err(Failure::internal);
    encoded.map(move |next| next.and_then(|bytes| decode(bytes).map_err(|failure| to_status(&failure, "")))).boxed()
}

/// A `SubscribeResponse` that is a batch, with its events encoded already.
#[derive(Clone, PartialEq, Message)]
struct BatchResponse {
    #[prost(message, required, tag = "2")]
    batch: EncodedBatch,
}

/// An `EventBatch`.
#[derive(Clone, PartialEq, Message)]
struct EncodedBatch {
    #[prost(string, tag = "1")]
    practice_id: String,
    #[prost(bytes = "vec", repeated, tag = "2")]
    events: Vec<Vec<u8>>,
}

/// The fields of a `ClaimEvent` that are not stored with it. Fields may come in any order, so they follow the others.
#[derive(Clone, Copy, PartialEq, Message)]
struct Place {
    #[prost(int64, tag = "2")]
    position: i64,
    #[prost(int64, tag = "3")]
    previous_position: i64,
}

pub(super) fn batch(practice: PracticeId, events: Vec<Event>) -> Bytes {
    let placed = |Event { position, previous, mut payload, .. }: Event| {
        payload.extend(Place { position, previous_position: previous }.encode_to_vec());
        payload
    };
    let events = events.into_iter().map(placed).collect();
    BatchResponse { batch: EncodedBatch { practice_id: practice.to_string(), events } }.encode_to_vec().into()
}

/// Sends what is encoded already.
#[derive(Debug, Default)]
struct Verbatim;

impl Codec for Verbatim {
    type Encode = Bytes;
    type Decode = pb::SubscribeRequest;
    type Encoder = Self;
    type Decoder = ProstDecoder<pb::SubscribeRequest>;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstDecoder::new(BufferSettings::default())
    }
}

impl Encoder for Verbatim {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, dst: &mut EncodeBuf<'_>) -> Result<(), Status> {
        dst.put(item);
        Ok(())
    }
}

struct Subscribing(Arc<Clearinghouse>);

impl ServerStreamingService<pb::SubscribeRequest> for Subscribing {
    type Response = Bytes;
    type ResponseStream = Encoded;
    type Future = BoxFuture<'static, Result<Response<Encoded>, Status>>;

    fn call(&mut self, request: Request<pb::SubscribeRequest>) -> Self::Future {
        let clearinghouse = Arc::clone(&self.0);
        async move { clearinghouse.stream(request).await }.boxed()
    }
}

/// The service as it is served: `Subscribe` from here, everything else as generated.
#[derive(Debug, Clone)]
pub struct ClearinghouseServer {
    clearinghouse: Arc<Clearinghouse>,
    generated: ClearinghouseServiceServer<Clearinghouse>,
}

impl ClearinghouseServer {
    #[must_use]
    pub fn new(clearinghouse: Clearinghouse) -> Self {
        let clearinghouse = Arc::new(clearinghouse);
        Self { generated: ClearinghouseServiceServer::from_arc(Arc::clone(&clearinghouse)), clearinghouse }
    }
}

impl NamedService for ClearinghouseServer {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<http::Request<Body>> for ClearinghouseServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if request.uri().path() != SUBSCRIBE {
            return self.generated.call(request);
        }
        let subscribing = Subscribing(Arc::clone(&self.clearinghouse));
        async move { Ok(Grpc::new(Verbatim).server_streaming(subscribing, request).await) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use kernel::id::ClaimId;
    use therapy_claims::claims::v1::subscribe_response::Kind;

    use super::*;

    #[test]
    fn a_batch_of_stored_events_decodes_as_the_batch_it_is() {
        let practice = PracticeId::new();
        let told = |position: i64| pb::ClaimEvent {
            position,
            previous_position: position - 1,
            claim_number: format!("N{position}"),
            attempt: 7,
            ..Default::default()
        };
        let stored = |position: i64| Event {
            position,
            previous: position - 1,
            subject: ClaimId::new().uuid(),
            payload: pb::ClaimEvent { position: 0, previous_position: 0, ..told(position) }.encode_to_vec(),
        };
        let bytes = batch(practice, vec![stored(1), stored(2)]);
        let events = vec![told(1), told(2)];
        let kind = Some(Kind::Batch(pb::EventBatch { practice_id: practice.to_string(), events }));
        assert_eq!(pb::SubscribeResponse::decode(bytes).unwrap(), pb::SubscribeResponse { kind });
    }
}
