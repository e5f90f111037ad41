//! The patients of `PatientService`.

use testkit::Caller;
use therapy_claims::clinical::v1 as pb;
use therapy_claims::clinical::v1::patient_service_server::PatientService;
use therapy_claims::common::v1 as common;
use tonic::{Code, Response, Status};

use crate::stage::{Stage, bad_fields, date, mask, ok, patient, refusal, request_id, session};

async fn get(stage: &Stage, caller: &Caller, id: &str) -> Result<pb::Patient, Status> {
    let request = pb::GetPatientRequest { id: id.to_owned() };
    stage.patients.get_patient(caller.call("PatientService/GetPatient", request)).await.map(Response::into_inner)
}

async fn update(stage: &Stage, patient: pb::Patient, paths: &[&str]) -> Result<pb::Patient, Status> {
    let request =
        pb::UpdatePatientRequest { patient: Some(patient), update_mask: mask(paths), request_id: String::new() };
    let call = stage.admin.call("PatientService/UpdatePatient", request);
    stage.patients.update_patient(call).await.map(Response::into_inner)
}

async fn list(stage: &Stage, caller: &Caller, request: pb::ListPatientsRequest) -> Vec<String> {
    let page = ok(stage.patients.list_patients(caller.call("PatientService/ListPatients", request)).await);
    page.patients.into_iter().map(|patient| patient.id).collect()
}

#[tokio::test]
async fn what_create_answers_is_what_get_answers() {
    let stage = Stage::new().await;
    let created = stage.patient().await;
    assert_eq!(stage.last_entry().await, ("create".to_owned(), "patient".to_owned(), created.id.clone()));
    assert_eq!(get(&stage, &stage.admin, &created.id).await.unwrap(), created);
    let last = stage.entries().await.pop().unwrap();
    assert_eq!((last.action.as_str(), last.accessed_phi), ("view", true));
    assert_eq!((last.resource_ids, last.patient_ids), (vec![created.id.clone()], vec![created.id]));
}

#[tokio::test]
async fn every_violation_is_named_at_once() {
    let stage = Stage::new().await;
    let address = common::Address { state: "N".to_owned(), zip_code: "1".to_owned(), ..Default::default() };
    let bad = pb::Patient { sex: 77, address: Some(address), ..Default::default() };
    let request = pb::CreatePatientRequest { patient: Some(bad), request_id: String::new() };
    let answer = stage.patients.create_patient(stage.admin.call("PatientService/CreatePatient", request)).await;
    let mut fields = bad_fields(answer);
    fields.sort_unstable();
    let expected = ["address.state", "address.zip_code", "birth_date", "first_name", "last_name", "sex"];
    assert_eq!(fields, expected.map(|field| format!("patient.{field}")));
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names_and_a_stale_one_nothing() {
    let stage = Stage::new().await;
    let created = stage.patient().await;
    let changes = pb::Patient { first_name: "Rowan".to_owned(), phone: "2125550101".to_owned(), ..created.clone() };
    let updated = update(&stage, changes.clone(), &["phone"]).await.unwrap();
    assert_eq!((&*updated.first_name, &*updated.phone), ("Avery", "2125550101"));
    assert_eq!(refusal(update(&stage, changes, &["*"]).await), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(get(&stage, &stage.admin, &created.id).await.unwrap(), updated);
    let bare = pb::Patient { id: created.id, ..Default::default() };
    assert_eq!(
        bad_fields(update(&stage, bare, &["last_name", "member_id"]).await),
        ["update_mask.paths[1]", "patient.last_name"]
    );
}

#[tokio::test]
async fn another_practice_s_patient_answers_like_none() {
    let stage = Stage::new().await;
    let (created, stranger) = (stage.patient().await, stage.stranger().await);
    let foreign = get(&stage, &stranger, &created.id).await.unwrap_err();
    let absent = get(&stage, &stranger, &request_id()).await.unwrap_err();
    assert_eq!((foreign.code(), foreign.message()), (Code::NotFound, absent.message()));
    let request = pb::DeactivatePatientRequest { id: created.id.clone(), ..Default::default() };
    let call = stranger.call("PatientService/DeactivatePatient", request);
    assert_eq!(refusal(stage.patients.deactivate_patient(call).await).0, Code::NotFound);
    assert!(list(&stage, &stranger, pb::ListPatientsRequest::default()).await.is_empty());
    assert!(get(&stage, &stage.admin, &created.id).await.unwrap().is_active);
}

#[tokio::test]
async fn a_therapist_sees_patients_who_are_assigned_or_were_seen() {
    let stage = Stage::new().await;
    let (mine, other) = (stage.therapist("1234567893").await, stage.therapist("1679576722").await);
    let me = Caller::therapist(stage.practice, mine.id.parse().unwrap());
    let (assigned, seen, unknown) = (stage.patient().await, stage.patient().await, stage.patient().await);
    let assign = pb::Patient { id: assigned.id.clone(), therapist_id: mine.id.clone(), ..Default::default() };
    update(&stage, assign, &["therapist_id"]).await.unwrap();
    stage.schedule(session(&mine.id, &seen.id)).await;
    stage.schedule(session(&other.id, &unknown.id)).await;
    assert_eq!(list(&stage, &me, pb::ListPatientsRequest::default()).await, [assigned.id.clone(), seen.id.clone()]);
    for id in [&assigned.id, &seen.id] {
        get(&stage, &me, id).await.unwrap();
    }
    assert_eq!(refusal(get(&stage, &me, &unknown.id).await).0, Code::NotFound);
    let request = pb::DeactivatePatientRequest { id: unknown.id, ..Default::default() };
    let refused = stage.patients.deactivate_patient(me.call("PatientService/DeactivatePatient", request)).await;
    assert_eq!(refusal(refused).0, Code::NotFound);
    // a patient whom a therapist creates is its own
    let request = pb::CreatePatientRequest { patient: Some(patient()), request_id: String::new() };
    let created = ok(stage.patients.create_patient(me.call("PatientService/CreatePatient", request)).await);
    assert_eq!(created.therapist_id, mine.id);
    get(&stage, &me, &created.id).await.unwrap();
}

#[tokio::test]
async fn pages_show_every_patient_once_and_leave_one_entry_each() {
    let stage = Stage::new().await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(stage.patient().await.id);
    }
    let before = stage.entries().await.len();
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListPatientsRequest { page_size: 2, page_token, ..Default::default() };
        let page = ok(stage.patients.list_patients(stage.admin.call("PatientService/ListPatients", request)).await);
        let ids: Vec<_> = page.patients.into_iter().map(|patient| patient.id).collect();
        let entry = stage.entries().await.pop().unwrap();
        assert_eq!((entry.action.as_str(), &entry.resource_ids), ("view", &ids));
        seen.extend(ids);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, expected);
    assert_eq!(stage.entries().await.len(), before + 3);
}

