//! Claims to and from the wire.

use std::collections::HashSet;

use kernel::clock::{parts, timestamp};
use kernel::id::ClaimId;
use kernel::{Violations, etag, money};
use therapy_claims::claims::v1 as pb;
use therapy_claims::clinical::v1 as clinical_pb;

pub use self::finding::{acknowledge, finding_to_pb, problem};
pub use self::patch::{ClaimPatch, UPDATABLE, patch};
pub use self::state::{
    disposition_to_pb, frequency_to_pb, payer_state_to_pb, sequence_to_pb, status_from_pb, status_to_pb,
};
use super::{Bill, ClaimFilter, ClaimLine};
use crate::lifecycle::Status;

mod finding;
mod patch;
mod state;

/// Claims in one batch at most.
const BATCH_MAX: usize = 200;

/// Reads what a list is narrowed to.
pub fn filter(v: &mut Violations, request: &pb::ListClaimsRequest) -> ClaimFilter {
    let status = (request.status != 0).then(|| v.known("status", status_from_pb(request.status), Status::Draft));
    ClaimFilter {
        status,
        session_id: v.optional_id("session_id", &request.session_id),
        patient_id: v.optional_id("patient_id", &request.patient_id),
        therapist_id: v.optional_id("therapist_id", &request.therapist_id),
        payer_id: v.optional_text("payer_id", &request.payer_id, 80),
        from: v.optional_date("from_date", request.from_date.map(Into::into)),
        to: v.optional_date("to_date", request.to_date.map(Into::into)),
        include_inactive: request.include_inactive,
    }
}

/// Reads the ids of a batch: 1 to 200, none twice.
pub fn ids(v: &mut Violations, ids: &[String]) -> Vec<ClaimId> {
    if !(1..=BATCH_MAX).contains(&ids.len()) {
        v.add("ids", "must have 1 to 200 elements");
    }
    let mut seen = HashSet::new();
    let mut read = Vec::with_capacity(ids.len().min(BATCH_MAX));
    for (i, text) in ids.iter().enumerate().take(BATCH_MAX) {
        let field = format!("ids[{i}]");
        let id = v.id(&field, text);
        if id != ClaimId::NIL && !seen.insert(id) {
            v.add(&field, "is named twice");
        }
        read.push(id);
    }
    read
}

/// Reads codes of findings, 100 at most.
pub fn codes<'a>(v: &mut Violations, field: &str, codes: &'a [String]) -> &'a [String] {
    if codes.len() > 100 {
        v.add(field, "must have at most 100 elements");
    }
    codes
}

/// A claim as the caller may see it; `masked` blanks what tells a condition.
#[must_use]
pub fn to_pb(bill: Bill, masked: bool) -> pb::Claim {
    let Bill { claim, lines } = bill;
    let findings = claim.validation_errors.0.iter().map(|f| finding_to_pb(f, claim.has_acknowledged(f))).collect();
    let mut message = pb::Claim {
        id: claim.id.to_string(),
        practice_id: claim.practice_id.to_string(),
        session_id: claim.session_id.to_string(),
        patient_id: claim.patient_id.to_string(),
        therapist_id: claim.therapist_id.to_string(),
        claim_number: claim.claim_number,
        status: status_to_pb(claim.status).into(),
        payer_state: payer_state_to_pb(claim.payer_state).into(),
        disposition: disposition_to_pb(claim.disposition).into(),
        frequency: frequency_to_pb(&claim.frequency).into(),
        payer_sequence: sequence_to_pb(claim.payer_sequence).into(),
        coverage_id: claim.coverage_id.map(|id| id.to_string()).unwrap_or_default(),
        payer_id: claim.payer_id.unwrap_or_default(),
        payer_claim_number: claim.payer_claim_number.unwrap_or_default(),
        replaces_claim_id: claim.replaces_claim_id.map(|id| id.to_string()).unwrap_or_default(),
        service_date: Some(parts(claim.service_date).into()),
        charge_amount: money::text(&claim.charge_amount),
        copay_amount: money::text(&claim.copay_amount),
        paid_amount: money::text(&claim.paid_amount),
        adjusted_amount: money::text(&claim.adjusted_amount),
        patient_responsibility_amount: money::text(&claim.patient_responsibility_amount),
        diagnosis_codes: claim.diagnosis_codes.0,
        prior_authorization: claim.prior_authorization.unwrap_or_default(),
        lines: lines.into_iter().map(line_to_pb).collect(),
        filing_deadline: claim.filing_deadline.map(|d| parts(d).into()),
        submitted_at: claim.submitted_at.map(timestamp),
        adjudicated_at: claim.adjudicated_at.map(timestamp),
        attempt: claim.attempt,
        findings,
        rule_set_version: claim.rule_set_version.unwrap_or_default(),
        etag: etag::of(claim.version),
        created_at: Some(timestamp(claim.created_at)),
        updated_at: Some(timestamp(claim.updated_at)),
        delay_reason_code: claim.delay_reason_code.unwrap_or_default(),
        replaced_by_claim_id: claim.replaced_by_claim_id.map(|id| id.to_string()).unwrap_or_default(),
        prior_claim_id: claim.prior_claim_id.map(|id| id.to_string()).unwrap_or_default(),
        forwarded: claim.is_forwarded,
    };
    if masked {
        message.diagnosis_codes.clear();
        message.lines.clear();
        message.findings.clear();
        message.prior_authorization.clear();
        message.paid_amount.clear();
        message.adjusted_amount.clear();
    }
    message
}

fn line_to_pb(line: ClaimLine) -> pb::ClaimLine {
    let ClaimLine {
        practice_id: _,
        claim_id: _,
        line_number,
        cpt_code,
        modifiers,
        units,
        charge_amount,
        place_of_service,
        diagnosis_pointers,
        service_date,
        duration_minutes,
    } = line;
    pb::ClaimLine {
        line_number,
        cpt_code,
        modifiers: modifiers.0,
        units,
        charge_amount: money::text(&charge_amount),
        place_of_service,
        diagnosis_pointers: diagnosis_pointers.0,
        service_date: Some(parts(service_date).into()),
        duration_minutes: duration_minutes.unwrap_or(0),
    }
}

/// What completing a session answers of the claim that it drafted.
#[must_use]
pub fn draft_to_pb(bill: &Bill) -> clinical_pb::ClaimDraft {
    clinical_pb::ClaimDraft {
        claim_id: bill.claim.id.to_string(),
        claim_number: bill.claim.claim_number.clone(),
        status: status_to_pb(bill.claim.status).into(),
        findings: bill.claim.validation_errors.0.iter().map(|f| finding_to_pb(f, false)).collect(),
    }
}
