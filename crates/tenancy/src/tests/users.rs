use kernel::access::Standing;
use kernel::id::UserId;
use therapy_claims::tenancy::v1 as pb;
use therapy_claims::tenancy::v1::auth_service_server::AuthService as _;
use therapy_claims::tenancy::v1::user_service_server::UserService as _;

use super::fixture::*;
use crate::membership::LastOwner;

fn update(user: &pb::User, paths: &[&str]) -> pb::UpdateUserRequest {
    pb::UpdateUserRequest { user: Some(user.clone()), update_mask: mask(paths), ..Default::default() }
}

#[tokio::test]
async fn a_new_user_can_log_in_and_works_here() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let request = pb::CreateUserRequest { request_id: request_id(), ..new_user("bea", pb::Role::Billing) };
    let call = world.call(&owner.token, "CreateUser", request.clone()).await.unwrap();
    let user = world.users.create_user(call).await.unwrap().into_inner();
    assert_eq!(user.active_practice_id, practice.to_string());
    assert!(user.is_verified && user.phi_training_completed && user.is_active);
    assert_eq!(user.role(), pb::Role::Billing);
    assert_eq!(world.log_in("bea").await.unwrap().user.unwrap(), user);
    // in one transaction: whoever comes, and as what
    let trail = world.trail(practice).await;
    let expected = ["create user allowed user", "permission_change membership allowed user"];
    assert_eq!(trail.iter().rev().take(2).rev().collect::<Vec<_>>(), expected, "{trail:?}");
    // a repeat answers the same, whatever the password says
    let again = pb::CreateUserRequest { password: "another password".into(), ..request };
    let call = world.call(&owner.token, "CreateUser", again).await.unwrap();
    assert_eq!(world.users.create_user(call).await.unwrap().into_inner(), user);
}

#[tokio::test]
async fn an_email_belongs_to_one_user_whatever_its_case() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let call = world.call(&owner.token, "CreateUser", new_user("ADA", pb::Role::Billing)).await.unwrap();
    let status = world.users.create_user(call).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::AlreadyExists);
    assert_eq!(reason::<()>(Err(status)), "EMAIL_TAKEN");
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_user_is_told_at_once() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let user = pb::User { email: "nobody".into(), ..Default::default() };
    let bad = pb::CreateUserRequest { user: Some(user), password: "short".into(), role: 99, ..Default::default() };
    let call = world.call(&owner.token, "CreateUser", bad).await.unwrap();
    let found = fields(world.users.create_user(call).await);
    assert_eq!(found, ["password", "role", "user.email", "user.first_name", "user.last_name"]);
}

#[tokio::test]
async fn people_of_other_practices_do_not_exist() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let (_, stranger) = world.owned_practice("bob").await;
    for id in [stranger.user.id.clone(), UserId::new().to_string()] {
        let call = world.call(&owner.token, "GetUser", pb::GetUserRequest { id: id.clone() }).await.unwrap();
        assert_eq!(reason(world.users.get_user(call).await), "NOT_FOUND");
        let user = pb::User { id: id.clone(), first_name: "X".into(), ..Default::default() };
        let call = world.call(&owner.token, "UpdateUser", update(&user, &["first_name"])).await.unwrap();
        assert_eq!(reason(world.users.update_user(call).await), "NOT_FOUND");
        let end = pb::DeactivateUserRequest { id, ..Default::default() };
        let call = world.call(&owner.token, "DeactivateUser", end).await.unwrap();
        assert_eq!(reason(world.users.deactivate_user(call).await), "NOT_FOUND");
    }
    let call = world.call(&owner.token, "ListUsers", pb::ListUsersRequest::default()).await.unwrap();
    assert_eq!(world.users.list_users(call).await.unwrap().into_inner().users.len(), 1);
}

