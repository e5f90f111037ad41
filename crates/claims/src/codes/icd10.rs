//! ICD-10-CM: which diagnosis codes exist on a day, and which of them may be billed.

use std::io::Read;

use chrono::NaiveDate;

use super::table::{BadTable, date, lines};

/// What a code is on the day asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Diagnosis {
    Billable {
        /// It belongs after the disease that causes it.
        never_first: bool,
    },
    /// Longer codes say more.
    Category,
    /// Unknown, not yet or no longer in use, or turned from a billable code into a category.
    NotInUse,
}

/// The release in force, and what is known of earlier ones.
#[derive(Debug)]
pub struct Icd10 {
    /// Sorted; the code in the seven high bytes, its kind or `DATED` in the low one.
    codes: Vec<u64>,
    /// Sorted by code and date: the codes whose low byte is `DATED`.
    spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    code: u64,
    from: NaiveDate,
    to: NaiveDate,
    kind: u8,
}

const CATEGORY: u8 = 0;
const BILLABLE: u8 = 1;
const NEVER_FIRST: u8 = 2;
const DATED: u8 = 3;

/// The day ICD-10-CM came into use in the United States.
const BEGAN: NaiveDate = NaiveDate::from_ymd_opt(2015, 10, 1).unwrap();

impl Icd10 {
    pub(super) fn shipped() -> Result<Self, BadTable> {
        let table = "icd10cm";
        let mut text = String::with_capacity(1 << 20);
        flate2::read::GzDecoder::new(&include_bytes!("../../data/icd10cm_2026-04-01.csv.gz")[..])
            .read_to_string(&mut text)
            .map_err(|_unreadable| BadTable { table, line: 0 })?;
        let release = lines(table, &text, |[code, kind]| Some((packed(code)?, parse_kind(kind)?)))?;
        let history = lines("icd10cm_history", include_str!("../../data/icd10cm_history.csv"), span)?;
        Ok(Self::new(&release, history))
    }

    /// A release that the operator loaded: it says what holds from its day on, and nothing of before.
    pub(super) fn of_release(release: &[(u64, u8)]) -> Self {
        Self::new(release, Vec::new())
    }

    pub(super) fn kind_of(text: &str) -> Option<u8> {
        parse_kind(text)
    }

    /// What is known of a code's past replaces what the release says of it.
    fn new(release: &[(u64, u8)], mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        let is_dated = |code: u64| spans.binary_search_by_key(&code, |span| span.code).is_ok();
        let mut codes: Vec<u64> = release
            .iter()
            .filter(|(code, _)| !is_dated(*code))
            .map(|(code, kind)| code | u64::from(*kind))
            .chain(spans.iter().map(|span| span.code | u64::from(DATED)))
            .collect();
        codes.sort_unstable();
        codes.dedup();
        codes.shrink_to_fit();
        Self { codes, spans }
    }

    /// What `code`, with or without its point, is on that day.
    #[must_use]
    pub fn look_up(&self, code: &str, on: NaiveDate) -> Diagnosis {
        packed(code).and_then(|code| self.kind(code, on)).unwrap_or(Diagnosis::NotInUse)
    }

    pub(super) fn is_never_first(&self, code: &str) -> bool {
        self.look_up(code, NaiveDate::MAX) == Diagnosis::Billable { never_first: true }
    }

    fn kind(&self, code: u64, on: NaiveDate) -> Option<Diagnosis> {
        let at = self.codes.partition_point(|entry| *entry < code);
        let entry = self.codes.get(at).filter(|entry| *entry >> 8 == code >> 8)?;
        let [.., kind] = entry.to_be_bytes();
        if kind != DATED {
            return (on >= BEGAN).then(|| diagnosis(kind));
        }
        let first = self.spans.partition_point(|span| span.code < code);
        let past = self.spans.get(first..)?.iter().take_while(|span| span.code == code);
        let mut was_billable = false;
        let mut today = None;
        for span in past {
            was_billable |= span.kind != CATEGORY;
            if span.from <= on && on <= span.to {
                today = Some(span.kind);
            }
        }
        match today? {
            // a category that used to be billable is out of date rather than too short
            CATEGORY if was_billable => None,
            kind => Some(diagnosis(kind)),
        }
    }
}

const fn diagnosis(kind: u8) -> Diagnosis {
    match kind {
        CATEGORY => Diagnosis::Category,
        kind => Diagnosis::Billable { never_first: kind == NEVER_FIRST },
    }
}

