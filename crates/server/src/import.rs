//! `claimsd import`: brings the files of another system into a practice, through the API.
//!
//! Rows go by their keys there, so importing the same files again finds what is there and makes nothing twice.

mod report;
mod synthea;
mod table;

use std::collections::HashMap;
use std::path::PathBuf;

use futures_util::stream;
use kernel::Clock;
use therapy_claims::claims::v1 as claims;
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1::Problem;

pub use self::report::{FileReport, Output, Report};
use self::synthea::{Files, Mapped, SOURCE};
use crate::caller::{Caller, Error, PAGE, pages, rpc};
use crate::console::Progress;

/// Rows of one call.
const ROWS: usize = 100;

/// What `import synthea` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct SyntheaOptions {
    /// Folder with the CSV files
    pub directory: PathBuf,
    /// Id in the payer list for a payer of the files, as "NAME=ID"; payers are also found by name
    #[arg(long = "payer", value_name = "NAME=ID", value_parser = payer_id)]
    pub payers: Vec<(String, String)>,
    /// How the report is shown
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

fn payer_id(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, id)) if !name.is_empty() && !id.is_empty() => Ok((name.to_owned(), id.to_owned())),
        Some(_) | None => Err("must be NAME=ID".to_owned()),
    }
}

/// Imports a Synthea folder into the caller's practice. The caller is an administrator there.
///
/// # Errors
/// When the folder can't be read or the API refuses more than rows; refused rows are in the report.
pub async fn synthea(admin: &Caller, options: &SyntheaOptions, clock: &Clock) -> Result<Report, Error> {
    let files = Files::open(&options.directory)?;
    let mut ids = listed_payers(admin).await?;
    ids.extend(options.payers.iter().map(|(name, id)| (name.to_lowercase(), id.clone())));
    let mapped = synthea::map(&files, &ids, clock.now());
    send(admin, mapped, files.unused).await
}

/// Ids of our payer list by lower-case name.
async fn listed_payers(admin: &Caller) -> Result<HashMap<String, String>, Error> {
    let payers = pages(async |page_token| {
        let request = claims::ListPayersRequest { page_size: PAGE, page_token, valid_on: None };
        let listed = rpc!(admin, payers.list_payers, "claims.v1.PayerService/ListPayers", request).await?;
        Ok((listed.payers, listed.next_page_token))
    })
    .await?;
    Ok(payers.into_iter().map(|payer| (payer.name.to_lowercase(), payer.id)).collect())
}

async fn send(admin: &Caller, mapped: Mapped, unused: Vec<FileReport>) -> Result<Report, Error> {
    let Mapped { therapists, patients, sessions, mut reports } = mapped;
    let progress = Progress::new("rows", (therapists.len() + patients.len() + sessions.len()) as u64);
    let taken = Taken::new(&progress, &mut reports.providers);
    let therapists = send_therapists(admin, &therapists, taken).await?;
    let taken = Taken::new(&progress, &mut reports.patients);
    let patients = send_patients(admin, &patients, taken, &mut reports.transitions).await?;
    let taken = Taken::new(&progress, &mut reports.encounters);
    send_sessions(admin, &sessions, &therapists, &patients, taken).await?;
    progress.finish();
    let synthea::Reports { providers, payers, transitions, patients, encounters } = reports;
    let files = [patients, providers, payers, transitions, encounters].into_iter().chain(unused).collect();
    Ok(Report { files })
}

/// Our ids by the keys there.
type Ids = HashMap<String, String>;

async fn send_therapists(
    admin: &Caller,
    therapists: &[(String, clinical::Therapist)],
    mut taken: Taken<'_>,
) -> Result<Ids, Error> {
    for chunk in therapists.chunks(ROWS) {
        let rows: Vec<_> = chunk.iter().map(|(key, therapist)| therapist_row(key, therapist)).collect();
        let imported = admin
            .call("/therapy.clinical.v1.ImportService/ImportTherapists", rows, |client, request| async move {
                client.imports().import_therapists(request.map(stream::iter)).await
            })
            .await?;
        for ((key, _), result) in chunk.iter().zip(imported.results) {
            taken.note(key, result);
        }
    }
    Ok(taken.ids)
}

