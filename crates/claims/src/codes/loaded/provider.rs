//! Providers: their taxonomies, and what is known of their NPIs.

use chrono::NaiveDate;
use kernel::npi::{self, Npi};

use super::FIELDS;
use crate::codes::release::{Table, date};

/// Every provider taxonomy that there is.
#[derive(Debug)]
pub(in crate::codes) struct Taxonomies(Vec<String>);

impl Taxonomies {
    pub(in crate::codes) fn has(&self, code: &str) -> bool {
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

/// Whether an NPI is a person's (1) or an organization's (2).
#[derive(Debug)]
pub(in crate::codes) struct NpiTypes(Vec<(u64, u8)>);

impl NpiTypes {
    pub(in crate::codes) fn get(&self, npi: &str) -> Option<u8> {
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

/// NPIs that were taken out of use, some until they came back.
#[derive(Debug)]
pub(in crate::codes) struct NpiDeactivations(Vec<(u64, NaiveDate, NaiveDate)>);

impl NpiDeactivations {
    pub(in crate::codes) fn has(&self, npi: &str, on: NaiveDate) -> bool {
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

fn npi_number(text: &str) -> Result<u64, &'static str> {
    let is_valid = npi::judge(text) == Npi::Valid;
    text.parse().ok().filter(|_| is_valid).ok_or("npi must be ten digits with a right check digit")
}
