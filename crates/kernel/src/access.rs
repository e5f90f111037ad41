//! Who may do what: one table, one pure function.

use chrono::{DateTime, Utc};

pub use self::identity::{Actor, BreakGlass, Identity, Membership, ServiceGrant, Standing};
pub use self::permission::{Level, Permission, Role, SERVICE_SCOPES};
use crate::error::{Code, Failure};
use crate::id::{PatientId, PracticeId, TherapistId};
use crate::method::{Method, PhiUse};

mod identity;
mod permission;

/// The part of a practice that a therapist reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    pub therapist: TherapistId,
    /// Patients of others that may be read besides; none where something is changed.
    pub break_glasses: Vec<BreakGlass>,
}

impl Own {
    /// The patients of others.
    pub fn patients(&self) -> impl Iterator<Item = PatientId> {
        self.break_glasses.iter().map(|glass| glass.patient_id)
    }
}

/// What an authorized call may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The role it acts in, as the audit trail names it.
    pub acting_as: &'static str,
    pub level: Level,
    /// Set when the reach is [`Level::Own`].
    pub own: Option<Own>,
}

/// Which gate refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    NotVerified,
    PhiTraining,
    NoPractice,
    NotAMember,
    SecondFactor,
    Permission,
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        let (reason, message) = match denied {
            Denied::NotVerified => {
                ("USER_NOT_VERIFIED", "the user is not verified yet; an administrator can verify it")
            }
            Denied::PhiTraining => ("PHI_TRAINING_REQUIRED", "PHI training is not completed or has expired"),
            Denied::NoPractice => ("NO_PRACTICE", "no practice is selected; send x-practice-id or call SwitchPractice"),
            // one text whether the practice exists or not
            Denied::NotAMember => ("NOT_A_MEMBER", "the caller has no active place in this practice"),
            Denied::SecondFactor => (
                "TOTP_REQUIRED",
                "the practice requires a second factor: EnrollTotp makes one, ConfirmTotp confirms it",
            ),
            Denied::Permission => ("PERMISSION_MISSING", "the caller's role does not allow this call"),
        };
        Self::new(Code::PermissionDenied, reason, message)
    }
}

/// Decides whether a caller may make a call in a practice, and how far it reaches there.
///
/// # Errors
/// The first gate that refuses: verified, trained, member, second factor, permitted.
pub fn decide(
    identity: &Identity,
    practice: PracticeId,
    method: &Method,
    now: DateTime<Utc>,
) -> Result<Granted, Denied> {
    match &identity.standing {
        Standing::Person {
            is_verified,
            phi_training_completed,
            phi_training_expires_at,
            memberships,
            break_glasses,
            active_practice_id: _,
        } => {
            if !is_verified {
                return Err(Denied::NotVerified);
            }
            let trained = *phi_training_completed && phi_training_expires_at.is_none_or(|at| at > now);
            if method.phi != PhiUse::None && !trained {
                return Err(Denied::PhiTraining);
            }
            let member = memberships.iter().find(|m| m.practice_id == practice).ok_or(Denied::NotAMember)?;
            if member.lacks_totp {
                return Err(Denied::SecondFactor);
            }
            let level = member.role.level(method.permission);
            let own = match level {
                Level::No => return Err(Denied::Permission),
                Level::Own => {
                    // a therapist whose membership names no therapist has no patients to reach
                    let therapist = member.therapist_id.ok_or(Denied::Permission)?;
                    let counts = |g: &&BreakGlass| !method.mutates && g.practice_id == practice && g.expires_at > now;
                    Some(Own { therapist, break_glasses: break_glasses.iter().filter(counts).cloned().collect() })
                }
                Level::Masked | Level::Propose | Level::All => None,
            };
            Ok(Granted { acting_as: member.role.as_str(), level, own })
        }
        Standing::Machine { grants } => {
            let grant = grants.iter().find(|g| g.practice_id == practice).ok_or(Denied::NotAMember)?;
            let scope = method.permission.service_scope().ok_or(Denied::Permission)?;
            if !grant.scopes.iter().any(|s| s == scope) {
                return Err(Denied::Permission);
            }
            Ok(Granted { acting_as: "service", level: Level::All, own: None })
        }
    }
}

#[cfg(test)]
mod tests;
