//! Diagnoses: a whole release of ICD-10-CM, and which exclude each other.

use super::FIELDS;
use crate::codes::icd10::{Icd10, packed};
use crate::codes::release::Table;

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

/// Pairs of diagnoses, or of whole categories, that exclude each other.
#[derive(Debug)]
pub(in crate::codes) struct Excludes1(Vec<(u64, u64)>);

impl Excludes1 {
    pub(in crate::codes) fn has(&self, a: &str, b: &str) -> bool {
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
