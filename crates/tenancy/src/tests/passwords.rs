use kernel::id::PracticeId;
use therapy_claims::tenancy::v1 as pb;
use therapy_claims::tenancy::v1::auth_service_server::AuthService as _;
use therapy_claims::tenancy::v1::user_service_server::UserService as _;
use tonic::Status;

use super::fixture::*;

const NEW: &str = "a password of their own";

fn invitation(name: &str, role: pb::Role) -> pb::InviteUserRequest {
    let pb::CreateUserRequest { user, .. } = new_user(name, role);
    pb::InviteUserRequest { user, role: role.into(), ..Default::default() }
}

async fn invited(world: &World, token: &str, name: &str) -> pb::InviteUserResponse {
    let call = world.call(token, "InviteUser", invitation(name, pb::Role::Billing)).await.unwrap();
    world.users.invite_user(call).await.unwrap().into_inner()
}

async fn reset(world: &World, token: &str, id: &str) -> Result<pb::ResetPasswordResponse, Status> {
    let request = pb::ResetPasswordRequest { id: id.into(), request_id: String::new() };
    let call = world.call(token, "ResetPassword", request).await.unwrap();
    world.users.reset_password(call).await.map(tonic::Response::into_inner)
}

async fn set(world: &World, one_time_token: &str, password: &str) -> Result<(), Status> {
    let request = pb::SetPasswordRequest { one_time_token: one_time_token.into(), password: password.into() };
    world.fresh_auth().set_password(world.anonymous("SetPassword", request)).await.map(|_answer| ())
}

async fn change(world: &World, token: &str, old: &str, new: &str) -> Result<(), Status> {
    let request =
        pb::ChangePasswordRequest { old_password: old.into(), new_password: new.into(), request_id: String::new() };
    let call = world.call(token, "ChangePassword", request).await.unwrap();
    world.auth.change_password(call).await.map(|_answer| ())
}

async fn log_in(world: &World, name: &str, password: &str) -> Result<pb::LoginResponse, Status> {
    let request = pb::LoginRequest { email: email(name), password: password.into(), ..Default::default() };
    world.fresh_auth().login(world.anonymous("Login", request)).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn somebody_invited_sets_a_password_once_and_works_here() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let invited = invited(&world, &owner.token, "bea").await;
    let user = invited.user.unwrap();
    assert!(invited.one_time_token.starts_with("tc_test_invite_"), "{}", invited.token_id);
    assert_eq!(user.active_practice_id, practice.to_string());
    for password in ["", NEW, PASSWORD] {
        assert_ne!(reason(log_in(&world, "bea", password).await), "ok", "there is no password yet");
    }
    set(&world, &invited.one_time_token, NEW).await.unwrap();
    let session = log_in(&world, "bea", NEW).await.unwrap();
    assert_eq!(session.user.unwrap().id, user.id);
    world.call(&session.token, "GetPractice", ()).await.unwrap();
    // its one time is over
    assert_eq!(reason(set(&world, &invited.one_time_token, "yet another password").await), "ONE_TIME_TOKEN_REFUSED");
    log_in(&world, "bea", NEW).await.unwrap();
    assert!(world.trail(practice).await.contains(&"create user allowed user".to_owned()));
    assert!(world.trail(PracticeId::NIL).await.contains(&"permission_change user allowed user".to_owned()));
}

#[tokio::test]
async fn an_invitation_opens_nothing_but_a_password_and_is_stored_nowhere() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let request = pb::InviteUserRequest { request_id: request_id(), ..invitation("bea", pb::Role::Billing) };
    let call = world.call(&owner.token, "InviteUser", request.clone()).await.unwrap();
    let first = world.users.invite_user(call).await.unwrap().into_inner();
    assert_eq!(world.directory.resolve(&first.one_time_token, None).await.unwrap_err().reason, "UNAUTHENTICATED");
    let call = world.call(&owner.token, "InviteUser", request).await.unwrap();
    let again = world.users.invite_user(call).await.unwrap().into_inner();
    let roles = "SELECT array_to_string(resource_ids, ' ') AS line FROM audit.entries \
                 WHERE resource_type = 'membership' AND method LIKE '%/InviteUser' AND outcome = 'allowed'";
    assert_eq!(world.lines(roles).await, [first.user.clone().unwrap().id], "the role is on record, once");
    assert_eq!(again, pb::InviteUserResponse { one_time_token: String::new(), ..first.clone() });
    assert!(!first.one_time_token.is_empty());
    let secret = first.one_time_token.rsplit('_').next().unwrap();
    let (secret, _checksum) = secret.split_at(64);
    for stored in [
        "SELECT encode(response, 'escape') AS line FROM ops.requests",
        "SELECT concat_ws(' ', key_id, encode(secret_hash, 'hex')) AS line FROM tenancy.one_time_tokens",
        "SELECT to_jsonb(e)::text AS line FROM audit.entries e",
    ] {
        let stored = world.lines(stored).await.join(" ");
        assert!(!stored.is_empty() && !stored.contains(secret), "{stored}");
    }
}

