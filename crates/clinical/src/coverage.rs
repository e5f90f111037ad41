//! A coverage: what insurance a patient has with one payer, for a time.

pub mod convert;
pub mod service;
pub mod store;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use kernel::id::{CoverageId, PatientId, PracticeId};
use kernel::phi::Disclosed;
use kernel::text_enum;
use schema::tables::clinical::coverages;
use uuid::Uuid;

use crate::patient::Sex;

text_enum! {
    /// Which of a patient's payers is asked first.
    pub enum Sequence {
        Primary = "primary",
        Secondary = "secondary",
        Tertiary = "tertiary",
    }
}

text_enum! {
    /// What the patient is to the subscriber.
    pub enum Relationship {
        OneSelf = "self",
        Spouse = "spouse",
        Child = "child",
        Employee = "employee",
        LifePartner = "life_partner",
        Other = "other",
        Unknown = "unknown",
        OrganDonor = "organ_donor",
        CadaverDonor = "cadaver_donor",
    }
}

text_enum! {
    /// Why Medicare is asked after another payer.
    pub enum MedicareSecondaryReason {
        /// 65 or older, with the group health plan of an employer, the own or the spouse's.
        WorkingAged = "working_aged",
        /// In the months in which an employer's group health plan pays first.
        EndStageRenalDisease = "end_stage_renal_disease",
        NoFault = "no_fault",
        WorkersCompensation = "workers_compensation",
        /// Or another federal agency.
        PublicHealthService = "public_health_service",
        BlackLung = "black_lung",
        Veterans = "veterans",
        /// Under 65, with a large group health plan.
        Disabled = "disabled",
        OtherLiability = "other_liability",
    }
}

/// A coverage as stored.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = coverages, check_for_backend(diesel::pg::Pg), primary_key(practice_id, id))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Coverage {
    pub practice_id: PracticeId,
    pub id: CoverageId,
    pub patient_id: PatientId,
    /// Id in the payer list.
    pub payer_id: String,
    pub sequence: Sequence,
    pub member_id: Option<String>,
    pub group_number: Option<String>,
    pub relationship: Relationship,
    pub subscriber_first_name: Option<String>,
    pub subscriber_last_name: Option<String>,
    pub subscriber_date_of_birth: Option<NaiveDate>,
    pub subscriber_sex: Option<Sex>,
    pub subscriber_address_line1: Option<String>,
    pub subscriber_address_line2: Option<String>,
    pub subscriber_city: Option<String>,
    pub subscriber_state: Option<String>,
    pub subscriber_zip_code: Option<String>,
    /// X12 code of SBR09; that of the payer when missing.
    pub filing_indicator: Option<String>,
    /// Of claims only where the plan is Medicare's and not the first.
    pub medicare_secondary_reason: Option<MedicareSecondaryReason>,
    pub effective_from: NaiveDate,
    /// The last day.
    pub effective_to: Option<NaiveDate>,
    pub assignment_of_benefits: bool,
    pub release_of_information: bool,
    pub source: Option<String>,
    pub source_id: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a list is narrowed to.
#[derive(Debug)]
pub struct CoverageFilter {
    pub patient_id: PatientId,
    pub effective_on: Option<NaiveDate>,
}

impl Coverage {
    /// Whether it is in force on that day.
    #[must_use]
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.effective_from <= day && self.effective_to.is_none_or(|to| to >= day)
    }

    /// Whether both would be asked at the same time in the same turn.
    #[must_use]
    pub fn collides(&self, other: &Self) -> bool {
        self.id != other.id
            && self.sequence == other.sequence
            && self.effective_to.is_none_or(|to| to >= other.effective_from)
            && other.effective_to.is_none_or(|to| to >= self.effective_from)
    }
}

/// The member id of the first payer's coverage on that day, which the patient's row repeats.
pub fn primary_member_id<'a>(coverages: impl IntoIterator<Item = &'a Coverage>, today: NaiveDate) -> Option<&'a str> {
    let primary = |c: &&Coverage| c.sequence == Sequence::Primary && c.holds_on(today);
    coverages.into_iter().find(primary).and_then(|c| c.member_id.as_deref())
}

impl Disclosed for Coverage {
    const RESOURCE: &'static str = "coverage";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.id.uuid(), Some(self.patient_id.uuid()));
    }
}

impl std::fmt::Debug for Coverage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coverage").field("id", &self.id).field("patient_id", &self.patient_id).finish_non_exhaustive()
    }
}
