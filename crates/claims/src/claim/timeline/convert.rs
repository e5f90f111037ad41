//! What belongs to a claim's story, on the wire.

use kernel::clock::timestamp;
use kernel::money;
use therapy_claims::claims::v1 as pb;

use super::super::{Claim, convert};
use super::store::{Attempt, Linked, Said};
use crate::adjudication::{Adjustment, AdjustmentGroup};
use crate::response::{Answer, Reason, ResponseOutcome, Told};
use crate::submission::SubmissionState;

pub(super) fn submission(attempt: Attempt) -> pb::TimelineSubmission {
    let Attempt {
        id,
        attempt,
        frequency,
        state,
        submitted_at,
        submitted_by,
        transmitted_at,
        transmission_ref,
        failed_at,
        failure_reason,
    } = attempt;
    let state = match state {
        SubmissionState::Queued => pb::SubmissionState::Queued,
        SubmissionState::Transmitted => pb::SubmissionState::Transmitted,
        SubmissionState::Failed => pb::SubmissionState::Failed,
    };
    pb::TimelineSubmission {
        id: id.to_string(),
        attempt,
        frequency: convert::frequency_to_pb(&frequency).into(),
        state: state.into(),
        submitted_at: Some(timestamp(submitted_at)),
        submitted_by: submitted_by.to_string(),
        transmitted_at: transmitted_at.map(timestamp),
        transmission_reference: transmission_ref.unwrap_or_default(),
        failed_at: failed_at.map(timestamp),
        failure_reason: failure_reason.unwrap_or_default(),
    }
}

/// An answer; `masked` leaves out why, and how much.
pub(super) fn response(said: Said, masked: bool) -> pb::TimelineResponse {
    let Said { id, response_id, submission_id, body, occurred_at, received_at, reported_by, outcome, outcome_reason } =
        said;
    let answer = body.0;
    let outcome = match outcome {
        ResponseOutcome::Applied => pb::ResponseOutcome::Applied,
        ResponseOutcome::Recorded => pb::ResponseOutcome::Recorded,
        ResponseOutcome::Parked => pb::ResponseOutcome::Parked,
    };
    pb::TimelineResponse {
        id: id.to_string(),
        response_id,
        submission_id: submission_id.map(|id| id.to_string()).unwrap_or_default(),
        kind: kind(&answer).into(),
        payer_claim_number: answer.payer_claim_number().unwrap_or_default().to_owned(),
        reasons: answer.reasons().iter().filter(|_| !masked).map(reason).collect(),
        adjustments: answer.adjustments().iter().filter(|_| !masked).map(adjustment).collect(),
        paid_amount: paid(&answer).filter(|_| !masked).unwrap_or_default(),
        responded_at: Some(timestamp(occurred_at)),
        received_at: Some(timestamp(received_at)),
        reported_by: reported_by.to_string(),
        outcome: outcome.into(),
        outcome_reason: outcome_reason.unwrap_or_default(),
    }
}

const fn kind(answer: &Answer) -> pb::ResponseKind {
    match answer {
        Answer::Received => pb::ResponseKind::Received,
        Answer::Accepted { .. } => pb::ResponseKind::Accepted,
        Answer::Pended { .. } => pb::ResponseKind::Pended,
        Answer::Forwarded => pb::ResponseKind::Forwarded,
        Answer::Rejected { .. } => pb::ResponseKind::Rejected,
        Answer::Paid { .. } => pb::ResponseKind::Paid,
        Answer::Denied { .. } => pb::ResponseKind::Denied,
        Answer::Reversed { .. } => pb::ResponseKind::Reversed,
        Answer::Voided => pb::ResponseKind::Voided,
    }
}

fn paid(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Paid { paid, .. } | Answer::Reversed { told: Some(Told { paid, .. }), on: _ } => {
            Some(money::text(paid))
        }
        Answer::Received
        | Answer::Accepted { .. }
        | Answer::Pended { .. }
        | Answer::Forwarded
        | Answer::Rejected { .. }
        | Answer::Denied { .. }
        | Answer::Reversed { told: None, on: _ }
        | Answer::Voided => None,
    }
}

fn reason(reason: &Reason) -> pb::ResponseReason {
    let Reason { code, field, message } = reason.clone();
    pb::ResponseReason { code, field, message }
}

fn adjustment(adjustment: &Adjustment) -> pb::Adjustment {
    let Adjustment { group, reason, amount } = adjustment;
    let group = match group {
        AdjustmentGroup::Contractual => pb::AdjustmentGroup::Contractual,
        AdjustmentGroup::PatientResponsibility => pb::AdjustmentGroup::PatientResponsibility,
        AdjustmentGroup::Other => pb::AdjustmentGroup::Other,
        AdjustmentGroup::PayerInitiated => pb::AdjustmentGroup::PayerInitiated,
    };
    pb::Adjustment { group: group.into(), reason: reason.clone(), amount: money::text(amount) }
}

/// Another claim of the session, if the two have to do with each other.
pub(super) fn link(claim: &Claim, other: Linked) -> Option<pb::TimelineLink> {
    let Linked { id, claim_number, disposition, payer_sequence, replaces, prior } = other;
    let relation = if claim.replaces_claim_id == Some(id) {
        pb::ClaimRelation::Replaces
    } else if replaces == Some(claim.id) {
        pb::ClaimRelation::ReplacedBy
    } else if claim.prior_claim_id == Some(id) {
        pb::ClaimRelation::Prior
    } else if prior == Some(claim.id) {
        pb::ClaimRelation::Next
    } else {
        return None;
    };
    Some(pb::TimelineLink {
        relation: relation.into(),
        claim_id: id.to_string(),
        claim_number,
        disposition: convert::disposition_to_pb(disposition).into(),
        payer_sequence: convert::sequence_to_pb(payer_sequence).into(),
    })
}
