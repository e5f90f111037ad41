//! Claims to and from the wire.

use std::collections::HashSet;

use kernel::clock::{parts, timestamp};
use kernel::id::{ClaimId, CoverageId};
use kernel::mask::Mask;
use kernel::{Failure, Violations, etag, money};
use schema::Json;
use therapy_claims::claims::v1 as pb;
use therapy_claims::clinical::v1 as clinical_pb;
use therapy_claims::common::v1 as common;

use super::{Acknowledged, Bill, Claim, ClaimFilter, ClaimLine, PayerSequence};
use crate::lifecycle::{Disposition, PayerState, Status};
use crate::rules::{Finding, Severity, Source};

/// Claims in one batch at most.
const BATCH_MAX: usize = 200;

/// The fields that `UpdateClaim` may name.
pub const UPDATABLE: &[&str] = &["coverage_id", "copay_amount", "diagnosis_codes", "prior_authorization", "lines"];

/// What an update changes; `None` leaves a field as it is.
#[derive(Clone, Default)]
pub struct ClaimPatch {
    pub coverage_id: Option<CoverageId>,
    pub copay_amount: Option<bigdecimal::BigDecimal>,
    pub diagnosis_codes: Option<Vec<String>>,
    pub prior_authorization: Option<Option<String>>,
    /// Replace the lines together.
    pub lines: Option<Vec<pb::ClaimLine>>,
}

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

/// Reads the fields that the mask names.
pub fn patch(v: &mut Violations, mask: &Mask, claim: &pb::Claim) -> ClaimPatch {
    let mut patch = ClaimPatch::default();
    if mask.has("coverage_id") {
        patch.coverage_id = Some(v.id("coverage_id", &claim.coverage_id));
    }
    if mask.has("copay_amount") {
        patch.copay_amount = Some(v.amount_or_zero("copay_amount", &claim.copay_amount));
    }
    if mask.has("diagnosis_codes") {
        if claim.diagnosis_codes.len() > 24 {
            v.add("diagnosis_codes", "must have at most 24 elements");
        }
        let read =
            |(i, code): (usize, &String)| v.text(&format!("diagnosis_codes[{i}]"), code, 10).to_ascii_uppercase();
        patch.diagnosis_codes = Some(claim.diagnosis_codes.iter().enumerate().map(read).collect());
    }
    if mask.has("prior_authorization") {
        patch.prior_authorization = Some(v.optional_text("prior_authorization", &claim.prior_authorization, 80));
    }
    if mask.has("lines") {
        if !(1..=50).contains(&claim.lines.len()) {
            v.add("lines", "must have 1 to 50 elements");
        }
        for (i, line) in claim.lines.iter().enumerate() {
            check_line(v, i, line);
        }
        patch.lines = Some(claim.lines.clone());
    }
    patch
}

fn check_line(v: &mut Violations, i: usize, line: &pb::ClaimLine) {
    let path = |field: &str| format!("lines[{i}].{field}");
    v.text(&path("cpt_code"), &line.cpt_code, 10);
    v.amount(&path("charge_amount"), &line.charge_amount);
    v.free_text(&path("place_of_service"), &line.place_of_service, 2);
    v.optional_date(&path("service_date"), line.service_date.map(Into::into));
    if line.modifiers.len() > 4 {
        v.add(&path("modifiers"), "must have at most 4 elements");
    }
    for (j, modifier) in line.modifiers.iter().enumerate() {
        v.text(&path(&format!("modifiers[{j}]")), modifier, 2);
    }
    if !(0..=9_999).contains(&line.units) {
        v.add(&path("units"), "must be between 0 and 9999");
    }
    if line.diagnosis_pointers.len() > 12 {
        v.add(&path("diagnosis_pointers"), "must have at most 12 elements");
    }
    if !(0..=1440).contains(&line.duration_minutes) {
        v.add(&path("duration_minutes"), "must be between 0 and 1440");
    }
}

impl std::fmt::Debug for ClaimPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimPatch(..)")
    }
}

