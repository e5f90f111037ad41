//! The payment as a whole: its header, what is settled beside the claims, and its sums.

use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;

use crate::amount::Cents;
use crate::code::Code;
use crate::error::Fault;
use crate::party::{Address, Contact};
use crate::segment::Position;

/// The header of an 835: BPR, TRN, DTM and loops 1000A and 1000B. Account numbers are left out on purpose.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// Where BPR is.
    pub position: Position,
    /// BPR01, such as `I` for remittance information only or `H` for notification only.
    pub handling: Option<Code>,
    /// BPR02: what is paid, never negative in a lawful file.
    pub amount: Cents,
    /// BPR03.
    pub direction: Direction,
    /// BPR04, such as `ACH`, `CHK` or `NON`.
    pub method: Option<Code>,
    /// BPR16: when the money moves.
    pub paid_on: Option<NaiveDate>,
    /// TRN02: the number of the check or of the transfer.
    pub number: String,
    /// TRN03: `1` and the payer's tax id, mostly.
    pub payer_identifier: Option<String>,
    /// TRN04.
    pub payer_supplement: Option<String>,
    /// DTM 405: the end of the adjudication cycle.
    pub produced_on: Option<NaiveDate>,
    /// Loop 1000A.
    pub payer: Payer,
    /// Loop 1000B.
    pub payee: Payee,
    /// Fields that were left out because they can't be read.
    pub notes: Vec<Fault>,
}

impl fmt::Debug for Payment {
    /// Without dates and account numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payment")
            .field("position", &self.position)
            .field("amount", &self.amount)
            .field("direction", &self.direction)
            .field("method", &self.method)
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

/// BPR03.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// `C`: to the payee.
    Credit,
    /// `D`: from the payee.
    Debit,
}

/// Who pays: N1 `PR`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Payer {
    /// N102.
    pub name: Option<String>,
    /// N104, or the first REF `2U` where there is none.
    pub id: Option<String>,
    /// N3 and N4.
    pub address: Address,
    /// PER `BL`: whom to ask about the file itself.
    pub contact: Contact,
}

/// Who is paid: N1 `PE`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Payee {
    /// N102.
    pub name: Option<String>,
    /// N104 with `XX`.
    pub npi: Option<String>,
    /// N104 with `FI`, or REF `TJ`: the tax id.
    pub tax_id: Option<String>,
}

/// PLB: what is settled with the provider beside all claims.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ProviderAdjustments {
    /// Where PLB is.
    pub position: Position,
    /// PLB01.
    pub provider_id: Option<String>,
    /// PLB02: the last day of the fiscal year, often just 31 December.
    pub fiscal_period_ends: Option<NaiveDate>,
    /// PLB03 to PLB14: at least one, at most six.
    pub adjustments: Vec<ProviderAdjustment>,
    /// Fields that were left out because they can't be read.
    pub notes: Vec<Fault>,
}

impl fmt::Debug for ProviderAdjustments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderAdjustments")
            .field("position", &self.position)
            .field("adjustments", &self.adjustments)
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

/// One adjustment of a PLB.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ProviderAdjustment {
    /// The first component of PLB03, such as `WO` for a recovered overpayment or `L6` for interest.
    pub reason: Code,
    /// The second: mostly the claim number or the payer's, sometimes with more behind it.
    pub reference: Option<String>,
    /// PLB04: positive lowers the payment, negative raises it.
    pub amount: Cents,
}

impl fmt::Debug for ProviderAdjustment {
    /// Without the reference: some payers write a member id into it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderAdjustment")
            .field("reason", &self.reason)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}

/// The sums over one set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// How many CLP there are, reversals included.
    pub claims: u64,
    /// The sum of CLP03.
    pub charged: Cents,
    /// The sum of CLP04.
    pub paid: Cents,
    /// The sum over all PLB: positive lowers the payment.
    pub provider_adjusted: Cents,
}
