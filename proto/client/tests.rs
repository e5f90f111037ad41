//! Calls against a server that answers what it is told to.
#![cfg(feature = "server")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status, metadata::MetadataMap, transport::Server};
use tonic_types::{ErrorDetails, StatusExt};

use super::*;
use crate::tenancy::v1::{
    CreatePracticeRequest, GetPracticeRequest, ListPracticesRequest, ListPracticesResponse, Practice,
    UpdatePracticeRequest,
    practice_service_server::{PracticeService, PracticeServiceServer},
};

#[derive(Clone, Default)]
struct Fake {
    /// What to answer, call by call; then success.
    failures: Arc<Mutex<VecDeque<Status>>>,
    /// What came: the metadata, and the `request_id` of a creation.
    seen: Arc<Mutex<Vec<(MetadataMap, String)>>>,
    pause: Duration,
}

impl Fake {
    async fn answer(&self, metadata: &MetadataMap, request_id: String) -> Result<Response<Practice>, Status> {
        self.seen.lock().unwrap().push((metadata.clone(), request_id));
        tokio::time::sleep(self.pause).await;
        let failure = self.failures.lock().unwrap().pop_front();
        failure.map_or_else(|| Ok(Response::new(Practice::default())), Err)
    }

    fn metadata(&self, call: usize, name: &str) -> Option<String> {
        let seen = self.seen.lock().unwrap();
        seen[call].0.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

#[tonic::async_trait]
impl PracticeService for Fake {
    async fn create_practice(&self, request: Request<CreatePracticeRequest>) -> Result<Response<Practice>, Status> {
        self.answer(request.metadata(), request.get_ref().request_id.clone()).await
    }

    async fn get_practice(&self, request: Request<GetPracticeRequest>) -> Result<Response<Practice>, Status> {
        self.answer(request.metadata(), String::new()).await
    }

    async fn update_practice(&self, request: Request<UpdatePracticeRequest>) -> Result<Response<Practice>, Status> {
        self.answer(request.metadata(), request.get_ref().request_id.clone()).await
    }

    async fn list_practices(
        &self,
        _: Request<ListPracticesRequest>,
    ) -> Result<Response<ListPracticesResponse>, Status> {
        Ok(Response::new(ListPracticesResponse::default()))
    }
}

#[expect(clippy::disallowed_methods, reason = "ends with the test")]
async fn client(fake: &Fake) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = PracticeServiceServer::new(fake.clone());
    tokio::spawn(Server::builder().serve_with_incoming(service, TcpListenerStream::new(listener)));
    Client::connect(format!("http://{address}"), "tc_test_s_key_secret").await.unwrap()
}

fn failing(statuses: impl IntoIterator<Item = (Code, ErrorDetails)>) -> Fake {
    let failures =
        statuses.into_iter().map(|(code, details)| Status::with_error_details(code, "no", details)).collect();
    Fake { failures: Arc::new(Mutex::new(failures)), ..Fake::default() }
}

fn times(count: usize, code: Code) -> Fake {
    failing(std::iter::repeat_n((code, ErrorDetails::new()), count))
}

#[tokio::test]
async fn calls_carry_credential_practice_and_deadline() {
    let fake = Fake::default();
    let client = client(&fake).await.in_practice("p1").unwrap();
    client.practices().get_practice(GetPracticeRequest::default()).await.unwrap();
    assert_eq!(fake.metadata(0, "authorization").as_deref(), Some("Bearer tc_test_s_key_secret"));
    assert_eq!(fake.metadata(0, "x-practice-id").as_deref(), Some("p1"));
    let timeout = fake.metadata(0, "grpc-timeout").unwrap();
    let millis: u64 = timeout.strip_suffix('m').unwrap().parse().unwrap();
    assert!((9_000..=10_000).contains(&millis), "{timeout}");
}

#[tokio::test]
async fn a_client_without_a_token_sends_none() {
    let fake = Fake::default();
    let client = client(&fake).await.with_token("").unwrap();
    client.practices().get_practice(GetPracticeRequest::default()).await.unwrap();
    assert_eq!(fake.metadata(0, "authorization"), None);
    assert_eq!(fake.metadata(0, "x-practice-id"), None);
}

#[tokio::test]
async fn a_change_is_repeated_under_one_request_id() {
    let fake = times(2, Code::Unavailable);
    client(&fake).await.practices().create_practice(CreatePracticeRequest::default()).await.unwrap();
    let ids: Vec<_> = fake.seen.lock().unwrap().iter().map(|(_, id)| id.clone()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0] && id.len() == 36), "{ids:?}");
    assert_eq!(fake.metadata(0, "grpc-previous-rpc-attempts"), None);
    assert_eq!(fake.metadata(2, "grpc-previous-rpc-attempts").as_deref(), Some("2"));
}

