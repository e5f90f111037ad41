//! Professional claims (837P, 005010X222A1) as values: what a claim file says, and no more than therapy needs of it.
//!
//! A text that is not known is empty. Codes are as on the wire. Nothing here prints what identifies a patient:
//! `Debug` shows claim numbers, counts and codes only.

use std::fmt;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

pub use self::code::{
    AdjustmentGroup, Assignment, BenefitsAssigned, Frequency, Purpose, Release, Sequence, Sex, TaxIdType,
};
pub use self::other_payer::{Adjustment, Adjustments, LineDecision, OtherPayer, OtherSubscriber};
pub use self::party::{
    Address, BillingProvider, Name, Patient, Payer, Provider, Receiver, ServiceFacility, Submitter, Subscriber,
    Supervisor,
};
use crate::amount::Cents;
use crate::interchange::Interchange;

pub mod check;
pub mod code;
mod other_payer;
mod party;
pub mod read;
pub mod write;

/// A whole claim file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimFile {
    pub interchange: Interchange,
    pub batches: Vec<Batch>,
}

/// The claims of one practice for one receiver: one transaction set (ST to SE), or several when there are many.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    pub header: BatchHeader,
    /// Claims of one billing provider, subscriber or patient stand together, so that each is told once.
    pub claims: Vec<Claim>,
}

/// What is told once for all claims of a batch: BHT and loops 1000A and 1000B.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchHeader {
    /// BHT03: 1 to 26 characters, never used before; a 277CA answers to it (2200B TRN02).
    ///
    /// A batch that needs a second and third transaction set adds `-2` and `-3` to it.
    pub reference: String,
    /// BHT04 and BHT05, to the minute.
    pub created_at: NaiveDateTime,
    /// BHT02.
    #[serde(default = "original")]
    pub purpose: Purpose,
    pub submitter: Submitter,
    pub receiver: Receiver,
}

const fn original() -> Purpose {
    Purpose::Original
}

/// One claim with all that its hierarchy says above it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// CLM01: 1 to 20 characters. The payer's answers name the claim by it.
    pub number: String,
    /// Shared by the claims of a practice.
    pub billing_provider: Arc<BillingProvider>,
    pub subscriber: Subscriber,
    pub payer: Payer,
    /// Loop 2000C; absent when the subscriber is the patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<Patient>,
    /// CLM02: what the lines charge together.
    pub total: Cents,
    /// CLM05-1: two digits.
    pub place_of_service: String,
    /// CLM05-3.
    pub frequency: Frequency,
    /// CLM06: the provider's signature is on file.
    pub signature_on_file: bool,
    /// CLM07.
    pub assignment: Assignment,
    /// CLM08.
    pub benefits_assigned: BenefitsAssigned,
    /// CLM09.
    pub release: Release,
    /// CLM20: why it is filed late, a number of the guide's list.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub delay_reason: String,
    /// AMT*F5: what the patient paid already; not written when zero.
    #[serde(default, skip_serializing_if = "Cents::is_zero")]
    pub patient_paid: Cents,
    /// REF*G1.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prior_authorization: String,
    /// REF*F8: the payer's number of the claim that this one replaces or voids.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub payer_claim_number: String,
    /// REF*D9: 1 to 50 characters, of which receivers keep 20 at least; a 277CA gives it back.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trace: String,
    /// HI: ICD-10-CM without dots, the principal one first, at most 12.
    pub diagnoses: Vec<String>,
    /// Loop 2310B; not written when it has the billing provider's NPI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendering_provider: Option<Provider>,
    /// Loop 2310C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_facility: Option<ServiceFacility>,
    /// Loop 2310D.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervisor: Option<Supervisor>,
    /// Loop 2320: the patient's other payers, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_payers: Vec<OtherPayer>,
    /// Loop 2400: 1 to 50.
    pub lines: Vec<Line>,
}

/// One service: loop 2400. Its number (LX01) is its place in the claim, from 1.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// REF*6R: 1 to 30 characters, one of a kind in the claim; an 835 gives it back.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub control_number: String,
    /// SV101-2: five characters.
    pub procedure: String,
    /// SV101-3 to 6.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<String>,
    /// SV102.
    pub charge: Cents,
    /// SV104 with SV103 `UN`.
    pub units: u32,
    /// SV105; empty, and not written, when it is the claim's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place_of_service: String,
    /// SV107: places in the claim's `diagnoses`, from 1, at most 4.
    pub diagnosis_pointers: Vec<u8>,
    /// DTP*472: the local day.
    pub service_date: NaiveDate,
    /// The last day of a span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_date_to: Option<NaiveDate>,
    /// Loop 2430: what earlier payers decided about the line, at most 15.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<LineDecision>,
}

/// Prints the named fields, which identify no person, and hides the rest.
macro_rules! shows_only {
    ($($name:ident { $($field:ident),* })+) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        })+
    };
}
use shows_only;

shows_only! {
    ClaimFile { batches }
    BatchHeader { reference, created_at, purpose }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("header", &self.header)
            .field("claims", &self.claims.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("number", &self.number)
            .field("frequency", &self.frequency)
            .field("sequence", &self.subscriber.sequence)
            .field("lines", &self.lines.len())
            .field("other_payers", &self.other_payers.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("units", &self.units)
            .field("decisions", &self.decisions.len())
            .finish_non_exhaustive()
    }
}
