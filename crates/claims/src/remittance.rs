//! Payments of payers as people look at them: what came, what it is for, and the queue of what could not be posted by itself.
//!
//! Taking a file in is [`crate::inbound`]'s. Here a person names the claim of what nobody could find: it is posted by the
//! same [`crate::response`] as if the file had named it. A match that was a mistake is taken back as a payer takes a
//! decision back, so that the ledger only grows.

pub mod convert;
pub mod desk;
pub mod error;
pub mod service;
pub mod store;

use std::fmt;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use kernel::id::{ClaimId, PatientId, RemittanceClaimId, RemittanceId, ResponseId};
use kernel::phi::Disclosed;
use kernel::text_enum;
use schema::Json;
use schema::tables::claims::{practice_ledger_entries, remittance_claims, remittances};
use serde::Deserialize;
use uuid::Uuid;
use x12::remittance::ClaimStatus;

use crate::adjudication::{Adjustment, AdjustmentGroup};
use crate::claim::Claim;
use crate::inbound::remit::{RemittanceClaimState, Terms};

text_enum! {
    /// Why somebody took it off the queue.
    pub enum Dismissal {
        NotOurs = "NOT_OURS",
        OtherSystem = "OTHER_SYSTEM",
        Duplicate = "DUPLICATE",
        ReturnedToPayer = "RETURNED_TO_PAYER",
        SettledOtherwise = "SETTLED_OTHERWISE",
    }
}

text_enum! {
    /// What it says otherwise than the claim.
    pub enum Mismatch {
        MemberId = "MEMBER_ID",
        ServiceDate = "SERVICE_DATE",
        Payer = "PAYER",
    }
}

/// Why it is unmatched although it was matched.
pub const MATCH_TAKEN_BACK: &str = "MATCH_TAKEN_BACK";

/// A payment as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = remittances, check_for_backend(diesel::pg::Pg))]
pub struct Remittance {
    pub id: RemittanceId,
    pub payer_id: Option<String>,
    pub payer_trace: String,
    pub payment_reference: String,
    pub payment_method: String,
    pub payment_date: NaiveDate,
    pub payment_amount: BigDecimal,
    pub claim_count: i32,
    pub is_complete: bool,
    pub received_at: DateTime<Utc>,
}

/// Money of a payment that belongs to no claim.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = practice_ledger_entries, check_for_backend(diesel::pg::Pg))]
pub struct AccountEntry {
    pub ordinal: i32,
    pub reason_code: String,
    pub reference: Option<String>,
    pub amount: BigDecimal,
}

/// A payment, and what of it is on the practice's own account.
#[derive(Debug, Clone)]
pub struct Payment {
    pub remittance: Remittance,
    pub account: Vec<AccountEntry>,
}

/// What a payment says of one claim, as stored.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = remittance_claims, check_for_backend(diesel::pg::Pg))]
pub struct RemittanceClaim {
    pub id: RemittanceClaimId,
    pub remittance_id: RemittanceId,
    pub ordinal: i32,
    pub claim_id: Option<ClaimId>,
    /// As received.
    pub claim_number: String,
    pub payer_claim_number: Option<String>,
    /// CLP02.
    pub payer_status_code: String,
    pub service_date: Option<NaiveDate>,
    pub charge_amount: BigDecimal,
    pub paid_amount: BigDecimal,
    pub patient_responsibility_amount: BigDecimal,
    pub adjustments: Json<Vec<Adjusted>>,
    pub lines: Json<Vec<Line>>,
    pub member_id: Option<String>,
    pub state: RemittanceClaimState,
    pub state_reason: Option<String>,
    /// The answer that it was posted as.
    pub acknowledgment_id: Option<ResponseId>,
    pub matched_at: Option<DateTime<Utc>>,
    /// Who named the claim, if the remittance didn't.
    pub matched_by: Option<Uuid>,
    pub version: i64,
}

