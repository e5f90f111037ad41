//! A person who logs in. People are known across practices, so their rows are reached through functions only.

pub mod convert;
mod hire;
mod life;
pub mod service;
pub mod store;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use kernel::access::Actor;
use kernel::id::{PracticeId, UserId};
use kernel::{Code, Failure, Role};
use schema::tables::tenancy::users;

use crate::membership::{Member, Owners};

pub const EMAIL_MAX: usize = 254;
const PASSWORD_MIN: usize = 12;
const PASSWORD_MAX: usize = 128;
/// Longer passwords are never right.
const PASSWORD_BYTES_MAX: usize = 1024;
/// How long a training for handling health information counts.
pub const PHI_TRAINING_VALID: TimeDelta = TimeDelta::days(365);

/// A user as stored, without the password's hash.
#[derive(Clone, QueryableByName)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub role: Role,
    pub active_practice_id: Option<PracticeId>,
    pub is_active: bool,
    pub is_verified: bool,
    pub phi_training_completed_at: Option<DateTime<Utc>>,
    pub phi_training_expires_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The fields that an update changes; `None` leaves a field as it is.
#[derive(Clone, Default)]
pub struct UserPatch {
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: Option<Role>,
    pub is_verified: Option<bool>,
    /// True records a training now, unless an earlier one still counts.
    pub phi_training_completed: Option<bool>,
    pub is_active: Option<bool>,
}

impl User {
    /// Whether the training counts.
    #[must_use]
    pub fn is_trained(&self, now: DateTime<Utc>) -> bool {
        self.phi_training_completed_at.is_some() && self.phi_training_expires_at.is_none_or(|at| at > now)
    }

    /// The user as it would be with a patch.
    #[must_use]
    pub fn patched(&self, patch: &UserPatch, now: DateTime<Utc>) -> Self {
        let UserPatch { email, first_name, last_name, role, is_verified, phi_training_completed, is_active } =
            patch.clone();
        let mut after = self.clone();
        after.email = email.unwrap_or(after.email);
        after.first_name = first_name.unwrap_or(after.first_name);
        after.last_name = last_name.unwrap_or(after.last_name);
        after.role = role.unwrap_or(after.role);
        after.is_verified = is_verified.unwrap_or(after.is_verified);
        after.is_active = is_active.unwrap_or(after.is_active);
        match phi_training_completed {
            Some(true) if !self.is_trained(now) => after.train(now),
            Some(false) => (after.phi_training_completed_at, after.phi_training_expires_at) = (None, None),
            Some(true) | None => {}
        }
        after
    }

    /// Records a training.
    pub fn train(&mut self, now: DateTime<Utc>) {
        self.phi_training_completed_at = Some(now);
        self.phi_training_expires_at = Some(now + PHI_TRAINING_VALID);
    }
}

/// Judges whether a practice may change a person.
///
/// Somebody who works elsewhere too is not one practice's to change, or its administrators could get at the other
/// practice's data with a password of their choice.
///
/// # Errors
/// `FAILED_PRECONDITION` for people of several practices and ended memberships, `PERMISSION_DENIED` for owners.
pub fn judge_change(caller: Actor, owners: &Owners, here: PracticeId, places: &[Member]) -> Result<(), Failure> {
    if caller == Actor::System {
        return Ok(());
    }
    judge_shared(here, places)?;
    match places.iter().find(|m| m.practice_id == here) {
        Some(place) if !place.is_active => Err(Failure::new(
            Code::FailedPrecondition,
            "MEMBERSHIP_INACTIVE",
            "the user's membership was deactivated; reactivate it first",
        )),
        Some(place) if place.is_owner && caller != Actor::User(place.user_id) => owners.require(caller),
        Some(_) | None => Ok(()),
    }
}

/// Judges whether a practice may let a person in again, who is nobody's while no membership counts.
///
/// # Errors
/// `FAILED_PRECONDITION` for people who work in another practice.
pub fn judge_return(caller: Actor, here: PracticeId, places: &[Member]) -> Result<(), Failure> {
    if caller == Actor::System {
        return Ok(());
    }
    judge_shared(here, places)
}

fn judge_shared(here: PracticeId, places: &[Member]) -> Result<(), Failure> {
    if places.iter().any(|m| m.practice_id != here && m.is_active) {
        return Err(Failure::new(
            Code::FailedPrecondition,
            "USER_SHARED",
            "the user is an active member of another practice too; end the membership here instead",
        ));
    }
    Ok(())
}

/// Nobody opens the gates of verification and training for themselves.
///
/// # Errors
/// `FAILED_PRECONDITION / OWN_GATE`.
pub fn judge_gates(caller: Actor, before: &User, after: &User) -> Result<(), Failure> {
    let gates = |user: &User| (user.is_verified, user.phi_training_completed_at);
    if caller == Actor::User(before.id) && gates(before) != gates(after) {
        return Err(Failure::new(
            Code::FailedPrecondition,
            "OWN_GATE",
            "nobody can record the own verification or training; another administrator can",
        ));
    }
    Ok(())
}

// people's names stay out of logs
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for UserPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserPatch(..)")
    }
}
