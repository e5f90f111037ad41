//! Matching, taking a match back, and dismissing, each as the body of one transaction.

use std::sync::Arc;

use audit::{Action, Change, Entry};
use feed::Hub;
use futures_util::join;
use kernel::id::{ClaimId, PatientId, RemittanceClaimId, ResponseId};
use kernel::phi::Disclosed;
use kernel::{Code, Failure, Phi, etag};
use schema::Tx;
use sha2::{Digest, Sha256};
use therapy_claims::claims::v1 as pb;

use super::error::Error;
use super::store::{self, Locked};
use super::{Dismissal, MATCH_TAKEN_BACK, Mismatch, RemittanceClaim, Told, convert, mismatches};
use crate::adjudication::AdjustmentGroup;
use crate::amount::cents;
use crate::claim::{Claim, store as claims};
use crate::codes::Reference;
use crate::inbound::remit::{RemittanceClaimState, Said, said};
use crate::lifecycle::{PayerState, Status};
use crate::payer::PayerList;
use crate::response::posting::{Earlier, amounts_of};
use crate::response::settle::{Settled, settle};
use crate::response::{Answer, Report, ResponseOutcome, answer, store as responses};

/// Why an answer waits no more that somebody matched.
const MATCHED: &str = "MATCHED_BY_HAND";

/// What somebody says of a remittance claim.
#[derive(Debug, Clone)]
pub struct Match {
    pub id: RemittanceClaimId,
    pub expected: Option<i64>,
    pub claim: ClaimId,
    pub expected_claim: Option<i64>,
    /// What may differ.
    pub acknowledged: Vec<Mismatch>,
}

/// Works on the queue. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) hub: Hub,
}

impl Desk {
    /// Posts it to the claim that somebody names.
    pub(super) async fn match_claim(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        wanted: Match,
    ) -> Result<Change<pb::RemittanceClaim>, Failure> {
        let Locked { mut told, payer_id, paid_on, received_at } = store::lock(tx, wanted.id).await?.peek().clone();
        etag::check(wanted.expected, told.version)?;
        if told.state == RemittanceClaimState::Posted {
            return Err(Error::Posted.into());
        }
        let waiting = told.waiting();
        if let Some(before) = told.claim_id.filter(|before| waiting.is_some() && *before != wanted.claim) {
            claims::lock(tx, before).await?;
        }
        let claim = claims::lock(tx, wanted.claim).await?.peek().claim.clone();
        etag::check(wanted.expected_claim, claim.version)?;
        let answer = match said(told.terms(), paid_on) {
            Said::Answer(answer) => answer,
            Said::Aside(_, reason) => return Err(Error::NotPostable(reason).into()),
        };
        let payer = payer_id.as_deref().filter(|id| payers.get(id).is_some());
        agree(&told, payer, &claim, &wanted.acknowledged)?;
        let report = report(&told, "match", &claim, answer, received_at);
        let of = (claim.id, claim.patient_id);
        let settled = self.settle(tx, &payers.codes, report, claim, waiting).await.map_err(refused)?;
        if settled.outcome == ResponseOutcome::Parked {
            return Err(Error::CannotTake.into());
        }
        if let Some(waiting) = waiting {
            responses::withdraw_at_commit(tx, waiting, MATCHED);
        }
        told.state = RemittanceClaimState::Posted;
        told.state_reason = None;
        told.claim_id = Some(wanted.claim);
        told.acknowledgment_id = Some(settled.id);
        told.matched_at = Some(tx.scope().now());
        told.matched_by = Some(tx.scope().actor_id());
        Ok(saved(tx, told, Some(of)))
    }

    /// Takes back what somebody matched.
    pub(super) async fn unmatch(
        &self,
        tx: &Tx<'_>,
        codes: &Arc<Reference>,
        id: RemittanceClaimId,
        expected: Option<i64>,
    ) -> Result<Change<pb::RemittanceClaim>, Failure> {
        let mut told = store::lock(tx, id).await?.peek().told.clone();
        etag::check(expected, told.version)?;
        let (Some(_), Some(claim), Some(posted)) = (told.matched_by, told.claim_id, told.acknowledgment_id) else {
            return Err(Error::NotByHand.into());
        };
        let claim = claims::lock(tx, claim).await?.peek().claim.clone();
        let of = (claim.id, claim.patient_id);
        let earlier = responses::earlier(tx, &claim.claim_number).await?;
        // what moved no money, as a claim that was passed on, can't be taken back
        let posted = earlier.iter().find(|one| one.id == posted).ok_or(Error::Stands)?;
        if posted.outcome != ResponseOutcome::Recorded {
            let answer = counter(tx, &claim, posted, &earlier).ok_or(Error::Stands)?;
            let report = report(&told, "unmatch", &claim, answer, tx.scope().now());
            let settled = self.settle(tx, codes, report, claim, None).await?;
            if settled.outcome != ResponseOutcome::Applied {
                return Err(Error::Stands.into());
            }
        }
        told.state = RemittanceClaimState::Unmatched;
        told.state_reason = Some(MATCH_TAKEN_BACK.to_owned());
        told.claim_id = None;
        told.acknowledgment_id = None;
        told.matched_at = None;
        told.matched_by = None;
        Ok(saved(tx, told, Some(of)))
    }

