//! `TherapistService`.

use clinical::therapist::service::Therapists;
use kernel::Role;
use testkit::Caller;
use therapy_claims::clinical::v1 as pb;
use therapy_claims::clinical::v1::therapist_service_server::TherapistService;
use tonic::{Code, Response, Status};

use crate::stage::{Stage, bad_fields, date, mask, ok, refusal, request_id, therapist};

async fn get(service: &Therapists, caller: &Caller, id: &str) -> Result<pb::Therapist, Status> {
    let request = pb::GetTherapistRequest { id: id.to_owned() };
    service.get_therapist(caller.call("TherapistService/GetTherapist", request)).await.map(Response::into_inner)
}

async fn update(stage: &Stage, therapist: pb::Therapist, paths: &[&str]) -> Result<pb::Therapist, Status> {
    let request = pb::UpdateTherapistRequest {
        therapist: Some(therapist),
        update_mask: mask(paths),
        ..pb::UpdateTherapistRequest::default()
    };
    let call = stage.admin.call("TherapistService/UpdateTherapist", request);
    stage.therapists.update_therapist(call).await.map(Response::into_inner)
}

async fn set(stage: &Stage, status: pb::NetworkStatus) -> Result<pb::NetworkStatus, Status> {
    let request =
        pb::SetNetworkStatusRequest { network_status: Some(status), ..pb::SetNetworkStatusRequest::default() };
    let call = stage.admin.call("TherapistService/SetNetworkStatus", request);
    stage.therapists.set_network_status(call).await.map(Response::into_inner)
}

async fn statuses(stage: &Stage, request: pb::ListNetworkStatusesRequest) -> Vec<pb::NetworkStatus> {
    let call = stage.admin.call("TherapistService/ListNetworkStatuses", request);
    ok(stage.therapists.list_network_statuses(call).await).network_statuses
}

fn in_network(therapist_id: &str, from: (i32, i32, i32), to: Option<(i32, i32, i32)>) -> pb::NetworkStatus {
    pb::NetworkStatus {
        therapist_id: therapist_id.to_owned(),
        payer_id: "AETNA".to_owned(),
        status: pb::NetworkParticipation::InNetwork.into(),
        effective_from: Some(from.into()),
        effective_to: to.map(Into::into),
        ..pb::NetworkStatus::default()
    }
}

#[tokio::test]
async fn what_create_answers_is_what_get_answers() {
    let stage = Stage::new().await;
    let created = stage.therapist("1234567893").await;
    assert_eq!(get(&stage.therapists, &stage.admin, &created.id).await.unwrap(), created);
    assert!(created.is_active);
    assert_eq!(created.license_level(), pb::LicenseLevel::Independent);
    assert_eq!(stage.last_entry().await, ("create".to_owned(), "therapist".to_owned(), created.id));
    assert!(!stage.entries().await[0].accessed_phi);
}

