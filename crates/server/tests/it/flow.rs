//! The main job from one end to the other: one practice, one session, one claim.

use std::time::Duration;

use chrono::{Datelike, NaiveDate, TimeDelta};
use kernel::Clock;
use therapy_claims::analytics::v1 as analytics;
use therapy_claims::claims::v1 as claims;
use therapy_claims::claims::v1::report_payer_response_request::Response;
use therapy_claims::claims::v1::subscribe_response::Kind;
use therapy_claims::client::{Client, request_id};
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;
use therapy_claims::google::r#type::Date;

use crate::harness::{Practice, TestServer};

/// A day in the past on which everything is valid.
pub(crate) fn service_date() -> NaiveDate {
    (Clock::system().now() - TimeDelta::days(7)).date_naive()
}

pub(crate) fn date(day: NaiveDate) -> Option<Date> {
    Some((day.year(), i32::try_from(day.month()).unwrap(), i32::try_from(day.day()).unwrap()).into())
}

pub(crate) async fn patient(practice: &Practice) -> String {
    let patient = practice.marks().patient(&practice.therapist_id);
    let request = clinical::CreatePatientRequest { patient: Some(patient), request_id: request_id() };
    let id = practice.front_desk.patients().create_patient(request).await.unwrap().into_inner().id;
    let request =
        clinical::CreateCoverageRequest { coverage: Some(practice.marks().coverage(&id)), request_id: request_id() };
    practice.front_desk.patients().create_coverage(request).await.unwrap();
    id
}

pub(crate) fn covered(patient_id: &str) -> clinical::Coverage {
    clinical::Coverage {
        patient_id: patient_id.into(),
        payer_id: "99901".into(),
        member_id: "W123456789".into(),
        group_number: "G100".into(),
        relationship: clinical::Relationship::Self_.into(),
        sequence: clinical::PayerSequence::Primary.into(),
        effective_from: Some((2024, 1, 1).into()),
        ..Default::default()
    }
}

pub(crate) fn in_network(practice: &Practice) -> clinical::NetworkStatus {
    clinical::NetworkStatus {
        therapist_id: practice.therapist_id.clone(),
        payer_id: "99901".into(),
        status: clinical::NetworkParticipation::InNetwork.into(),
        effective_from: Some((2024, 1, 1).into()),
        ..Default::default()
    }
}

pub(crate) async fn network(practice: &Practice) {
    let request =
        clinical::SetNetworkStatusRequest { network_status: Some(in_network(practice)), request_id: request_id() };
    practice.admin.therapists().set_network_status(request).await.unwrap();
}

pub(crate) fn planned(practice: &Practice, patient_id: &str) -> clinical::Session {
    clinical::Session {
        therapist_id: practice.therapist_id.clone(),
        patient_id: patient_id.into(),
        session_date: date(service_date()),
        cpt_code: "90837".into(),
        duration_minutes: 55,
        fee: "150.00".into(),
        copay: "20.00".into(),
        diagnosis_codes: vec![practice.marks().diagnosis.into()],
        place_of_service: "11".into(),
        modality: clinical::Modality::InPerson.into(),
        ..Default::default()
    }
}

pub(crate) async fn session(practice: &Practice, patient_id: &str) -> String {
    let session = Some(planned(practice, patient_id));
    let request = clinical::ScheduleSessionRequest { session, request_id: request_id() };
    practice.therapist.sessions().schedule_session(request).await.unwrap().into_inner().id
}

/// Completes a session; answers the id of its claim.
pub(crate) async fn complete(practice: &Practice, session: &str) -> String {
    let request =
        clinical::CompleteSessionRequest { id: session.into(), etag: String::new(), request_id: request_id() };
    let done = practice.therapist.sessions().complete_session(request).await.unwrap().into_inner();
    done.claim.expect("a claim").claim_id
}

/// Marks a claim ready and submits it.
pub(crate) async fn submit(practice: &Practice, claim: &str) {
    let request = claims::MarkReadyRequest { id: claim.into(), ..Default::default() };
    let ready = practice.billing.claims().mark_ready(request).await.unwrap().into_inner();
    assert_eq!(ready.status(), common::ClaimStatus::Ready);
    let request = claims::SubmitClaimRequest { id: claim.into(), etag: ready.etag, ..Default::default() };
    let submitted = practice.billing.claims().submit_claim(request).await.unwrap().into_inner();
    assert_eq!(submitted.status(), common::ClaimStatus::Submitted);
}

