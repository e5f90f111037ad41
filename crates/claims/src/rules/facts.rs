//! What the caller looked up for the rules: the payer's terms, and the claims beside this one.

use chrono::NaiveDate;
use kernel::id::{ClaimId, PatientId};

pub use self::pattern::{BadPattern, MemberIdPattern};

mod pattern;

/// What a payer expects. The default is what holds where nothing is known of a payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayerTerms {
    /// Days from the service to the last day of filing; by kind of plan when not given.
    pub timely_filing_days: Option<u32>,
    /// The modifier wanted for live video.
    pub telehealth_modifier: Option<String>,
    /// The modifier wanted for sessions by voice alone.
    pub audio_modifier: Option<String>,
    /// The place of service wanted for telehealth at home.
    pub telehealth_pos: Option<String>,
    /// A telehealth modifier with the office as place of service is refused.
    pub forbids_telehealth_in_office: bool,
    /// Services of a therapist under supervision are billed with the supervisor.
    pub wants_supervisor: bool,
    pub wants_taxonomy: bool,
    pub in_network_only: bool,
    /// Procedures that need a prior authorization.
    pub authorized_codes: Vec<String>,
    /// Most units of a procedure on a day.
    pub unit_caps: Vec<(String, i32)>,
    /// Months between two diagnostic evaluations.
    pub evaluation_months: u32,
    /// Eligibility is to be checked within so many days before the service.
    pub eligibility_days: Option<u32>,
    pub takes_replacements: bool,
    /// The billing address needs all nine digits of its ZIP code.
    pub needs_zip4: bool,
    /// What a whole member id looks like.
    pub member_id: Option<MemberIdPattern>,
}

impl PayerTerms {
    /// What holds where nothing is known of a payer.
    pub const UNKNOWN: Self = Self {
        timely_filing_days: None,
        telehealth_modifier: None,
        audio_modifier: None,
        telehealth_pos: None,
        forbids_telehealth_in_office: false,
        wants_supervisor: false,
        wants_taxonomy: false,
        in_network_only: false,
        authorized_codes: Vec::new(),
        unit_caps: Vec::new(),
        evaluation_months: 6,
        eligibility_days: None,
        takes_replacements: true,
        needs_zip4: true,
        member_id: None,
    };
}

impl Default for PayerTerms {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

/// The same, to borrow.
pub static UNKNOWN_TERMS: PayerTerms = PayerTerms::UNKNOWN;

/// Facts from outside the snapshot, as of now.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    pub terms: &'a PayerTerms,
    /// Another claim that counts and bills the same services of the same day.
    pub duplicate_of: Option<ClaimId>,
    /// Another claim that counts for the same session and payer sequence. The database lets no two stand beside each
    /// other (`claims_active_session_key`), so it is known only of claims that come from elsewhere.
    pub session_billed_by: Option<ClaimId>,
    /// Procedures of the same patient, therapist and day on other claims that count, duplicates apart.
    pub same_day_codes: &'a [String],
    /// The latest earlier diagnostic evaluation of the patient in this practice, if the session is one itself.
    pub last_evaluation_on: Option<NaiveDate>,
    /// Nothing is kept of eligibility checks yet: always `None`, and no payer's terms ask for one.
    pub eligibility_checked_on: Option<NaiveDate>,
    /// The patient's other coverages on the date of service.
    pub other_coverages: &'a [OtherCoverage],
    /// A consent to disclose Part 2 records is in force. Nothing is kept of consents yet: always `false`, so that such
    /// a record can't leave.
    pub has_part2_consent: bool,
    /// The claim that this one replaces. A void is sent under the claim's own row, and not judged: it says nothing new.
    pub replaces: Option<&'a ReplacedClaim>,
    /// Patient, coverage or practice changed since the snapshot was taken.
    pub is_stale: bool,
}

impl Default for Facts<'_> {
    fn default() -> Self {
        Self {
            terms: &UNKNOWN_TERMS,
            duplicate_of: None,
            session_billed_by: None,
            same_day_codes: &[],
            last_evaluation_on: None,
            eligibility_checked_on: None,
            other_coverages: &[],
            has_part2_consent: false,
            replaces: None,
            is_stale: false,
        }
    }
}

/// Another coverage of the patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherCoverage {
    /// `P`, `S` or `T`.
    pub sequence: String,
    pub filing_indicator: String,
}

/// What matters of the claim that is replaced or voided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedClaim {
    /// The payer took it in.
    pub was_accepted: bool,
    pub payer_id: String,
    pub patient_id: PatientId,
    pub billing_npi: String,
}
