//! The main job from one end to the other: one practice, one session, one claim.

use chrono::{Datelike, NaiveDate, TimeDelta};
use kernel::Clock;
use therapy_claims::client::request_id;
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;
use therapy_claims::google::r#type::Date;

use crate::harness::{Practice, TestServer, address};

/// A day in the past on which everything is valid.
pub(crate) fn service_date() -> NaiveDate {
    (Clock::system().now() - TimeDelta::days(7)).date_naive()
}

pub(crate) fn date(day: NaiveDate) -> Option<Date> {
    Some((day.year(), i32::try_from(day.month()).unwrap(), i32::try_from(day.day()).unwrap()).into())
}

pub(crate) async fn patient(practice: &Practice) -> String {
    let patient = clinical::Patient {
        first_name: "Pat".into(),
        last_name: "Marker".into(),
        birth_date: Some((1985, 4, 12).into()),
        sex: common::Sex::Female.into(),
        address: Some(address()),
        therapist_id: practice.therapist_id.clone(),
        ..Default::default()
    };
    let request = clinical::CreatePatientRequest { patient: Some(patient), request_id: request_id() };
    let id = practice.admin.patients().create_patient(request).await.unwrap().into_inner().id;
    let coverage = clinical::Coverage {
        patient_id: id.clone(),
        payer_id: "99901".into(),
        member_id: "W123456789".into(),
        group_number: "G100".into(),
        relationship: clinical::Relationship::Self_.into(),
        sequence: clinical::PayerSequence::Primary.into(),
        effective_from: Some((2024, 1, 1).into()),
        ..Default::default()
    };
    let request = clinical::CreateCoverageRequest { coverage: Some(coverage), request_id: request_id() };
    practice.admin.patients().create_coverage(request).await.unwrap();
    id
}

pub(crate) async fn network(practice: &Practice) {
    let status = clinical::NetworkStatus {
        therapist_id: practice.therapist_id.clone(),
        payer_id: "99901".into(),
        status: clinical::NetworkParticipation::InNetwork.into(),
        effective_from: Some((2024, 1, 1).into()),
        ..Default::default()
    };
    let request = clinical::SetNetworkStatusRequest { network_status: Some(status), request_id: request_id() };
    practice.admin.therapists().set_network_status(request).await.unwrap();
}

pub(crate) async fn session(practice: &Practice, patient_id: &str) -> String {
    let session = clinical::Session {
        therapist_id: practice.therapist_id.clone(),
        patient_id: patient_id.into(),
        session_date: date(service_date()),
        cpt_code: "90837".into(),
        duration_minutes: 55,
        fee: "150.00".into(),
        copay: "20.00".into(),
        diagnosis_codes: vec!["F411".into()],
        place_of_service: "11".into(),
        modality: clinical::Modality::InPerson.into(),
        ..Default::default()
    };
    let request = clinical::ScheduleSessionRequest { session: Some(session), request_id: request_id() };
    practice.therapist.sessions().schedule_session(request).await.unwrap().into_inner().id
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