/// A claim that was submitted, with its number.
async fn submitted(practice: &Practice) -> (String, String) {
    let session = session(practice, &patient(practice).await).await;
    let claim = complete(practice, &session).await;
    submit(practice, &claim).await;
    let request = claims::GetClaimRequest { id: claim.clone() };
    (claim, practice.billing.claims().get_claim(request).await.unwrap().into_inner().claim_number)
}

/// A claim that its payer took in under a number of its own.
pub(crate) async fn accepted(practice: &Practice, adapter: &Client) -> String {
    let (claim, number) = submitted(practice).await;
    let response = Response::Accepted(claims::PayerAccepted { payer_claim_number: "ICN1".into() });
    report(adapter, &number, &format!("accepted {number}"), response).await;
    claim
}

/// A draft that is held back.
pub(crate) async fn held(practice: &Practice, id: String) -> String {
    let request = claims::HoldClaimRequest { id: id.clone(), ..Default::default() };
    practice.billing.claims().hold_claim(request).await.unwrap();
    id
}

/// A claim that its payer paid, and that left something to a patient with a second payer.
pub(crate) async fn left_to_next(practice: &Practice, adapter: &Client) -> String {
    let (claim, number) = submitted(practice).await;
    report(adapter, &number, &format!("paid {number}"), Response::Paid(paid())).await;
    let request = claims::GetClaimRequest { id: claim.clone() };
    let patient_id = practice.billing.claims().get_claim(request).await.unwrap().into_inner().patient_id;
    let sequence = clinical::PayerSequence::Secondary.into();
    let coverage = Some(clinical::Coverage { sequence, ..covered(&patient_id) });
    let request = clinical::CreateCoverageRequest { coverage, request_id: request_id() };
    practice.front_desk.patients().create_coverage(request).await.unwrap();
    claim
}

/// A claim that its payer denied.
pub(crate) async fn denied(practice: &Practice, adapter: &Client) -> String {
    let (claim, number) = submitted(practice).await;
    let refused = claims::Adjustment {
        group: claims::AdjustmentGroup::Contractual.into(),
        reason: "197".into(),
        amount: "150.00".into(),
    };
    let response = Response::Denied(claims::PayerDenied { adjustments: vec![refused], ..Default::default() });
    report(adapter, &number, &format!("denied {number}"), response).await;
    claim
}

/// A proposal of billing to write off a claim that was denied.
pub(crate) async fn proposed(practice: &Practice, adapter: &Client) -> String {
    let claim_id = denied(practice, adapter).await;
    let reason = "not worth an appeal".into();
    let request = claims::WriteOffClaimRequest { claim_id, reason, ..Default::default() };
    let proposed = practice.billing.claim_actions().write_off_claim(request).await.unwrap().into_inner();
    assert_eq!(proposed.state(), claims::ClaimActionState::Proposed);
    proposed.id
}

/// A payment under that number for a claim that nobody knows; its id, and that of what it says.
pub(crate) async fn unmatched(practice: &Practice, adapter: &Client, payment: &str) -> (String, String) {
    let content = format!(
        "ISA*00*          *00*          *ZZ*SIMCH01        *ZZ*TCLAIMS01      *261123*0110*^*00501*000000001*0*T*:~\
         GS*HP*SIMCH01*TCLAIMS01*20261123*0110*1*X*005010X221A1~ST*835*0001~\
         BPR*I*100*C*CHK************20261123~TRN*1*{payment}*1999999999~N1*PR*SAMPLE HEALTH PLAN*XV*{}~\
         N1*PE*HARBOR THERAPY*XX*1234567893~REF*TJ*123456789~LX*1~CLP*LOST*1*150*110**12*ICN{payment}*11*1~\
         NM1*QC*1*LOST*LARA~SVC*HC:90837*150*110**1~CAS*CO*45*20~CAS*PR*3*20~PLB*1234567893*20261231*WO:OLD*10~\
         SE*14*0001~GE*1*1~IEA*1*000000001~",
        covered("").payer_id
    );
    let pieces = tokio_stream::iter([claims::IngestResponseRequest { content: content.into_bytes() }]);
    let taken = adapter.clearinghouse().ingest_response(pieces).await.unwrap().into_inner();
    let remittance = taken.messages.first().expect("a remittance").remittance_id.clone();
    let request = claims::ListRemittanceClaimsRequest { remittance_id: remittance.clone(), ..Default::default() };
    let listed = practice.billing.remittances().list_remittance_claims(request).await.unwrap().into_inner();
    (remittance, listed.remittance_claims.first().expect("what it says of a claim").id.clone())
}

