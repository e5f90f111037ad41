//! What proves that a claim was filed in time: the first attempt that a payer took in for decision, with the numbers that it
//! was sent under and the answer that says so.
//!
//! A readable file (999) or a receipt (277CA A0, A1) tells when something arrived, and proves nothing of the payer. Neither
//! does an attempt that was rejected: the claim was not filed by it.

use clinical::billing;
use futures_util::join;
use kernel::id::ClaimId;
use kernel::phi::Disclosed;
use kernel::{Failure, Phi};
use schema::Tx;
use therapy_claims::claims::v1 as pb;
use uuid::Uuid;

use self::store::{Answered, Attempt};
use super::{Bill, Claim, store as claims};
use crate::response::{Answer, ResponseOutcome};

mod convert;
mod store;

/// X12 of what takes a claim back.
const VOID: &str = "8";

kernel::text_enum! {
    /// How an attempt ended.
    pub(super) enum Standing {
        NotSent = "not_sent",
        Sent = "sent",
        Received = "received",
        Accepted = "accepted",
        Rejected = "rejected",
    }
}

/// A claim, and how each attempt to file it ended.
pub(super) struct Proof {
    bill: Bill,
    attempts: Vec<Judged>,
    time_zone: String,
}

/// An attempt, and the answer that tells most of it.
struct Judged {
    attempt: Attempt,
    standing: Standing,
    by: Option<Answered>,
    payer_claim_number: Option<String>,
}

/// Of a claim in the scope's reach.
pub(super) async fn read(tx: &Tx<'_>, id: ClaimId) -> Result<Phi<Proof>, Failure> {
    let (bill, attempts, answers, time_zone) =
        join!(claims::get(tx, id), store::attempts(tx, id), store::answers(tx, id), billing::store::time_zone(tx));
    let bill = bill?.peek().clone();
    Ok(Phi::new(Proof { bill, attempts: judged(attempts?, &answers?), time_zone: time_zone? }))
}

fn judged(attempts: Vec<Attempt>, answers: &[Answered]) -> Vec<Judged> {
    let of: Vec<usize> = answers.iter().map(|one| answers_to(&attempts, one)).collect();
    let judged = |(at, attempt): (usize, Attempt)| {
        let own: Vec<&Answered> = answers.iter().zip(&of).filter(|(_, of)| **of == at).map(|(one, _)| one).collect();
        // what takes the claim back is no attempt to file it
        (attempt.frequency != VOID).then(|| judge(attempt, &own))
    };
    attempts.into_iter().enumerate().filter_map(judged).collect()
}

/// Which attempt is answered: the last one when the answer came, unless it was said before that; it was posted so, too.
fn answers_to(attempts: &[Attempt], one: &Answered) -> usize {
    let last = attempts.len().saturating_sub(1);
    let came = one.submission.and_then(|id| attempts.iter().position(|attempt| attempt.id == id)).unwrap_or(last);
    // nobody decides of a void
    let is_decision = matches!(one.body.0, Answer::Paid { .. } | Answer::Denied { .. });
    let is_of = |(_, attempt): &(usize, &Attempt)| {
        attempt.submitted_at <= one.occurred_at && !(is_decision && attempt.frequency == VOID)
    };
    attempts.iter().enumerate().take(came + 1).rfind(is_of).map_or(0, |(at, _)| at)
}

fn judge(attempt: Attempt, answers: &[&Answered]) -> Judged {
    let first =
        |is: fn(&Answered) -> bool| answers.iter().copied().filter(|one| is(one)).min_by_key(|one| one.occurred_at);
    let took_it_back = first(|one| is_rejection(one) && one.outcome == ResponseOutcome::Applied);
    let (standing, by) = if let Some(by) = took_it_back {
        (Standing::Rejected, Some(by))
    } else if let Some(by) = first(|one| is_acceptance(&one.body.0)) {
        (Standing::Accepted, Some(by))
    } else if let Some(by) = first(is_rejection) {
        (Standing::Rejected, Some(by))
    } else if let Some(by) = first(|one| matches!(one.body.0, Answer::Received | Answer::Forwarded)) {
        (Standing::Received, Some(by))
    } else if attempt.transmitted_at.is_some() {
        (Standing::Sent, None)
    } else {
        (Standing::NotSent, None)
    };
    let number = answers.iter().find_map(|one| one.body.0.payer_claim_number());
    Judged { standing, by: by.cloned(), payer_claim_number: number.map(str::to_owned), attempt }
}

const fn is_rejection(one: &Answered) -> bool {
    matches!(one.body.0, Answer::Rejected { .. })
}

/// The payer has it, or had: nobody decides of what was not filed.
const fn is_acceptance(answer: &Answer) -> bool {
    match answer {
        Answer::Accepted { .. } | Answer::Pended { .. } | Answer::Paid { .. } | Answer::Denied { .. } => true,
        // a reversal tells of a decision, but not when that was
        Answer::Reversed { .. } | Answer::Voided | Answer::Received | Answer::Forwarded | Answer::Rejected { .. } => {
            false
        }
    }
}

impl Proof {
    pub(super) fn into_pb(self) -> Result<pb::TimelyFilingProof, Failure> {
        convert::to_pb(self)
    }
}

impl Disclosed for Proof {
    const RESOURCE: &'static str = Claim::RESOURCE;
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        self.bill.disclosed(each);
    }
}

#[cfg(test)]
mod tests;
