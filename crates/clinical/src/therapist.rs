//! A therapist: who renders the services.

pub mod convert;
pub mod service;
pub mod store;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use kernel::id::{PracticeId, TherapistId};
use kernel::phi::Disclosed;
use kernel::text_enum;
use schema::tables::clinical::therapists;
use uuid::Uuid;

text_enum! {
    /// How far a license goes.
    pub enum LicenseLevel {
        Independent = "independent",
        /// Works under supervision; some payers want the supervisor named.
        Supervised = "supervised",
        Prescriber = "prescriber",
    }
}

/// A therapist as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = therapists, check_for_backend(diesel::pg::Pg), primary_key(practice_id, id))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Therapist {
    pub practice_id: PracticeId,
    pub id: TherapistId,
    pub first_name: String,
    pub last_name: String,
    /// Missing while a supervised therapist has none.
    pub npi: Option<String>,
    pub taxonomy: Option<String>,
    pub license_number: Option<String>,
    pub license_state: Option<String>,
    pub license_level: LicenseLevel,
    pub supervisor_id: Option<TherapistId>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub employed_from: Option<NaiveDate>,
    /// The last day.
    pub employed_to: Option<NaiveDate>,
    pub is_active: bool,
    pub source: Option<String>,
    pub source_id: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub struct TherapistFilter {
    pub include_inactive: bool,
    pub npi: Option<String>,
}

impl Disclosed for Therapist {
    const RESOURCE: &'static str = "therapist";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.id.uuid(), None);
    }
}
