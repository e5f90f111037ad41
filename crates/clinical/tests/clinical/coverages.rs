//! The coverages of `PatientService`.

use testkit::Caller;
use therapy_claims::clinical::v1 as pb;
use therapy_claims::clinical::v1::patient_service_server::PatientService;
use therapy_claims::common::v1 as common;
use tonic::{Code, Response, Status};

use crate::stage::{Stage, bad_fields, coverage, date, mask, ok, refusal, request_id, session};

async fn get(stage: &Stage, caller: &Caller, id: &str) -> Result<pb::Coverage, Status> {
    let request = pb::GetCoverageRequest { id: id.to_owned() };
    stage.patients.get_coverage(caller.call("PatientService/GetCoverage", request)).await.map(Response::into_inner)
}

async fn update(stage: &Stage, coverage: pb::Coverage, paths: &[&str]) -> Result<pb::Coverage, Status> {
    let request =
        pb::UpdateCoverageRequest { coverage: Some(coverage), update_mask: mask(paths), request_id: String::new() };
    let call = stage.admin.call("PatientService/UpdateCoverage", request);
    stage.patients.update_coverage(call).await.map(Response::into_inner)
}

async fn list(stage: &Stage, caller: &Caller, request: pb::ListCoveragesRequest) -> Result<Vec<String>, Status> {
    let page = stage.patients.list_coverages(caller.call("PatientService/ListCoverages", request)).await?;
    Ok(page.into_inner().coverages.into_iter().map(|coverage| coverage.id).collect())
}

async fn member_id(stage: &Stage, patient: &str) -> String {
    let request = pb::GetPatientRequest { id: patient.to_owned() };
    ok(stage.patients.get_patient(stage.admin.call("PatientService/GetPatient", request)).await).member_id
}

