//! Reading requests: parse every field, collect every violation, answer once.
//!
//! The readers return a stand-in where a field is bad; [`Violations::done`] lets a value out only when
//! nothing was bad, so stand-ins never travel.

use std::fmt;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, Utc};

use crate::error::Failure;
use crate::id::Id;
use crate::money;

/// One bad field: its proto path, and what is expected of it. Never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub field: String,
    pub description: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.description)
    }
}

/// All that is wrong with one request.
#[derive(Debug, Default)]
pub struct Violations {
    found: Vec<Violation>,
    prefix: String,
}

impl Violations {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Prefixes the fields that follow: `Violations::within("patient.")`.
    #[must_use]
    pub fn within(prefix: &str) -> Self {
        Self { found: Vec::new(), prefix: prefix.to_owned() }
    }

    /// Changes the prefix for the fields that follow.
    pub fn set_prefix(&mut self, prefix: &str) {
        prefix.clone_into(&mut self.prefix);
    }

    pub fn add(&mut self, field: &str, description: &str) {
        self.found.push(Violation { field: format!("{}{field}", self.prefix), description: description.to_owned() });
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    #[must_use]
    pub fn into_list(self) -> Vec<Violation> {
        self.found
    }

    /// The value, if nothing was wrong.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with every violation.
    pub fn done<T>(self, value: T) -> Result<T, Failure> {
        if self.found.is_empty() { Ok(value) } else { Err(Failure::invalid(self.found)) }
    }

    /// A required id.
    pub fn id<K>(&mut self, field: &str, text: &str) -> Id<K> {
        text.parse().unwrap_or_else(|_| {
            self.add(field, "must be a UUID in its 36-character form");
            Id::NIL
        })
    }

    /// An id that may be left empty.
    pub fn optional_id<K>(&mut self, field: &str, text: &str) -> Option<Id<K>> {
        (!text.is_empty()).then(|| self.id(field, text))
    }

    /// A required text of 1 to `max` characters without control characters; outer spaces are dropped.
    pub fn text(&mut self, field: &str, text: &str, max: usize) -> String {
        if text.trim().is_empty() {
            self.add(field, "is required");
        }
        self.free_text(field, text, max)
    }

    /// A text of up to `max` characters that may be empty.
    pub fn free_text(&mut self, field: &str, text: &str, max: usize) -> String {
        let text = text.trim();
        if text.chars().count() > max {
            self.add(field, &format!("must have at most {max} characters"));
        }
        if text.chars().any(char::is_control) {
            self.add(field, "must not hold control characters");
        }
        text.to_owned()
    }

    /// A text that may be empty, stored as NULL then.
    pub fn optional_text(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        let text = self.free_text(field, text, max);
        (!text.is_empty()).then_some(text)
    }

    /// A date from its three parts.
    pub fn date(&mut self, field: &str, parts: Option<(i32, i32, i32)>) -> NaiveDate {
        self.optional_date(field, parts).unwrap_or_else(|| {
            if parts.is_none() {
                self.add(field, "is required");
            }
            NaiveDate::default()
        })
    }

    /// A date that may be left out. Years 1900 to 2200, and the day must exist.
    pub fn optional_date(&mut self, field: &str, parts: Option<(i32, i32, i32)>) -> Option<NaiveDate> {
        let (year, month, day) = parts?;
        let date = match (u32::try_from(month), u32::try_from(day)) {
            (Ok(month), Ok(day)) if (1900..=2200).contains(&year) => NaiveDate::from_ymd_opt(year, month, day),
            _ => None,
        };
        if date.is_none() {
            self.add(field, "must be a whole date of the calendar: year 1900 to 2200, month, day");
        }
        date
    }

    /// A point in time that may be left out.
    pub fn optional_time(&mut self, field: &str, at: Option<prost_types::Timestamp>) -> Option<DateTime<Utc>> {
        let at = at?;
        let time = u32::try_from(at.nanos).ok().and_then(|nanos| DateTime::from_timestamp(at.seconds, nanos));
        if time.is_none() {
            self.add(field, "must be a valid timestamp");
        }
        time
    }

    /// A required amount.
    pub fn amount(&mut self, field: &str, text: &str) -> BigDecimal {
        money::parse(text).unwrap_or_else(|bad| {
            self.add(field, bad.as_str());
            money::zero()
        })
    }

    /// An amount that is zero when left empty.
    pub fn amount_or_zero(&mut self, field: &str, text: &str) -> BigDecimal {
        if text.is_empty() { money::zero() } else { self.amount(field, text) }
    }

    /// An enum value that was read already; `None` is a violation.
    pub fn known<T: Copy>(&mut self, field: &str, value: Option<T>, stand_in: T) -> T {
        value.unwrap_or_else(|| {
            self.add(field, "must be set to a known value");
            stand_in
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PatientId;

    #[test]
    fn the_message_names_the_first_violations_and_counts_the_rest() {
        let mut v = Violations::new();
        for field in ["a", "b", "c", "d", "e", "f", "g"] {
            v.add(field, "is required");
        }
        let failure = v.done(()).unwrap_err();
        let told = "a is required; b is required; c is required; d is required; e is required; and 2 more";
        assert_eq!(failure.message, told);
        assert_eq!(failure.violations().len(), 7);
    }

    #[test]
    fn every_violation_is_named_at_once() {
        let mut v = Violations::within("patient.");
        let _: PatientId = v.id("id", "nonsense");
        v.text("first_name", "  ", 35);
        v.text("last_name", &"x".repeat(61), 60);
        v.date("birth_date", Some((2023, 2, 29)));
        v.date("admitted_on", None);
        v.amount("fee", "1.234");
        let Err(failure) = v.done(()) else { panic!("must fail") };
        let fields: Vec<_> = failure.violations().iter().map(|x| x.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "patient.id",
                "patient.first_name",
                "patient.last_name",
                "patient.birth_date",
                "patient.admitted_on",
                "patient.fee"
            ]
        );
    }
}
