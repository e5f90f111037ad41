//! Money, one row per movement, only ever added. A claim's amounts are sums of these.

pub mod store;

use bigdecimal::{BigDecimal, Zero};
use chrono::NaiveDate;
use kernel::id::ResponseId;
use kernel::text_enum;

use crate::adjudication::{Adjudicated, Adjustment, AdjustmentGroup};
use crate::claim::Claim;

text_enum! {
    /// What moved.
    pub enum LedgerKind {
        Charge = "charge",
        PayerPayment = "payer_payment",
        PatientPayment = "patient_payment",
        /// Paid by nobody.
        Adjustment = "adjustment",
        PatientResponsibility = "patient_responsibility",
        WriteOff = "write_off",
        Refund = "refund",
    }
}

/// One movement of a payer's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    pub kind: LedgerKind,
    pub amount: BigDecimal,
    pub group: Option<AdjustmentGroup>,
    /// Claim adjustment reason code.
    pub reason: Option<String>,
    pub occurred_on: NaiveDate,
    /// The answer that moved it.
    pub response: ResponseId,
}

/// The movements of a decision, and the claim's sums with them.
pub fn post(
    claim: &mut Claim,
    response: ResponseId,
    decided: &Adjudicated,
    adjustments: &[Adjustment],
    on: NaiveDate,
) -> Vec<LedgerEntry> {
    let Adjudicated { verdict: _, paid, patient_responsibility, adjusted, refused: _ } = decided;
    claim.paid_amount += paid;
    claim.patient_responsibility_amount += patient_responsibility;
    claim.adjusted_amount += adjusted;
    let payment = LedgerEntry {
        kind: LedgerKind::PayerPayment,
        amount: paid.clone(),
        group: None,
        reason: None,
        occurred_on: on,
        response,
    };
    let rest = adjustments.iter().map(|Adjustment { group, reason, amount }| LedgerEntry {
        kind: match group {
            AdjustmentGroup::PatientResponsibility => LedgerKind::PatientResponsibility,
            AdjustmentGroup::Contractual | AdjustmentGroup::Other | AdjustmentGroup::PayerInitiated => {
                LedgerKind::Adjustment
            }
        },
        amount: amount.clone(),
        group: Some(*group),
        reason: Some(reason.clone()),
        occurred_on: on,
        response,
    });
    std::iter::once(payment).chain(rest).filter(|entry| !entry.amount.is_zero()).collect()
}
