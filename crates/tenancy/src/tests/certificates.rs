//! Bindings to client certificates: who makes them, how many, and what they do to tokens. Over TLS: the server's tests.

use kernel::id::ServiceAccountId;
use kernel::{Failure, Fingerprint, PracticeId};
use therapy_claims::tenancy::v1 as pb;
use therapy_claims::tenancy::v1::auth_service_server::AuthService as _;

use super::fixture::{World, fields, key_id, reason};

fn binding(account: &str, name: &str) -> pb::BindCertificateRequest {
    let fingerprint = Fingerprint::of(name.as_bytes()).to_string();
    pb::BindCertificateRequest {
        service_account_id: account.to_owned(),
        certificate: Some(pb::BoundCertificate { fingerprint, label: name.into(), bound_at: None }),
        request_id: String::new(),
    }
}

fn unbinding(account: &str, name: &str) -> pb::UnbindCertificateRequest {
    let fingerprint = Fingerprint::of(name.as_bytes()).to_string();
    pb::UnbindCertificateRequest { service_account_id: account.to_owned(), fingerprint, request_id: String::new() }
}

/// An account of the practice, and its token.
async fn adapter(world: &World, practice: PracticeId) -> (String, String) {
    let request = pb::CreateServiceAccountRequest {
        service_account: Some(pb::ServiceAccount { name: "adapter".into(), ..Default::default() }),
        grant: Some(pb::ServiceGrant { scopes: vec!["claims:stream".into()], ..Default::default() }),
        request_id: String::new(),
    };
    let id = world.operator.create_account(practice, request).await.unwrap().id;
    let request = pb::IssueTokenRequest { service_account_id: id.clone(), ..Default::default() };
    let token = world.operator.issue_token(practice, request).await.unwrap().secret;
    (id, token)
}

fn refused<T>(result: Result<T, Failure>) -> &'static str {
    result.map(drop).unwrap_err().reason
}

#[tokio::test]
async fn a_refusal_for_want_of_a_certificate_is_never_from_memory() {
    let world = World::new().await;
    let practice = world.practice().await;
    let (account, token) = adapter(&world, practice).await;
    let (old, new) = (Some(Fingerprint::of(b"old")), Some(Fingerprint::of(b"new")));
    world.operator.bind_certificate(practice, binding(&account, "old")).await.unwrap();
    world.directory.resolve(&token, old).await.unwrap();
    for other in [None, new] {
        assert_eq!(refused(world.directory.resolve(&token, other).await), "CERTIFICATE_REQUIRED");
        assert_eq!(refused(world.directory.again(key_id(&token), other).await), "CERTIFICATE_REQUIRED");
    }
    world.operator.bind_certificate(practice, binding(&account, "new")).await.unwrap();
    world.directory.resolve(&token, new).await.unwrap();
    world.operator.unbind_certificate(practice, unbinding(&account, "old")).await.unwrap();
    assert_eq!(refused(world.directory.again(key_id(&token), old).await), "CERTIFICATE_REQUIRED");
    world.operator.unbind_certificate(practice, unbinding(&account, "new")).await.unwrap();
    world.directory.resolve(&token, None).await.unwrap();
}

#[tokio::test]
async fn ten_certificates_are_bound_at_most_and_each_change_is_on_record() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let (account, _) = adapter(&world, practice).await;
    for n in 0..10 {
        let call = world.call(&owner.token, "BindCertificate", binding(&account, &n.to_string())).await.unwrap();
        let bound = world.auth.bind_certificate(call).await.unwrap().into_inner();
        assert_eq!(bound.certificates.len(), n + 1);
    }
    let call = world.call(&owner.token, "BindCertificate", binding(&account, "more")).await.unwrap();
    assert_eq!(reason(world.auth.bind_certificate(call).await), "CERTIFICATE_LIMIT");
    let call = world.call(&owner.token, "UnbindCertificate", unbinding(&account, "0")).await.unwrap();
    assert_eq!(world.auth.unbind_certificate(call).await.unwrap().into_inner().certificates.len(), 9);
    let trail = world.trail(practice).await;
    let changes = trail.iter().filter(|line| *line == "permission_change service_account allowed user");
    assert_eq!(changes.count(), 11, "{trail:?}");
}

#[tokio::test]
async fn accounts_of_others_are_not_bound() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let (elsewhere, _) = world.owned_practice("bob").await;
    let (account, _) = adapter(&world, elsewhere).await;
    for id in [account.clone(), ServiceAccountId::new().to_string()] {
        let call = world.call(&owner.token, "BindCertificate", binding(&id, "one")).await.unwrap();
        assert_eq!(reason(world.auth.bind_certificate(call).await), "NOT_FOUND");
        let call = world.call(&owner.token, "UnbindCertificate", unbinding(&id, "one")).await.unwrap();
        assert_eq!(reason(world.auth.unbind_certificate(call).await), "NOT_FOUND");
    }
    let grant = pb::ServiceGrant { scopes: vec!["claims:stream".into()], ..Default::default() };
    let request = pb::GrantServiceAccountRequest {
        service_account_id: account.clone(),
        grant: Some(grant),
        request_id: String::new(),
    };
    world.operator.grant(practice, request).await.unwrap();
    let call = world.call(&owner.token, "BindCertificate", binding(&account, "one")).await.unwrap();
    assert_eq!(reason(world.auth.bind_certificate(call).await), "ACCOUNT_SHARED");
    let mut bad = binding("", "one");
    bad.certificate = Some(pb::BoundCertificate { fingerprint: "x".into(), ..Default::default() });
    let call = world.call(&owner.token, "BindCertificate", bad).await.unwrap();
    let found = fields(world.auth.bind_certificate(call).await);
    assert_eq!(found, ["service_account_id", "certificate.fingerprint", "certificate.label"]);
}
