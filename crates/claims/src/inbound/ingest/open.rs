//! A transaction set while it is read: what was said so far, waiting for its transaction.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use x12::acknowledgment::{self, GroupVerdict, Set};
use x12::document::Part;
use x12::remittance::{self, ClaimPayment};
use x12::status;

use super::super::part::{Remitting, Said};
use super::super::remit::{self, RemittanceClaimState, paid_on};
use super::super::survey::{Head, Subject};
use super::super::{Problem, answer};
use crate::batch::BatchState;
use crate::response::{Answer, RejectedBy};

/// What is waiting of an open set.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) waiting: Vec<Said>,
    pub(super) remitting: Option<Remitting>,
    /// The claims of the file that is answered, with their attempts.
    numbers: HashMap<String, i32>,
    /// Claims of the set so far.
    ordinal: i32,
    /// A payer answers, and no clearinghouse.
    is_payer: bool,
    sets: Vec<Set>,
    verdict: Option<GroupVerdict>,
    /// Nothing more of the set is looked at.
    pub(super) is_stopped: bool,
}

/// What a 999 comes to.
pub(super) enum Outcome {
    /// The file of ours, and what it says of each claim in it.
    Batch(BatchState, Vec<Said>),
    Unclear(Problem),
}

impl Open {
    /// # Errors
    /// Why nothing of the set can be settled.
    pub(super) fn new(subject: &Subject, head: &Head, numbers: HashMap<String, i32>) -> Result<Self, Problem> {
        let mut open = Self { numbers, ..Self::default() };
        if let Subject::X835 { payment, totals, digest, numbers: _ } = subject {
            let Some(on) = paid_on(payment, head.day) else {
                return Err(Problem::new("REMITTANCE_DATE_MISSING", "neither BPR16, DTM*405 nor ISA09 is a date"));
            };
            open.remitting = Some(Remitting {
                payment: payment.clone(),
                on,
                claims: totals.claims,
                digest: digest.clone(),
                account: Vec::new(),
            });
        }
        Ok(open)
    }

    pub(super) fn take(&mut self, part: Part) {
        match part {
            Part::Acknowledgment(acknowledgment::Part::Group(_))
            | Part::Status(status::Part::Provider(_))
            | Part::Remittance(remittance::Part::Payment(_) | remittance::Part::Totals(_))
            | Part::Claim(_) => {}
            Part::Acknowledgment(acknowledgment::Part::Set(set)) => self.sets.push(*set),
            Part::Acknowledgment(acknowledgment::Part::Totals(totals)) => self.verdict = Some(totals.verdict),
            Part::Status(status::Part::Batch(batch)) => {
                let role = batch.source.as_ref().and_then(|source| source.role);
                self.is_payer = role.is_some_and(|role| role == "PR");
            }
            Part::Status(status::Part::Claim(claim)) => {
                let said = self.status(&claim);
                self.waiting.push(said);
            }
            Part::Remittance(remittance::Part::Claim(claim)) => {
                let said = self.payment(claim);
                self.waiting.extend(said);
            }
            Part::Remittance(remittance::Part::ProviderAdjustments(adjustments)) => {
                if let Some(remitting) = &mut self.remitting {
                    remitting.account.extend(adjustments.adjustments);
                }
            }
        }
    }

    fn status(&self, claim: &status::Claim) -> Said {
        let claim_number = claim.claim_number.clone().unwrap_or_default();
        let said = answer::acknowledged(claim, self.is_payer)
            .map_or(remit::Said::Aside(RemittanceClaimState::Parked, "CLAIM_STATUS_UNKNOWN"), remit::Said::Answer);
        let own = claim.trace.as_deref().and_then(|trace| trace.strip_prefix(claim_number.as_str()));
        let of_trace = own.and_then(|rest| rest.strip_prefix('-')).and_then(|attempt| attempt.parse().ok());
        let attempt = of_trace.or_else(|| self.numbers.get(&claim_number).copied());
        let moved = status::Claim { position: x12::Position::default(), notes: Vec::new(), ..claim.clone() };
        let body_hash = Sha256::digest(format!("{attempt:?} {:?}", serde_json::to_string(&moved).ok())).to_vec();
        Said { response_id: id("277", &body_hash), claim_number, said, body_hash, attempt, paid: None }
    }

