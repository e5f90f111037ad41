//! The tables that only an operator has, and those that replace shipped ones.

use chrono::NaiveDate;
use kernel::npi::{self, Npi};

use super::icd10::packed;
use super::release::{Table, date};
use super::{Icd10, ReasonClass};

const FIELDS: &str = "has another number of fields";

impl Table for Icd10 {
    /// `kind`: 0 category, 1 billable, 2 billable but never first.
    const HEADER: &'static [&'static str] = &["code", "kind"];
    type Row = (u64, u8);

    fn row(fields: &[&str]) -> Result<Self::Row, &'static str> {
        let [code, kind] = fields else { return Err(FIELDS) };
        let code = packed(code).ok_or("code must be an ICD-10-CM code, three to seven capital letters and digits")?;
        let kind = Self::kind_of(kind).ok_or("kind must be 0 (category), 1 (billable) or 2 (billable, never first)")?;
        Ok((code, kind))
    }

    fn clash((a, _): &Self::Row, (b, _): &Self::Row) -> bool {
        a == b
    }

    fn build(rows: Vec<Self::Row>) -> Self {
        Self::of_release(&rows)
    }
}

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

/// Every provider taxonomy that there is.
#[derive(Debug)]
pub(super) struct Taxonomies(Vec<String>);

impl Taxonomies {
    pub(super) fn has(&self, code: &str) -> bool {
        self.0.binary_search_by(|known| known.as_str().cmp(code)).is_ok()
    }
}

impl Table for Taxonomies {
    const HEADER: &'static [&'static str] = &["code"];
    type Row = String;

    fn row(fields: &[&str]) -> Result<Self::Row, &'static str> {
        let [code] = fields else { return Err(FIELDS) };
        let is_plain = code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        if code.len() != 10 || !code.ends_with('X') || !is_plain {
            return Err("code must be ten capital letters and digits ending in X");
        }
        Ok((*code).to_owned())
    }

    fn clash(a: &Self::Row, b: &Self::Row) -> bool {
        a == b
    }

    fn build(rows: Vec<Self::Row>) -> Self {
        Self(rows)
    }
}

/// Places of service, each with its days.
#[derive(Debug)]
pub(super) struct Places(Vec<(String, NaiveDate, NaiveDate)>);

impl Places {
    pub(super) fn has(&self, code: &str, on: NaiveDate) -> bool {
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

/// What each adjustment reason asks of the practice.
#[derive(Debug)]
pub(super) struct AdjustmentReasons(Vec<(String, ReasonClass)>);

impl AdjustmentReasons {
    pub(super) fn get(&self, code: &str) -> Option<ReasonClass> {
        let at = self.0.binary_search_by(|(known, _)| known.as_str().cmp(code)).ok()?;
        self.0.get(at).map(|(_, class)| *class)
    }
}

impl Table for AdjustmentReasons {
    const HEADER: &'static [&'static str] = &["code", "class"];
    type Row = (String, ReasonClass);

    fn row(fields: &[&str]) -> Result<Self::Row, &'static str> {
        let [code, class] = fields else { return Err(FIELDS) };
        let is_plain = code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        if !(1..=5).contains(&code.len()) || !is_plain {
            return Err("code must be one to five capital letters and digits");
        }
        let class = class.parse().map_err(|_unknown| {
            "class must be patient, fix, review, cob, writeoff, eligibility, appeal, rebill, credentialing or info"
        })?;
        Ok(((*code).to_owned(), class))
    }

    fn clash((a, _): &Self::Row, (b, _): &Self::Row) -> bool {
        a == b
    }

    fn build(rows: Vec<Self::Row>) -> Self {
        Self(rows)
    }
}

/// NPIs that were taken out of use, some until they came back.
#[derive(Debug)]
pub(super) struct NpiDeactivations(Vec<(u64, NaiveDate, NaiveDate)>);

impl NpiDeactivations {
    pub(super) fn has(&self, npi: &str, on: NaiveDate) -> bool {
        let Ok(npi) = npi.parse::<u64>() else { return false };
        let first = self.0.partition_point(|(known, ..)| *known < npi);
        let mut spans = self.0.iter().skip(first).take_while(|(known, ..)| *known == npi);
        spans.any(|(_, from, back)| *from <= on && on < *back)
    }
}

