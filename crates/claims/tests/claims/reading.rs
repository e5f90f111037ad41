use futures_util::future::join_all;
use futures_util::join;
use kernel::Role;
use kernel::id::ClaimId;
use testkit::caller::{Caller, practice};
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::claim_service_server::ClaimService;
use therapy_claims::common::v1::ClaimStatus;
use tonic::{Code, Status};

use crate::world::{World, bad_fields, body, now, refusal};

async fn batch(world: &World, caller: &Caller, ids: &[&str]) -> Result<Vec<pb::Claim>, Status> {
    let request = pb::BatchGetClaimsRequest { ids: ids.iter().map(|id| (*id).to_owned()).collect() };
    Ok(body(world.claims.batch_get_claims(caller.call("ClaimService/BatchGetClaims", request)).await)?.claims)
}

fn ids(claims: &[pb::Claim]) -> Vec<&str> {
    claims.iter().map(|claim| claim.id.as_str()).collect()
}

#[tokio::test]
async fn a_batch_comes_in_the_order_asked_or_not_at_all() {
    let world = World::new().await;
    let (a, b, c) = (world.draft().await, world.draft().await, world.draft().await);
    let found = batch(&world, &world.billing, &[&c.id, &a.id, &b.id]).await.unwrap();
    assert_eq!(found, [c.clone(), a.clone(), b], "each with its own lines");
    let missing = ClaimId::new().to_string();
    let before = world.entries(&a.id).await;
    assert_eq!(refusal(batch(&world, &world.billing, &[&a.id, &missing]).await).0, Code::NotFound);
    assert_eq!(world.entries(&a.id).await, before, "nothing was shown");
    let bad = batch(&world, &world.billing, &[&a.id, "x", &a.id]).await.unwrap_err();
    assert_eq!(bad_fields(&bad), ["ids[1]", "ids[2]"]);
    assert_eq!(bad_fields(&batch(&world, &world.billing, &[]).await.unwrap_err()), ["ids"]);
    let many: Vec<String> = (0..201).map(|_| ClaimId::new().to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(bad_fields(&batch(&world, &world.billing, &many).await.unwrap_err()), ["ids"]);
}

#[tokio::test]
async fn every_look_is_on_record() {
    let world = World::new().await;
    let claim = world.draft().await;
    assert_eq!(world.entries(&claim.id).await, 1, "drafted");
    world.get(&claim.id).await.unwrap();
    batch(&world, &world.billing, &[&claim.id]).await.unwrap();
    world.list(pb::ListClaimsRequest::default()).await;
    world.validate_as(&world.billing, &claim.id).await.unwrap();
    world.timeline(&claim.id).await;
    assert_eq!(world.entries(&claim.id).await, 6);
    let of_patient = format!("SELECT count(*) FROM audit.entries WHERE '{}' = ANY (patient_ids)", claim.patient_id);
    assert_eq!(world.ask(&of_patient).await, "6");
}

#[tokio::test]
async fn a_list_is_walked_page_by_page_as_of_a_position() {
    let world = World::new().await;
    let mut drafts = Vec::new();
    for _ in 0..5 {
        drafts.push(world.draft().await);
    }
    let mut request = pb::ListClaimsRequest { page_size: 2, ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = world.list(request.clone()).await;
        assert_eq!(page.as_of_position, 5);
        seen.extend(page.claims);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    drafts.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(seen, drafts);
    world.cancel(&drafts[0].id).await.unwrap();
    let page = world.list(pb::ListClaimsRequest::default()).await;
    assert_eq!((page.claims.len(), page.as_of_position), (4, 6));
    let page = world.list(pb::ListClaimsRequest { include_inactive: true, ..Default::default() }).await;
    assert_eq!(page.claims.len(), 5);
}

/// Each version of a claim is one event, and a claim's charge is that of its lines: what a reader sees between two
/// writes would show here.
#[tokio::test]
async fn a_list_is_of_one_moment_whatever_is_written_meanwhile() {
    let world = World::new().await;
    let mut claims = Vec::new();
    for _ in 0..3 {
        claims.push(world.draft().await);
    }
    let writing = join_all(claims.into_iter().map(|mut claim| {
        let world = &world;
        async move {
            for fee in 0..25 {
                claim.lines[0].charge_amount = format!("{fee}.00");
                claim = world.update(claim, &["lines"]).await.unwrap();
            }
        }
    }));
    let reading = async {
        for _ in 0..60 {
            let page = world.list(pb::ListClaimsRequest::default()).await;
            let versions: i64 = page.claims.iter().map(|claim| claim.etag.parse::<i64>().unwrap()).sum();
            assert_eq!(versions, page.as_of_position);
            assert!(page.claims.iter().all(|claim| claim.charge_amount == claim.lines[0].charge_amount));
            let one = world.get(&page.claims[0].id).await.unwrap();
            assert_eq!(one.charge_amount, one.lines[0].charge_amount);
        }
    };
    join!(writing, reading);
}

#[tokio::test]
async fn a_list_is_narrowed_by_each_filter() {
    let world = World::new().await;
    let (a, b) = (world.draft().await, world.ready().await);
    let date = |month, day| Some(google(2026, month, day));
    let narrowed = async |request: pb::ListClaimsRequest| {
        let claims = world.list(request).await.claims;
        claims.into_iter().map(|claim| claim.id).collect::<Vec<_>>()
    };
    let all = pb::ListClaimsRequest::default;
    let ready: i32 = ClaimStatus::Ready.into();
    assert_eq!(narrowed(pb::ListClaimsRequest { status: ready, ..all() }).await, *std::slice::from_ref(&b.id));
    assert_eq!(
        narrowed(pb::ListClaimsRequest { session_id: a.session_id.clone(), ..all() }).await,
        *std::slice::from_ref(&a.id)
    );
    assert_eq!(
        narrowed(pb::ListClaimsRequest { patient_id: b.patient_id.clone(), ..all() }).await,
        *std::slice::from_ref(&b.id)
    );
    assert_eq!(narrowed(pb::ListClaimsRequest { therapist_id: a.therapist_id.clone(), ..all() }).await.len(), 2);
    assert_eq!(narrowed(pb::ListClaimsRequest { payer_id: "99902".into(), ..all() }).await.len(), 0);
    assert_eq!(
        narrowed(pb::ListClaimsRequest { from_date: date(3, 16), to_date: date(3, 16), ..all() }).await.len(),
        2
    );
    assert_eq!(narrowed(pb::ListClaimsRequest { from_date: date(3, 17), ..all() }).await.len(), 0);
    assert_eq!(narrowed(pb::ListClaimsRequest { to_date: date(3, 15), ..all() }).await.len(), 0);
    let bad = pb::ListClaimsRequest { status: 99, patient_id: "x".into(), page_size: -1, ..all() };
    let refused = world.claims.list_claims(world.billing.call("ClaimService/ListClaims", bad)).await;
    assert_eq!(bad_fields(&refused.unwrap_err()), ["status", "patient_id", "page_size"]);
}

fn google(year: i32, month: i32, day: i32) -> therapy_claims::google::r#type::Date {
    therapy_claims::google::r#type::Date { year, month, day }
}

#[tokio::test]
async fn a_therapist_reaches_claims_of_their_own_sessions_only() {
    let world = World::new().await;
    let claim = world.ready().await;
    let own = Caller::therapist(world.practice, world.therapist).at(now());
    let other = Caller::therapist(world.practice, world.add_therapist("1366461873").await).at(now());
    assert_eq!(world.get_as(&own, &claim.id).await.unwrap(), claim, "unmasked");
    assert_eq!(ids(&world.list_as(&own, pb::ListClaimsRequest::default()).await.claims), [claim.id.as_str()]);
    assert_eq!(refusal(world.get_as(&other, &claim.id).await), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert_eq!(refusal(batch(&world, &other, &[&claim.id]).await).0, Code::NotFound);
    assert_eq!(refusal(world.validate_as(&other, &claim.id).await).0, Code::NotFound);
    let request = pb::GetClaimTimelineRequest { id: claim.id.clone(), ..Default::default() };
    let call = other.call("ClaimService/GetClaimTimeline", request);
    assert_eq!(refusal(body(world.claims.get_claim_timeline(call).await)).0, Code::NotFound);
    assert_eq!(world.list_as(&other, pb::ListClaimsRequest::default()).await.claims, []);
}

#[tokio::test]
async fn the_front_desk_sees_neither_codes_nor_findings_nor_decisions() {
    let world = World::new().await;
    let session = world.add_session("status = 'completed', completed_at = now(), diagnosis_codes = '[\"F99X\"]'").await;
    let claim = world.create(session).await.unwrap();
    assert!(!claim.findings.is_empty(), "the code is none");
    let desk = world.caller(Role::FrontDesk);
    let masked = world.get_as(&desk, &claim.id).await.unwrap();
    let expected = pb::Claim {
        diagnosis_codes: vec![],
        lines: vec![],
        findings: vec![],
        prior_authorization: String::new(),
        paid_amount: String::new(),
        adjusted_amount: String::new(),
        ..claim.clone()
    };
    assert_eq!(masked, expected);
    assert_eq!(world.list_as(&desk, pb::ListClaimsRequest::default()).await.claims, *std::slice::from_ref(&expected));
    assert_eq!(batch(&world, &desk, &[&claim.id]).await.unwrap(), [expected]);
    let validated = world.validate_as(&desk, &claim.id).await.unwrap();
    assert_eq!((validated.findings.len(), validated.blocked), (0, true));
    let request = pb::GetClaimTimelineRequest { id: claim.id.clone(), ..Default::default() };
    let events = body(world.claims.get_claim_timeline(desk.call("ClaimService/GetClaimTimeline", request)).await)
        .unwrap()
        .events;
    assert!(events[0].reason_codes.is_empty());
    assert!(!world.timeline(&claim.id).await[0].reason_codes.is_empty());
}

#[tokio::test]
async fn another_practice_s_claim_is_absent_everywhere() {
    let world = World::new().await;
    let claim = world.ready().await;
    let stranger = Caller::new(practice(world.db()).await, Role::Admin).at(now());
    assert_eq!(refusal(world.get_as(&stranger, &claim.id).await), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert_eq!(refusal(batch(&world, &stranger, &[&claim.id]).await).0, Code::NotFound);
    assert_eq!(refusal(world.validate_as(&stranger, &claim.id).await).0, Code::NotFound);
    assert_eq!(refusal(world.submit_as(&stranger, &claim.id).await), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert_eq!(world.list_as(&stranger, pb::ListClaimsRequest::default()).await.claims, []);
    let cancel = pb::CancelClaimRequest { id: claim.id.clone(), ..Default::default() };
    let cancelled = world.claims.cancel_claim(stranger.call("ClaimService/CancelClaim", cancel)).await;
    assert_eq!(refusal(body(cancelled)).0, Code::NotFound);
    let ready = pb::MarkReadyRequest { id: claim.id.clone(), ..Default::default() };
    assert_eq!(
        refusal(body(world.claims.mark_ready(stranger.call("ClaimService/MarkReady", ready)).await)).0,
        Code::NotFound
    );
    let timeline = pb::GetClaimTimelineRequest { id: claim.id.clone(), ..Default::default() };
    let call = stranger.call("ClaimService/GetClaimTimeline", timeline);
    assert_eq!(refusal(body(world.claims.get_claim_timeline(call).await)).0, Code::NotFound);
    let missing = world.get(&ClaimId::new().to_string()).await.unwrap_err();
    let foreign = world.get_as(&stranger, &claim.id).await.unwrap_err();
    assert_eq!(missing.message(), foreign.message(), "one text for both");
    assert_eq!(world.get(&claim.id).await.unwrap(), claim, "untouched");
}

#[tokio::test]
async fn a_dry_run_finds_everything_and_changes_nothing() {
    let world = World::new().await;
    let claim = world.draft().await;
    let clean = world.validate_as(&world.billing, &claim.id).await.unwrap();
    assert_eq!((clean.findings.len(), clean.blocked), (0, false));
    world
        .run(&format!("UPDATE clinical.patients SET zip_code = '1', sex = 'unknown' WHERE id = '{}'", claim.patient_id))
        .await;
    world
        .run(&format!("UPDATE clinical.coverages SET member_id = NULL WHERE patient_id = '{}'", claim.patient_id))
        .await;
    let found = world.validate_as(&world.billing, &claim.id).await.unwrap();
    let codes: Vec<&str> = found.findings.iter().map(|f| f.code.as_str()).collect();
    assert!(codes.contains(&"MEMBER_ID_MISSING") && codes.contains(&"STATE_ZIP_FORMAT"), "{codes:?}");
    assert!(found.blocked);
    assert_eq!(found.rule_set_version, claim.rule_set_version);
    assert_eq!(world.get(&claim.id).await.unwrap(), claim);
    assert_eq!(world.timeline(&claim.id).await.len(), 1);
}
