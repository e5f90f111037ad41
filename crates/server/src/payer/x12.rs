//! The simulated payers as a clearinghouse shows them: 837P bytes in, files with their answers out.
//!
//! What becomes of a claim follows from the beginning of the subscriber's member id, as [`course::CASES`] lists it, and
//! otherwise from the seed, the claim's number and the file's, by the shares of the workload. So the same file is
//! answered the same. Only three things are remembered: what was paid, for a claim that is voided or replaced; corrections,
//! which come with the answers to the next file and say the same whenever they come; and what a practice owes after a
//! reversal. All three follow from the files before.

mod adjudicate;
mod answer;
mod course;
mod incoming;
mod remittance;
mod status;
mod syntax;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDateTime;
use x12::claim::{Claim, Frequency};
use x12::remittance::ClaimPayment;
use x12::violation::Refused;

pub use self::answer::{Answer, AnswerKind};
use self::answer::{Envelope, Slot};
pub use self::course::{CASES, Case};
use self::course::{Course, Fate, Twist};
pub use self::incoming::Unreadable;
use self::incoming::{Incoming, Set};
use self::remittance::Remittances;
use self::status::Said;
use super::decide::{DOUBLED, is_file_rejected};
use crate::workload::draw::Draw;

/// Why a file is left without any answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the file can't be told apart from any other bytes")]
    Unreadable(#[from] Unreadable),
    #[error("an answer can't be written")]
    Unwritable(#[from] Refused),
}

/// A clearinghouse with payers behind it.
#[derive(Debug)]
pub struct Payers {
    seed: u64,
    /// What was decided last, by the payer's claim number.
    decided: HashMap<String, Decided>,
    /// What the practices' next files are answered with as well.
    held: Vec<(Envelope, Remittances)>,
    /// What is still to be taken off payments, by payer and billing provider.
    owed: BTreeMap<(String, String), i64>,
}

#[derive(Debug)]
struct Decided {
    payment: ClaimPayment,
    /// The file that voided or replaced the claim.
    ended_by: Option<u32>,
}

impl Decided {
    const fn of(payment: ClaimPayment) -> Self {
        Self { payment, ended_by: None }
    }
}

/// What the parts of the answer to one file are made of.
#[derive(Debug, Default)]
struct Docket {
    prompt: Vec<(Set, Vec<Said>)>,
    late: Vec<(Set, Vec<Said>)>,
    payments: Remittances,
    doubled: Remittances,
    unbalanced: Remittances,
    corrections: Remittances,
}

impl Payers {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, decided: HashMap::new(), held: Vec::new(), owed: BTreeMap::new() }
    }

    /// Answers one interchange; the answers are in the order in which they arrive.
    ///
    /// # Errors
    /// When nothing tells who sent it and under which number, or it holds what no answer can.
    pub fn answer(&mut self, file: &[u8], now: NaiveDateTime) -> Result<Vec<Answer>, Error> {
        let incoming = incoming::read(file)?;
        let envelope = Envelope::answering(&incoming, now);
        let mut answers = Vec::new();
        if incoming.interchange.asks_acknowledgment || incoming.fault.is_some() {
            answers.push(syntax::interchange(&envelope, &incoming)?);
        }
        if incoming.fault.is_some() {
            return Ok(answers);
        }
        let incoming = self.sift(incoming);
        answers.push(syntax::groups(&envelope, &incoming)?);
        let docket = self.judge(incoming, &envelope);
        answers.extend(status::write(&envelope, Slot::Status, &docket.prompt)?);
        let held = std::mem::take(&mut self.held);
        let (due, later): (Vec<_>, Vec<_>) = held.into_iter().partition(|(held, _)| held.has_parties_of(&envelope));
        self.held = later;
        answers.extend(self.pay(due)?);
        let payment = remittance::write(&envelope, Slot::Payment, docket.payments, self.seed, &mut self.owed)?;
        let is_doubled = Draw::new(self.seed, &["payer", "delivery", &envelope.control.to_string()]).chance(DOUBLED);
        answers.extend(payment.iter().filter(|_| is_doubled).cloned());
        answers.extend(payment);
        answers.extend(remittance::write(&envelope, Slot::Unbalanced, docket.unbalanced, self.seed, &mut self.owed)?);
        if let Some(answer) = remittance::write(&envelope, Slot::Doubled, docket.doubled, self.seed, &mut self.owed)? {
            answers.extend([answer.clone(), answer]);
        }
        answers.extend(status::write(&envelope, Slot::LateStatus, &docket.late)?);
        if !docket.corrections.is_empty() {
            self.held.push((envelope, docket.corrections));
        }
        Ok(answers)
    }

    /// What is still to come when no further file does: the corrections.
    ///
    /// # Errors
    /// When one can't be written.
    pub fn settle(&mut self) -> Result<Vec<Answer>, Error> {
        let held = std::mem::take(&mut self.held);
        self.pay(held)
    }

    fn pay(&mut self, held: Vec<(Envelope, Remittances)>) -> Result<Vec<Answer>, Error> {
        let mut answers = Vec::new();
        for (envelope, remittances) in held {
            answers.extend(remittance::write(&envelope, Slot::Correction, remittances, self.seed, &mut self.owed)?);
        }
        Ok(answers)
    }

    /// Sends back the sets that a syntax check takes offence at though nothing is wrong with them.
    fn sift(&self, mut incoming: Incoming) -> Incoming {
        for set in &mut incoming.sets {
            let reference = set.batch.as_ref().map_or("", |batch| batch.reference.as_str());
            let mut draw = Draw::new(self.seed, &["payer", "file", reference, &set.header.control]);
            let is_steered = set.claims.iter().any(|claim| course::case(&claim.subscriber.member_id).is_some());
            set.is_refused = set.fault.is_some() || (!is_steered && is_file_rejected(&mut draw));
        }
        incoming
    }

    fn judge(&mut self, incoming: Incoming, envelope: &Envelope) -> Docket {
        let mut docket = Docket::default();
        for mut set in incoming.sets.into_iter().filter(|set| !set.is_refused) {
            let (mut prompt, mut late) = (Vec::new(), Vec::new());
            for claim in std::mem::take(&mut set.claims) {
                let fate = self.fate(&claim, envelope);
                let said = self.decide(&claim, &fate, envelope, &mut docket);
                if fate.is_late { late.push(said) } else { prompt.push(said) }
            }
            if !late.is_empty() {
                docket.late.push((set.clone(), late));
            }
            if !prompt.is_empty() {
                docket.prompt.push((set, prompt));
            }
        }
        docket
    }

    /// What becomes of a claim; one that names a claim nobody decided is sent back.
    fn fate(&self, claim: &Claim, envelope: &Envelope) -> Fate {
        let fate = course::fate(self.seed, claim, envelope.control);
        let original = self.decided.get(&claim.payer_claim_number);
        let is_known = original.is_some_and(|decided| decided.ended_by.is_none_or(|by| by == envelope.control));
        if fate.course == Course::Voided && !is_known { Fate::rejected(course::UNKNOWN_NUMBER) } else { fate }
    }

    fn decide(&mut self, claim: &Claim, fate: &Fate, envelope: &Envelope, docket: &mut Docket) -> Said {
        let own_number = course::own_number(self.seed, claim);
        let payment = if fate.course == Course::Voided {
            self.end(claim, envelope)
        } else {
            adjudicate::payment(claim, &own_number, fate, envelope)
        };
        let said = Said::of(claim, &own_number, fate);
        let Some(mut payment) = payment else { return said };
        // the new decision takes the place of what was decided on the claim that it replaces
        let former = if claim.frequency == Frequency::Replacement { self.end(claim, envelope) } else { None };
        match fate.twist {
            Twist::UnknownNumber => adjudicate::misname(&mut payment),
            Twist::Reversed => {
                let corrected = adjudicate::correction(claim, &own_number, &payment, envelope);
                docket.corrections.add(claim, adjudicate::reversal(&payment));
                docket.corrections.add(claim, corrected.clone());
                self.decided.insert(own_number, Decided::of(corrected));
            }
            Twist::None | Twist::Doubled | Twist::Unbalanced if fate.course == Course::Voided => {}
            Twist::None | Twist::Doubled | Twist::Unbalanced => {
                self.decided.insert(own_number, Decided::of(payment.clone()));
            }
        }
        let remittances = match fate.twist {
            Twist::Doubled => &mut docket.doubled,
            Twist::Unbalanced => &mut docket.unbalanced,
            Twist::None | Twist::Reversed | Twist::UnknownNumber => &mut docket.payments,
        };
        for payment in former.into_iter().chain([payment]) {
            remittances.add(claim, payment);
        }
        said
    }

    /// Takes back what was decided on the claim that this one voids or replaces.
    fn end(&mut self, claim: &Claim, envelope: &Envelope) -> Option<ClaimPayment> {
        let original = self.decided.get_mut(&claim.payer_claim_number)?;
        if original.ended_by.is_some_and(|by| by != envelope.control) {
            return None;
        }
        original.ended_by = Some(envelope.control);
        Some(adjudicate::reversal(&original.payment))
    }
}
