//! What a payer paid and why: 835, the health care claim payment (005010X221A1).

pub mod balance;
mod claim;
mod payment;
mod reader;
mod write;

#[cfg(test)]
mod tests;

use std::io::Read;

use serde::Serialize;

pub use claim::{Adjustment, AdjustmentGroup, ClaimPayment, ClaimStatus, LinePayment, QualifiedAmount};
pub use payment::{Direction, Payee, Payer, Payment, ProviderAdjustment, ProviderAdjustments, Totals};
pub use reader::Reader;
pub use write::Writer;

pub use crate::procedure::Procedure;
use crate::sets::Sets;

/// The prefix of ST03 and GS08 that says 835.
pub const VERSION: &str = "005010X221";

/// What an 835 consists of, in this order: one payment, its claims, adjustments of the provider's account, the totals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The payment that the set explains.
    Payment(Box<Payment>),
    /// One claim, or one reversal of it.
    Claim(Box<ClaimPayment>),
    /// What is added to or taken from the payment beside all claims (PLB).
    ProviderAdjustments(ProviderAdjustments),
    /// The sums over the set, its last part.
    Totals(Totals),
}

/// Reads a file of 835 sets as it is asked for; sets of other kinds are told to be broken.
///
/// What the parts add up to is not checked here but by [`balance`].
pub fn read<R: Read>(source: R) -> Sets<R, Reader> {
    Sets::new(source)
}
