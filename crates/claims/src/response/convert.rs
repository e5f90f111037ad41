//! Answers from the wire: every field is read, every violation is told.

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::{Code, Detail, Failure, Violations, money};
use prost::Message;
use sha2::{Digest, Sha256};
use therapy_claims::claims::v1 as pb;

use super::{Answer, Reason, RejectedBy, Report, Told};
use crate::adjudication::{AdjudicationError, Adjustment, AdjustmentGroup};

/// How far the reporter's clock may be ahead of ours.
const SKEW: TimeDelta = TimeDelta::minutes(5);
const REASONS_MAX: usize = 50;
const ADJUSTMENTS_MAX: usize = 100;

/// Reads a report.
pub fn report(v: &mut Violations, message: &pb::ReportPayerResponseRequest, now: DateTime<Utc>) -> Report {
    let answer = answer(v, message.response.as_ref(), now.date_naive());
    Report {
        claim_number: v.text("claim_number", &message.claim_number, 80),
        response_id: v.text("response_id", &message.response_id, 80),
        responded_at: said_at(v, "responded_at", message.responded_at, now),
        answer,
        body_hash: body_hash(message),
    }
}

/// The same whenever the same is reported again, whatever the call's own id.
fn body_hash(message: &pb::ReportPayerResponseRequest) -> Vec<u8> {
    let content = pb::ReportPayerResponseRequest { request_id: String::new(), ..message.clone() };
    Sha256::digest(content.encode_to_vec()).to_vec()
}

/// A time that somebody else tells: now when left out, and never in the future.
pub fn said_at(
    v: &mut Violations,
    field: &str,
    at: Option<prost_types::Timestamp>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let at = v.optional_time(field, at).unwrap_or(now);
    if at > now + SKEW {
        v.add(field, "must not be in the future");
    }
    chrono::SubsecRound::trunc_subsecs(at, 6)
}

fn answer(
    v: &mut Violations,
    answer: Option<&pb::report_payer_response_request::Response>,
    today: NaiveDate,
) -> Answer {
    use pb::report_payer_response_request::Response;
    match answer {
        None => {
            v.add(
                "response",
                "must be one of received, accepted, pended, forwarded, rejected, paid, denied, reversed, voided",
            );
            Answer::Received
        }
        Some(Response::Received(pb::PayerReceived {})) => Answer::Received,
        Some(Response::Accepted(pb::PayerAccepted { payer_claim_number })) => Answer::Accepted {
            payer_claim_number: v.optional_text("accepted.payer_claim_number", payer_claim_number, 80),
        },
        Some(Response::Pended(pb::PayerPended { reasons: all })) => {
            Answer::Pended { reasons: reasons(v, "pended.reasons", all) }
        }
        Some(Response::Rejected(message)) => rejected(v, message),
        Some(Response::Paid(message)) => paid(v, message),
        Some(Response::Denied(message)) => denied(v, message, today),
        Some(Response::Forwarded(pb::PayerForwarded {})) => Answer::Forwarded,
        Some(Response::Reversed(message)) => reversed(v, message, today),
        Some(Response::Voided(pb::PayerVoided {})) => Answer::Voided,
    }
}

fn rejected(v: &mut Violations, pb::PayerRejected { source, reasons: all }: &pb::PayerRejected) -> Answer {
    let by = match pb::RejectionSource::try_from(*source) {
        Ok(pb::RejectionSource::Transport) => Some(RejectedBy::Transport),
        Ok(pb::RejectionSource::Clearinghouse) => Some(RejectedBy::Clearinghouse),
        Ok(pb::RejectionSource::Payer) => Some(RejectedBy::Payer),
        Ok(pb::RejectionSource::Unspecified) | Err(_) => None,
    };
    if all.is_empty() {
        v.add("rejected.reasons", "must have at least one element");
    }
    Answer::Rejected {
        by: v.known("rejected.source", by, RejectedBy::Payer),
        reasons: reasons(v, "rejected.reasons", all),
    }
}

fn paid(v: &mut Violations, message: &pb::PayerPaid) -> Answer {
    let pb::PayerPaid {
        paid_amount,
        patient_responsibility_amount,
        adjustments: all,
        payer_claim_number,
        paid_on,
        forwarded,
    } = message;
    Answer::Paid {
        paid: v.amount("paid.paid_amount", paid_amount),
        patient_responsibility: v.amount("paid.patient_responsibility_amount", patient_responsibility_amount),
        adjustments: adjustments(v, "paid.adjustments", all),
        payer_claim_number: v.optional_text("paid.payer_claim_number", payer_claim_number, 80),
        on: v.date("paid.paid_on", paid_on.map(Into::into)),
        forwarded: *forwarded,
    }
}

