//! Who may do what: one table, one pure function. A test prints the table for reviewers.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::error::{Code, Failure};
use crate::id::{BreakGlassId, PatientId, PracticeId, ServiceAccountId, TherapistId, UserId};
use crate::method::{Method, PhiUse};
use crate::text_enum;

text_enum! {
    /// What a member is in a practice.
    pub enum Role {
        Admin = "admin",
        Therapist = "therapist",
        Billing = "billing",
        FrontDesk = "front_desk",
    }
}

text_enum! {
    /// What an RPC asks for; each RPC declares one in its proto options.
    pub enum Permission {
        /// Anybody, without a credential.
        Public = "public",
        /// Any valid credential, whatever its standing.
        Authenticated = "authenticated",
        PracticesCreate = "practices.create",
        PracticesRead = "practices.read",
        PracticesUpdate = "practices.update",
        UsersRead = "users.read",
        UsersManage = "users.manage",
        MembershipsRead = "memberships.read",
        MembershipsManage = "memberships.manage",
        ServiceAccountsManage = "service_accounts.manage",
        TokensManage = "tokens.manage",
        TherapistsRead = "therapists.read",
        TherapistsWrite = "therapists.write",
        PatientsRead = "patients.read",
        PatientsWrite = "patients.write",
        CoveragesRead = "coverages.read",
        CoveragesWrite = "coverages.write",
        SessionsRead = "sessions.read",
        SessionsSchedule = "sessions.schedule",
        SessionsComplete = "sessions.complete",
        ImportsWrite = "imports.write",
        ClaimsRead = "claims.read",
        ClaimsWrite = "claims.write",
        ClaimsSubmit = "claims.submit",
        ClaimsVoid = "claims.void",
        ClaimsWriteOff = "claims.write_off",
        ClaimsOverrideFiling = "claims.override_filing",
        ClaimActionsRead = "claim_actions.read",
        ClaimActionsDecide = "claim_actions.decide",
        ClaimActionsWithdraw = "claim_actions.withdraw",
        PayersRead = "payers.read",
        FeedConsume = "feed.consume",
        FeedRead = "feed.read",
        FeedSeek = "feed.seek",
        AcksWrite = "acks.write",
        RemitsRead = "remits.read",
        RemitsWrite = "remits.write",
        RemitsMatch = "remits.match",
        AuditRead = "audit.read",
        MetricsRead = "metrics.read",
        BreakGlassOpen = "break_glass.open",
        BreakGlassClose = "break_glass.close",
        BreakGlassRead = "break_glass.read",
        BreakGlassReview = "break_glass.review",
    }
}

/// How far a role reaches with a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    No,
    /// The therapist's own patients and what belongs to them.
    Own,
    /// The whole practice, with fields blanked out.
    Masked,
    /// The whole practice, but only as a proposal that another person decides.
    Propose,
    All,
}

