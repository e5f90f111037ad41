//! What an answer makes of its claim and of the claim's money, in whatever order answers come.
//!
//! One decision stands at a time. A reversal that tells its amounts takes back the decision that has them: the one that
//! stands, or one that still waits, since a correction may overtake the reversal that it needs. Whatever the order, what
//! stands in the end is the decision that no reversal took back, and the sums are its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kernel::id::ResponseId;

use super::{Answer, Reason, RejectedBy, Report, ResponseOutcome};
use crate::adjudication::{Adjudicated, AdjudicationError, AdjustmentGroup, adjudicate};
use crate::amount::cents;
use crate::claim::Claim;
use crate::codes::Reference;
use crate::event::Kind;
use crate::ledger::{self, Balance, LedgerEntry, LedgerKind};
use crate::lifecycle::{Disposition, IllegalTransition, PayerState, Status};
use crate::rules::{Finding, Source};

/// An answer about money that came earlier: applied, or still waiting.
#[derive(Debug, Clone)]
pub struct Earlier {
    pub id: ResponseId,
    pub responded_at: DateTime<Utc>,
    pub answer: Answer,
    pub outcome: ResponseOutcome,
}

/// One step of the claim, for the feed to tell.
#[derive(Debug, Clone)]
pub struct Step {
    pub kind: Kind,
    pub from: Status,
    /// The claim after it.
    pub claim: Claim,
    pub reasons: Vec<String>,
}