#[tokio::test]
async fn lists_are_narrowed_by_birth_date_therapist_and_activity() {
    let stage = Stage::new().await;
    let therapist = stage.therapist("1234567893").await;
    let (a, b) = (stage.patient().await, stage.patient().await);
    let changes = pb::Patient {
        id: b.id.clone(),
        birth_date: date(2001, 1, 1),
        therapist_id: therapist.id.clone(),
        ..Default::default()
    };
    update(&stage, changes, &["birth_date", "therapist_id"]).await.unwrap();
    let born = pb::ListPatientsRequest { birth_date: date(2001, 1, 1), ..Default::default() };
    let assigned = pb::ListPatientsRequest { therapist_id: therapist.id, ..Default::default() };
    for request in [born, assigned] {
        assert_eq!(list(&stage, &stage.admin, request).await, std::slice::from_ref(&b.id));
    }
    let request = pb::DeactivatePatientRequest { id: a.id.clone(), etag: "7".to_owned(), ..Default::default() };
    let call = stage.admin.call("PatientService/DeactivatePatient", request);
    assert_eq!(refusal(stage.patients.deactivate_patient(call).await).1, "ETAG_MISMATCH");
    let request = pb::DeactivatePatientRequest { id: a.id.clone(), etag: a.etag, ..Default::default() };
    ok(stage.patients.deactivate_patient(stage.admin.call("PatientService/DeactivatePatient", request)).await);
    assert_eq!(list(&stage, &stage.admin, pb::ListPatientsRequest::default()).await, std::slice::from_ref(&b.id));
    let all = pb::ListPatientsRequest { include_inactive: true, ..Default::default() };
    assert_eq!(list(&stage, &stage.admin, all).await, [a.id, b.id]);
}

#[tokio::test]
async fn a_repeated_request_creates_one_patient() {
    let stage = Stage::new().await;
    let request = pb::CreatePatientRequest { patient: Some(patient()), request_id: request_id() };
    let call = || stage.admin.call("PatientService/CreatePatient", request.clone());
    let (a, b, c) = tokio::join!(
        stage.patients.create_patient(call()),
        stage.patients.create_patient(call()),
        stage.patients.create_patient(call())
    );
    let first = ok(a);
    assert_eq!([ok(b), ok(c)], [first.clone(), first.clone()]);
    assert_eq!(stage.count("clinical.patients").await, 1);
    // each answer is on record, the repeats too
    let entries = stage.entries().await;
    assert_eq!(entries.len(), 3);
    assert!(entries.iter().all(|entry| entry.resource_ids == [first.id.clone()]));
}

#[tokio::test]
async fn an_unknown_therapist_is_not_found() {
    let stage = Stage::new().await;
    let request = pb::CreatePatientRequest {
        patient: Some(pb::Patient { therapist_id: request_id(), ..patient() }),
        request_id: String::new(),
    };
    let answer = stage.patients.create_patient(stage.admin.call("PatientService/CreatePatient", request)).await;
    assert_eq!(refusal(answer), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert_eq!(stage.entries().await, []);
}
