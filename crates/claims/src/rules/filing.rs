//! Rules 79 to 89, 95, 96 and 100: filing in time, once, and as what.

use chrono::{Months, NaiveDate, TimeDelta};

use super::text::{holds, is_longer};
use super::{Case, PayerTerms, Report, Rule, Severity};
use crate::snapshot::{Address, ClaimSnapshot, Coverage};

/// A claim that was made from what has changed since.
pub const SNAPSHOT_STALE: &str = "SNAPSHOT_STALE";

/// A claim that the payer takes no more, unless there is a reason for the delay.
pub const TIMELY_FILING_EXPIRED: &str = "TIMELY_FILING_EXPIRED";

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: 79,
        code: "PCN_FORMAT",
        severity: Severity::Error,
        message: "Claim number must be 1 to 14 of A-Z and 0-9",
        basis: "Candid; Stedi",
        check: |case, report| {
            let number = case.snapshot.claim.claim_number.as_bytes();
            let is_plain = number.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
            if !(is_plain && (1..=14).contains(&number.len())) {
                report.at("claim_number");
            }
        },
    },
    Rule {
        number: 80,
        code: "DUPLICATE_CLAIM",
        severity: Severity::Error,
        message: "Same service already billed on another claim",
        basis: "adjustment reason 18; Stedi",
        check: |case, report| {
            if case.facts.duplicate_of.is_some() {
                report.at("claim");
            }
        },
    },
    Rule {
        number: 81,
        code: "SESSION_ALREADY_BILLED",
        severity: Severity::Error,
        message: "Session already has an active claim for this payer order",
        basis: "Ottehr; Medplum",
        check: |case, report| {
            if case.facts.session_billed_by.is_some() {
                report.at("session_id");
            }
        },
    },
    Rule {
        number: 82,
        code: TIMELY_FILING_EXPIRED,
        severity: Severity::Error,
        message: "Filing limit has passed",
        basis: "42 CFR 424.44; adjustment reason 29",
        check: |case, report| {
            if days_left(case) < 0 {
                let is_excused = DELAY_REASONS.contains(&case.snapshot.claim.delay_reason.as_str());
                report.with(if is_excused { Severity::Warning } else { Severity::Error }, "service_date");
            }
        },
    },
    Rule {
        number: 83,
        code: "TIMELY_FILING_NEAR",
        severity: Severity::Warning,
        message: "Filing limit is near",
        basis: "design",
        check: |case, report| {
            if (0..=14).contains(&days_left(case)) {
                report.at("service_date");
            }
        },
    },
    Rule {
        number: 84,
        code: "FREQUENCY_CODE",
        severity: Severity::Error,
        message: "Frequency must be 1, 7 or 8",
        basis: "Stedi",
        check: |case, report| {
            if !matches!(case.snapshot.claim.frequency.as_str(), "1" | "7" | "8") {
                report.at("frequency");
            }
        },
    },
    Rule {
        number: 85,
        code: "ORIGINAL_REF_REQUIRED",
        severity: Severity::Error,
        message: "Payer claim number of the original is required",
        basis: "practice systems' rejection guides",
        check: |case, report| {
            if is_replacing(case) && case.snapshot.claim.original_payer_claim_number.is_empty() {
                report.at("original_payer_claim_number");
            }
        },
    },
    Rule {
        number: 86,
        code: "ORIGINAL_REF_FORBIDDEN",
        severity: Severity::Error,
        message: "Original reference not allowed on a first claim",
        basis: "practice systems' rejection guides",
        check: |case, report| {
            let claim = &case.snapshot.claim;
            if claim.frequency == "1" && !claim.original_payer_claim_number.is_empty() {
                report.at("original_payer_claim_number");
            }
        },
    },
    Rule {
        number: 87,
        code: "REPLACE_TARGET_STATE",
        severity: Severity::Error,
        message: "Original was never accepted; resubmit as new",
        basis: "practice systems' rejection guides",
        check: |case, report| {
            if is_replacing(case) && case.facts.replaces.is_some_and(|original| !original.was_accepted) {
                report.at("replaces_claim_id");
            }
        },
    },
    Rule {
        number: 88,
        code: "REPLACE_SAME_PARTY",
        severity: Severity::Error,
        message: "Replacement must keep payer, patient and billing provider",
        basis: "design",
        check: replaced_party,
    },
    Rule {
        number: 89,
        code: "PAYER_NO_REPLACEMENT",
        severity: Severity::Error,
        message: "Payer does not accept replacement claims",
        basis: "payer's terms",
        check: |case, report| {
            if is_replacing(case) && !case.facts.terms.takes_replacements {
                report.at("frequency");
            }
        },
    },
    Rule {
        number: 95,
        code: "NOTE_PHI_MINIMUM",
        severity: Severity::Warning,
        message: "Note too long or looks clinical",
        basis: "minimum necessary, 45 CFR 164.502(b)",
        check: |case, report| {
            let note = &case.snapshot.claim.note;
            if is_longer(note, 80) || CLINICAL.iter().any(|word| holds(note, word)) {
                report.at("note");
            }
        },
    },
    Rule {
        number: 96,
        code: "FIELD_TOO_LONG",
        severity: Severity::Error,
        message: "Value exceeds the element limit",
        basis: "pyx12 maps",
        check: lengths,
    },
    Rule {
        number: 100,
        code: SNAPSHOT_STALE,
        severity: Severity::Warning,
        message: "Source data changed since the claim was prepared",
        basis: "Ottehr",
        check: |case, report| {
            if case.facts.is_stale {
                report.at("claim");
            }
        },
    },
];

