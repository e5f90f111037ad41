//! The claim as it stood when it was checked: the input of the rules, kept unchanged with the submission.
//!
//! Values are as stored, possibly wrong: judging them is the rules' work. What the claim file codes is in its
//! codes (`18`, not `self`). A text that is not known is empty. Everything about a person prints as its ids only, so a snapshot can't leak into a log.

use std::fmt;

use bigdecimal::BigDecimal;
use chrono::NaiveDate;
use kernel::id::{ClaimId, CoverageId, PatientId, PracticeId, SessionId, TherapistId};
use serde::{Deserialize, Serialize};

use crate::repair::Repair;

pub use self::prior::{AdjustmentGroup, PriorAdjustment, PriorLine, PriorPayer};

pub mod convert;
pub mod prior;

/// The form that is written now. A reader of older rows can tell them by it.
pub const FORMAT: u16 = 1;

/// All that a payer will be told about one claim.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimSnapshot {
    pub format: u16,
    pub claim: ClaimFacts,
    pub billing_provider: BillingProvider,
    pub rendering_provider: RenderingProvider,
    pub supervising_provider: Option<SupervisingProvider>,
    pub patient_id: PatientId,
    pub patient: Person,
    /// Absent when no coverage of the patient was in question: a finding, not an error.
    pub coverage: Option<Coverage>,
    /// The insured person, where it is not the patient.
    pub subscriber: Option<Person>,
    /// Absent when the coverage's payer is not in the payer list.
    pub payer: Option<Payer>,
    /// The therapist's status with this payer on the date of service; empty when there is none.
    pub network_status: String,
    pub session: Session,
    pub lines: Vec<Line>,
    /// What earlier payers decided; filled for a second or third payer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prior_payers: Vec<PriorPayer>,
    /// The last day on which the payer takes the claim; known once the claim was judged.
    #[serde(default)]
    pub filing_deadline: Option<NaiveDate>,
    /// The rules that found nothing against it; empty until they were run.
    #[serde(default)]
    pub rule_set_version: String,
    /// What was put in another form than it is stored in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
}

/// Facts of the claim itself.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimFacts {
    pub claim_id: ClaimId,
    pub claim_number: String,
    /// `1` first claim, `7` replacement, `8` void.
    pub frequency: String,
    /// The payer's number of the original, for a replacement or void.
    pub original_payer_claim_number: String,
    /// `P`, `S` or `T`.
    pub payer_sequence: String,
    /// Date of service, in the practice's time zone.
    pub service_date: NaiveDate,
    /// In order of rank; the first is the principal one.
    pub diagnosis_codes: Vec<String>,
    pub prior_authorization: String,
    #[serde(with = "crate::amount::text")]
    pub charge_amount: BigDecimal,
    /// What the patient paid already.
    #[serde(with = "crate::amount::text")]
    pub copay_amount: BigDecimal,
    /// Why it is filed late (CLM20); given by an admin.
    #[serde(default)]
    pub delay_reason: String,
    #[serde(default)]
    pub note: String,
}

/// A postal address in the United States.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Address {
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub state: String,
    pub zip_code: String,
}

/// The practice.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingProvider {
    pub practice_id: PracticeId,
    pub name: String,
    pub npi: String,
    pub tax_id: String,
    /// `EI` employer number, `SY` social security number.
    pub tax_id_type: String,
    pub taxonomy: String,
    pub address: Address,
    /// Where payments go when not to `address`.
    pub pay_to_address: Option<Address>,
    pub contact_name: String,
    pub phone: String,
    /// The practice is a substance-use program under 42 CFR Part 2.
    pub part2_program: bool,
}

/// The therapist who held the session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderingProvider {
    pub therapist_id: TherapistId,
    pub first_name: String,
    pub last_name: String,
    pub npi: String,
    pub taxonomy: String,
    pub license_number: String,
    /// `independent`, `supervised` or `prescriber`.
    pub license_level: String,
    pub license_state: String,
    pub is_active: bool,
    pub employed_from: Option<NaiveDate>,
    pub employed_to: Option<NaiveDate>,
}

/// Who answers for a therapist that is not fully licensed yet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupervisingProvider {
    pub therapist_id: TherapistId,
    pub first_name: String,
    pub last_name: String,
    pub npi: String,
    pub taxonomy: String,
}

/// The patient or the subscriber.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub first_name: String,
    pub last_name: String,
    pub birth_date: Option<NaiveDate>,
    /// `F`, `M` or `U`.
    pub sex: String,
    pub address: Address,
}

