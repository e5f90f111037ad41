use chrono::TimeDelta;
use kernel::Permission;
use kernel::access::Standing;
use kernel::clock::timestamp;
use kernel::id::{PracticeId, ServiceAccountId};
use therapy_claims::tenancy::v1 as pb;
use therapy_claims::tenancy::v1::auth_service_server::AuthService as _;
use therapy_claims::tenancy::v1::practice_service_server::PracticeService as _;

use super::fixture::*;

fn grant(scopes: &[&str]) -> Option<pb::ServiceGrant> {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    Some(pb::ServiceGrant { scopes, ..Default::default() })
}

async fn account(world: &World, token: &str) -> pb::ServiceAccount {
    let request = pb::CreateServiceAccountRequest {
        service_account: Some(pb::ServiceAccount { name: "adapter".into(), ..Default::default() }),
        grant: grant(&["claims:stream", "acks:write"]),
        request_id: String::new(),
    };
    let call = world.call(token, "CreateServiceAccount", request).await.unwrap();
    world.auth.create_service_account(call).await.unwrap().into_inner()
}

fn issue(account: &pb::ServiceAccount) -> pb::IssueTokenRequest {
    pb::IssueTokenRequest { service_account_id: account.id.clone(), ..Default::default() }
}

async fn issued(
    world: &World,
    token: &str,
    account: &pb::ServiceAccount,
) -> Result<pb::IssueTokenResponse, tonic::Status> {
    let call = world.call(token, "IssueToken", issue(account)).await.unwrap();
    world.auth.issue_token(call).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn an_account_gets_a_token_and_knows_itself() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let account = account(&world, &owner.token).await;
    assert_eq!(account.grants[0].practice_id, practice.to_string());
    let response = issued(&world, &owner.token, &account).await.unwrap();
    assert!(response.secret.starts_with("tc_test_service_"));
    let identity = world.directory.resolve(&response.secret, None).await.unwrap();
    assert!(matches!(&identity.standing, Standing::Machine { grants } if grants[0].practice_id == practice));
    let grants = world.directory.grants(key_id(&response.secret), None, Permission::FeedConsume).await.unwrap();
    assert_eq!(grants, [practice]);
    assert!(world.directory.grants(key_id(&response.secret), None, Permission::RemitsWrite).await.unwrap().is_empty());
    let call = world.call_in(Some(practice), &response.secret, "WhoAmI", pb::WhoAmIRequest {}).await.unwrap();
    let who = world.auth.who_am_i(call).await.unwrap().into_inner();
    let Some(pb::who_am_i_response::Caller::ServiceAccount(itself)) = who.caller else { panic!("an account") };
    assert_eq!((itself.id, itself.grants.len()), (account.id, 1));
    assert_eq!(who.permissions, ["feed.consume", "feed.read", "feed.seek", "acks.write"]);
    let trail = world.trail(practice).await;
    assert!(trail.contains(&"permission_change service_account allowed user".to_owned()), "{trail:?}");
    assert!(trail.contains(&"permission_change token allowed user".to_owned()), "{trail:?}");
}

#[tokio::test]
async fn a_repeat_of_issuing_shows_no_secret() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let account = account(&world, &owner.token).await;
    let request = pb::IssueTokenRequest { request_id: request_id(), ..issue(&account) };
    let call = world.call(&owner.token, "IssueToken", request.clone()).await.unwrap();
    let first = world.auth.issue_token(call).await.unwrap().into_inner();
    let call = world.call(&owner.token, "IssueToken", request).await.unwrap();
    let again = world.auth.issue_token(call).await.unwrap().into_inner();
    assert_eq!((again.token, again.secret.as_str()), (first.token, ""));
    let stored = world.lines("SELECT encode(response, 'escape') AS line FROM ops.requests").await.join(" ");
    let secret = first.secret.rsplit('_').next().unwrap().to_owned();
    assert!(!secret.is_empty() && !stored.contains(&secret));
}

#[tokio::test]
async fn two_tokens_count_at_a_time() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let account = account(&world, &owner.token).await;
    let first = issued(&world, &owner.token, &account).await.unwrap();
    issued(&world, &owner.token, &account).await.unwrap();
    assert_eq!(reason(issued(&world, &owner.token, &account).await), "TOKEN_LIMIT");
    let revoke = pb::RevokeTokenRequest { token_id: first.token.unwrap().id, request_id: String::new() };
    let call = world.call(&owner.token, "RevokeToken", revoke).await.unwrap();
    assert!(world.auth.revoke_token(call).await.unwrap().into_inner().revoked_at.is_some());
    assert_eq!(world.directory.resolve(&first.secret, None).await.unwrap_err().reason, "UNAUTHENTICATED");
    issued(&world, &owner.token, &account).await.unwrap();
    let list = async |include_ended| {
        let request = pb::ListTokensRequest { include_ended, page_size: 2, ..Default::default() };
        let call = world.call(&owner.token, "ListTokens", request).await.unwrap();
        let page = world.auth.list_tokens(call).await.unwrap().into_inner();
        (page.tokens.len(), !page.next_page_token.is_empty())
    };
    assert_eq!((list(false).await, list(true).await), ((2, false), (2, true)));
}

