//! Following the claim feed: [`consume`] reads a subscription for as long as it is let, across broken connections.
use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::{sleep, timeout};
use tonic::{Code, Status};

use crate::{
    backoff,
    claims::v1::{
        AcknowledgeRequest, ClaimEvent, CursorTooOld, EventBatch, Position, SubscribeRequest,
        clearinghouse_service_client::ClearinghouseServiceClient, subscribe_request::Start, subscribe_response::Kind,
    },
    client::{Calls, Client, reason},
};

/// The server says something every 15 seconds; when it doesn't, the connection is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(45);
const WAIT_FIRST: Duration = Duration::from_millis(200);
const WAIT_MOST: Duration = Duration::from_secs(30);

/// What somebody does with the events of the feed.
///
/// Delivery is at least once: an event comes again when the connection breaks before it is acknowledged. So the effect of an
/// event must be idempotent by [`ClaimEvent::effect_key`], best by a unique key in the transaction that makes the effect.
pub trait ClaimEventHandler: Send {
    /// Why an event could not be dealt with.
    type Error: Send;

    /// Deals with an event, for good: once this returns `Ok`, the event is acknowledged. Events of a practice come in order.
    ///
    /// An error ends [`consume`]; what was dealt with before is acknowledged, and this event comes again the next time.
    fn handle(&mut self, event: ClaimEvent) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Deals with events of a practice that are gone before they were read: list the practice's claims, then seek the
    /// subscription to the position that the list answers. Until then nothing more comes from that practice.
    ///
    /// An error ends [`consume`].
    fn cursor_too_old(&mut self, gap: CursorTooOld) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// A practice was granted to the caller; its events follow.
    fn practice_joined(&mut self, _practice_id: &str) {}

    /// The grant for a practice has ended; no more events of it follow.
    fn practice_left(&mut self, _practice_id: &str) {}

    /// The stream broke; it is opened again after a while. Here is the place to log or count it.
    fn interrupted(&mut self, _status: &Status) {}
}

impl ClaimEvent {
    /// What makes the effect of an event unique: practice, claim, version of the claim, ordinal.
    #[must_use]
    pub fn effect_key(&self) -> (&str, &str, i64, i32) {
        (&self.practice_id, &self.claim_id, self.claim_version, self.ordinal)
    }
}

/// Why [`consume`] ended by itself.
#[derive(Debug)]
pub enum ConsumeError<E> {
    /// The handler could not deal with an event.
    Handler(E),
    /// Somebody else reads this subscription now.
    LeaseLost,
    /// The server refuses the subscription, and would refuse it again.
    Refused(Status),
}

impl<E> fmt::Display for ConsumeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler(_) => f.write_str("deal with a claim event"),
            Self::LeaseLost => f.write_str("somebody else reads this subscription now"),
            Self::Refused(status) => write!(f, "the subscription was refused: {:?}", status.code()),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for ConsumeError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Handler(error) => Some(error),
            Self::LeaseLost => None,
            Self::Refused(status) => Some(status),
        }
    }
}

/// Hands every event of a subscription to the handler, one after the other, and acknowledges them batch by batch.
///
/// `subscription` names it and says which events, in which view; its `start` counts for the first connection, later ones
/// resume. Broken connections and an unavailable server are tried again for as long as it takes. Returns `Ok` once
/// `shutdown` is done: after the event being dealt with, which is then acknowledged.
///
/// # Errors
/// When the handler fails, somebody else takes the subscription over, or the server refuses it for good, as it does when the
/// token is revoked.
pub async fn consume<H: ClaimEventHandler>(
    client: &Client,
    subscription: SubscribeRequest,
    handler: &mut H,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ConsumeError<H::Error>> {
    let mut consumer = Consumer { clearinghouse: client.clearinghouse(), subscription, handler, failures: 0 };
    let mut stop = Stop { future: Box::pin(shutdown), is_done: false };
    loop {
        let wait = match consumer.follow(&mut stop).await {
            Ok(Pause::Stopped) => return Ok(()),
            Ok(Pause::Drained) => Duration::ZERO,
            Err(Break::Final(error)) => return Err(error),
            Err(Break::Passing(status)) => {
                if let Some(error) = refusal(&status) {
                    return Err(error);
                }
                consumer.handler.interrupted(&status);
                consumer.failures += 1;
                backoff::wait(consumer.failures, WAIT_FIRST, WAIT_MOST)
            }
        };
        tokio::select! {
            () = stop.wait() => return Ok(()),
            () = sleep(wait) => {}
        }
    }
}

struct Consumer<'a, H> {
    clearinghouse: ClearinghouseServiceClient<Calls>,
    subscription: SubscribeRequest,
    handler: &'a mut H,
    /// Streams in a row that broke before they brought anything.
    failures: u32,
}

/// Why a stream ended in good order.
enum Pause {
    Stopped,
    Drained,
}

/// Why a stream ended otherwise.
enum Break<E> {
    Passing(Status),
    Final(ConsumeError<E>),
}

impl<E> From<Status> for Break<E> {
    fn from(status: Status) -> Self {
        Self::Passing(status)
    }
}

