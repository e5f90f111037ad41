//! All tables as the rules see them: what the operator loaded for the day, else what was shipped.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::NaiveDate;

use super::dated::Dated;
use super::loaded::{AdjustmentReasons, Excludes1, NpiDeactivations, NpiTypes, Places, Schedule, Taxonomies, UnitCaps};
use super::release::read;
use super::shipped::{Shipped, find};
use super::{BadRelease, Diagnosis, Icd10, Kind, ModifierKind, Procedures, ReasonClass};
use crate::rules::RULE_SET_VERSION;

/// All tables, shipped and loaded, as they are used together.
#[derive(Debug)]
pub struct Reference {
    shipped: &'static Shipped,
    pub procedures: &'static Procedures,
    icd10: Dated<Icd10>,
    schedules: Dated<Schedule>,
    taxonomies: Dated<Taxonomies>,
    places: Dated<Places>,
    reasons: Dated<AdjustmentReasons>,
    npi_deactivations: Dated<NpiDeactivations>,
    npi_types: Dated<NpiTypes>,
    unit_caps: Dated<UnitCaps>,
    excludes1: Dated<Excludes1>,
    version: Cow<'static, str>,
}

/// A release as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    pub kind: Kind,
    /// First date of service that it is for; for all when there is none.
    pub valid_from: Option<NaiveDate>,
    pub content: &'a str,
}

impl Default for Reference {
    /// The shipped tables, to own.
    fn default() -> Self {
        Self::bare(Cow::Borrowed(RULE_SET_VERSION))
    }
}

