//! What is true of a practice's patients is looked for in everything that this process logs and that its servers answer,
//! in every test: it may be told to who acts in that practice, in the data of a good answer, and nowhere else. The same
//! goes for the credentials of the practice. Whoever ends the practice's server is told what was found.
//!
//! Logs are everything that is traced, at every level, that the server's own filter lets through. There are no metrics
//! to look through: the server counts nothing but in its database. Processes that tests start are not looked into.
#![expect(clippy::expect_used, reason = "a test that can't be watched can only stop")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::{Debug, Write as _};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Once, PoisonError, RwLock};
use std::task::{Context, Poll};

use aho_corasick::AhoCorasick;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use prost::bytes::Bytes;
use server::telemetry::discreet;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{self, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::within::Once as OneFrame;

/// Everything that is looked for, and what was found.
static WATCH: LazyLock<Watch> = LazyLock::new(Watch::default);
static NEXT: AtomicU64 = AtomicU64::new(1);

#[derive(Default)]
struct Watch {
    sought: RwLock<Sought>,
    found: Mutex<Vec<Hit>>,
    /// Servers that are there to be told.
    open: Mutex<BTreeSet<u64>>,
    answers: AtomicU64,
    answer_bytes: AtomicU64,
    lines: AtomicU64,
    line_bytes: AtomicU64,
}

#[derive(Default)]
struct Sought {
    markers: Vec<Arc<Marker>>,
    matcher: Option<AhoCorasick>,
    /// The practices that bearers of a token may hear of.
    heard: BTreeMap<String, BTreeSet<String>>,
}

struct Marker {
    server: u64,
    practice: String,
    kind: String,
    bytes: Vec<u8>,
}

struct Hit {
    server: u64,
    said: String,
}

/// A server that is watched, until this is dropped.
pub(crate) struct Watching(u64);

impl Watching {
    /// Begins to listen to what this process logs, unless that was done.
    pub(crate) fn begin() -> Self {
        static LISTENING: Once = Once::new();
        LISTENING.call_once(|| {
            tracing_subscriber::registry().with(Listener).with(discreet()).with(filter_fn(is_heard)).init();
        });
        let server = NEXT.fetch_add(1, Ordering::Relaxed);
        lock(&WATCH.open).insert(server);
        Self(server)
    }

    /// Looks for these from now on: the kind of each, and its bytes.
    pub(crate) fn plant(&self, practice: &str, markers: impl IntoIterator<Item = (String, Vec<u8>)>) {
        let mut sought = WATCH.sought.write().unwrap_or_else(PoisonError::into_inner);
        for (kind, bytes) in markers {
            // what is logged as bytes reads as numbers
            let numbers = bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes();
            for bytes in [bytes, numbers] {
                let (kind, practice) = (kind.clone(), practice.to_owned());
                sought.markers.push(Arc::new(Marker { server: self.0, practice, kind, bytes }));
            }
        }
        sought.rebuild();
    }

    /// Whoever has the token may hear of the practice.
    pub(crate) fn allow(&self, token: &str, practice: &str) {
        let mut sought = WATCH.sought.write().unwrap_or_else(PoisonError::into_inner);
        sought.heard.entry(token.to_owned()).or_default().insert(practice.to_owned());
        drop(sought);
        let secret = token.rsplit('_').next().expect("a secret");
        self.plant(practice, [("secret".to_owned(), secret.as_bytes().to_vec())]);
    }
}

impl Drop for Watching {
    #[expect(clippy::print_stdout, reason = "how much was looked through is for the report of the tests")]
    fn drop(&mut self) {
        lock(&WATCH.open).remove(&self.0);
        println!("{}", looked_through());
        let found = found();
        assert!(found.is_empty() || std::thread::panicking(), "{} leaks: {found:#?}", found.len());
    }
}

/// What moves frames says hundreds of things about each call, and never what is inside: that takes longer to print than
/// all else takes. Its warnings are heard, and everything of everybody else.
fn is_heard(about: &Metadata<'_>) -> bool {
    let moves_frames =
        ["h2::", "hyper_util::", "tower::buffer::"].iter().any(|target| about.target().starts_with(target));
    !moves_frames || *about.level() <= Level::INFO
}

/// Takes what was found of servers that are gone: what is found late is told by the next one to end.
fn found() -> BTreeSet<String> {
    let open = lock(&WATCH.open);
    lock(&WATCH.found).extract_if(.., |hit| !open.contains(&hit.server)).map(|hit| hit.said).collect()
}

/// What this process has looked through so far.
fn looked_through() -> String {
    let [answers, answer_bytes, lines, line_bytes] =
        [&WATCH.answers, &WATCH.answer_bytes, &WATCH.lines, &WATCH.line_bytes].map(|n| n.load(Ordering::Relaxed));
    format!("looked through {answers} answers of {answer_bytes} bytes and {lines} log lines of {line_bytes} bytes")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sought {
    fn rebuild(&mut self) {
        let bytes = self.markers.iter().map(|marker| &marker.bytes);
        let matcher = AhoCorasick::builder().ascii_case_insensitive(true).build(bytes);
        self.matcher = Some(matcher.expect("a few markers"));
    }

    /// The markers that the bytes hold.
    fn inside<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = &'a Arc<Marker>> {
        let matches = self.matcher.iter().flat_map(move |matcher| matcher.find_overlapping_iter(bytes));
        matches.filter_map(|found| self.markers.get(found.pattern().as_usize()))
    }

    fn longest(&self) -> usize {
        self.matcher.as_ref().map_or(0, AhoCorasick::max_pattern_len)
    }
}

/// Looks through some bytes for what may not be there.
fn look(bytes: &[u8], place: impl Fn() -> String, is_allowed: impl Fn(&Marker) -> bool) {
    let sought = WATCH.sought.read().unwrap_or_else(PoisonError::into_inner);
    for marker in sought.inside(bytes).filter(|marker| !is_allowed(marker)) {
        let said = format!("the {} of practice {} in {}", marker.kind, marker.practice, place());
        lock(&WATCH.found).push(Hit { server: marker.server, said });
    }
}

// === logs ===

/// Reads what is traced, the fields of spans included.
struct Listener;

thread_local! {
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Writes the fields down.
struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{field}={value} ");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

fn read(about: &Metadata<'_>, record: impl FnOnce(&mut Line<'_>)) {
    // a value that logs while it is printed has a line of its own
    let mut line =
        LINE.with(|line| line.try_borrow_mut().map(|mut line| std::mem::take(&mut *line))).unwrap_or_default();
    line.clear();
    record(&mut Line(&mut line));
    WATCH.lines.fetch_add(1, Ordering::Relaxed);
    WATCH.line_bytes.fetch_add(line.len() as u64, Ordering::Relaxed);
    look(line.as_bytes(), || format!("a log line of {} ({})", about.target(), about.level()), |_| false);
    let _ = LINE.with(|kept| kept.try_borrow_mut().map(|mut kept| *kept = line));
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> layer::Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _context: layer::Context<'_, S>) {
        read(event.metadata(), |line| event.record(line));
    }

    fn on_new_span(&self, span: &Attributes<'_>, _id: &Id, _context: layer::Context<'_, S>) {
        read(span.metadata(), |line| span.record(line));
    }

    fn on_record(&self, span: &Id, values: &Record<'_>, context: layer::Context<'_, S>) {
        if let Some(about) = context.metadata(span) {
            read(about, |line| values.record(line));
        }
    }
}

