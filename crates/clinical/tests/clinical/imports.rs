//! `ImportService`, past the transport: what becomes of the rows.

use std::collections::BTreeMap;

use futures_util::stream::iter;
use kernel::{Failure, status::to_status};
use therapy_claims::clinical::v1 as pb;
use therapy_claims::clinical::v1::ImportOutcome::{Created, Existing, Refused};
use tonic::Status;

use crate::stage::{Stage, coverage, date, patient, session, therapist};

async fn therapists(stage: &Stage, rows: Vec<pb::ImportTherapistsRequest>) -> Vec<pb::ImportResult> {
    let scope = stage.admin.scope("ImportService/ImportTherapists");
    stage.imports.therapists(&scope, iter(rows.into_iter().map(Ok))).await.unwrap().results
}

async fn patients(stage: &Stage, rows: Vec<pb::ImportPatientsRequest>) -> Vec<pb::ImportResult> {
    let scope = stage.admin.scope("ImportService/ImportPatients");
    stage.imports.patients(&scope, iter(rows.into_iter().map(Ok))).await.unwrap().results
}

async fn sessions(stage: &Stage, rows: Vec<pb::ImportSessionsRequest>) -> Vec<pb::ImportResult> {
    let scope = stage.admin.scope("ImportService/ImportSessions");
    stage.imports.sessions(&scope, iter(rows.into_iter().map(Ok))).await.unwrap().results
}

fn therapist_row(key: &str, therapist: pb::Therapist) -> pb::ImportTherapistsRequest {
    pb::ImportTherapistsRequest { therapist: Some(therapist), source: "old".to_owned(), source_id: key.to_owned() }
}

fn patient_row(key: usize) -> pb::ImportPatientsRequest {
    pb::ImportPatientsRequest {
        patient: Some(patient()),
        source: "old".to_owned(),
        source_id: key.to_string(),
        coverages: Vec::new(),
    }
}

fn session_row(key: usize, session: pb::Session) -> pb::ImportSessionsRequest {
    pb::ImportSessionsRequest { session: Some(session), source: "old".to_owned(), source_id: key.to_string() }
}

/// What a stream whose client went away ends with.
fn gone() -> Status {
    to_status(&Failure::unavailable("GONE", "the client went away"), "")
}

fn reason(result: &pb::ImportResult) -> &str {
    result.problem.as_ref().map_or("", |problem| &problem.reason)
}

/// Outcome and reason of each row.
fn seen(results: &[pb::ImportResult]) -> Vec<(pb::ImportOutcome, &str)> {
    results.iter().map(|result| (result.outcome(), reason(result))).collect()
}

