//! `SessionService`.

use kernel::Role;
use testkit::Caller;
use therapy_claims::clinical::v1 as pb;
use therapy_claims::clinical::v1::patient_service_server::PatientService;
use therapy_claims::clinical::v1::session_service_server::SessionService;
use therapy_claims::clinical::v1::therapist_service_server::TherapistService;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::stage::{Stage, bad_fields, date, mask, ok, refusal, request_id, session};

async fn get(stage: &Stage, caller: &Caller, id: &str) -> Result<pb::Session, Status> {
    let request = pb::GetSessionRequest { id: id.to_owned() };
    stage.sessions.get_session(caller.call("SessionService/GetSession", request)).await.map(Response::into_inner)
}

async fn update(stage: &Stage, caller: &Caller, session: pb::Session, paths: &[&str]) -> Result<pb::Session, Status> {
    let request =
        pb::UpdateSessionRequest { session: Some(session), update_mask: mask(paths), request_id: String::new() };
    let call = caller.call("SessionService/UpdateSession", request);
    stage.sessions.update_session(call).await.map(Response::into_inner)
}

async fn cancel(stage: &Stage, caller: &Caller, id: &str, reason: &str) -> Result<pb::Session, Status> {
    let request = pb::CancelSessionRequest { id: id.to_owned(), reason: reason.to_owned(), ..Default::default() };
    let call = caller.call("SessionService/CancelSession", request);
    stage.sessions.cancel_session(call).await.map(Response::into_inner)
}

async fn list(stage: &Stage, caller: &Caller, request: pb::ListSessionsRequest) -> Vec<String> {
    let page = ok(stage.sessions.list_sessions(caller.call("SessionService/ListSessions", request)).await);
    page.sessions.into_iter().map(|session| session.id).collect()
}

