//! Makes the data of a run: pure, and the same for the same seed and day.
//!
//! How much of what follows `WORKLOAD.md` of the design: caseloads, payer mix, procedures, telehealth, cancellations,
//! and a few defects on purpose, each with the finding that is expected of it.

use chrono::{Datelike, NaiveDate};
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;
use therapy_claims::tenancy::v1 as tenancy;

pub use super::defect::Defect;
use super::draw::Draw;
use super::people;
use super::sessions;

/// Sessions of a full-time therapist in a week.
const SESSIONS_A_WEEK: usize = 22;

/// How a number of sessions is spread over practices and weeks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub practices: Vec<PracticeShape>,
    /// Weeks before the day of the run.
    pub weeks: usize,
}

/// The size of one practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PracticeShape {
    pub index: usize,
    pub therapists: usize,
    pub sessions: usize,
}

/// Spreads so many sessions over at least three practices.
#[must_use]
pub fn shape(seed: u64, sessions: usize) -> Shape {
    let weeks = if sessions < 400 { 1 } else { 4 };
    let therapists = sessions.div_ceil(SESSIONS_A_WEEK * weeks).max(3);
    let mut draw = Draw::new(seed, &["shape"]);
    let mut sizes: Vec<usize> = Vec::new();
    let mut left = therapists;
    while left > 0 {
        let size = match draw.weighted(&[(60, 1), (30, 2), (9, 3), (1, 4)]) {
            2 => draw.between(2, 9),
            3 => draw.between(10, 49),
            4 => 200,
            _ => 1,
        };
        // no practice is more than half of it all, and two others must remain possible
        let most = (therapists / 2).min(left.saturating_sub(2_usize.saturating_sub(sizes.len()))).max(1);
        let size = usize::try_from(size).unwrap_or(1).min(most).min(left);
        sizes.push(size);
        left -= size;
    }
    let (mut before, mut practices) = (0, Vec::new());
    for (index, size) in sizes.into_iter().enumerate() {
        let share = |therapists_so_far: usize| sessions * therapists_so_far / therapists;
        let sessions = share(before + size) - share(before);
        before += size;
        practices.push(PracticeShape { index, therapists: size, sessions });
    }
    Shape { practices, weeks }
}

/// All that one practice is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub index: usize,
    pub therapists: Vec<TherapistPlan>,
    pub patients: Vec<PatientPlan>,
    pub sessions: Vec<SessionPlan>,
}

/// A therapist to be.
#[derive(Debug, Clone, PartialEq)]
pub struct TherapistPlan {
    /// Names the row when it is imported.
    pub key: String,
    pub therapist: clinical::Therapist,
    /// Index of the one who supervises, who comes before.
    pub supervisor: Option<usize>,
    /// Payers in whose network the therapist is.
    pub networks: Vec<&'static str>,
}

/// A patient to be, with coverages.
#[derive(Debug, Clone, PartialEq)]
pub struct PatientPlan {
    pub key: String,
    /// Index of the therapist who treats the patient.
    pub therapist: usize,
    pub patient: clinical::Patient,
    /// None when the patient pays.
    pub coverages: Vec<clinical::Coverage>,
    pub diagnoses: Vec<String>,
    /// What the patient pays on the day, in cents.
    pub copay: i64,
}

/// A session to be.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionPlan {
    pub key: String,
    pub therapist: usize,
    pub patient: usize,
    /// Without the ids of therapist and patient.
    pub session: clinical::Session,
    pub fate: Fate,
    pub sequel: Sequel,
    pub defect: Option<Defect>,
}

/// What a paid claim is followed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequel {
    /// Nothing, or a claim to the patient's next payer where there is one.
    Usual,
    /// It is corrected: another takes its place.
    Replacement,
    /// It is taken back.
    Void,
}

/// What becomes of a session, and of its claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Lies ahead.
    Booked,
    /// Did not take place, for that reason.
    Cancelled(&'static str),
    /// Took place, and nobody has looked at the claim yet.
    Drafted,
    /// Took place, and the claim waits for the next batch.
    Ready,
    /// Took place, and the claim is sent.
    Submitted,
}

/// The practice itself. Only the name tells one run's practices from another's.
#[must_use]
pub fn practice(seed: u64, index: usize) -> tenancy::Practice {
    people::practice(seed, index)
}

/// Plans a practice as of a day: the sessions lie in the weeks before it, and a few after.
#[must_use]
pub fn plan(seed: u64, shape: &PracticeShape, weeks: usize, day: NaiveDate) -> Plan {
    let practice = people::practice(seed, shape.index);
    let state = practice.address.map(|address| address.state).unwrap_or_default();
    let scene = Scene { seed, shape: *shape, weeks, day, state };
    let therapists = people::therapists(&scene);
    let patients = people::patients(&scene, &therapists);
    let mut plan = Plan { index: shape.index, therapists, patients, sessions: Vec::new() };
    plan.sessions = sessions::sessions(&scene, &plan);
    super::defect::plant(&scene, &mut plan);
    plan
}

/// What the parts of a plan have in common.
#[derive(Debug)]
pub(super) struct Scene {
    pub seed: u64,
    pub shape: PracticeShape,
    pub weeks: usize,
    pub day: NaiveDate,
    /// Where all of it happens.
    pub state: String,
}

impl Scene {
    pub(super) fn draw(&self, purpose: &str) -> Draw {
        Draw::new(self.seed, &["practice", &self.shape.index.to_string(), purpose])
    }

    /// Sessions of that therapist in that week, before they are shuffled a little.
    pub(super) fn sessions_of(&self, therapist: usize, week: usize) -> usize {
        let cells = self.shape.therapists * self.weeks;
        let cell = week * self.shape.therapists + therapist;
        let share = |cells_so_far: usize| self.shape.sessions * cells_so_far / cells.max(1);
        share(cell + 1) - share(cell)
    }

    /// Since when everything has been in force: long enough for the oldest session.
    pub(super) fn beginning(&self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.day.year() - 3, 1, 1).unwrap_or(self.day)
    }
}

/// An amount in cents as it travels.
#[must_use]
pub fn dollars(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The cents of an amount as it travels.
#[must_use]
pub fn cents(amount: &str) -> Option<i64> {
    let (whole, cents) = amount.split_once('.')?;
    let has_two = cents.len() == 2 && cents.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, cents): (i64, i64) = (whole.parse().ok()?, cents.parse().ok()?);
    (has_two && whole >= 0).then(|| whole.checked_mul(100)?.checked_add(cents)).flatten()
}

/// A day as it travels.
#[must_use]
pub fn date(day: NaiveDate) -> therapy_claims::google::r#type::Date {
    kernel::clock::parts(day).into()
}

pub(super) fn address(draw: &mut Draw, (city, state, zip): (&str, &str, &str), nine: bool) -> common::Address {
    let street = draw.pick(&super::catalog::STREETS);
    let plus_four = if nine { format!("{:04}", draw.between(1, 9998)) } else { String::new() };
    common::Address {
        line1: format!("{} {street}", draw.between(1, 999)),
        line2: if draw.chance(200) { format!("Suite {}", draw.between(1, 40)) } else { String::new() },
        city: city.to_owned(),
        state: state.to_owned(),
        zip_code: format!("{zip}{plus_four}"),
    }
}

#[cfg(test)]
mod tests;
