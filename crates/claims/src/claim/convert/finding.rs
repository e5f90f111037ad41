//! Findings, problems and what somebody accepted.

use kernel::Failure;
use therapy_claims::common::v1 as common;

use super::super::{Acknowledged, Bill};
use crate::rules::{Finding, Severity, Source};

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
