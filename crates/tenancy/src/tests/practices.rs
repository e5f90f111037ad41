use kernel::id::PracticeId;
use therapy_claims::tenancy::v1 as pb;
use therapy_claims::tenancy::v1::practice_service_server::PracticeService as _;

use super::fixture::*;

#[tokio::test]
async fn whoever_creates_a_practice_owns_and_administers_it() {
    let world = World::new().await;
    let (home, person) = world.owned_practice("ada").await;
    let request = pb::CreatePracticeRequest { practice: Some(practice()), request_id: request_id() };
    let call = world.call(&person.token, "CreatePractice", request.clone()).await.unwrap();
    let created = world.practices.create_practice(call).await.unwrap().into_inner();
    assert_eq!(created.tax_id, "123456789");
    assert_eq!(created.address.as_ref().unwrap().zip_code, "021101234");
    assert_eq!(created.time_zone, "America/New_York");
    let id: PracticeId = created.id.parse().unwrap();
    let identity = world.directory.resolve(&person.token, None).await.unwrap();
    let kernel::access::Standing::Person { memberships, active_practice_id, .. } = &identity.standing else {
        panic!("a person")
    };
    let place = memberships.iter().find(|m| m.practice_id == id).unwrap();
    assert!(place.is_owner && place.role == kernel::Role::Admin);
    assert_eq!(*active_practice_id, Some(home), "the active practice stays");
    assert_eq!(world.trail(id).await, ["create practice allowed user", "permission_change membership allowed user"]);

    // a repeat finds the first answer
    let call = world.call(&person.token, "CreatePractice", request.clone()).await.unwrap();
    assert_eq!(world.practices.create_practice(call).await.unwrap().into_inner(), created);
    let other =
        pb::CreatePracticeRequest { practice: Some(pb::Practice { name: "Another".into(), ..practice() }), ..request };
    let call = world.call(&person.token, "CreatePractice", other).await.unwrap();
    assert_eq!(reason(world.practices.create_practice(call).await), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_founder_without_a_practice_works_in_the_new_one() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    world.sql("UPDATE tenancy.users SET active_practice_id = NULL").await;
    world.directory.forget(key_id(&person.token)).await;
    let request = pb::CreatePracticeRequest { practice: Some(practice()), request_id: String::new() };
    let call = world.call(&person.token, "CreatePractice", request).await.unwrap();
    let created = world.practices.create_practice(call).await.unwrap().into_inner();
    let get = pb::GetPracticeRequest { id: created.id.clone() };
    let call = world.call(&person.token, "GetPractice", get).await.unwrap();
    assert_eq!(world.practices.get_practice(call).await.unwrap().into_inner(), created);
}

#[tokio::test]
async fn only_verified_people_create_practices() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    world.sql("UPDATE tenancy.users SET is_verified = false").await;
    world.directory.forget(key_id(&person.token)).await;
    let request = pb::CreatePracticeRequest { practice: Some(practice()), request_id: String::new() };
    let call = world.call(&person.token, "CreatePractice", request).await.unwrap();
    assert_eq!(reason(world.practices.create_practice(call).await), "USER_NOT_VERIFIED");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let bad = pb::Practice {
        npi: "1234567890".into(),
        tax_id: "12345".into(),
        taxonomy: "101ym0800x".into(),
        phone: "555".into(),
        time_zone: "Boston".into(),
        address: Some(therapy_claims::common::v1::Address {
            line1: "P.O. Box 7".into(),
            zip_code: "02110".into(),
            ..Default::default()
        }),
        pay_to_address: Some(Default::default()),
        settings: Some(pb::PracticeSettings { retention_years: 3, ..Default::default() }),
        ..pb::Practice::default()
    };
    let request = pb::CreatePracticeRequest { practice: Some(bad), request_id: "7".into() };
    let call = world.call(&person.token, "CreatePractice", request).await.unwrap();
    let mut found = fields(world.practices.create_practice(call).await);
    found.sort();
    assert_eq!(
        found,
        [
            "practice.address.city",
            "practice.address.line1",
            "practice.address.state",
            "practice.address.zip_code",
            "practice.name",
            "practice.npi",
            "practice.pay_to_address.city",
            "practice.pay_to_address.line1",
            "practice.pay_to_address.state",
            "practice.pay_to_address.zip_code",
            "practice.phone",
            "practice.settings.retention_years",
            "practice.tax_id",
            "practice.taxonomy",
            "practice.time_zone",
            "request_id",
        ]
    );
}

