//! Calls any RPC by its path, knowing nothing but the descriptors.

use std::time::Duration;

use prost::Message;
use prost::bytes::{Buf, BufMut};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage};
use therapy_claims::{FILE_DESCRIPTOR_SET, METHODS, Method};
use tokio::time::sleep;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt;

/// Somebody with a credential who acts in a practice; an empty text sends no header.
#[derive(Debug, Clone)]
pub(crate) struct Any {
    pub(crate) channel: Channel,
    pub(crate) token: String,
    pub(crate) practice: String,
}

/// What came back: the first message of the answer, or how the call was refused.
#[derive(Debug, Clone)]
pub(crate) struct Answer(pub(crate) Result<Vec<u8>, Status>);

impl Any {
    pub(crate) async fn connect(endpoint: &str) -> Self {
        let channel = Channel::from_shared(endpoint.to_owned()).unwrap().connect().await.unwrap();
        Self { channel, token: String::new(), practice: String::new() }
    }

    /// Waits until somebody listens there.
    pub(crate) async fn connect_when_there(endpoint: &str) -> Self {
        let endpoint = Channel::from_shared(endpoint.to_owned()).unwrap();
        loop {
            if let Ok(channel) = endpoint.connect().await {
                return Self { channel, token: String::new(), practice: String::new() };
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn with(&self, token: &str, practice: &str) -> Self {
        Self { channel: self.channel.clone(), token: token.to_owned(), practice: practice.to_owned() }
    }

    /// Sends one message, whatever the RPC streams, and reads the first one of the answer.
    pub(crate) async fn call(&self, method: &'static Method, message: Vec<u8>, request_id: &str) -> Answer {
        Answer(self.first(method, message, request_id).await)
    }

    async fn first(&self, method: &'static Method, message: Vec<u8>, request_id: &str) -> Result<Vec<u8>, Status> {
        let mut answer = self.open(method, message, request_id).await?;
        let first = answer.message().await?.unwrap_or_default();
        if !method.server_streaming {
            // the status comes behind the message
            assert_eq!(answer.message().await?, None, "{} answers once", method.path);
        }
        Ok(first)
    }

    /// Sends one message, and leaves reading the answer to the caller.
    pub(crate) async fn open(
        &self,
        method: &'static Method,
        message: Vec<u8>,
        request_id: &str,
    ) -> Result<Streaming<Vec<u8>>, Status> {
        let mut request = Request::new(tokio_stream::once(message));
        let metadata = request.metadata_mut();
        metadata.insert("x-request-id", request_id.parse().unwrap());
        if !self.token.is_empty() {
            metadata.insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        }
        if !self.practice.is_empty() {
            metadata.insert("x-practice-id", self.practice.parse().unwrap());
        }
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(16 * 1024 * 1024);
        #[expect(clippy::disallowed_methods, reason = "says what tonic says of a line that is gone")]
        grpc.ready().await.map_err(|gone| Status::from_error(gone.into()))?;
        let path = http::uri::PathAndQuery::from_static(method.path);
        Ok(grpc.streaming(request, path, Raw).await?.into_inner())
    }
}

impl Answer {
    pub(crate) fn code(&self) -> Code {
        self.0.as_ref().map_or_else(Status::code, |_message| Code::Ok)
    }

    /// The reason of the answer's `ErrorInfo`.
    pub(crate) fn reason(&self) -> String {
        let info = self.0.as_ref().err().and_then(StatusExt::get_details_error_info);
        info.map(|info| info.reason).unwrap_or_default()
    }

    /// Everything that the caller sees, but for the id that it sent itself.
    pub(crate) fn seen(&self, echoed: &str) -> (Code, Vec<u8>, Vec<u8>) {
        match &self.0 {
            Ok(message) => (Code::Ok, without(message, echoed), Vec::new()),
            Err(status) => {
                (status.code(), without(status.message().as_bytes(), echoed), without(status.details(), echoed))
            }
        }
    }
}

/// The bytes with each occurrence of the text blanked out.
fn without(bytes: &[u8], text: &str) -> Vec<u8> {
    let (mut rest, mut kept) = (bytes, Vec::new());
    while let Some((first, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(text.as_bytes()) {
            kept.resize(kept.len() + text.len(), b'*');
            rest = tail;
        } else {
            kept.push(*first);
            rest = tail;
        }
    }
    kept
}

/// All RPCs with the type of their request; `Logout` is the last, as it ends the credential.
pub(crate) fn rpcs() -> Vec<(&'static Method, MessageDescriptor)> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let mut rpcs: Vec<_> = METHODS
        .iter()
        .map(|method| {
            let (service, name) = method.path.trim_start_matches('/').split_once('/').unwrap();
            let service = pool.get_service_by_name(service).unwrap();
            (method, service.methods().find(|rpc| rpc.name() == name).unwrap().input())
        })
        .collect();
    rpcs.sort_by_key(|(method, _input)| method.path.ends_with("/Logout"));
    rpcs
}

/// The message that these bytes are.
pub(crate) fn decode(input: &MessageDescriptor, bytes: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(input.clone(), bytes).unwrap()
}

/// Its bytes, under a key of its own if it takes one.
pub(crate) fn keyed(message: DynamicMessage) -> Vec<u8> {
    keyed_with(message, &therapy_claims::client::request_id())
}

/// Its bytes, under that key if it takes one.
pub(crate) fn keyed_with(mut message: DynamicMessage, request_id: &str) -> Vec<u8> {
    if let Some(field) = message.descriptor().get_field_by_name("request_id") {
        message.set_field(&field, prost_reflect::Value::String(request_id.to_owned()));
    }
    message.encode_to_vec()
}

/// Messages as they are on the wire.
#[derive(Debug, Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; buffer.remaining()];
        buffer.copy_to_slice(&mut item);
        Ok(Some(item))
    }
}
