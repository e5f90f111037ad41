//! Checks of single values.

use std::fmt::Display;
use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};

use crate::amount::Cents;
use crate::emit::charset;
use crate::npi::is_npi;
use crate::violation::Violations;

/// How many characters a value may have, and what to say of one that has not.
pub(super) struct Length {
    range: RangeInclusive<usize>,
    problem: &'static str,
}

impl Length {
    pub(super) const fn new(range: RangeInclusive<usize>, problem: &'static str) -> Self {
        Self { range, problem }
    }
}

/// A [`Length`] from the least to the most characters, or of at most so many.
macro_rules! length {
    ($least:literal..=$most:literal) => {
        $crate::claim::check::field::Length::new(
            $least..=$most,
            concat!("must have ", $least, " to ", $most, " characters"),
        )
    };
    ($most:literal) => {
        $crate::claim::check::field::Length::new(0..=$most, concat!("must have at most ", $most, " characters"))
    };
}
pub(super) use length;

/// A text that must be there; letters may lose their marks, delimiters become spaces.
pub(super) fn text(out: &mut Violations, field: &dyn Display, value: &str, max: &Length) {
    let length = charset::written_len(value);
    out.require(length > 0, field, "must be given");
    within(out, field, value, length, max);
}

/// A text that may be left out.
pub(super) fn optional_text(out: &mut Violations, field: &dyn Display, value: &str, max: &Length) {
    if !value.is_empty() {
        within(out, field, value, charset::written_len(value), max);
    }
}

fn within(out: &mut Violations, field: &dyn Display, value: &str, length: usize, max: &Length) {
    out.require(max.range.contains(&length), field, max.problem);
    out.require(!value.bytes().any(|byte| byte.is_ascii_control()), field, "must have no control characters");
    out.require(charset::is_writable(value), field, "must be in Latin letters");
}

/// A value that identifies something: it must stand in the file as it is.
pub(super) fn id(out: &mut Violations, field: &dyn Display, value: &str, length: &Length) {
    if value.is_empty() {
        out.add(field, "must be given");
    } else {
        out.require(length.range.contains(&value.len()), field, length.problem);
        out.require(charset::is_plain_text(value), field, "must have plain characters and no delimiters");
    }
}

/// An [`id`] that may be left out.
pub(super) fn optional_id(out: &mut Violations, field: &dyn Display, value: &str, length: &Length) {
    if !value.is_empty() {
        id(out, field, value, length);
    }
}

/// A value of a fixed form.
#[inline]
pub(super) fn pattern(
    out: &mut Violations,
    field: &dyn Display,
    value: &str,
    holds: fn(&str) -> bool,
    problem: &'static str,
) {
    out.require(holds(value), field, problem);
}

pub(super) fn npi(out: &mut Violations, field: &dyn Display, value: &str) {
    out.require(is_npi(value), field, "must be an NPI: ten digits with the right check digit");
}

/// A taxonomy code, where there is one.
pub(super) fn taxonomy(out: &mut Violations, field: &dyn Display, value: &str) {
    let holds = value.is_empty() || (value.len() == 10 && is_code(value));
    out.require(holds, field, "must be ten capital letters or digits");
}

/// An amount that is charged or paid.
pub(super) fn dollars(out: &mut Violations, field: &dyn Display, amount: Cents) {
    out.require((Cents::ZERO..=Cents::MAX).contains(&amount), field, "must be between 0.00 and 99999999.99");
}

/// A day that eight digits can tell and a reader will believe.
pub(super) fn year(out: &mut Violations, field: &dyn Display, day: NaiveDate) {
    out.require((1900..2200).contains(&day.year()), field, "must be in the years 1900 to 2199");
}

pub(super) fn is_digits(value: &str, length: usize) -> bool {
    value.len() == length && value.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_code(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

pub(super) fn is_phone(value: &str) -> bool {
    is_digits(value, 10)
}

pub(super) fn is_place(value: &str) -> bool {
    is_digits(value, 2)
}

pub(in crate::claim) fn is_procedure(value: &str) -> bool {
    value.len() == 5 && is_code(value)
}

pub(in crate::claim) fn is_modifier(value: &str) -> bool {
    value.len() == 2 && is_code(value)
}

pub(in crate::claim) fn is_diagnosis(value: &str) -> bool {
    (3..=7).contains(&value.len()) && is_code(value) && value.starts_with(|first: char| first.is_ascii_uppercase())
}

pub(in crate::claim) fn is_zip_code(value: &str) -> bool {
    is_digits(value, 5) || is_digits(value, 9)
}
