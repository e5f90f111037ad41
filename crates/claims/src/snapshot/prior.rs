//! What earlier payers decided, as a second or third payer must be told it.

use std::fmt;

use bigdecimal::BigDecimal;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Coverage, Person};

/// An earlier payer's decision on this claim.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PriorPayer {
    pub payer_id: String,
    #[serde(default)]
    pub payer_name: String,
    /// That payer's own number of its claim.
    #[serde(default)]
    pub payer_claim_number: String,
    /// The coverage that was billed there.
    #[serde(default)]
    pub coverage: Option<Coverage>,
    /// The person insured there, where it is not the patient.
    #[serde(default)]
    pub subscriber: Option<Person>,
    /// `P`, `S` or `T`.
    pub payer_sequence: String,
    /// The date of the decision, when it holds for the whole claim.
    pub adjudicated_on: Option<NaiveDate>,
    #[serde(with = "crate::amount::text")]
    pub paid: BigDecimal,
    /// Adjustments of the claim as a whole.
    pub adjustments: Vec<AdjustmentGroup>,
    pub lines: Vec<PriorLine>,
    /// That payer passed the claim on by itself.
    pub forwarded: bool,
}

/// An earlier payer's decision on one line.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PriorLine {
    pub control_number: String,
    pub adjudicated_on: Option<NaiveDate>,
    #[serde(with = "crate::amount::text")]
    pub paid: BigDecimal,
    pub adjustments: Vec<AdjustmentGroup>,
}

/// Adjustments under one group code (`CO`, `PR`, `OA`, `PI`).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AdjustmentGroup {
    pub group: String,
    pub items: Vec<PriorAdjustment>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PriorAdjustment {
    pub reason: String,
    #[serde(with = "crate::amount::text")]
    pub amount: BigDecimal,
}

macro_rules! shows_nothing {
    ($($name:ident)+) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

shows_nothing! { PriorPayer PriorLine AdjustmentGroup PriorAdjustment }
