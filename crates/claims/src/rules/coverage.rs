//! Rules 26 to 38 and 101: the insurance that is asked to pay.

use chrono::TimeDelta;

use super::text::{is_blank, is_digits};
use super::{Case, Report, Rule, Severity};
use crate::snapshot::Coverage;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: 26,
        code: "COVERAGE_MISSING",
        severity: Severity::Error,
        message: "No coverage links patient and payer",
        basis: "openIMIS; Medplum",
        check: |case, report| {
            if case.snapshot.coverage.is_none() {
                report.at("coverage_id");
            }
        },
    },
    Rule {
        number: 27,
        code: "COVERAGE_INACTIVE_ON_DOS",
        severity: Severity::Error,
        message: "Coverage not active on the service date",
        basis: "adjustment reasons 26 and 27",
        check: |case, report| {
            let Some(coverage) = &case.snapshot.coverage else { return };
            let on = case.service_date();
            if coverage.effective_from.is_some_and(|first| on < first) {
                report.at("coverage.effective_from");
            }
            if coverage.effective_to.is_some_and(|last| last < on) {
                report.at("coverage.effective_to");
            }
        },
    },
    Rule {
        number: 28,
        code: "MEMBER_ID_MISSING",
        severity: Severity::Error,
        message: "Member id is required",
        basis: "OpenEMR; pyx12 maps",
        check: |case, report| {
            if case.snapshot.coverage.as_ref().is_some_and(|coverage| is_blank(&coverage.member_id)) {
                report.at("coverage.member_id");
            }
        },
    },
    Rule {
        number: 29,
        code: "MEMBER_ID_FORMAT",
        severity: Severity::Warning,
        message: "Member id should be 2 to 80 letters and digits without spaces or punctuation",
        basis: "pyx12 maps, element 67; payer's terms",
        check: member_id,
    },
    Rule {
        number: 31,
        code: "RELATIONSHIP_CODE",
        severity: Severity::Error,
        message: "Relationship code not allowed",
        basis: "pyx12 maps, SBR02 and PAT01",
        check: |case, report| {
            if case.snapshot.coverage.as_ref().is_some_and(|c| !RELATIONSHIPS.contains(&c.relationship.as_str())) {
                report.at("coverage.relationship");
            }
        },
    },
    Rule {
        number: 32,
        code: "PAYER_ID_MISSING",
        severity: Severity::Error,
        message: "Payer id is missing",
        basis: "OpenEMR",
        check: |case, report| {
            if case.snapshot.coverage.as_ref().is_some_and(|coverage| coverage.payer_id.is_empty()) {
                report.at("coverage.payer_id");
            }
        },
    },
    Rule {
        number: 32,
        code: "PAYER_UNKNOWN",
        severity: Severity::Error,
        message: "Payer is not in the payer list on the service date",
        basis: "practice systems' rejection guides",
        check: payer_unknown,
    },
    Rule {
        number: 33,
        code: "FILING_INDICATOR",
        severity: Severity::Error,
        message: "Claim filing indicator not valid",
        basis: "pyx12 maps, SBR09",
        check: |case, report| {
            if case
                .snapshot
                .coverage
                .as_ref()
                .is_some_and(|c| !FILING_INDICATORS.contains(&c.filing_indicator.as_str()))
            {
                report.at("coverage.filing_indicator");
            }
        },
    },
    Rule {
        number: 34,
        code: "ASSIGNMENT_RELEASE_FLAGS",
        severity: Severity::Error,
        message: "Assignment, benefits or release flag missing or invalid",
        basis: "pyx12 maps, CLM07 to CLM09; Candid",
        check: |case, report| {
            let Some(coverage) = &case.snapshot.coverage else { return };
            if !matches!(coverage.assignment.as_str(), "A" | "B" | "C") {
                report.at("coverage.assignment");
            }
            if !matches!(coverage.benefits_assigned.as_str(), "Y" | "N" | "W") {
                report.at("coverage.benefits_assigned");
            }
            if !matches!(coverage.release.as_str(), "Y" | "I") {
                report.at("coverage.release");
            }
        },
    },
    Rule {
        number: 35,
        code: "CONSENT_RESTRICTION_SELFPAY",
        severity: Severity::Error,
        message: "Patient restricted disclosure of this service to the plan",
        basis: "45 CFR 164.522(a)(1)(vi)",
        check: |case, report| {
            if case.snapshot.session.disclosure_restricted {
                report.at("session.disclosure_restricted");
            }
        },
    },
    Rule {
        number: 36,
        code: "PART2_CONSENT",
        severity: Severity::Error,
        // nothing is kept of consents yet, and without one nothing may be disclosed
        message: "Part 2 record: no consent to disclose it can be recorded here yet; cancel the claim and bill it outside with the signed consent",
        basis: "42 CFR Part 2",
        check: |case, report| {
            if case.snapshot.session.part2 && !case.facts.has_part2_consent {
                report.at("session.part2");
            }
        },
    },
    Rule {
        number: 37,
        code: "ELIGIBILITY_STALE",
        severity: Severity::Info,
        message: "No recent eligibility check is on record",
        basis: "design; payer's terms",
        check: |case, report| {
            let Some(days) = case.facts.terms.eligibility_days else { return };
            let oldest = case.service_date().checked_sub_signed(TimeDelta::days(i64::from(days)));
            let is_fresh = case.facts.eligibility_checked_on.is_some_and(|on| oldest.is_none_or(|oldest| oldest <= on));
            if case.snapshot.coverage.is_some() && !is_fresh {
                report.at("coverage");
            }
        },
    },
    Rule {
        number: 38,
        code: "COB_ORDER",
        severity: Severity::Error,
        message: "Coverage order is inconsistent",
        basis: "practice systems' rejection guides",
        check: order,
    },
    Rule {
        number: 101,
        code: "MEDICARE_SECONDARY_REASON",
        severity: Severity::Error,
        message: "Medicare is not the first payer: the reason why it pays after another one is required",
        basis: "X12 837P guide, SBR05; 42 CFR 411 (Medicare Secondary Payer)",
        check: |case, report| {
            let turn = &case.snapshot.claim.payer_sequence;
            if case.snapshot.coverage.as_ref().is_some_and(|c| c.is_later_medicare(turn) && c.insurance_type.is_empty())
            {
                report.at("coverage.medicare_secondary_reason");
            }
        },
    },
];

