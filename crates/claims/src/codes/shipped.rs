//! What came with the program, read once from `data/`.

use chrono::NaiveDate;

use super::table::{date, lines};
use super::{BadTable, Icd10, ModifierKind, Procedures, ReasonClass};

/// The tables that came with the program.
#[derive(Debug)]
pub(super) struct Shipped {
    pub(super) icd10: Icd10,
    pub(super) procedures: Procedures,
    pub(super) places: Vec<(&'static str, NaiveDate)>,
    pub(super) states: Vec<&'static str>,
    pub(super) taxonomies: Vec<&'static str>,
    pub(super) modifiers: Vec<(&'static str, ModifierKind)>,
    pub(super) reasons: Vec<(&'static str, ReasonClass)>,
}

impl Shipped {
    pub(super) fn load() -> Result<Self, BadTable> {
        let mut tables = Self {
            icd10: Icd10::shipped()?,
            procedures: Procedures::shipped()?,
            places: lines("places_of_service", include_str!("../../data/places_of_service.csv"), |[code, from]| {
                Some((code, date(from)?.unwrap_or(NaiveDate::MIN)))
            })?,
            states: lines("states", include_str!("../../data/states.csv"), |[code]| Some(code))?,
            taxonomies: lines("taxonomies", include_str!("../../data/taxonomies.csv"), |[code]| Some(code))?,
            modifiers: lines("modifiers", include_str!("../../data/modifiers.csv"), |[code, kind]| {
                Some((code, kind.parse().ok()?))
            })?,
            reasons: lines(
                "adjustment_reasons",
                include_str!("../../data/adjustment_reasons.csv"),
                |[code, class]| Some((code, class.parse().ok()?)),
            )?,
        };
        tables.places.sort_unstable();
        tables.states.sort_unstable();
        tables.taxonomies.sort_unstable();
        tables.modifiers.sort_unstable();
        tables.reasons.sort_unstable();
        Ok(tables)
    }
}

pub(super) fn find<T: Copy>(table: &[(&'static str, T)], code: &str) -> Option<T> {
    let at = table.binary_search_by(|(known, _)| (*known).cmp(code)).ok()?;
    table.get(at).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_tables_are_well_formed() {
        let tables = Shipped::load().unwrap();
        assert_eq!(tables.states.len(), 62);
        assert_eq!(tables.places.len(), 52);
        assert_eq!(tables.taxonomies.len(), 26);
    }
}
