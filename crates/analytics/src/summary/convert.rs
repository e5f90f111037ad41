//! Summaries on the wire.

use chrono::{Datelike, NaiveDate};
use kernel::clock::{parts, timestamp};
use kernel::{PracticeId, Violations, money};
use therapy_claims::analytics::v1 as pb;

use super::{RANGE_MAX, Summary, Watermark};

/// Reads the range of a list.
pub fn range(v: &mut Violations, request: &pb::ListPracticeSummariesRequest) -> (NaiveDate, NaiveDate) {
    let pb::ListPracticeSummariesRequest { from_day, to_day, page_size: _, page_token: _ } = request;
    let clean = v.is_empty();
    let from = v.date("from_day", from_day.map(Into::into));
    let to = v.date("to_day", to_day.map(Into::into));
    if clean && v.is_empty() {
        if to < from {
            v.add("to_day", "must not be before from_day");
        } else if to - from > RANGE_MAX {
            v.add("to_day", "must be at most 731 days after from_day");
        }
    }
    (from, to)
}

/// What a page token remembers of a day.
#[must_use]
pub fn page_key(day: NaiveDate) -> i64 {
    day.num_days_from_ce().into()
}

/// Figures as their readers get them. Every day is as new as the practice's watermark: what was not counted anew had
/// not changed.
#[must_use]
pub fn to_pb(practice: PracticeId, summary: &Summary, mark: Option<Watermark>) -> pb::PracticeSummary {
    let Summary {
        day,
        sessions_scheduled,
        sessions_completed,
        sessions_cancelled,
        claims_draft,
        claims_ready,
        claims_submitted,
        claims_paid,
        claims_denied,
        charged_amount,
        paid_amount,
        adjusted_amount,
        patient_balance_amount,
        first_pass_claims: _,
        first_pass_accepted: _,
        adjudicated_claims: _,
        ar_days_total: _,
    } = summary;
    pb::PracticeSummary {
        practice_id: practice.to_string(),
        day: Some(parts(*day).into()),
        sessions_scheduled: (*sessions_scheduled).into(),
        sessions_completed: (*sessions_completed).into(),
        sessions_cancelled: (*sessions_cancelled).into(),
        claims_draft: (*claims_draft).into(),
        claims_ready: (*claims_ready).into(),
        claims_submitted: (*claims_submitted).into(),
        claims_paid: (*claims_paid).into(),
        claims_denied: (*claims_denied).into(),
        charged_amount: money::text(charged_amount),
        paid_amount: money::text(paid_amount),
        adjusted_amount: money::text(adjusted_amount),
        patient_balance_amount: money::text(patient_balance_amount),
        first_pass_rate: summary.first_pass_rate(),
        denial_rate: summary.denial_rate(),
        days_in_ar: summary.days_in_ar(),
        as_of_position: mark.map_or(0, |mark| mark.position),
        refreshed_at: mark.map(|mark| timestamp(mark.updated_at)),
    }
}
