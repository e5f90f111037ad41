//! Synthea's CSV files as practices, people and visits of ours: pure mapping, nothing is sent here.
//!
//! What can be said truthfully is mapped; the rest is refused, with the reason. SNOMED is not ICD-10-CM: only reasons
//! with one plain counterpart are translated. Procedures of visits are chosen by their time, as the codes allow; a visit
//! that is no therapy and no office visit has no code here and stays out.

mod coverage;
mod encounter;
mod people;
mod text;

use std::collections::HashMap;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use therapy_claims::clinical::v1 as clinical;

use super::report::FileReport;
use super::table::Table;
use crate::caller::Error;

/// Names our rows in imports.
pub(super) const SOURCE: &str = "synthea";

/// The files that are read, with the columns that they must have.
const FILES: [(&str, &[&str]); 5] = [
    ("providers.csv", &["Id", "NAME", "SPECIALITY", "STATE"]),
    ("payers.csv", &["Id", "NAME"]),
    ("payer_transitions.csv", &["PATIENT", "MEMBERID", "START_YEAR", "END_YEAR", "PAYER", "OWNERSHIP", "OWNERNAME"]),
    ("patients.csv", &["Id", "BIRTHDATE", "FIRST", "LAST", "GENDER", "ADDRESS", "CITY", "STATE", "ZIP"]),
    (
        "encounters.csv",
        &[
            "Id",
            "START",
            "STOP",
            "PATIENT",
            "PROVIDER",
            "PAYER",
            "ENCOUNTERCLASS",
            "CODE",
            "BASE_ENCOUNTER_COST",
            "REASONCODE",
        ],
    ),
];

/// Files whose content has no place here, and why.
const UNUSED: [(&str, &str); 5] = [
    ("claims.csv", "claims are drafted from sessions here"),
    ("claims_transactions.csv", "claims are drafted from sessions here"),
    ("conditions.csv", "a session's diagnosis is the reason of its encounter"),
    ("procedures.csv", "no procedure of therapy among them"),
    ("organizations.csv", "the practice is given"),
];

/// The files of a folder.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub providers: Table,
    pub payers: Table,
    pub transitions: Table,
    pub patients: Table,
    pub encounters: Table,
    /// Rows of the files that are not used.
    pub unused: Vec<FileReport>,
}

impl Files {
    pub(super) fn open(directory: &Path) -> Result<Self, Error> {
        let mut tables = Vec::new();
        for (file, columns) in FILES {
            let path = directory.join(file);
            let table = Table::open(&path, columns)?;
            tables.push(table.ok_or_else(|| Error::Unexpected(format!("{} is not there", path.display())))?);
        }
        let Ok([providers, payers, transitions, patients, encounters]) = <[Table; 5]>::try_from(tables) else {
            return Err(Error::Unexpected("the list of files is not five long".to_owned()));
        };
        let mut unused = Vec::new();
        for (file, why) in UNUSED {
            if let Some(table) = Table::open(&directory.join(file), &[])? {
                let mut report = FileReport::new(file, table.len());
                if table.len() > 0 {
                    report.refused.insert(why.to_owned(), table.len());
                }
                unused.push(report);
            }
        }
        Ok(Self { providers, payers, transitions, patients, encounters, unused })
    }
}

/// What the files come to, each row with its key there.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    pub therapists: Vec<(String, clinical::Therapist)>,
    pub patients: Vec<PatientRow>,
    pub sessions: Vec<SessionRow>,
    pub reports: Reports,
}

/// A patient with coverages.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PatientRow {
    pub key: String,
    pub patient: clinical::Patient,
    pub coverages: Vec<clinical::Coverage>,
    /// How many rows of `payer_transitions.csv` they were.
    pub transitions: usize,
}

/// A session, with the keys of those who met.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SessionRow {
    pub key: String,
    pub patient: String,
    pub therapist: String,
    /// About when; the practice's clock decides.
    pub day: NaiveDate,
    pub session: clinical::Session,
}

/// One report per file.
#[derive(Debug, Default)]
pub(super) struct Reports {
    pub providers: FileReport,
    pub payers: FileReport,
    pub transitions: FileReport,
    pub patients: FileReport,
    pub encounters: FileReport,
}

const NOT_READABLE: &str = "row is not readable: not UTF-8, or cut off";

/// Maps the files as of a time. `payers` are the ids in our payer list by the names of theirs.
pub(super) fn map(files: &Files, payers: &HashMap<String, String>, now: DateTime<Utc>) -> Mapped {
    let mut reports = Reports {
        providers: FileReport::new("providers.csv", files.providers.len()),
        payers: FileReport::new("payers.csv", files.payers.len()),
        transitions: FileReport::new("payer_transitions.csv", files.transitions.len()),
        patients: FileReport::new("patients.csv", files.patients.len()),
        encounters: FileReport::new("encounters.csv", files.encounters.len()),
    };
    let listed = coverage::payers(&files.payers, payers, &mut reports.payers);
    let therapists = people::therapists(&files.providers, &mut reports.providers);
    let mut patients = people::patients(&files.patients, &mut reports.patients);
    let sessions = encounter::sessions(files, &therapists, &patients, &listed, now, &mut reports.encounters);
    coverage::coverages(&files.transitions, &listed, &sessions, &mut patients, &mut reports.transitions);
    Mapped { therapists, patients, sessions, reports }
}

#[cfg(test)]
mod tests;
