//! The code tables that the rules look things up in: shipped with the program, loaded once, by date of service.
//!
//! Provenance and licences: `data/README.md`. Tables hold numbers and our own words only.

use std::sync::LazyLock;

use chrono::NaiveDate;

pub use self::icd10::{Diagnosis, Icd10, packed};
pub use self::procedure::{Family, Procedure, Procedures};
pub use self::table::BadTable;
use self::table::{date, lines};

mod icd10;
mod procedure;
mod table;

kernel::text_enum! {
    /// What a modifier tells our rules.
    pub enum ModifierKind {
        Video = "video",
        Audio = "audio",
        /// Telehealth by other means.
        Telehealth = "telehealth",
        /// A service apart from another one of the same day.
        Distinct = "distinct",
        Repeat = "repeat",
        Other = "other",
    }
}

kernel::text_enum! {
    /// What an adjustment reason asks of the practice.
    pub enum ReasonClass {
        Patient = "patient",
        Fix = "fix",
        Review = "review",
        /// Coordination of benefits.
        Cob = "cob",
        /// Contractual: the practice agreed to it.
        WriteOff = "writeoff",
        Eligibility = "eligibility",
        Appeal = "appeal",
        Rebill = "rebill",
        Credentialing = "credentialing",
        Info = "info",
    }
}

/// All tables of one set.
#[derive(Debug)]
pub struct Reference {
    pub icd10: Icd10,
    pub procedures: Procedures,
    places: Vec<(&'static str, NaiveDate)>,
    states: Vec<&'static str>,
    taxonomies: Vec<&'static str>,
    modifiers: Vec<(&'static str, ModifierKind)>,
    reasons: Vec<(&'static str, ReasonClass)>,
    /// Whether `taxonomies` is the whole list, so that a stranger to it is wrong and not just unusual.
    pub has_all_taxonomies: bool,
}

impl Reference {
    /// The tables that came with the program.
    #[must_use]
    pub fn shipped() -> &'static Self {
        #[expect(clippy::expect_used, reason = "the files are part of the program, and a test reads them")]
        static SHIPPED: LazyLock<Reference> =
            LazyLock::new(|| Reference::load().expect("the shipped tables are well formed"));
        &SHIPPED
    }

    fn load() -> Result<Self, BadTable> {
        let mut tables = Self {
            icd10: Icd10::shipped()?,
            procedures: Procedures::shipped()?,
            places: lines("places_of_service", include_str!("../data/places_of_service.csv"), |[code, from]| {
                Some((code, date(from)?.unwrap_or(NaiveDate::MIN)))
            })?,
            states: lines("states", include_str!("../data/states.csv"), |[code]| Some(code))?,
            taxonomies: lines("taxonomies", include_str!("../data/taxonomies.csv"), |[code]| Some(code))?,
            modifiers: lines("modifiers", include_str!("../data/modifiers.csv"), |[code, kind]| {
                Some((code, kind.parse().ok()?))
            })?,
            reasons: lines("adjustment_reasons", include_str!("../data/adjustment_reasons.csv"), |[code, class]| {
                Some((code, class.parse().ok()?))
            })?,
            has_all_taxonomies: false,
        };
        tables.places.sort_unstable();
        tables.states.sort_unstable();
        tables.taxonomies.sort_unstable();
        tables.modifiers.sort_unstable();
        tables.reasons.sort_unstable();
        Ok(tables)
    }

    /// Whether a place of service exists on that day.
    #[must_use]
    pub fn is_place(&self, code: &str, on: NaiveDate) -> bool {
        find(&self.places, code).is_some_and(|from| from <= on)
    }

    /// Whether it is a state, territory or military code of the postal service.
    #[must_use]
    pub fn is_state(&self, code: &str) -> bool {
        self.states.binary_search(&code).is_ok()
    }

    #[must_use]
    pub fn is_taxonomy(&self, code: &str) -> bool {
        self.taxonomies.binary_search(&code).is_ok()
    }

    /// What a modifier says to the rules; `Other` for one that says nothing to them.
    #[must_use]
    pub fn modifier(&self, code: &str) -> ModifierKind {
        find(&self.modifiers, code).unwrap_or(ModifierKind::Other)
    }

    /// What an adjustment reason asks for, where that is known.
    #[must_use]
    pub fn reason(&self, code: &str) -> Option<ReasonClass> {
        find(&self.reasons, code)
    }
}

fn find<T: Copy>(table: &[(&'static str, T)], code: &str) -> Option<T> {
    let at = table.binary_search_by(|(known, _)| (*known).cmp(code)).ok()?;
    table.get(at).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::bench::day;

    #[test]
    fn the_shipped_tables_are_well_formed() {
        let tables = Reference::load().unwrap();
        assert_eq!(tables.states.len(), 62);
        assert_eq!(tables.places.len(), 52);
        assert_eq!(tables.taxonomies.len(), 26);
    }

    #[test]
    fn a_late_place_of_service_begins_on_its_day() {
        let tables = Reference::shipped();
        assert!(!tables.is_place("10", day("2021-12-31")));
        assert!(tables.is_place("10", day("2022-01-01")));
        assert!(tables.is_place("11", day("2001-01-01")));
        for unknown in ["", "1", "00", "59", "011", "1O"] {
            assert!(!tables.is_place(unknown, day("2026-01-01")), "{unknown}");
        }
    }

    #[test]
    fn states_are_those_of_the_postal_service() {
        let tables = Reference::shipped();
        for state in ["MA", "DC", "PR", "AE", "GU"] {
            assert!(tables.is_state(state), "{state}");
        }
        for other in ["ON", "ma", "", "XX", "MAS"] {
            assert!(!tables.is_state(other), "{other}");
        }
    }

    #[test]
    fn modifiers_and_reasons_have_their_meaning() {
        let tables = Reference::shipped();
        assert_eq!(tables.modifier("93"), ModifierKind::Audio);
        assert_eq!(tables.modifier("ZZ"), ModifierKind::Other);
        assert_eq!(tables.reason("45"), Some(ReasonClass::WriteOff));
        assert_eq!(tables.reason("B7"), Some(ReasonClass::Credentialing));
        assert_eq!(tables.reason("9999"), None);
    }
}