#[tokio::test]
async fn every_violation_is_named_at_once() {
    let stage = Stage::new().await;
    let therapist = pb::Therapist {
        npi: "12".to_owned(),
        license_state: "New York".to_owned(),
        supervisor_id: "nobody".to_owned(),
        employed_from: date(2026, 2, 1),
        employed_to: date(2026, 1, 1),
        ..pb::Therapist::default()
    };
    let request = pb::CreateTherapistRequest { therapist: Some(therapist), request_id: "x".to_owned() };
    let answer = stage.therapists.create_therapist(stage.admin.call("TherapistService/CreateTherapist", request)).await;
    let fields = ["first_name", "last_name", "npi", "license_state", "supervisor_id", "employed_to"];
    let mut expected = vec!["request_id".to_owned()];
    expected.extend(fields.map(|field| format!("therapist.{field}")));
    let mut found = bad_fields(answer);
    found.dedup();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn an_npi_is_taken_once_per_practice() {
    let stage = Stage::new().await;
    let first = stage.therapist("1234567893").await;
    let request = pb::CreateTherapistRequest { therapist: Some(therapist("1234567893")), ..Default::default() };
    let call = stage.admin.call("TherapistService/CreateTherapist", request.clone());
    let expected = (Code::AlreadyExists, "NPI_TAKEN".to_owned());
    assert_eq!(refusal(stage.therapists.create_therapist(call).await), expected);
    let second = stage.therapist("1679576722").await;
    let moved = pb::Therapist { id: second.id, npi: first.npi, ..Default::default() };
    assert_eq!(refusal(update(&stage, moved, &["npi"]).await), expected);
    let other = stage.stranger().await;
    ok(stage.therapists.create_therapist(other.call("TherapistService/CreateTherapist", request)).await);
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names() {
    let stage = Stage::new().await;
    let created = stage.therapist("1234567893").await;
    let changes = pb::Therapist {
        id: created.id.clone(),
        etag: created.etag.clone(),
        last_name: "Hale".to_owned(),
        first_name: "ignored".to_owned(),
        employed_from: date(2020, 1, 1),
        ..Default::default()
    };
    let updated = update(&stage, changes.clone(), &["last_name", "employed_from"]).await.unwrap();
    assert_eq!((&*updated.first_name, &*updated.last_name), ("Tess", "Hale"));
    assert_eq!(get(&stage.therapists, &stage.admin, &created.id).await.unwrap(), updated);
    let stale = update(&stage, changes, &["last_name"]).await;
    assert_eq!(refusal(stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    // the stored half of a pair counts too
    let ends = pb::Therapist { id: created.id.clone(), employed_to: date(2019, 1, 1), ..Default::default() };
    assert_eq!(bad_fields(update(&stage, ends, &["employed_to"]).await), ["therapist.employed_to"]);
    let own = pb::Therapist { id: created.id.clone(), supervisor_id: created.id.clone(), ..Default::default() };
    assert_eq!(bad_fields(update(&stage, own, &["supervisor_id"]).await), ["therapist.supervisor_id"]);
    let unknown = pb::Therapist { id: created.id, ..Default::default() };
    assert_eq!(bad_fields(update(&stage, unknown, &["is_active"]).await), ["update_mask.paths[0]"]);
}

#[tokio::test]
async fn a_supervisor_is_of_the_same_practice() {
    let stage = Stage::new().await;
    let stranger = stage.stranger().await;
    let request = pb::CreateTherapistRequest { therapist: Some(therapist("")), ..Default::default() };
    let foreign =
        ok(stage.therapists.create_therapist(stranger.call("TherapistService/CreateTherapist", request)).await);
    let supervised = pb::Therapist { supervisor_id: foreign.id, ..therapist("") };
    let request = pb::CreateTherapistRequest { therapist: Some(supervised), ..Default::default() };
    let answer = stage.therapists.create_therapist(stage.admin.call("TherapistService/CreateTherapist", request)).await;
    assert_eq!(refusal(answer), (Code::NotFound, "NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn another_practice_s_therapist_answers_like_none() {
    let stage = Stage::new().await;
    let created = stage.therapist("1234567893").await;
    let stranger = stage.stranger().await;
    let foreign = get(&stage.therapists, &stranger, &created.id).await.unwrap_err();
    let absent = get(&stage.therapists, &stranger, &request_id()).await.unwrap_err();
    assert_eq!((foreign.code(), foreign.message()), (Code::NotFound, absent.message()));
    assert_eq!(absent.code(), Code::NotFound);
    assert_eq!(refusal(Err::<(), _>(foreign)), refusal(Err::<(), _>(absent)));
}

#[tokio::test]
async fn pages_show_every_active_therapist_once() {
    let stage = Stage::new().await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(stage.therapist("").await.id);
    }
    let request = pb::DeactivateTherapistRequest { id: expected.remove(3), ..Default::default() };
    let call = stage.admin.call("TherapistService/DeactivateTherapist", request);
    let left = ok(stage.therapists.deactivate_therapist(call).await);
    assert!(!left.is_active);
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListTherapistsRequest { page_size: 2, page_token, ..Default::default() };
        let caller = Caller::new(stage.practice, Role::FrontDesk);
        let page = ok(stage.therapists.list_therapists(caller.call("TherapistService/ListTherapists", request)).await);
        seen.extend(page.therapists.into_iter().map(|therapist| therapist.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let request = pb::ListTherapistsRequest { include_inactive: true, ..Default::default() };
    let all = ok(stage.therapists.list_therapists(stage.admin.call("TherapistService/ListTherapists", request)).await);
    assert_eq!(all.therapists.len(), 7);
    let named = stage.therapist("1234567893").await;
    let request = pb::ListTherapistsRequest { npi: named.npi.clone(), ..Default::default() };
    let found =
        ok(stage.therapists.list_therapists(stage.admin.call("TherapistService/ListTherapists", request)).await);
    assert_eq!(found.therapists, [named]);
}

#[tokio::test]
async fn a_repeated_request_creates_one_therapist() {
    let stage = Stage::new().await;
    let request = pb::CreateTherapistRequest { therapist: Some(therapist("1234567893")), request_id: request_id() };
    let call = || stage.admin.call("TherapistService/CreateTherapist", request.clone());
    let first = ok(stage.therapists.create_therapist(call()).await);
    assert_eq!(ok(stage.therapists.create_therapist(call()).await), first);
    assert_eq!(stage.count("clinical.therapists").await, 1);
    let other = pb::CreateTherapistRequest { therapist: Some(therapist("")), ..request };
    let reused = stage.therapists.create_therapist(stage.admin.call("TherapistService/CreateTherapist", other)).await;
    assert_eq!(refusal(reused), (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned()));
}

#[tokio::test]
async fn a_new_network_status_ends_the_one_before() {
    let stage = Stage::new().await;
    let therapist = stage.therapist("1234567893").await;
    let first = set(&stage, in_network(&therapist.id, (2025, 1, 1), None)).await.unwrap();
    let second = set(&stage, in_network(&therapist.id, (2026, 1, 1), None)).await.unwrap();
    let entries = stage.entries().await;
    assert_eq!(entries.last().unwrap().resource_ids, [second.id.clone(), first.id.clone()]);
    let all = statuses(&stage, pb::ListNetworkStatusesRequest::default()).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].effective_to, date(2025, 12, 31));
    assert_eq!(all[1], second);
    for (day, expected) in [(date(2025, 12, 31), &first.id), (date(2026, 1, 1), &second.id)] {
        let request = pb::ListNetworkStatusesRequest {
            therapist_id: therapist.id.clone(),
            payer_id: "AETNA".to_owned(),
            effective_on: day,
            ..Default::default()
        };
        let held: Vec<_> = statuses(&stage, request).await.into_iter().map(|status| status.id).collect();
        assert_eq!(held, std::slice::from_ref(expected));
    }
}

#[tokio::test]
async fn a_network_status_of_the_same_day_is_corrected() {
    let stage = Stage::new().await;
    let therapist = stage.therapist("1234567893").await;
    let first = set(&stage, in_network(&therapist.id, (2026, 1, 1), None)).await.unwrap();
    let corrected = pb::NetworkStatus {
        status: pb::NetworkParticipation::Pending.into(),
        ..in_network(&therapist.id, (2026, 1, 1), None)
    };
    let second = set(&stage, corrected).await.unwrap();
    assert_eq!((&second.id, second.etag.as_str()), (&first.id, "2"));
    assert_eq!(statuses(&stage, pb::ListNetworkStatusesRequest::default()).await, [second]);
}

#[tokio::test]
async fn a_network_status_does_not_reach_into_a_later_one() {
    let stage = Stage::new().await;
    let therapist = stage.therapist("1234567893").await;
    set(&stage, in_network(&therapist.id, (2026, 6, 1), None)).await.unwrap();
    let overlapping = set(&stage, in_network(&therapist.id, (2026, 1, 1), None)).await;
    assert_eq!(refusal(overlapping), (Code::FailedPrecondition, "NETWORK_STATUS_OVERLAP".to_owned()));
    set(&stage, in_network(&therapist.id, (2026, 1, 1), Some((2026, 5, 31)))).await.unwrap();
}

#[tokio::test]
async fn network_statuses_set_at_once_never_overlap() {
    let stage = Stage::new().await;
    let therapist = stage.therapist("1234567893").await;
    let all = (1..=8).map(|day| set(&stage, in_network(&therapist.id, (2026, 1, day), None)));
    let set_ones = futures_util::future::join_all(all).await.into_iter().filter(Result::is_ok).count();
    assert!(set_ones >= 1);
    let overlaps = "clinical.network_statuses a JOIN clinical.network_statuses b ON a.id < b.id \
                    AND daterange(a.effective_from, a.effective_to, '[]') && daterange(b.effective_from, b.effective_to, '[]')";
    assert_eq!(stage.count(overlaps).await, 0);
    assert_eq!(stage.count("clinical.network_statuses WHERE effective_to IS NULL").await, 1);
}