impl Reference {
    /// The tables that came with the program, and no others.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static ALONE: LazyLock<Reference> = LazyLock::new(Reference::default);
        &ALONE
    }

    /// The shipped tables with the releases that were loaded, oldest first. `newest` is the number of the last one.
    ///
    /// # Errors
    /// When rows were stored by another build and this one can't read them.
    pub fn with(newest: i64, releases: &[Release<'_>]) -> Result<Self, BadRelease> {
        let mut all = Self::bare(Cow::Owned(format!("{RULE_SET_VERSION}+r{newest}")));
        for &Release { kind, valid_from, content } in releases {
            match kind {
                Kind::Icd10 => all.icd10.put(valid_from, read(kind, content)?),
                Kind::Procedures => all.schedules.put(valid_from, read(kind, content)?),
                Kind::Taxonomies => all.taxonomies.put(valid_from, read(kind, content)?),
                Kind::PlacesOfService => all.places.put(valid_from, read(kind, content)?),
                Kind::AdjustmentReasons => all.reasons.put(valid_from, read(kind, content)?),
                Kind::NpiDeactivations => all.npi_deactivations.put(valid_from, read(kind, content)?),
                Kind::NpiTypes => all.npi_types.put(valid_from, read(kind, content)?),
                Kind::UnitCaps => all.unit_caps.put(valid_from, read(kind, content)?),
                Kind::Excludes1 => all.excludes1.put(valid_from, read(kind, content)?),
            }
        }
        Ok(all)
    }

    fn bare(version: Cow<'static, str>) -> Self {
        #[expect(clippy::expect_used, reason = "the files are part of the program, and a test reads them")]
        static SHIPPED: LazyLock<Shipped> =
            LazyLock::new(|| Shipped::load().expect("the shipped tables are well formed"));
        let shipped: &'static Shipped = &SHIPPED;
        Self {
            shipped,
            procedures: &shipped.procedures,
            icd10: Dated::default(),
            schedules: Dated::default(),
            taxonomies: Dated::default(),
            places: Dated::default(),
            reasons: Dated::default(),
            npi_deactivations: Dated::default(),
            npi_types: Dated::default(),
            unit_caps: Dated::default(),
            excludes1: Dated::default(),
            version,
        }
    }

    /// The revision of the rules, and the number of the newest release that was loaded: it tells all others, since
    /// releases are never changed.
    #[must_use]
    pub fn version(&self) -> &Cow<'static, str> {
        &self.version
    }

    /// Whether a release of that table was loaded.
    #[must_use]
    pub const fn has(&self, kind: Kind) -> bool {
        let lacks = match kind {
            Kind::Icd10 => self.icd10.is_empty(),
            Kind::Procedures => self.schedules.is_empty(),
            Kind::Taxonomies => self.taxonomies.is_empty(),
            Kind::PlacesOfService => self.places.is_empty(),
            Kind::AdjustmentReasons => self.reasons.is_empty(),
            Kind::NpiDeactivations => self.npi_deactivations.is_empty(),
            Kind::NpiTypes => self.npi_types.is_empty(),
            Kind::UnitCaps => self.unit_caps.is_empty(),
            Kind::Excludes1 => self.excludes1.is_empty(),
        };
        !lacks
    }

    /// What a diagnosis code, with or without its point, is on that day.
    #[must_use]
    pub fn diagnosis(&self, code: &str, on: NaiveDate) -> Diagnosis {
        self.icd10.on(on).unwrap_or(&self.shipped.icd10).look_up(code, on)
    }

    /// Whether the shipped release knows the code as one that another disease causes.
    pub(super) fn is_never_first(&self, code: &str) -> bool {
        self.shipped.icd10.is_never_first(code)
    }

    /// The operator's fee schedule for that day.
    #[must_use]
    pub fn schedule(&self, on: NaiveDate) -> Option<&Schedule> {
        self.schedules.on(on)
    }

    /// Whether a place of service exists on that day.
    #[must_use]
    pub fn is_place(&self, code: &str, on: NaiveDate) -> bool {
        match self.places.on(on) {
            Some(places) => places.has(code, on),
            None => find(&self.shipped.places, code).is_some_and(|from| from <= on),
        }
    }

    /// Whether it is a state, territory or military code of the postal service.
    #[must_use]
    pub fn is_state(&self, code: &str) -> bool {
        self.shipped.states.binary_search(&code).is_ok()
    }

    #[must_use]
    pub fn is_taxonomy(&self, code: &str, on: NaiveDate) -> bool {
        match self.taxonomies.on(on) {
            Some(taxonomies) => taxonomies.has(code),
            None => self.shipped.taxonomies.binary_search(&code).is_ok(),
        }
    }

    /// Whether the whole list of taxonomies is there, so that a stranger to it is wrong and not just unusual.
    #[must_use]
    pub fn has_all_taxonomies(&self, on: NaiveDate) -> bool {
        self.taxonomies.on(on).is_some()
    }

    /// What a modifier says to the rules; `Other` for one that says nothing to them.
    #[must_use]
    pub fn modifier(&self, code: &str) -> ModifierKind {
        find(&self.shipped.modifiers, code).unwrap_or(ModifierKind::Other)
    }

    /// What an adjustment reason asks for, where that is known.
    #[must_use]
    pub fn reason(&self, code: &str) -> Option<ReasonClass> {
        match self.reasons.latest() {
            Some(reasons) => reasons.get(code),
            None => find(&self.shipped.reasons, code),
        }
    }

    /// Whether an NPI was out of use that day, as far as is known.
    #[must_use]
    pub fn is_deactivated(&self, npi: &str, on: NaiveDate) -> bool {
        self.npi_deactivations.on(on).is_some_and(|deactivations| deactivations.has(npi, on))
    }

    /// 1 for a person's NPI, 2 for an organization's, where that is known.
    #[must_use]
    pub fn npi_type(&self, npi: &str, on: NaiveDate) -> Option<u8> {
        self.npi_types.on(on)?.get(npi)
    }

    /// The most units of a procedure on a day, where that is known.
    #[must_use]
    pub fn unit_cap(&self, code: &str, on: NaiveDate) -> Option<i32> {
        self.unit_caps.on(on)?.get(code)
    }

    /// Whether two diagnoses exclude each other, as far as is known.
    #[must_use]
    pub fn excludes(&self, a: &str, b: &str, on: NaiveDate) -> bool {
        self.excludes1.on(on).is_some_and(|pairs| pairs.has(a, b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::bench::day;

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
