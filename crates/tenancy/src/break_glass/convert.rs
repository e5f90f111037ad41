//! Break-glasses to and from the wire.

use kernel::clock::timestamp;
use kernel::{Violations, etag};
use therapy_claims::tenancy::v1 as pb;

use super::{BreakGlass, Verdict};

const REASON_MIN: usize = 10;
const REASON_MAX: usize = 500;
const MINUTES_MAX: i32 = 60;

/// A reason that says something.
pub fn reason(v: &mut Violations, text: &str) -> String {
    let reason = v.text("reason", text, REASON_MAX);
    if !reason.is_empty() && reason.chars().count() < REASON_MIN {
        v.add("reason", "must have at least 10 characters: the review reads it");
    }
    reason
}

/// For how long; the longest when left out.
pub fn minutes(v: &mut Violations, minutes: i32) -> i64 {
    if minutes == 0 {
        return MINUTES_MAX.into();
    }
    if !(1..=MINUTES_MAX).contains(&minutes) {
        v.add("minutes", "must be 1 to 60");
    }
    minutes.into()
}

/// A verdict that must be given.
pub fn verdict(v: &mut Violations, verdict: i32) -> Verdict {
    let known = match pb::BreakGlassVerdict::try_from(verdict) {
        Ok(pb::BreakGlassVerdict::Justified) => Some(Verdict::Justified),
        Ok(pb::BreakGlassVerdict::NotJustified) => Some(Verdict::NotJustified),
        Ok(pb::BreakGlassVerdict::Unspecified) | Err(_) => None,
    };
    v.known("verdict", known, Verdict::Justified)
}

/// A note that may be left out.
pub fn note(v: &mut Violations, text: &str) -> Option<String> {
    v.optional_text("note", text, REASON_MAX)
}

#[must_use]
pub fn to_pb(glass: BreakGlass) -> pb::BreakGlass {
    let verdict = match glass.verdict {
        None => pb::BreakGlassVerdict::Unspecified,
        Some(Verdict::Justified) => pb::BreakGlassVerdict::Justified,
        Some(Verdict::NotJustified) => pb::BreakGlassVerdict::NotJustified,
    };
    pb::BreakGlass {
        id: glass.id.to_string(),
        user_id: glass.user_id.to_string(),
        patient_id: glass.patient_id.to_string(),
        reason: glass.reason,
        opened_at: Some(timestamp(glass.opened_at)),
        expires_at: Some(timestamp(glass.expires_at)),
        closed_at: glass.closed_at.map(timestamp),
        verdict: verdict.into(),
        review_note: glass.review_note.unwrap_or_default(),
        reviewed_by: glass.reviewed_by.map(|id| id.to_string()).unwrap_or_default(),
        reviewed_at: glass.reviewed_at.map(timestamp),
        etag: etag::of(glass.version),
    }
}