/// The code's three to seven characters, without a point, in the high bytes; `None` when they are others.
#[must_use]
pub fn packed(code: &str) -> Option<u64> {
    let mut bytes = [0; 8];
    let mut used = 0;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'.' if at == 3 => continue,
            b'A'..=b'Z' | b'0'..=b'9' if used < 7 => {}
            _ => return None,
        }
        *bytes.get_mut(used)? = byte;
        used += 1;
    }
    (used >= 3).then(|| u64::from_be_bytes(bytes))
}

fn parse_kind(text: &str) -> Option<u8> {
    match text {
        "0" => Some(CATEGORY),
        "1" => Some(BILLABLE),
        "2" => Some(NEVER_FIRST),
        _ => None,
    }
}

fn span([code, kind, from, to]: [&str; 4]) -> Option<Span> {
    Some(Span {
        code: packed(code)?,
        from: date(from)?.unwrap_or(BEGAN),
        to: date(to)?.unwrap_or(NaiveDate::MAX),
        kind: parse_kind(kind)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codes::Reference;
    use crate::rules::bench::day;

    fn on(code: &str, date: &str) -> Diagnosis {
        Reference::shipped().diagnosis(code, day(date))
    }

    const BILLABLE: Diagnosis = Diagnosis::Billable { never_first: false };

    #[test]
    fn the_release_tells_billable_codes_from_categories() {
        assert_eq!(Icd10::shipped().unwrap().codes.len(), 98_178);
        for code in ["F41.1", "F411", "F32.A", "F43.10", "Z63.0", "F10.20", "F99", "T07.XXXA"] {
            assert_eq!(on(code, "2026-05-01"), BILLABLE, "{code}");
        }
        for code in ["F32", "F33", "F41", "F42", "F43.1", "F90", "F10.1", "F50.01", "F43.8"] {
            assert_ne!(on(code, "2026-05-01"), BILLABLE, "{code}");
        }
        for code in ["F41.11", "F4", "", "f41.1", "F.411", "F41.1.", "F41 1", "F411111111", "Ｆ411"] {
            assert_eq!(on(code, "2026-05-01"), Diagnosis::NotInUse, "{code}");
        }
    }

    #[test]
    fn a_code_that_was_divided_is_billable_until_the_day_before() {
        for (code, last, first) in [
            ("F50.01", "2024-09-30", "2024-10-01"),
            ("F43.8", "2022-09-30", "2022-10-01"),
            ("G35", "2025-09-30", "2025-10-01"),
        ] {
            assert_eq!(on(code, last), BILLABLE, "{code}");
            assert_eq!(on(code, first), Diagnosis::NotInUse, "{code}");
        }
    }

    #[test]
    fn a_new_code_begins_on_its_day() {
        for (code, before, first) in [
            ("F50.010", "2024-09-30", "2024-10-01"),
            ("F43.81", "2022-09-30", "2022-10-01"),
            ("F43.89", "2022-09-30", "2022-10-01"),
            ("Z59.861", "2025-09-30", "2025-10-01"),
        ] {
            assert_eq!(on(code, before), Diagnosis::NotInUse, "{code}");
            assert_eq!(on(code, first), BILLABLE, "{code}");
        }
        assert_eq!(on("F41.1", "2015-09-30"), Diagnosis::NotInUse);
        assert_eq!(on("F41.1", "2015-10-01"), BILLABLE);
    }

    #[test]
    fn a_retired_code_ends_on_its_day() {
        assert_eq!(on("T78.1XXA", "2025-09-30"), BILLABLE);
        assert_eq!(on("T78.1XXA", "2025-10-01"), Diagnosis::NotInUse);
    }

    #[test]
    fn manifestations_are_known() {
        assert_eq!(on("F02.80", "2026-05-01"), Diagnosis::Billable { never_first: true });
        assert_eq!(on("F54", "2026-05-01"), Diagnosis::Billable { never_first: true });
    }

    proptest! {
        #[test]
        fn no_text_panics(code in ".{0,10}") {
            let _ = on(&code, "2026-05-01");
        }

        #[test]
        fn the_point_makes_no_difference(code in "[A-Z][0-9][0-9A-Z][0-9A-Z]{1,4}") {
            let (category, detail) = code.split_at(3);
            let pointed = format!("{category}.{detail}");
            prop_assert_eq!(packed(&code), packed(&pointed));
            prop_assert!(packed(&code).is_some());
        }
    }
}