/// Coverages are imported with their patient, or not at all.
async fn send_patients(
    admin: &Caller,
    patients: &[synthea::PatientRow],
    mut taken: Taken<'_>,
    transitions: &mut FileReport,
) -> Result<Ids, Error> {
    for chunk in patients.chunks(ROWS) {
        let rows: Vec<_> = chunk.iter().map(patient_row).collect();
        let imported = admin
            .call("/therapy.clinical.v1.ImportService/ImportPatients", rows, |client, request| async move {
                client.imports().import_patients(request.map(stream::iter)).await
            })
            .await?;
        for (row, result) in chunk.iter().zip(imported.results) {
            let noted = taken.note(&row.key, result);
            match noted {
                Noted::New | Noted::Existing => transitions.taken += row.transitions,
                Noted::Refused => (0..row.transitions).for_each(|_| transitions.refuse("patient is refused")),
            }
            if noted == Noted::Existing {
                transitions.existing += row.transitions;
            }
        }
    }
    Ok(taken.ids)
}

async fn send_sessions(
    admin: &Caller,
    sessions: &[synthea::SessionRow],
    therapists: &Ids,
    patients: &Ids,
    mut taken: Taken<'_>,
) -> Result<(), Error> {
    let mut ready = Vec::new();
    for row in sessions {
        match (therapists.get(&row.therapist), patients.get(&row.patient)) {
            (Some(therapist), Some(patient)) => ready.push((&row.key, session_row(row, therapist, patient))),
            (None, _) | (_, None) => {
                taken.report.refuse("provider or patient is refused");
                taken.progress.advance();
            }
        }
    }
    for chunk in ready.chunks(ROWS) {
        let rows: Vec<_> = chunk.iter().map(|(_, row)| row.clone()).collect();
        let imported = admin
            .call("/therapy.clinical.v1.ImportService/ImportSessions", rows, |client, request| async move {
                client.imports().import_sessions(request.map(stream::iter)).await
            })
            .await?;
        for ((key, _), result) in chunk.iter().zip(imported.results) {
            taken.note(key, result);
        }
    }
    Ok(())
}

/// Notes what became of each row.
struct Taken<'a> {
    progress: &'a Progress,
    report: &'a mut FileReport,
    ids: Ids,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Noted {
    New,
    Existing,
    Refused,
}

impl<'a> Taken<'a> {
    fn new(progress: &'a Progress, report: &'a mut FileReport) -> Self {
        Self { progress, report, ids: Ids::new() }
    }

    fn note(&mut self, key: &str, result: clinical::ImportResult) -> Noted {
        self.progress.advance();
        if let Some(problem) = &result.problem {
            self.report.refuse(&why(problem));
            return Noted::Refused;
        }
        let is_existing = result.outcome() == clinical::ImportOutcome::Existing;
        self.report.taken += 1;
        self.report.existing += usize::from(is_existing);
        self.ids.insert(key.to_owned(), result.id);
        if is_existing { Noted::Existing } else { Noted::New }
    }
}

/// Why the server refused a row: the reason, and the fields that are wrong.
fn why(problem: &Problem) -> String {
    let fields: Vec<_> = problem.violations.iter().map(|violation| violation.field.as_str()).collect();
    match fields.as_slice() {
        [] => problem.reason.clone(),
        fields => format!("{}: {}", problem.reason, fields.join(", ")),
    }
}

fn therapist_row(key: &str, therapist: &clinical::Therapist) -> clinical::ImportTherapistsRequest {
    clinical::ImportTherapistsRequest {
        therapist: Some(therapist.clone()),
        source: SOURCE.to_owned(),
        source_id: key.to_owned(),
    }
}

fn patient_row(row: &synthea::PatientRow) -> clinical::ImportPatientsRequest {
    clinical::ImportPatientsRequest {
        patient: Some(row.patient.clone()),
        source: SOURCE.to_owned(),
        source_id: row.key.clone(),
        coverages: row.coverages.clone(),
    }
}

fn session_row(row: &synthea::SessionRow, therapist_id: &str, patient_id: &str) -> clinical::ImportSessionsRequest {
    clinical::ImportSessionsRequest {
        session: Some(clinical::Session {
            therapist_id: therapist_id.to_owned(),
            patient_id: patient_id.to_owned(),
            ..row.session.clone()
        }),
        source: SOURCE.to_owned(),
        source_id: row.key.clone(),
    }
}