fn denied(v: &mut Violations, message: &pb::PayerDenied, today: NaiveDate) -> Answer {
    let pb::PayerDenied { adjustments: all, reasons: more, payer_claim_number, denied_on, appealable } = message;
    if all.is_empty() {
        v.add("denied.adjustments", "must have at least one element");
    }
    Answer::Denied {
        adjustments: adjustments(v, "denied.adjustments", all),
        reasons: reasons(v, "denied.reasons", more),
        payer_claim_number: v.optional_text("denied.payer_claim_number", payer_claim_number, 80),
        on: v.optional_date("denied.denied_on", denied_on.map(Into::into)).unwrap_or(today),
        appealable: *appealable,
    }
}

fn reversed(v: &mut Violations, message: &pb::PayerReversed, today: NaiveDate) -> Answer {
    let pb::PayerReversed { paid_amount, patient_responsibility_amount, adjustments: all, reversed_on } = message;
    let all = adjustments(v, "reversed.adjustments", all);
    let is_told = !paid_amount.is_empty();
    if !is_told && (!all.is_empty() || !patient_responsibility_amount.is_empty()) {
        v.add("reversed.paid_amount", "must be given when other amounts are");
    }
    let told = is_told.then(|| Told {
        paid: v.amount("reversed.paid_amount", paid_amount),
        patient_responsibility: v
            .amount_or_zero("reversed.patient_responsibility_amount", patient_responsibility_amount),
        adjustments: all,
    });
    let on = v.optional_date("reversed.reversed_on", reversed_on.map(Into::into)).unwrap_or(today);
    Answer::Reversed { told, on }
}

fn reasons(v: &mut Violations, path: &str, all: &[pb::ResponseReason]) -> Vec<Reason> {
    if all.len() > REASONS_MAX {
        v.add(path, "must have at most 50 elements");
    }
    let read = |(i, reason): (usize, &pb::ResponseReason)| {
        let pb::ResponseReason { code, field, message } = reason;
        Reason {
            code: v.text(&format!("{path}[{i}].code"), code, 30),
            field: v.free_text(&format!("{path}[{i}].field"), field, 100),
            message: v.free_text(&format!("{path}[{i}].message"), message, 200),
        }
    };
    all.iter().take(REASONS_MAX).enumerate().map(read).collect()
}

fn adjustments(v: &mut Violations, path: &str, all: &[pb::Adjustment]) -> Vec<Adjustment> {
    if all.len() > ADJUSTMENTS_MAX {
        v.add(path, "must have at most 100 elements");
    }
    let read = |(i, adjustment): (usize, &pb::Adjustment)| {
        let pb::Adjustment { group, reason, amount } = adjustment;
        let group = match pb::AdjustmentGroup::try_from(*group) {
            Ok(pb::AdjustmentGroup::Contractual) => Some(AdjustmentGroup::Contractual),
            Ok(pb::AdjustmentGroup::PatientResponsibility) => Some(AdjustmentGroup::PatientResponsibility),
            Ok(pb::AdjustmentGroup::Other) => Some(AdjustmentGroup::Other),
            Ok(pb::AdjustmentGroup::PayerInitiated) => Some(AdjustmentGroup::PayerInitiated),
            Ok(pb::AdjustmentGroup::Unspecified) | Err(_) => None,
        };
        Adjustment {
            group: v.known(&format!("{path}[{i}].group"), group, AdjustmentGroup::Other),
            reason: v.text(&format!("{path}[{i}].reason"), reason, 5),
            amount: signed(v, &format!("{path}[{i}].amount"), amount),
        }
    };
    all.iter().take(ADJUSTMENTS_MAX).enumerate().map(read).collect()
}

/// An amount that may be below zero.
fn signed(v: &mut Violations, field: &str, text: &str) -> BigDecimal {
    match text.strip_prefix('-') {
        Some(rest) => money::cents(&-v.amount(field, rest)),
        None => v.amount(field, text),
    }
}

/// Names the field of the request that is to blame.
#[must_use]
pub fn unbalanced(error: AdjudicationError, answer: &Answer) -> Failure {
    let kind = answer.kind();
    let field = match error {
        AdjudicationError::Amount { field: "paid" } | AdjudicationError::Negative { field: "paid" } => "paid_amount",
        AdjudicationError::Amount { field: "patient_responsibility" } | AdjudicationError::PatientResponsibility => {
            "patient_responsibility_amount"
        }
        AdjudicationError::Amount { .. }
        | AdjudicationError::Negative { .. }
        | AdjudicationError::Reason
        | AdjudicationError::Unbalanced
        | AdjudicationError::DeniedButPaid => "adjustments",
    };
    let mut v = Violations::new();
    v.add(&format!("{kind}.{field}"), &error.to_string());
    Failure::new(Code::InvalidArgument, error.reason(), error.to_string()).detail(Detail::Violations(v.into_list()))
}
