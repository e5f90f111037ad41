//! Suspended, shut out, and let in again.

use kernel::access::Standing;
use kernel::id::{PracticeId, ServiceAccountId};
use therapy_claims::tenancy::v1 as pb;
use therapy_claims::tenancy::v1::auth_service_server::AuthService as _;
use therapy_claims::tenancy::v1::user_service_server::UserService as _;
use tonic::Status;

use super::fixture::*;
use crate::membership::LastOwner;

async fn deactivate(world: &World, token: &str, id: &str) -> Result<pb::User, Status> {
    let request = pb::DeactivateUserRequest { id: id.into(), ..Default::default() };
    let call = world.call(token, "DeactivateUser", request).await.unwrap();
    world.users.deactivate_user(call).await.map(tonic::Response::into_inner)
}

async fn reactivate(world: &World, token: &str, id: &str) -> Result<pb::User, Status> {
    let request = pb::ReactivateUserRequest { id: id.into(), ..Default::default() };
    let call = world.call(token, "ReactivateUser", request).await.unwrap();
    world.users.reactivate_user(call).await.map(tonic::Response::into_inner)
}

async fn revoke_sessions(world: &World, token: &str, id: &str) -> Result<i32, Status> {
    let request = pb::RevokeSessionsRequest { id: id.into(), request_id: String::new() };
    let call = world.call(token, "RevokeSessions", request).await.unwrap();
    Ok(world.users.revoke_sessions(call).await?.into_inner().revoked)
}

/// An account with a grant in the practice, and its token.
async fn adapter(world: &World, practice: PracticeId) -> (pb::ServiceAccount, String) {
    let request = pb::CreateServiceAccountRequest {
        service_account: Some(pb::ServiceAccount { name: "adapter".into(), ..Default::default() }),
        grant: grant(),
        request_id: String::new(),
    };
    let account = world.operator.create_account(practice, request).await.unwrap();
    let request = pb::IssueTokenRequest { service_account_id: account.id.clone(), ..Default::default() };
    let token = world.operator.issue_token(practice, request).await.unwrap().secret;
    (account, token)
}

fn grant() -> Option<pb::ServiceGrant> {
    Some(pb::ServiceGrant { scopes: vec!["claims:stream".into()], ..Default::default() })
}

async fn suspend(world: &World, token: &str, id: &str) -> Result<pb::ServiceAccount, Status> {
    let request = pb::SuspendServiceAccountRequest { service_account_id: id.into(), request_id: String::new() };
    let call = world.call(token, "SuspendServiceAccount", request).await.unwrap();
    world.auth.suspend_service_account(call).await.map(tonic::Response::into_inner)
}

async fn resume(world: &World, token: &str, id: &str) -> Result<pb::ServiceAccount, Status> {
    let request = pb::ReactivateServiceAccountRequest { service_account_id: id.into(), request_id: String::new() };
    let call = world.call(token, "ReactivateServiceAccount", request).await.unwrap();
    world.auth.reactivate_service_account(call).await.map(tonic::Response::into_inner)
}

async fn revoke_grant(world: &World, token: &str, id: &str) -> Result<pb::ServiceGrant, Status> {
    let request = pb::RevokeServiceGrantRequest { service_account_id: id.into(), request_id: String::new() };
    let call = world.call(token, "RevokeServiceGrant", request).await.unwrap();
    world.auth.revoke_service_grant(call).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_deactivated_user_comes_back_where_they_were() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    deactivate(&world, &owner.token, &person.user.id).await.unwrap();
    let back = reactivate(&world, &owner.token, &person.user.id).await.unwrap();
    assert!(back.is_active);
    // the sessions of before stay ended
    assert!(world.resolve_now(&person.token).await.is_err());
    let session = world.log_in("bea").await.unwrap();
    assert_eq!(session.memberships.len(), 1);
    world.call(&session.token, "GetPractice", ()).await.unwrap();
    // nothing to undo is no error
    reactivate(&world, &owner.token, &person.user.id).await.unwrap();
    let ups = world.trail(practice).await.iter().filter(|line| *line == "permission_change user allowed user").count();
    assert_eq!(ups, 3);
}

#[tokio::test]
async fn only_an_owner_lets_an_owner_in_again() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let co_owner = world.person(practice, "eve", pb::Role::Admin, true).await;
    let admin = world.person(practice, "alf", pb::Role::Admin, false).await;
    deactivate(&world, &owner.token, &co_owner.user.id).await.unwrap();
    assert_eq!(reason(reactivate(&world, &admin.token, &co_owner.user.id).await), "OWNER_REQUIRED");
    reactivate(&world, &owner.token, &co_owner.user.id).await.unwrap();
}

