//! Providers as therapists, and patients.

use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;

use super::super::report::FileReport;
use super::super::table::{Row, Table};
use super::text::{day, full_name, name, state, zip};
use super::{NOT_READABLE, PatientRow};
use crate::workload::make::date;

/// Specialities of those who treat or see patients in an office, with their taxonomy and whether they prescribe.
const SPECIALITIES: [(&str, &str, bool); 8] = [
    ("CLINICAL PSYCHOLOGIST", "103TC0700X", false),
    ("CLINICAL SOCIAL WORKER", "1041C0700X", false),
    ("PSYCHIATRY", "2084P0800X", true),
    ("NURSE PRACTITIONER", "363L00000X", true),
    ("PHYSICIAN ASSISTANT", "363A00000X", true),
    ("GENERAL PRACTICE", "208D00000X", true),
    ("FAMILY PRACTICE", "207Q00000X", true),
    ("INTERNAL MEDICINE", "207R00000X", true),
];

pub(super) fn therapists(providers: &Table, report: &mut FileReport) -> Vec<(String, clinical::Therapist)> {
    let mut therapists = Vec::new();
    for row in providers.rows() {
        let Some(row) = row else {
            report.refuse(NOT_READABLE);
            continue;
        };
        let Some((_, taxonomy, prescribes)) = SPECIALITIES.iter().find(|(of, ..)| *of == row.get("SPECIALITY")) else {
            report.refuse("speciality is neither therapy nor office medicine");
            continue;
        };
        let (first_name, last_name) = full_name(row.get("NAME"));
        if first_name.is_empty() || last_name.is_empty() {
            report.refuse("first or last name is missing");
            continue;
        }
        report.map("name cleaned of digits");
        report.map("no NPI in the file: left empty");
        let level = if *prescribes { clinical::LicenseLevel::Prescriber } else { clinical::LicenseLevel::Independent };
        let therapist = clinical::Therapist {
            first_name,
            last_name,
            taxonomy: (*taxonomy).to_owned(),
            license_state: state(row.get("STATE")).unwrap_or_default().to_owned(),
            license_level: level.into(),
            ..clinical::Therapist::default()
        };
        therapists.push((row.get("Id").to_owned(), therapist));
    }
    therapists
}

pub(super) fn patients(patients: &Table, report: &mut FileReport) -> Vec<PatientRow> {
    let mut taken = Vec::new();
    for row in patients.rows() {
        let mapped = match row {
            Some(row) => patient(&row, report),
            None => Err(NOT_READABLE),
        };
        match mapped {
            Ok(patient) => taken.push(patient),
            Err(why) => report.refuse(why),
        }
    }
    taken
}

fn patient(row: &Row<'_>, report: &mut FileReport) -> Result<PatientRow, &'static str> {
    let (first_name, is_first_cleaned) = name(row.get("FIRST"));
    let (last_name, is_last_cleaned) = name(row.get("LAST"));
    if first_name.is_empty() || last_name.is_empty() {
        return Err("first or last name is missing");
    }
    let birth_date = day(row.get("BIRTHDATE")).ok_or("birth date is missing or no date")?;
    let (zip_code, is_padded) = zip(row.get("ZIP")).ok_or("ZIP code is no ZIP code")?;
    let sex = match row.get("GENDER") {
        "F" => common::Sex::Female,
        "M" => common::Sex::Male,
        _ => common::Sex::Unknown,
    };
    for (has, how) in [
        (is_first_cleaned || is_last_cleaned, "name cleaned of digits"),
        (is_padded, "ZIP code got its zero back"),
        (zip_code.is_empty(), "no ZIP code in the file: left empty"),
        (!row.get("DEATHDATE").is_empty(), "has died: taken for the visits that were"),
    ] {
        if has {
            report.map(how);
        }
    }
    let patient = clinical::Patient {
        first_name,
        last_name,
        birth_date: Some(date(birth_date)),
        sex: sex.into(),
        address: Some(common::Address {
            line1: row.get("ADDRESS").to_owned(),
            line2: String::new(),
            city: row.get("CITY").to_owned(),
            state: state(row.get("STATE")).unwrap_or_default().to_owned(),
            zip_code,
        }),
        ..clinical::Patient::default()
    };
    Ok(PatientRow { key: row.get("Id").to_owned(), patient, coverages: Vec::new(), transitions: 0 })
}
