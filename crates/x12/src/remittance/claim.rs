//! One claim of a payment, its lines and their adjustments: loops 2100 and 2110.

use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;

use crate::amount::Cents;
use crate::code::Code;
use crate::error::Fault;
use crate::party::Person;
use crate::procedure::Procedure;
use crate::quantity::Quantity;
use crate::segment::Position;

/// What a payer decided about a claim, loop 2100.
///
/// Whether it is denied doesn't follow from the status alone: a known patient's denied claim arrives as processed, with
/// nothing paid and the whole charge adjusted.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ClaimPayment {
    /// Where CLP is.
    pub position: Position,
    /// CLP01: our claim number, the CLM01 that was sent; some payers cut it.
    pub claim_number: String,
    /// CLP02; none, with a note, for a code that 005010X221A1 doesn't have.
    pub status: Option<ClaimStatus>,
    /// CLP03; negative in a reversal.
    pub charge: Cents,
    /// CLP04; negative in a reversal.
    pub paid: Cents,
    /// CLP05.
    pub patient_responsibility: Option<Cents>,
    /// CLP06: the kind of plan, such as `12` for a PPO or `MC` for Medicaid.
    pub filing_indicator: Option<Code>,
    /// CLP07: the payer's claim number, which a correction must repeat.
    pub payer_claim_number: Option<String>,
    /// CLP08: the place of service.
    pub facility: Option<Code>,
    /// CLP09: the claim's frequency, such as `1` for an original.
    pub frequency: Option<Code>,
    /// CAS of the claim as a whole; those of the lines are with the lines.
    pub adjustments: Vec<Adjustment>,
    /// NM1 `QC`.
    pub patient: Option<Person>,
    /// NM1 `IL`, when another than the patient.
    pub subscriber: Option<Person>,
    /// NM1 `74`: name or id as the payer has them.
    pub corrected: Option<Person>,
    /// NM1 `82` with an NPI.
    pub rendering_npi: Option<String>,
    /// DTM 232, the first day of service.
    pub served_from: Option<NaiveDate>,
    /// DTM 233, the last day of service.
    pub served_through: Option<NaiveDate>,
    /// DTM 050.
    pub received_on: Option<NaiveDate>,
    /// The remark codes (RARC) of MOA and MIA.
    pub remarks: Vec<Code>,
    /// AMT, such as `AU` for the amount that was covered.
    pub amounts: Vec<QualifiedAmount>,
    /// Loop 2110; none when the payer decided about the claim as a whole.
    pub lines: Vec<LinePayment>,
    /// Fields that were left out because they can't be read.
    pub notes: Vec<Fault>,
}

impl fmt::Debug for ClaimPayment {
    /// Without people, references and dates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimPayment")
            .field("position", &self.position)
            .field("status", &self.status)
            .field("charge", &self.charge)
            .field("paid", &self.paid)
            .field("adjustments", &self.adjustments)
            .field("remarks", &self.remarks)
            .field("lines", &self.lines)
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

/// CLP02.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStatus {
    /// `1`: processed as the first payer.
    Primary,
    /// `2`: processed as the second payer.
    Secondary,
    /// `3`: processed as the third payer.
    Tertiary,
    /// `4`: denied; by the guide only for a patient who isn't known and a claim that isn't forwarded.
    Denied,
    /// `19`: as `1`, and forwarded to another payer.
    PrimaryForwarded,
    /// `20`: as `2`, and forwarded.
    SecondaryForwarded,
    /// `21`: as `3`, and forwarded.
    TertiaryForwarded,
    /// `22`: takes back a former decision, with all its amounts negated.
    Reversal,
    /// `23`: not this payer's claim, forwarded.
    NotOursForwarded,
    /// `25`: what would be paid.
    Predetermination,
}