impl<H: ClaimEventHandler> Consumer<'_, H> {
    /// Follows one stream to its end.
    async fn follow(&mut self, stop: &mut Stop<'_>) -> Result<Pause, Break<H::Error>> {
        let request = self.subscription.clone();
        let mut stream = tokio::select! {
            () = stop.wait() => return Ok(Pause::Stopped),
            stream = self.clearinghouse.subscribe(request) => stream?.into_inner(),
        };
        let mut progress = Read { lease_epoch: 0, last: HashMap::new() };
        loop {
            let message = tokio::select! {
                biased;
                () = stop.wait() => return Ok(Pause::Stopped),
                message = timeout(SILENCE_MAX, stream.message()) => match message {
                    Ok(message) => message?,
                    Err(_) => return Err(lost("the feed fell silent").into()),
                },
            };
            let Some(message) = message else { return Err(lost("the feed ended without notice").into()) };
            match message.kind {
                Some(Kind::Started(started)) => {
                    progress.lease_epoch = started.lease_epoch;
                    // the server keeps the place from here on
                    self.subscription.start = Some(Start::Resume(()));
                }
                Some(Kind::Batch(batch)) => {
                    if let Some(pause) = self.batch(batch, &mut progress, stop).await? {
                        return Ok(pause);
                    }
                }
                // all events before were dealt with, so what the filter kept back is acknowledged too
                Some(Kind::Progress(told)) => self.acknowledge(progress.lease_epoch, told.sent).await?,
                Some(Kind::PracticeJoined(joined)) => {
                    if let Some(practice) = joined.practice {
                        self.handler.practice_joined(&practice.practice_id);
                    }
                }
                Some(Kind::PracticeLeft(left)) => {
                    progress.last.remove(&left.practice_id);
                    self.handler.practice_left(&left.practice_id);
                }
                Some(Kind::CursorTooOld(gap)) => {
                    self.handler
                        .cursor_too_old(gap)
                        .await
                        .map_err(|error| Break::Final(ConsumeError::Handler(error)))?;
                }
                Some(Kind::Draining(_)) => return Ok(Pause::Drained),
                // something that a newer server says
                None => {}
            }
            self.failures = 0;
        }
    }

    /// Hands over the events of a batch and acknowledges those that were dealt with, whatever happens in between.
    async fn batch(
        &mut self,
        batch: EventBatch,
        progress: &mut Read,
        stop: &mut Stop<'_>,
    ) -> Result<Option<Pause>, Break<H::Error>> {
        let (mut handled, mut end) = (None, Ok(None));
        for event in batch.events {
            if stop.is_now() {
                end = Ok(Some(Pause::Stopped));
                break;
            }
            if let Err(gap) = progress.next(&event) {
                end = Err(gap.into());
                break;
            }
            let position = event.position;
            if let Err(error) = self.handler.handle(event).await {
                end = Err(Break::Final(ConsumeError::Handler(error)));
                break;
            }
            handled = Some(position);
        }
        if let Some(position) = handled {
            let positions = vec![Position { practice_id: batch.practice_id, position }];
            let acknowledged = self.acknowledge(progress.lease_epoch, positions).await;
            // the handler's error tells more than a failed acknowledgement after it
            if end.is_ok() {
                acknowledged?;
            }
        }
        end
    }

    async fn acknowledge(&mut self, lease_epoch: i64, positions: Vec<Position>) -> Result<(), Status> {
        if positions.is_empty() {
            return Ok(());
        }
        let subscription = self.subscription.subscription.clone();
        self.clearinghouse.acknowledge(AcknowledgeRequest { subscription, lease_epoch, positions }).await?;
        Ok(())
    }
}

/// What was read of a stream.
struct Read {
    lease_epoch: i64,
    /// Position of the last event per practice.
    last: HashMap<String, i64>,
}

impl Read {
    /// Notes an event, or tells that one is missing before it.
    fn next(&mut self, event: &ClaimEvent) -> Result<(), Status> {
        match self.last.get_mut(&event.practice_id) {
            Some(last) if *last != event.previous_position => Err(lost("an event of the feed is missing")),
            Some(last) => {
                *last = event.position;
                Ok(())
            }
            None => {
                self.last.insert(event.practice_id.clone(), event.position);
                Ok(())
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "made and read by the client alone; the stubs don't depend on the kernel"
)]
fn lost(what: &'static str) -> Status {
    Status::unavailable(what)
}

/// Why opening the stream again would not help; `None` when it may.
fn refusal<E>(status: &Status) -> Option<ConsumeError<E>> {
    match status.code() {
        Code::Aborted if reason(status).as_deref() == Some("LEASE_LOST") => Some(ConsumeError::LeaseLost),
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::DataLoss
        | Code::Unauthenticated => Some(ConsumeError::Refused(status.clone())),
        // a connection that breaks shows as any of these
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable => None,
    }
}

/// Somebody's wish to stop.
struct Stop<'a> {
    future: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
    is_done: bool,
}

impl Stop<'_> {
    async fn wait(&mut self) {
        if !self.is_done {
            self.future.as_mut().await;
            self.is_done = true;
        }
    }

    fn is_now(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.is_done = self.is_done || matches!(self.future.as_mut().poll(&mut context), Poll::Ready(()));
        self.is_done
    }
}

#[cfg(test)]
mod tests;