#[tokio::test]
async fn unknown_used_replaced_and_expired_tokens_are_answered_alike() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let invitation = invited(&world, &owner.token, "bea").await;
    let (bea, first) = (invitation.user.unwrap().id, invitation.one_time_token);
    let second = reset(&world, &owner.token, &bea).await.unwrap().one_time_token;
    let unknown = crate::token::mint(world.directory.env(), crate::token::TokenKind::Invite).unwrap().secret.reveal();
    // the right key with another token's secret
    let body = format!("tc_test_reset_{}_{}", key_id(&second), unknown.rsplit('_').next().unwrap().get(..64).unwrap());
    let forged = format!("{body}{:08x}", crc32fast::hash(body.as_bytes()));
    let other_kind = second.replace("_reset_", "_invite_");
    let (other_kind, _) = other_kind.split_at(other_kind.len() - 8);
    let other_kind = format!("{other_kind}{:08x}", crc32fast::hash(other_kind.as_bytes()));
    let mut answers = Vec::new();
    for token in ["nonsense", &unknown, &first, &forged, &other_kind, &owner.token] {
        answers.push(set(&world, token, NEW).await.unwrap_err());
    }
    world.pass(3600);
    answers.push(set(&world, &second, NEW).await.unwrap_err());
    let owner = world.log_in("ada").await.unwrap().token;
    let third = reset(&world, &owner, &bea).await.unwrap().one_time_token;
    set(&world, &third, NEW).await.unwrap();
    answers.push(set(&world, &third, NEW).await.unwrap_err());
    let answers: Vec<_> = answers.iter().map(|s| (s.code(), s.message(), s.details().to_vec())).collect();
    assert_eq!((answers.len(), answers[0].0), (8, tonic::Code::Unauthenticated));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let told = "SELECT position::text AS line FROM audit.entries WHERE outcome = 'denied' AND reason = 'ONE_TIME_TOKEN_REFUSED'";
    assert_eq!(world.lines(told).await.len(), 8);
}

#[tokio::test]
async fn an_invitation_counts_for_three_days() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let (early, late) = (invited(&world, &owner.token, "bea").await, invited(&world, &owner.token, "cleo").await);
    world.pass(72 * 3600 - 60);
    set(&world, &early.one_time_token, NEW).await.unwrap();
    world.pass(60);
    assert_eq!(reason(set(&world, &late.one_time_token, NEW).await), "ONE_TIME_TOKEN_REFUSED");
}

#[tokio::test]
async fn a_reset_ends_the_sessions_when_it_is_used_and_not_before() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let token = reset(&world, &owner.token, &person.user.id).await.unwrap().one_time_token;
    world.resolve_now(&person.token).await.unwrap();
    log_in(&world, "bea", PASSWORD).await.unwrap();
    set(&world, &token, NEW).await.unwrap();
    assert_eq!(world.resolve_now(&person.token).await.unwrap_err().reason, "UNAUTHENTICATED");
    assert_eq!(reason(log_in(&world, "bea", PASSWORD).await), "UNAUTHENTICATED");
    log_in(&world, "bea", NEW).await.unwrap();
    world.resolve_now(&owner.token).await.unwrap();
}

#[tokio::test]
async fn a_token_is_used_once_however_many_try_at_once() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let token = invited(&world, &owner.token, "bea").await.one_time_token;
    let tries = (0..8).map(|n| {
        let (world, token) = (&world, token.as_str());
        async move { set(world, token, &format!("password number {n}")).await.is_ok() }
    });
    let set = futures_util::future::join_all(tries).await;
    assert_eq!(set.iter().filter(|is_set| **is_set).count(), 1);
}

