//! Encounters as sessions, as far as an office visit can be billed by its time.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use therapy_claims::clinical::v1 as clinical;

use super::super::report::FileReport;
use super::super::table::Row;
use super::coverage::Payers;
use super::text::{amount, time};
use super::{Files, NOT_READABLE, PatientRow, SessionRow};

/// SNOMED CT codes of plain office visits: for a symptom, a problem, a check-up, a follow-up, a consultation.
const VISITS: [&str; 6] = ["185345009", "185347001", "185349003", "390906007", "698314001", "308335008"];

/// Least minutes of visit codes, the longest first.
const ESTABLISHED: [(i64, &str); 4] = [(40, "99215"), (30, "99214"), (20, "99213"), (10, "99212")];
const NEW: [(i64, &str); 4] = [(60, "99205"), (45, "99204"), (30, "99203"), (15, "99202")];

/// SNOMED CT reasons with one plain counterpart in ICD-10-CM.
const REASONS: [(&str, &str); 14] = [
    ("55822004", "E78.5"),
    ("10509002", "J20.9"),
    ("444814009", "J01.90"),
    ("36971009", "J32.9"),
    ("233678006", "J45.909"),
    ("271737000", "D64.9"),
    ("59621000", "I10"),
    ("195662009", "J02.9"),
    ("367498001", "J30.2"),
    ("36923009", "F32.9"),
    ("370143000", "F32.9"),
    ("47505003", "F43.10"),
    ("192127007", "F90.9"),
    ("7200002", "F10.20"),
];

pub(super) fn sessions(
    files: &Files,
    therapists: &[(String, clinical::Therapist)],
    patients: &[PatientRow],
    payers: &Payers,
    now: DateTime<Utc>,
    report: &mut FileReport,
) -> Vec<SessionRow> {
    let visits = Visits {
        therapists: therapists.iter().map(|(key, _)| key.as_str()).collect(),
        patients: patients.iter().map(|row| row.key.as_str()).collect(),
        payers,
        earlier: earlier(files),
        now,
    };
    let mut sessions = Vec::new();
    for row in files.encounters.rows() {
        let mapped = match row {
            Some(row) => visits.session(&row, report),
            None => Err(NOT_READABLE),
        };
        match mapped {
            Ok(session) => sessions.push(session),
            Err(why) => report.refuse(why),
        }
    }
    sessions
}

/// When each patient was seen, to tell new patients from established ones.
fn earlier(files: &Files) -> HashMap<String, BTreeSet<DateTime<Utc>>> {
    let mut seen: HashMap<String, BTreeSet<_>> = HashMap::new();
    for row in files.encounters.rows().flatten() {
        if let Some(start) = time(row.get("START")) {
            seen.entry(row.get("PATIENT").to_owned()).or_default().insert(start);
        }
    }
    seen
}

struct Visits<'a> {
    therapists: HashSet<&'a str>,
    patients: HashSet<&'a str>,
    payers: &'a Payers,
    earlier: HashMap<String, BTreeSet<DateTime<Utc>>>,
    now: DateTime<Utc>,
}

impl Visits<'_> {
    fn session(&self, row: &Row<'_>, report: &mut FileReport) -> Result<SessionRow, &'static str> {
        let place = match row.get("ENCOUNTERCLASS") {
            "ambulatory" => "11",
            "outpatient" => "22",
            "wellness" => return Err("preventive examination: not therapy"),
            _ => return Err("not an office visit: emergency, urgent care or inpatient"),
        };
        if !VISITS.contains(&row.get("CODE")) {
            return Err("kind of visit has no code in a therapy practice");
        }
        let (patient, therapist) = (row.get("PATIENT"), row.get("PROVIDER"));
        if !self.patients.contains(patient) {
            return Err("patient is not taken");
        }
        if !self.therapists.contains(therapist) {
            return Err("provider is not taken");
        }
        let start = time(row.get("START")).ok_or("start is no time")?;
        let end = time(row.get("STOP")).ok_or("end is no time")?;
        let minutes = (end - start).num_minutes();
        let duration_minutes = i32::try_from(minutes).ok().filter(|minutes| (1..=480).contains(minutes));
        let duration_minutes = duration_minutes.ok_or("lasts less than a minute or more than eight hours")?;
        let cpt_code = self.visit_code(patient, start, minutes).ok_or("too short for any visit code")?;
        let fee = amount(row.get("BASE_ENCOUNTER_COST")).ok_or("cost is no amount in cents")?;
        report.map("visit code chosen by time");
        let diagnosis_codes = diagnosis(row.get("REASONCODE"), report);
        let self_pay = !self.payers.contains_key(row.get("PAYER"));
        if self_pay {
            report.map("no insurance: the patient pays");
        }
        let status = match end <= self.now {
            true => clinical::SessionStatus::Completed,
            false => clinical::SessionStatus::Scheduled,
        };
        let session = clinical::Session {
            // the day follows from the start by the practice's own clock
            starts_at: Some(kernel::clock::timestamp(start)),
            ends_at: Some(kernel::clock::timestamp(end)),
            cpt_code: cpt_code.to_owned(),
            duration_minutes,
            fee,
            diagnosis_codes,
            place_of_service: place.to_owned(),
            modality: clinical::Modality::InPerson.into(),
            self_pay,
            status: status.into(),
            ..clinical::Session::default()
        };
        Ok(SessionRow {
            key: row.get("Id").to_owned(),
            patient: patient.to_owned(),
            therapist: therapist.to_owned(),
            day: start.date_naive(),
            session,
        })
    }

    /// Who was seen within three years is an established patient.
    fn visit_code(&self, patient: &str, start: DateTime<Utc>, minutes: i64) -> Option<&'static str> {
        let since = start - TimeDelta::days(3 * 365);
        let is_known = self.earlier.get(patient).is_some_and(|seen| seen.range(since..start).next().is_some());
        let codes = if is_known { ESTABLISHED } else { NEW };
        codes.into_iter().find(|(least, _)| *least <= minutes).map(|(_, code)| code)
    }
}

fn diagnosis(reason: &str, report: &mut FileReport) -> Vec<String> {
    if reason.is_empty() {
        report.map("no reason in the file: no diagnosis");
        return Vec::new();
    }
    match REASONS.iter().find(|(snomed, _)| *snomed == reason) {
        Some((_, icd10)) => {
            report.map("reason translated from SNOMED CT");
            vec![(*icd10).to_owned()]
        }
        None => {
            report.map("reason has no plain counterpart: no diagnosis");
            Vec::new()
        }
    }
}
