//! Who is shut out is out within five seconds, in a stream that is open too.

use std::time::Duration;

use therapy_claims::claims::v1 as claims;
use therapy_claims::tenancy::v1 as tenancy;
use tonic::{Code, Streaming};
use tonic_types::StatusExt;

use crate::harness::{Practice, TestServer};

/// What is promised.
const PROMISED: Duration = Duration::from_secs(5);

/// An adapter of the practice that follows its feed, and the id of its account.
async fn following(server: &TestServer, practice: &Practice) -> (Streaming<claims::SubscribeResponse>, String, String) {
    let token = server.account("adapter", &[practice], &["claims:stream"]).await;
    let adapter = server.client(&token).await;
    let request = claims::SubscribeRequest {
        subscription: "ends".into(),
        start: Some(claims::subscribe_request::Start::Beginning(())),
        ..Default::default()
    };
    let mut stream = adapter.clearinghouse().subscribe(request).await.unwrap().into_inner();
    stream.message().await.unwrap().expect("it starts");
    let who = adapter.auth().who_am_i(tenancy::WhoAmIRequest {}).await.unwrap().into_inner();
    let Some(tenancy::who_am_i_response::Caller::ServiceAccount(account)) = who.caller else { panic!("an account") };
    (stream, account.id, who.token_id)
}

/// How the stream ends, which it must in time.
async fn ended(mut stream: Streaming<claims::SubscribeResponse>) -> (Code, String) {
    let end = async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => return (Code::Ok, String::new()),
                Err(status) => {
                    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
                    return (status.code(), reason);
                }
            }
        }
    };
    tokio::time::timeout(PROMISED, end).await.expect("the stream goes on")
}

#[tokio::test]
async fn a_practice_whose_grant_is_revoked_leaves_the_running_stream() {
    let server = TestServer::start().await;
    let practice = server.practice("grant").await;
    let (mut stream, account, _) = following(&server, &practice).await;
    let request = tenancy::RevokeServiceGrantRequest { service_account_id: account, request_id: String::new() };
    practice.admin.auth().revoke_service_grant(request).await.unwrap();
    let left = async {
        loop {
            let message = stream.message().await.unwrap().expect("the stream, which may range over others, goes on");
            if let Some(claims::subscribe_response::Kind::PracticeLeft(left)) = message.kind {
                return left.practice_id;
            }
        }
    };
    assert_eq!(tokio::time::timeout(PROMISED, left).await.expect("the practice stays"), practice.id);
}

#[tokio::test]
async fn a_suspended_account_s_running_stream_ends() {
    let server = TestServer::start().await;
    let practice = server.practice("suspended").await;
    let (stream, account, _) = following(&server, &practice).await;
    let request = tenancy::SuspendServiceAccountRequest { service_account_id: account, request_id: String::new() };
    practice.admin.auth().suspend_service_account(request).await.unwrap();
    assert_eq!(ended(stream).await, (Code::Unauthenticated, "UNAUTHENTICATED".to_owned()));
}

#[tokio::test]
async fn a_revoked_token_s_running_stream_ends() {
    let server = TestServer::start().await;
    let practice = server.practice("revoked").await;
    let (stream, _, token_id) = following(&server, &practice).await;
    let request = tenancy::RevokeTokenRequest { token_id, request_id: String::new() };
    practice.admin.auth().revoke_token(request).await.unwrap();
    assert_eq!(ended(stream).await, (Code::Unauthenticated, "UNAUTHENTICATED".to_owned()));
}

#[tokio::test]
async fn a_deactivated_person_is_out_of_every_call_within_five_seconds() {
    let server = TestServer::start().await;
    let practice = server.practice("person").await;
    let who = practice.billing.auth().who_am_i(tenancy::WhoAmIRequest {}).await.unwrap().into_inner();
    let Some(tenancy::who_am_i_response::Caller::User(user)) = who.caller else { panic!("a person") };
    let request = tenancy::DeactivateUserRequest { id: user.id, ..Default::default() };
    practice.admin.users().deactivate_user(request).await.unwrap();
    let out = async {
        while practice.billing.auth().who_am_i(tenancy::WhoAmIRequest {}).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PROMISED, out).await.expect("the session goes on");
}