const STATUSES: &[(&str, ClaimStatus)] = &[
    ("1", ClaimStatus::Primary),
    ("2", ClaimStatus::Secondary),
    ("3", ClaimStatus::Tertiary),
    ("4", ClaimStatus::Denied),
    ("19", ClaimStatus::PrimaryForwarded),
    ("20", ClaimStatus::SecondaryForwarded),
    ("21", ClaimStatus::TertiaryForwarded),
    ("22", ClaimStatus::Reversal),
    ("23", ClaimStatus::NotOursForwarded),
    ("25", ClaimStatus::Predetermination),
];

impl ClaimStatus {
    /// Of the code in CLP02.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        STATUSES.iter().find(|(one, _)| *one == code).map(|(_, status)| *status)
    }

    /// The code in CLP02.
    #[must_use]
    pub fn code(self) -> &'static str {
        STATUSES.iter().find(|(_, status)| *status == self).map_or("", |(code, _)| code)
    }
}

/// Why a part of the charge isn't paid by this payer: one triplet of a CAS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Adjustment {
    /// CAS01.
    pub group: AdjustmentGroup,
    /// The reason (CARC), such as `45` or `A2`.
    pub reason: Code,
    /// What is taken off the charge; negative adds to it.
    pub amount: Cents,
    /// Units that are taken off.
    pub quantity: Option<Quantity>,
}

/// CAS01: who bears an adjustment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentGroup {
    /// `CO`: the provider, by contract.
    Contractual,
    /// `PR`: the patient.
    PatientResponsibility,
    /// `OA`: told otherwise.
    Other,
    /// `PI`: the provider, by the payer's decision without a contract.
    PayerInitiated,
    /// `CR`: a correction, which 4010 had and 5010 has not; some payers still write it.
    Correction,
}

impl AdjustmentGroup {
    /// Of the code in CAS01.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        match code {
            "CO" => Some(Self::Contractual),
            "PR" => Some(Self::PatientResponsibility),
            "OA" => Some(Self::Other),
            "PI" => Some(Self::PayerInitiated),
            "CR" => Some(Self::Correction),
            _ => None,
        }
    }

    /// The code in CAS01.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Contractual => "CO",
            Self::PatientResponsibility => "PR",
            Self::Other => "OA",
            Self::PayerInitiated => "PI",
            Self::Correction => "CR",
        }
    }
}

/// An AMT segment: an amount and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct QualifiedAmount {
    /// AMT01, such as `B6` for what the payer allows.
    pub qualifier: Code,
    /// AMT02.
    pub amount: Cents,
}

/// What a payer decided about one service line, loop 2110.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct LinePayment {
    /// Where SVC is.
    pub position: Position,
    /// SVC01: what was adjudicated.
    pub procedure: Procedure,
    /// SVC02; negative in a reversal.
    pub charge: Cents,
    /// SVC03; negative in a reversal.
    pub paid: Cents,
    /// SVC04, in hospitals.
    pub revenue_code: Option<Code>,
    /// SVC05: the units paid, 1 when left out.
    pub units: Option<Quantity>,
    /// SVC06: what was submitted, when the payer changed it.
    pub submitted: Option<Procedure>,
    /// SVC07: the units submitted, when the payer changed them.
    pub submitted_units: Option<Quantity>,
    /// DTM 472 or 150.
    pub served_from: Option<NaiveDate>,
    /// DTM 472 or 151.
    pub served_through: Option<NaiveDate>,
    /// CAS of the line.
    pub adjustments: Vec<Adjustment>,
    /// REF `6R`: our line control number.
    pub control_number: Option<String>,
    /// AMT of the line.
    pub amounts: Vec<QualifiedAmount>,
    /// LQ `HE`: the remark codes (RARC).
    pub remarks: Vec<Code>,
}

impl fmt::Debug for LinePayment {
    /// Without procedures, references and dates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinePayment")
            .field("position", &self.position)
            .field("charge", &self.charge)
            .field("paid", &self.paid)
            .field("adjustments", &self.adjustments)
            .field("remarks", &self.remarks)
            .finish_non_exhaustive()
    }
}