impl ClaimPatch {
    /// Puts the new values on the bill.
    pub fn apply_to(self, bill: &mut Bill) {
        let Self { coverage_id, copay_amount, diagnosis_codes, prior_authorization, lines } = self;
        if let Some(id) = coverage_id {
            bill.claim.coverage_id = Some(id);
        }
        if let Some(amount) = copay_amount {
            bill.claim.copay_amount = amount;
        }
        if let Some(codes) = diagnosis_codes {
            bill.claim.diagnosis_codes = Json(codes);
        }
        if let Some(number) = prior_authorization {
            bill.claim.prior_authorization = number;
        }
        if let Some(lines) = lines {
            bill.lines = lines.into_iter().zip(1..).map(|(line, number)| new_line(&bill.claim, line, number)).collect();
            bill.claim.charge_amount = crate::assemble::total(&bill.lines);
        }
    }
}

/// A line that [`check_line`] has passed.
fn new_line(claim: &Claim, line: pb::ClaimLine, line_number: i32) -> ClaimLine {
    let day = line.service_date.and_then(|d| {
        let (month, day) = (u32::try_from(d.month).ok()?, u32::try_from(d.day).ok()?);
        chrono::NaiveDate::from_ymd_opt(d.year, month, day)
    });
    ClaimLine {
        practice_id: claim.practice_id,
        claim_id: claim.id,
        line_number,
        cpt_code: line.cpt_code.trim().to_ascii_uppercase(),
        modifiers: Json(line.modifiers),
        units: line.units.max(1),
        charge_amount: money::parse(&line.charge_amount).unwrap_or_else(|_checked| money::zero()),
        place_of_service: line.place_of_service,
        diagnosis_pointers: Json(if line.diagnosis_pointers.is_empty() { vec![1] } else { line.diagnosis_pointers }),
        service_date: day.unwrap_or(claim.service_date),
        duration_minutes: (line.duration_minutes > 0).then_some(line.duration_minutes),
    }
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

/// A finding on the wire.
#[must_use]
pub fn finding_to_pb(finding: &Finding, acknowledged: bool) -> common::Finding {
    let severity = match finding.severity {
        Severity::Error => common::FindingSeverity::Error,
        Severity::Warning => common::FindingSeverity::Warning,
        Severity::Info => common::FindingSeverity::Info,
    };
    let source = match finding.source {
        Source::Local => common::FindingSource::Local,
        Source::Clearinghouse => common::FindingSource::Clearinghouse,
        Source::Payer => common::FindingSource::Payer,
    };
    common::Finding {
        code: finding.code.to_string(),
        severity: severity.into(),
        field: finding.field.to_string(),
        message: finding.message.to_string(),
        rule_set_version: finding.rule_set_version.to_string(),
        source: source.into(),
        acknowledged,
    }
}

/// What the call for one item of a batch alone would have answered.
#[must_use]
pub fn problem(failure: &Failure, finding_codes: Vec<String>) -> common::Problem {
    let violations = failure.violations().iter();
    common::Problem {
        code: failure.code.as_str().to_owned(),
        reason: failure.reason.to_owned(),
        message: failure.message.clone(),
        violations: violations
            .map(|v| common::Violation { field: v.field.clone(), description: v.description.clone() })
            .collect(),
        finding_codes,
    }
}

/// Accepts the named warnings of the bill, for whoever acts now.
#[must_use]
pub fn acknowledge(
    bill: &Bill,
    codes: &[String],
    user_id: uuid::Uuid,
    at: chrono::DateTime<chrono::Utc>,
) -> Vec<Acknowledged> {
    let findings = bill.claim.validation_errors.0.iter();
    let named = findings.filter(|f| f.severity == Severity::Warning && codes.iter().any(|c| *c == f.code));
    let fresh = named.filter(|f| !bill.claim.has_acknowledged(f));
    fresh.map(|f| Acknowledged { code: f.code.to_string(), field: f.field.to_string(), user_id, at }).collect()
}

/// A status on the wire.
#[must_use]
pub const fn status_to_pb(status: Status) -> common::ClaimStatus {
    match status {
        Status::Draft => common::ClaimStatus::Draft,
        Status::Ready => common::ClaimStatus::Ready,
        Status::Submitted => common::ClaimStatus::Submitted,
        Status::Paid => common::ClaimStatus::Paid,
        Status::Denied => common::ClaimStatus::Denied,
    }
}

/// A status from the wire; `None` when unspecified or unknown.
#[must_use]
pub fn status_from_pb(status: i32) -> Option<Status> {
    match common::ClaimStatus::try_from(status).ok()? {
        common::ClaimStatus::Draft => Some(Status::Draft),
        common::ClaimStatus::Ready => Some(Status::Ready),
        common::ClaimStatus::Submitted => Some(Status::Submitted),
        common::ClaimStatus::Paid => Some(Status::Paid),
        common::ClaimStatus::Denied => Some(Status::Denied),
        common::ClaimStatus::Unspecified => None,
    }
}

/// A payer state on the wire.
#[must_use]
pub const fn payer_state_to_pb(state: PayerState) -> pb::PayerState {
    match state {
        PayerState::None => pb::PayerState::None,
        PayerState::ValidationFailed => pb::PayerState::ValidationFailed,
        PayerState::Held => pb::PayerState::Held,
        PayerState::RejectedTransport => pb::PayerState::RejectedTransport,
        PayerState::RejectedClearinghouse => pb::PayerState::RejectedClearinghouse,
        PayerState::RejectedPayer => pb::PayerState::RejectedPayer,
        PayerState::TransmitFailed => pb::PayerState::TransmitFailed,
        PayerState::Queued => pb::PayerState::Queued,
        PayerState::Transmitted => pb::PayerState::Transmitted,
        PayerState::Received => pb::PayerState::Received,
        PayerState::Accepted => pb::PayerState::Accepted,
        PayerState::Pended => pb::PayerState::Pended,
        PayerState::Forwarded => pb::PayerState::Forwarded,
        PayerState::Reversed => pb::PayerState::Reversed,
        PayerState::Appealed => pb::PayerState::Appealed,
        PayerState::VoidPending => pb::PayerState::VoidPending,
        PayerState::ReplacementPending => pb::PayerState::ReplacementPending,
        PayerState::PaidFull => pb::PayerState::PaidFull,
        PayerState::PaidPartial => pb::PayerState::PaidPartial,
        PayerState::ZeroPayPatientResponsibility => pb::PayerState::ZeroPayPatientResponsibility,
        PayerState::PaidZeroContractual => pb::PayerState::PaidZeroContractual,
        PayerState::Denied => pb::PayerState::Denied,
        PayerState::DeniedAppealable => pb::PayerState::DeniedAppealable,
        PayerState::DeniedFinal => pb::PayerState::DeniedFinal,
    }
}

const fn disposition_to_pb(disposition: Disposition) -> pb::Disposition {
    match disposition {
        Disposition::Active => pb::Disposition::Active,
        Disposition::Replaced => pb::Disposition::Replaced,
        Disposition::Voided => pb::Disposition::Voided,
        Disposition::Cancelled => pb::Disposition::Cancelled,
        Disposition::WrittenOff => pb::Disposition::WrittenOff,
    }
}

/// A frequency on the wire.
#[must_use]
pub fn frequency_to_pb(frequency: &str) -> pb::ClaimFrequency {
    match frequency {
        "1" => pb::ClaimFrequency::Original,
        "7" => pb::ClaimFrequency::Replacement,
        "8" => pb::ClaimFrequency::Void,
        _ => pb::ClaimFrequency::Unspecified,
    }
}

/// A payer sequence on the wire.
#[must_use]
pub const fn sequence_to_pb(sequence: PayerSequence) -> clinical_pb::PayerSequence {
    match sequence {
        PayerSequence::Primary => clinical_pb::PayerSequence::Primary,
        PayerSequence::Secondary => clinical_pb::PayerSequence::Secondary,
        PayerSequence::Tertiary => clinical_pb::PayerSequence::Tertiary,
    }
}
