//! Who acts, and what speaks for them: memberships, training, grants.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Role;
use crate::id::{BreakGlassId, PatientId, PracticeId, ServiceAccountId, TherapistId, UserId};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    User(UserId),
    Service(ServiceAccountId),
    /// The operator at the machine, or a job of the server itself.
    System,
}

/// A user's place in one practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    pub practice_id: PracticeId,
    pub role: Role,
    pub is_owner: bool,
    pub therapist_id: Option<TherapistId>,
    /// The practice demands a second factor, and the user has none.
    pub lacks_totp: bool,
}

/// A patient of others that a therapist may read for a while, in an emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    pub id: BreakGlassId,
    pub practice_id: PracticeId,
    pub patient_id: PatientId,
    pub expires_at: DateTime<Utc>,
}

/// A service account's grant in one practice, valid now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceGrant {
    pub practice_id: PracticeId,
    pub scopes: Vec<String>,
}

/// What a credential stands for, as the directory resolved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub actor: Actor,
    /// The public half of the credential.
    pub key_id: Arc<str>,
    pub standing: Standing,
}

/// What speaks for a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Person {
        is_verified: bool,
        phi_training_completed: bool,
        phi_training_expires_at: Option<DateTime<Utc>>,
        active_practice_id: Option<PracticeId>,
        /// Active ones only.
        memberships: Vec<Membership>,
        /// Open ones, which may have expired since.
        break_glasses: Vec<BreakGlass>,
    },
    Machine {
        grants: Vec<ServiceGrant>,
    },
}
