//! Who the caller is, and what it may do where.

use std::sync::Arc;

use futures_util::join;
use kernel::access::{Actor, Denied, Identity, Permission, Standing};
use kernel::clock::timestamp;
use kernel::id::PracticeId;
use kernel::scope::Facts;
use kernel::{Failure, Role, Scope};
use schema::Tx;
use therapy_claims::tenancy::v1 as pb;

use super::Inner;
use crate::membership::{self, convert::active_to_pb};
use crate::{account, token, totp, user};

impl Inner {
    /// Who the caller is, and what it may do in the practice.
    pub(super) async fn who(
        &self,
        identity: &Arc<Identity>,
        facts: &Arc<Facts>,
        named: Option<PracticeId>,
    ) -> Result<pb::WhoAmIResponse, Failure> {
        let scope = Scope::practiceless(identity, facts);
        let practice = place_of_call(identity, named)?;
        let body = async |tx: &Tx<'_>| describe(tx, identity, practice).await;
        let mut response = self.vault.db().read(&scope, body).await?;
        response.practice_id = practice.map(|id| id.to_string()).unwrap_or_default();
        response.permissions = permissions(identity, practice);
        response.token_id = identity.key_id.to_string();
        Ok(response)
    }
}

/// The practice that a call is made for: the one it names, else the person's active one.
fn place_of_call(identity: &Identity, named: Option<PracticeId>) -> Result<Option<PracticeId>, Failure> {
    let has_place = |practice: &PracticeId| match &identity.standing {
        Standing::Person { memberships, .. } => memberships.iter().any(|m| m.practice_id == *practice),
        Standing::Machine { grants } => grants.iter().any(|g| g.practice_id == *practice),
    };
    match (named, &identity.standing) {
        (Some(practice), _) if has_place(&practice) => Ok(Some(practice)),
        (Some(_), _) => Err(Denied::NotAMember.into()),
        (None, Standing::Person { active_practice_id, .. }) => Ok(active_practice_id.filter(has_place)),
        (None, Standing::Machine { .. }) => Ok(None),
    }
}

async fn describe(
    tx: &Tx<'_>,
    identity: &Identity,
    practice: Option<PracticeId>,
) -> Result<pb::WhoAmIResponse, Failure> {
    let key_id = token::KeyId::stored(&identity.key_id);
    let expires_at = Some(timestamp(token::store::get(tx, &key_id).await?.expires_at));
    let response = pb::WhoAmIResponse { expires_at, ..pb::WhoAmIResponse::default() };
    match identity.actor {
        Actor::User(id) => {
            let authenticator = totp::store::of_user(tx, id);
            let (user, places, authenticator) =
                join!(user::store::profile(tx, id), membership::store::of_user(tx, id), authenticator);
            let (user, places) = (user?, places?);
            let here = places.iter().find(|m| Some(m.practice_id) == practice);
            let role = here.map_or(pb::Role::Unspecified, |m| membership::convert::role_to_pb(m.role));
            Ok(pb::WhoAmIResponse {
                practice_name: here.map(|m| m.practice_name.clone()).unwrap_or_default(),
                role: role.into(),
                caller: Some(pb::who_am_i_response::Caller::User(user::convert::to_pb(user, tx.scope().now()))),
                memberships: active_to_pb(places),
                has_totp: authenticator?.is_some_and(|totp| totp.is_confirmed),
                ..response
            })
        }
        Actor::Service(id) => {
            let certificates = account::store::certificates_of(tx, id);
            let (account, grants, certificates) =
                join!(account::store::get(tx, id), account::store::grants_of(tx, id), certificates);
            let account = account::convert::to_pb(account?, grants?, certificates?);
            let caller = Some(pb::who_am_i_response::Caller::ServiceAccount(account));
            Ok(pb::WhoAmIResponse { caller, ..response })
        }
        Actor::System => Err(Denied::Permission.into()),
    }
}

/// What the caller's role or scopes allow in a practice; nothing before verification.
fn permissions(identity: &Identity, practice: Option<PracticeId>) -> Vec<String> {
    let Some(practice) = practice else { return Vec::new() };
    let role_allows = |role: Role, p: Permission| role.level(p) != kernel::access::Level::No;
    let allows = |p: Permission| match &identity.standing {
        Standing::Person { is_verified, memberships, .. } => {
            *is_verified && memberships.iter().any(|m| m.practice_id == practice && role_allows(m.role, p))
        }
        Standing::Machine { grants } => p.service_scope().is_some_and(|scope| {
            grants.iter().any(|g| g.practice_id == practice && g.scopes.iter().any(|s| s == scope))
        }),
    };
    let named = Permission::ALL.iter().filter(|p| !matches!(p, Permission::Public | Permission::Authenticated));
    named.filter(|p| allows(**p)).map(ToString::to_string).collect()
}