impl Table for NpiDeactivations {
    const HEADER: &'static [&'static str] = &["npi", "deactivated_on", "reactivated_on"];
    type Row = (u64, NaiveDate, NaiveDate);

    fn row(fields: &[&str]) -> Result<Self::Row, &'static str> {
        let [npi, from, back] = fields else { return Err(FIELDS) };
        let npi = npi_number(npi)?;
        let from = date(from).ok_or("deactivated_on must be a date in the form 2026-01-31")?;
        let back = match *back {
            "" => NaiveDate::MAX,
            back => date(back).ok_or("reactivated_on must be empty or a date in the form 2026-01-31")?,
        };
        if back < from { Err("reactivated_on must not be before deactivated_on") } else { Ok((npi, from, back)) }
    }

    fn clash((a, _, back): &Self::Row, (b, from, _): &Self::Row) -> bool {
        a == b && from < back
    }

    fn build(rows: Vec<Self::Row>) -> Self {
        Self(rows)
    }
}

/// Whether an NPI is a person's (1) or an organization's (2).
#[derive(Debug)]
pub(super) struct NpiTypes(Vec<(u64, u8)>);

impl NpiTypes {
    pub(super) fn get(&self, npi: &str) -> Option<u8> {
        let npi = npi.parse::<u64>().ok()?;
        let at = self.0.binary_search_by_key(&npi, |(known, _)| *known).ok()?;
        self.0.get(at).map(|(_, entity)| *entity)
    }
}

impl Table for NpiTypes {
    const HEADER: &'static [&'static str] = &["npi", "entity_type"];
    type Row = (u64, u8);

    fn row(fields: &[&str]) -> Result<Self::Row, &'static str> {
        let [npi, entity] = fields else { return Err(FIELDS) };
        let entity = match *entity {
            "1" => 1,
            "2" => 2,
            _ => return Err("entity_type must be 1 (a person) or 2 (an organization)"),
        };
        Ok((npi_number(npi)?, entity))
    }

    fn clash((a, _): &Self::Row, (b, _): &Self::Row) -> bool {
        a == b
    }

    fn build(rows: Vec<Self::Row>) -> Self {
        Self(rows)
    }
}

/// Most units of a procedure on a day.
#[derive(Debug)]
pub(super) struct UnitCaps(Vec<(String, i32)>);

impl UnitCaps {
    pub(super) fn get(&self, code: &str) -> Option<i32> {
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

/// Pairs of diagnoses, or of whole categories, that exclude each other.
#[derive(Debug)]
pub(super) struct Excludes1(Vec<(u64, u64)>);

impl Excludes1 {
    pub(super) fn has(&self, a: &str, b: &str) -> bool {
        let (Some(a), Some(b)) = (packed(a), packed(b)) else { return false };
        categories(a).any(|a| categories(b).any(|b| self.0.binary_search(&(a, b)).is_ok()))
    }
}

/// The code itself and every category that it is in.
fn categories(code: u64) -> impl Iterator<Item = u64> {
    // the first three characters are the widest category
    let masks = (8..=40u32).step_by(8).map(|bits| u64::MAX << bits);
    let mut last = None;
    masks.map(move |mask| code & mask).filter(move |category| last.replace(*category) != Some(*category))
}

impl Table for Excludes1 {
    const HEADER: &'static [&'static str] = &["code", "excluded"];
    type Row = (u64, u64);

    fn row(fields: &[&str]) -> Result<Self::Row, &'static str> {
        let [code, excluded] = fields else { return Err(FIELDS) };
        let (Some(code), Some(excluded)) = (packed(code), packed(excluded)) else {
            return Err("code and excluded must be ICD-10-CM codes or categories");
        };
        if code == excluded { Err("a diagnosis does not exclude itself") } else { Ok((code, excluded)) }
    }

    fn clash(a: &Self::Row, b: &Self::Row) -> bool {
        a == b
    }

    fn build(rows: Vec<Self::Row>) -> Self {
        let mut both: Vec<_> = rows.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]).collect();
        both.sort_unstable();
        both.dedup();
        Self(both)
    }
}

fn npi_number(text: &str) -> Result<u64, &'static str> {
    let is_valid = npi::judge(text) == Npi::Valid;
    text.parse().ok().filter(|_| is_valid).ok_or("npi must be ten digits with a right check digit")
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