#[tokio::test]
async fn a_rotated_token_overlaps_with_its_successor() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let account = account(&world, &owner.token).await;
    let old = issued(&world, &owner.token, &account).await.unwrap();
    let rotate =
        pb::RotateTokenRequest { token_id: old.token.unwrap().id, overlap_minutes: 10, request_id: String::new() };
    let call = world.call(&owner.token, "RotateToken", rotate.clone()).await.unwrap();
    let new = world.auth.rotate_token(call).await.unwrap().into_inner();
    assert!(new.replaced.is_some());
    for token in [&old.secret, &new.secret] {
        world.resolve_now(token).await.unwrap();
    }
    world.pass(10 * 60);
    assert_eq!(world.resolve_now(&old.secret).await.unwrap_err().reason, "UNAUTHENTICATED");
    world.resolve_now(&new.secret).await.unwrap();
    let call = world.call(&owner.token, "RotateToken", rotate).await.unwrap();
    assert_eq!(reason(world.auth.rotate_token(call).await), "TOKEN_ENDED");
}

#[tokio::test]
async fn a_grant_counts_within_its_time_and_can_be_ended() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let account = account(&world, &owner.token).await;
    let token = issued(&world, &owner.token, &account).await.unwrap().secret;
    let granted = async || {
        let Standing::Machine { grants } = &world.resolve_now(&token).await.unwrap().standing else {
            panic!("an account")
        };
        grants.len()
    };
    assert_eq!(granted().await, 1);
    let now = kernel::Clock::system().now();
    for (from, to, expected) in [(60, None, 0), (-60, Some(60), 1), (-60, Some(-30), 0)] {
        let at = |seconds| timestamp(now + TimeDelta::seconds(seconds));
        let request = pb::GrantServiceAccountRequest {
            service_account_id: account.id.clone(),
            grant: Some(pb::ServiceGrant {
                scopes: vec!["claims:read".into()],
                valid_from: Some(at(from)),
                valid_to: to.map(at),
                ..Default::default()
            }),
            request_id: String::new(),
        };
        let call = world.call(&owner.token, "GrantServiceAccount", request).await.unwrap();
        world.auth.grant_service_account(call).await.unwrap();
        assert_eq!(granted().await, expected, "{from} {to:?}");
    }
    assert!(world.trail(practice).await.contains(&"permission_change service_grant allowed user".to_owned()));
}

#[tokio::test]
async fn an_account_of_another_practice_cannot_be_taken_over_by_granting_it_something() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let (_, thief) = world.owned_practice("bob").await;
    let account = account(&world, &owner.token).await;
    let token = issued(&world, &owner.token, &account).await.unwrap();
    // without a grant the account and its tokens are unknown
    assert_eq!(reason(issued(&world, &thief.token, &account).await), "NOT_FOUND");
    let key = token.token.unwrap().id;
    let revoke = pb::RevokeTokenRequest { token_id: key.clone(), request_id: String::new() };
    let call = world.call(&thief.token, "RevokeToken", revoke.clone()).await.unwrap();
    assert_eq!(reason(world.auth.revoke_token(call).await), "NOT_FOUND");
    let rotate = pb::RotateTokenRequest { token_id: key, ..Default::default() };
    let call = world.call(&thief.token, "RotateToken", rotate.clone()).await.unwrap();
    assert_eq!(reason(world.auth.rotate_token(call).await), "NOT_FOUND");
    // with one, its tokens open both practices, so neither makes or ends them
    let request = pb::GrantServiceAccountRequest {
        service_account_id: account.id.clone(),
        grant: grant(&["claims:stream"]),
        request_id: String::new(),
    };
    let call = world.call(&thief.token, "GrantServiceAccount", request).await.unwrap();
    world.auth.grant_service_account(call).await.unwrap();
    assert_eq!(reason(issued(&world, &thief.token, &account).await), "ACCOUNT_SHARED");
    let call = world.call(&thief.token, "RevokeToken", revoke).await.unwrap();
    assert_eq!(reason(world.auth.revoke_token(call).await), "ACCOUNT_SHARED");
    let call = world.call(&thief.token, "RotateToken", rotate).await.unwrap();
    assert_eq!(reason(world.auth.rotate_token(call).await), "ACCOUNT_SHARED");
}

#[tokio::test]
async fn an_administrator_of_all_its_practices_makes_the_tokens_of_an_account() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let (second, _) = world.owned_practice("bob").await;
    let account = account(&world, &owner.token).await;
    let request = pb::GrantServiceAccountRequest {
        service_account_id: account.id.clone(),
        grant: grant(&["claims:stream"]),
        request_id: String::new(),
    };
    world.operator.grant(second, request).await.unwrap();
    assert_eq!(reason(issued(&world, &owner.token, &account).await), "ACCOUNT_SHARED");
    let as_role =
        |role: pb::Role| pb::CreateMembershipRequest { email: email("ada"), role: role.into(), ..Default::default() };
    world.operator.add_member(second, &as_role(pb::Role::Billing)).await.unwrap();
    assert_eq!(reason(issued(&world, &owner.token, &account).await), "ACCOUNT_SHARED");
    world.sql("UPDATE tenancy.memberships SET role = 'admin'").await;
    issued(&world, &owner.token, &account).await.unwrap();
}

