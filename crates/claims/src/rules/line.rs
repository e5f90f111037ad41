//! Rules 42, 43, 50 to 57 and 63 to 67: the service lines and their money.

use bigdecimal::BigDecimal;
use chrono::Months;

use super::text::is_longer;
use super::{Case, Report, Rule, Severity};
use crate::amount::cents;
use crate::codes::{Family, Procedure};
use crate::snapshot::Line;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: 42,
        code: "CPT_FORMAT",
        severity: Severity::Error,
        message: "Procedure code must be 5 digits, a letter and 4 digits, or 4 digits and a letter",
        basis: "Stedi",
        check: |case, report| {
            each(case, report, "cpt_code", |line| !is_procedure_code(&line.cpt_code));
        },
    },
    Rule {
        number: 43,
        code: "CPT_UNKNOWN_OR_INACTIVE",
        severity: Severity::Error,
        message: "Procedure code unknown",
        basis: "Stedi",
        check: |case, report| {
            for (at, line) in lines(case).filter(|(_, line)| is_procedure_code(&line.cpt_code)) {
                let field = || format!("lines[{at}].cpt_code");
                let schedule = case.codes.schedule(line.service_date);
                match (schedule.and_then(|s| s.is_active(&line.cpt_code, line.service_date)), procedure(case, line)) {
                    (Some(false), _) => {
                        let message = "Procedure code is not in the fee schedule on the service date";
                        report.saying(Severity::Error, field(), message);
                    }
                    (None, None) => report.at(field()),
                    (Some(true) | None, Some(procedure)) if procedure.is_usual => {}
                    (Some(true) | None, _) => {
                        let message = "Procedure code not usual in a therapy practice";
                        report.saying(Severity::Warning, field(), message);
                    }
                }
            }
        },
    },
    Rule {
        number: 50,
        code: "EVAL_REPEAT",
        severity: Severity::Warning,
        message: "Diagnostic evaluation repeated within the payer's window",
        basis: "BCIL; payer's terms",
        check: |case, report| {
            let is_soon = case.facts.last_evaluation_on.is_some_and(|last| {
                let free_from = last.checked_add_months(Months::new(case.facts.terms.evaluation_months));
                last < case.service_date() && free_from.is_none_or(|free_from| case.service_date() < free_from)
            });
            if is_soon {
                each(case, report, "cpt_code", |line| {
                    procedure(case, line).is_some_and(|procedure| procedure.family == Family::Evaluation)
                });
            }
        },
    },
    Rule {
        number: 51,
        code: "PRESCRIBER_ONLY",
        severity: Severity::Error,
        message: "Code limited to prescribing providers",
        basis: "scope of practice",
        check: |case, report| {
            let taxonomy = &case.snapshot.rendering_provider.taxonomy;
            let is_limited = |line| procedure(case, line).is_some_and(|procedure| procedure.is_prescriber_only);
            if !taxonomy.is_empty() && !is_prescriber(taxonomy) && case.snapshot.lines.iter().any(is_limited) {
                report.at("rendering_provider.taxonomy");
            }
        },
    },
    Rule {
        number: 52,
        code: "UNITS_RANGE",
        severity: Severity::Error,
        message: "Units out of range for the code",
        basis: "payer edits",
        check: units,
    },
    Rule {
        number: 53,
        code: "CHARGE_POSITIVE",
        severity: Severity::Error,
        message: "Charge must be above zero",
        basis: "Stedi",
        check: |case, report| {
            let is_none = |amount: &BigDecimal| cents(amount).is_some_and(|cents| cents <= 0);
            if is_none(&case.snapshot.claim.charge_amount) {
                report.at("charge_amount");
            }
            each(case, report, "charge_amount", |line| is_none(&line.charge_amount));
        },
    },
    Rule {
        number: 54,
        code: "CHARGE_PRECISION",
        severity: Severity::Error,
        message: "Amount must be 0.00 to 99999999.99 with two decimals",
        basis: "pyx12 maps, element 782",
        check: |case, report| {
            let is_bad = |amount: &BigDecimal| !cents(amount).is_some_and(|cents| (0..=9_999_999_999).contains(&cents));
            if is_bad(&case.snapshot.claim.charge_amount) {
                report.at("charge_amount");
            }
            if is_bad(&case.snapshot.claim.copay_amount) {
                report.at("copay_amount");
            }
            each(case, report, "charge_amount", |line| is_bad(&line.charge_amount));
        },
    },
    Rule {
        number: 55,
        code: "CLAIM_TOTAL_MISMATCH",
        severity: Severity::Error,
        message: "Claim total differs from the sum of its lines",
        basis: "SNIP level 3",
        check: |case, report| {
            let mut charges = case.snapshot.lines.iter().map(|line| cents(&line.charge_amount));
            let sum = charges.try_fold(0i64, |sum, charge| sum.checked_add(charge?));
            // parts of a cent are another rule's
            if sum.is_some_and(|sum| cents(&case.snapshot.claim.charge_amount).is_some_and(|total| total != sum)) {
                report.at("charge_amount");
            }
        },
    },
    Rule {
        number: 56,
        code: "COPAY_GT_CHARGE",
        severity: Severity::Warning,
        message: "Copay exceeds charge",
        basis: "design",
        check: |case, report| {
            let claim = &case.snapshot.claim;
            if let (Some(copay), Some(charge)) = (cents(&claim.copay_amount), cents(&claim.charge_amount))
                && copay > charge
            {
                report.at("copay_amount");
            }
        },
    },
    Rule {
        number: 57,
        code: "MODIFIER_FORMAT",
        severity: Severity::Error,
        message: "Modifiers: two characters, at most four, no repeats",
        basis: "pyx12 maps, SV101-3 to SV101-6",
        check: |case, report| each(case, report, "modifiers", |line| !are_modifiers(&line.modifiers)),
    },
    Rule {
        number: 63,
        code: "AUTH_REQUIRED",
        severity: Severity::Error,
        message: "Active authorization required",
        basis: "adjustment reason 197; payer's terms",
        check: |case, report| {
            let asks = |line: &Line| case.facts.terms.authorized_codes.contains(&line.cpt_code);
            if case.snapshot.claim.prior_authorization.is_empty() && case.snapshot.lines.iter().any(asks) {
                report.at("prior_authorization");
            }
        },
    },
    Rule {
        number: 64,
        code: "AUTH_FORMAT",
        severity: Severity::Error,
        message: "Authorization number must have at most 50 characters",
        basis: "pyx12 maps, REF02",
        check: |case, report| {
            if is_longer(&case.snapshot.claim.prior_authorization, 50) {
                report.at("prior_authorization");
            }
        },
    },
    Rule {
        number: 65,
        code: "LINE_COUNT",
        severity: Severity::Error,
        message: "Claim needs 1 to 50 lines",
        basis: "pyx12 maps, loop 2400",
        check: |case, report| {
            if !(1..=50).contains(&case.snapshot.lines.len()) {
                report.at("lines");
            }
        },
    },
    Rule {
        number: 66,
        code: "LINE_CONTROL_UNIQUE",
        severity: Severity::Error,
        message: "Line control numbers must be unique, 30 characters at most",
        basis: "Stedi",
        check: |case, report| {
            for (at, line) in lines(case) {
                let number = &line.control_number;
                let is_known = || case.snapshot.lines.iter().take(at).any(|earlier| earlier.control_number == *number);
                if is_longer(number, 30) || (!number.is_empty() && is_known()) {
                    report.at(format!("lines[{at}].control_number"));
                }
            }
        },
    },
    Rule {
        number: 67,
        code: "DOS_SPAN",
        severity: Severity::Warning,
        message: "Lines have different service dates",
        basis: "design",
        check: |case, report| each(case, report, "service_date", |line| line.service_date != case.service_date()),
    },
];

