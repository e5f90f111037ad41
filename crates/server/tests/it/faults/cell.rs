//! One call on a line of its own that keeps every byte of the answer, and what those bytes tell.

use std::time::Duration;

use aho_corasick::AhoCorasick;
use prost_reflect::MessageDescriptor;
use testkit::proxy::{Address, Proxy};
use therapy_claims::client::request_id;
use therapy_claims::{Method, Phi};
use tokio::time::timeout;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::dynamic::{Any, keyed_with};
use crate::ready::{Ready, Stage};

/// No answer takes so long, whatever has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// What is shorter is looked for as it is.
const SHORT: usize = 9;
const DATA: u8 = 0;
const PADDED: u8 = 8;

/// A call that would end well.
pub(super) struct Cell {
    pub(super) method: &'static Method,
    token: String,
    message: Vec<u8>,
    /// What makes a change happen once.
    pub(super) once: String,
    /// Whether its answer is kept under that.
    pub(super) is_kept: bool,
    /// What the entry of the next call will be known by.
    pub(super) trace: String,
}

/// What came back.
pub(super) struct Seen {
    pub(super) messages: Vec<Vec<u8>>,
    pub(super) ended: Result<(), Status>,
    /// Everything that went down the line.
    down: Vec<u8>,
}

impl Cell {
    pub(super) async fn ready(stage: &Stage<'_>, method: &'static Method, input: &MessageDescriptor) -> Self {
        let Ready { token, message, is_made: _ } = stage.ready(method, input).await;
        let once = request_id();
        let is_kept = input.get_field_by_name("request_id").is_some();
        Self { method, token, is_kept, message: keyed_with(message, &once), once, trace: request_id() }
    }

    /// Whether its entry is in the transaction of what it changes.
    pub(super) fn changes(&self) -> bool {
        self.method.phi == Phi::Write
    }

    /// Whether the answer begins with what tells nothing of anybody.
    pub(super) fn greets(&self) -> bool {
        self.method.path.ends_with("/Subscribe")
    }

    /// The same request, to be known by another name in the trail.
    pub(super) fn again(&mut self) {
        self.trace = request_id();
    }

    pub(super) async fn call(&self, server: &Address, practice: &str) -> Seen {
        let line = Proxy::tapped(server.clone()).await.unwrap();
        let any = Any::connect(&format!("http://127.0.0.1:{}", line.port().unwrap())).await;
        let mut messages = Vec::new();
        let read = async {
            let any = any.with(&self.token, practice);
            let mut answer = any.open(self.method, self.message.clone(), &self.trace).await?;
            while let Some(message) = answer.message().await? {
                messages.push(message);
                // the first message of a subscription tells nothing, and it has no end
                if self.method.server_streaming && messages.len() == 2 {
                    break;
                }
            }
            Ok(())
        };
        let ended = timeout(PATIENCE, read).await.expect(self.method.path);
        Seen { messages, ended, down: line.traffic().await.down }
    }
}

impl Seen {
    pub(super) fn code(&self) -> Code {
        self.ended.as_ref().map_or_else(Status::code, |()| Code::Ok)
    }

    /// What is wrong with it as a refusal for that reason, which asks the caller to come again.
    pub(super) fn is_no_refusal(&self, reason: &str, may_begin: bool) -> Option<String> {
        let Err(status) = &self.ended else { return Some(format!("answers {} messages", self.messages.len())) };
        let details = status.get_error_details();
        let said = details.error_info().map_or("", |info| info.reason.as_str());
        if status.code() != Code::Unavailable || said != reason {
            return Some(format!("{:?} {said} {}", status.code(), status.message()));
        }
        if details.retry_info().and_then(|info| info.retry_delay).is_none_or(|delay| delay.is_zero()) {
            return Some("says nothing of coming again".to_owned());
        }
        let begun = usize::from(may_begin);
        if self.messages.len() > begun || (!may_begin && !data(&self.down).is_empty()) {
            return Some(format!("sends {} bytes of data", data(&self.down).len()));
        }
        None
    }

    /// Whether what is sought is anywhere in it: in the bytes, in the data of its frames, in what is compressed.
    pub(super) fn shows(&self, sought: &AhoCorasick) -> bool {
        let mut told = vec![self.down.clone(), data(&self.down)];
        told.extend(self.messages.iter().cloned());
        if let Err(status) = &self.ended {
            told.extend([status.message().as_bytes().to_vec(), status.details().to_vec()]);
            let headers = status.metadata().clone().into_headers();
            told.extend(headers.values().map(|value| value.as_bytes().to_vec()));
        }
        told.iter().any(|bytes| sought.is_match(bytes))
    }
}

/// What finds these bytes, as they are, in hexadecimal and in Base64.
pub(super) fn seeker(sought: &[(String, Vec<u8>)]) -> AhoCorasick {
    let mut forms = Vec::new();
    for (_kind, bytes) in sought {
        if bytes.len() < SHORT {
            // by chance, its other forms are anywhere
            forms.push(bytes.clone());
            continue;
        }
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.extend([bytes.clone(), hex.to_ascii_uppercase().into_bytes(), hex.into_bytes()]);
        // wherever in a group of three it begins; what depends on what stands beside it is left away
        forms.extend((0..3).map(|offset| base64(bytes.get(offset..).unwrap())));
    }
    AhoCorasick::new(forms).unwrap()
}

/// The groups that are whole.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| *LETTERS.get(bits >> shift & 63).unwrap())
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

/// The data of an answer: what is in its DATA frames, put together.
fn data(mut down: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some((head, rest)) = down.split_at_checked(9) {
        let [a, b, c, kind, flags, ..] = *head else { break };
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        if kind == DATA {
            assert_eq!(flags & PADDED, 0, "nobody pads");
            data.extend_from_slice(payload);
        }
        down = rest;
    }
    data
}

#[test]
fn what_is_sought_is_found_in_every_form_and_across_frames() {
    let sought = seeker(&[("name".to_owned(), b"Zqfirstaabbqz".to_vec())]);
    let shown = |down: &[u8]| Seen { messages: Vec::new(), ended: Ok(()), down: down.to_vec() }.shows(&sought);
    assert!(!shown(b"another name"));
    assert!(shown(b"so Zqfirstaabbqz it is"));
    assert!(shown(b"5a7166697273746161626271 5a716669727374616162627 5A7166697273746161626271 5a716669727374616162627a 5A716669727374616162627A 5A71666972737461616262717A"));
    for before in ["", "a", "ab"] {
        let mut text = format!("{before}Zqfirstaabbqz").into_bytes();
        text.resize(text.len().next_multiple_of(3), b'.');
        assert!(shown(&base64(&text)), "{before}");
    }
    let frame =
        |kind, payload: &[u8]| [&[0, 0, u8::try_from(payload.len()).unwrap(), kind, 0, 0, 0, 0, 1], payload].concat();
    assert!(shown(&[frame(0, b"Zqfirst"), frame(4, b"12"), frame(0, b"aabbqz")].concat()));
    assert!(!shown(&[frame(0, b"Zqfirst"), frame(0, b"bbqz")].concat()));
}
