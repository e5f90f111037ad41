//! Whatever is sent, in whatever field: an answer in time that the caller can act on, and never one of our own mistakes.

use std::time::Duration;

use futures_util::StreamExt;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use therapy_claims::Method;
use therapy_claims::client::request_id;
use tonic::Code;
use tonic_types::StatusExt;

use crate::dynamic::{Answer, Any, decode, rpcs};
use crate::harness::TestServer;
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(20);
/// Requests under way at once.
const AT_ONCE: usize = 8;
/// Requests on one connection.
const A_LINE: usize = 50;
/// How deep messages lie in messages.
const DEPTH: usize = 4;

/// RPCs that too many wrong guesses close for a while.
const GUESSED: [&str; 5] = ["/Login", "/SetPassword", "/ChangePassword", "/ConfirmTotp", "/DisableTotp"];

pub(crate) type Way = Vec<FieldDescriptor>;

/// The ways to every field of a request, those in the messages inside it included.
pub(crate) fn ways(input: &MessageDescriptor, depth: usize) -> Vec<Way> {
    let mut found = Vec::new();
    for field in input.fields() {
        found.push(vec![field.clone()]);
        if let Kind::Message(inner) = field.kind()
            && depth > 1
        {
            for mut way in ways(&inner, depth - 1) {
                way.insert(0, field.clone());
                found.push(way);
            }
        }
    }
    found
}

