//! What holds for every RPC, tried on each of them: credentials, the permission matrix, the gates before it.

use kernel::access::{Level, SERVICE_SCOPES};
use kernel::{Permission, Role};
use therapy_claims::client::{Client, request_id};
use therapy_claims::tenancy::v1 as tenancy;
use therapy_claims::{Method, Phi};
use tonic::Code;
use tonic_types::StatusExt;

use crate::dynamic::{Answer, Any, rpcs};
use crate::harness::{Practice, TestServer};

fn permission(method: &Method) -> Permission {
    method.permission.parse().unwrap()
}

/// Whether the RPC asks for no place in a practice.
fn is_placeless(permission: Permission) -> bool {
    matches!(permission, Permission::Public | Permission::Authenticated | Permission::PracticesCreate)
}

#[tokio::test]
async fn every_rpc_refuses_strangers_alike() {
    let server = TestServer::start().await;
    let nobody = Any::connect(&server.endpoint).await;
    let garbled = nobody.with("not-a-token", "");
    let mut texts = Vec::new();
    for (method, _input) in rpcs() {
        if permission(method) == Permission::Public {
            continue;
        }
        for caller in [&nobody, &garbled] {
            let sent = request_id();
            let answer = caller.call(method, Vec::new(), &sent).await;
            let status = answer.0.clone().expect_err(method.path);
            assert_eq!(status.code(), Code::Unauthenticated, "{}", method.path);
            let details = status.get_error_details();
            assert_eq!(details.request_info().map(|info| info.request_id.clone()), Some(sent), "{}", method.path);
            let info = details.error_info().expect(method.path);
            texts.push((status.message().to_owned(), info.reason.clone(), info.domain.clone()));
        }
    }
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 1, "one text for all: {texts:?}");
}

/// Calls every RPC with an empty request and holds the refusals against what is expected of each.
async fn compare(caller: &Any, who: &str, refuses: impl Fn(&Method) -> Option<&'static str>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (method, _input) in rpcs() {
        let answer = caller.call(method, Vec::new(), &request_id()).await;
        let expected = refuses(method);
        let is_right = match expected {
            Some(reason) => answer.code() == Code::PermissionDenied && answer.reason() == reason,
            None => is_let_through(&answer),
        };
        if !is_right {
            let got = (answer.code(), answer.reason());
            wrong.push(format!("{who} {}: {got:?} instead of {expected:?}", method.path));
        }
    }
    wrong
}

/// Whether the access layer let a call with an empty request through, whatever its handler said then.
fn is_let_through(answer: &Answer) -> bool {
    match answer.code() {
        Code::Ok | Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition => true,
        // a log-in without a password
        Code::Unauthenticated => answer.reason() != "UNAUTHENTICATED",
        Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => false,
    }
}

#[tokio::test]
async fn every_rpc_lets_exactly_those_roles_in_that_the_matrix_names() {
    let server = TestServer::start().await;
    let practice = server.practice("matrix").await;
    let any = Any::connect(&server.endpoint).await;
    let mut wrong = Vec::new();
    for (role, token) in
        [Role::Admin, Role::Therapist, Role::Billing, Role::FrontDesk].into_iter().zip(&practice.tokens)
    {
        let refuses = |method: &Method| {
            let permission = permission(method);
            (!is_placeless(permission) && role.level(permission) == Level::No).then_some("PERMISSION_MISSING")
        };
        wrong.extend(compare(&any.with(token, &practice.id), role.as_str(), refuses).await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_rpc_lets_service_accounts_in_by_their_scopes_only() {
    let server = TestServer::start().await;
    let practice = server.practice("machines").await;
    let any = Any::connect(&server.endpoint).await;
    let mut sets: Vec<Vec<&str>> = SERVICE_SCOPES.iter().map(|scope| vec![*scope]).collect();
    sets.push(SERVICE_SCOPES.to_vec());
    let mut wrong = Vec::new();
    for scopes in sets {
        let who = scopes.join(" ");
        let token = server.account(&format!("account {}", scopes.len()), &[&practice], &scopes).await;
        let refuses = |method: &Method| {
            let permission = permission(method);
            let is_granted = permission.service_scope().is_some_and(|scope| scopes.contains(&scope));
            (!is_placeless(permission) && !is_granted).then_some("PERMISSION_MISSING")
        };
        wrong.extend(compare(&any.with(&token, &practice.id), &who, refuses).await);
    }
    // what a service account can't be is said by the handlers of what asks for no place in a practice
    wrong.retain(|line| !["SwitchPractice", "CreatePractice"].iter().any(|name| line.contains(name)));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn nobody_unverified_or_untrained_passes_the_gates() {
    let server = TestServer::start().await;
    let practice = server.practice("gates").await;
    let any = Any::connect(&server.endpoint).await;

    let unverified = log_in_new(&server, &practice, "unverified@example.com", false, true).await;
    let refuses = |method: &Method| (!is_placeless(permission(method))).then_some("USER_NOT_VERIFIED");
    let mut wrong = compare(&any.with(&unverified, &practice.id), "unverified", refuses).await;
    wrong.retain(|line| !line.contains("CreatePractice"));
    assert!(wrong.is_empty(), "{wrong:#?}");

    let untrained = log_in_new(&server, &practice, "untrained@example.com", true, false).await;
    let refuses = |method: &Method| {
        if is_placeless(permission(method)) {
            None
        } else if method.phi != Phi::None {
            Some("PHI_TRAINING_REQUIRED")
        } else {
            (Role::Admin.level(permission(method)) == Level::No).then_some("PERMISSION_MISSING")
        }
    };
    let wrong = compare(&any.with(&untrained, &practice.id), "untrained", refuses).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Hires an administrator for whom one of the gates is closed.
async fn log_in_new(server: &TestServer, practice: &Practice, email: &str, verified: bool, trained: bool) -> String {
    let user = tenancy::User {
        email: email.into(),
        first_name: "Gate".into(),
        last_name: "Closed".into(),
        is_verified: verified,
        phi_training_completed: trained,
        ..Default::default()
    };
    let password = format!("password of {email}");
    let request = tenancy::CreateUserRequest {
        user: Some(user),
        password: password.clone(),
        role: tenancy::Role::Admin.into(),
        ..Default::default()
    };
    practice.admin.users().create_user(request).await.unwrap();
    let client: Client = server.client("").await;
    client.auth().login(tenancy::LoginRequest { email: email.into(), password }).await.unwrap().into_inner().token
}
