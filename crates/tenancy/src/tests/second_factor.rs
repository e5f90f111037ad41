use kernel::id::PracticeId;
use therapy_claims::tenancy::v1 as pb;
use therapy_claims::tenancy::v1::auth_service_server::AuthService as _;
use therapy_claims::tenancy::v1::practice_service_server::PracticeService as _;
use therapy_claims::tenancy::v1::user_service_server::UserService as _;
use tonic::Status;
use totp_rs::Secret;

use super::fixture::*;
use crate::totp::tests::code;

async fn enroll(world: &World, token: &str) -> Result<Vec<u8>, Status> {
    let call = world.call(token, "EnrollTotp", pb::EnrollTotpRequest {}).await.unwrap();
    let shown = world.auth.enroll_totp(call).await?.into_inner();
    assert!(shown.uri.contains(&shown.secret), "the link holds the secret");
    Ok(Secret::try_from_base32(&shown.secret).unwrap().as_bytes().to_vec())
}

async fn confirm(world: &World, token: &str, code: &str) -> Result<(), Status> {
    let request = pb::ConfirmTotpRequest { code: code.into(), request_id: String::new() };
    let call = world.call(token, "ConfirmTotp", request).await.unwrap();
    world.auth.confirm_totp(call).await.map(|_empty| ())
}

async fn disable(world: &World, token: &str, code: &str) -> Result<(), Status> {
    let request = pb::DisableTotpRequest { code: code.into(), request_id: String::new() };
    let call = world.call(token, "DisableTotp", request).await.unwrap();
    world.auth.disable_totp(call).await.map(|_empty| ())
}

async fn log_in(world: &World, name: &str, password: &str, code: &str) -> Result<pb::LoginResponse, Status> {
    let request = pb::LoginRequest { email: email(name), password: password.into(), totp_code: code.into() };
    world.auth.login(world.anonymous("Login", request)).await.map(tonic::Response::into_inner)
}

/// Enrolled and confirmed; the next code is a step away.
async fn with_totp(world: &World, token: &str) -> Vec<u8> {
    let secret = enroll(world, token).await.unwrap();
    confirm(world, token, &code(&secret, world.now())).await.unwrap();
    world.pass(30);
    secret
}

async fn demand(world: &World, owner: &Person, practice: PracticeId) {
    let settings = Some(pb::PracticeSettings { require_totp: true, ..Default::default() });
    let practice = pb::Practice { id: practice.to_string(), settings, ..Default::default() };
    let request = pb::UpdatePracticeRequest {
        practice: Some(practice),
        update_mask: mask(&["settings.require_totp"]),
        ..Default::default()
    };
    let call = world.call(&owner.token, "UpdatePractice", request).await.unwrap();
    let updated = world.practices.update_practice(call).await.unwrap().into_inner();
    assert!(updated.settings.unwrap().require_totp);
}

#[tokio::test]
async fn with_a_second_factor_a_log_in_takes_a_code_and_each_code_once() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let secret = enroll(&world, &person.token).await.unwrap();
    // it does not count before it is confirmed
    world.log_in("ada").await.unwrap();
    assert_eq!(reason(confirm(&world, &person.token, "000000").await), "TOTP_CODE_REFUSED");
    confirm(&world, &person.token, &code(&secret, world.now())).await.unwrap();
    // the code of the confirmation is used up
    assert_eq!(reason(log_in(&world, "ada", PASSWORD, &code(&secret, world.now())).await), "TOTP_CODE_REQUIRED");
    world.pass(30);
    for wrong in ["", "nonsense"] {
        assert_eq!(reason(log_in(&world, "ada", PASSWORD, wrong).await), "TOTP_CODE_REQUIRED");
    }
    // the code says nothing to somebody without the password
    let now = code(&secret, world.now());
    assert_eq!(reason(log_in(&world, "ada", "not the password", &now).await), "UNAUTHENTICATED");
    let session = log_in(&world, "ada", PASSWORD, &now).await.unwrap();
    assert_eq!(reason(log_in(&world, "ada", PASSWORD, &now).await), "TOTP_CODE_REQUIRED");
    let call = world.call(&session.token, "WhoAmI", pb::WhoAmIRequest {}).await.unwrap();
    assert!(world.auth.who_am_i(call).await.unwrap().into_inner().has_totp);
    let trail = world.trail(PracticeId::NIL).await;
    assert!(trail.contains(&"permission_change totp allowed user".to_owned()), "{trail:?}");
    assert!(trail.contains(&"auth totp denied user".to_owned()), "{trail:?}");
}

#[tokio::test]
async fn one_code_opens_one_session_however_many_try_at_once() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let secret = with_totp(&world, &person.token).await;
    let now = code(&secret, world.now());
    let tries = futures_util::future::join_all((0..6).map(|_| log_in(&world, "ada", PASSWORD, &now))).await;
    assert_eq!(tries.iter().filter(|tried| tried.is_ok()).count(), 1);
}

