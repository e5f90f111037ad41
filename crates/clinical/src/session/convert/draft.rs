//! Sessions as requests state them.

use kernel::id::SessionId;
use kernel::mask::Mask;
use kernel::{Failure, Scope, Violations};
use schema::Json;
use therapy_claims::clinical::v1 as pb;

use super::super::{AddOn, Modality, Session, SessionStatus};
use crate::billing::local_date;
use crate::fields::{code, copy_fields, digits, state};

const MINUTES: std::ops::RangeInclusive<i32> = 1..=480;
const DIAGNOSES_MAX: usize = 12;
const MODIFIERS_MAX: usize = 4;
const ADD_ONS_MAX: usize = 10;

/// The fields that `UpdateSession` may name.
const UPDATABLE: &[&str] = &[
    "therapist_id",
    "patient_id",
    "session_date",
    "starts_at",
    "ends_at",
    "duration_minutes",
    "fee",
    "copay",
    "place_of_service",
    "modality",
    "patient_state",
    "prior_authorization",
    "disclosure_restricted",
    "self_pay",
    "cpt_code",
    "diagnosis_codes",
    "modifiers",
    "add_ons",
    "part2",
];

/// How many at the end of [`UPDATABLE`] say what the patient is treated for: hidden from masked callers.
const CLINICAL: usize = 5;

/// The fields that the caller may change: nobody writes what is hidden from them.
#[must_use]
pub fn updatable(scope: &Scope) -> &'static [&'static str] {
    let visible = UPDATABLE.len() - CLINICAL;
    if scope.is_masked() { UPDATABLE.split_at(visible).0 } else { UPDATABLE }
}

/// A session as a request states it. The day may still have to be found by the practice's clock.
#[derive(Debug)]
pub struct Draft {
    session: Session,
    has_date: bool,
}

impl Draft {
    /// Reads a session to be booked, or the new values of one; `v` collects what is wrong with it.
    pub fn read(v: &mut Violations, scope: &Scope, session: &pb::Session) -> Self {
        let date = v.optional_date("session_date", session.session_date.map(Into::into));
        let starts_at = v.optional_time("starts_at", session.starts_at);
        if date.is_none() && starts_at.is_none() && session.session_date.is_none() {
            v.add("session_date", "is required, or starts_at in its place");
        }
        let place_of_service = digits(v, "place_of_service", &session.place_of_service, 2);
        let modality = modality(v, session.modality);
        let now = scope.now();
        let row = Session {
            practice_id: scope.practice(),
            id: SessionId::new(),
            therapist_id: v.id("therapist_id", &session.therapist_id),
            patient_id: v.id("patient_id", &session.patient_id),
            session_date: date.unwrap_or_default(),
            starts_at,
            ends_at: v.optional_time("ends_at", session.ends_at),
            cpt_code: code(v, "cpt_code", &session.cpt_code, 5),
            add_ons: Json(add_ons(v, &session.add_ons)),
            modifiers: Json(codes(v, "modifiers", &session.modifiers, 2, MODIFIERS_MAX)),
            diagnosis_codes: Json(diagnoses(v, &session.diagnosis_codes)),
            duration_minutes: minutes(v, session.duration_minutes),
            fee: v.amount("fee", &session.fee),
            copay: v.amount_or_zero("copay", &session.copay),
            status: SessionStatus::Scheduled,
            place_of_service: place_of_service.unwrap_or_else(|| place_by_modality(modality).to_owned()),
            modality,
            patient_state: state(v, "patient_state", &session.patient_state),
            prior_authorization: v.optional_text("prior_authorization", &session.prior_authorization, 50),
            self_pay: session.self_pay,
            disclosure_restricted: session.disclosure_restricted,
            part2: session.part2,
            completed_at: None,
            cancelled_at: None,
            cancellation_reason: None,
            source: None,
            source_id: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        check_times(v, &row);
        Self { session: row, has_date: date.is_some() }
    }

    /// Refuses what a masked caller may not state when it books.
    pub fn check_masked(&self, v: &mut Violations, scope: &Scope) {
        let hidden = [
            ("diagnosis_codes", !self.session.diagnosis_codes.0.is_empty()),
            ("modifiers", !self.session.modifiers.0.is_empty()),
            ("add_ons", !self.session.add_ons.0.is_empty()),
            ("part2", self.session.part2),
        ];
        for (field, _) in hidden.iter().filter(|(_, is_set)| *is_set && scope.is_masked()) {
            v.add(field, "is not for this role to set");
        }
    }

    /// The session, its day found by the practice's clock where the request left it out.
    ///
    /// # Errors
    /// When the practice has no valid time zone.
    pub fn dated(&self, time_zone: &str) -> Result<Session, Failure> {
        let mut session = self.session.clone();
        if let (false, Some(at)) = (self.has_date, session.starts_at) {
            session.session_date = local_date(time_zone, at)?;
        }
        Ok(session)
    }

    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Writes the fields that the mask names over a session there is.
    ///
    /// # Errors
    /// When the result contradicts itself.
    pub fn apply(&self, mask: &Mask, time_zone: &str, session: &mut Session) -> Result<(), Failure> {
        let new = self.dated(time_zone)?;
        // a start that moves takes the day along, unless the request says which day
        if mask.has("session_date") || (mask.has("starts_at") && new.starts_at.is_some() && !self.has_date) {
            session.session_date = new.session_date;
        }
        // a place that followed from the modality goes on following it
        if mask.has("modality") && session.place_of_service == place_by_modality(session.modality) {
            place_by_modality(new.modality).clone_into(&mut session.place_of_service);
        }
        copy_fields!(mask, new => session; therapist_id patient_id starts_at ends_at duration_minutes fee copay);
        copy_fields!(mask, new => session; cpt_code add_ons modifiers diagnosis_codes place_of_service modality);
        copy_fields!(mask, new => session; patient_state prior_authorization self_pay disclosure_restricted part2);
        let mut v = Violations::within("session.");
        check_times(&mut v, session);
        v.done(())
    }
}

fn check_times(v: &mut Violations, session: &Session) {
    match (session.starts_at, session.ends_at) {
        (None, Some(_)) => v.add("ends_at", "needs starts_at beside it"),
        (Some(starts), Some(ends)) if ends < starts => v.add("ends_at", "must not be before starts_at"),
        _ => {}
    }
}

fn minutes(v: &mut Violations, minutes: i32) -> i32 {
    if !MINUTES.contains(&minutes) {
        v.add("duration_minutes", "must be between 1 and 480");
    }
    minutes
}

/// Where such a session takes place: the office, or the patient's home.
const fn place_by_modality(modality: Modality) -> &'static str {
    match modality {
        Modality::InPerson => "11",
        Modality::Video | Modality::Audio => "10",
    }
}

