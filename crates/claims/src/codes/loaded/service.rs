//! Services: what the operator charges for a procedure, how many units of it a day has, and where they are rendered.

use chrono::NaiveDate;

use super::FIELDS;
use crate::codes::release::{Table, date};

/// The operator's fees, by procedure and time.
#[derive(Debug)]
pub struct Schedule(Vec<(String, NaiveDate, NaiveDate, i64)>);

impl Schedule {
    /// Whether the procedure is in use that day; `None` when the schedule does not know it at all.
    #[must_use]
    pub fn is_active(&self, code: &str, on: NaiveDate) -> Option<bool> {
        let first = self.0.partition_point(|(known, ..)| known.as_str() < code);
        let mut spans = self.0.iter().skip(first).take_while(|(known, ..)| known == code).peekable();
        spans.peek()?;
        Some(spans.any(|(_, from, to, _)| *from <= on && on <= *to))
    }
}

impl Table for Schedule {
    const HEADER: &'static [&'static str] = &["code", "valid_from", "valid_to", "fee"];
    type Row = (String, NaiveDate, NaiveDate, i64);

    fn row(fields: &[&str]) -> Result<Self::Row, &'static str> {
        let [code, from, to, fee] = fields else { return Err(FIELDS) };
        let code = procedure(code)?;
        let from = date(from).ok_or("valid_from must be a date in the form 2026-01-31")?;
        let to = last_day(to)?;
        if to < from {
            return Err("valid_to must not be before valid_from");
        }
        let cents = fee.parse().ok().and_then(|fee| crate::amount::cents(&fee));
        let cents = cents.filter(|cents| *cents > 0 && fee.len() <= 12);
        Ok((code, from, to, cents.ok_or("fee must be an amount above zero with at most two decimals")?))
    }

    fn clash((a, _, to, _): &Self::Row, (b, from, ..): &Self::Row) -> bool {
        a == b && from <= to
    }

    fn build(rows: Vec<Self::Row>) -> Self {
        Self(rows)
    }
}

/// Most units of a procedure on a day.
#[derive(Debug)]
pub(in crate::codes) struct UnitCaps(Vec<(String, i32)>);

impl UnitCaps {
    pub(in crate::codes) fn get(&self, code: &str) -> Option<i32> {
        let at = self.0.binary_search_by(|(known, _)| known.as_str().cmp(code)).ok()?;
        self.0.get(at).map(|(_, units)| *units)
    }
}

impl Table for UnitCaps {
    const HEADER: &'static [&'static str] = &["code", "units"];
    type Row = (String, i32);

    fn row(fields: &[&str]) -> Result<Self::Row, &'static str> {
        let [code, units] = fields else { return Err(FIELDS) };
        let units = units.parse().ok().filter(|units| (0..=9999).contains(units));
        Ok((procedure(code)?, units.ok_or("units must be a whole number, 0 to 9999")?))
    }

    fn clash((a, _): &Self::Row, (b, _): &Self::Row) -> bool {
        a == b
    }

    fn build(rows: Vec<Self::Row>) -> Self {
        Self(rows)
    }
}

/// Places of service, each with its days.
#[derive(Debug)]
pub(in crate::codes) struct Places(Vec<(String, NaiveDate, NaiveDate)>);

impl Places {
    pub(in crate::codes) fn has(&self, code: &str, on: NaiveDate) -> bool {
        self.0.iter().any(|(known, from, to)| known == code && *from <= on && on <= *to)
    }
}

impl Table for Places {
    const HEADER: &'static [&'static str] = &["code", "valid_from", "valid_to"];
    type Row = (String, NaiveDate, NaiveDate);

    fn row(fields: &[&str]) -> Result<Self::Row, &'static str> {
        let [code, from, to] = fields else { return Err(FIELDS) };
        if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("code must be two digits");
        }
        let from = match *from {
            "" => NaiveDate::MIN,
            from => date(from).ok_or("valid_from must be empty or a date in the form 2026-01-31")?,
        };
        let to = last_day(to)?;
        if to < from { Err("valid_to must not be before valid_from") } else { Ok(((*code).to_owned(), from, to)) }
    }

    fn clash((a, _, to): &Self::Row, (b, from, _): &Self::Row) -> bool {
        a == b && from <= to
    }

    fn build(rows: Vec<Self::Row>) -> Self {
        Self(rows)
    }
}

fn procedure(code: &str) -> Result<String, &'static str> {
    let is_plain = code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if code.len() == 5 && is_plain { Ok(code.to_owned()) } else { Err("code must be five capital letters and digits") }
}

fn last_day(text: &str) -> Result<NaiveDate, &'static str> {
    match text {
        "" => Ok(NaiveDate::MAX),
        text => date(text).ok_or("valid_to must be empty or a date in the form 2026-01-31"),
    }
}
