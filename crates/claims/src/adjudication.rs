//! A payer's decision: whether its amounts add up, and what it makes of the claim.
//!
//! The verdict is read off the adjustments. Payers say "processed" of a claim that they denied in full,
//! and older ones say "denied" for other things, so what they call it counts only when it says denied and
//! nothing was paid. An unbalanced decision is refused; no balancing amount is ever invented.

use bigdecimal::BigDecimal;

use crate::amount::{cents, from_cents};
use crate::codes::{ReasonClass, Reference};
use crate::lifecycle::{DeniedKind, PaidKind};

kernel::text_enum! {
    /// Who bears an adjustment.
    pub enum AdjustmentGroup {
        Contractual = "CO",
        PatientResponsibility = "PR",
        Other = "OA",
        PayerInitiated = "PI",
    }
}

/// An amount that was charged and that this payer does not pay.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Adjustment {
    pub group: AdjustmentGroup,
    /// Adjustment reason code, such as `45`.
    pub reason: String,
    /// Negative when it raises what is paid.
    #[serde(with = "crate::amount::text")]
    pub amount: BigDecimal,
}

/// What the payer says about one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The payer calls it a denial.
    pub says_denied: bool,
    /// The payer says that an appeal is possible.
    pub says_appealable: bool,
    pub paid: BigDecimal,
    /// `None` when it was not told apart from the adjustments.
    pub patient_responsibility: Option<BigDecimal>,
    pub adjustments: Vec<Adjustment>,
}

/// What the decision comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Paid(PaidKind),
    Denied(DeniedKind),
}

/// A decision whose amounts add up. All of them have two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjudicated {
    pub verdict: Verdict,
    pub paid: BigDecimal,
    /// What the patient is left with.
    pub patient_responsibility: BigDecimal,
    /// All that neither payer nor patient pays.
    pub adjusted: BigDecimal,
    /// The part of `adjusted` that settles nothing: refused, and perhaps worth a fight.
    pub refused: BigDecimal,
}

/// Why a decision can't be posted. No text repeats an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdjudicationError {
    #[error("an amount has parts of a cent or is out of range")]
    Amount { field: &'static str },
    #[error("an amount is below zero")]
    Negative { field: &'static str },
    #[error("an adjustment reason must be 1 to 5 letters and digits")]
    Reason,
    #[error("payment and adjustments do not add up to the charge")]
    Unbalanced,
    #[error("the patient's part is not the sum of the adjustments that are the patient's")]
    PatientResponsibility,
    #[error("a denial with a payment is neither")]
    DeniedButPaid,
}

impl AdjudicationError {
    /// Upper snake case; part of the API.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Amount { .. } => "REMITTANCE_AMOUNT_INVALID",
            Self::Negative { .. } => "REMITTANCE_AMOUNT_NEGATIVE",
            Self::Reason => "REMITTANCE_REASON_INVALID",
            Self::Unbalanced => "REMITTANCE_UNBALANCED",
            Self::PatientResponsibility => "REMITTANCE_PATIENT_RESPONSIBILITY_MISMATCH",
            Self::DeniedButPaid => "REMITTANCE_DENIED_BUT_PAID",
        }
    }
}

/// Judges a decision on a claim of that charge.
///
/// # Errors
/// When its amounts are no amounts or don't add up.
pub fn adjudicate(
    charge: &BigDecimal,
    decision: &Decision,
    codes: &Reference,
) -> Result<Adjudicated, AdjudicationError> {
    let charge = not_negative(charge, "charge")?;
    let paid = not_negative(&decision.paid, "paid")?;
    let sums = Sums::of(&decision.adjustments, codes)?;
    let explained = paid.checked_add(sums.all()?).ok_or(AdjudicationError::Unbalanced)?;
    if explained != charge {
        return Err(AdjudicationError::Unbalanced);
    }
    if sums.patient < 0 {
        return Err(AdjudicationError::Negative { field: "patient_responsibility" });
    }
    if let Some(told) = &decision.patient_responsibility
        && not_negative(told, "patient_responsibility")? != sums.patient
    {
        return Err(AdjudicationError::PatientResponsibility);
    }
    if decision.says_denied && paid > 0 {
        return Err(AdjudicationError::DeniedButPaid);
    }
    Ok(Adjudicated {
        verdict: verdict(decision, paid, &sums),
        paid: from_cents(paid),
        patient_responsibility: from_cents(sums.patient),
        adjusted: from_cents(sums.settled + sums.refused),
        refused: from_cents(sums.refused),
    })
}

