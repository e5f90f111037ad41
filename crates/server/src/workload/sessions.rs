//! A therapist's weeks: who comes when, for what, where, and what becomes of it.

use chrono::{Datelike, NaiveDate, TimeDelta};
use therapy_claims::clinical::v1 as clinical;

use super::catalog::{self, COMPLEXITY, EVALUATION, PRESCRIBER, SERVICES, Service, VISITS};
use super::draw::Draw;
use super::make::{Fate, PatientPlan, Plan, Scene, Sequel, SessionPlan, date, dollars};

/// Hours of the day, as UTC, at which sessions begin: working hours all over the east coast.
const HOURS: std::ops::Range<usize> = 13..22;
const DAYS: usize = 5;

pub(super) fn sessions(scene: &Scene, plan: &Plan) -> Vec<SessionPlan> {
    let mut draw = scene.draw("sessions");
    let mut weeks = Weeks { scene, plan, evaluated: Vec::new(), sessions: Vec::new() };
    for therapist in 0..plan.therapists.len() {
        let counts = weeks.counts(&mut draw, therapist);
        for (week, count) in counts.into_iter().enumerate() {
            weeks.week(&mut draw, therapist, week, count);
        }
    }
    weeks.sessions
}

struct Weeks<'a> {
    scene: &'a Scene,
    plan: &'a Plan,
    /// Patients who had their evaluation; a second one so soon would be questioned.
    evaluated: Vec<usize>,
    sessions: Vec<SessionPlan>,
}

impl Weeks<'_> {
    /// How many sessions each week has: some weeks are fuller than others.
    fn counts(&self, draw: &mut Draw, therapist: usize) -> Vec<usize> {
        let mut counts: Vec<_> = (0..self.scene.weeks).map(|week| self.scene.sessions_of(therapist, week)).collect();
        for pair in counts.chunks_exact_mut(2) {
            let [a, b] = pair else { continue };
            let moved = usize::try_from(draw.between(0, 7)).unwrap_or_default();
            if *a >= 15 + moved && *b + moved <= 30 {
                *a -= moved;
                *b += moved;
            }
        }
        counts
    }

    fn week(&mut self, draw: &mut Draw, therapist: usize, week: usize, count: usize) {
        let mut slots: Vec<_> = (0..DAYS).flat_map(|day| HOURS.map(move |hour| (day, hour))).collect();
        draw.shuffle(&mut slots);
        let patients = self.who_comes(draw, therapist, week);
        for (patient, (day, hour)) in patients.into_iter().cycle().zip(slots).take(count) {
            let Some(on) = self.day(week, day) else { continue };
            self.session(draw, therapist, patient, on, hour);
        }
    }

    /// Two in three come every week, the others every other week, and last those who fill a gap.
    fn who_comes(&self, draw: &mut Draw, therapist: usize, week: usize) -> Vec<usize> {
        let own = self.plan.patients.iter().enumerate().filter(|(_, patient)| patient.therapist == therapist);
        let own: Vec<_> = own.map(|(at, _)| at).collect();
        let (weekly, others) = own.split_at(own.len() * 2 / 3);
        let mut weekly = weekly.to_vec();
        draw.shuffle(&mut weekly);
        let is_due = |patient: &usize| (patient + week).is_multiple_of(2);
        weekly.extend(others.iter().filter(|patient| is_due(patient)));
        weekly.extend(others.iter().filter(|patient| !is_due(patient)));
        weekly
    }

    /// A weekday of a week before the day of the run.
    fn day(&self, week: usize, day: usize) -> Option<NaiveDate> {
        let monday = self.scene.day - TimeDelta::days(i64::from(self.scene.day.weekday().num_days_from_monday()));
        let back = i64::try_from((self.scene.weeks - week) * 7).ok()?;
        monday.checked_add_signed(TimeDelta::days(i64::try_from(day).ok()? - back))
    }

    fn session(&mut self, draw: &mut Draw, therapist: usize, patient: usize, on: NaiveDate, hour: usize) {
        let plans = (self.plan.therapists.get(therapist), self.plan.patients.get(patient));
        let (Some(treating), Some(treated)) = plans else { return };
        let prescribes = treating.therapist.taxonomy == PRESCRIBER.0;
        let mut service =
            if prescribes && draw.chance(500) { draw.weighted(&VISITS) } else { draw.weighted(&SERVICES) };
        if service.cpt == EVALUATION {
            if self.evaluated.contains(&patient) {
                service = draw.weighted(&[SERVICES[1]]);
            }
            self.evaluated.push(patient);
        }
        let mut session = rendered(draw, service, treated, &self.scene.state);
        let fate = fate(draw);
        // a few sessions of the last week are still ahead
        let (on, fate) = match fate {
            Fate::Booked => (on + TimeDelta::weeks(i64::try_from(self.scene.weeks).unwrap_or(1) + 2), fate),
            Fate::Cancelled(_) | Fate::Drafted | Fate::Ready | Fate::Submitted => (on, fate),
        };
        book(&mut session, on, hour, 0);
        let key = format!("{}-s{}", treating.key, self.sessions.len() + 1);
        let sequel = sequel(&mut self.scene.draw(&format!("sequel {key}")));
        self.sessions.push(SessionPlan { key, therapist, patient, session, fate, sequel, defect: None });
    }
}

