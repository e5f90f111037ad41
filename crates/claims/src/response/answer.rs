//! The answers there are, as they are kept.

use std::fmt;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Reason, RejectedBy};
use crate::adjudication::{Adjudicated, Adjustment, Decision, Verdict};
use crate::claim::Claim;
use crate::event::Kind;
use crate::lifecycle::{Ack, Event, PayerState};

/// The answer itself, as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    Received,
    Accepted {
        payer_claim_number: Option<String>,
    },
    Pended {
        reasons: Vec<Reason>,
    },
    /// Passed on undecided.
    Forwarded,
    Rejected {
        by: RejectedBy,
        reasons: Vec<Reason>,
    },
    Paid {
        #[serde(with = "crate::amount::text")]
        paid: BigDecimal,
        #[serde(with = "crate::amount::text")]
        patient_responsibility: BigDecimal,
        adjustments: Vec<Adjustment>,
        payer_claim_number: Option<String>,
        on: NaiveDate,
        /// Passed on to the next payer too.
        #[serde(default)]
        forwarded: bool,
    },
    Denied {
        adjustments: Vec<Adjustment>,
        reasons: Vec<Reason>,
        payer_claim_number: Option<String>,
        on: NaiveDate,
        appealable: bool,
    },
    /// A decision was taken back.
    Reversed {
        /// The decision's amounts; without them it is the one that stands.
        told: Option<Told>,
        on: NaiveDate,
    },
    Voided,
}

/// What a decision told of money.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    #[serde(with = "crate::amount::text")]
    pub paid: BigDecimal,
    #[serde(with = "crate::amount::text")]
    pub patient_responsibility: BigDecimal,
    pub adjustments: Vec<Adjustment>,
}

impl Answer {
    /// The kind as stored.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted { .. } => "accepted",
            Self::Pended { .. } => "pended",
            Self::Forwarded => "forwarded",
            Self::Rejected { .. } => "rejected",
            Self::Paid { .. } => "paid",
            Self::Denied { .. } => "denied",
            Self::Reversed { .. } => "reversed",
            Self::Voided => "voided",
        }
    }

    #[must_use]
    pub fn payer_claim_number(&self) -> Option<&str> {
        match self {
            Self::Accepted { payer_claim_number }
            | Self::Paid { payer_claim_number, .. }
            | Self::Denied { payer_claim_number, .. } => payer_claim_number.as_deref(),
            Self::Received
            | Self::Pended { .. }
            | Self::Forwarded
            | Self::Rejected { .. }
            | Self::Reversed { .. }
            | Self::Voided => None,
        }
    }

    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Pended { reasons } | Self::Rejected { reasons, .. } | Self::Denied { reasons, .. } => reasons,
            Self::Received
            | Self::Accepted { .. }
            | Self::Forwarded
            | Self::Paid { .. }
            | Self::Reversed { .. }
            | Self::Voided => &[],
        }
    }

    #[must_use]
    pub fn adjustments(&self) -> &[Adjustment] {
        match self {
            Self::Paid { adjustments, .. }
            | Self::Denied { adjustments, .. }
            | Self::Reversed { told: Some(Told { adjustments, .. }), on: _ } => adjustments,
            Self::Received
            | Self::Accepted { .. }
            | Self::Pended { .. }
            | Self::Forwarded
            | Self::Rejected { .. }
            | Self::Reversed { told: None, on: _ }
            | Self::Voided => &[],
        }
    }

    /// The codes that the feed tells: the reasons', or those of the adjustments as `CO-45`.
    #[must_use]
    pub fn codes(&self) -> Vec<String> {
        let adjusted = self.adjustments().iter().map(|a| format!("{}-{}", a.group, a.reason));
        let mut codes: Vec<String> = self.reasons().iter().map(|r| r.code.clone()).chain(adjusted).collect();
        codes.dedup();
        codes
    }

    /// The decision in a payment or denial.
    #[must_use]
    pub fn decision(&self) -> Option<Decision> {
        match self {
            Self::Paid { paid, patient_responsibility, adjustments, .. } => Some(Decision {
                says_denied: false,
                says_appealable: false,
                paid: paid.clone(),
                patient_responsibility: Some(patient_responsibility.clone()),
                adjustments: adjustments.clone(),
            }),
            Self::Denied { adjustments, appealable, .. } => Some(Decision {
                says_denied: true,
                says_appealable: *appealable,
                paid: kernel::money::zero(),
                patient_responsibility: None,
                adjustments: adjustments.clone(),
            }),
            Self::Received
            | Self::Accepted { .. }
            | Self::Pended { .. }
            | Self::Forwarded
            | Self::Rejected { .. }
            | Self::Reversed { .. }
            | Self::Voided => None,
        }
    }

    /// The decision that a reversal says it takes back: it must add up as it did then.
    #[must_use]
    pub fn reversed(&self) -> Option<Decision> {
        let Self::Reversed { told: Some(told), on: _ } = self else { return None };
        let Told { paid, patient_responsibility, adjustments } = told.clone();
        Some(Decision {
            says_denied: false,
            says_appealable: false,
            paid,
            patient_responsibility: Some(patient_responsibility),
            adjustments,
        })
    }

    /// Whether it posts money, or takes it back.
    #[must_use]
    pub const fn moves_money(&self) -> bool {
        match self {
            Self::Paid { .. } | Self::Denied { .. } | Self::Reversed { .. } | Self::Voided => true,
            Self::Received | Self::Accepted { .. } | Self::Pended { .. } | Self::Forwarded | Self::Rejected { .. } => {
                false
            }
        }
    }

    /// The day of the money that it moves.
    pub(super) const fn on(&self) -> Option<NaiveDate> {
        match self {
            Self::Paid { on, .. } | Self::Denied { on, .. } | Self::Reversed { on, .. } => Some(*on),
            Self::Received
            | Self::Accepted { .. }
            | Self::Pended { .. }
            | Self::Forwarded
            | Self::Rejected { .. }
            | Self::Voided => None,
        }
    }

    /// What happened to the claim, and what the feed calls it.
    pub(super) fn event(&self, claim: &Claim, at: DateTime<Utc>, decided: Option<&Adjudicated>) -> (Event, Kind) {
        let acknowledged = |ack| (Event::Acknowledged { ack, at }, Kind::Acknowledged);
        match (self, decided.map(|d| d.verdict)) {
            (_, Some(Verdict::Paid(kind))) => (Event::Paid { kind, at }, Kind::Paid),
            (_, Some(Verdict::Denied(kind))) => (Event::Denied { kind, at }, Kind::Denied),
            (Self::Accepted { .. }, None) => acknowledged(Ack::Accepted),
            (Self::Pended { .. }, None) => acknowledged(Ack::Pended),
            (Self::Rejected { by, .. }, None) => {
                // what the payer has accepted it rejects no more: this is of the void
                let kind =
                    if claim.payer_state == PayerState::VoidPending { Kind::VoidRefused } else { Kind::Rejected };
                (Event::Rejected { by: (*by).into(), at }, kind)
            }
            (Self::Forwarded, None) => (Event::Forwarded { at }, Kind::Forwarded),
            (Self::Reversed { .. }, None) => {
                // what was asked for is done, whatever the payer calls it
                let kind = if claim.payer_state == PayerState::VoidPending { Kind::Voided } else { Kind::Reversed };
                (Event::Reversed { at }, kind)
            }
            (Self::Voided, None) => (Event::Voided { at }, Kind::Voided),
            // a decision always comes with its verdict
            (Self::Received | Self::Paid { .. } | Self::Denied { .. }, None) => acknowledged(Ack::Received),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").finish_non_exhaustive()
    }
}
