//! A patient: the row is the domain type.

pub mod convert;
pub mod service;
pub mod store;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use kernel::id::{PatientId, PracticeId, TherapistId};
use kernel::phi::Disclosed;
use kernel::text_enum;
use schema::tables::clinical::patients;
use uuid::Uuid;

text_enum! {
    /// Sex as payers record it.
    pub enum Sex {
        Female = "female",
        Male = "male",
        Unknown = "unknown",
    }
}

/// A patient as stored.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = patients, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub struct Patient {
    pub practice_id: PracticeId,
    pub id: PatientId,
    /// The assigned therapist.
    pub therapist_id: Option<TherapistId>,
    pub first_name: String,
    pub middle_name: Option<String>,
    pub last_name: String,
    pub date_of_birth: NaiveDate,
    pub sex: Sex,
    /// Follows the primary coverage.
    pub member_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub zip_code: Option<String>,
    pub is_active: bool,
    pub source: Option<String>,
    pub source_id: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The fields that an update changes; `None` leaves a field as it is.
#[derive(Default, AsChangeset)]
#[diesel(table_name = patients)]
pub struct PatientPatch {
    pub therapist_id: Option<Option<TherapistId>>,
    pub first_name: Option<String>,
    pub middle_name: Option<Option<String>>,
    pub last_name: Option<String>,
    pub date_of_birth: Option<NaiveDate>,
    pub sex: Option<Sex>,
    pub phone: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub address_line1: Option<Option<String>>,
    pub address_line2: Option<Option<String>>,
    pub city: Option<Option<String>>,
    pub state: Option<Option<String>>,
    pub zip_code: Option<Option<String>>,
    pub is_active: Option<bool>,
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub struct PatientFilter {
    pub include_inactive: bool,
    pub date_of_birth: Option<NaiveDate>,
    pub therapist_id: Option<TherapistId>,
}

impl Disclosed for Patient {
    const RESOURCE: &'static str = "patient";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.id.uuid(), Some(self.id.uuid()));
    }
}

impl std::fmt::Debug for Patient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patient").field("id", &self.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PatientPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatientPatch(..)")
    }
}