/// Puts the session on a day, at an hour and minute.
pub(super) fn book(session: &mut clinical::Session, on: NaiveDate, hour: usize, minute: usize) {
    let at = |minutes: i64| {
        let start = on.and_hms_opt(u32::try_from(hour).ok()?, u32::try_from(minute).ok()?, 0)?;
        Some(kernel::clock::timestamp((start + TimeDelta::minutes(minutes)).and_utc()))
    };
    session.session_date = Some(date(on));
    session.starts_at = at(0);
    session.ends_at = at(i64::from(session.duration_minutes));
}

fn fate(draw: &mut Draw) -> Fate {
    if draw.chance(120) {
        return Fate::Cancelled(draw.pick(&["no_show", "patient", "patient", "therapist", "weather"]));
    }
    match draw.weighted(&[(20, 1), (30, 2), (50, 3), (900, 4)]) {
        1 => Fate::Booked,
        2 => Fate::Drafted,
        3 => Fate::Ready,
        _ => Fate::Submitted,
    }
}

/// Of a hundred paid claims, three are corrected and two were a mistake.
fn sequel(draw: &mut Draw) -> Sequel {
    match draw.weighted(&[(95, 0), (3, 1), (2, 2)]) {
        1 => Sequel::Replacement,
        2 => Sequel::Void,
        _ => Sequel::Usual,
    }
}

/// The session as it is rendered to that patient.
fn rendered(draw: &mut Draw, service: Service, patient: &PatientPlan, state: &str) -> clinical::Session {
    let payer = patient.coverages.first().and_then(|coverage| catalog::payer(&coverage.payer_id));
    let minutes = draw.between(service.minutes.0, service.minutes.1);
    let is_medicaid = payer.is_some_and(|payer| payer.filing_indicator == "MC");
    let fee = |cents: i64| dollars(if is_medicaid { cents * 6 / 10 } else { cents });
    let mut add_ons: Vec<_> = service.with.into_iter().collect();
    // groups and visits meet in the office, where add-ons are
    let is_remote = service.with.is_none() && service.cpt != "90853" && draw.chance(430);
    let takes_complexity = !matches!(service.cpt, "90847" | "99213" | "99214");
    if !is_remote && takes_complexity && draw.chance(90) {
        add_ons.push(COMPLEXITY);
    }
    let mut session = clinical::Session {
        cpt_code: service.cpt.to_owned(),
        duration_minutes: i32::try_from(minutes).unwrap_or(45),
        fee: fee(service.fee + draw.between(-2, 2) * 500),
        copay: dollars(patient.copay),
        diagnosis_codes: patient.diagnoses.clone(),
        place_of_service: "11".to_owned(),
        modality: clinical::Modality::InPerson.into(),
        self_pay: payer.is_none(),
        add_ons: add_ons
            .into_iter()
            .map(|(cpt_code, cents)| clinical::AddOn { cpt_code: cpt_code.to_owned(), fee: fee(cents) })
            .collect(),
        ..clinical::Session::default()
    };
    if is_remote {
        let by_voice = draw.chance(50);
        let modifier = payer.and_then(|payer| payer.telehealth_modifier).unwrap_or("95");
        session.place_of_service = payer.map_or("10", |payer| payer.telehealth_pos).to_owned();
        session.modifiers = vec![if by_voice { "93" } else { modifier }.to_owned()];
        session.modality = if by_voice { clinical::Modality::Audio } else { clinical::Modality::Video }.into();
        state.clone_into(&mut session.patient_state);
    }
    session
}
