//! The world with a clearinghouse's desk in it: an adapter that follows the feed and brings answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use claims::clearinghouse::{Clearinghouse, GrantSource};
use feed::Reader;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::scope::Facts;
use kernel::{Failure, Permission, PracticeId};
use schema::Db;
use testkit::Adapter;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::clearinghouse_service_server::ClearinghouseService;
use therapy_claims::claims::v1::report_payer_response_request::Response as Answer;
use therapy_claims::claims::v1::subscribe_response::Kind;
use tokio_stream::StreamExt;
use tokio_util::task::TaskTracker;
use tonic::Status;

use crate::world::{World, body, now};

/// Longer than anything that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const NAME: &str = "adapter-1";

pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) clearinghouse: Clearinghouse,
    pub(crate) adapter: Adapter,
    pub(crate) grants: Granted,
    pub(crate) tasks: TaskTracker,
}

/// Grants that a test may end and give while a stream is open.
#[derive(Debug, Clone)]
pub(crate) struct Granted(pub(crate) Arc<Mutex<Vec<PracticeId>>>);

impl GrantSource for Granted {
    fn granted<'a>(
        &'a self,
        _: &'a str,
        _: &'a Facts,
        _: Permission,
    ) -> BoxFuture<'a, Result<Vec<PracticeId>, Failure>> {
        let granted = self.0.lock().unwrap().clone();
        async move { Ok(granted) }.boxed()
    }
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let practices = [world.practice];
        Self::with(world, &practices).await
    }

    /// An adapter that is granted those practices.
    pub(crate) async fn with(world: World, practices: &[PracticeId]) -> Self {
        let adapter = Adapter::new(world.db(), practices).await.at(now());
        let grants = Granted(Arc::new(Mutex::new(practices.to_vec())));
        let reader = Reader::new(Db::new(&world.db().url_as("claims_feed"), 8).unwrap());
        let tasks = TaskTracker::new();
        let source = Arc::new(grants.clone());
        let (vault, hub, payers) = (world.vault.clone(), world.hub.clone(), world.payers.clone());
        let clearinghouse = Clearinghouse::new(vault, reader, hub, payers, source, tasks.clone());
        Self { world, clearinghouse, adapter, grants, tasks }
    }

    /// A claim that was submitted, with the id of its submission.
    pub(crate) async fn submitted(&self) -> (pb::Claim, String) {
        let claim = self.world.submitted().await;
        let submission = self.submission(&claim).await;
        (claim, submission)
    }

    /// The claim's last submission.
    pub(crate) async fn submission(&self, claim: &pb::Claim) -> String {
        let last =
            format!("SELECT id FROM claims.submissions WHERE claim_id = '{}' ORDER BY attempt DESC LIMIT 1", claim.id);
        self.world.ask(&last).await
    }

    pub(crate) async fn report(
        &self,
        request: pb::ReportPayerResponseRequest,
    ) -> Result<pb::ReportPayerResponseResponse, Status> {
        self.report_as(&self.adapter, request).await
    }

    pub(crate) async fn report_as(
        &self,
        adapter: &Adapter,
        request: pb::ReportPayerResponseRequest,
    ) -> Result<pb::ReportPayerResponseResponse, Status> {
        let call = adapter.call("ClearinghouseService/ReportPayerResponse", request);
        body(self.clearinghouse.report_payer_response(call).await)
    }

    /// Reports an answer that must be taken, and tells what it did.
    pub(crate) async fn effect(&self, claim: &pb::Claim, id: &str, answer: Answer) -> pb::ResponseEffect {
        self.report(report(claim, id, answer)).await.unwrap().effect()
    }

    pub(crate) async fn confirm(
        &self,
        submissions: Vec<pb::SubmissionRef>,
    ) -> Result<Vec<pb::TransmissionResult>, Status> {
        let request = pb::ConfirmTransmissionRequest { submissions, ..Default::default() };
        let call = self.adapter.call("ClearinghouseService/ConfirmTransmission", request);
        Ok(body(self.clearinghouse.confirm_transmission(call).await)?.results)
    }

    pub(crate) async fn fail(&self, submission: pb::SubmissionRef) -> Result<pb::ClaimState, Status> {
        let request = pb::ReportTransmissionFailureRequest {
            submission: Some(submission),
            reason_code: "PARTNER_UNKNOWN".into(),
            ..Default::default()
        };
        let call = self.adapter.call("ClearinghouseService/ReportTransmissionFailure", request);
        Ok(body(self.clearinghouse.report_transmission_failure(call).await)?.claim.unwrap())
    }

    pub(crate) async fn subscribe(&self, request: pb::SubscribeRequest) -> Line {
        let mut line = self.try_subscribe(request).await.unwrap();
        let Some(Kind::Started(started)) = line.next().await else { panic!("a stream begins with Started") };
        line.started = started;
        line
    }

    pub(crate) async fn try_subscribe(&self, request: pb::SubscribeRequest) -> Result<Line, Status> {
        let call = self.adapter.call("ClearinghouseService/Subscribe", request);
        let stream = self.clearinghouse.subscribe(call).await?.into_inner();
        Ok(Line { stream: Box::pin(stream), started: pb::Started::default() })
    }

    pub(crate) async fn acknowledge(&self, epoch: i64, position: i64) -> Result<i64, Status> {
        let request = pb::AcknowledgeRequest {
            subscription: NAME.into(),
            lease_epoch: epoch,
            positions: vec![self.at(position)],
        };
        let call = self.adapter.call("ClearinghouseService/Acknowledge", request);
        let answered = body(self.clearinghouse.acknowledge(call).await)?;
        Ok(answered.positions.first().map_or(-1, |p| p.position))
    }

    pub(crate) async fn subscription(&self) -> Result<pb::Subscription, Status> {
        let request = pb::GetSubscriptionRequest { subscription: NAME.into() };
        let call = self.adapter.call("ClearinghouseService/GetSubscription", request);
        body(self.clearinghouse.get_subscription(call).await)
    }

    pub(crate) async fn seek(&self, request: pb::SeekSubscriptionRequest) -> Result<pb::Subscription, Status> {
        let call = self.adapter.call("ClearinghouseService/SeekSubscription", request);
        body(self.clearinghouse.seek_subscription(call).await)
    }

    pub(crate) async fn list(
        &self,
        request: pb::ListClaimEventsRequest,
    ) -> Result<pb::ListClaimEventsResponse, Status> {
        let call = self.adapter.call("ClearinghouseService/ListClaimEvents", request);
        body(self.clearinghouse.list_claim_events(call).await)
    }

    /// A place in the world's practice.
    pub(crate) fn at(&self, position: i64) -> pb::Position {
        pb::Position { practice_id: self.world.practice.to_string(), position }
    }

    /// The last position given out.
    pub(crate) async fn head(&self) -> i64 {
        let head = format!("SELECT last_position FROM feed.heads WHERE practice_id = '{}'", self.world.practice);
        self.world.ask(&head).await.parse().unwrap()
    }
}