impl Permission {
    /// The reach of each role: the permission matrix.
    #[must_use]
    pub const fn levels(self) -> [Level; 4] {
        use Level::{All as A, Masked as M, No as N, Own as O, Propose as P};
        match self {
            //                                 admin  therapist  billing  front desk
            Self::Public | Self::Authenticated | Self::PracticesCreate => [A, A, A, A],
            Self::PracticesRead => [A, A, A, A],
            Self::PracticesUpdate => [A, N, N, N],
            Self::UsersRead => [A, N, N, N],
            Self::UsersManage => [A, N, N, N],
            Self::MembershipsRead => [A, N, N, N],
            Self::MembershipsManage => [A, N, N, N],
            Self::ServiceAccountsManage => [A, N, N, N],
            Self::TokensManage => [A, N, N, N],
            Self::TherapistsRead => [A, A, A, A],
            Self::TherapistsWrite => [A, N, N, N],
            Self::PatientsRead => [A, O, A, A],
            Self::PatientsWrite => [A, O, A, A],
            Self::CoveragesRead => [A, O, A, A],
            Self::CoveragesWrite => [A, N, A, A],
            Self::SessionsRead => [A, O, A, M],
            Self::SessionsSchedule => [A, O, N, M],
            Self::SessionsComplete => [A, O, N, N],
            Self::ImportsWrite => [A, N, N, N],
            Self::ClaimsRead => [A, O, A, M],
            Self::ClaimsWrite => [A, N, A, N],
            Self::ClaimsSubmit => [A, N, A, N],
            Self::ClaimsVoid => [A, N, P, N],
            Self::ClaimsWriteOff => [A, N, P, N],
            Self::ClaimsOverrideFiling => [A, N, P, N],
            Self::ClaimActionsRead => [A, N, A, N],
            Self::ClaimActionsDecide => [A, N, N, N],
            Self::ClaimActionsWithdraw => [A, N, A, N],
            Self::PayersRead => [A, A, A, A],
            Self::FeedConsume => [N, N, N, N],
            Self::FeedRead => [A, N, A, N],
            Self::FeedSeek => [N, N, N, N],
            Self::AcksWrite => [N, N, A, N],
            Self::RemitsRead => [A, N, A, N],
            Self::RemitsWrite => [A, N, A, N],
            Self::RemitsMatch => [A, N, A, N],
            Self::AuditRead => [A, N, N, N],
            Self::MetricsRead => [A, N, A, N],
            Self::BreakGlassOpen => [N, O, N, N],
            Self::BreakGlassClose | Self::BreakGlassRead => [A, O, N, N],
            Self::BreakGlassReview => [A, N, N, N],
        }
    }

    /// The scope that lets a service account use this permission; `None` where accounts never may.
    #[must_use]
    pub const fn service_scope(self) -> Option<&'static str> {
        match self {
            Self::FeedConsume | Self::FeedRead | Self::FeedSeek => Some("claims:stream"),
            Self::ClaimsRead => Some("claims:read"),
            Self::PayersRead => Some("payers:read"),
            Self::AcksWrite => Some("acks:write"),
            Self::RemitsWrite => Some("remits:write"),
            Self::MetricsRead => Some("metrics:read"),
            Self::Public
            | Self::Authenticated
            | Self::PracticesCreate
            | Self::PracticesRead
            | Self::PracticesUpdate
            | Self::UsersRead
            | Self::UsersManage
            | Self::MembershipsRead
            | Self::MembershipsManage
            | Self::ServiceAccountsManage
            | Self::TokensManage
            | Self::TherapistsRead
            | Self::TherapistsWrite
            | Self::PatientsRead
            | Self::PatientsWrite
            | Self::CoveragesRead
            | Self::CoveragesWrite
            | Self::SessionsRead
            | Self::SessionsSchedule
            | Self::SessionsComplete
            | Self::ImportsWrite
            | Self::ClaimsWrite
            | Self::ClaimsSubmit
            | Self::ClaimsVoid
            | Self::ClaimsWriteOff
            | Self::ClaimsOverrideFiling
            | Self::ClaimActionsRead
            | Self::ClaimActionsDecide
            | Self::ClaimActionsWithdraw
            // an adapter posts what it is told, and never says whose it is
            | Self::RemitsRead
            | Self::RemitsMatch
            | Self::AuditRead
            | Self::BreakGlassOpen
            | Self::BreakGlassClose
            | Self::BreakGlassRead
            | Self::BreakGlassReview => None,
        }
    }

    /// The permissions whose calls range over all granted practices of a service account.
    #[must_use]
    pub const fn spans_practices(self) -> bool {
        matches!(self, Self::FeedConsume | Self::FeedRead | Self::FeedSeek | Self::AcksWrite)
    }
}

/// The scopes that a service account can be granted.
pub const SERVICE_SCOPES: [&str; 6] =
    ["claims:stream", "claims:read", "payers:read", "acks:write", "remits:write", "metrics:read"];

impl Role {
    #[must_use]
    pub const fn level(self, permission: Permission) -> Level {
        let [admin, therapist, billing, front_desk] = permission.levels();
        match self {
            Self::Admin => admin,
            Self::Therapist => therapist,
            Self::Billing => billing,
            Self::FrontDesk => front_desk,
        }
    }
}

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
