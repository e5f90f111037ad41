//! What a clearinghouse or payer answered to a claim, and what that makes of the claim.

pub mod convert;
pub mod store;

use std::fmt;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::id::{ClaimId, ResponseId, SubmissionId};
use kernel::text_enum;
use serde::{Deserialize, Serialize};

use crate::adjudication::{Adjudicated, Adjustment, Decision, Verdict};
use crate::claim::Claim;
use crate::event::Kind;
use crate::ledger::{self, LedgerEntry};
use crate::lifecycle::{Ack, Disposition, Event, IllegalTransition, PayerState, Rejector, Status};
use crate::rules::{Finding, Source};

text_enum! {
    /// Who would not take a claim.
    pub enum RejectedBy {
        Transport = "transport",
        Clearinghouse = "clearinghouse",
        Payer = "payer",
    }
}

text_enum! {
    /// What an answer did when it came.
    pub enum ResponseOutcome {
        Applied = "applied",
        /// Late or overtaken: no effect.
        Recorded = "recorded",
        /// Not possible yet: waits.
        Parked = "parked",
    }
}

/// A code as the answer gave it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

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
    },
    Denied {
        adjustments: Vec<Adjustment>,
        reasons: Vec<Reason>,
        payer_claim_number: Option<String>,
        on: NaiveDate,
        appealable: bool,
    },
    Voided,
}

/// An answer as somebody reports it.
#[derive(Debug, Clone)]
pub struct Report {
    pub claim_number: String,
    /// The reporter's own id.
    pub response_id: String,
    pub responded_at: DateTime<Utc>,
    pub answer: Answer,
    /// Tells a repetition from another answer under the same id.
    pub body_hash: Vec<u8>,
}

/// An answer as stored.
#[derive(Debug, Clone)]
pub struct Response {
    pub id: ResponseId,
    pub claim_id: ClaimId,
    pub submission_id: Option<SubmissionId>,
    pub report: Report,
    pub outcome: ResponseOutcome,
    /// Why it was not applied; upper snake case.
    pub outcome_reason: Option<&'static str>,
}

/// What an answer makes of a claim.
#[derive(Debug)]
pub struct Effect {
    pub outcome: ResponseOutcome,
    pub outcome_reason: Option<&'static str>,
    /// What the feed tells, if anything.
    pub kind: Option<Kind>,
    pub ledger: Vec<LedgerEntry>,
}

impl Effect {
    const fn none(outcome: ResponseOutcome, reason: &'static str) -> Self {
        Self { outcome, outcome_reason: Some(reason), kind: None, ledger: Vec::new() }
    }
}

impl Answer {
    /// The kind as stored.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted { .. } => "accepted",
            Self::Pended { .. } => "pended",
            Self::Rejected { .. } => "rejected",
            Self::Paid { .. } => "paid",
            Self::Denied { .. } => "denied",
            Self::Voided => "voided",
        }
    }

    #[must_use]
    pub fn payer_claim_number(&self) -> Option<&str> {
        match self {
            Self::Accepted { payer_claim_number }
            | Self::Paid { payer_claim_number, .. }
            | Self::Denied { payer_claim_number, .. } => payer_claim_number.as_deref(),
            Self::Received | Self::Pended { .. } | Self::Rejected { .. } | Self::Voided => None,
        }
    }

    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Pended { reasons } | Self::Rejected { reasons, .. } | Self::Denied { reasons, .. } => reasons,
            Self::Received | Self::Accepted { .. } | Self::Paid { .. } | Self::Voided => &[],
        }
    }

    #[must_use]
    pub fn adjustments(&self) -> &[Adjustment] {
        match self {
            Self::Paid { adjustments, .. } | Self::Denied { adjustments, .. } => adjustments,
            Self::Received | Self::Accepted { .. } | Self::Pended { .. } | Self::Rejected { .. } | Self::Voided => &[],
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
            Self::Received | Self::Accepted { .. } | Self::Pended { .. } | Self::Rejected { .. } | Self::Voided => None,
        }
    }

    /// Whether it posts money, or takes it back.
    #[must_use]
    pub const fn moves_money(&self) -> bool {
        match self {
            Self::Paid { .. } | Self::Denied { .. } | Self::Voided => true,
            Self::Received | Self::Accepted { .. } | Self::Pended { .. } | Self::Rejected { .. } => false,
        }
    }

    const fn decided_on(&self) -> Option<NaiveDate> {
        match self {
            Self::Paid { on, .. } | Self::Denied { on, .. } => Some(*on),
            Self::Received | Self::Accepted { .. } | Self::Pended { .. } | Self::Rejected { .. } | Self::Voided => None,
        }
    }

    /// What happened to the claim, and what the feed calls it.
    fn event(&self, claim: &Claim, at: DateTime<Utc>, decided: Option<&Adjudicated>) -> (Event, Kind) {
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
            (Self::Voided, None) => (Event::Voided { at }, Kind::Voided),
            // a decision always comes with its verdict
            (Self::Received | Self::Paid { .. } | Self::Denied { .. }, None) => acknowledged(Ack::Received),
        }
    }
}