/// CLM20.
pub const DELAY_REASONS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "15"];

/// Beginnings of words that belong in a chart.
const CLINICAL: &[&str] = &[
    "suicid",
    "homicid",
    "self-harm",
    "trauma",
    "abuse",
    "psychos",
    "depress",
    "anxi",
    "hallucin",
    "overdose",
    "medicat",
    "symptom",
    "affair",
    "divorce",
    "sexual",
    "alcohol",
    "addict",
    "cried",
    "crying",
    "disclosed",
];

/// The last day on which the payer takes the claim.
///
/// Counted from the service, for a later payer from the earlier one's decision. Where nothing is known of
/// the payer, Medicare takes claims for a year and others for 90 days.
#[must_use]
pub fn filing_deadline(snapshot: &ClaimSnapshot, terms: &PayerTerms) -> NaiveDate {
    let decided = snapshot.prior_payers.iter().filter_map(|prior| {
        prior.adjudicated_on.or_else(|| prior.lines.iter().filter_map(|line| line.adjudicated_on).max())
    });
    let from = decided.max().filter(|_| snapshot.claim.payer_sequence != "P").unwrap_or(snapshot.claim.service_date);
    let is_medicare = snapshot.coverage.as_ref().is_some_and(Coverage::is_medicare);
    let last = match terms.timely_filing_days {
        None if is_medicare => from.checked_add_months(Months::new(12)),
        days => from.checked_add_signed(TimeDelta::days(i64::from(days.unwrap_or(90)))),
    };
    last.unwrap_or(NaiveDate::MAX)
}

fn days_left(case: &Case<'_>) -> i64 {
    (filing_deadline(case.snapshot, case.facts.terms) - case.today).num_days()
}

fn is_replacing(case: &Case<'_>) -> bool {
    matches!(case.snapshot.claim.frequency.as_str(), "7" | "8")
}

fn replaced_party(case: &Case<'_>, report: &mut Report<'_>) {
    let Some(original) = case.facts.replaces.filter(|_| is_replacing(case)) else { return };
    let snapshot = case.snapshot;
    if snapshot.coverage.as_ref().is_some_and(|coverage| coverage.payer_id != original.payer_id) {
        report.at("coverage.payer_id");
    }
    if snapshot.patient_id != original.patient_id {
        report.at("patient_id");
    }
    if snapshot.billing_provider.npi != original.billing_npi {
        report.at("billing_provider.npi");
    }
}

/// The limits that no other rule holds.
fn lengths(case: &Case<'_>, report: &mut Report<'_>) {
    let ClaimSnapshot { billing_provider, rendering_provider, coverage, payer, claim, patient, subscriber, .. } =
        case.snapshot;
    for (text, limit, field) in [
        (&billing_provider.name, 60, "billing_provider.name"),
        (&billing_provider.contact_name, 60, "billing_provider.contact_name"),
        (&rendering_provider.first_name, 35, "rendering_provider.first_name"),
        (&rendering_provider.last_name, 60, "rendering_provider.last_name"),
        (&claim.original_payer_claim_number, 50, "original_payer_claim_number"),
    ] {
        if is_longer(text, limit) {
            report.at(field);
        }
    }
    if let Some(coverage) = coverage {
        if is_longer(&coverage.member_id, 80) {
            report.at("coverage.member_id");
        }
        if is_longer(&coverage.group_number, 50) {
            report.at("coverage.group_number");
        }
    }
    if payer.as_ref().is_some_and(|payer| is_longer(&payer.name, 60)) {
        report.at("payer.name");
    }
    let subscriber = subscriber.as_ref().map(|subscriber| &subscriber.address);
    for (address, field) in [
        (Some(&billing_provider.address), "billing_provider.address"),
        (billing_provider.pay_to_address.as_ref(), "billing_provider.pay_to_address"),
        (Some(&patient.address), "patient.address"),
        (subscriber, "subscriber.address"),
    ] {
        let Some(Address { line1, line2, city, state: _, zip_code: _ }) = address else { continue };
        for (text, limit, part) in [(line1, 55, "line1"), (line2, 55, "line2"), (city, 30, "city")] {
            if is_longer(text, limit) {
                report.at(format!("{field}.{part}"));
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