#[tokio::test]
async fn a_bad_therapist_stops_no_other() {
    let stage = Stage::new().await;
    stage.therapist("1234567893").await;
    let foreign_source = pb::ImportTherapistsRequest { source: "new".to_owned(), ..therapist_row("f", therapist("")) };
    let unknown = "00000000-0000-7000-8000-000000000000".to_owned();
    let rows = vec![
        pb::ImportTherapistsRequest { source: String::new(), ..therapist_row("b", pb::Therapist::default()) },
        therapist_row("a", therapist("1679576722")),
        therapist_row("c", therapist("1234567893")),
        therapist_row("d", therapist("1679576722")),
        therapist_row("e", pb::Therapist { supervisor_id: unknown, ..therapist("") }),
        foreign_source,
        therapist_row("a", therapist("")),
        therapist_row("g", therapist("")),
    ];
    let first = therapists(&stage, rows.clone()).await;
    assert_eq!(
        seen(&first),
        [
            (Refused, "INVALID_REQUEST"),
            (Created, ""),
            (Refused, "NPI_TAKEN"),
            (Refused, "NPI_TAKEN"),
            (Refused, "NOT_FOUND"),
            (Refused, "INVALID_REQUEST"),
            (Existing, ""),
            (Created, ""),
        ]
    );
    assert_eq!(first.iter().map(|result| result.row).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    assert_eq!(first[6].id, first[1].id);
    let fields = |i: usize| -> Vec<_> {
        first[i].problem.as_ref().unwrap().violations.iter().map(|violation| violation.field.as_str()).collect()
    };
    assert_eq!(fields(0), ["source", "therapist.first_name", "therapist.last_name"]);
    assert_eq!(fields(5), ["source"]);
    let entry = stage.entries().await.pop().unwrap();
    assert_eq!((entry.action.as_str(), entry.resource_type.as_str()), ("create", "therapist"));
    assert_eq!(entry.resource_ids, [first[1].id.clone(), first[7].id.clone()]);
    assert!(!entry.accessed_phi);
    // the same rows again create nothing
    let again = therapists(&stage, rows).await;
    assert_eq!(
        again.iter().map(|result| &result.id).collect::<Vec<_>>(),
        first.iter().map(|r| &r.id).collect::<Vec<_>>()
    );
    assert!(again.iter().all(|result| result.outcome() != Created));
    assert_eq!(stage.count("clinical.therapists").await, 3);
}

#[tokio::test]
async fn patients_come_with_their_coverages_or_not_at_all() {
    let stage = Stage::new().await;
    let covered = |spans: Vec<pb::Coverage>, key| pb::ImportPatientsRequest { coverages: spans, ..patient_row(key) };
    let lasting = coverage("", "W1", date(2020, 1, 1), None);
    let second = pb::Coverage { sequence: pb::PayerSequence::Secondary.into(), ..lasting.clone() };
    let results = patients(
        &stage,
        vec![
            covered(vec![lasting.clone(), second], 0),
            covered(vec![lasting.clone(), lasting], 1),
            covered(vec![pb::Coverage::default()], 2),
        ],
    )
    .await;
    assert_eq!(seen(&results), [(Created, ""), (Refused, "INVALID_REQUEST"), (Refused, "INVALID_REQUEST")]);
    let overlap = &results[1].problem.as_ref().unwrap().violations;
    assert_eq!(overlap.iter().map(|v| v.field.as_str()).collect::<Vec<_>>(), ["coverages[1].effective_from"]);
    assert_eq!(stage.count("clinical.coverages").await, 2);
    assert_eq!(stage.count("clinical.patients WHERE member_id = 'W1'").await, 1);
    assert_eq!(stage.count("clinical.patients").await, 1);
    let entry = stage.entries().await.pop().unwrap();
    assert_eq!((entry.resource_ids, entry.accessed_phi), (vec![results[0].id.clone()], true));
}

#[tokio::test]
async fn rows_go_in_by_chunks_of_one_entry_each() {
    let stage = Stage::new().await;
    let results = patients(&stage, (0..250).map(patient_row).collect()).await;
    assert!(results.iter().all(|result| result.outcome() == Created));
    let counts: Vec<_> = stage.entries().await.iter().map(|entry| entry.resource_count).collect();
    assert_eq!(counts, [100, 100, 50]);
    assert_eq!(stage.count("clinical.patients").await, 250);
}

#[tokio::test]
async fn rows_before_a_broken_stream_stay() {
    let stage = Stage::new().await;
    let scope = stage.admin.scope("ImportService/ImportPatients");
    let rows = (0..150).map(|key| Ok(patient_row(key))).chain([Err(gone())]);
    let failure = stage.imports.patients(&scope, iter(rows.collect::<Vec<_>>())).await.unwrap_err();
    assert_eq!(failure.reason, "IMPORT_STREAM_BROKEN");
    assert_eq!(stage.count("clinical.patients").await, 100);
    let again = patients(&stage, (0..150).map(patient_row).collect()).await;
    let mut counts = BTreeMap::new();
    for result in &again {
        *counts.entry(result.outcome).or_insert(0) += 1;
    }
    assert_eq!(counts, BTreeMap::from([(Created.into(), 50), (Existing.into(), 100)]));
}

#[tokio::test]
async fn sessions_that_were_held_are_billed() {
    let stage = Stage::new().await;
    let (therapist, patient, _) = stage.booked().await;
    let plain = session(&therapist.id, &patient.id);
    let held = pb::Session { status: pb::SessionStatus::Completed.into(), ..plain.clone() };
    let cancelled = pb::Session {
        status: pb::SessionStatus::Cancelled.into(),
        cancellation_reason: "no_show".to_owned(),
        ..plain.clone()
    };
    let rows = vec![
        session_row(0, plain.clone()),
        session_row(1, held.clone()),
        session_row(2, pb::Session { self_pay: true, ..held.clone() }),
        session_row(3, cancelled),
        session_row(4, pb::Session { patient_id: therapist.id.clone(), ..held.clone() }),
        session_row(5, pb::Session { session_date: None, ..held.clone() }),
        session_row(6, held.clone()),
    ];
    let results = sessions(&stage, rows.clone()).await;
    assert_eq!(
        seen(&results),
        [
            (Created, ""),
            (Created, ""),
            (Created, ""),
            (Created, ""),
            (Refused, "NOT_FOUND"),
            (Refused, "INVALID_REQUEST"),
            (Created, ""),
        ]
    );
    let billed: Vec<_> = results.iter().map(|result| !result.claim_id.is_empty()).collect();
    assert_eq!(billed, [false, true, false, false, false, false, true]);
    let drafted: Vec<_> = stage.claims.drafted().iter().map(ToString::to_string).collect();
    assert_eq!(drafted, [results[1].id.clone(), results[6].id.clone()]);
    // held on the same day with the same procedure: each knows the other
    let same_day = stage.claims.drafted.lock().unwrap()[0].neighbours.same_day.clone();
    assert_eq!(same_day.iter().map(|s| s.id.to_string()).collect::<Vec<_>>(), [results[6].id.clone()]);
    for (status, count) in [("scheduled", 2), ("completed", 3), ("cancelled", 1)] {
        assert_eq!(stage.count(&format!("clinical.sessions WHERE status = '{status}'")).await, count, "{status}");
    }
    let again = sessions(&stage, rows).await;
    assert!(again.iter().all(|result| result.outcome() != Created && result.claim_id.is_empty()));
    assert_eq!(stage.claims.drafted().len(), 2);
}

#[tokio::test]
async fn a_session_that_fails_late_stops_no_other() {
    let stage = Stage::new().await;
    let (therapist, patient, _) = stage.booked().await;
    let held = pb::Session { status: pb::SessionStatus::Completed.into(), ..session(&therapist.id, &patient.id) };
    let bad = pb::Session { cpt_code: "99999".to_owned(), ..held.clone() };
    let before = stage.entries().await.len();
    let results = sessions(&stage, vec![session_row(0, held.clone()), session_row(1, bad), session_row(2, held)]).await;
    assert_eq!(seen(&results), [(Created, ""), (Refused, "NO_DRAFT"), (Created, "")]);
    assert_eq!(stage.count("clinical.sessions WHERE status = 'completed'").await, 2);
    assert_eq!(stage.entries().await.len(), before + 2);
}