#[tokio::test]
async fn another_practice_does_not_exist() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let (foreign, _) = world.owned_practice("bob").await;
    for id in [foreign, PracticeId::new()] {
        let get = pb::GetPracticeRequest { id: id.to_string() };
        let call = world.call(&person.token, "GetPractice", get).await.unwrap();
        let status = world.practices.get_practice(call).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (tonic::Code::NotFound, "no such practice"));
        let practice = pb::Practice { id: id.to_string(), ..practice() };
        let update =
            pb::UpdatePracticeRequest { practice: Some(practice), update_mask: mask(&["*"]), ..Default::default() };
        let call = world.call(&person.token, "UpdatePractice", update).await.unwrap();
        assert_eq!(reason(world.practices.update_practice(call).await), "NOT_FOUND");
    }
}

#[tokio::test]
async fn an_update_changes_what_the_mask_names_and_heeds_the_etag() {
    let world = World::new().await;
    let (id, person) = world.owned_practice("ada").await;
    let update = |etag: &str, paths: &[&str]| pb::UpdatePracticeRequest {
        practice: Some(pb::Practice {
            id: id.to_string(),
            name: "Renamed".into(),
            etag: etag.into(),
            settings: Some(pb::PracticeSettings { auto_ready: true, ..Default::default() }),
            ..Default::default()
        }),
        update_mask: mask(paths),
        request_id: String::new(),
    };
    let call =
        world.call(&person.token, "UpdatePractice", update("1", &["name", "settings.auto_ready"])).await.unwrap();
    let updated = world.practices.update_practice(call).await.unwrap().into_inner();
    assert_eq!((updated.name.as_str(), updated.etag.as_str(), updated.npi.as_str()), ("Renamed", "2", "1234567893"));
    let settings = updated.settings.unwrap();
    assert!(settings.auto_ready && settings.retention_years == 10);
    let call = world.call(&person.token, "UpdatePractice", update("1", &["name"])).await.unwrap();
    assert_eq!(reason(world.practices.update_practice(call).await), "ETAG_MISMATCH");
    let call = world.call(&person.token, "UpdatePractice", update("", &["is_active"])).await.unwrap();
    assert_eq!(fields(world.practices.update_practice(call).await), ["update_mask.paths[0]"]);
}

#[tokio::test]
async fn a_person_lists_the_own_practices_page_by_page() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    world.owned_practice("bob").await;
    for _ in 0..2 {
        let request = pb::CreatePracticeRequest { practice: Some(practice()), request_id: String::new() };
        let call = world.call(&person.token, "CreatePractice", request).await.unwrap();
        world.practices.create_practice(call).await.unwrap();
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListPracticesRequest { page_size: 2, page_token };
        let call = world.call(&person.token, "ListPractices", request).await.unwrap();
        let page = world.practices.list_practices(call).await.unwrap().into_inner();
        seen.extend(page.practices.into_iter().map(|p| p.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 3);
    assert!(seen.is_sorted());
}

#[tokio::test]
async fn a_social_security_number_is_for_those_who_bill() {
    let world = World::new().await;
    let (id, owner) = world.owned_practice("ada").await;
    world.sql("UPDATE tenancy.practices SET tax_id_type = 'ssn'").await;
    let desk = world.person(id, "dan", pb::Role::FrontDesk, false).await;
    for (token, tax_id) in [(&owner.token, "123456789"), (&desk.token, "")] {
        let get = pb::GetPracticeRequest { id: id.to_string() };
        let call = world.call(token, "GetPractice", get).await.unwrap();
        assert_eq!(world.practices.get_practice(call).await.unwrap().into_inner().tax_id, tax_id);
        let call = world.call(token, "ListPractices", pb::ListPracticesRequest::default()).await.unwrap();
        let list = world.practices.list_practices(call).await.unwrap().into_inner();
        assert_eq!(list.practices[0].tax_id, tax_id);
    }
}

#[tokio::test]
async fn the_operator_lists_all_practices_as_the_migrator_only() {
    let world = World::new().await;
    world.practice().await;
    world.practice().await;
    let migrator = schema::Db::new(&world.db.url_as("claims_migrator"), 1).unwrap();
    assert_eq!(crate::operator::Operator::list_practices(&migrator).await.unwrap().len(), 2);
    let app = schema::Db::new(&world.db.url_as("claims_app"), 1).unwrap();
    assert!(crate::operator::Operator::list_practices(&app).await.is_err());
}