fn at(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

#[tokio::test]
async fn what_schedule_answers_is_what_get_answers() {
    let stage = Stage::new().await;
    let (_, patient, session) = stage.booked().await;
    assert_eq!(stage.last_entry().await, ("create".to_owned(), "session".to_owned(), session.id.clone()));
    assert_eq!(stage.entries().await.pop().unwrap().patient_ids, [patient.id]);
    assert_eq!(get(&stage, &stage.admin, &session.id).await.unwrap(), session);
    assert_eq!(stage.last_entry().await, ("view".to_owned(), "session".to_owned(), session.id.clone()));
    assert_eq!(session.status(), pb::SessionStatus::Scheduled);
    assert_eq!((&*session.copay, &*session.place_of_service, &*session.fee), ("0.00", "11", "150.00"));
}

#[tokio::test]
async fn every_violation_is_named_at_once() {
    let stage = Stage::new().await;
    let bad = pb::Session {
        ends_at: at(1),
        cpt_code: "9".to_owned(),
        fee: "-1".to_owned(),
        diagnosis_codes: vec!["F41.1".to_owned(), "?".to_owned()],
        place_of_service: "x1".to_owned(),
        add_ons: vec![pb::AddOn::default()],
        ..Default::default()
    };
    let mut fields = bad_fields(stage.try_schedule(&stage.admin, bad).await);
    fields.sort_unstable();
    let expected = [
        "add_ons[0].cpt_code",
        "add_ons[0].fee",
        "cpt_code",
        "diagnosis_codes[1]",
        "duration_minutes",
        "ends_at",
        "fee",
        "patient_id",
        "place_of_service",
        "session_date",
        "therapist_id",
    ];
    assert_eq!(fields, expected.map(|field| format!("session.{field}")));
}

#[tokio::test]
async fn the_day_of_a_session_is_the_practice_s() {
    let stage = Stage::new().await;
    let (therapist, patient, _) = stage.booked().await;
    // 2026-03-17 02:00 UTC is still the 16th in New York
    let evening =
        pb::Session { session_date: None, starts_at: at(1_773_712_800), ..session(&therapist.id, &patient.id) };
    let booked = stage.schedule(evening).await;
    assert_eq!(booked.session_date, date(2026, 3, 16));
    let moved = pb::Session { starts_at: at(1_773_712_800 + 86_400), ..booked };
    let moved =
        update(&stage, &stage.admin, pb::Session { session_date: None, ..moved }, &["starts_at"]).await.unwrap();
    assert_eq!(moved.session_date, date(2026, 3, 17));
}

#[tokio::test]
async fn nobody_books_with_who_is_deactivated_or_unknown() {
    let stage = Stage::new().await;
    let (therapist, patient, _) = stage.booked().await;
    let gone = stage.patient().await;
    let request = pb::DeactivatePatientRequest { id: gone.id.clone(), ..Default::default() };
    ok(stage.patients.deactivate_patient(stage.admin.call("PatientService/DeactivatePatient", request)).await);
    let answer = stage.try_schedule(&stage.admin, session(&therapist.id, &gone.id)).await;
    assert_eq!(refusal(answer), (Code::FailedPrecondition, "PATIENT_INACTIVE".to_owned()));
    let left = stage.therapist("1679576722").await;
    let request = pb::DeactivateTherapistRequest { id: left.id.clone(), ..Default::default() };
    let call = stage.admin.call("TherapistService/DeactivateTherapist", request);
    ok(stage.therapists.deactivate_therapist(call).await);
    let answer = stage.try_schedule(&stage.admin, session(&left.id, &patient.id)).await;
    assert_eq!(refusal(answer), (Code::FailedPrecondition, "THERAPIST_INACTIVE".to_owned()));
    for bad in [session(&request_id(), &patient.id), session(&therapist.id, &request_id())] {
        assert_eq!(refusal(stage.try_schedule(&stage.admin, bad).await).0, Code::NotFound);
    }
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names() {
    let stage = Stage::new().await;
    let (_, _, booked) = stage.booked().await;
    let changes = pb::Session {
        id: booked.id.clone(),
        etag: booked.etag.clone(),
        modality: pb::Modality::Video.into(),
        fee: "99.5".to_owned(),
        duration_minutes: 45,
        add_ons: vec![pb::AddOn { cpt_code: "90785".to_owned(), fee: "20.00".to_owned() }],
        ..Default::default()
    };
    let updated = update(&stage, &stage.admin, changes.clone(), &["modality", "fee", "add_ons"]).await.unwrap();
    assert_eq!((&*updated.fee, updated.duration_minutes, &*updated.place_of_service), ("99.50", 60, "10"));
    assert_eq!(get(&stage, &stage.admin, &booked.id).await.unwrap(), updated);
    let stale = update(&stage, &stage.admin, changes, &["fee"]).await;
    assert_eq!(refusal(stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    let ends = pb::Session { id: booked.id.clone(), ends_at: at(1), ..Default::default() };
    assert_eq!(bad_fields(update(&stage, &stage.admin, ends, &["ends_at"]).await), ["session.ends_at"]);
    let status = pb::Session { id: booked.id, ..Default::default() };
    assert_eq!(bad_fields(update(&stage, &stage.admin, status, &["status"]).await), ["update_mask.paths[0]"]);
}

#[tokio::test]
async fn completing_drafts_a_claim_once() {
    let stage = Stage::new().await;
    let (_, _, booked) = stage.booked().await;
    let completed = stage.complete(&booked.id).await.unwrap();
    let row = completed.session.unwrap();
    assert_eq!(row.status(), pb::SessionStatus::Completed);
    assert!(row.completed_at.is_some() && completed.claim.is_some());
    assert_eq!(stage.last_entry().await, ("update".to_owned(), "session".to_owned(), booked.id.clone()));
    assert_eq!(get(&stage, &stage.admin, &booked.id).await.unwrap(), row);
    let again = stage.complete(&booked.id).await.unwrap_err();
    let precondition = again.get_details_precondition_failure().unwrap().violations;
    assert_eq!((again.code(), &*precondition[0].subject), (Code::FailedPrecondition, "completed"));
    assert_eq!(stage.claims.drafted(), [booked.id.parse().unwrap()]);
    for refused in [
        cancel(&stage, &stage.admin, &booked.id, "").await,
        update(&stage, &stage.admin, pb::Session { fee: "1.00".to_owned(), ..row }, &["fee"]).await,
    ] {
        assert_eq!(refusal(refused), (Code::FailedPrecondition, "SESSION_INVALID_TRANSITION".to_owned()));
    }
}

#[tokio::test]
async fn of_many_completions_at_once_one_succeeds() {
    let stage = Stage::new().await;
    let (_, _, booked) = stage.booked().await;
    let answers = futures_util::future::join_all((0..6).map(|_| stage.complete(&booked.id))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(stage.claims.drafted().len(), 1);
    for refused in answers.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(refused).1, "SESSION_INVALID_TRANSITION");
    }
}

#[tokio::test]
async fn a_repeated_completion_answers_the_same_claim() {
    let stage = Stage::new().await;
    let (_, _, booked) = stage.booked().await;
    let request = pb::CompleteSessionRequest { id: booked.id, etag: booked.etag, request_id: request_id() };
    let call = || stage.admin.call("SessionService/CompleteSession", request.clone());
    let first = ok(stage.sessions.complete_session(call()).await);
    assert_eq!(ok(stage.sessions.complete_session(call()).await), first);
    assert_eq!(stage.claims.drafted().len(), 1);
}

#[tokio::test]
async fn a_completion_is_all_or_nothing() {
    let stage = Stage::new().await;
    let (_, _, booked) = stage.booked().await;
    let before = stage.entries().await.len();
    *stage.claims.fails.lock().unwrap() = true;
    assert_eq!(refusal(stage.complete(&booked.id).await).1, "NO_DRAFT");
    assert_eq!(stage.entries().await.len(), before);
    assert_eq!(get(&stage, &stage.admin, &booked.id).await.unwrap(), booked);
    let request = pb::CompleteSessionRequest { id: booked.id, etag: "9".to_owned(), ..Default::default() };
    let stale = stage.sessions.complete_session(stage.admin.call("SessionService/CompleteSession", request)).await;
    assert_eq!(refusal(stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
}

#[tokio::test]
async fn what_the_patient_pays_or_keeps_to_themself_drafts_no_claim() {
    let stage = Stage::new().await;
    let (therapist, patient, _) = stage.booked().await;
    let plain = session(&therapist.id, &patient.id);
    for private in
        [pb::Session { self_pay: true, ..plain.clone() }, pb::Session { disclosure_restricted: true, ..plain }]
    {
        let booked = stage.schedule(private).await;
        assert_eq!(stage.complete(&booked.id).await.unwrap().claim, None);
    }
    assert!(stage.claims.drafted().is_empty());
}

#[tokio::test]
async fn a_cancelled_session_stays_cancelled() {
    let stage = Stage::new().await;
    let (_, _, booked) = stage.booked().await;
    assert_eq!(bad_fields(cancel(&stage, &stage.admin, &booked.id, "Felt ill!").await), ["reason"]);
    let cancelled = cancel(&stage, &stage.front_desk, &booked.id, "no_show").await.unwrap();
    assert_eq!((cancelled.status(), &*cancelled.cancellation_reason), (pb::SessionStatus::Cancelled, "no_show"));
    assert!(cancelled.cancelled_at.is_some());
    assert_eq!(stage.last_entry().await, ("update".to_owned(), "session".to_owned(), booked.id.clone()));
    assert_eq!(refusal(stage.complete(&booked.id).await).1, "SESSION_INVALID_TRANSITION");
    assert_eq!(refusal(cancel(&stage, &stage.admin, &booked.id, "").await).1, "SESSION_INVALID_TRANSITION");
}

#[tokio::test]
async fn a_therapist_reaches_own_sessions_only() {
    let stage = Stage::new().await;
    let (_, patient, theirs) = stage.booked().await;
    let mine = stage.therapist("1679576722").await;
    let own = stage.schedule(session(&mine.id, &patient.id)).await;
    let me = Caller::therapist(stage.practice, mine.id.parse().unwrap());
    assert_eq!(get(&stage, &me, &own.id).await.unwrap(), own);
    assert_eq!(list(&stage, &me, pb::ListSessionsRequest::default()).await, std::slice::from_ref(&own.id));
    let request = pb::CompleteSessionRequest { id: theirs.id.clone(), ..Default::default() };
    let complete = stage.sessions.complete_session(me.call("SessionService/CompleteSession", request)).await;
    assert_eq!(refusal(complete).0, Code::NotFound);
    assert_eq!(refusal(get(&stage, &me, &theirs.id).await).0, Code::NotFound);
    assert_eq!(refusal(cancel(&stage, &me, &theirs.id, "").await).0, Code::NotFound);
    let taken = update(&stage, &me, theirs.clone(), &["fee"]).await;
    assert_eq!(refusal(taken).0, Code::NotFound);
    let given = pb::Session { therapist_id: theirs.therapist_id.clone(), ..own };
    let expected = (Code::PermissionDenied, "OWN_SESSIONS_ONLY".to_owned());
    assert_eq!(refusal(update(&stage, &me, given, &["therapist_id"]).await), expected);
    let foreign = stage.try_schedule(&me, session(&theirs.therapist_id, &patient.id)).await;
    assert_eq!(refusal(foreign), expected);
    // a patient who was never seen can't be booked either
    let unknown = stage.patient().await;
    assert_eq!(refusal(stage.try_schedule(&me, session(&mine.id, &unknown.id)).await).0, Code::NotFound);
}

#[tokio::test]
async fn the_front_desk_sees_and_writes_nothing_clinical() {
    let stage = Stage::new().await;
    let (therapist, patient, _) = stage.booked().await;
    let clinical = pb::Session {
        modifiers: vec!["95".to_owned()],
        add_ons: vec![pb::AddOn { cpt_code: "90785".to_owned(), fee: "20.00".to_owned() }],
        part2: true,
        ..session(&therapist.id, &patient.id)
    };
    let booked = stage.schedule(clinical.clone()).await;
    let desk = &stage.front_desk;
    let masked = pb::Session {
        cpt_code: String::new(),
        diagnosis_codes: vec![],
        modifiers: vec![],
        add_ons: vec![],
        part2: false,
        ..booked.clone()
    };
    assert_eq!(get(&stage, desk, &booked.id).await.unwrap(), masked);
    let page = stage.sessions.list_sessions(desk.call("SessionService/ListSessions", Default::default())).await;
    assert!(ok(page).sessions.iter().all(|s| s.cpt_code.is_empty() && s.diagnosis_codes.is_empty()));
    let fields = bad_fields(stage.try_schedule(desk, clinical).await);
    let hidden = ["diagnosis_codes", "modifiers", "add_ons", "part2"];
    assert_eq!(fields, hidden.map(|field| format!("session.{field}")));
    let plain = pb::Session { diagnosis_codes: vec![], ..session(&therapist.id, &patient.id) };
    assert_eq!(ok(stage.try_schedule(desk, plain).await).cpt_code, "");
    for path in ["cpt_code", "diagnosis_codes", "modifiers", "add_ons", "part2"] {
        assert_eq!(bad_fields(update(&stage, desk, booked.clone(), &[path]).await), ["update_mask.paths[0]"]);
    }
    // what the desk saw blank and sends back leaves the codes as they are
    let moved = pb::Session { session_date: date(2026, 3, 18), ..masked };
    update(&stage, desk, moved, &["*"]).await.unwrap();
    let kept = get(&stage, &stage.admin, &booked.id).await.unwrap();
    assert_eq!((kept.session_date, kept.diagnosis_codes), (date(2026, 3, 18), vec!["F41.1".to_owned()]));
    assert_eq!((&*kept.cpt_code, kept.part2), ("90837", true));
    assert!(desk.try_ctx("SessionService/CompleteSession").is_err());
}

#[tokio::test]
async fn another_practice_s_session_answers_like_none() {
    let stage = Stage::new().await;
    let (_, _, booked) = stage.booked().await;
    let stranger = stage.stranger().await;
    let foreign = get(&stage, &stranger, &booked.id).await.unwrap_err();
    let absent = get(&stage, &stranger, &request_id()).await.unwrap_err();
    assert_eq!((foreign.code(), foreign.message()), (Code::NotFound, absent.message()));
    assert_eq!(refusal(cancel(&stage, &stranger, &booked.id, "").await).0, Code::NotFound);
    assert!(list(&stage, &stranger, pb::ListSessionsRequest::default()).await.is_empty());
}

#[tokio::test]
async fn pages_show_every_session_once_the_earliest_day_first() {
    let stage = Stage::new().await;
    let (therapist, patient, first) = stage.booked().await;
    let mut expected = vec![(16, first.id)];
    for day in [18, 16, 17, 18, 16, 2] {
        let on = pb::Session { session_date: date(2026, 3, day), ..session(&therapist.id, &patient.id) };
        expected.push((day, stage.schedule(on).await.id));
    }
    expected.sort_unstable();
    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
    for patient_id in [String::new(), patient.id.clone()] {
        let (mut seen, mut page_token) = (Vec::new(), String::new());
        loop {
            let patient_id = patient_id.clone();
            let request = pb::ListSessionsRequest { page_size: 2, page_token, patient_id, ..Default::default() };
            let call = Caller::new(stage.practice, Role::Billing).call("SessionService/ListSessions", request);
            let page = ok(stage.sessions.list_sessions(call).await);
            seen.extend(page.sessions.into_iter().map(|session| session.id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, expected);
    }
    let request = pb::ListSessionsRequest {
        from_date: date(2026, 3, 16),
        to_date: date(2026, 3, 16),
        therapist_id: therapist.id,
        status: pb::SessionStatus::Scheduled.into(),
        ..Default::default()
    };
    assert_eq!(list(&stage, &stage.admin, request.clone()).await, expected[1..4]);
    let held = pb::ListSessionsRequest { status: pb::SessionStatus::Completed.into(), ..request };
    assert!(list(&stage, &stage.admin, held).await.is_empty());
}