/// Adjustments in cents, by what they mean.
#[derive(Default)]
struct Sums {
    patient: i64,
    /// Agreed by contract, or settled by an earlier payer.
    settled: i64,
    refused: i64,
    is_appealable: bool,
}

impl Sums {
    fn of(adjustments: &[Adjustment], codes: &Reference) -> Result<Self, AdjudicationError> {
        let mut sums = Self::default();
        for Adjustment { group, reason, amount } in adjustments {
            if !(1..=5).contains(&reason.len()) || !reason.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(AdjudicationError::Reason);
            }
            let amount = in_range(amount, "adjustments")?;
            let class = codes.reason(reason);
            let sum = if *group == AdjustmentGroup::PatientResponsibility {
                &mut sums.patient
            } else if is_settled(*group, class) {
                &mut sums.settled
            } else {
                sums.is_appealable |= class == Some(ReasonClass::Appeal);
                &mut sums.refused
            };
            *sum = sum.checked_add(amount).ok_or(AdjudicationError::Unbalanced)?;
        }
        Ok(sums)
    }

    fn all(&self) -> Result<i64, AdjudicationError> {
        let sum = self.patient.checked_add(self.settled).and_then(|sum| sum.checked_add(self.refused));
        sum.ok_or(AdjudicationError::Unbalanced)
    }
}

/// Whether the payer refused that part, so that it settles nothing.
#[must_use]
pub fn is_refused(group: AdjustmentGroup, reason: &str, codes: &Reference) -> bool {
    group != AdjustmentGroup::PatientResponsibility && !is_settled(group, codes.reason(reason))
}

const fn is_settled(group: AdjustmentGroup, class: Option<ReasonClass>) -> bool {
    match group {
        AdjustmentGroup::Contractual => matches!(class, Some(ReasonClass::WriteOff | ReasonClass::Info)),
        AdjustmentGroup::Other => matches!(class, Some(ReasonClass::WriteOff | ReasonClass::Info | ReasonClass::Cob)),
        AdjustmentGroup::PayerInitiated => matches!(class, Some(ReasonClass::Info)),
        AdjustmentGroup::PatientResponsibility => false,
    }
}

fn verdict(decision: &Decision, paid: i64, sums: &Sums) -> Verdict {
    let is_refused = paid == 0 && sums.patient == 0 && sums.refused != 0;
    if decision.says_denied || is_refused {
        let is_appealable = decision.says_appealable || sums.is_appealable;
        return Verdict::Denied(if is_appealable { DeniedKind::Appealable } else { DeniedKind::Plain });
    }
    Verdict::Paid(match (paid, sums.patient, sums.refused) {
        (0, 0, _) => PaidKind::ZeroContractual,
        (0, _, _) => PaidKind::ZeroPayPatientResponsibility,
        // nothing is left for anybody to pay
        (_, 0, 0) => PaidKind::Full,
        (_, _, _) => PaidKind::Partial,
    })
}

/// What the database's column holds.
const MOST: i64 = 999_999_999_999;

fn in_range(amount: &BigDecimal, field: &'static str) -> Result<i64, AdjudicationError> {
    cents(amount).filter(|cents| (-MOST..=MOST).contains(cents)).ok_or(AdjudicationError::Amount { field })
}

fn not_negative(amount: &BigDecimal, field: &'static str) -> Result<i64, AdjudicationError> {
    let cents = in_range(amount, field)?;
    if cents < 0 { Err(AdjudicationError::Negative { field }) } else { Ok(cents) }
}

#[cfg(test)]
mod tests;