#[tokio::test]
async fn an_update_changes_what_the_mask_names_and_heeds_the_etag() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let renamed = pb::User { first_name: "Beatrice".into(), last_name: "Ignored".into(), ..person.user.clone() };
    let call = world.call(&owner.token, "UpdateUser", update(&renamed, &["first_name"])).await.unwrap();
    let updated = world.users.update_user(call).await.unwrap().into_inner();
    assert_eq!((updated.first_name.as_str(), updated.last_name.as_str()), ("Beatrice", "Tester"));
    let call = world.call(&owner.token, "UpdateUser", update(&renamed, &["first_name"])).await.unwrap();
    assert_eq!(reason(world.users.update_user(call).await), "ETAG_MISMATCH");
}

#[tokio::test]
async fn a_new_password_ends_the_sessions() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let request = pb::UpdateUserRequest {
        password: "another long password".into(),
        update_mask: None,
        ..update(&person.user, &[])
    };
    let call = world.call(&owner.token, "UpdateUser", request).await.unwrap();
    world.users.update_user(call).await.unwrap();
    assert!(world.resolve_now(&person.token).await.is_err());
    assert_eq!(reason(world.log_in("bea").await), "UNAUTHENTICATED");
    let login =
        pb::LoginRequest { email: email("bea"), password: "another long password".into(), ..Default::default() };
    world.auth.login(world.anonymous("Login", login)).await.unwrap();
    assert!(world.trail(practice).await.contains(&"permission_change user allowed user".to_owned()));
}

#[tokio::test]
async fn training_is_recorded_when_it_is_due_and_expires() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let renew = pb::User { etag: String::new(), phi_training_completed: true, ..person.user.clone() };
    let call = world.call(&owner.token, "UpdateUser", update(&renew, &["phi_training_completed"])).await.unwrap();
    let same = world.users.update_user(call).await.unwrap().into_inner();
    assert_eq!(same.phi_training_completed_at, person.user.phi_training_completed_at, "still valid: nothing recorded");
    world.pass(366 * 24 * 3600);
    let owner = world.log_in("ada").await.unwrap().token;
    let get = pb::GetUserRequest { id: person.user.id.clone() };
    let call = world.call(&owner, "GetUser", get).await.unwrap();
    assert!(!world.users.get_user(call).await.unwrap().into_inner().phi_training_completed);
    let call = world.call(&owner, "UpdateUser", update(&renew, &["phi_training_completed"])).await.unwrap();
    assert!(world.users.update_user(call).await.unwrap().into_inner().phi_training_completed);
}

#[tokio::test]
async fn nobody_opens_the_own_gates() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let untrained = pb::User { phi_training_completed: false, ..owner.user.clone() };
    for user in [untrained, pb::User { is_verified: false, ..owner.user.clone() }] {
        let paths = ["is_verified", "phi_training_completed"];
        let call = world.call(&owner.token, "UpdateUser", update(&user, &paths)).await.unwrap();
        assert_eq!(reason(world.users.update_user(call).await), "OWN_GATE");
    }
}

#[tokio::test]
async fn only_an_owner_changes_an_owner() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let admin = world.person(practice, "alf", pb::Role::Admin, false).await;
    let takeover = pb::UpdateUserRequest { password: "known to the admin".into(), ..update(&owner.user, &["role"]) };
    let call = world.call(&admin.token, "UpdateUser", takeover).await.unwrap();
    assert_eq!(reason(world.users.update_user(call).await), "OWNER_REQUIRED");
    let end = pb::DeactivateUserRequest { id: owner.user.id.clone(), ..Default::default() };
    let call = world.call(&admin.token, "DeactivateUser", end).await.unwrap();
    assert_eq!(reason(world.users.deactivate_user(call).await), "OWNER_REQUIRED");
    let co_owner = pb::CreateUserRequest { is_owner: true, ..new_user("eve", pb::Role::Admin) };
    let call = world.call(&admin.token, "CreateUser", co_owner).await.unwrap();
    assert_eq!(reason(world.users.create_user(call).await), "OWNER_REQUIRED");
}