#[tokio::test]
async fn only_who_may_change_a_user_resets_the_password() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let admin = world.person(practice, "alf", pb::Role::Admin, false).await;
    let (other, stranger) = world.owned_practice("bob").await;
    let shared = world.person(practice, "tess", pb::Role::Therapist, false).await;
    let member = pb::CreateMembershipRequest { email: email("tess"), role: 2, ..Default::default() };
    world.operator.add_member(other, &member).await.unwrap();
    for (caller, target, expected) in [
        (&admin, &owner, "OWNER_REQUIRED"),
        (&owner, &shared, "USER_SHARED"),
        (&owner, &stranger, "NOT_FOUND"),
        (&owner, &admin, "ok"),
    ] {
        assert_eq!(reason(reset(&world, &caller.token, &target.user.id).await), expected);
    }
    let end = pb::DeactivateUserRequest { id: admin.user.id.clone(), ..Default::default() };
    let outstanding = reset(&world, &owner.token, &admin.user.id).await.unwrap().one_time_token;
    let call = world.call(&owner.token, "DeactivateUser", end).await.unwrap();
    world.users.deactivate_user(call).await.unwrap();
    assert_eq!(reason(set(&world, &outstanding, NEW).await), "ONE_TIME_TOKEN_REFUSED");
    assert_eq!(reason(reset(&world, &owner.token, &admin.user.id).await), "MEMBERSHIP_INACTIVE");
}

#[tokio::test]
async fn guessing_one_time_tokens_has_to_wait() {
    let world = World::new().await;
    let auth = world.fresh_auth();
    let mut told = Vec::new();
    for _ in 0..9 {
        let request = pb::SetPasswordRequest { one_time_token: "nonsense".into(), password: NEW.into() };
        told.push(reason(auth.set_password(world.anonymous("SetPassword", request)).await));
    }
    assert_eq!(told.pop().unwrap(), "TOO_MANY_ATTEMPTS");
    assert!(told.iter().all(|reason| reason == "ONE_TIME_TOKEN_REFUSED"), "{told:?}");
}

#[tokio::test]
async fn a_person_changes_the_own_password_and_stays() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let elsewhere = world.log_in("ada").await.unwrap().token;
    let outstanding = reset(&world, &person.token, &person.user.id).await.unwrap().one_time_token;
    assert_eq!(reason(change(&world, &person.token, "not the password", NEW).await), "PASSWORD_WRONG");
    world.resolve_now(&elsewhere).await.unwrap();
    change(&world, &person.token, PASSWORD, NEW).await.unwrap();
    world.resolve_now(&person.token).await.unwrap();
    assert_eq!(world.resolve_now(&elsewhere).await.unwrap_err().reason, "UNAUTHENTICATED");
    assert_eq!(reason(log_in(&world, "ada", PASSWORD).await), "UNAUTHENTICATED");
    log_in(&world, "ada", NEW).await.unwrap();
    assert_eq!(reason(set(&world, &outstanding, "yet another password").await), "ONE_TIME_TOKEN_REFUSED");
    let trail = world.trail(PracticeId::NIL).await;
    assert!(trail.contains(&"permission_change user allowed user".to_owned()), "{trail:?}");
    assert!(trail.contains(&"auth user denied user".to_owned()), "{trail:?}");
}

#[tokio::test]
async fn a_repeated_change_of_password_answers_the_same() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let request =
        pb::ChangePasswordRequest { old_password: PASSWORD.into(), new_password: NEW.into(), request_id: request_id() };
    for _ in 0..2 {
        let call = world.call(&person.token, "ChangePassword", request.clone()).await.unwrap();
        world.auth.change_password(call).await.unwrap();
    }
    log_in(&world, "ada", NEW).await.unwrap();
}

#[tokio::test]
async fn guessing_the_old_password_from_a_session_has_to_wait() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    for _ in 0..8 {
        assert_eq!(reason(change(&world, &person.token, "not the password", NEW).await), "PASSWORD_WRONG");
    }
    assert_eq!(reason(change(&world, &person.token, PASSWORD, NEW).await), "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn new_passwords_are_long_and_new() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    assert_eq!(fields(change(&world, &person.token, "", "short").await), ["old_password", "new_password"]);
    assert_eq!(fields(change(&world, &person.token, PASSWORD, PASSWORD).await), ["new_password"]);
    assert_eq!(fields(set(&world, "", "short").await), ["one_time_token", "password"]);
}
