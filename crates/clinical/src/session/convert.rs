//! Sessions to and from the wire.

use kernel::clock::{parts, timestamp};
use kernel::{Scope, Violations, etag, money};
use schema::Json;
use therapy_claims::clinical::v1 as pb;

pub use self::draft::{Draft, updatable};
use super::{AddOn, Modality, Session, SessionStatus};

mod draft;

/// Reads a status that a filter or an import names; unspecified is none.
pub fn status(v: &mut Violations, field: &str, status: i32) -> Option<SessionStatus> {
    match pb::SessionStatus::try_from(status) {
        Ok(pb::SessionStatus::Unspecified) => None,
        Ok(pb::SessionStatus::Scheduled) => Some(SessionStatus::Scheduled),
        Ok(pb::SessionStatus::Completed) => Some(SessionStatus::Completed),
        Ok(pb::SessionStatus::Cancelled) => Some(SessionStatus::Cancelled),
        Err(_) => {
            v.add(field, "must be a known value");
            None
        }
    }
}

/// A session as the caller may see it. This is the one place that blanks what a masked caller must not see.
#[must_use]
pub fn to_pb(scope: &Scope, session: Session) -> pb::Session {
    let session = full(session);
    if !scope.is_masked() {
        return session;
    }
    pb::Session {
        cpt_code: String::new(),
        diagnosis_codes: Vec::new(),
        modifiers: Vec::new(),
        add_ons: Vec::new(),
        part2: false,
        ..session
    }
}

fn full(session: Session) -> pb::Session {
    let Session {
        practice_id,
        id,
        therapist_id,
        patient_id,
        session_date,
        starts_at,
        ends_at,
        cpt_code,
        add_ons: Json(add_ons),
        modifiers: Json(modifiers),
        diagnosis_codes: Json(diagnosis_codes),
        duration_minutes,
        fee,
        copay,
        status,
        place_of_service,
        modality,
        patient_state,
        prior_authorization,
        self_pay,
        disclosure_restricted,
        part2,
        completed_at,
        cancelled_at,
        cancellation_reason,
        source: _,
        source_id: _,
        version,
        created_at,
        updated_at,
    } = session;
    let add_on = |AddOn { cpt_code, fee }| pb::AddOn { cpt_code, fee: money::text(&fee) };
    pb::Session {
        id: id.to_string(),
        practice_id: practice_id.to_string(),
        therapist_id: therapist_id.to_string(),
        patient_id: patient_id.to_string(),
        session_date: Some(parts(session_date).into()),
        starts_at: starts_at.map(timestamp),
        ends_at: ends_at.map(timestamp),
        cpt_code,
        duration_minutes,
        fee: money::text(&fee),
        copay: money::text(&copay),
        diagnosis_codes,
        place_of_service,
        modifiers,
        modality: modality_to_pb(modality).into(),
        patient_state: patient_state.unwrap_or_default(),
        prior_authorization: prior_authorization.unwrap_or_default(),
        disclosure_restricted,
        part2,
        self_pay,
        add_ons: add_ons.into_iter().map(add_on).collect(),
        status: status_to_pb(status).into(),
        completed_at: completed_at.map(timestamp),
        cancelled_at: cancelled_at.map(timestamp),
        cancellation_reason: cancellation_reason.unwrap_or_default(),
        etag: etag::of(version),
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
    }
}

const fn status_to_pb(status: SessionStatus) -> pb::SessionStatus {
    match status {
        SessionStatus::Scheduled => pb::SessionStatus::Scheduled,
        SessionStatus::Completed => pb::SessionStatus::Completed,
        SessionStatus::Cancelled => pb::SessionStatus::Cancelled,
    }
}

const fn modality_to_pb(modality: Modality) -> pb::Modality {
    match modality {
        Modality::InPerson => pb::Modality::InPerson,
        Modality::Video => pb::Modality::Video,
        Modality::Audio => pb::Modality::Audio,
    }
}

/// A short reason code: lower-case letters and underscores, so that nothing clinical is told in it.
pub fn cancellation_reason(v: &mut Violations, field: &str, text: &str) -> Option<String> {
    let reason = v.optional_text(field, text, 40)?;
    if !reason.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        v.add(field, "must be a code of lower-case letters and underscores");
    }
    Some(reason)
}