// === answers ===

/// Puts the watch before everything that a server does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WatchLayer;

/// A service whose answers are looked through.
#[derive(Debug, Clone)]
pub(crate) struct Watched<S>(S);

impl<S> Layer<S> for WatchLayer {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched(inner)
    }
}

impl<S> Service<Request<Body>> for Watched<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let asked = Asked::by(&request);
        let answer = self.0.call(request);
        async move {
            let (head, body) = answer.await?.into_parts();
            WATCH.answers.fetch_add(1, Ordering::Relaxed);
            asked.look_beside(&head.headers);
            Ok(Response::from_parts(head, Body::new(Answer { body, asked, tail: Vec::new() })))
        }
        .boxed()
    }
}

/// What was called, and of which practices the caller may hear.
struct Asked {
    path: String,
    practices: BTreeSet<String>,
}

impl Asked {
    fn by(request: &Request<Body>) -> Self {
        let header = |name| request.headers().get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let token = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let sought = WATCH.sought.read().unwrap_or_else(PoisonError::into_inner);
        let heard = token.and_then(|token| sought.heard.get(token));
        let practices = match (header("x-practice-id"), heard) {
            (Some(named), Some(heard)) if !heard.contains(named) => BTreeSet::new(),
            (Some(named), _) => BTreeSet::from([named.to_owned()]),
            (None, heard) => heard.cloned().unwrap_or_default(),
        };
        Self { path: request.uri().path().to_owned(), practices }
    }

