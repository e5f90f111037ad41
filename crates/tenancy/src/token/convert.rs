//! Tokens to and from the wire.

use kernel::Violations;
use kernel::clock::{parts, timestamp};
use therapy_claims::common::v1 as common;
use therapy_claims::tenancy::v1 as pb;

use super::KeyId;
use super::store::Token;

/// A key id; one that can't exist names no token, so the violation says no more than its form.
pub fn key_id(v: &mut Violations, field: &str, text: &str) -> Option<KeyId> {
    let key_id = text.parse().ok();
    if key_id.is_none() {
        v.add(field, "must be the key id of a token: 20 hexadecimal digits");
    }
    key_id
}

#[must_use]
pub fn to_pb(token: Token) -> pb::Token {
    let Token { key_id, kind: _, user_id, account_id, created_at, expires_at, last_used_on, revoked_at } = token;
    let owner = match (user_id, account_id) {
        (Some(id), _) => Some((common::ActorKind::User, id.to_string())),
        (None, Some(id)) => Some((common::ActorKind::ServiceAccount, id.to_string())),
        (None, None) => None,
    };
    pb::Token {
        id: key_id,
        owner: owner.map(|(kind, id)| common::Actor { kind: kind.into(), id }),
        created_at: Some(timestamp(created_at)),
        expires_at: Some(timestamp(expires_at)),
        last_used_on: last_used_on.map(|day| parts(day).into()),
        revoked_at: revoked_at.map(timestamp),
    }
}
