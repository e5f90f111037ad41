//! Rules 22 to 25 and 30: the people, patient and subscriber.

use chrono::NaiveDate;

use super::text::{is_blank, is_longer, is_writable, missing_parts};
use super::{Case, Report, Rule, Severity};
use crate::snapshot::Person;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: 22,
        code: "PATIENT_NAME_REQUIRED",
        severity: Severity::Error,
        message: "First and last name are required, at most 35 and 60 characters that can be written in Latin letters",
        basis: "pyx12 maps, elements 1035 and 1036",
        check: names,
    },
    Rule {
        number: 23,
        code: "DOB_INVALID",
        severity: Severity::Error,
        message: "Birth date missing or impossible",
        basis: "Stedi",
        check: |case, report| {
            if case.snapshot.patient.birth_date.is_none_or(|born| is_impossible(born, case)) {
                report.at("patient.birth_date");
            }
            // that a subscriber has one is a rule of its own
            if case
                .snapshot
                .subscriber
                .as_ref()
                .and_then(|s| s.birth_date)
                .is_some_and(|born| is_impossible(born, case))
            {
                report.at("subscriber.birth_date");
            }
        },
    },
    Rule {
        number: 24,
        code: "SEX_CODE",
        severity: Severity::Error,
        message: "Sex must be F, M or U",
        basis: "pyx12 maps, DMG03",
        check: |case, report| {
            if !is_sex(&case.snapshot.patient.sex) {
                report.at("patient.sex");
            }
            if case.snapshot.subscriber.as_ref().is_some_and(|s| !s.sex.is_empty() && !is_sex(&s.sex)) {
                report.at("subscriber.sex");
            }
        },
    },
    Rule {
        number: 25,
        code: "PATIENT_ADDRESS",
        severity: Severity::Error,
        message: "Patient address is incomplete: street, city, state and ZIP are required",
        basis: "pyx12 maps, loops 2010BA and 2010CA",
        check: |case, report| {
            for part in missing_parts(&case.snapshot.patient.address) {
                report.at(format!("patient.address.{part}"));
            }
        },
    },
    Rule {
        number: 30,
        code: "SUBSCRIBER_REQUIRED",
        severity: Severity::Error,
        message: "Subscriber name, birth date and sex are required",
        basis: "Stedi; Medplum",
        check: subscriber,
    },
];

fn names(case: &Case<'_>, report: &mut Report<'_>) {
    let patient = &case.snapshot.patient;
    if is_blank(&patient.first_name) || is_bad_name(&patient.first_name, 35) {
        report.at("patient.first_name");
    }
    if is_blank(&patient.last_name) || is_bad_name(&patient.last_name, 60) {
        report.at("patient.last_name");
    }
    if let Some(subscriber) = &case.snapshot.subscriber {
        if is_bad_name(&subscriber.first_name, 35) {
            report.at("subscriber.first_name");
        }
        if is_bad_name(&subscriber.last_name, 60) {
            report.at("subscriber.last_name");
        }
    }
}

fn is_bad_name(name: &str, limit: usize) -> bool {
    is_longer(name, limit) || !is_writable(name)
}

/// Nobody is treated before birth, born tomorrow, or 150 years old.
fn is_impossible(born: NaiveDate, case: &Case<'_>) -> bool {
    let on = case.service_date();
    born > on || born > case.today || on.years_since(born).is_some_and(|years| years >= 150)
}

fn is_sex(text: &str) -> bool {
    matches!(text, "F" | "M" | "U")
}

fn subscriber(case: &Case<'_>, report: &mut Report<'_>) {
    let snapshot = case.snapshot;
    if snapshot.coverage.as_ref().is_none_or(|coverage| coverage.relationship == "18") {
        return;
    }
    let Some(Person { first_name, last_name, birth_date, sex, address: _ }) = &snapshot.subscriber else {
        report.at("subscriber");
        return;
    };
    for (is_missing, field) in [
        (is_blank(first_name), "subscriber.first_name"),
        (is_blank(last_name), "subscriber.last_name"),
        (birth_date.is_none(), "subscriber.birth_date"),
        (sex.is_empty(), "subscriber.sex"),
    ] {
        if is_missing {
            report.at(field);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