#[tokio::test]
async fn a_person_of_several_practices_is_not_one_practices_to_change() {
    let world = World::new().await;
    let (home, owner) = world.owned_practice("ada").await;
    let (other, other_owner) = world.owned_practice("bob").await;
    let person = world.person(home, "tess", pb::Role::Therapist, false).await;
    let member =
        pb::CreateMembershipRequest { email: email("tess"), role: pb::Role::Therapist.into(), ..Default::default() };
    world.operator.add_member(other, &member).await.unwrap();
    for token in [&owner.token, &other_owner.token] {
        let takeover =
            pb::UpdateUserRequest { password: "known to the admin".into(), ..update(&person.user, &["role"]) };
        let call = world.call(token, "UpdateUser", takeover).await.unwrap();
        assert_eq!(reason(world.users.update_user(call).await), "USER_SHARED");
        let end = pb::DeactivateUserRequest { id: person.user.id.clone(), ..Default::default() };
        let call = world.call(token, "DeactivateUser", end).await.unwrap();
        assert_eq!(reason(world.users.deactivate_user(call).await), "USER_SHARED");
    }
    // the operator still can
    let renamed = pb::User { first_name: "Tessa".into(), ..person.user };
    world.operator.update_user(home, update(&renamed, &["first_name"]), LastOwner::Stays).await.unwrap();
}

#[tokio::test]
async fn a_deactivated_user_is_out_at_once_and_stays_out() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let end = pb::DeactivateUserRequest { id: person.user.id.clone(), ..Default::default() };
    let call = world.call(&owner.token, "DeactivateUser", end).await.unwrap();
    assert!(!world.users.deactivate_user(call).await.unwrap().into_inner().is_active);
    assert!(world.resolve_now(&person.token).await.is_err());
    assert_eq!(reason(world.log_in("bea").await), "UNAUTHENTICATED");
    let list = async |include_inactive| {
        let request = pb::ListUsersRequest { include_inactive, ..Default::default() };
        let call = world.call(&owner.token, "ListUsers", request).await.unwrap();
        world.users.list_users(call).await.unwrap().into_inner().users.len()
    };
    assert_eq!((list(false).await, list(true).await), (1, 2));
}

#[tokio::test]
async fn the_last_owner_cannot_be_deactivated() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let end = pb::DeactivateUserRequest { id: owner.user.id.clone(), ..Default::default() };
    let call = world.call(&owner.token, "DeactivateUser", end.clone()).await.unwrap();
    assert_eq!(reason(world.users.deactivate_user(call).await), "LAST_OWNER");
    world.person(practice, "alf", pb::Role::Admin, true).await;
    let call = world.call(&owner.token, "DeactivateUser", end).await.unwrap();
    world.users.deactivate_user(call).await.unwrap();
}

#[tokio::test]
async fn users_are_listed_page_by_page() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    for name in ["b", "c", "d", "e"] {
        world.operator.create_user(practice, new_user(name, pb::Role::FrontDesk)).await.unwrap();
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListUsersRequest { page_size: 2, page_token, include_inactive: false };
        let call = world.call(&owner.token, "ListUsers", request).await.unwrap();
        let page = world.users.list_users(call).await.unwrap().into_inner();
        seen.extend(page.users.into_iter().map(|user| user.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
}

#[tokio::test]
async fn only_admins_get_at_users() {
    let world = World::new().await;
    let (practice, _) = world.owned_practice("ada").await;
    for role in [pb::Role::Therapist, pb::Role::Billing, pb::Role::FrontDesk] {
        let person = world.person(practice, &format!("p{}", role as i32), role, false).await;
        let identity = world.directory.resolve(&person.token, None).await.unwrap();
        assert!(matches!(&identity.standing, Standing::Person { memberships, .. } if memberships.len() == 1));
        let call = world.call(&person.token, "ListUsers", pb::ListUsersRequest::default()).await;
        assert_eq!(reason(call), "PERMISSION_MISSING");
    }
}
