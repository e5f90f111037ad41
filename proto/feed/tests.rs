//! The consumer against a server that streams what it is told to.
#![cfg(feature = "server")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::{net::TcpListener, sync::oneshot};
use tokio_stream::{Stream, StreamExt, wrappers::TcpListenerStream};
use tonic::{Request, Response, Streaming, transport::Server};
use tonic_types::{ErrorDetails, StatusExt};

use super::*;
use crate::claims::v1::{
    AcknowledgeResponse, ConfirmTransmissionRequest, ConfirmTransmissionResponse, CreateSubmissionBatchRequest,
    CreateSubmissionBatchResponse, Draining, GetSubmissionBatchRequest, GetSubmissionBatchResponse,
    GetSubscriptionRequest, IngestResponseRequest, IngestResponseResponse, ListClaimEventsRequest,
    ListClaimEventsResponse, ListSubmissionBatchesRequest, ListSubmissionBatchesResponse, PracticeLeft, Progress,
    ReportPayerResponseRequest, ReportPayerResponseResponse, ReportTransmissionFailureRequest,
    ReportTransmissionFailureResponse, SeekSubscriptionRequest, Started, SubscribeResponse, Subscription,
    clearinghouse_service_server::{ClearinghouseService, ClearinghouseServiceServer},
};

type Script = Vec<Result<Kind, Status>>;