/// A draft that no payer takes any more.
pub(crate) async fn late(practice: &Practice) -> String {
    let long_ago = date(service_date() - TimeDelta::days(200));
    let planned = planned(practice, &patient(practice).await);
    let session = Some(clinical::Session { session_date: long_ago, ..planned });
    let request = clinical::ScheduleSessionRequest { session, request_id: request_id() };
    let session = practice.therapist.sessions().schedule_session(request).await.unwrap().into_inner().id;
    complete(practice, &session).await
}

#[tokio::test]
async fn completing_a_session_drafts_its_claim_once() {
    let server = TestServer::start().await;
    let practice = server.practice("first").await;
    network(&practice).await;
    let patient = patient(&practice).await;
    let session = session(&practice, &patient).await;

    let request = clinical::CompleteSessionRequest { id: session, etag: String::new(), request_id: request_id() };
    let done = practice.therapist.sessions().complete_session(request.clone()).await.unwrap().into_inner();
    let draft = done.claim.clone().expect("a claim");
    assert_eq!(done.session.as_ref().unwrap().status(), clinical::SessionStatus::Completed);
    assert_eq!(draft.findings, vec![], "nothing is wrong with it");
    assert_eq!(draft.claim_number.len(), 12);

    let repeat = practice.therapist.sessions().complete_session(request).await.unwrap().into_inner();
    assert_eq!(repeat, done, "a repeat answers what the first call answered");
}

/// How long anything that happens by itself may take.
const PATIENCE: Duration = Duration::from_secs(30);

async fn subscribe(adapter: &Client) -> tonic::Streaming<claims::SubscribeResponse> {
    let request = claims::SubscribeRequest {
        subscription: "clearinghouse".into(),
        start: Some(claims::subscribe_request::Start::Beginning(())),
        view: claims::EventView::Full.into(),
        ..Default::default()
    };
    adapter.clearinghouse().subscribe(request).await.unwrap().into_inner()
}

async fn next(stream: &mut tonic::Streaming<claims::SubscribeResponse>) -> Option<Kind> {
    let message = tokio::time::timeout(PATIENCE, stream.message()).await.expect("the feed says something");
    message.unwrap().expect("the feed goes on").kind
}

async fn report(adapter: &Client, claim_number: &str, response_id: &str, response: Response) -> claims::ClaimState {
    let request = claims::ReportPayerResponseRequest {
        claim_number: claim_number.into(),
        response_id: response_id.into(),
        response: Some(response),
        ..Default::default()
    };
    let first = adapter.clearinghouse().report_payer_response(request.clone()).await.unwrap().into_inner();
    assert_eq!(first.effect(), claims::ResponseEffect::Applied, "{response_id}");
    let again = adapter.clearinghouse().report_payer_response(request).await.unwrap().into_inner();
    assert_eq!(again.effect(), claims::ResponseEffect::Repeated, "{response_id}");
    assert_eq!(again.claim, first.claim, "{response_id} counts once");
    first.claim.expect("the claim")
}

fn paid() -> claims::PayerPaid {
    let adjustment = |group: claims::AdjustmentGroup, reason: &str, amount: &str| claims::Adjustment {
        group: group.into(),
        reason: reason.into(),
        amount: amount.into(),
    };
    claims::PayerPaid {
        paid_amount: "100.00".into(),
        patient_responsibility_amount: "20.00".into(),
        adjustments: vec![
            adjustment(claims::AdjustmentGroup::Contractual, "45", "30.00"),
            adjustment(claims::AdjustmentGroup::PatientResponsibility, "3", "20.00"),
        ],
        payer_claim_number: "P1".into(),
        paid_on: date(Clock::system().now().date_naive()),
        forwarded: false,
    }
}