#[tokio::test]
async fn a_practice_that_somebody_left_does_not_bring_them_back_into_another() {
    let world = World::new().await;
    let (home, owner) = world.owned_practice("ada").await;
    let (other, other_owner) = world.owned_practice("bob").await;
    let person = world.person(home, "tess", pb::Role::Therapist, false).await;
    let member = pb::CreateMembershipRequest { email: email("tess"), role: 2, ..Default::default() };
    world.operator.add_member(other, &member).await.unwrap();
    world
        .sql(&format!(
            "UPDATE tenancy.memberships SET is_active = false WHERE practice_id = '{other}' AND NOT is_owner"
        ))
        .await;
    world.sql("UPDATE tenancy.users SET is_active = false WHERE email LIKE 'tess%'").await;
    assert_eq!(reason(reactivate(&world, &other_owner.token, &person.user.id).await), "USER_SHARED");
    assert_eq!(reason(reactivate(&world, &owner.token, &other_owner.user.id).await), "NOT_FOUND");
    reactivate(&world, &owner.token, &person.user.id).await.unwrap();
}

#[tokio::test]
async fn an_admin_ends_all_sessions_of_a_member_and_of_nobody_else() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let again = world.log_in("bea").await.unwrap().token;
    let (_, stranger) = world.owned_practice("bob").await;
    assert_eq!(reason(revoke_sessions(&world, &owner.token, &stranger.user.id).await), "NOT_FOUND");
    assert_eq!(revoke_sessions(&world, &owner.token, &person.user.id).await.unwrap(), 2);
    for token in [&person.token, &again] {
        assert_eq!(world.resolve_now(token).await.unwrap_err().reason, "UNAUTHENTICATED");
    }
    for token in [&owner.token, &stranger.token] {
        world.resolve_now(token).await.unwrap();
    }
    assert_eq!(revoke_sessions(&world, &owner.token, &person.user.id).await.unwrap(), 0);
    world.log_in("bea").await.unwrap();
}

#[tokio::test]
async fn a_suspended_account_is_out_until_it_is_reactivated() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let (account, token) = adapter(&world, practice).await;
    world.resolve_now(&token).await.unwrap();
    let suspended = suspend(&world, &owner.token, &account.id).await.unwrap();
    assert!(!suspended.is_active && suspended.grants.len() == 1 && suspended.etag != account.etag);
    assert_eq!(world.resolve_now(&token).await.unwrap_err().reason, "UNAUTHENTICATED");
    let request = pb::IssueTokenRequest { service_account_id: account.id.clone(), ..Default::default() };
    let call = world.call(&owner.token, "IssueToken", request).await.unwrap();
    assert_eq!(reason(world.auth.issue_token(call).await), "ACCOUNT_INACTIVE");
    assert!(resume(&world, &owner.token, &account.id).await.unwrap().is_active);
    world.resolve_now(&token).await.unwrap();
    let trail = world.trail(practice).await;
    let changes = trail.iter().filter(|line| *line == "permission_change service_account allowed user").count();
    assert_eq!(changes, 2, "{trail:?}");
}

#[tokio::test]
async fn a_shared_account_is_suspended_by_the_operator_and_shut_out_by_each_practice() {
    let world = World::new().await;
    let (home, owner) = world.owned_practice("ada").await;
    let (other, stranger) = world.owned_practice("bob").await;
    let (account, token) = adapter(&world, home).await;
    assert_eq!(reason(suspend(&world, &stranger.token, &account.id).await), "NOT_FOUND");
    assert_eq!(reason(revoke_grant(&world, &stranger.token, &account.id).await), "NOT_FOUND");
    let unknown = ServiceAccountId::new().to_string();
    assert_eq!(reason(revoke_grant(&world, &owner.token, &unknown).await), "NOT_FOUND");
    let request = pb::GrantServiceAccountRequest {
        service_account_id: account.id.clone(),
        grant: grant(),
        request_id: String::new(),
    };
    world.operator.grant(other, request).await.unwrap();
    assert_eq!(reason(suspend(&world, &owner.token, &account.id).await), "ACCOUNT_SHARED");
    assert_eq!(reason(resume(&world, &stranger.token, &account.id).await), "ACCOUNT_SHARED");
    let ended = revoke_grant(&world, &stranger.token, &account.id).await.unwrap();
    assert!(ended.valid_to.is_some());
    let Standing::Machine { grants } = &world.resolve_now(&token).await.unwrap().standing else { panic!("a machine") };
    assert_eq!(grants.iter().map(|grant| grant.practice_id).collect::<Vec<_>>(), [home]);
    // an end that is past stays
    world.pass(60);
    let stranger = world.log_in("bob").await.unwrap().token;
    assert_eq!(revoke_grant(&world, &stranger, &account.id).await.unwrap().valid_to, ended.valid_to);
    assert!(world.trail(other).await.contains(&"permission_change service_grant allowed user".to_owned()));
}

