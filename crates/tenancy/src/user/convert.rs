//! Users to and from the wire.

use chrono::{DateTime, Utc};
use kernel::clock::timestamp;
use kernel::id::UserId;
use kernel::mask::Mask;
use kernel::{Role, Violations, etag};
use therapy_claims::tenancy::v1 as pb;

use super::{EMAIL_MAX, PASSWORD_BYTES_MAX, PASSWORD_MAX, PASSWORD_MIN, User, UserPatch};
use crate::membership::convert::{optional_role, role_to_pb};

/// The fields that `UpdateUser` may name.
pub const UPDATABLE: &[&str] = &["email", "first_name", "last_name", "role", "is_verified", "phi_training_completed"];

/// Reads a user to be created; `role` is that of the first membership.
pub fn new(v: &mut Violations, now: DateTime<Utc>, role: Role, user: &pb::User) -> User {
    let pb::User {
        id: _,
        email,
        first_name,
        last_name,
        role: profession,
        active_practice_id: _,
        is_verified,
        phi_training_completed,
        phi_training_completed_at: _,
        phi_training_expires_at: _,
        is_active: _,
        etag: _,
        created_at: _,
        updated_at: _,
    } = user;
    let mut user = User {
        id: UserId::new(),
        email: read_email(v, email),
        first_name: v.text("first_name", first_name, 35),
        last_name: v.text("last_name", last_name, 60),
        role: optional_role(v, "role", *profession).unwrap_or(role),
        active_practice_id: None,
        is_active: true,
        is_verified: *is_verified,
        phi_training_completed_at: None,
        phi_training_expires_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    if *phi_training_completed {
        user.train(now);
    }
    user
}

/// Reads the fields that the mask names.
pub fn patch(v: &mut Violations, mask: &Mask, user: &pb::User) -> UserPatch {
    let pb::User {
        id: _,
        email,
        first_name,
        last_name,
        role,
        active_practice_id: _,
        is_verified,
        phi_training_completed,
        phi_training_completed_at: _,
        phi_training_expires_at: _,
        is_active: _,
        etag: _,
        created_at: _,
        updated_at: _,
    } = user;
    UserPatch {
        email: mask.pick("email", || read_email(v, email)),
        first_name: mask.pick("first_name", || v.text("first_name", first_name, 35)),
        last_name: mask.pick("last_name", || v.text("last_name", last_name, 60)),
        role: mask.pick("role", || optional_role(v, "role", *role)).flatten(),
        is_verified: mask.pick("is_verified", || *is_verified),
        phi_training_completed: mask.pick("phi_training_completed", || *phi_training_completed),
        is_active: None,
    }
}

/// An address that somebody logs in with.
pub fn read_email(v: &mut Violations, email: &str) -> String {
    let email = v.text("email", email, EMAIL_MAX);
    let has_form = email.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
    if !email.is_empty() && (!has_form || email.chars().any(char::is_whitespace)) {
        v.add("email", "must be an email address");
    }
    email
}

/// A password that is to be compared.
pub fn read_known_password(v: &mut Violations, field: &str, password: &str) -> String {
    if password.is_empty() {
        v.add(field, "is required");
    } else if password.len() > PASSWORD_BYTES_MAX {
        v.add(field, "is too long");
    }
    password.to_owned()
}

/// A new password.
pub fn read_password(v: &mut Violations, field: &str, password: &str) -> String {
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count()) {
        v.add(field, "must have 12 to 128 characters");
    }
    password.to_owned()
}

#[must_use]
pub fn to_pb(user: User, now: DateTime<Utc>) -> pb::User {
    let is_trained = user.is_trained(now);
    let User {
        id,
        email,
        first_name,
        last_name,
        role,
        active_practice_id,
        is_active,
        is_verified,
        phi_training_completed_at,
        phi_training_expires_at,
        version,
        created_at,
        updated_at,
    } = user;
    pb::User {
        id: id.to_string(),
        email,
        first_name,
        last_name,
        role: role_to_pb(role).into(),
        active_practice_id: active_practice_id.map(|id| id.to_string()).unwrap_or_default(),
        is_verified,
        phi_training_completed: is_trained,
        phi_training_completed_at: phi_training_completed_at.map(timestamp),
        phi_training_expires_at: phi_training_expires_at.map(timestamp),
        is_active,
        etag: etag::of(version),
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
    }
}