#[tokio::test]
async fn the_operator_makes_tokens_of_shared_accounts() {
    let world = World::new().await;
    let (first, second) = (world.practice().await, world.practice().await);
    let request = pb::CreateServiceAccountRequest {
        service_account: Some(pb::ServiceAccount { name: "adapter".into(), ..Default::default() }),
        grant: grant(&["claims:stream"]),
        request_id: String::new(),
    };
    let account = world.operator.create_account(first, request).await.unwrap();
    let request = pb::GrantServiceAccountRequest {
        service_account_id: account.id.clone(),
        grant: grant(&["claims:stream"]),
        request_id: String::new(),
    };
    world.operator.grant(second, request).await.unwrap();
    let token = world.operator.issue_token(second, issue(&account)).await.unwrap();
    let mut practices = world.directory.grants(key_id(&token.secret), None, Permission::FeedConsume).await.unwrap();
    practices.sort();
    let mut expected = [first, second];
    expected.sort();
    assert_eq!(practices, expected);
    assert_eq!(world.operator.list_accounts(second).await.unwrap()[0].id, account.id);
    let tokens = world.operator.list_tokens(second, pb::ListTokensRequest::default()).await.unwrap();
    assert_eq!(tokens.tokens.len(), 1);
}

#[tokio::test]
async fn bad_grants_are_told_at_once() {
    let world = World::new().await;
    let (_, owner) = world.owned_practice("ada").await;
    let now = kernel::Clock::system().now();
    let request = pb::CreateServiceAccountRequest {
        service_account: None,
        grant: Some(pb::ServiceGrant {
            scopes: vec!["*".into(), "claims:read".into()],
            valid_from: Some(timestamp(now)),
            valid_to: Some(timestamp(now - TimeDelta::seconds(1))),
            ..Default::default()
        }),
        request_id: String::new(),
    };
    let call = world.call(&owner.token, "CreateServiceAccount", request).await.unwrap();
    let found = fields(world.auth.create_service_account(call).await);
    assert_eq!(found, ["service_account.name", "grant.scopes[0]", "grant.valid_to"]);
    let request = pb::GrantServiceAccountRequest {
        service_account_id: ServiceAccountId::new().to_string(),
        grant: grant(&["claims:read"]),
        request_id: String::new(),
    };
    let call = world.call(&owner.token, "GrantServiceAccount", request).await.unwrap();
    assert_eq!(reason(world.auth.grant_service_account(call).await), "NOT_FOUND");
    let far = timestamp(now + TimeDelta::days(91));
    let account = account(&world, &owner.token).await;
    let request = pb::IssueTokenRequest { expires_at: Some(far), ..issue(&account) };
    let call = world.call(&owner.token, "IssueToken", request).await.unwrap();
    assert_eq!(fields(world.auth.issue_token(call).await), ["expires_at"]);
}

#[tokio::test]
async fn accounts_neither_switch_practices_nor_found_any() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let account = account(&world, &owner.token).await;
    let token = issued(&world, &owner.token, &account).await.unwrap().secret;
    let request = pb::SwitchPracticeRequest { practice_id: practice.to_string(), request_id: String::new() };
    let call = world.call(&token, "SwitchPractice", request).await.unwrap();
    assert_eq!(reason(world.auth.switch_practice(call).await), "PERMISSION_MISSING");
    let request = pb::CreatePracticeRequest { practice: Some(super::fixture::practice()), ..Default::default() };
    let call = world.call(&token, "CreatePractice", request).await.unwrap();
    assert_eq!(reason(world.practices.create_practice(call).await), "PERMISSION_MISSING");
    let call = world.call(&token, "ListPractices", pb::ListPracticesRequest::default()).await.unwrap();
    let list = world.practices.list_practices(call).await.unwrap().into_inner();
    assert_eq!(list.practices.iter().map(|p| p.id.clone()).collect::<Vec<_>>(), [practice.to_string()]);
    let call = world.call_in(Some(PracticeId::new()), &token, "GetPractice", ()).await;
    assert_eq!(reason(call), "NOT_A_MEMBER");
}

#[tokio::test]
async fn an_admin_can_end_the_session_of_a_member_and_of_nobody_else() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let (_, stranger) = world.owned_practice("bob").await;
    let person = world.person(practice, "bea", pb::Role::Billing, false).await;
    let revoke = |token: &str| pb::RevokeTokenRequest { token_id: key_id(token).into(), request_id: String::new() };
    let call = world.call(&owner.token, "RevokeToken", revoke(&person.token)).await.unwrap();
    world.auth.revoke_token(call).await.unwrap();
    assert!(world.directory.resolve(&person.token, None).await.is_err());
    let call = world.call(&owner.token, "RevokeToken", revoke(&stranger.token)).await.unwrap();
    assert_eq!(reason(world.auth.revoke_token(call).await), "NOT_FOUND");
    world.resolve_now(&stranger.token).await.unwrap();
}
