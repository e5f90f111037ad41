use std::time::Duration;

use kernel::id::PracticeId;
use therapy_claims::tenancy::v1 as pb;
use therapy_claims::tenancy::v1::auth_service_server::AuthService as _;
use tonic_types::StatusExt;

use super::fixture::*;

fn login(name: &str, password: &str) -> pb::LoginRequest {
    pb::LoginRequest { email: email(name), password: password.into(), ..Default::default() }
}

#[tokio::test]
async fn a_log_in_answers_who_and_where() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let response = world.log_in("ADA").await.unwrap();
    assert_eq!(response.user.as_ref().unwrap(), &owner.user);
    assert_eq!(response.memberships[0].practice_id, practice.to_string());
    assert!(response.token.starts_with("tc_test_session_"));
    world.directory.resolve(&response.token, None).await.unwrap();
    assert_eq!(world.trail(PracticeId::NIL).await, ["auth token allowed user", "auth token allowed user"]);
}

#[tokio::test]
async fn wrong_passwords_unknown_and_deactivated_users_are_answered_alike() {
    let world = World::new().await;
    let (practice, _) = world.owned_practice("ada").await;
    world.operator.create_user(practice, new_user("gone", pb::Role::Billing)).await.unwrap();
    world.sql("UPDATE tenancy.users SET is_active = false WHERE email LIKE 'gone%'").await;
    let mut answers = Vec::new();
    for request in [login("ada", "wrong password"), login("nobody", PASSWORD), login("gone", PASSWORD)] {
        let status = world.auth.login(world.anonymous("Login", request)).await.unwrap_err();
        answers.push((status.code(), status.message().to_owned(), status.details().to_vec()));
    }
    assert_eq!(answers[0].0, tonic::Code::Unauthenticated);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let denied = world.lines(
        "SELECT concat_ws(' ', resource_count, actor_kind, reason) AS line FROM audit.entries WHERE outcome = 'denied' ORDER BY position",
    );
    let expected = ["1 anonymous UNAUTHENTICATED", "0 anonymous UNAUTHENTICATED", "1 anonymous UNAUTHENTICATED"];
    assert_eq!(denied.await, expected);
}

#[tokio::test]
async fn somebody_without_a_practice_can_log_in() {
    let world = World::new().await;
    world.owned_practice("ada").await;
    world.sql("UPDATE tenancy.memberships SET is_active = false").await;
    let response = world.log_in("ada").await.unwrap();
    assert!(response.memberships.is_empty());
    let call = world.call(&response.token, "WhoAmI", pb::WhoAmIRequest {}).await.unwrap();
    let who = world.auth.who_am_i(call).await.unwrap().into_inner();
    assert!(who.practice_id.is_empty() && who.permissions.is_empty());
}

#[tokio::test]
async fn guessing_has_to_wait() {
    let world = World::new().await;
    world.owned_practice("ada").await;
    // each attempt meets a server that has just started
    let attempt = async |password| world.fresh_auth().login(world.anonymous("Login", login("ada", password))).await;
    for _ in 0..8 {
        assert_eq!(reason(attempt("wrong").await), "UNAUTHENTICATED");
    }
    for _ in 0..2 {
        // even the right password has to wait now
        let status = attempt(PASSWORD).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
        let wait = status.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert!(wait > Duration::from_secs(800) && wait <= Duration::from_secs(900), "{wait:?}");
    }
    let told = world.lines("SELECT position::text AS line FROM audit.entries WHERE reason = 'TOO_MANY_ATTEMPTS'").await;
    assert_eq!(told.len(), 1, "one entry tells of the flood");
    world.pass(15 * 60);
    attempt(PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_log_in_forgives_the_failures_before_it() {
    let world = World::new().await;
    world.owned_practice("ada").await;
    for _ in 0..3 {
        for _ in 0..7 {
            let call = world.anonymous("Login", login("ada", "wrong"));
            assert_eq!(reason(world.auth.login(call).await), "UNAUTHENTICATED");
        }
        world.log_in("ada").await.unwrap();
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_in_any_case_after_twelve_hours() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    for _ in 0..51 {
        world.pass(14 * 60);
        world.resolve_now(&person.token).await.unwrap();
        world.directory.finished().await;
    }
    world.pass(14 * 60);
    world.resolve_now(&person.token).await.unwrap_err();
    let token = world.log_in("ada").await.unwrap().token;
    world.pass(15 * 60);
    assert_eq!(world.directory.resolve(&token, None).await.unwrap_err().reason, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_logged_out_token_is_refused_at_once() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let call = world.call(&person.token, "Logout", pb::LogoutRequest {}).await.unwrap();
    world.auth.logout(call).await.unwrap();
    assert_eq!(world.directory.resolve(&person.token, None).await.unwrap_err().reason, "UNAUTHENTICATED");
}

#[tokio::test]
async fn switching_the_practice_works_at_once_and_only_for_members() {
    let world = World::new().await;
    let (home, person) = world.owned_practice("ada").await;
    let (other, _) = world.owned_practice("bob").await;
    let switch = |id: PracticeId| pb::SwitchPracticeRequest { practice_id: id.to_string(), request_id: String::new() };
    for id in [other, PracticeId::new()] {
        let call = world.call(&person.token, "SwitchPractice", switch(id)).await.unwrap();
        assert_eq!(reason(world.auth.switch_practice(call).await), "NOT_FOUND");
    }
    let member = pb::CreateMembershipRequest { email: email("ada"), role: 3, ..Default::default() };
    world.operator.add_member(other, &member).await.unwrap();
    let call = world.call(&person.token, "SwitchPractice", switch(other)).await.unwrap();
    let place = world.auth.switch_practice(call).await.unwrap().into_inner().membership.unwrap();
    assert_eq!((place.practice_id.as_str(), place.role()), (other.to_string().as_str(), pb::Role::Billing));
    let who = async |practice| {
        let call = world.call_in(practice, &person.token, "WhoAmI", pb::WhoAmIRequest {}).await.unwrap();
        world.auth.who_am_i(call).await.map(tonic::Response::into_inner)
    };
    let here = who(None).await.unwrap();
    assert_eq!((here.practice_id.as_str(), here.role()), (other.to_string().as_str(), pb::Role::Billing));
    assert_eq!(here.memberships.len(), 2);
    assert_eq!(here.token_id, key_id(&person.token));
    assert!(here.permissions.contains(&"claims.read".to_owned()));
    assert!(!here.permissions.contains(&"users.manage".to_owned()));
    let there = who(Some(home)).await.unwrap();
    assert_eq!((there.practice_id.as_str(), there.role()), (home.to_string().as_str(), pb::Role::Admin));
    assert_eq!(reason(who(Some(PracticeId::new())).await), "NOT_A_MEMBER");
}
