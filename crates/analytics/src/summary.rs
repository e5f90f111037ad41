//! What a practice did on a day: counts and sums, from which rates follow over any range.

use bigdecimal::{BigDecimal, RoundingMode};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use kernel::money;
use schema::tables::analytics::{practice_summaries, watermarks};

pub mod convert;
pub mod service;
mod store;

/// A range holds at most so many days beyond its first one; all of it is read for its total.
pub const RANGE_MAX: TimeDelta = TimeDelta::days(731);

/// One day's figures, or those of a range under its first day.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = practice_summaries, check_for_backend(Pg))]
pub struct Summary {
    pub day: NaiveDate,
    pub sessions_scheduled: i32,
    pub sessions_completed: i32,
    pub sessions_cancelled: i32,
    pub claims_draft: i32,
    pub claims_ready: i32,
    pub claims_submitted: i32,
    pub claims_paid: i32,
    pub claims_denied: i32,
    pub charged_amount: BigDecimal,
    pub paid_amount: BigDecimal,
    pub adjusted_amount: BigDecimal,
    pub patient_balance_amount: BigDecimal,
    pub first_pass_claims: i32,
    pub first_pass_accepted: i32,
    pub adjudicated_claims: i32,
    pub ar_days_total: i64,
}

/// How far a practice's summaries have followed what happened.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = watermarks, check_for_backend(Pg))]
pub struct Watermark {
    pub position: i64,
    pub updated_at: DateTime<Utc>,
}

impl Summary {
    /// A day, or a range from this day on, in which nothing happened.
    #[must_use]
    pub fn zero(day: NaiveDate) -> Self {
        Self {
            day,
            sessions_scheduled: 0,
            sessions_completed: 0,
            sessions_cancelled: 0,
            claims_draft: 0,
            claims_ready: 0,
            claims_submitted: 0,
            claims_paid: 0,
            claims_denied: 0,
            charged_amount: money::zero(),
            paid_amount: money::zero(),
            adjusted_amount: money::zero(),
            patient_balance_amount: money::zero(),
            first_pass_claims: 0,
            first_pass_accepted: 0,
            adjudicated_claims: 0,
            ar_days_total: 0,
        }
    }

    /// These figures and another day's together.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            day: self.day,
            sessions_scheduled: self.sessions_scheduled.saturating_add(other.sessions_scheduled),
            sessions_completed: self.sessions_completed.saturating_add(other.sessions_completed),
            sessions_cancelled: self.sessions_cancelled.saturating_add(other.sessions_cancelled),
            claims_draft: self.claims_draft.saturating_add(other.claims_draft),
            claims_ready: self.claims_ready.saturating_add(other.claims_ready),
            claims_submitted: self.claims_submitted.saturating_add(other.claims_submitted),
            claims_paid: self.claims_paid.saturating_add(other.claims_paid),
            claims_denied: self.claims_denied.saturating_add(other.claims_denied),
            charged_amount: self.charged_amount + &other.charged_amount,
            paid_amount: self.paid_amount + &other.paid_amount,
            adjusted_amount: self.adjusted_amount + &other.adjusted_amount,
            patient_balance_amount: self.patient_balance_amount + &other.patient_balance_amount,
            first_pass_claims: self.first_pass_claims.saturating_add(other.first_pass_claims),
            first_pass_accepted: self.first_pass_accepted.saturating_add(other.first_pass_accepted),
            adjudicated_claims: self.adjudicated_claims.saturating_add(other.adjudicated_claims),
            ar_days_total: self.ar_days_total.saturating_add(other.ar_days_total),
        }
    }

    /// Share of the claims not rejected at the first attempt, of those that had an answer to it.
    #[must_use]
    pub fn first_pass_rate(&self) -> Option<String> {
        ratio(self.first_pass_accepted.into(), self.first_pass_claims.into(), 4)
    }

    /// Share of the decided claims that were denied.
    #[must_use]
    pub fn denial_rate(&self) -> Option<String> {
        ratio(self.claims_denied.into(), self.adjudicated_claims.into(), 4)
    }

    /// How many days the decided claims waited on average.
    #[must_use]
    pub fn days_in_ar(&self) -> Option<String> {
        ratio(self.ar_days_total, self.adjudicated_claims.into(), 1)
    }
}

/// A quotient in plain decimals; nothing where there is nothing to divide by.
fn ratio(part: i64, whole: i64, places: i64) -> Option<String> {
    (whole > 0).then(|| {
        let quotient = BigDecimal::from(part) / BigDecimal::from(whole);
        quotient.with_scale_round(places, RoundingMode::HalfUp).to_plain_string()
    })
}

#[cfg(test)]
mod tests;
