//! What an 835 says, as rows and answers: one remittance, its claims, and what is on the practice's own account.

pub mod store;

use bigdecimal::{BigDecimal, Zero};
use chrono::NaiveDate;
use kernel::text_enum;
use serde::Serialize;
use sha2::{Digest, Sha256};
use x12::Position;
use x12::remittance as wire;
use x12::remittance::{ClaimPayment, ClaimStatus, Payment};

use crate::adjudication::{Adjustment, AdjustmentGroup};
use crate::amount::from_cents;
use crate::response::{Answer, Told};

text_enum! {
    /// What became of one claim of a remittance.
    pub enum RemittanceClaimState {
        /// It is that claim's answer, and counts.
        Posted = "posted",
        /// The claim can't take it as it stands. Either the payer says more, as a reversal that must come before a
        /// correction, and it is posted then; or a person settles it.
        Parked = "parked",
        /// Nobody knows whose it is.
        Unmatched = "unmatched",
        /// There is nothing to post.
        Dismissed = "dismissed",
    }
}

/// What one claim of a remittance comes to.
#[derive(Debug, Clone)]
pub enum Said {
    Answer(Answer),
    /// Not to be posted as it stands, and why.
    Aside(RemittanceClaimState, &'static str),
}

/// SHA-256 of what is said, wherever in a file it is said.
fn sha256(value: &impl Serialize) -> Vec<u8> {
    // a model of plain structs always serializes
    Sha256::digest(serde_json::to_vec(value).unwrap_or_default()).to_vec()
}

/// Of a payment's header.
#[must_use]
pub fn digest(payment: &Payment) -> Vec<u8> {
    sha256(&Payment { position: Position::default(), notes: Vec::new(), ..payment.clone() })
}

/// Of one claim of it.
#[must_use]
pub fn claim_digest(claim: &ClaimPayment) -> Vec<u8> {
    let mut claim = ClaimPayment { position: Position::default(), notes: Vec::new(), ..claim.clone() };
    claim.lines.iter_mut().for_each(|line| line.position = Position::default());
    sha256(&claim)
}

/// The day of the money.
#[must_use]
pub fn paid_on(payment: &Payment, written_on: Option<NaiveDate>) -> Option<NaiveDate> {
    payment.paid_on.or(payment.produced_on).or(written_on)
}

/// What decides of a claim of a remittance, as it comes or as it was kept.
#[derive(Debug, Clone)]
pub struct Terms {
    pub status: Option<ClaimStatus>,
    /// As the payer signs it, which is below zero in a reversal; so are the adjustments.
    pub paid: BigDecimal,
    pub payer_claim_number: Option<String>,
    /// Of the claim and of its lines; none when one is of a group that 835 has not.
    pub adjustments: Option<Vec<Adjustment>>,
}

impl From<&ClaimPayment> for Terms {
    fn from(claim: &ClaimPayment) -> Self {
        let of_lines = claim.lines.iter().flat_map(|line| &line.adjustments);
        Self {
            status: claim.status,
            paid: from_cents(claim.paid.0),
            payer_claim_number: claim.payer_claim_number.clone(),
            adjustments: claim.adjustments.iter().chain(of_lines).map(adjusted).collect(),
        }
    }
}

/// What a claim of a remittance says to our claim.
#[must_use]
pub fn said(terms: Terms, on: NaiveDate) -> Said {
    use RemittanceClaimState::{Dismissed, Parked};
    let Terms { status, mut paid, payer_claim_number, adjustments } = terms;
    let Some(status) = status else { return Said::Aside(Parked, "CLAIM_STATUS_UNKNOWN") };
    let Some(mut adjustments) = adjustments else { return Said::Aside(Parked, "ADJUSTMENT_GROUP_UNKNOWN") };
    if matches!(status, ClaimStatus::Predetermination | ClaimStatus::NotOursForwarded) && !paid.is_zero() {
        return Said::Aside(Parked, "PAID_WITHOUT_DECISION");
    }
    if status == ClaimStatus::Reversal {
        paid = -paid;
        adjustments.iter_mut().for_each(|adjustment| adjustment.amount = -&adjustment.amount);
    }
    let of_patient = adjustments.iter().filter(|a| a.group == AdjustmentGroup::PatientResponsibility);
    let patient_responsibility: BigDecimal = of_patient.map(|a| &a.amount).sum();
    Said::Answer(match status {
        ClaimStatus::Predetermination => return Said::Aside(Dismissed, "PREDETERMINATION"),
        ClaimStatus::NotOursForwarded => Answer::Forwarded,
        ClaimStatus::Reversal => {
            Answer::Reversed { told: Some(Told { paid, patient_responsibility, adjustments }), on }
        }
        ClaimStatus::Denied if paid.is_zero() => {
            Answer::Denied { adjustments, reasons: Vec::new(), payer_claim_number, on, appealable: false }
        }
        ClaimStatus::Primary
        | ClaimStatus::Secondary
        | ClaimStatus::Tertiary
        | ClaimStatus::Denied
        | ClaimStatus::PrimaryForwarded
        | ClaimStatus::SecondaryForwarded
        | ClaimStatus::TertiaryForwarded => Answer::Paid {
            paid,
            patient_responsibility,
            adjustments,
            payer_claim_number,
            on,
            forwarded: is_forwarded(status),
        },
    })
}

const fn is_forwarded(status: ClaimStatus) -> bool {
    matches!(status, ClaimStatus::PrimaryForwarded | ClaimStatus::SecondaryForwarded | ClaimStatus::TertiaryForwarded)
}

fn adjusted(adjustment: &wire::Adjustment) -> Option<Adjustment> {
    let group = match adjustment.group {
        wire::AdjustmentGroup::Contractual => AdjustmentGroup::Contractual,
        wire::AdjustmentGroup::PatientResponsibility => AdjustmentGroup::PatientResponsibility,
        wire::AdjustmentGroup::Other => AdjustmentGroup::Other,
        wire::AdjustmentGroup::PayerInitiated => AdjustmentGroup::PayerInitiated,
        wire::AdjustmentGroup::Correction => return None,
    };
    Some(Adjustment { group, reason: adjustment.reason.to_string(), amount: from_cents(adjustment.amount.0) })
}

#[cfg(test)]
mod tests;
