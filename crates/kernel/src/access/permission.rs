//! What can be asked for, and how far each role reaches with it: the permission matrix, which a test prints for reviewers.

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