/// What an answer came to.
pub type Outcome = (ResponseOutcome, Option<&'static str>);

const APPLIED: Outcome = (ResponseOutcome::Applied, None);

/// A claim while answers are applied to it.
#[derive(Debug)]
pub struct Posting {
    pub claim: Claim,
    /// What the claim's movements come to now.
    pub balances: Vec<Balance>,
    pub ledger: Vec<LedgerEntry>,
    pub steps: Vec<Step>,
    /// Those that waited and wait no more.
    pub freed: Vec<ResponseId>,
    codes: Arc<Reference>,
    now: DateTime<Utc>,
}

/// Amounts in cents by kind, group and reason.
pub(crate) type Amounts = BTreeMap<(LedgerKind, Option<AdjustmentGroup>, Option<String>), i64>;

impl Posting {
    #[must_use]
    pub const fn new(claim: Claim, balances: Vec<Balance>, codes: Arc<Reference>, now: DateTime<Utc>) -> Self {
        Self { claim, balances, ledger: Vec::new(), steps: Vec::new(), freed: Vec::new(), codes, now }
    }

    /// Applies a new answer as far as it counts, and then what waited for it.
    ///
    /// # Errors
    /// When the claim never left: then nobody can have answered.
    pub fn take(&mut self, id: ResponseId, report: &Report, mut earlier: Vec<Earlier>) -> Result<Outcome, Refused> {
        let new = Earlier { id, responded_at: report.responded_at, answer: report.answer.clone(), outcome: APPLIED.0 };
        let outcome = self.one(&new)?;
        match outcome.0 {
            ResponseOutcome::Parked if new.answer.moves_money() => return self.beside(&new, &earlier, outcome),
            ResponseOutcome::Parked | ResponseOutcome::Recorded => return Ok(outcome),
            ResponseOutcome::Applied => {}
        }
        earlier.retain(|other| other.outcome == ResponseOutcome::Parked && other.answer.moves_money());
        while let Some(at) = earlier.iter().position(|other| matches!(self.one(other), Ok(APPLIED))) {
            self.freed.push(earlier.remove(at).id);
        }
        Ok(outcome)
    }

    /// One answer by itself; it changes nothing unless it is applied.
    fn one(&mut self, new: &Earlier) -> Result<Outcome, Refused> {
        let Earlier { id, responded_at, answer, outcome: _ } = new;
        let decided = self.decided(answer)?;
        let is_decision = decided.is_some() || matches!(answer, Answer::Reversed { .. });
        // what was said of an earlier attempt says nothing of this one; a decision always counts, and so does its end
        let is_overtaken = !is_decision
            && self.claim.attempt > 1
            && self.claim.submitted_at.is_some_and(|submitted_at| *responded_at < submitted_at);
        if is_overtaken {
            return Ok((ResponseOutcome::Recorded, Some("EARLIER_ATTEMPT")));
        }
        let (event, kind) = answer.event(&self.claim, *responded_at, decided.as_ref());
        if let Err(illegal) = self.claim.state().apply(event) {
            if self.claim.attempt == 0 {
                return Err(illegal.into());
            }
            let waits = match self.claim.disposition {
                Disposition::Active => true,
                // what a void took back can't be taken back again
                Disposition::Voided => decided.is_some(),
                // nobody waits for what is said of a claim that counts no more; money is never left at that
                Disposition::Replaced | Disposition::Cancelled | Disposition::WrittenOff => is_decision,
            };
            return Ok(if waits { WAITS } else { INACTIVE });
        }
        if self.names_another(answer) {
            return Ok((ResponseOutcome::Parked, Some("REVERSAL_UNMATCHED")));
        }
        let from = self.claim.status;
        let is_appeal = self.claim.payer_state == PayerState::Appealed;
        if !self.claim.apply(event).map_err(Refused::from)? {
            return Ok((ResponseOutcome::Recorded, Some("NO_NEWS")));
        }
        if self.steps.is_empty() {
            self.claim.touch(self.now);
        }
        self.note(answer);
        if matches!(kind, Kind::Reversed | Kind::Voided) || (is_appeal && decided.is_some()) {
            self.take_back(*id, answer);
        }
        if let Some(decided) = &decided {
            self.decide(*id, decided, answer);
        }
        self.steps.push(Step { kind, from, claim: self.claim.clone(), reasons: answer.codes() });
        Ok(APPLIED)
    }

    /// Money that can't be applied by itself: it may belong to other money that waits, or be settled already.
    fn beside(&mut self, new: &Earlier, earlier: &[Earlier], outcome: Outcome) -> Result<Outcome, Refused> {
        let is_reversal = matches!(new.answer, Answer::Reversed { .. });
        let Some(amounts) = amounts_of(&new.answer) else { return Ok(outcome) };
        let same = |other: &&Earlier| amounts_of(&other.answer).as_ref() == Some(&amounts);
        let is_counterpart = |other: &&Earlier| {
            other.outcome == ResponseOutcome::Parked && matches!(other.answer, Answer::Reversed { .. }) != is_reversal
        };
        if let Some(other) = earlier.iter().filter(is_counterpart).find(same) {
            let (decision, reversal) = if is_reversal { (other, new) } else { (new, other) };
            if let Some(decided) = self.decided(&decision.answer)? {
                // the claim's sums come out as they were: only its movements tell of it
                let before = self.claim.clone();
                self.decide(decision.id, &decided, &decision.answer);
                self.undo(reversal, &decision.answer);
                self.claim = before;
                self.freed.push(other.id);
                return Ok(APPLIED);
            }
        }
        // a decision that another one took the place of, as an appeal's does, is taken back already
        let applied = |reversals: bool| {
            let is_so = |other: &&Earlier| {
                other.outcome == ResponseOutcome::Applied
                    && matches!(other.answer, Answer::Reversed { .. }) == reversals
            };
            earlier.iter().filter(is_so).filter(same).count()
        };
        let standing = usize::from(self.standing() == amounts);
        if is_reversal && applied(false) > applied(true) + standing {
            return Ok((ResponseOutcome::Recorded, Some("DECISION_SUPERSEDED")));
        }
        Ok(outcome)
    }

    fn decided(&self, answer: &Answer) -> Result<Option<Adjudicated>, AdjudicationError> {
        let judge = |decision| adjudicate(&self.claim.charge_amount, &decision, &self.codes);
        if let Some(reversed) = answer.reversed() {
            judge(reversed)?;
        }
        answer.decision().map(judge).transpose()
    }

    /// Whether a reversal tells of another decision than the one that stands.
    fn names_another(&self, answer: &Answer) -> bool {
        answer.reversed().is_some() && amounts_of(answer) != Some(self.standing())
    }

    /// The decision that stands.
    fn standing(&self) -> Amounts {
        let of_payer = |balance: &&Balance| is_of_payer(balance.kind);
        sums(self.balances.iter().filter(of_payer).map(|b| (b.kind, b.group, b.reason.clone(), cents(&b.amount))))
    }

    /// What the claim keeps of the answer beside its state and its money.
    fn note(&mut self, answer: &Answer) {
        let claim = &mut self.claim;
        if let Some(number) = answer.payer_claim_number() {
            claim.payer_claim_number = Some(number.to_owned());
        }
        if let Answer::Paid { forwarded, .. } = answer {
            claim.is_forwarded = *forwarded;
        }
        if let (Status::Draft, Answer::Rejected { by, reasons }) = (claim.status, answer) {
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
    }

    fn decide(&mut self, id: ResponseId, decided: &Adjudicated, answer: &Answer) {
        self.claim.adjudicated_at = Some(self.now);
        let on = answer.on().unwrap_or_else(|| self.now.date_naive());
        let entries = ledger::post(&mut self.claim, id, decided, answer.adjustments(), on);
        self.book(entries);
    }

    fn take_back(&mut self, id: ResponseId, answer: &Answer) {
        let on = answer.on().unwrap_or_else(|| self.now.date_naive());
        let entries = ledger::take_back(&mut self.claim, id, self.balances.clone(), on);
        self.claim.is_forwarded = false;
        self.book(entries);
    }

    /// Takes a decision back that was just booked beside the one that stands.
    fn undo(&mut self, reversal: &Earlier, decision: &Answer) {
        let on = reversal.answer.on().unwrap_or_else(|| self.now.date_naive());
        let amounts = amounts_of(decision).unwrap_or_default();
        let balance = |((kind, group, reason), amount): (_, i64)| Balance {
            kind,
            group,
            reason,
            amount: crate::amount::from_cents(amount),
        };
        let balances = amounts.into_iter().map(balance).collect();
        let entries = ledger::take_back(&mut self.claim, reversal.id, balances, on);
        self.book(entries);
    }

    fn book(&mut self, entries: Vec<LedgerEntry>) {
        ledger::add_up(&mut self.balances, &entries);
        self.ledger.extend(entries);
    }
}

const WAITS: Outcome = (ResponseOutcome::Parked, Some("CLAIM_INVALID_TRANSITION"));
const INACTIVE: Outcome = (ResponseOutcome::Recorded, Some("CLAIM_INACTIVE"));

/// Why an answer can't even be kept.
#[derive(Debug)]
pub enum Refused {
    /// Nobody can have answered.
    Illegal(IllegalTransition),
    /// Its amounts don't add up.
    Unbalanced(AdjudicationError),
}

impl From<IllegalTransition> for Refused {
    fn from(illegal: IllegalTransition) -> Self {
        Self::Illegal(illegal)
    }
}

impl From<AdjudicationError> for Refused {
    fn from(error: AdjudicationError) -> Self {
        Self::Unbalanced(error)
    }
}

const fn is_of_payer(kind: LedgerKind) -> bool {
    match kind {
        LedgerKind::PayerPayment
        | LedgerKind::Adjustment
        | LedgerKind::PatientResponsibility
        | LedgerKind::WriteOff => true,
        LedgerKind::Charge | LedgerKind::PatientPayment | LedgerKind::Refund => false,
    }
}

/// The amounts of a decision, or of the one that a reversal takes back; `None` where they are not told.
pub(crate) fn amounts_of(answer: &Answer) -> Option<Amounts> {
    let decision = answer.decision().or_else(|| answer.reversed())?;
    let payment = (LedgerKind::PayerPayment, None, None, cents(&decision.paid));
    let adjusted = decision
        .adjustments
        .iter()
        .map(|a| (ledger::kind_of(a.group), Some(a.group), Some(a.reason.clone()), cents(&a.amount)));
    Some(sums(std::iter::once(payment).chain(adjusted)))
}

fn sums(all: impl Iterator<Item = (LedgerKind, Option<AdjustmentGroup>, Option<String>, Option<i64>)>) -> Amounts {
    let mut amounts = Amounts::new();
    for (kind, group, reason, amount) in all {
        *amounts.entry((kind, group, reason)).or_default() += amount.unwrap_or_default();
    }
    amounts.retain(|_, amount| *amount != 0);
    amounts
}