/// One open stream.
pub(crate) struct Line {
    stream: std::pin::Pin<Box<dyn tokio_stream::Stream<Item = Result<pb::SubscribeResponse, Status>> + Send>>,
    pub(crate) started: pb::Started,
}

impl Line {
    pub(crate) async fn try_next(&mut self) -> Option<Result<Kind, Status>> {
        let next = tokio::time::timeout(PATIENCE, self.stream.next()).await.unwrap();
        next.map(|message| message.map(|message| message.kind.unwrap()))
    }

    pub(crate) async fn next(&mut self) -> Option<Kind> {
        self.try_next().await.map(Result::unwrap)
    }

    /// As many events as are asked for.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<pb::ClaimEvent> {
        let mut events = Vec::new();
        while events.len() < count {
            let next = self.next().await.unwrap();
            if let Kind::Batch(batch) = next {
                events.extend(batch.events);
            } else {
                assert!(matches!(next, Kind::Progress(_)), "not events: {next:?}");
            }
        }
        assert_eq!(events.len(), count);
        events
    }

    /// How the stream ends.
    pub(crate) async fn end(&mut self) -> Result<(), Status> {
        loop {
            match self.try_next().await {
                Some(Ok(_)) => {}
                Some(Err(status)) => return Err(status),
                None => return Ok(()),
            }
        }
    }

    /// That nothing more comes for now.
    pub(crate) async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(1200), self.stream.next()).await.is_err()
    }

    pub(crate) fn epoch(&self) -> i64 {
        self.started.lease_epoch
    }
}

pub(crate) fn report(claim: &pb::Claim, id: &str, answer: Answer) -> pb::ReportPayerResponseRequest {
    pb::ReportPayerResponseRequest {
        claim_number: claim.claim_number.clone(),
        response_id: id.to_owned(),
        response: Some(answer),
        ..Default::default()
    }
}

pub(crate) fn adjustment(group: pb::AdjustmentGroup, reason: &str, amount: &str) -> pb::Adjustment {
    pb::Adjustment { group: group.into(), reason: reason.into(), amount: amount.into() }
}

/// Of 150.00, 100.00 is paid, 30.00 written off and 20.00 left to the patient.
pub(crate) fn paid() -> Answer {
    Answer::Paid(pb::PayerPaid {
        paid_amount: "100.00".into(),
        patient_responsibility_amount: "20.00".into(),
        adjustments: vec![
            adjustment(pb::AdjustmentGroup::Contractual, "45", "30.00"),
            adjustment(pb::AdjustmentGroup::PatientResponsibility, "3", "20.00"),
        ],
        payer_claim_number: "PCN-1".into(),
        paid_on: Some((2026, 3, 20).into()),
        forwarded: false,
    })
}

pub(crate) fn denied() -> Answer {
    Answer::Denied(pb::PayerDenied {
        adjustments: vec![adjustment(pb::AdjustmentGroup::Contractual, "197", "150.00")],
        ..Default::default()
    })
}

pub(crate) fn received() -> Answer {
    Answer::Received(pb::PayerReceived {})
}

pub(crate) fn accepted() -> Answer {
    Answer::Accepted(pb::PayerAccepted { payer_claim_number: "PCN-1".into() })
}

pub(crate) fn rejected() -> Answer {
    let reason = pb::ResponseReason {
        code: "A7:562".into(),
        field: "rendering_provider.npi".into(),
        message: "NPI not on file".into(),
    };
    Answer::Rejected(pb::PayerRejected { source: pb::RejectionSource::Payer.into(), reasons: vec![reason] })
}

pub(crate) fn subscribe() -> pb::SubscribeRequest {
    pb::SubscribeRequest { subscription: NAME.into(), ..Default::default() }
}
