//! Who works in a practice, and as what; and the rules that keep a practice in its owners' hands.

pub mod convert;
pub mod service;
pub mod store;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use kernel::access::Actor;
use kernel::id::{PracticeId, TherapistId, UserId};
use kernel::{Code, Failure, Role, Scope};
use schema::tables::tenancy::memberships;

/// A membership as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = memberships, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub struct Membership {
    pub practice_id: PracticeId,
    pub user_id: UserId,
    pub role: Role,
    pub is_owner: bool,
    pub is_active: bool,
    pub therapist_id: Option<TherapistId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A membership with the names of its ends.
#[derive(Clone, QueryableByName)]
pub struct Member {
    #[diesel(sql_type = SqlUuid)]
    pub practice_id: PracticeId,
    #[diesel(sql_type = Text)]
    pub practice_name: String,
    #[diesel(sql_type = Bool)]
    pub practice_is_active: bool,
    #[diesel(sql_type = SqlUuid)]
    pub user_id: UserId,
    #[diesel(sql_type = Text)]
    pub email: String,
    #[diesel(sql_type = Text)]
    pub role: Role,
    #[diesel(sql_type = Bool)]
    pub is_owner: bool,
    #[diesel(sql_type = Bool)]
    pub is_active: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub therapist_id: Option<TherapistId>,
    #[diesel(sql_type = Int8)]
    pub version: i64,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

/// The fields that an update changes; `None` leaves a field as it is.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = memberships)]
pub struct MembershipPatch {
    pub role: Option<Role>,
    pub is_owner: Option<bool>,
    pub is_active: Option<bool>,
    pub therapist_id: Option<Option<TherapistId>>,
}

impl Membership {
    /// A new one in the scope's practice.
    #[must_use]
    pub fn new(scope: &Scope, user_id: UserId, role: Role, is_owner: bool, therapist_id: Option<TherapistId>) -> Self {
        let (practice_id, now) = (scope.practice(), scope.now());
        Self {
            practice_id,
            user_id,
            role,
            is_owner,
            is_active: true,
            therapist_id,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether it is one of those that a practice needs at least one of.
    #[must_use]
    pub fn is_ruling(&self) -> bool {
        self.is_owner && self.is_active && self.role == Role::Admin
    }

    /// The membership as it would be with a patch.
    #[must_use]
    pub fn patched(&self, patch: &MembershipPatch) -> Self {
        let MembershipPatch { role, is_owner, is_active, therapist_id } = patch;
        Self {
            role: role.unwrap_or(self.role),
            is_owner: is_owner.unwrap_or(self.is_owner),
            is_active: is_active.unwrap_or(self.is_active),
            therapist_id: therapist_id.unwrap_or(self.therapist_id),
            ..self.clone()
        }
    }
}

/// The active owners who administer the practice, locked until the transaction ends.
#[derive(Debug)]
pub struct Owners(pub Vec<UserId>);

impl Owners {
    /// Only an owner makes owners, and only an owner decides about one.
    ///
    /// # Errors
    /// `PERMISSION_DENIED / OWNER_REQUIRED`.
    pub fn require(&self, caller: Actor) -> Result<(), Failure> {
        let is_owner = match caller {
            Actor::User(user) => self.0.contains(&user),
            Actor::Service(_) => false,
            Actor::System => true,
        };
        if is_owner {
            return Ok(());
        }
        Err(Failure::new(
            Code::PermissionDenied,
            "OWNER_REQUIRED",
            "only an owner of the practice may decide about owners",
        ))
    }

    /// Judges a change of a membership.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` for the own role and for the last owner, `PERMISSION_DENIED` as [`Self::require`].
    pub fn judge(&self, caller: Actor, before: &Membership, after: &Membership) -> Result<(), Failure> {
        self.judge_rank(caller, before, after)?;
        if before.is_ruling() && !after.is_ruling() && self.0.iter().all(|owner| *owner == before.user_id) {
            return Err(last_owner());
        }
        Ok(())
    }

    /// Judges a change of a membership, but for whether an owner is left.
    ///
    /// # Errors
    /// As [`Self::judge`].
    pub fn judge_rank(&self, caller: Actor, before: &Membership, after: &Membership) -> Result<(), Failure> {
        let rank = |m: &Membership| (m.role, m.is_owner, m.is_active);
        if rank(before) == rank(after) {
            return Ok(());
        }
        let is_self = caller == Actor::User(before.user_id);
        if is_self && (before.role != after.role || (after.is_owner && !before.is_owner)) {
            return Err(own_role());
        }
        if before.is_owner || after.is_owner {
            self.require(caller)?;
        }
        Ok(())
    }
}

/// Whether a change may leave a practice without an owner who gets in. Only the operator can say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastOwner {
    Stays,
    MayGo,
}

/// The practice would have nobody left to decide about it.
#[must_use]
pub fn last_owner() -> Failure {
    Failure::new(
        Code::FailedPrecondition,
        "LAST_OWNER",
        "a practice keeps at least one active owner with the role of an administrator",
    )
}

/// Nobody raises themselves.
fn own_role() -> Failure {
    Failure::new(Code::FailedPrecondition, "OWN_ROLE", "nobody can change the own role or make themselves an owner")
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { practice_id, user_id, role, .. } = self;
        f.debug_struct("Member")
            .field("practice_id", practice_id)
            .field("user_id", user_id)
            .field("role", role)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
