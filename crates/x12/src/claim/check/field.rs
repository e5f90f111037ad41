//! Checks of single values.

use std::fmt::Display;
use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};

use crate::amount::Cents;
use crate::emit::charset;
use crate::npi::is_npi;
use crate::violation::Violations;

/// What `numeric(12,2)` holds.
const DOLLARS_MAX: Cents = Cents(999_999_999_999);

/// A text that must be there; letters may lose their marks, delimiters become spaces.
pub(super) fn text(out: &mut Violations, field: &dyn Display, value: &str, max: usize) {
    let length = charset::written_len(value);
    out.require(length > 0, field, "must be given");
    within(out, field, value, length, max);
}

/// A text that may be left out.
pub(super) fn optional_text(out: &mut Violations, field: &dyn Display, value: &str, max: usize) {
    if !value.is_empty() {
        within(out, field, value, charset::written_len(value), max);
    }
}

fn within(out: &mut Violations, field: &dyn Display, value: &str, length: usize, max: usize) {
    out.require(length <= max, field, "must be shorter");
    out.require(!value.bytes().any(|byte| byte.is_ascii_control()), field, "must have no control characters");
    out.require(charset::is_writable(value), field, "must be in Latin letters");
}

/// A value that identifies something: it must stand in the file as it is.
pub(super) fn id(out: &mut Violations, field: &dyn Display, value: &str, length: RangeInclusive<usize>) {
    if value.is_empty() {
        out.add(field, "must be given");
    } else {
        out.require(length.contains(&value.len()), field, "must be of another length");
        out.require(charset::is_plain_text(value), field, "must have plain characters and no delimiters");
    }
}

/// An [`id`] that may be left out.
pub(super) fn optional_id(out: &mut Violations, field: &dyn Display, value: &str, length: RangeInclusive<usize>) {
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
    out.require((Cents::ZERO..=DOLLARS_MAX).contains(&amount), field, "must be between 0.00 and 9999999999.99");
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

pub(super) fn is_procedure(value: &str) -> bool {
    value.len() == 5 && is_code(value)
}

pub(super) fn is_modifier(value: &str) -> bool {
    value.len() == 2 && is_code(value)
}

pub(in crate::claim) fn is_diagnosis(value: &str) -> bool {
    (3..=7).contains(&value.len()) && is_code(value) && value.starts_with(|first: char| first.is_ascii_uppercase())
}