/// An adjustment as it is kept; the group may be one that 835 has not.
#[derive(Clone, Deserialize)]
pub struct Adjusted {
    pub group: String,
    pub reason: String,
    #[serde(with = "crate::amount::text")]
    pub amount: BigDecimal,
}

/// Of a service line only what counts.
#[derive(Clone, Deserialize)]
pub struct Line {
    /// REF*6R.
    #[serde(default)]
    pub control_number: Option<String>,
    #[serde(with = "crate::amount::text")]
    pub charge: BigDecimal,
    #[serde(with = "crate::amount::text")]
    pub paid: BigDecimal,
    #[serde(default)]
    pub adjustments: Vec<Adjusted>,
}

impl RemittanceClaim {
    /// All adjustments, of the claim and of its lines.
    pub fn adjusted(&self) -> impl Iterator<Item = &Adjusted> {
        self.adjustments.0.iter().chain(self.lines.0.iter().flat_map(|line| &line.adjustments))
    }

    /// The answer that waits at its claim.
    #[must_use]
    pub fn waiting(&self) -> Option<ResponseId> {
        self.acknowledgment_id.filter(|_| self.state == RemittanceClaimState::Parked)
    }

    /// What decides, as it did when it came.
    #[must_use]
    pub fn terms(&self) -> Terms {
        let adjustment = |adjusted: &Adjusted| {
            let group: AdjustmentGroup = adjusted.group.parse().ok()?;
            Some(Adjustment { group, reason: adjusted.reason.clone(), amount: adjusted.amount.clone() })
        };
        Terms {
            status: ClaimStatus::of(&self.payer_status_code),
            paid: self.paid_amount.clone(),
            payer_claim_number: self.payer_claim_number.clone(),
            adjustments: self.adjusted().map(adjustment).collect(),
        }
    }
}

/// What is said otherwise than the claim says it; what only one of them tells is no difference.
#[must_use]
pub fn mismatches(claim: &Claim, member: Option<&str>, day: Option<NaiveDate>) -> Vec<Mismatch> {
    let coverage = claim.snapshot.as_ref().and_then(|snapshot| snapshot.0.coverage.as_ref());
    let is_other_member = member.zip(coverage).is_some_and(|(told, coverage)| told != coverage.member_id);
    let is_other_day = day.is_some_and(|day| day != claim.service_date);
    let all = [(is_other_member, Mismatch::MemberId), (is_other_day, Mismatch::ServiceDate)];
    all.into_iter().filter_map(|(differs, what)| differs.then_some(what)).collect()
}

/// What a payment says of a claim, and whose claim that is.
#[derive(Debug, Clone, Queryable)]
pub struct Told {
    pub told: RemittanceClaim,
    /// Unknown until it is matched.
    pub patient_id: Option<PatientId>,
}

impl Disclosed for Payment {
    const RESOURCE: &'static str = "remittance";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.remittance.id.uuid(), None);
    }
}

impl Disclosed for Told {
    const RESOURCE: &'static str = "remittance_claim";
    /// The claim beside it: whoever looks for what was done to a claim finds it.
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        let patient = self.patient_id.map(kernel::Id::uuid);
        each(self.told.id.uuid(), patient);
        if let Some(claim) = self.told.claim_id {
            each(claim.uuid(), patient);
        }
    }
}

/// What a list of payments is narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    pub payer: Option<String>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub is_complete: Option<bool>,
}

/// What a list of what payments say is narrowed to.
#[derive(Debug, Default)]
pub struct ToldFilter {
    pub remittance: Option<RemittanceId>,
    pub state: Option<RemittanceClaimState>,
    /// The queue.
    pub only_open: bool,
}

impl fmt::Debug for RemittanceClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemittanceClaim").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

impl fmt::Debug for Adjusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adjusted").field("group", &self.group).field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("adjustments", &self.adjustments).finish()
    }
}