    /// Headers and trailers tell nobody of anybody, nor does the status in them.
    fn look_beside(&self, headers: &HeaderMap) {
        let place = || format!("what {} tells beside its data", self.path);
        for value in headers.values() {
            look(value.as_bytes(), place, |_| false);
        }
        if let Some(status) = Status::from_header_map(headers) {
            look(status.message().as_bytes(), place, |_| false);
            look(status.details(), place, |_| false);
        }
    }

    fn look_at(&self, bytes: &[u8]) {
        let place = || format!("an answer of {} to who acts in {:?}", self.path, self.practices);
        look(bytes, place, |marker| self.practices.contains(&marker.practice));
    }
}

/// The body of an answer on its way out.
struct Answer {
    body: Body,
    asked: Asked,
    /// The end of what went out last, in which a marker may begin.
    tail: Vec<u8>,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        let Self { asked, tail, .. } = &mut *self;
        if let Some(Ok(frame)) = &frame {
            if let Some(data) = frame.data_ref() {
                WATCH.answer_bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
                tail.extend_from_slice(data);
                asked.look_at(tail);
                let keep = WATCH.sought.read().unwrap_or_else(PoisonError::into_inner).longest().saturating_sub(1);
                tail.drain(..tail.len().saturating_sub(keep));
            } else if let Some(trailers) = frame.trailers_ref() {
                asked.look_beside(trailers);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is found when an answer with this text is given to who acts in that practice, where the text is of `here`.
async fn found_in(answer: impl Fn(&str) -> Response<Body> + Clone + Send + 'static, practice: &str) -> usize {
    let watching = Watching::begin();
    let text = format!("Zqplanted{}qz", watching.0);
    watching.plant("here", [("name".to_owned(), text.clone().into_bytes())]);
    let service = tower::service_fn(move |_request| {
        let answer = answer(&text);
        async { Ok::<_, Infallible>(answer) }
    });
    let mut request = Request::new(Body::default());
    request.headers_mut().insert("x-practice-id", practice.parse().expect("a header"));
    let Ok(answer) = WatchLayer.layer(service).call(request).await;
    let mut body = answer.into_body();
    while let Some(Ok(_frame)) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {}
    lock(&WATCH.found).extract_if(.., |hit| hit.server == watching.0).count()
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "says what no failure says")]
async fn what_is_told_in_the_wrong_place_is_found() {
    let good = |text: &str| Response::new(Body::new(OneFrame(Some(Bytes::copy_from_slice(text.as_bytes())))));
    assert_eq!(found_in(good, "here").await, 0);
    assert_eq!(found_in(good, "there").await, 1);
    let bad = |text: &str| Status::not_found(text).into_http();
    // in the header as in the status that it is of
    assert_eq!(found_in(bad, "here").await, 2);
    let logs = |text: &str| {
        tracing::trace!(target: "server::leaks", who = text, "hello");
        tracing::debug_span!(target: "server::leaks", "of somebody", who = ?text.as_bytes());
        tracing::info!(target: "tokio_postgres::query", "hello, {text}");
        Response::new(Body::default())
    };
    assert_eq!(found_in(logs, "here").await, 3);
}
