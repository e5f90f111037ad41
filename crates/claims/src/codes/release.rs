//! Releases of code tables that the operator loads: checked line by line, kept as their checked rows.

use chrono::NaiveDate;

use super::loaded::{AdjustmentReasons, Excludes1, NpiDeactivations, NpiTypes, Places, Schedule, Taxonomies, UnitCaps};
use super::{Icd10, Reference};

kernel::text_enum! {
    /// The tables that can be loaded.
    pub enum Kind {
        /// Diagnoses of a fiscal year.
        Icd10 = "icd10",
        /// The operator's fee schedule.
        Procedures = "procedures",
        /// The whole list of provider taxonomies.
        Taxonomies = "taxonomies",
        PlacesOfService = "places_of_service",
        /// What each adjustment reason asks of the practice.
        AdjustmentReasons = "adjustment_reasons",
        NpiDeactivations = "npi_deactivations",
        /// Whether an NPI is a person's or an organization's.
        NpiTypes = "npi_types",
        /// Most units of a procedure on a day.
        UnitCaps = "unit_caps",
        /// Pairs of diagnoses that exclude each other.
        Excludes1 = "excludes1",
    }
}

/// A line that can't be taken, and why. The reason holds nothing of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1.
    pub line: u64,
    pub reason: String,
}

/// A file without a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What is stored: a header line and the rows, without spaces and quotes.
    pub content: String,
    pub rows: usize,
}

/// Stored rows that this build can't read: they were checked by another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored release of {kind} can't be read at line {line}")]
pub struct BadRelease {
    pub kind: Kind,
    pub line: u64,
}

/// A table that is read from rows of text.
pub(super) trait Table: Sized {
    const HEADER: &'static [&'static str];
    /// Sorted, rows that clash stand beside each other.
    type Row: Ord;

    /// # Errors
    /// Says what is wrong with the fields.
    fn row(fields: &[&str]) -> Result<Self::Row, &'static str>;

    /// Whether the rows, the first not after the second, can't both hold.
    fn clash(a: &Self::Row, b: &Self::Row) -> bool;

    /// Of sorted rows.
    fn build(rows: Vec<Self::Row>) -> Self;
}

impl Kind {
    /// The columns of its files.
    #[must_use]
    pub const fn header(self) -> &'static [&'static str] {
        match self {
            Self::Icd10 => Icd10::HEADER,
            Self::Procedures => Schedule::HEADER,
            Self::Taxonomies => Taxonomies::HEADER,
            Self::PlacesOfService => Places::HEADER,
            Self::AdjustmentReasons => AdjustmentReasons::HEADER,
            Self::NpiDeactivations => NpiDeactivations::HEADER,
            Self::NpiTypes => NpiTypes::HEADER,
            Self::UnitCaps => UnitCaps::HEADER,
            Self::Excludes1 => Excludes1::HEADER,
        }
    }

    /// Reads a file: comma-separated with a header line; for diagnoses also the order file of CMS.
    ///
    /// # Errors
    /// Every line that can't be taken.
    pub fn check(self, text: &str) -> Result<Checked, Vec<Mistake>> {
        let text = text.trim_start_matches('\u{feff}');
        match self {
            Self::Icd10 if is_order_file(text) => check::<Icd10>(&from_order_file(text)?),
            Self::Icd10 => check::<Icd10>(text),
            Self::Procedures => check::<Schedule>(text),
            Self::Taxonomies => check::<Taxonomies>(text),
            Self::PlacesOfService => check::<Places>(text),
            Self::AdjustmentReasons => check::<AdjustmentReasons>(text),
            Self::NpiDeactivations => check::<NpiDeactivations>(text),
            Self::NpiTypes => check::<NpiTypes>(text),
            Self::UnitCaps => check::<UnitCaps>(text),
            Self::Excludes1 => check::<Excludes1>(text),
        }
    }
}