fn of(patient_id: &str) -> pb::ListCoveragesRequest {
    pb::ListCoveragesRequest { patient_id: patient_id.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn what_create_answers_is_what_get_answers() {
    let stage = Stage::new().await;
    let patient = stage.patient().await;
    let subscriber = common::Person {
        first_name: "Sam".to_owned(),
        last_name: "Quill".to_owned(),
        birth_date: date(1960, 5, 5),
        sex: common::Sex::Female.into(),
        address: Some(common::Address { city: "Troy".to_owned(), state: "ny".to_owned(), ..Default::default() }),
    };
    let created = stage
        .coverage(pb::Coverage {
            relationship: pb::Relationship::Child.into(),
            subscriber: Some(subscriber),
            filing_indicator: "ci".to_owned(),
            ..coverage(&patient.id, "W1234", date(2026, 1, 1), None)
        })
        .await
        .unwrap();
    assert_eq!(stage.last_entry().await, ("create".to_owned(), "coverage".to_owned(), created.id.clone()));
    assert_eq!(stage.entries().await.pop().unwrap().patient_ids, [patient.id]);
    assert_eq!(get(&stage, &stage.admin, &created.id).await.unwrap(), created);
    assert_eq!(created.filing_indicator, "CI");
    assert_eq!(created.sequence(), pb::PayerSequence::Primary);
    assert_eq!((created.assignment_of_benefits, created.release_of_information), (Some(true), Some(true)));
    assert_eq!(created.subscriber.unwrap().address.unwrap().state, "NY");
}

#[tokio::test]
async fn every_violation_is_named_at_once() {
    let stage = Stage::new().await;
    let bad = pb::Coverage {
        member_id: "W".to_owned(),
        relationship: pb::Relationship::Spouse.into(),
        sequence: 9,
        medicare_secondary_reason: 10,
        effective_from: date(2026, 2, 30),
        ..Default::default()
    };
    let mut fields = bad_fields(stage.coverage(bad).await);
    fields.sort_unstable();
    let expected = [
        "effective_from",
        "medicare_secondary_reason",
        "member_id",
        "patient_id",
        "payer_id",
        "sequence",
        "subscriber",
    ];
    assert_eq!(fields, expected.map(|field| format!("coverage.{field}")));
}

#[tokio::test]
async fn why_medicare_is_not_first_is_kept_changed_and_taken_away() {
    use pb::MedicareSecondaryReason as Reason;
    let stage = Stage::new().await;
    let patient = stage.patient().await;
    for (number, year) in (1..=9).zip(2001..) {
        let reason = Reason::try_from(number).unwrap();
        let given = pb::Coverage {
            medicare_secondary_reason: number,
            filing_indicator: "MB".to_owned(),
            sequence: pb::PayerSequence::Secondary.into(),
            ..coverage(&patient.id, "1EG4TE5MK73", date(year, 1, 1), date(year, 12, 31))
        };
        let created = stage.coverage(given).await.unwrap();
        assert_eq!(created.medicare_secondary_reason(), reason);
        assert_eq!(get(&stage, &stage.admin, &created.id).await.unwrap(), created);
        let stored = format!("clinical.coverages WHERE id = '{}' AND medicare_secondary_reason = '{}'", created.id, {
            reason.as_str_name().trim_start_matches("MEDICARE_SECONDARY_REASON_").to_lowercase()
        });
        assert_eq!(stage.count(&stored).await, 1, "{reason:?}");
        let next = if number == 9 { Reason::Unspecified } else { Reason::OtherLiability };
        let edited = pb::Coverage { medicare_secondary_reason: next.into(), member_id: "W9".to_owned(), ..created };
        let updated = update(&stage, edited, &["medicare_secondary_reason"]).await.unwrap();
        assert_eq!((updated.medicare_secondary_reason(), updated.member_id.as_str()), (next, "1EG4TE5MK73"));
        assert_eq!(get(&stage, &stage.admin, &updated.id).await.unwrap(), updated);
    }
}

#[tokio::test]
async fn the_patient_repeats_the_number_of_the_primary_coverage_in_force() {
    let stage = Stage::new().await;
    let patient = stage.patient().await;
    let past = coverage(&patient.id, "OLD1", date(2001, 1, 1), date(2001, 12, 31));
    stage.coverage(past).await.unwrap();
    assert_eq!(member_id(&stage, &patient.id).await, "");
    let current = stage.coverage(coverage(&patient.id, "NOW1", date(2002, 1, 1), None)).await.unwrap();
    assert_eq!(member_id(&stage, &patient.id).await, "NOW1");
    let secondary = pb::Coverage {
        sequence: pb::PayerSequence::Secondary.into(),
        ..coverage(&patient.id, "SEC1", date(2002, 1, 1), None)
    };
    stage.coverage(secondary).await.unwrap();
    assert_eq!(member_id(&stage, &patient.id).await, "NOW1");
    let renamed = pb::Coverage { member_id: "NOW2".to_owned(), ..current };
    let renamed = update(&stage, renamed, &["member_id"]).await.unwrap();
    assert_eq!(member_id(&stage, &patient.id).await, "NOW2");
    assert_eq!(*stage.claims.changed.lock().unwrap(), [renamed.id.parse().unwrap()]);
    let ended = pb::Coverage { effective_to: date(2003, 1, 1), ..renamed };
    update(&stage, ended, &["effective_to"]).await.unwrap();
    assert_eq!(member_id(&stage, &patient.id).await, "");
}

#[tokio::test]
async fn coverages_of_one_sequence_do_not_overlap() {
    let stage = Stage::new().await;
    let (patient, other) = (stage.patient().await, stage.patient().await);
    stage.coverage(coverage(&patient.id, "W1", date(2025, 1, 1), date(2025, 12, 31))).await.unwrap();
    let expected = (Code::AlreadyExists, "COVERAGE_OVERLAP".to_owned());
    for (from, to) in [(date(2025, 12, 31), None), (date(2024, 1, 1), None), (date(2025, 3, 1), date(2025, 4, 1))] {
        assert_eq!(refusal(stage.coverage(coverage(&patient.id, "W2", from, to)).await), expected);
    }
    let next = stage.coverage(coverage(&patient.id, "W3", date(2026, 1, 1), None)).await.unwrap();
    stage.coverage(coverage(&other.id, "W4", date(2025, 1, 1), None)).await.unwrap();
    let moved = pb::Coverage { effective_from: date(2025, 6, 1), ..next };
    assert_eq!(refusal(update(&stage, moved, &["effective_from"]).await), expected);
    assert_eq!(stage.count("clinical.coverages").await, 3);
}

#[tokio::test]
async fn of_overlapping_coverages_created_at_once_one_stands() {
    let stage = Stage::new().await;
    let patient = stage.patient().await;
    let all = (0..6).map(|_| stage.coverage(coverage(&patient.id, "W1", date(2026, 1, 1), None)));
    let created = futures_util::future::join_all(all).await;
    assert_eq!(created.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(stage.count("clinical.coverages").await, 1);
}

#[tokio::test]
async fn an_update_keeps_the_row_consistent() {
    let stage = Stage::new().await;
    let patient = stage.patient().await;
    let created = stage.coverage(coverage(&patient.id, "W1", date(2026, 1, 1), None)).await.unwrap();
    let spouse =
        pb::Coverage { id: created.id.clone(), relationship: pb::Relationship::Spouse.into(), ..Default::default() };
    let answer = update(&stage, spouse.clone(), &["relationship"]).await;
    assert_eq!(bad_fields(answer), ["coverage.subscriber"]);
    let person = common::Person { first_name: "Sam".to_owned(), last_name: "Quill".to_owned(), ..Default::default() };
    let with = pb::Coverage { subscriber: Some(person), ..spouse };
    let updated = update(&stage, with, &["relationship", "subscriber"]).await.unwrap();
    assert_eq!(updated.subscriber.as_ref().unwrap().first_name, "Sam");
    assert_eq!(get(&stage, &stage.admin, &created.id).await.unwrap(), updated);
    let alone = pb::Coverage { relationship: pb::Relationship::Self_.into(), ..updated.clone() };
    assert_eq!(update(&stage, alone.clone(), &["relationship"]).await.unwrap().subscriber, None);
    assert_eq!(refusal(update(&stage, alone, &["relationship"]).await).1, "ETAG_MISMATCH");
    let absent = pb::Coverage { id: request_id(), ..Default::default() };
    assert_eq!(refusal(update(&stage, absent, &["member_id"]).await).0, Code::NotFound);
}

#[tokio::test]
async fn another_practice_s_coverages_answer_like_none() {
    let stage = Stage::new().await;
    let (patient, stranger) = (stage.patient().await, stage.stranger().await);
    let created = stage.coverage(coverage(&patient.id, "W1", date(2026, 1, 1), None)).await.unwrap();
    let foreign = get(&stage, &stranger, &created.id).await.unwrap_err();
    let absent = get(&stage, &stranger, &request_id()).await.unwrap_err();
    assert_eq!((foreign.code(), foreign.message()), (Code::NotFound, absent.message()));
    assert_eq!(refusal(list(&stage, &stranger, of(&patient.id)).await).0, Code::NotFound);
    let request = pb::CreateCoverageRequest {
        coverage: Some(coverage(&patient.id, "W2", date(2020, 1, 1), date(2020, 2, 1))),
        ..Default::default()
    };
    let answer = stage.patients.create_coverage(stranger.call("PatientService/CreateCoverage", request)).await;
    assert_eq!(refusal(answer).0, Code::NotFound);
}

#[tokio::test]
async fn a_therapist_reads_the_coverages_of_own_patients_only() {
    let stage = Stage::new().await;
    let (therapist, patient, _) = stage.booked().await;
    let unknown = stage.patient().await;
    let me = Caller::therapist(stage.practice, therapist.id.parse().unwrap());
    let mine = stage.coverage(coverage(&patient.id, "W1", date(2026, 1, 1), None)).await.unwrap();
    let theirs = stage.coverage(coverage(&unknown.id, "W2", date(2026, 1, 1), None)).await.unwrap();
    assert_eq!(get(&stage, &me, &mine.id).await.unwrap(), mine);
    assert_eq!(list(&stage, &me, of(&patient.id)).await.unwrap(), [mine.id]);
    assert_eq!(refusal(get(&stage, &me, &theirs.id).await).0, Code::NotFound);
    assert_eq!(refusal(list(&stage, &me, of(&unknown.id)).await).0, Code::NotFound);
    assert!(me.try_ctx("PatientService/CreateCoverage").is_err());
    stage.schedule(session(&therapist.id, &unknown.id)).await;
    assert_eq!(get(&stage, &me, &theirs.id).await.unwrap(), theirs);
}

#[tokio::test]
async fn pages_show_every_coverage_once_and_a_day_those_in_force() {
    let stage = Stage::new().await;
    let patient = stage.patient().await;
    let mut expected = Vec::new();
    for year in 2020..2025 {
        let span = coverage(&patient.id, "W1", date(year, 1, 1), date(year, 12, 31));
        expected.push(stage.coverage(span).await.unwrap().id);
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListCoveragesRequest { page_size: 2, page_token, ..of(&patient.id) };
        let call = stage.admin.call("PatientService/ListCoverages", request);
        let page = ok(stage.patients.list_coverages(call).await);
        seen.extend(page.coverages.into_iter().map(|coverage| coverage.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let day = pb::ListCoveragesRequest { effective_on: date(2022, 7, 1), ..of(&patient.id) };
    assert_eq!(list(&stage, &stage.admin, day).await.unwrap(), [expected[2].clone()]);
}

#[tokio::test]
async fn a_repeated_request_creates_one_coverage() {
    let stage = Stage::new().await;
    let patient = stage.patient().await;
    let request = pb::CreateCoverageRequest {
        coverage: Some(coverage(&patient.id, "W1", date(2026, 1, 1), None)),
        request_id: request_id(),
    };
    let call = || stage.admin.call("PatientService/CreateCoverage", request.clone());
    let first = ok(stage.patients.create_coverage(call()).await);
    assert_eq!(ok(stage.patients.create_coverage(call()).await), first);
    assert_eq!(stage.count("clinical.coverages").await, 1);
}
