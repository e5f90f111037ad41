//! A session: an appointment of a patient with a therapist, and where it stands.

pub mod complete;
pub mod convert;
pub mod service;
pub mod store;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use kernel::error::Detail;
use kernel::id::{PatientId, PracticeId, SessionId, TherapistId};
use kernel::phi::Disclosed;
use kernel::{Code, Failure, text_enum};
use schema::tables::clinical::sessions;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::reason;
use schema::Json;

text_enum! {
    /// Where a session stands.
    pub enum SessionStatus {
        Scheduled = "scheduled",
        Completed = "completed",
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// How patient and therapist meet.
    pub enum Modality {
        InPerson = "in_person",
        Video = "video",
        Audio = "audio",
    }
}

/// What can be done to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Update,
    Complete,
    Cancel,
}

impl Move {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Complete => "complete",
            Self::Cancel => "cancel",
        }
    }
}

impl SessionStatus {
    /// What can be done to a session that stands here.
    #[must_use]
    pub const fn allowed(self) -> &'static [Move] {
        match self {
            Self::Scheduled => &[Move::Update, Move::Complete, Move::Cancel],
            // both are final: what took place stays on record, and so does what did not
            Self::Completed | Self::Cancelled => &[],
        }
    }

    /// Where a session stands after the move.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION / SESSION_INVALID_TRANSITION`.
    pub fn after(self, step: Move) -> Result<Self, Failure> {
        if !self.allowed().contains(&step) {
            let message = format!("{} is not possible: the session is {self}", step.as_str());
            let allowed = self.allowed().iter().map(|step| step.as_str().to_owned()).collect();
            let (from, attempted) = (self.to_string(), step.as_str().to_owned());
            return Err(Failure::new(Code::FailedPrecondition, reason::SESSION_INVALID_TRANSITION, message)
                .detail(Detail::Transition { from, attempted, allowed }));
        }
        Ok(match step {
            Move::Update => self,
            Move::Complete => Self::Completed,
            Move::Cancel => Self::Cancelled,
        })
    }
}

/// A service rendered beside the main one; a line of the claim.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOn {
    pub cpt_code: String,
    #[serde(with = "amount_text")]
    pub fee: BigDecimal,
}

/// A session as stored.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg), primary_key(practice_id, id))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Session {
    pub practice_id: PracticeId,
    pub id: SessionId,
    pub therapist_id: TherapistId,
    pub patient_id: PatientId,
    /// Date of service: the local date of the practice.
    pub session_date: NaiveDate,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub cpt_code: String,
    pub add_ons: Json<Vec<AddOn>>,
    pub modifiers: Json<Vec<String>>,
    /// The order is the rank.
    pub diagnosis_codes: Json<Vec<String>>,
    pub duration_minutes: i32,
    /// Charge of the main code.
    pub fee: BigDecimal,
    pub copay: BigDecimal,
    pub status: SessionStatus,
    pub place_of_service: String,
    pub modality: Modality,
    pub patient_state: Option<String>,
    pub prior_authorization: Option<String>,
    pub self_pay: bool,
    /// The patient restricted disclosure to the plan (45 CFR 164.522).
    pub disclosure_restricted: bool,
    pub part2: bool,
    pub completed_at: Option<DateTime<Utc>>,
    pub cancelled_at: Option<DateTime<Utc>>,
    pub cancellation_reason: Option<String>,
    pub source: Option<String>,
    pub source_id: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub struct SessionFilter {
    pub patient_id: Option<PatientId>,
    pub therapist_id: Option<TherapistId>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub status: Option<SessionStatus>,
}

impl Session {
    /// Whether a claim may be drafted for it.
    #[must_use]
    pub const fn is_billable(&self) -> bool {
        !self.self_pay && !self.disclosure_restricted
    }

    /// It took place.
    ///
    /// # Errors
    /// When it is not scheduled.
    pub fn complete(&mut self, now: DateTime<Utc>) -> Result<(), Failure> {
        self.status = self.status.after(Move::Complete)?;
        self.completed_at = Some(now);
        self.changed(now);
        Ok(())
    }

    /// It does not take place.
    ///
    /// # Errors
    /// When it is not scheduled.
    pub fn cancel(&mut self, reason: Option<String>, now: DateTime<Utc>) -> Result<(), Failure> {
        self.status = self.status.after(Move::Cancel)?;
        self.cancelled_at = Some(now);
        self.cancellation_reason = reason;
        self.changed(now);
        Ok(())
    }

    /// Counts a change.
    pub fn changed(&mut self, now: DateTime<Utc>) {
        self.version += 1;
        self.updated_at = now;
    }
}

impl Disclosed for Session {
    const RESOURCE: &'static str = "session";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.id.uuid(), Some(self.patient_id.uuid()));
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AddOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AddOn(..)")
    }
}

/// Amounts are text in JSON, as they are on the wire.
mod amount_text {
    use bigdecimal::BigDecimal;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(amount: &BigDecimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&kernel::money::text(amount))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BigDecimal, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        kernel::money::parse(&text).map_err(|bad| D::Error::custom(bad.as_str()))
    }
}

#[cfg(test)]
mod tests;
