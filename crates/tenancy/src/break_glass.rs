//! Emergencies: who opened which patient of others, why, until when, and what the review said of it.

pub mod convert;
pub mod service;
pub mod store;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use kernel::access::Actor;
use kernel::id::{BreakGlassId, PatientId, PracticeId, UserId};
use kernel::phi::Disclosed;
use kernel::{Code, Failure, Scope, text_enum};
use schema::tables::tenancy::break_glasses;
use uuid::Uuid;

text_enum! {
    /// What a review said.
    pub enum Verdict {
        Justified = "justified",
        NotJustified = "not_justified",
    }
}

/// A break-glass as stored.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = break_glasses, check_for_backend(diesel::pg::Pg), primary_key(practice_id, id), treat_none_as_null = true)]
pub struct BreakGlass {
    pub practice_id: PracticeId,
    pub id: BreakGlassId,
    pub user_id: UserId,
    pub patient_id: PatientId,
    pub reason: String,
    pub opened_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub verdict: Option<Verdict>,
    pub review_note: Option<String>,
    pub reviewed_by: Option<UserId>,
    pub reviewed_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl BreakGlass {
    /// A new one of the caller.
    #[must_use]
    pub fn open(scope: &Scope, user_id: UserId, patient_id: PatientId, reason: String, minutes: i64) -> Self {
        let now = scope.now();
        Self {
            practice_id: scope.practice(),
            id: BreakGlassId::new(),
            user_id,
            patient_id,
            reason,
            opened_at: now,
            expires_at: now + TimeDelta::minutes(minutes),
            closed_at: None,
            verdict: None,
            review_note: None,
            reviewed_by: None,
            reviewed_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.closed_at.is_some() || self.expires_at <= now
    }

    /// Ends it before its time.
    ///
    /// # Errors
    /// `BREAK_GLASS_ENDED`.
    pub fn close(&mut self, now: DateTime<Utc>) -> Result<(), Failure> {
        if self.has_ended(now) {
            return Err(refused("BREAK_GLASS_ENDED", "the break-glass has ended already"));
        }
        self.closed_at = Some(now);
        self.touched(now);
        Ok(())
    }

    /// Takes down what the review said.
    ///
    /// # Errors
    /// `BREAK_GLASS_OPEN`, `BREAK_GLASS_REVIEWED`, and `BREAK_GLASS_OWN` for whoever opened it.
    pub fn review(&mut self, scope: &Scope, verdict: Verdict, note: Option<String>) -> Result<(), Failure> {
        let now = scope.now();
        let reviewer = user(scope)?;
        if reviewer == self.user_id {
            return Err(refused("BREAK_GLASS_OWN", "another admin has to review what the caller opened"));
        }
        if self.reviewed_at.is_some() {
            return Err(refused("BREAK_GLASS_REVIEWED", "the break-glass was reviewed already"));
        }
        if !self.has_ended(now) {
            return Err(refused("BREAK_GLASS_OPEN", "the break-glass is still open; CloseBreakGlass ends it"));
        }
        self.verdict = Some(verdict);
        self.review_note = note;
        self.reviewed_by = Some(reviewer);
        self.reviewed_at = Some(now);
        self.touched(now);
        Ok(())
    }

    const fn touched(&mut self, now: DateTime<Utc>) {
        self.version += 1;
        self.updated_at = now;
    }
}

/// Emergencies are people's.
fn user(scope: &Scope) -> Result<UserId, Failure> {
    match scope.actor() {
        Actor::User(user) => Ok(user),
        Actor::Service(_) | Actor::System => Err(kernel::access::Denied::Permission.into()),
    }
}

fn refused(reason: &'static str, message: &'static str) -> Failure {
    Failure::new(Code::FailedPrecondition, reason, message)
}

impl Disclosed for BreakGlass {
    const RESOURCE: &'static str = "break_glass";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.id.uuid(), Some(self.patient_id.uuid()));
    }
}

impl std::fmt::Debug for BreakGlass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BreakGlass").field("id", &self.id).finish_non_exhaustive()
    }
}