/// What no caller in their right mind sends in such a field; where a message lies, an empty one.
fn garbage(field: &FieldDescriptor) -> Vec<Value> {
    let texts = ["\0", "nonsense", "00000000-0000-0000-0000-000000000000", "-1", "1e999", "2026-13-45", "🦀\u{202e}"];
    let one: Vec<Value> = match field.kind() {
        Kind::String => {
            let long = Value::String("x".repeat(100_000));
            texts.iter().map(|text| Value::String((*text).to_owned())).chain([long]).collect()
        }
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => [i32::MIN, -1, i32::MAX].map(Value::I32).into(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => [i64::MIN, -1, i64::MAX].map(Value::I64).into(),
        Kind::Uint32 | Kind::Fixed32 => vec![Value::U32(u32::MAX)],
        Kind::Uint64 | Kind::Fixed64 => vec![Value::U64(u64::MAX)],
        Kind::Enum(_) => [-1, 9999, i32::MAX].map(Value::EnumNumber).into(),
        Kind::Bytes => vec![Value::Bytes(vec![0xff; 1000].into())],
        Kind::Message(inner) => vec![Value::Message(DynamicMessage::new(inner))],
        Kind::Bool => vec![Value::Bool(true)],
        Kind::Double | Kind::Float => panic!("{}: no float holds anything of ours", field.full_name()),
    };
    if !field.is_list() {
        return one;
    }
    let mut lists: Vec<_> = one.iter().map(|value| Value::List(vec![value.clone(), value.clone()])).collect();
    lists.extend(one.first().map(|value| Value::List(vec![value.clone(); 3000])));
    lists
}

/// Puts the value at the end of the way, making the messages on it; false where a map lies on it.
pub(crate) fn put(message: &mut DynamicMessage, way: &[FieldDescriptor], value: Value) -> bool {
    match way {
        [] => false,
        [field] => {
            message.set_field(field, value);
            true
        }
        [field, rest @ ..] => match (message.get_field_mut(field), field.kind()) {
            (Value::Message(inner), _) => put(inner, rest, value),
            (Value::List(list), Kind::Message(inner)) => {
                if list.is_empty() {
                    list.push(Value::Message(DynamicMessage::new(inner)));
                }
                let Some(Value::Message(first)) = list.first_mut() else { return false };
                put(first, rest, value)
            }
            _ => false,
        },
    }
}

/// What is wrong with an answer, if anything.
fn fault(method: &Method, answer: Option<&Answer>) -> Option<String> {
    let Some(answer) = answer else { return Some("no answer in time".to_owned()) };
    let Err(status) = &answer.0 else { return None };
    let details = status.get_error_details();
    let is_told = details.error_info().is_some() && details.request_info().is_some();
    let is_named = match status.code() {
        // what is wrong is a field, unless its reason says what else it is
        Code::InvalidArgument if answer.reason() == "INVALID_REQUEST" => {
            details.bad_request().is_some_and(|bad| !bad.field_violations.is_empty())
        }
        Code::InvalidArgument
        | Code::NotFound
        | Code::FailedPrecondition
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Aborted
        | Code::OutOfRange => true,
        // wrong passwords and codes
        Code::Unauthenticated | Code::ResourceExhausted => GUESSED.iter().any(|rpc| method.path.ends_with(rpc)),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => false,
    };
    (!is_told || !is_named).then(|| format!("{:?} {} {}", status.code(), answer.reason(), status.message()))
}

async fn send(caller: &Any, method: &'static Method, message: Vec<u8>) -> Option<Answer> {
    tokio::time::timeout(PATIENCE, caller.call(method, message, &request_id())).await.ok()
}

/// Who may call it: the first one who is not denied, else the last.
async fn able<'a>(callers: &'a [Any; 3], method: &'static Method) -> &'a Any {
    let [admin, therapist, adapter] = callers;
    for caller in [admin, therapist] {
        let answer = send(caller, method, Vec::new()).await;
        if answer.is_none_or(|answer| answer.code() != Code::PermissionDenied) {
            return caller;
        }
    }
    adapter
}

/// RPCs that end the credential they are called with.
fn ends_the_caller(method: &Method) -> bool {
    method.path.ends_with("/Logout")
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_any_field_of_any_rpc_is_answered_with_what_is_wrong() {
    let server = TestServer::start().await;
    let world = World::make(&server, "garbage").await;
    let any = Any::connect(&server.endpoint).await;
    let [admin, therapist, ..] = &world.practice.tokens;
    let [admin, therapist] = [admin, therapist].map(|token| any.with(token, &world.practice.id));
    let callers = [admin, therapist, any.with(&world.adapter_token, "")];
    let mut tried = Vec::new();
    for (method, input) in rpcs().into_iter().filter(|(method, _input)| !ends_the_caller(method)) {
        let caller = able(&callers, method).await;
        let base = decode(&input, &world.request(method.path.rsplit('/').next().unwrap()));
        for way in ways(&input, DEPTH) {
            let Some(field) = way.last() else { continue };
            for (index, value) in garbage(field).into_iter().enumerate() {
                let mut request = base.clone();
                if put(&mut request, &way, value) {
                    tried.push((caller.clone(), method, way.clone(), index, prost::Message::encode_to_vec(&request)));
                }
            }
        }
    }
    let count = tried.len();
    let mut faults = Vec::new();
    for some in tried.chunks(A_LINE) {
        // HTTP/2 hangs up on who leaves too many streams early, as these do that don't read the feed
        let line = Any::connect(&server.endpoint).await;
        let answers = futures_util::stream::iter(some).map(async |(caller, method, way, index, message)| {
            let caller = line.with(&caller.token, &caller.practice);
            let fault = fault(method, send(&caller, method, message.clone()).await.as_ref())?;
            let way: Vec<_> = way.iter().map(FieldDescriptor::name).collect();
            Some(format!("{} {} #{index}: {fault}", method.path, way.join(".")))
        });
        faults.extend(answers.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await.into_iter().flatten());
    }
    assert!(faults.is_empty(), "{} of {count}: {:#?}", faults.len(), faults.iter().take(60).collect::<Vec<_>>());
    assert!(count > 2000, "{count} requests were sent");
    println!("{count} requests were sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_message_and_messages_too_large_are_the_callers_mistake() {
    let server = TestServer::start().await;
    let practice = server.practice("bytes").await;
    let adapter = server.account("adapter", &[&practice], &kernel::access::SERVICE_SCOPES).await;
    let any = Any::connect(&server.endpoint).await;
    let [admin, therapist, ..] = &practice.tokens;
    let [admin, therapist] = [admin, therapist].map(|token| any.with(token, &practice.id));
    let callers = [admin, therapist, any.with(&adapter, "")];
    let mut wrong = Vec::new();
    for (method, input) in rpcs().into_iter().filter(|(method, _input)| !ends_the_caller(method)) {
        let caller = able(&callers, method).await;
        let mut unreadable = vec![vec![0xff; 40], vec![0x0a, 0x7f], vec![0x07]];
        // a text that is not UTF-8
        let text = input.fields().find(|field| field.kind() == Kind::String);
        unreadable.extend(text.map(|field| vec![u8::try_from(field.number() << 3 | 2).unwrap(), 2, 0xc3, 0x28]));
        // more than any RPC takes, in a field that none has: 17 MiB under number 15
        let mut large = vec![0x7a, 0x80, 0x80, 0xc0, 0x08];
        large.resize(large.len() + (17 << 20), b'x');
        for (message, reason) in
            unreadable.into_iter().map(|message| (message, "MESSAGE_UNREADABLE")).chain([(large, "MESSAGE_TOO_LARGE")])
        {
            let answer = send(caller, method, message).await;
            let got = answer.as_ref().map(|answer| (answer.code(), answer.reason()));
            // a stream's reader tells by itself that it could not read on
            let reason = match method.client_streaming {
                true if method.path.ends_with("/IngestResponse") => "FILE_STREAM_BROKEN",
                true => "IMPORT_STREAM_BROKEN",
                false => reason,
            };
            if got != Some((Code::InvalidArgument, reason.to_owned())) {
                wrong.push(format!("{}: {got:?} instead of {reason}", method.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
