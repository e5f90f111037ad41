//! A claim and its lines: the rows are the domain types.

pub mod convert;
mod desk;
pub mod error;
mod next;
mod proof;
mod ready;
pub(crate) mod replacing;
pub mod service;
pub mod store;
mod submit;
mod timeline;
pub mod upstream;

use std::fmt;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use kernel::id::{ClaimId, CoverageId, PatientId, PracticeId, SessionId, TherapistId};
use kernel::phi::Disclosed;
use kernel::text_enum;
use schema::Json;
use schema::tables::claims::{claim_lines, claims};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use self::desk::{saved, validated};
use crate::lifecycle::{Disposition, Event, IllegalTransition, PayerState, State, Status};
use crate::rules::{Finding, TIMELY_FILING_EXPIRED};
use crate::snapshot::ClaimSnapshot;

text_enum! {
    /// Which of the patient's payers is billed.
    pub enum PayerSequence {
        Primary = "primary",
        Secondary = "secondary",
        Tertiary = "tertiary",
    }
}

impl PayerSequence {
    /// The letter on a claim file (SBR01).
    #[must_use]
    pub const fn x12(self) -> &'static str {
        match self {
            Self::Primary => "P",
            Self::Secondary => "S",
            Self::Tertiary => "T",
        }
    }
}

/// A claim as stored.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = claims, primary_key(practice_id, id), check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Claim {
    pub practice_id: PracticeId,
    pub id: ClaimId,
    pub claim_number: String,
    pub session_id: SessionId,
    pub patient_id: PatientId,
    pub therapist_id: TherapistId,
    pub coverage_id: Option<CoverageId>,
    pub payer_id: Option<String>,
    pub payer_sequence: PayerSequence,
    pub status: Status,
    pub payer_state: PayerState,
    pub payer_state_at: Option<DateTime<Utc>>,
    pub was_transmitted: bool,
    /// Where it stands but for a void or a replacement that is on its way.
    #[diesel(column_name = before_void_status)]
    pub standing_status: Option<Status>,
    #[diesel(column_name = before_void_payer_state)]
    pub standing_payer_state: Option<PayerState>,
    pub disposition: Disposition,
    /// X12: `1` original, `7` replacement, `8` void.
    pub frequency: String,
    pub service_date: NaiveDate,
    /// In order of rank.
    pub diagnosis_codes: Json<Vec<String>>,
    pub prior_authorization: Option<String>,
    pub charge_amount: BigDecimal,
    pub copay_amount: BigDecimal,
    pub paid_amount: BigDecimal,
    pub adjusted_amount: BigDecimal,
    pub patient_responsibility_amount: BigDecimal,
    pub payer_claim_number: Option<String>,
    pub replaces_claim_id: Option<ClaimId>,
    /// The replacement that was made of it last.
    pub replaced_by_claim_id: Option<ClaimId>,
    /// The claim to the earlier payer, whose decision this one tells.
    pub prior_claim_id: Option<ClaimId>,
    /// The payer passed it on to the next payer by itself.
    pub is_forwarded: bool,
    pub filing_deadline: Option<NaiveDate>,
    /// Why it may be filed late (CLM20), once that was decided.
    pub delay_reason_code: Option<String>,
    pub validation_errors: Json<Vec<Finding>>,
    pub acknowledged_warnings: Json<Vec<Acknowledged>>,
    pub rule_set_version: Option<String>,
    pub snapshot: Option<Json<ClaimSnapshot>>,
    pub attempt: i32,
    pub submitted_at: Option<DateTime<Utc>>,
    pub adjudicated_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A warning that somebody accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    pub code: String,
    pub field: String,
    pub user_id: Uuid,
    pub at: DateTime<Utc>,
}

/// What a claim bills.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = claim_lines, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub struct ClaimLine {
    pub practice_id: PracticeId,
    pub claim_id: ClaimId,
    /// From 1.
    pub line_number: i32,
    pub cpt_code: String,
    pub modifiers: Json<Vec<String>>,
    pub units: i32,
    pub charge_amount: BigDecimal,
    pub place_of_service: String,
    /// Ranks in the claim's diagnoses, from 1.
    pub diagnosis_pointers: Json<Vec<i32>>,
    pub service_date: NaiveDate,
    pub duration_minutes: Option<i32>,
}

/// A claim together with its lines: what is read, checked and changed as one.
#[derive(Debug, Clone)]
pub struct Bill {
    pub claim: Claim,
    pub lines: Vec<ClaimLine>,
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub struct ClaimFilter {
    pub status: Option<Status>,
    pub session_id: Option<SessionId>,
    pub patient_id: Option<PatientId>,
    pub therapist_id: Option<TherapistId>,
    pub payer_id: Option<String>,
    /// The first day of service.
    pub from: Option<NaiveDate>,
    /// The last day of service.
    pub to: Option<NaiveDate>,
    pub include_inactive: bool,
}

impl Claim {
    #[must_use]
    pub fn state(&self) -> State {
        State {
            status: self.status,
            payer_state: self.payer_state,
            disposition: self.disposition,
            payer_state_at: self.payer_state_at,
            was_transmitted: self.was_transmitted,
            standing: self.standing_status.zip(self.standing_payer_state),
        }
    }

    /// Takes an event; tells whether it brought anything new.
    ///
    /// # Errors
    /// When the claim's state does not allow it.
    pub fn apply(&mut self, event: Event) -> Result<bool, IllegalTransition> {
        let before = self.state();
        let after = before.apply(event)?;
        let State { status, payer_state, disposition, payer_state_at, was_transmitted, standing } = after;
        self.status = status;
        self.payer_state = payer_state;
        self.disposition = disposition;
        self.payer_state_at = payer_state_at;
        self.was_transmitted = was_transmitted;
        (self.standing_status, self.standing_payer_state) = standing.unzip();
        Ok(before != after)
    }

    /// A change made by whoever acts now: the next version.
    pub const fn touch(&mut self, now: DateTime<Utc>) {
        self.version += 1;
        self.updated_at = now;
    }

    /// Bills that payer. What another one was said about being late doesn't count there.
    pub fn bill_to(&mut self, payer_id: &str, sequence: PayerSequence) {
        if self.payer_id.as_deref() != Some(payer_id) {
            self.delay_reason_code = None;
        }
        self.payer_id = Some(payer_id.to_owned());
        self.payer_sequence = sequence;
    }

    /// Forgets which warnings were accepted, since what somebody accepted was the claim as it stood. That it is late is not
    /// of its own making, and stays decided.
    pub fn forget_accepted(&mut self) {
        let is_excused = self.delay_reason_code.is_some();
        self.acknowledged_warnings.0.retain(|accepted| is_excused && accepted.code == TIMELY_FILING_EXPIRED);
    }

    /// Whether somebody accepted this warning.
    #[must_use]
    pub fn has_acknowledged(&self, finding: &Finding) -> bool {
        self.acknowledged_warnings.0.iter().any(|a| a.code == finding.code && a.field == finding.field)
    }
}

impl Disclosed for Claim {
    const RESOURCE: &'static str = "claim";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.id.uuid(), Some(self.patient_id.uuid()));
    }
}

impl Disclosed for Bill {
    const RESOURCE: &'static str = Claim::RESOURCE;
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        self.claim.disclosed(each);
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("id", &self.id).field("state", &self.state()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ClaimLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimLine").field("claim_id", &self.claim_id).finish_non_exhaustive()
    }
}
