//! What a second or third payer must be told about the payers before it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::code::{AdjustmentGroup, BenefitsAssigned, Release, Sequence};
use super::party::{Address, Name};
use super::shows_only;
use crate::amount::Cents;

/// Another payer of the patient and what it decided about the claim: loops 2320, 2330A and 2330B.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherPayer {
    /// SBR01.
    pub sequence: Sequence,
    /// SBR02: what the patient is to this payer's subscriber, `18` self.
    pub relationship: String,
    /// SBR03.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group_number: String,
    /// SBR04; only without a group number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group_name: String,
    /// SBR05.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub insurance_type: String,
    /// SBR09.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filing_indicator: String,
    /// CAS: adjustments of the claim as a whole, one entry per group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustments>,
    /// AMT*D; absent when this payer has not decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Cents>,
    /// AMT*EAF: what the patient still owes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient_owes: Option<Cents>,
    /// OI03.
    pub benefits_assigned: BenefitsAssigned,
    /// OI06.
    pub release: Release,
    pub subscriber: OtherSubscriber,
    /// NM109 of loop 2330B: one of a kind in the claim, as lines name the payer by it.
    pub payer_id: String,
    /// NM103 of loop 2330B.
    pub payer_name: String,
    /// DTP*573: the day of the decision; absent when the lines tell it, as it stands at one level only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_on: Option<NaiveDate>,
    /// REF*F8: this payer's number of the claim.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub payer_claim_number: String,
}

/// Whose insurance with the other payer it is: loop 2330A.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherSubscriber {
    pub name: Name,
    /// NM109.
    pub member_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

/// Adjustments under one group code: one CAS.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjustments {
    /// CAS01.
    pub group: AdjustmentGroup,
    /// 1 to 6.
    pub items: Vec<Adjustment>,
}

/// Why, and by how much, a payer paid something else than was charged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    /// A claim adjustment reason code.
    pub reason: String,
    /// What was not paid; negative when more was.
    pub amount: Cents,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
}

/// An earlier payer's decision about one line: loop 2430.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineDecision {
    /// SVD01: the `payer_id` of one of the claim's other payers.
    pub payer_id: String,
    /// SVD02.
    pub paid: Cents,
    /// SVD03-2: what it paid for.
    pub procedure: String,
    /// SVD03-3 to 6.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<String>,
    /// SVD05.
    pub units: u32,
    /// CAS: one entry per group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustments>,
    /// DTP*573.
    pub decided_on: NaiveDate,
    /// AMT*EAF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient_owes: Option<Cents>,
}

shows_only! {
    OtherPayer { sequence, payer_id }
    OtherSubscriber {}
    Adjustments { group, items }
    Adjustment { reason }
    LineDecision { payer_id }
}
