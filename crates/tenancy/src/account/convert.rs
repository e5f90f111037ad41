//! Service accounts and grants to and from the wire.

use chrono::{DateTime, Utc};
use kernel::access::SERVICE_SCOPES;
use kernel::clock::timestamp;
use kernel::fingerprint::NotAFingerprint;
use kernel::{Fingerprint, Violations, etag};
use therapy_claims::tenancy::v1 as pb;

use super::{Account, Certificate, Grant, NewGrant};

/// Name and description of an account to be created.
pub fn new(v: &mut Violations, account: &pb::ServiceAccount) -> (String, Option<String>) {
    let pb::ServiceAccount {
        id: _,
        name,
        description,
        is_active: _,
        grants: _,
        etag: _,
        created_at: _,
        updated_at: _,
        certificates: _,
    } = account;
    (v.text("service_account.name", name, 100), v.optional_text("service_account.description", description, 500))
}

/// The fingerprint of a certificate.
pub fn fingerprint(v: &mut Violations, field: &str, text: &str) -> Option<Fingerprint> {
    match text.parse() {
        Ok(fingerprint) => Some(fingerprint),
        Err(NotAFingerprint) => {
            v.add(field, &NotAFingerprint.to_string());
            None
        }
    }
}

/// Reads a grant.
pub fn grant(v: &mut Violations, now: DateTime<Utc>, grant: Option<&pb::ServiceGrant>) -> NewGrant {
    let Some(grant) = grant else {
        v.add("grant", "is required");
        return NewGrant { scopes: Vec::new(), valid_from: now, valid_to: None };
    };
    let pb::ServiceGrant { service_account_id: _, practice_id: _, scopes, valid_from, valid_to } = grant;
    if scopes.is_empty() {
        v.add("grant.scopes", "must name at least one scope");
    }
    for (i, scope) in scopes.iter().enumerate() {
        if !SERVICE_SCOPES.contains(&scope.as_str()) {
            v.add(&format!("grant.scopes[{i}]"), &format!("must be one of {}", SERVICE_SCOPES.join(", ")));
        }
    }
    let mut scopes = scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    let valid_from = v.optional_time("grant.valid_from", *valid_from).unwrap_or(now);
    let valid_to = v.optional_time("grant.valid_to", *valid_to);
    if valid_to.is_some_and(|to| to < valid_from) {
        v.add("grant.valid_to", "must not be before valid_from");
    }
    NewGrant { scopes, valid_from, valid_to }
}

#[must_use]
pub fn grant_to_pb(grant: Grant) -> pb::ServiceGrant {
    let Grant { practice_id, account_id, scopes, valid_from, valid_to } = grant;
    pb::ServiceGrant {
        service_account_id: account_id.to_string(),
        practice_id: practice_id.to_string(),
        scopes,
        valid_from: Some(timestamp(valid_from)),
        valid_to: valid_to.map(timestamp),
    }
}

#[must_use]
pub fn to_pb(account: Account, grants: Vec<Grant>, certificates: Vec<Certificate>) -> pb::ServiceAccount {
    let Account { id, name, description, is_active, version, created_at, updated_at } = account;
    pb::ServiceAccount {
        id: id.to_string(),
        name,
        description: description.unwrap_or_default(),
        is_active,
        grants: grants.into_iter().map(grant_to_pb).collect(),
        etag: etag::of(version),
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
        certificates: certificates.into_iter().map(certificate_to_pb).collect(),
    }
}

fn certificate_to_pb(certificate: Certificate) -> pb::BoundCertificate {
    let Certificate { fingerprint, label, bound_at } = certificate;
    let fingerprint = Fingerprint::stored(&fingerprint).map(|it| it.to_string()).unwrap_or_default();
    pb::BoundCertificate { fingerprint, label, bound_at: Some(timestamp(bound_at)) }
}