/// Self, and the dependents' codes.
const RELATIONSHIPS: &[&str] = &["18", "01", "19", "20", "21", "39", "40", "53", "G8"];

const FILING_INDICATORS: &[&str] = &[
    "CI", "BL", "MB", "MC", "HM", "12", "13", "11", "14", "15", "16", "17", "AM", "CH", "DS", "FI", "LM", "MA", "OF",
    "TV", "VA", "WC", "ZZ",
];

/// The payer's own form, where it is known, says all.
fn member_id(case: &Case<'_>, report: &mut Report<'_>) {
    let Some(Coverage { member_id, .. }) = &case.snapshot.coverage else { return };
    let field = "coverage.member_id";
    if is_blank(member_id) {
        return;
    }
    match &case.facts.terms.member_id {
        Some(pattern) if pattern.matches(member_id) => {}
        Some(_) => report.saying(Severity::Error, field, "Member id format not accepted by payer"),
        None if is_social_security_number(member_id) => {
            report.saying(Severity::Warning, field, "Member id looks like a social security number");
        }
        None => {
            let has_other = member_id.bytes().any(|byte| !byte.is_ascii_alphanumeric());
            if has_other || !(2..=80).contains(&member_id.len()) {
                report.at(field);
            }
        }
    }
}

/// Nine digits as they are printed on the card: 3, 2 and 4, with hyphens between them. Without hyphens they may be
/// any plan's number.
fn is_social_security_number(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut is = |digits| parts.next().is_some_and(|part| is_digits(part, digits));
    is(3) && is(2) && is(4) && parts.next().is_none()
}

fn payer_unknown(case: &Case<'_>, report: &mut Report<'_>) {
    let snapshot = case.snapshot;
    if snapshot.coverage.as_ref().is_none_or(|coverage| coverage.payer_id.is_empty()) {
        return;
    }
    let on = case.service_date();
    let is_listed = snapshot.payer.as_ref().is_some_and(|payer| {
        payer.valid_from.is_none_or(|first| first <= on) && payer.valid_to.is_none_or(|last| on <= last)
    });
    if !is_listed {
        report.at("coverage.payer_id");
    }
}

/// Each of first, second and third payer at most once and none left out; Medicare not twice.
fn order(case: &Case<'_>, report: &mut Report<'_>) {
    let Some(coverage) = &case.snapshot.coverage else { return };
    let others = || case.facts.other_coverages.iter();
    let count = |sequence: &str| {
        usize::from(coverage.sequence == sequence) + others().filter(|other| other.sequence == sequence).count()
    };
    let [first, second, third] = ["P", "S", "T"].map(count);
    let medicare = usize::from(is_medicare(&coverage.sequence, &coverage.filing_indicator))
        + others().filter(|other| is_medicare(&other.sequence, &other.filing_indicator)).count();
    let is_doubled = first > 1 || second > 1 || third > 1 || medicare > 1;
    let has_gap = (second > 0 && first == 0) || (third > 0 && second == 0);
    let is_other = first + second + third < 1 + others().count();
    if is_doubled || has_gap || is_other {
        report.at("coverage.sequence");
    }
}

fn is_medicare(sequence: &str, filing_indicator: &str) -> bool {
    filing_indicator == "MB" && matches!(sequence, "P" | "S")
}

#[cfg(test)]
pub(super) mod tests;