fn modality(v: &mut Violations, modality: i32) -> Modality {
    let known = pb::Modality::try_from(modality).ok().map(|modality| match modality {
        pb::Modality::InPerson | pb::Modality::Unspecified => Modality::InPerson,
        pb::Modality::Video => Modality::Video,
        pb::Modality::Audio => Modality::Audio,
    });
    v.known("modality", known, Modality::InPerson)
}

fn codes(v: &mut Violations, field: &str, texts: &[String], length: usize, max: usize) -> Vec<String> {
    at_most(v, field, texts.len(), max);
    texts.iter().enumerate().map(|(i, text)| code(v, &format!("{field}[{i}]"), text, length)).collect()
}

fn diagnoses(v: &mut Violations, texts: &[String]) -> Vec<String> {
    at_most(v, "diagnosis_codes", texts.len(), DIAGNOSES_MAX);
    let mut read = |(i, text): (usize, &String)| {
        let code = text.trim().to_ascii_uppercase();
        let is_formed = (3..=8).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
        if !is_formed {
            v.add(&format!("diagnosis_codes[{i}]"), "must be an ICD-10-CM code, three to seven characters");
        }
        code
    };
    texts.iter().enumerate().map(&mut read).collect()
}

fn add_ons(v: &mut Violations, add_ons: &[pb::AddOn]) -> Vec<AddOn> {
    at_most(v, "add_ons", add_ons.len(), ADD_ONS_MAX);
    let mut read = |(i, add_on): (usize, &pb::AddOn)| {
        let pb::AddOn { cpt_code, fee } = add_on;
        let field = |name| format!("add_ons[{i}].{name}");
        AddOn { cpt_code: code(v, &field("cpt_code"), cpt_code, 5), fee: v.amount(&field("fee"), fee) }
    };
    add_ons.iter().enumerate().map(&mut read).collect()
}

fn at_most(v: &mut Violations, field: &str, count: usize, max: usize) {
    if count > max {
        v.add(field, &format!("must have at most {max} entries"));
    }
}
