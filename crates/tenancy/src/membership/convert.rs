//! Memberships and roles to and from the wire.

use kernel::clock::timestamp;
use kernel::mask::Mask;
use kernel::{Role, Violations, etag};
use therapy_claims::tenancy::v1 as pb;

use super::{Member, MembershipPatch};

/// The fields that `UpdateMembership` may name.
pub const UPDATABLE: &[&str] = &["role", "is_owner", "therapist_id"];

/// A role that must be named.
pub fn role(v: &mut Violations, field: &str, role: i32) -> Role {
    let known = optional_role(v, field, role);
    if known.is_none() && role == 0 {
        v.add(field, "is required");
    }
    known.unwrap_or(Role::FrontDesk)
}

/// A role that may be left out.
pub fn optional_role(v: &mut Violations, field: &str, role: i32) -> Option<Role> {
    match pb::Role::try_from(role) {
        Ok(pb::Role::Unspecified) => None,
        Ok(pb::Role::Admin) => Some(Role::Admin),
        Ok(pb::Role::Therapist) => Some(Role::Therapist),
        Ok(pb::Role::Billing) => Some(Role::Billing),
        Ok(pb::Role::FrontDesk) => Some(Role::FrontDesk),
        Err(_unknown) => {
            v.add(field, "must be a known role");
            None
        }
    }
}

#[must_use]
pub fn role_to_pb(role: Role) -> pb::Role {
    match role {
        Role::Admin => pb::Role::Admin,
        Role::Therapist => pb::Role::Therapist,
        Role::Billing => pb::Role::Billing,
        Role::FrontDesk => pb::Role::FrontDesk,
    }
}

/// Reads the fields that the mask names.
pub fn patch(v: &mut Violations, mask: &Mask, membership: &pb::Membership) -> MembershipPatch {
    let pb::Membership {
        user_id: _,
        practice_id: _,
        practice_name: _,
        email: _,
        role: new_role,
        is_owner,
        is_active: _,
        therapist_id,
        etag: _,
        created_at: _,
        updated_at: _,
    } = membership;
    MembershipPatch {
        role: mask.pick("role", || role(v, "role", *new_role)),
        is_owner: mask.pick("is_owner", || *is_owner),
        is_active: None,
        therapist_id: mask.pick("therapist_id", || v.optional_id("therapist_id", therapist_id)),
    }
}

#[must_use]
pub fn to_pb(member: Member) -> pb::Membership {
    let Member {
        practice_id,
        practice_name,
        practice_is_active: _,
        user_id,
        email,
        role,
        is_owner,
        is_active,
        therapist_id,
        version,
        created_at,
        updated_at,
    } = member;
    pb::Membership {
        user_id: user_id.to_string(),
        practice_id: practice_id.to_string(),
        practice_name,
        email,
        role: role_to_pb(role).into(),
        is_owner,
        is_active,
        therapist_id: therapist_id.map(|id| id.to_string()).unwrap_or_default(),
        etag: etag::of(version),
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
    }
}

/// Those that count: active ones in active practices.
#[must_use]
pub fn active_to_pb(members: Vec<Member>) -> Vec<pb::Membership> {
    members.into_iter().filter(|m| m.is_active && m.practice_is_active).map(to_pb).collect()
}
