//! Money, one row per movement, only ever added. A claim's amounts are sums of these.

pub mod store;

use bigdecimal::{BigDecimal, Zero};
use chrono::NaiveDate;
use kernel::id::ResponseId;
use kernel::text_enum;

use crate::adjudication::{Adjudicated, Adjustment, AdjustmentGroup, is_refused};
use crate::claim::Claim;
use crate::codes::Reference;

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

/// One movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    pub kind: LedgerKind,
    pub amount: BigDecimal,
    pub group: Option<AdjustmentGroup>,
    /// Claim adjustment reason code.
    pub reason: Option<String>,
    pub occurred_on: NaiveDate,
    /// The answer that moved it; none when the practice did.
    pub response: Option<ResponseId>,
}

/// What the movements of one kind and reason come to; never zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub kind: LedgerKind,
    pub group: Option<AdjustmentGroup>,
    pub reason: Option<String>,
    pub amount: BigDecimal,
}

impl Balance {
    /// The movement that brings it to zero.
    fn reversed(self, on: NaiveDate, response: Option<ResponseId>) -> LedgerEntry {
        let Self { kind, group, reason, amount } = self;
        LedgerEntry { kind, amount: -amount, group, reason, occurred_on: on, response }
    }
}

/// What an adjustment of that group is.
#[must_use]
pub const fn kind_of(group: AdjustmentGroup) -> LedgerKind {
    match group {
        AdjustmentGroup::PatientResponsibility => LedgerKind::PatientResponsibility,
        AdjustmentGroup::Contractual | AdjustmentGroup::Other | AdjustmentGroup::PayerInitiated => {
            LedgerKind::Adjustment
        }
    }
}

/// What the balances are with more movements; none of them is zero.
pub fn add_up(balances: &mut Vec<Balance>, entries: &[LedgerEntry]) {
    for LedgerEntry { kind, amount, group, reason, occurred_on: _, response: _ } in entries {
        match balances.iter_mut().find(|b| (b.kind, b.group, &b.reason) == (*kind, *group, reason)) {
            Some(balance) => balance.amount += amount,
            None => {
                balances.push(Balance { kind: *kind, group: *group, reason: reason.clone(), amount: amount.clone() });
            }
        }
    }
    balances.retain(|balance| !balance.amount.is_zero());
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
        response: Some(response),
    };
    let rest = adjustments.iter().map(|Adjustment { group, reason, amount }| LedgerEntry {
        kind: kind_of(*group),
        amount: amount.clone(),
        group: Some(*group),
        reason: Some(reason.clone()),
        occurred_on: on,
        response: Some(response),
    });
    std::iter::once(payment).chain(rest).filter(|entry| !entry.amount.is_zero()).collect()
}

/// The movements that give up what the payer refused: it is no open adjustment any more, but the practice's own loss. The
/// claim's sums stay what they are, since either is paid by nobody.
#[must_use]
pub fn write_off(balances: Vec<Balance>, codes: &Reference, on: NaiveDate) -> Vec<LedgerEntry> {
    let is_open = |balance: &Balance| {
        balance.kind == LedgerKind::Adjustment
            && balance.group.is_none_or(|group| is_refused(group, balance.reason.as_deref().unwrap_or_default(), codes))
    };
    let open: Vec<Balance> = balances.into_iter().filter(is_open).collect();
    let lost = LedgerEntry {
        kind: LedgerKind::WriteOff,
        amount: open.iter().map(|balance| &balance.amount).sum(),
        group: None,
        reason: None,
        occurred_on: on,
        response: None,
    };
    let closed = open.into_iter().map(|balance| balance.reversed(on, None));
    closed.chain(std::iter::once(lost)).filter(|entry| !entry.amount.is_zero()).collect()
}

/// The movements that take a payer's decision back, and the claim's sums without it. What the patient paid stays.
pub fn take_back(claim: &mut Claim, response: ResponseId, balances: Vec<Balance>, on: NaiveDate) -> Vec<LedgerEntry> {
    let mut entries = Vec::with_capacity(balances.len());
    for balance in balances {
        let sum = match balance.kind {
            LedgerKind::PayerPayment => &mut claim.paid_amount,
            LedgerKind::Adjustment | LedgerKind::WriteOff => &mut claim.adjusted_amount,
            LedgerKind::PatientResponsibility => &mut claim.patient_responsibility_amount,
            LedgerKind::Charge | LedgerKind::PatientPayment | LedgerKind::Refund => continue,
        };
        *sum -= &balance.amount;
        entries.push(balance.reversed(on, Some(response)));
    }
    entries
}

#[cfg(test)]
mod tests;