/// The patient's insurance.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    pub coverage_id: CoverageId,
    pub payer_id: String,
    pub member_id: String,
    pub group_number: String,
    /// The patient's relationship to the subscriber: `18` self, `01` spouse, `19` child, …
    pub relationship: String,
    /// `P`, `S` or `T`.
    pub sequence: String,
    pub filing_indicator: String,
    /// Why Medicare is asked after another payer (SBR05): `12` working aged, `43` disabled, …; empty wherever it is not.
    // absent when empty, so that claims of before say what they said
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub insurance_type: String,
    pub effective_from: Option<NaiveDate>,
    /// The last day.
    pub effective_to: Option<NaiveDate>,
    /// The provider takes the payer's rate: `A`, `B` or `C` (CLM07).
    pub assignment: String,
    /// Benefits are paid to the provider: `Y`, `N` or `W` (CLM08).
    pub benefits_assigned: String,
    /// Release of information is on file: `Y` or `I` (CLM09); empty when it is not.
    pub release: String,
}

impl Coverage {
    /// Part A or B of Medicare.
    #[must_use]
    pub fn is_medicare(&self) -> bool {
        matches!(self.filing_indicator.as_str(), "MA" | "MB")
    }

    /// Whether it is Medicare's, in a turn after another payer: then a claim must say why.
    #[must_use]
    pub fn is_later_medicare(&self, payer_sequence: &str) -> bool {
        self.is_medicare() && payer_sequence != "P"
    }
}

/// Who is asked to pay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    pub payer_id: String,
    pub name: String,
    pub valid_from: Option<NaiveDate>,
    /// The last day.
    pub valid_to: Option<NaiveDate>,
}

/// The session that is billed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub session_id: SessionId,
    pub status: String,
    pub cpt_code: String,
    pub duration_minutes: Option<i32>,
    #[serde(with = "crate::amount::text")]
    pub fee: BigDecimal,
    #[serde(with = "crate::amount::text")]
    pub copay: BigDecimal,
    pub place_of_service: String,
    /// `in_person`, `video` or `audio`.
    pub modality: String,
    /// Where the patient was, for telehealth.
    pub patient_state: String,
    /// The patient paid out of pocket and forbade telling the plan (45 CFR 164.522).
    pub disclosure_restricted: bool,
    /// A substance-use record under 42 CFR Part 2.
    pub part2: bool,
    pub self_pay: bool,
}

/// One service line.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// From 1.
    pub line_number: i32,
    /// Names the line in the payer's answers (REF 6R).
    pub control_number: String,
    pub cpt_code: String,
    pub modifiers: Vec<String>,
    pub units: i32,
    #[serde(with = "crate::amount::text")]
    pub charge_amount: BigDecimal,
    pub place_of_service: String,
    /// Ranks in the claim's `diagnosis_codes`, from 1.
    pub diagnosis_pointers: Vec<i32>,
    pub service_date: NaiveDate,
    /// The session's where the line has none of its own.
    pub duration_minutes: Option<i32>,
}

/// Prints the named fields, which identify no person, and hides the rest.
macro_rules! shows_only {
    ($($name:ident { $($field:ident),* })+) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        })+
    };
}

shows_only! {
    ClaimSnapshot { claim, patient_id, session }
    ClaimFacts { claim_id, frequency, payer_sequence }
    Address {}
    BillingProvider { practice_id }
    RenderingProvider { therapist_id }
    SupervisingProvider { therapist_id }
    Person {}
    Coverage { coverage_id }
    Payer { payer_id }
    Session { session_id }
    Line {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::bench::clean_snapshot;

    #[test]
    fn a_snapshot_survives_json() {
        let snapshot = clean_snapshot();
        let json = serde_json::to_string(&snapshot).unwrap();
        assert_eq!(serde_json::from_str::<ClaimSnapshot>(&json).unwrap(), snapshot);
    }

    #[test]
    fn a_claim_that_says_nothing_of_medicare_is_written_and_read_as_before() {
        let mut snapshot = clean_snapshot();
        let before = serde_json::to_value(&snapshot).unwrap();
        assert_eq!(before["coverage"].get("insurance_type"), None);
        assert_eq!(serde_json::from_value::<ClaimSnapshot>(before).unwrap(), snapshot);
        snapshot.coverage.as_mut().unwrap().insurance_type = "43".into();
        let json = serde_json::to_value(&snapshot).unwrap();
        assert_eq!(json["coverage"]["insurance_type"], "43");
        assert_eq!(serde_json::from_value::<ClaimSnapshot>(json).unwrap(), snapshot);
    }

    #[test]
    fn amounts_and_dates_are_text_in_json() {
        let json = serde_json::to_value(clean_snapshot()).unwrap();
        assert_eq!(json["claim"]["charge_amount"], "150.00");
        assert_eq!(json["lines"][0]["charge_amount"], "150.00");
        assert_eq!(json["claim"]["service_date"], "2026-03-16");
    }

    #[test]
    fn debug_shows_nothing_about_the_patient() {
        let snapshot = clean_snapshot();
        let shown = format!("{snapshot:?} {:?} {:?} {:?}", snapshot.patient, snapshot.coverage, snapshot.lines);
        for secret in ["Avery", "Quill", "1990-01", "W123456789", "F41", "\"90837\"", "Main", "2026-03", "C7K2M9Q4"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}