/// Plays one script per stream; the last one stays open.
#[derive(Clone, Default)]
struct Fake {
    scripts: Arc<Mutex<VecDeque<Script>>>,
    subscribed: Arc<Mutex<Vec<SubscribeRequest>>>,
    /// Epoch, practice and position of what was acknowledged.
    acknowledged: Arc<Mutex<Vec<(i64, String, i64)>>>,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ClearinghouseService for Fake {
    type SubscribeStream = Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;
    type GetSubmissionBatchStream = Pin<Box<dyn Stream<Item = Result<GetSubmissionBatchResponse, Status>> + Send>>;

    async fn subscribe(&self, request: Request<SubscribeRequest>) -> Answer<Self::SubscribeStream> {
        self.subscribed.lock().unwrap().push(request.into_inner());
        let script = self.scripts.lock().unwrap().pop_front().unwrap_or_default();
        let is_last = self.scripts.lock().unwrap().is_empty();
        let messages = tokio_stream::iter(script).map(|item| item.map(|kind| SubscribeResponse { kind: Some(kind) }));
        if is_last {
            return Ok(Response::new(Box::pin(messages.chain(tokio_stream::pending()))));
        }
        Ok(Response::new(Box::pin(messages)))
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Answer<AcknowledgeResponse> {
        let request = request.into_inner();
        let mut acknowledged = self.acknowledged.lock().unwrap();
        acknowledged.extend(request.positions.into_iter().map(|p| (request.lease_epoch, p.practice_id, p.position)));
        Ok(Response::new(AcknowledgeResponse::default()))
    }

    async fn list_claim_events(&self, _: Request<ListClaimEventsRequest>) -> Answer<ListClaimEventsResponse> {
        panic!("the consumer does not call this")
    }

    async fn get_subscription(&self, _: Request<GetSubscriptionRequest>) -> Answer<Subscription> {
        panic!("the consumer does not call this")
    }

    async fn seek_subscription(&self, _: Request<SeekSubscriptionRequest>) -> Answer<Subscription> {
        panic!("the consumer does not call this")
    }

    async fn create_submission_batch(
        &self,
        _: Request<CreateSubmissionBatchRequest>,
    ) -> Answer<CreateSubmissionBatchResponse> {
        panic!("the consumer does not call this")
    }

    async fn get_submission_batch(
        &self,
        _: Request<GetSubmissionBatchRequest>,
    ) -> Answer<Self::GetSubmissionBatchStream> {
        panic!("the consumer does not call this")
    }

    async fn list_submission_batches(
        &self,
        _: Request<ListSubmissionBatchesRequest>,
    ) -> Answer<ListSubmissionBatchesResponse> {
        panic!("the consumer does not call this")
    }

    async fn ingest_response(&self, _: Request<Streaming<IngestResponseRequest>>) -> Answer<IngestResponseResponse> {
        panic!("the consumer does not call this")
    }

    async fn confirm_transmission(
        &self,
        _: Request<ConfirmTransmissionRequest>,
    ) -> Answer<ConfirmTransmissionResponse> {
        panic!("the consumer does not call this")
    }

    async fn report_transmission_failure(
        &self,
        _: Request<ReportTransmissionFailureRequest>,
    ) -> Answer<ReportTransmissionFailureResponse> {
        panic!("the consumer does not call this")
    }

    async fn report_payer_response(
        &self,
        _: Request<ReportPayerResponseRequest>,
    ) -> Answer<ReportPayerResponseResponse> {
        panic!("the consumer does not call this")
    }
}

/// Keeps what it got; fails and stops where it is told to.
#[derive(Default)]
struct Keeper {
    events: Vec<(String, i64)>,
    gaps: usize,
    left: Vec<String>,
    interruptions: usize,
    fails_at: Option<i64>,
    stops_at: Option<(i64, oneshot::Sender<()>)>,
}

impl ClaimEventHandler for Keeper {
    type Error = &'static str;

    async fn handle(&mut self, event: ClaimEvent) -> Result<(), Self::Error> {
        if self.fails_at == Some(event.position) {
            return Err("can't");
        }
        if let Some((_, stop)) = self.stops_at.take_if(|(position, _)| *position == event.position) {
            stop.send(()).unwrap();
        }
        self.events.push((event.practice_id, event.position));
        Ok(())
    }

    async fn cursor_too_old(&mut self, _: CursorTooOld) -> Result<(), Self::Error> {
        self.gaps += 1;
        Ok(())
    }

    fn practice_left(&mut self, practice_id: &str) {
        self.left.push(practice_id.to_owned());
    }

    fn interrupted(&mut self, _: &Status) {
        self.interruptions += 1;
    }
}

fn started(lease_epoch: i64) -> Result<Kind, Status> {
    Ok(Kind::Started(Started { lease_epoch, ..Started::default() }))
}

/// A batch of events at these positions, each pointing at the one before; the first at `previous`.
fn batch(practice_id: &str, mut previous: i64, positions: &[i64]) -> Result<Kind, Status> {
    let mut event = |position| {
        let event = ClaimEvent {
            practice_id: practice_id.to_owned(),
            position,
            previous_position: previous,
            ..ClaimEvent::default()
        };
        previous = position;
        event
    };
    let events = positions.iter().map(|position| event(*position)).collect();
    Ok(Kind::Batch(EventBatch { practice_id: practice_id.to_owned(), events }))
}

fn failure(code: Code, reason: &str) -> Result<Kind, Status> {
    Err(Status::with_error_details(code, "no", ErrorDetails::with_error_info(reason, "therapy-claims", [])))
}

fn draining() -> Result<Kind, Status> {
    Ok(Kind::Draining(Draining {}))
}

#[expect(clippy::disallowed_methods, reason = "ends with the test")]
async fn play(scripts: impl IntoIterator<Item = Script>) -> (Fake, Client) {
    let fake = Fake { scripts: Arc::new(Mutex::new(scripts.into_iter().collect())), ..Fake::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = ClearinghouseServiceServer::new(fake.clone());
    tokio::spawn(Server::builder().serve_with_incoming(service, TcpListenerStream::new(listener)));
    (fake, Client::connect(format!("http://{address}"), "token").await.unwrap())
}

fn subscription() -> SubscribeRequest {
    SubscribeRequest {
        subscription: "test".into(),
        start: Some(Start::Beginning(())),
        max_outstanding: 7,
        ..SubscribeRequest::default()
    }
}

/// Consumes until the handler has seen the event at that position.
async fn consume_until(client: &Client, keeper: &mut Keeper, position: i64) -> Result<(), ConsumeError<&'static str>> {
    let (stop, stopped) = oneshot::channel();
    keeper.stops_at = Some((position, stop));
    let shutdown = async { stopped.await.unwrap() };
    timeout(Duration::from_secs(20), consume(client, subscription(), keeper, shutdown)).await.unwrap()
}

#[tokio::test]
async fn events_are_handed_over_in_order_and_acknowledged_batch_by_batch() {
    let (fake, client) =
        play([vec![started(3), batch("a", 0, &[1, 2]), batch("b", 0, &[4]), batch("a", 2, &[3])]]).await;
    let mut keeper = Keeper::default();
    consume_until(&client, &mut keeper, 3).await.unwrap();
    let [a, b] = ["a", "b"].map(str::to_owned);
    assert_eq!(keeper.events, [(a.clone(), 1), (a.clone(), 2), (b.clone(), 4), (a.clone(), 3)]);
    assert_eq!(*fake.acknowledged.lock().unwrap(), [(3, a.clone(), 2), (3, b, 4), (3, a, 3)]);
}

#[tokio::test]
async fn a_stream_that_drains_or_breaks_is_resumed() {
    let (fake, client) = play([
        vec![started(1), batch("a", 0, &[1]), draining()],
        vec![started(2), failure(Code::Unavailable, "SHUTTING_DOWN")],
        vec![started(3), failure(Code::Aborted, "SUBSCRIPTION_MOVED")],
        vec![started(4), batch("a", 1, &[2]), Ok(Kind::PracticeLeft(PracticeLeft { practice_id: "b".into() }))],
        vec![started(5), batch("a", 2, &[3])],
    ])
    .await;
    let mut keeper = Keeper::default();
    consume_until(&client, &mut keeper, 3).await.unwrap();
    assert_eq!(keeper.events.iter().map(|(_, position)| *position).collect::<Vec<_>>(), [1, 2, 3]);
    // the fourth stream ended without a word
    assert_eq!((keeper.interruptions, keeper.left), (3, vec!["b".to_owned()]));
    let starts: Vec<_> = fake.subscribed.lock().unwrap().iter().map(|s| (s.start.clone(), s.max_outstanding)).collect();
    assert_eq!(starts[0], (Some(Start::Beginning(())), 7));
    assert!(starts.len() == 5 && starts[1..].iter().all(|start| *start == (Some(Start::Resume(())), 7)));
}

#[tokio::test]
async fn a_missing_event_is_noticed_and_read_again() {
    let (fake, client) = play([
        // the event at 3 is lost; 5 would follow it
        vec![started(1), batch("a", 0, &[1]), batch("a", 3, &[5])],
        vec![started(2), batch("a", 1, &[3, 5])],
    ])
    .await;
    let mut keeper = Keeper::default();
    consume_until(&client, &mut keeper, 5).await.unwrap();
    assert_eq!(keeper.events.iter().map(|(_, position)| *position).collect::<Vec<_>>(), [1, 3, 5]);
    assert_eq!(keeper.interruptions, 1);
    assert_eq!(fake.subscribed.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_the_filter_kept_back_is_acknowledged_too() {
    let sent = vec![Position { practice_id: "a".into(), position: 9 }];
    let (fake, client) =
        play([vec![started(1), Ok(Kind::Progress(Progress { at: None, sent })), batch("a", 0, &[10])]]).await;
    consume_until(&client, &mut Keeper::default(), 10).await.unwrap();
    assert_eq!(*fake.acknowledged.lock().unwrap(), [(1, "a".to_owned(), 9), (1, "a".to_owned(), 10)]);
}

#[tokio::test]
async fn a_handler_that_fails_ends_it_and_keeps_what_was_dealt_with() {
    let (fake, client) = play([vec![started(1), batch("a", 0, &[1, 2, 3])]]).await;
    let mut keeper = Keeper { fails_at: Some(3), ..Keeper::default() };
    let error = consume(&client, subscription(), &mut keeper, std::future::pending()).await.unwrap_err();
    assert!(matches!(error, ConsumeError::Handler("can't")));
    assert_eq!(*fake.acknowledged.lock().unwrap(), [(1, "a".to_owned(), 2)]);
}

#[tokio::test]
async fn a_wish_to_stop_ends_it_between_two_events() {
    let (fake, client) = play([vec![started(1), batch("a", 0, &[1, 2, 3])]]).await;
    let mut keeper = Keeper::default();
    consume_until(&client, &mut keeper, 2).await.unwrap();
    assert_eq!(keeper.events.len(), 2);
    assert_eq!(*fake.acknowledged.lock().unwrap(), [(1, "a".to_owned(), 2)]);
}

#[tokio::test]
async fn a_gap_below_retention_goes_to_the_handler() {
    let gap = CursorTooOld { practice_id: "a".into(), requested_position: 1, first_position: 50 };
    let (_, client) = play([vec![started(1), Ok(Kind::CursorTooOld(gap)), batch("b", 0, &[1])]]).await;
    let mut keeper = Keeper::default();
    consume_until(&client, &mut keeper, 1).await.unwrap();
    assert_eq!(keeper.gaps, 1);
}

#[tokio::test]
async fn a_newer_consumer_and_a_refusal_end_it() {
    let (_, client) = play([vec![started(1), failure(Code::Aborted, "LEASE_LOST")], vec![]]).await;
    let error = consume(&client, subscription(), &mut Keeper::default(), std::future::pending()).await.unwrap_err();
    assert!(matches!(error, ConsumeError::LeaseLost));

    let (_, client) = play([vec![failure(Code::Unauthenticated, "UNAUTHENTICATED")], vec![]]).await;
    let error = consume(&client, subscription(), &mut Keeper::default(), std::future::pending()).await.unwrap_err();
    assert!(matches!(error, ConsumeError::Refused(status) if status.code() == Code::Unauthenticated));
}
