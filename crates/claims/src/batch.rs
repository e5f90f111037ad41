//! Claim files: a practice's submissions for one trading partner, as the bytes that leave.

pub mod convert;
pub mod create;
pub mod file;
pub mod store;

use std::fmt;

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::id::{BatchId, PracticeId};
use kernel::phi::Disclosed;
use kernel::text_enum;
use schema::tables::claims::{batches, trading_partners};
use uuid::Uuid;

/// Claims of one file at most; a partner may take fewer.
pub const CLAIMS_MAX: i32 = 5000;

text_enum! {
    /// How far a file has come.
    pub enum BatchState {
        Created = "created",
        /// The partner has it.
        Transmitted = "transmitted",
        /// It can't be sent.
        Failed = "failed",
        /// The partner could read it.
        Acknowledged = "acknowledged",
        /// The partner rejected it as a whole.
        Rejected = "rejected",
    }
}

/// A file as stored, without its bytes.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = batches, check_for_backend(diesel::pg::Pg))]
pub struct Batch {
    pub practice_id: PracticeId,
    pub id: BatchId,
    pub trading_partner_id: String,
    /// ISA13 and GS06.
    pub control_number: i32,
    /// BHT03.
    pub reference: String,
    pub claim_count: i32,
    pub charge_amount: BigDecimal,
    /// SHA-256 of the bytes.
    pub content_hash: Vec<u8>,
    pub content_size: i32,
    pub state: BatchState,
    pub created_by: Uuid,
    pub transmitted_at: Option<DateTime<Utc>>,
    pub transmission_ref: Option<String>,
    pub failed_at: Option<DateTime<Utc>>,
    pub failure_reason: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Batch {
    /// What BHT03 says for a control number. A 277CA gives it back.
    #[must_use]
    pub fn reference(control_number: i32) -> String {
        format!("B{control_number:09}")
    }

    /// The control number in a reference of ours; `None` for anybody else's.
    #[must_use]
    pub fn control_number(reference: &str) -> Option<i32> {
        let digits = reference.strip_prefix('B').filter(|digits| digits.len() == 9)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    }
}

impl Disclosed for Batch {
    const RESOURCE: &'static str = "submission_batch";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.id.uuid(), None);
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// Whom files are exchanged with.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = trading_partners, check_for_backend(diesel::pg::Pg))]
pub struct TradingPartner {
    pub id: String,
    pub receiver_name: String,
    pub receiver_qualifier: String,
    pub receiver_id: String,
    pub submitter_name: String,
    pub submitter_qualifier: String,
    pub submitter_id: String,
    pub contact_name: String,
    pub contact_phone: String,
    pub is_production: bool,
    pub wants_ta1: bool,
    pub claims_per_batch: i32,
    pub is_default: bool,
    /// IANA name: the times in its files are local to it.
    pub time_zone: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_tells_its_control_number_and_nobody_elses_does() {
        assert_eq!(Batch::reference(42), "B000000042");
        assert_eq!(Batch::control_number("B000000042"), Some(42));
        for other in ["", "B42", "C000000042", "B00000004x", "B+00000042", "B0000000042"] {
            assert_eq!(Batch::control_number(other), None, "{other}");
        }
    }
}