impl Report {
    /// Applies the answer to the claim as far as it counts. `decided` is the verdict of a payment or denial.
    ///
    /// # Errors
    /// When the claim never left: then nobody can have answered.
    pub fn apply(
        &self,
        id: ResponseId,
        decided: Option<&Adjudicated>,
        claim: &mut Claim,
        now: DateTime<Utc>,
    ) -> Result<Effect, IllegalTransition> {
        let (event, kind) = self.answer.event(claim, self.responded_at, decided);
        // what was said of an earlier attempt says nothing of this one; a decision always counts
        let is_overtaken = decided.is_none()
            && claim.attempt > 1
            && claim.submitted_at.is_some_and(|submitted_at| self.responded_at < submitted_at);
        if is_overtaken {
            return Ok(Effect::none(ResponseOutcome::Recorded, "EARLIER_ATTEMPT"));
        }
        match claim.apply(event) {
            Err(illegal) if claim.attempt == 0 => Err(illegal),
            // nobody waits for what is said of a claim that counts no more; money is never left at that
            Err(_late) if claim.disposition != Disposition::Active && decided.is_none() => {
                Ok(Effect::none(ResponseOutcome::Recorded, "CLAIM_INACTIVE"))
            }
            Err(_waits) => Ok(Effect::none(ResponseOutcome::Parked, "CLAIM_INVALID_TRANSITION")),
            Ok(false) => Ok(Effect::none(ResponseOutcome::Recorded, "NO_NEWS")),
            Ok(true) => {
                claim.touch(now);
                let ledger = self.note(id, decided, claim, now);
                Ok(Effect { outcome: ResponseOutcome::Applied, outcome_reason: None, kind: Some(kind), ledger })
            }
        }
    }

    /// What the claim keeps of the answer beside its state.
    fn note(
        &self,
        id: ResponseId,
        decided: Option<&Adjudicated>,
        claim: &mut Claim,
        now: DateTime<Utc>,
    ) -> Vec<LedgerEntry> {
        if let Some(number) = self.answer.payer_claim_number() {
            claim.payer_claim_number = Some(number.to_owned());
        }
        if let (Status::Draft, Answer::Rejected { by, reasons }) = (claim.status, &self.answer) {
            let source = match by {
                RejectedBy::Transport | RejectedBy::Clearinghouse => Source::Clearinghouse,
                RejectedBy::Payer => Source::Payer,
            };
            let findings = reasons.iter().cloned();
            claim
                .validation_errors
                .0
                .extend(findings.map(|Reason { code, field, message }| Finding::foreign(source, code, field, message)));
        }
        if claim.status == Status::Draft {
            // what was frozen is kept with its submission; the draft is frozen anew
            claim.snapshot = None;
        }
        match (decided, self.answer.decided_on()) {
            (Some(decided), Some(on)) => {
                claim.adjudicated_at = Some(now);
                ledger::post(claim, id, decided, self.answer.adjustments(), on)
            }
            (Some(_) | None, _) => Vec::new(),
        }
    }
}

impl From<RejectedBy> for Rejector {
    fn from(by: RejectedBy) -> Self {
        match by {
            RejectedBy::Transport => Self::Transport,
            RejectedBy::Clearinghouse => Self::Clearinghouse,
            RejectedBy::Payer => Self::Payer,
        }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reason").field("code", &self.code).finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}