    /// Nothing of it is to be posted.
    pub(super) async fn dismiss(
        &self,
        tx: &Tx<'_>,
        id: RemittanceClaimId,
        expected: Option<i64>,
        reason: Dismissal,
    ) -> Result<Change<pb::RemittanceClaim>, Failure> {
        let mut told = store::lock(tx, id).await?.peek().told.clone();
        etag::check(expected, told.version)?;
        match told.state {
            RemittanceClaimState::Posted => return Err(Error::Posted.into()),
            RemittanceClaimState::Dismissed => return Err(Error::Dismissed.into()),
            RemittanceClaimState::Parked | RemittanceClaimState::Unmatched => {}
        }
        let of = match told.claim_id {
            Some(claim) => Some((claim, claims::lock(tx, claim).await?.peek().claim.patient_id)),
            None => None,
        };
        if let Some(waiting) = told.waiting() {
            responses::withdraw_at_commit(tx, waiting, reason.as_str());
        }
        told.state = RemittanceClaimState::Dismissed;
        told.state_reason = Some(reason.as_str().to_owned());
        Ok(saved(tx, told, of))
    }

    /// As an answer that a file brings is settled. New answers come only under the claim's lock, which is held. What is said
    /// anew in the place of an answer that waits doesn't meet it.
    async fn settle(
        &self,
        tx: &Tx<'_>,
        codes: &Arc<Reference>,
        report: Report,
        claim: Claim,
        waiting: Option<ResponseId>,
    ) -> Result<Settled, Failure> {
        let number = &report.claim_number;
        let (earlier, submission) = join!(responses::earlier(tx, number), responses::last_submission(tx, number));
        let mut earlier = earlier?;
        earlier.retain(|one| Some(one.id) != waiting);
        let mut settled = settle(tx, codes, &report, claim, earlier, submission?).await?;
        feed::append(tx, &self.hub, std::mem::take(&mut settled.events));
        Ok(settled)
    }
}

/// Whether it can be of that claim. Who pays is known by the payer list, as remittances may also name payers otherwise.
fn agree(told: &RemittanceClaim, payer: Option<&str>, claim: &Claim, acknowledged: &[Mismatch]) -> Result<(), Error> {
    if cents(&told.charge_amount).map(i64::abs) != cents(&claim.charge_amount) {
        return Err(Error::ChargeDiffers);
    }
    let mut differs = mismatches(claim, told.member_id.as_deref(), told.service_date);
    if payer.zip(claim.payer_id.as_deref()).is_some_and(|(told, asked)| told != asked) {
        differs.push(Mismatch::Payer);
    }
    differs.retain(|what| !acknowledged.contains(what));
    if differs.is_empty() { Ok(()) } else { Err(Error::Mismatch(differs)) }
}

/// The answer under an id of its own: it can be matched, taken back and matched anew.
fn report(
    told: &RemittanceClaim,
    verb: &str,
    claim: &Claim,
    answer: Answer,
    responded_at: chrono::DateTime<chrono::Utc>,
) -> Report {
    let response_id = format!("{verb}-{}-{}", told.id, told.version);
    let body = serde_json::to_string(&answer).unwrap_or_default();
    let body_hash = Sha256::digest(format!("{response_id} {body}")).to_vec();
    Report { claim_number: claim.claim_number.clone(), response_id, responded_at, answer, body_hash }
}

/// What takes it back; none where the claim has moved on since.
fn counter(tx: &Tx<'_>, claim: &Claim, posted: &Earlier, earlier: &[Earlier]) -> Option<Answer> {
    let on = tx.scope().now().date_naive();
    let is_decided = matches!(claim.status, Status::Paid | Status::Denied);
    let is_reversed = (claim.status, claim.payer_state) == (Status::Submitted, PayerState::Reversed);
    if matches!(posted.answer, Answer::Reversed { .. }) {
        // the decision that it took back stands again
        let amounts = amounts_of(&posted.answer)?;
        let was =
            |one: &&Earlier| one.answer.decision().is_some() && amounts_of(&one.answer).as_ref() == Some(&amounts);
        let decision = earlier.iter().filter(|one| one.outcome == ResponseOutcome::Applied).rfind(was)?;
        return is_reversed.then(|| decision.answer.clone());
    }
    let decision = posted.answer.decision().filter(|_| is_decided)?;
    let of_patient = decision.adjustments.iter().filter(|a| a.group == AdjustmentGroup::PatientResponsibility);
    let patient_responsibility = of_patient.map(|a| &a.amount).sum();
    let told = answer::Told { paid: decision.paid, patient_responsibility, adjustments: decision.adjustments };
    Some(Answer::Reversed { told: Some(told), on })
}

/// A refusal of the posting itself: nobody sent its fields, so none is to blame.
fn refused(failure: Failure) -> Failure {
    if failure.code == Code::InvalidArgument {
        return Failure::new(Code::FailedPrecondition, failure.reason, failure.message);
    }
    failure
}

/// Writes it; the entry names the claim that it is, or was, about.
fn saved(tx: &Tx<'_>, mut told: RemittanceClaim, of: Option<(ClaimId, PatientId)>) -> Change<pb::RemittanceClaim> {
    told.version += 1;
    store::save_at_commit(tx, told.clone());
    let mut entry = Entry::bare(tx.scope(), Action::Update, Told::RESOURCE);
    entry.add(told.id.uuid(), of.map(|(_, patient)| patient.uuid()));
    if let Some((claim, patient)) = of {
        entry.add(claim.uuid(), Some(patient.uuid()));
    }
    Change::recorded(entry, Phi::new(convert::told_to_pb(told)))
}