    fn payment(&mut self, claim: Box<ClaimPayment>) -> Option<Said> {
        let remitting = self.remitting.as_ref()?;
        self.ordinal += 1;
        let body_hash = remit::claim_digest(&claim);
        let mut hasher = Sha256::new();
        hasher.update(&remitting.digest);
        hasher.update(self.ordinal.to_be_bytes());
        hasher.update(&body_hash);
        Some(Said {
            claim_number: claim.claim_number.clone(),
            said: remit::said((&*claim).into(), remitting.on),
            response_id: id("835", &hasher.finalize()),
            body_hash,
            attempt: None,
            paid: Some((self.ordinal, claim)),
        })
    }

    /// What the sets of a 999 say; there is one set in each file of ours.
    pub(super) fn outcome(&self, control: &str) -> Outcome {
        let is_rejected =
            |verdict: GroupVerdict| matches!(verdict, GroupVerdict::Rejected | GroupVerdict::RejectedSecurity);
        let group = self.verdict.map(is_rejected);
        match (self.sets.first(), group) {
            (Some(set), _) if !set.verdict.is_accepted() => {
                let said = |number: &str| answer::rejected(set, number);
                Outcome::Batch(BatchState::Rejected, self.each(control, "R", said))
            }
            // who rejects the group and accepts its only set means neither for certain
            (Some(_), Some(true)) => Outcome::Unclear(Problem::new(
                "ACKNOWLEDGMENT_CONTRADICTORY",
                "the group is rejected (AK9) and its transaction set is accepted (IK5): ask the partner which it is",
            )),
            (None, Some(true)) => {
                let reasons = [answer::file_rejected()];
                let said = |_: &str| Answer::Rejected { by: RejectedBy::Transport, reasons: reasons.to_vec() };
                Outcome::Batch(BatchState::Rejected, self.each(control, "R", said))
            }
            (Some(_), _) | (None, Some(false)) => {
                Outcome::Batch(BatchState::Acknowledged, self.each(control, "A", |_: &str| Answer::Received))
            }
            (None, None) => Outcome::Unclear(Problem::new("ACKNOWLEDGMENT_EMPTY", "it says neither AK2 nor AK9")),
        }
    }

    /// What a rejected interchange says of each claim in it.
    pub(super) fn interchange_rejected(&self, control: &str, note: &str) -> Vec<Said> {
        let code: String = note.chars().filter(char::is_ascii_digit).take(3).collect();
        let reasons = [answer::reason(format!("TA1_{code}"), "", "the envelope of the file was rejected")];
        self.each(control, "TA1", |_| Answer::Rejected { by: RejectedBy::Transport, reasons: reasons.to_vec() })
    }

    fn each(&self, control: &str, verdict: &str, answer: impl Fn(&str) -> Answer) -> Vec<Said> {
        let mut numbers: Vec<(&String, &i32)> = self.numbers.iter().collect();
        numbers.sort();
        let said = |(number, attempt): (&String, &i32)| {
            let answer = answer(number);
            let body = serde_json::to_string(&answer).unwrap_or_default();
            let body_hash = Sha256::digest(format!("{control} {verdict} {number} {attempt} {body}")).to_vec();
            Said {
                claim_number: number.clone(),
                said: remit::Said::Answer(answer),
                response_id: id("999", &body_hash),
                body_hash,
                attempt: Some(*attempt),
                paid: None,
            }
        };
        numbers.into_iter().map(said).collect()
    }
}

/// The id of an answer, made of what it says: saying it again is the same answer.
fn id(kind: &str, hash: &[u8]) -> String {
    format!("{kind}-{}", crate::snapshot::convert::hex(hash.get(..16).unwrap_or(hash)))
}
