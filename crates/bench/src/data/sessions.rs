//! Sessions: those that took place, those that were cancelled, and those that the runs complete.

use std::io::Write;

use chrono::NaiveDate;

use super::{NULL, before, row};
use crate::Result;
use crate::cluster::{Cluster, State};
use crate::plan::{DAYS, Kind, Place, Plan, Series, id, place, practice_id};

const COLUMNS: &str = "practice_id, id, therapist_id, patient_id, session_date, starts_at, ends_at, cpt_code, diagnosis_codes, \
                       duration_minutes, fee, copay, status, patient_state, completed_at, cancelled_at";
/// Sessions that took place lie before those that are still to be completed.
const PAST: u32 = 400;

/// Who meets whom, in any series.
pub(super) struct Pair {
    pub(super) patient: u32,
    pub(super) therapist: u32,
    /// Which meeting of theirs it is.
    pub(super) meeting: u32,
}

pub(super) const fn pair(plan: Plan, Place { practice, n }: Place) -> Pair {
    let patients = plan.patients_of(practice);
    let patient = n % patients;
    Pair { patient, therapist: patient % plan.therapists_of(practice), meeting: n / patients }
}

/// Completed and cancelled ones.
pub(super) fn load_past(cluster: &Cluster, plan: Plan, day: NaiveDate) -> Result<()> {
    cluster.copy(&format!("clinical.sessions ({COLUMNS})"), |out| {
        (0..plan.completed()).try_for_each(|g| write(out, plan, before(day, PAST), g, Series::Completed))?;
        (0..plan.cancelled()).try_for_each(|g| write(out, plan, before(day, PAST), g, Series::Cancelled))
    })
}

/// Sees to it that so many sessions are left to be completed.
pub(crate) fn top_up(cluster: &Cluster, plan: Plan, state: &mut State, wanted: u32) -> Result<()> {
    let until = state.consumed + wanted;
    if until <= state.scheduled {
        return Ok(());
    }
    let day = state.day;
    cluster.copy(&format!("clinical.sessions ({COLUMNS})"), |out| {
        (state.scheduled..until).try_for_each(|g| write(out, plan, day, g, Series::First))
    })?;
    state.scheduled = until;
    Ok(())
}

fn write(out: &mut impl Write, plan: Plan, day: NaiveDate, g: u32, series: Series) -> std::io::Result<()> {
    let Place { practice, n } = place(g);
    let Pair { patient, therapist, meeting } = pair(plan, Place { practice, n });
    let date = before(day, 1 + meeting % DAYS);
    let (cpt, minutes, fee) = match meeting / DAYS % 3 {
        0 => ("90834", 45, "150.00"),
        1 => ("90832", 30, "110.00"),
        _ => ("90837", 60, "190.00"),
    };
    // one in a hundred is malformed
    let diagnoses = if g % 100 == 99 { r#"["F411X!"]"# } else { r#"["F41.1", "F43.10"]"# };
    let done = format!("{date} 15:00:00+00");
    let (status, completed, cancelled) = match series {
        Series::First => ("scheduled", NULL, NULL),
        Series::Completed => ("completed", done.as_str(), NULL),
        Series::Cancelled => ("cancelled", NULL, done.as_str()),
    };
    row!(
        out,
        practice_id(practice),
        id(Kind::Session, practice, series, n),
        id(Kind::Therapist, practice, Series::First, therapist),
        id(Kind::Patient, practice, Series::First, patient),
        date,
        format_args!("{date} 14:00:00+00"),
        format_args!("{date} 14:{minutes:02}:00+00", minutes = minutes.min(59)),
        cpt,
        diagnoses,
        minutes,
        fee,
        "20.00",
        status,
        "NY",
        completed,
        cancelled
    )
}
