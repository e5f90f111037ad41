//! Whether a payment adds up. A remittance that doesn't is set aside; no line is ever invented to make it.
//!
//! The three equations are those of 005010X221A1, section 1.10.2. They hold for reversals too, whose amounts are negated.

use serde::Serialize;

use super::{Adjustment, ClaimPayment, Direction, LinePayment, Payment, Totals};
use crate::amount::Cents;
use crate::segment::Position;

/// What doesn't add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// SVC02 − ΣCAS of the line = SVC03.
    Line,
    /// CLP03 − ΣCAS of the claim and its lines = CLP04.
    Claim,
    /// ΣCLP04 − ΣPLB = BPR02, with the sign of BPR03.
    Payment,
}

/// One equation that doesn't hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Imbalance {
    /// Which equation.
    pub level: Level,
    /// Where the SVC, CLP or BPR is.
    pub position: Position,
    /// What the other amounts add up to.
    pub computed: Cents,
    /// What the file says is paid.
    pub paid: Cents,
}

/// The line's equation, when it doesn't hold.
#[must_use]
pub fn line(line: &LinePayment) -> Option<Imbalance> {
    let computed = line.charge.0.saturating_sub(adjusted(&line.adjustments));
    imbalance(Level::Line, line.position, computed, line.paid)
}

/// The equations of the claim and its lines that don't hold.
#[must_use]
pub fn claim(claim: &ClaimPayment) -> Vec<Imbalance> {
    let of_lines = claim.lines.iter().fold(0_i64, |sum, line| sum.saturating_add(adjusted(&line.adjustments)));
    let computed = claim.charge.0.saturating_sub(adjusted(&claim.adjustments)).saturating_sub(of_lines);
    let lines = claim.lines.iter().filter_map(line);
    lines.chain(imbalance(Level::Claim, claim.position, computed, claim.paid)).collect()
}

/// The equation of the payment as a whole, when it doesn't hold.
#[must_use]
pub fn payment(payment: &Payment, totals: &Totals) -> Option<Imbalance> {
    let sum = totals.paid.0.saturating_sub(totals.provider_adjusted.0);
    let computed = match payment.direction {
        Direction::Credit => sum,
        Direction::Debit => sum.saturating_neg(),
    };
    imbalance(Level::Payment, payment.position, computed, payment.amount)
}

fn adjusted(adjustments: &[Adjustment]) -> i64 {
    adjustments.iter().fold(0, |sum, one| sum.saturating_add(one.amount.0))
}

fn imbalance(level: Level, position: Position, computed: i64, paid: Cents) -> Option<Imbalance> {
    (computed != paid.0).then_some(Imbalance { level, position, computed: Cents(computed), paid })
}