#[tokio::test]
async fn guessing_codes_has_to_wait() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let secret = with_totp(&world, &person.token).await;
    for _ in 0..8 {
        assert_eq!(reason(disable(&world, &person.token, "000000").await), "TOTP_CODE_REFUSED");
        assert_eq!(reason(log_in(&world, "ada", PASSWORD, "000000").await), "TOTP_CODE_REQUIRED");
    }
    let now = code(&secret, world.now());
    assert_eq!(reason(disable(&world, &person.token, &now).await), "TOO_MANY_ATTEMPTS");
    assert_eq!(reason(log_in(&world, "ada", PASSWORD, &now).await), "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn a_confirmed_factor_is_not_replaced_but_given_up_with_a_code() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    assert_eq!(reason(disable(&world, &person.token, "000000").await), "TOTP_NOT_ENROLLED");
    let first = enroll(&world, &person.token).await.unwrap();
    let second = enroll(&world, &person.token).await.unwrap();
    assert_eq!(reason(disable(&world, &person.token, &code(&second, world.now())).await), "TOTP_NOT_ENROLLED");
    assert_eq!(reason(confirm(&world, &person.token, &code(&first, world.now())).await), "TOTP_CODE_REFUSED");
    confirm(&world, &person.token, &code(&second, world.now())).await.unwrap();
    world.pass(30);
    assert_eq!(reason(enroll(&world, &person.token).await), "TOTP_ENROLLED");
    assert_eq!(reason(confirm(&world, &person.token, &code(&second, world.now())).await), "TOTP_ENROLLED");
    disable(&world, &person.token, &code(&second, world.now())).await.unwrap();
    world.log_in("ada").await.unwrap();
}

#[tokio::test]
async fn a_practice_that_demands_a_second_factor_refuses_those_without() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let (other, _) = world.owned_practice("bob").await;
    let member = pb::CreateMembershipRequest { email: email("ada"), role: 1, ..Default::default() };
    world.operator.add_member(other, &member).await.unwrap();
    demand(&world, &owner, practice).await;
    world.resolve_now(&owner.token).await.unwrap();
    assert_eq!(reason(world.call(&owner.token, "GetPractice", ()).await), "TOTP_REQUIRED");
    assert_eq!(reason(world.call(&owner.token, "ListUsers", ()).await), "TOTP_REQUIRED");
    // neither elsewhere nor from what gets one the factor
    world.call_in(Some(other), &owner.token, "GetPractice", ()).await.unwrap();
    let call = world.call(&owner.token, "WhoAmI", pb::WhoAmIRequest {}).await.unwrap();
    assert!(!world.auth.who_am_i(call).await.unwrap().into_inner().has_totp);
    let secret = enroll(&world, &owner.token).await.unwrap();
    world.resolve_now(&owner.token).await.unwrap();
    assert_eq!(reason(world.call(&owner.token, "GetPractice", ()).await), "TOTP_REQUIRED", "not confirmed yet");
    confirm(&world, &owner.token, &code(&secret, world.now())).await.unwrap();
    world.call(&owner.token, "GetPractice", ()).await.unwrap();
    world.pass(30);
    disable(&world, &owner.token, &code(&secret, world.now())).await.unwrap();
    assert_eq!(reason(world.call(&owner.token, "GetPractice", ()).await), "TOTP_REQUIRED");
}

#[tokio::test]
async fn an_admin_forgets_the_lost_factor_of_those_whom_it_may_change() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let admin = world.person(practice, "alf", pb::Role::Admin, false).await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let (_, stranger) = world.owned_practice("bob").await;
    with_totp(&world, &person.token).await;
    with_totp(&world, &owner.token).await;
    assert_eq!(reason(world.log_in("bea").await), "TOTP_CODE_REQUIRED");
    let reset = async |caller: &Person, id: &str| {
        let request = pb::ResetTotpRequest { id: id.into(), request_id: String::new() };
        let call = world.call(&caller.token, "ResetTotp", request).await.unwrap();
        reason(world.users.reset_totp(call).await)
    };
    assert_eq!(reset(&admin, &owner.user.id).await, "OWNER_REQUIRED");
    assert_eq!(reset(&stranger, &person.user.id).await, "NOT_FOUND");
    assert_eq!(reason(world.log_in("bea").await), "TOTP_CODE_REQUIRED");
    assert_eq!(reset(&admin, &person.user.id).await, "ok");
    world.log_in("bea").await.unwrap();
    assert!(world.trail(practice).await.contains(&"permission_change totp allowed user".to_owned()));
}

#[tokio::test]
async fn the_secret_is_shown_once_and_kept_from_the_trail() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let secret = with_totp(&world, &person.token).await;
    let shown = Secret::new(secret.clone().into_boxed_slice()).to_base32();
    let kept = world.lines("SELECT to_jsonb(e)::text AS line FROM audit.entries e").await.join(" ");
    assert!(!kept.contains(&shown) && !kept.contains(&hex::encode(&secret)));
    let stored = world.lines("SELECT encode(response, 'escape') AS line FROM ops.requests").await.join(" ");
    assert!(!stored.contains(&shown));
}
