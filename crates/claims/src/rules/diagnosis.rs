//! Rules 68 to 78: the diagnoses, and the lines' pointers to them.

use super::{Case, Report, Rule, Severity};
use crate::codes::{Diagnosis, Kind, packed};

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: 68,
        code: "DX_REQUIRED",
        severity: Severity::Error,
        message: "At least one diagnosis is required",
        basis: "pyx12 maps, HI",
        check: |case, report| {
            if codes(case).is_empty() {
                report.at("diagnosis_codes");
            }
        },
    },
    Rule {
        number: 69,
        code: "DX_COUNT",
        severity: Severity::Error,
        message: "At most 12 diagnoses",
        basis: "pyx12 maps, HI01 to HI12",
        check: |case, report| {
            if codes(case).len() > 12 {
                report.at("diagnosis_codes");
            }
        },
    },
    Rule {
        number: 70,
        code: "DX_FORMAT",
        severity: Severity::Error,
        message: "Diagnosis code format is invalid",
        basis: "Stedi",
        check: |case, report| each(case, report, |code| !is_diagnosis_code(code)),
    },
    Rule {
        number: 71,
        code: "DX_NOT_BILLABLE",
        severity: Severity::Error,
        message: "Diagnosis needs more characters (category code)",
        basis: "ICD-10-CM order file",
        check: |case, report| {
            each(case, report, |code| is_diagnosis_code(code) && look_up(case, code) == Diagnosis::Category);
        },
    },
    Rule {
        number: 72,
        code: "DX_NOT_VALID_ON_DOS",
        severity: Severity::Error,
        message: "Diagnosis not valid on the service date",
        basis: "ICD-10-CM releases",
        check: |case, report| {
            each(case, report, |code| is_diagnosis_code(code) && look_up(case, code) == Diagnosis::NotInUse);
        },
    },
    Rule {
        number: 73,
        code: "DX_DUPLICATE",
        severity: Severity::Error,
        message: "Diagnosis repeated",
        basis: "Stedi; Ottehr",
        check: |case, report| {
            for (at, code) in codes(case).iter().enumerate() {
                let is_same = |earlier: &String| {
                    earlier == code || packed(code).is_some_and(|code| packed(earlier) == Some(code))
                };
                if codes(case).iter().take(at).any(is_same) {
                    report.at(format!("diagnosis_codes[{at}]"));
                }
            }
        },
    },
    Rule {
        number: 74,
        code: "DX_PRIMARY_NOT_ALLOWED",
        severity: Severity::Error,
        message: "This code cannot be first",
        basis: "ICD-10-CM guidelines",
        check: |case, report| {
            if principal(case).is_some_and(|code| is_never_first(case, code)) {
                report.at("diagnosis_codes[0]");
            }
        },
    },
    Rule {
        number: 75,
        code: "DX_PRIMARY_Z",
        severity: Severity::Warning,
        message: "Z code first is often not covered",
        basis: "payers' habits",
        check: |case, report| {
            if principal(case).is_some_and(|code| code.starts_with('Z') && !is_never_first(case, code)) {
                report.at("diagnosis_codes[0]");
            }
        },
    },
    Rule {
        number: 76,
        code: "DX_POINTER",
        severity: Severity::Error,
        message: "Diagnosis pointers: 1 to 4, each to a diagnosis of the claim, no repeats",
        basis: "Stedi; pyx12 maps, SV107",
        check: |case, report| {
            for (at, line) in case.snapshot.lines.iter().enumerate() {
                if !are_pointers(&line.diagnosis_pointers, codes(case).len()) {
                    report.at(format!("lines[{at}].diagnosis_pointers"));
                }
            }
        },
    },
    Rule {
        number: 77,
        code: "DX_SUD_PART2_HINT",
        severity: Severity::Warning,
        message: "Substance-use diagnosis: check the Part 2 flag",
        basis: "42 CFR 2.11 and 2.12",
        check: |case, report| {
            let is_substance_use = principal(case).is_some_and(|code| code.starts_with("F1"));
            if is_substance_use && case.snapshot.billing_provider.part2_program && !case.snapshot.session.part2 {
                report.at("session.part2");
            }
        },
    },
    Rule {
        number: 78,
        code: "DX_EXCLUDES1",
        severity: Severity::Info,
        message: "Diagnoses exclude each other",
        basis: "ICD-10-CM excludes notes, where they are loaded",
        check: |case, report| {
            if !case.codes.has(Kind::Excludes1) {
                return;
            }
            for (at, code) in codes(case).iter().enumerate() {
                let excludes = |earlier: &String| case.codes.excludes(earlier, code, case.service_date());
                if codes(case).iter().take(at).any(excludes) {
                    report.at(format!("diagnosis_codes[{at}]"));
                }
            }
        },
    },
];

fn codes<'a>(case: &Case<'a>) -> &'a [String] {
    &case.snapshot.claim.diagnosis_codes
}

fn principal<'a>(case: &Case<'a>) -> Option<&'a str> {
    codes(case).first().map(String::as_str)
}

fn look_up(case: &Case<'_>, code: &str) -> Diagnosis {
    case.codes.diagnosis(code, case.service_date())
}

fn each(case: &Case<'_>, report: &mut Report<'_>, is_wrong: impl Fn(&str) -> bool) {
    for (at, _) in codes(case).iter().enumerate().filter(|(_, code)| is_wrong(code)) {
        report.at(format!("diagnosis_codes[{at}]"));
    }
}

/// A letter, a digit, a digit or letter, then up to four more, after a point or not.
fn is_diagnosis_code(code: &str) -> bool {
    let is_both = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let [letter, digit, third, rest @ ..] = code.as_bytes() else { return false };
    let detail = match rest {
        [b'.', detail @ ..] if !detail.is_empty() => detail,
        detail => detail,
    };
    letter.is_ascii_uppercase()
        && digit.is_ascii_digit()
        && is_both(third)
        && detail.len() <= 4
        && detail.iter().all(is_both)
}

/// External causes, and what another disease causes.
fn is_never_first(case: &Case<'_>, code: &str) -> bool {
    code.starts_with(['V', 'W', 'X', 'Y']) || look_up(case, code) == Diagnosis::Billable { never_first: true }
}

fn are_pointers(pointers: &[i32], diagnoses: usize) -> bool {
    let is_one = |at: usize, pointer: i32| {
        let is_in_range = pointer >= 1 && usize::try_from(pointer).is_ok_and(|rank| rank <= diagnoses);
        is_in_range && !pointers.iter().take(at).any(|earlier| *earlier == pointer)
    };
    (1..=4).contains(&pointers.len()) && pointers.iter().enumerate().all(|(at, pointer)| is_one(at, *pointer))
}

#[cfg(test)]
pub(super) mod tests;
