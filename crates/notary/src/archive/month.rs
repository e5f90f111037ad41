//! A month of the calendar, in UTC: what the audit log is partitioned and archived by.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, Utc};

/// A month, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(NaiveDate);

/// After the end of a month its last entries may still be on their way for a moment; and clocks may differ.
const SETTLED: TimeDelta = TimeDelta::hours(1);

impl Month {
    /// The month that a moment is in.
    #[must_use]
    pub fn of(at: DateTime<Utc>) -> Self {
        let day = at.date_naive();
        Self(day.with_day(1).unwrap_or(day))
    }

    /// So many months earlier; at the beginning of the calendar it stays where it is.
    #[must_use]
    pub fn back(self, months: u32) -> Self {
        Self(self.0.checked_sub_months(Months::new(months)).unwrap_or(self.0))
    }

    /// The month after; at the end of the calendar there is none, and it stays.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }

    #[must_use]
    pub const fn first_day(self) -> NaiveDate {
        self.0
    }

    /// When it begins.
    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        self.0.and_time(NaiveTime::MIN).and_utc()
    }

    /// Whether all entries that were recorded in it are in the log by now.
    #[must_use]
    pub fn has_ended(self, now: DateTime<Utc>) -> bool {
        self.next().start() + SETTLED <= now
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

/// Not a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no month: it looks like 2026-09")]
pub struct NotAMonth;

impl FromStr for Month {
    type Err = NotAMonth;

    /// A month has one form.
    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let parsed = text.split_once('-').and_then(|(year, month)| {
            let day = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?;
            Some(Self(day)).filter(|month| month.to_string() == text)
        });
        parsed.ok_or(NotAMonth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_has_one_name() {
        assert_eq!("2026-09".parse::<Month>().unwrap().to_string(), "2026-09");
        for text in ["2026-9", "2026-13", "2026-09-01", "+2026-09", "2026", "", "2026-00"] {
            assert_eq!(text.parse::<Month>(), Err(NotAMonth), "{text}");
        }
    }

    #[test]
    fn a_month_has_ended_when_its_last_entries_are_in() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(Month::of(at("2026-12-31T23:59:59Z")), month);
        assert_eq!((month.next().to_string(), month.back(13).to_string()), ("2027-01".into(), "2025-11".into()));
        assert!(!month.has_ended(at("2026-12-31T23:59:59Z")));
        assert!(!month.has_ended(at("2027-01-01T00:59:59Z")));
        assert!(month.has_ended(at("2027-01-01T01:00:00Z")));
    }
}