/// Reads the stream up to the submission of a claim.
async fn submission(stream: &mut tonic::Streaming<claims::SubscribeResponse>) -> (i64, claims::ClaimEvent) {
    let mut epoch = 0;
    loop {
        match next(stream).await {
            Some(Kind::Started(started)) => epoch = started.lease_epoch,
            Some(Kind::Batch(batch)) => {
                let is_submission = |event: &claims::ClaimEvent| event.r#type() == claims::ClaimEventType::Submitted;
                if let Some(event) = batch.events.into_iter().find(is_submission) {
                    return (epoch, event);
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_session_ends_as_a_paid_claim_that_everybody_was_told_of() {
    let server = TestServer::start().await;
    let practice = server.practice("paid").await;
    network(&practice).await;
    let patient = patient(&practice).await;
    let session = session(&practice, &patient).await;
    let claim = complete(&practice, &session).await;
    submit(&practice, &claim).await;

    let token = server.account("clearinghouse", &[&practice], &["claims:stream", "acks:write", "remits:write"]).await;
    let adapter = server.client(&token).await;
    let mut stream = subscribe(&adapter).await;
    let (lease_epoch, event) = submission(&mut stream).await;
    let snapshot = event.snapshot.expect("a full view");
    assert_eq!((snapshot.claim_id.as_str(), snapshot.charge_amount.as_str()), (claim.as_str(), "150.00"));

    let sent = claims::SubmissionRef {
        claim_id: claim.clone(),
        submission_id: event.submission_id.clone(),
        snapshot_hash: snapshot.snapshot_hash,
    };
    let request = claims::ConfirmTransmissionRequest { submissions: vec![sent], ..Default::default() };
    let confirmed = adapter.clearinghouse().confirm_transmission(request).await.unwrap().into_inner();
    let outcome = confirmed.results.into_iter().next().and_then(|result| result.outcome);
    assert!(matches!(outcome, Some(claims::transmission_result::Outcome::Claim(_))), "{outcome:?}");

    let number = &event.claim_number;
    report(&adapter, number, "r1", Response::Received(claims::PayerReceived {})).await;
    report(&adapter, number, "r2", Response::Accepted(claims::PayerAccepted::default())).await;
    let last = report(&adapter, number, "r3", Response::Paid(paid())).await;
    assert_eq!(last.status(), common::ClaimStatus::Paid);

    let position = claims::Position { practice_id: practice.id.clone(), position: event.position };
    let request = claims::AcknowledgeRequest {
        subscription: "clearinghouse".into(),
        lease_epoch,
        positions: vec![position.clone()],
    };
    let acknowledged = adapter.clearinghouse().acknowledge(request).await.unwrap().into_inner();
    assert_eq!(acknowledged.positions, vec![position]);

    let request = claims::GetClaimTimelineRequest { id: claim.clone(), ..Default::default() };
    let events = practice.billing.claims().get_claim_timeline(request).await.unwrap().into_inner().events;
    let mut versions: Vec<_> = events.iter().map(|event| (event.claim_version, event.ordinal)).collect();
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), events.len(), "no event is told twice");
    let mut positions: Vec<_> = events.iter().map(|event| event.position).collect();
    positions.sort_unstable();
    let count = i64::try_from(positions.len()).unwrap();
    assert_eq!(positions, (1..=count).collect::<Vec<_>>(), "nothing else happened in this practice");
    counted(&practice).await;
}

/// Waits until the figures of the day tell of the payment.
async fn counted(practice: &Practice) {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let request = analytics::GetPracticeSummaryRequest { day: date(service_date()) };
        let summary = practice.billing.analytics().get_practice_summary(request).await.ok().map(|s| s.into_inner());
        if let Some(summary) = summary.filter(|summary| summary.claims_paid == 1) {
            assert_eq!((summary.charged_amount.as_str(), summary.paid_amount.as_str()), ("150.00", "100.00"));
            assert_eq!(summary.sessions_completed, 1);
            return;
        }
        assert!(tokio::time::Instant::now() < end, "the summary never counted the claim");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_server_ends_in_time_and_tells_its_open_streams() {
    let server = TestServer::start().await;
    let practice = server.practice("draining").await;
    let token = server.account("clearinghouse", &[&practice], &["claims:stream"]).await;
    let mut stream = subscribe(&server.client(&token).await).await;
    assert!(matches!(next(&mut stream).await, Some(Kind::Started(_))));

    let read = async {
        let mut last = None;
        while let Ok(Some(message)) = stream.message().await {
            last = message.kind;
        }
        last
    };
    let both = async { tokio::join!(server.stop(), read) };
    let (_left, last) = tokio::time::timeout(Duration::from_secs(10), both).await.expect("it ends within ten seconds");
    assert!(matches!(last, Some(Kind::Draining(_))), "{last:?}");
}