#[tokio::test]
async fn the_operator_leaves_no_practice_without_an_owner_either() {
    let world = World::new().await;
    let (home, owner) = world.owned_practice("ada").await;
    let (other, other_owner) = world.owned_practice("bob").await;
    let end = |person: &Person| pb::DeactivateUserRequest { id: person.user.id.clone(), ..Default::default() };
    let deactivate = async |practice, person| {
        world
            .operator
            .deactivate_user(practice, &end(person), LastOwner::Stays)
            .await
            .err()
            .map_or("ok", |failure| failure.reason)
    };
    assert_eq!(deactivate(home, &owner).await, "LAST_OWNER");
    // a member here who owns another practice
    let member = pb::CreateMembershipRequest { email: email("bob"), role: 3, ..Default::default() };
    world.operator.add_member(home, &member).await.unwrap();
    assert_eq!(deactivate(home, &other_owner).await, "OWNER_ELSEWHERE");
    assert_eq!(deactivate(other, &other_owner).await, "LAST_OWNER");
    world.person(other, "eve", pb::Role::Admin, true).await;
    assert_eq!(deactivate(other, &other_owner).await, "ok");
    let audited = world.trail(other).await;
    assert!(audited.contains(&"permission_change user allowed system".to_owned()), "{audited:?}");
}

#[tokio::test]
async fn the_last_owner_who_gets_in_goes_only_if_the_operator_says_so() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let unverify = async |person: &Person, last| {
        let user = pb::User { id: person.user.id.clone(), ..Default::default() };
        let request =
            pb::UpdateUserRequest { user: Some(user), update_mask: mask(&["is_verified"]), ..Default::default() };
        world.operator.update_user(practice, request, last).await.err().map_or("ok", |failure| failure.reason)
    };
    let deactivate = async |person: &Person, last| {
        let request = pb::DeactivateUserRequest { id: person.user.id.clone(), ..Default::default() };
        world.operator.deactivate_user(practice, &request, last).await.err().map_or("ok", |failure| failure.reason)
    };
    // neither an admin nor an owner who doesn't get in could take over
    world.person(practice, "alf", pb::Role::Admin, false).await;
    let second = world.person(practice, "eve", pb::Role::Admin, true).await;
    assert_eq!(unverify(&second, LastOwner::Stays).await, "ok");
    for _ in 0..2 {
        assert_eq!(unverify(&owner, LastOwner::Stays).await, "LAST_OWNER");
        assert_eq!(deactivate(&owner, LastOwner::Stays).await, "LAST_OWNER");
    }
    let call = world.call(&owner.token, "GetPractice", ()).await;
    call.expect("what was refused did not happen");
    assert_eq!(deactivate(&second, LastOwner::Stays).await, "ok");
    assert_eq!(unverify(&owner, LastOwner::MayGo).await, "ok");
    assert_eq!(deactivate(&owner, LastOwner::MayGo).await, "ok");
    assert!(world.resolve_now(&owner.token).await.is_err());
}

#[tokio::test]
async fn what_somebody_may_and_logs_in_with_is_audited_as_a_change_of_permissions() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let mut user = pb::User { etag: String::new(), ..person.user.clone() };
    user.first_name = "Beatrice".into();
    user.email = email("beatrice");
    user.role = pb::Role::FrontDesk.into();
    let mut trail = Vec::new();
    for path in ["first_name", "email", "role"] {
        let request =
            pb::UpdateUserRequest { user: Some(user.clone()), update_mask: mask(&[path]), ..Default::default() };
        let call = world.call(&owner.token, "UpdateUser", request).await.unwrap();
        world.users.update_user(call).await.unwrap();
        trail.push(world.trail(practice).await.pop().unwrap());
    }
    let change = "permission_change user allowed user";
    assert_eq!(trail, ["update user allowed user", change, change]);
}
