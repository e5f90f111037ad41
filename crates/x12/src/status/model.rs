//! What a 277CA says of a batch, its providers and its claims.

use std::fmt;

use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;

use crate::amount::Cents;
use crate::code::Code;
use crate::error::Fault;
use crate::party::Person;
use crate::procedure::Procedure;
use crate::quantity::Quantity;
use crate::segment::Position;

/// What is said of the batch as a whole: BHT and loops 2000A and 2000B.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Batch {
    /// Where HL of loop 2000B is.
    pub position: Position,
    /// BHT03: the sender's own reference of this answer.
    pub reference: Option<String>,
    /// BHT04.
    pub created_on: Option<NaiveDate>,
    /// BHT05.
    pub created_at: Option<NaiveTime>,
    /// NM1 of loop 2100A: who answers.
    pub source: Option<Organization>,
    /// TRN02 of loop 2200A.
    pub source_trace: Option<String>,
    /// DTP 050: when the batch came to the source.
    pub received_on: Option<NaiveDate>,
    /// DTP 009: when the source processed it.
    pub processed_on: Option<NaiveDate>,
    /// NM1 of loop 2100B: who sent the batch.
    pub receiver: Option<Organization>,
    /// TRN02 of loop 2200B: our reference of the batch, its BHT03.
    pub batch_reference: Option<String>,
    /// STC of loop 2200B.
    pub statuses: Vec<Status>,
    /// QTY and AMT of loop 2200B.
    pub tally: Tally,
    /// Fields that were left out because they can't be read.
    pub notes: Vec<Fault>,
}

/// NM1 of one that answers, sends or bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Organization {
    /// NM101, such as `AY` for a clearinghouse, `PR` for a payer or `41` for a submitter.
    pub role: Option<Code>,
    /// NM103.
    pub name: Option<String>,
    /// NM108.
    pub id_qualifier: Option<Code>,
    /// NM109.
    pub id: Option<String>,
}

/// How many claims of what worth were taken and refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// QTY `90` of a batch, `QA` of a provider.
    pub accepted: Option<Quantity>,
    /// QTY `AA` of a batch, `QC` of a provider.
    pub rejected: Option<Quantity>,
    /// AMT `YU`.
    pub accepted_amount: Option<Cents>,
    /// AMT `YY`.
    pub rejected_amount: Option<Cents>,
}

/// What is said of a billing provider's claims as a whole: loop 2000C.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provider {
    /// Where HL is.
    pub position: Position,
    /// NM1 `85`.
    pub billing: Option<Organization>,
    /// TRN02; `0` where there is nothing to tell.
    pub trace: Option<String>,
    /// STC of loop 2200C.
    pub statuses: Vec<Status>,
    /// QTY and AMT of loop 2200C.
    pub tally: Tally,
    /// Fields that were left out because they can't be read.
    pub notes: Vec<Fault>,
}

/// What became of one claim: loop 2000D.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Where HL is, or TRN for a further claim of the same patient.
    pub position: Position,
    /// NM1 `QC`.
    pub patient: Option<Person>,
    /// TRN02: our claim number, the CLM01 that was sent.
    pub claim_number: Option<String>,
    /// STC, at least one in a lawful file.
    pub statuses: Vec<Status>,
    /// REF `1K`: the payer's claim number.
    pub payer_claim_number: Option<String>,
    /// REF `D9`: the clearinghouse's trace number.
    pub trace: Option<String>,
    /// DTP 472, the first day of service.
    pub served_from: Option<NaiveDate>,
    /// DTP 472, the last day of service.
    pub served_through: Option<NaiveDate>,
    /// Loop 2220D: the lines that something is said of.
    pub lines: Vec<Line>,
    /// Fields that were left out because they can't be read.
    pub notes: Vec<Fault>,
}

impl fmt::Debug for Claim {
    /// Without people, references and dates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("position", &self.position)
            .field("statuses", &self.statuses)
            .field("lines", &self.lines)
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

/// What is said of a line: loop 2220D.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Where SVC is.
    pub position: Position,
    /// SVC01.
    pub procedure: Option<Procedure>,
    /// SVC02.
    pub charge: Option<Cents>,
    /// SVC07.
    pub units: Option<Quantity>,
    /// STC.
    pub statuses: Vec<Status>,
    /// REF `FJ`: our line control number.
    pub control_number: Option<String>,
    /// DTP 472.
    pub served_from: Option<NaiveDate>,
    /// DTP 472.
    pub served_through: Option<NaiveDate>,
}

impl fmt::Debug for Line {
    /// Without procedures, references and dates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("position", &self.position)
            .field("statuses", &self.statuses)
            .finish_non_exhaustive()
    }
}

/// STC: what is said.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// STC01, and STC10 and STC11 where one isn't enough: one to three.
    pub codes: Vec<StatusCode>,
    /// STC02: since when it is so.
    pub effective_on: Option<NaiveDate>,
    /// STC03.
    pub action: Option<Action>,
    /// STC04: the charge that it is about.
    pub amount: Option<Cents>,
    /// Whether STC12 has free text. The text itself is left out: people write about people there.
    pub has_text: bool,
}

impl fmt::Debug for Status {
    /// Without the date.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status")
            .field("codes", &self.codes)
            .field("action", &self.action)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}

/// C043: a status in the words of code lists 507 and 508.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StatusCode {
    /// The category (507), such as `A2` for accepted or `A7` for rejected because of wrong content.
    pub category: Code,
    /// The status (508), such as `562` for the NPI.
    pub status: Code,
    /// Whom it is about (98), such as `85` for the billing provider or `IL` for the subscriber.
    pub entity: Option<Code>,
}

/// STC03.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `WQ`: taken.
    Accept,
    /// `U`: refused.
    Reject,
}