#[tokio::test]
async fn the_callers_own_request_id_is_kept() {
    let fake = times(1, Code::Aborted);
    let request = CreatePracticeRequest { request_id: "mine".into(), ..CreatePracticeRequest::default() };
    client(&fake).await.practices().create_practice(request).await.unwrap();
    assert!(fake.seen.lock().unwrap().iter().all(|(_, id)| id == "mine"));
    assert_eq!(fake.calls(), 2);
}

#[tokio::test]
async fn at_most_four_attempts_are_made() {
    let fake = times(9, Code::Unavailable);
    let status = client(&fake).await.practices().get_practice(GetPracticeRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), fake.calls()), (Code::Unavailable, 4));
}

#[tokio::test]
async fn what_a_repetition_can_not_mend_is_not_repeated() {
    for (code, reason) in [
        (Code::InvalidArgument, ""),
        (Code::Internal, ""),
        (Code::DeadlineExceeded, ""),
        (Code::Aborted, "ETAG_MISMATCH"),
        (Code::Aborted, "LEASE_LOST"),
    ] {
        let details = ErrorDetails::with_error_info(reason, "therapy-claims", []);
        let fake = failing([(code, details)]);
        let status = client(&fake).await.practices().get_practice(GetPracticeRequest::default()).await.unwrap_err();
        assert_eq!((status.code(), fake.calls()), (code, 1));
        assert_eq!(super::reason(&status).as_deref(), Some(reason));
    }
}

#[tokio::test]
async fn the_servers_wait_is_honoured_unless_the_deadline_is_sooner() {
    let wait = Duration::from_millis(700);
    let fake = failing([(Code::Unavailable, ErrorDetails::with_retry_info(Some(wait)))]);
    let begin = Instant::now();
    client(&fake).await.practices().get_practice(GetPracticeRequest::default()).await.unwrap();
    assert!(begin.elapsed() >= wait);

    let fake = failing([(Code::Unavailable, ErrorDetails::with_retry_info(Some(wait)))]);
    let hasty = client(&fake).await.with_deadline(Duration::from_millis(300));
    let status = hasty.practices().get_practice(GetPracticeRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), fake.calls()), (Code::Unavailable, 1));
}

#[tokio::test]
async fn a_slow_server_exceeds_the_deadline() {
    let fake = Fake { pause: Duration::from_secs(5), ..Fake::default() };
    let hasty = client(&fake).await.with_deadline(Duration::from_millis(100));
    let begin = Instant::now();
    let status = hasty.practices().get_practice(GetPracticeRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(begin.elapsed() < Duration::from_secs(2));

    let mut request = Request::new(GetPracticeRequest::default());
    request.set_timeout(Duration::from_millis(50));
    let status = hasty.with_deadline(DEADLINE).practices().get_practice(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_client_prints_no_token() {
    let shown = format!("{:?}", client(&Fake::default()).await);
    assert!(!shown.contains("secret"), "{shown}");
    assert!(shown.contains("has_credential: true"), "{shown}");
}

#[tokio::test]
async fn a_token_with_a_line_break_is_refused_without_being_told() {
    let client = client(&Fake::default()).await;
    let error = client.with_token("hush\n").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hush"));
}