/// Checked rows as a table.
pub(super) fn read<T: Table>(kind: Kind, content: &str) -> Result<T, BadRelease> {
    let mut rows = Vec::with_capacity(content.len() / 12);
    let mut fields = Vec::with_capacity(T::HEADER.len());
    for (line, text) in (1..).zip(content.lines()).skip(1) {
        fields.clear();
        fields.extend(text.split(','));
        rows.push(T::row(&fields).map_err(|_reason| BadRelease { kind, line })?);
    }
    rows.sort_unstable();
    Ok(T::build(rows))
}

fn check<T: Table>(text: &str) -> Result<Checked, Vec<Mistake>> {
    let mistake = |line, reason: &str| Mistake { line, reason: reason.to_owned() };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut content = T::HEADER.join(",");
    let mut rows: Vec<(T::Row, u64)> = Vec::new();
    let mut mistakes = Vec::new();
    let mut has_header = false;
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            // the text is UTF-8, so quotes are all that can be wrong
            Err(error) => {
                mistakes.push(mistake(error.position().map_or(0, csv::Position::line), "is no comma-separated line"));
                break;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        let fields: Vec<&str> = record.iter().collect();
        if !has_header {
            has_header = true;
            if fields != T::HEADER {
                return Err(vec![mistake(line, &format!("must be the header line {}", T::HEADER.join(",")))]);
            }
            continue;
        }
        match T::row(&fields) {
            _ if fields.len() != T::HEADER.len() => {
                mistakes.push(mistake(line, &format!("must have {} fields", T::HEADER.len())));
            }
            // what is stored has no quotes
            _ if fields.iter().any(|field| field.contains([',', '"', '\n', '\r'])) => {
                mistakes.push(mistake(line, "has a comma, quote or line break in a field"));
            }
            Ok(row) => {
                rows.push((row, line));
                content.push('\n');
                content.push_str(&fields.join(","));
            }
            Err(reason) => mistakes.push(mistake(line, reason)),
        }
    }
    rows.sort_unstable();
    for pair in rows.windows(2) {
        if let [(a, first), (b, second)] = pair
            && T::clash(a, b)
        {
            let (earlier, later) = (first.min(second), first.max(second));
            mistakes.push(mistake(*later, &format!("says again what line {earlier} says")));
        }
    }
    if rows.is_empty() && mistakes.is_empty() {
        mistakes.push(mistake(1, "there are no rows"));
    }
    mistakes.sort_by_key(|mistake| mistake.line);
    if mistakes.is_empty() { Ok(Checked { content, rows: rows.len() }) } else { Err(mistakes) }
}

/// A line of the order file: a number of five digits, the code, and whether it may be billed.
fn is_order_file(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default().as_bytes();
    matches!(first, [a, b, c, d, e, b' ', rest @ ..]
        if [a, b, c, d, e].iter().all(|digit| digit.is_ascii_digit()) && rest.len() > 8)
}

/// The columns that we take; the order file does not tell which codes never come first, so what is known of them is
/// carried over.
fn from_order_file(text: &str) -> Result<String, Vec<Mistake>> {
    let mut content = Icd10::HEADER.join(",");
    let mut mistakes = Vec::new();
    for (line, row) in (1..).zip(text.lines()) {
        let code = row.get(6..13).map(str::trim).filter(|code| (3..=7).contains(&code.len()));
        let flag = row.get(14..15).filter(|flag| matches!(*flag, "0" | "1"));
        let (Some(code), Some(flag)) = (code, flag) else {
            if !row.trim().is_empty() {
                mistakes.push(Mistake { line, reason: "is no line of an order file".to_owned() });
            }
            continue;
        };
        let kind = if flag == "1" && Reference::shipped().is_never_first(code) { "2" } else { flag };
        content.push('\n');
        content.push_str(code);
        content.push(',');
        content.push_str(kind);
    }
    if mistakes.is_empty() { Ok(content) } else { Err(mistakes) }
}

/// A date that must be there.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    (text.len() == 10).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