fn lines<'a>(case: &Case<'a>) -> impl Iterator<Item = (usize, &'a Line)> + use<'a> {
    case.snapshot.lines.iter().enumerate()
}

/// Fires on that field of each line that is wrong.
fn each(case: &Case<'_>, report: &mut Report<'_>, field: &str, is_wrong: impl Fn(&Line) -> bool) {
    for (at, _) in lines(case).filter(|(_, line)| is_wrong(line)) {
        report.at(format!("lines[{at}].{field}"));
    }
}

fn procedure<'a>(case: &Case<'a>, line: &Line) -> Option<&'a Procedure> {
    case.codes.procedures.get(&line.cpt_code)
}

fn is_procedure_code(code: &str) -> bool {
    let (letters, digits) = (u8::is_ascii_uppercase, u8::is_ascii_digit);
    match code.as_bytes() {
        [first, middle @ .., last] if code.len() == 5 => {
            middle.iter().all(digits)
                && ((digits(first) && digits(last))
                    || (letters(first) && digits(last))
                    || (digits(first) && letters(last)))
        }
        _ => false,
    }
}

/// Physicians, nurse practitioners, physician assistants, clinical nurse specialists.
fn is_prescriber(taxonomy: &str) -> bool {
    ["20", "363L", "363A", "364S"].iter().any(|group| taxonomy.starts_with(group))
}

fn units(case: &Case<'_>, report: &mut Report<'_>) {
    for (at, line) in lines(case) {
        let is_single = procedure(case, line).is_some_and(|procedure| procedure.is_single_unit);
        let own = case.facts.terms.unit_caps.iter().find(|(code, _)| *code == line.cpt_code).map(|(_, cap)| *cap);
        let cap = own.or_else(|| case.codes.unit_cap(&line.cpt_code, line.service_date));
        if line.units < 1 || (is_single && line.units > 1) {
            report.at(format!("lines[{at}].units"));
        } else if cap.is_some_and(|cap| line.units > cap) {
            report.with(Severity::Warning, format!("lines[{at}].units"));
        }
    }
}

fn are_modifiers(modifiers: &[String]) -> bool {
    let is_one =
        |text: &String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let is_repeated = |at: usize, text: &String| modifiers.iter().take(at).any(|earlier| earlier == text);
    modifiers.len() <= 4 && modifiers.iter().enumerate().all(|(at, text)| is_one(text) && !is_repeated(at, text))
}

#[cfg(test)]
pub(super) mod tests;
