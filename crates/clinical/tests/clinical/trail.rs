//! The audit trail of every RPC, walked through once.

use therapy_claims::clinical::v1 as pb;
use therapy_claims::clinical::v1::patient_service_server::PatientService;
use therapy_claims::clinical::v1::session_service_server::SessionService;
use therapy_claims::clinical::v1::therapist_service_server::TherapistService;

use crate::stage::{Entry, Stage, coverage, date, mask, ok, session};

/// What the last entry says, after checking whom and what it concerns.
async fn last(stage: &Stage, ids: &[&str], patient: Option<&str>) -> (String, String) {
    let entry = stage.entries().await.pop().unwrap();
    let Entry { action, resource_type, resource_ids, resource_count, patient_ids, accessed_phi } = entry;
    assert_eq!(resource_ids, ids, "{action} {resource_type}");
    assert_eq!(usize::try_from(resource_count).unwrap(), ids.len());
    assert_eq!(patient_ids, patient.into_iter().collect::<Vec<_>>(), "{action} {resource_type}");
    assert_eq!(accessed_phi, patient.is_some());
    (action, resource_type)
}

fn is(action: &str, resource: &str) -> (String, String) {
    (action.to_owned(), resource.to_owned())
}

#[tokio::test]
async fn changes_of_therapists_are_on_record() {
    let stage = Stage::new().await;
    let id = stage.therapist("1234567893").await.id;
    assert_eq!(last(&stage, &[&id], None).await, is("create", "therapist"));
    let request = pb::UpdateTherapistRequest {
        therapist: Some(pb::Therapist { id: id.clone(), phone: "2125550101".to_owned(), ..Default::default() }),
        update_mask: mask(&["phone"]),
        ..Default::default()
    };
    ok(stage.therapists.update_therapist(stage.admin.call("TherapistService/UpdateTherapist", request)).await);
    assert_eq!(last(&stage, &[&id], None).await, is("update", "therapist"));
    let request = pb::DeactivateTherapistRequest { id: id.clone(), ..Default::default() };
    ok(stage.therapists.deactivate_therapist(stage.admin.call("TherapistService/DeactivateTherapist", request)).await);
    assert_eq!(last(&stage, &[&id], None).await, is("delete", "therapist"));
    assert_eq!(stage.entries().await.len(), 3);
}

#[tokio::test]
async fn what_happens_to_patients_is_on_record() {
    let stage = Stage::new().await;
    let id = &stage.patient().await.id;
    assert_eq!(last(&stage, &[id], Some(id)).await, is("create", "patient"));
    let request = pb::UpdatePatientRequest {
        patient: Some(pb::Patient { id: id.clone(), phone: "2125550101".to_owned(), ..Default::default() }),
        update_mask: mask(&["phone"]),
        ..Default::default()
    };
    ok(stage.patients.update_patient(stage.admin.call("PatientService/UpdatePatient", request)).await);
    assert_eq!(last(&stage, &[id], Some(id)).await, is("update", "patient"));
    let request = pb::GetPatientRequest { id: id.clone() };
    ok(stage.patients.get_patient(stage.admin.call("PatientService/GetPatient", request)).await);
    assert_eq!(last(&stage, &[id], Some(id)).await, is("view", "patient"));
    let list = stage.admin.call("PatientService/ListPatients", pb::ListPatientsRequest::default());
    ok(stage.patients.list_patients(list).await);
    assert_eq!(last(&stage, &[id], Some(id)).await, is("view", "patient"));

    let covered = &stage.coverage(coverage(id, "W1", date(2026, 1, 1), None)).await.unwrap().id;
    assert_eq!(last(&stage, &[covered], Some(id)).await, is("create", "coverage"));
    let request = pb::GetCoverageRequest { id: covered.clone() };
    ok(stage.patients.get_coverage(stage.admin.call("PatientService/GetCoverage", request)).await);
    assert_eq!(last(&stage, &[covered], Some(id)).await, is("view", "coverage"));
    let request = pb::UpdateCoverageRequest {
        coverage: Some(pb::Coverage { id: covered.clone(), member_id: "W2".to_owned(), ..Default::default() }),
        update_mask: mask(&["member_id"]),
        ..Default::default()
    };
    ok(stage.patients.update_coverage(stage.admin.call("PatientService/UpdateCoverage", request)).await);
    assert_eq!(last(&stage, &[covered], Some(id)).await, is("update", "coverage"));
    let request = pb::ListCoveragesRequest { patient_id: id.clone(), ..Default::default() };
    ok(stage.patients.list_coverages(stage.admin.call("PatientService/ListCoverages", request)).await);
    assert_eq!(last(&stage, &[covered], Some(id)).await, is("view", "coverage"));

    let request = pb::DeactivatePatientRequest { id: id.clone(), ..Default::default() };
    ok(stage.patients.deactivate_patient(stage.admin.call("PatientService/DeactivatePatient", request)).await);
    assert_eq!(last(&stage, &[id], Some(id)).await, is("delete", "patient"));
    assert_eq!(stage.entries().await.len(), 9);
}

#[tokio::test]
async fn what_happens_to_sessions_is_on_record() {
    let stage = Stage::new().await;
    let (therapist, patient, booked) = stage.booked().await;
    let (id, patient) = (&booked.id, Some(&*patient.id));
    assert_eq!(last(&stage, &[id], patient).await, is("create", "session"));
    let request = pb::UpdateSessionRequest {
        session: Some(pb::Session { id: id.clone(), fee: "10.00".to_owned(), ..Default::default() }),
        update_mask: mask(&["fee"]),
        ..Default::default()
    };
    ok(stage.sessions.update_session(stage.admin.call("SessionService/UpdateSession", request)).await);
    assert_eq!(last(&stage, &[id], patient).await, is("update", "session"));
    let request = pb::GetSessionRequest { id: id.clone() };
    ok(stage.sessions.get_session(stage.admin.call("SessionService/GetSession", request)).await);
    assert_eq!(last(&stage, &[id], patient).await, is("view", "session"));
    stage.complete(id).await.unwrap();
    assert_eq!(last(&stage, &[id], patient).await, is("update", "session"));
    let other = &stage.schedule(session(&therapist.id, patient.unwrap_or_default())).await.id;
    let request = pb::CancelSessionRequest { id: other.clone(), ..Default::default() };
    ok(stage.sessions.cancel_session(stage.admin.call("SessionService/CancelSession", request)).await);
    assert_eq!(last(&stage, &[other], patient).await, is("update", "session"));
    let list = stage.admin.call("SessionService/ListSessions", pb::ListSessionsRequest::default());
    ok(stage.sessions.list_sessions(list).await);
    assert_eq!(last(&stage, &[id, other], patient).await, is("view", "session"));
}

#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let stage = Stage::new().await;
    let (_, _, booked) = stage.booked().await;
    let stranger = stage.stranger().await;
    let before = stage.entries().await.len();
    let request = pb::GetSessionRequest { id: booked.id.clone() };
    stage.sessions.get_session(stranger.call("SessionService/GetSession", request)).await.unwrap_err();
    let request = pb::CompleteSessionRequest { id: booked.id, etag: "9".to_owned(), ..Default::default() };
    stage.sessions.complete_session(stage.admin.call("SessionService/CompleteSession", request)).await.unwrap_err();
    assert_eq!(stage.entries().await.len(), before);
}
