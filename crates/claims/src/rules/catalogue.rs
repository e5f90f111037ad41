//! The rules by number, with what keeps some of them silent.

use super::{Rule, Severity, all};
use crate::codes::Kind;

/// A rule as it stands with the tables that are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub number: u16,
    pub code: &'static str,
    pub severity: Severity,
    pub message: &'static str,
    pub standing: Standing,
}

/// Whether a rule is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Active,
    /// It finds something, but would find more, or be surer, with this table.
    Partial(Kind),
    /// It finds nothing until this table is loaded.
    Off(Kind),
    /// It finds nothing, because nothing is kept of what it asks for.
    Without(&'static str),
}

/// Every rule, by number. Those of the writing of a file (97 to 99) are with the writer.
/// `has` tells which tables are loaded.
pub fn catalogue(has: impl Fn(Kind) -> bool) -> impl Iterator<Item = Entry> {
    all().map(move |rule| {
        let Rule { number, code, severity, message, .. } = rule;
        Entry { number: *number, code, severity: *severity, message, standing: standing(code, &has) }
    })
}

fn standing(code: &str, has: impl Fn(Kind) -> bool) -> Standing {
    let lacking = match code {
        "NPI_ENTITY_TYPE" => Standing::Off(Kind::NpiTypes),
        "NPI_DEACTIVATED" => Standing::Off(Kind::NpiDeactivations),
        "DX_EXCLUDES1" => Standing::Off(Kind::Excludes1),
        // warns of a stranger to the shipped few
        "TAXONOMY_UNKNOWN" => Standing::Partial(Kind::Taxonomies),
        // knows the single sessions, and what a payer's profile says
        "UNITS_RANGE" => Standing::Partial(Kind::UnitCaps),
        // knows the shipped codes, which have no dates
        "CPT_UNKNOWN_OR_INACTIVE" => Standing::Partial(Kind::Procedures),
        "ELIGIBILITY_STALE" => return Standing::Without("records of eligibility checks"),
        _ => return Standing::Active,
    };
    match lacking {
        Standing::Off(kind) | Standing::Partial(kind) if has(kind) => Standing::Active,
        Standing::Active | Standing::Off(_) | Standing::Partial(_) | Standing::Without(_) => lacking,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::{Reference, Release};

    fn standing_of(code: &str, codes: &Reference) -> Standing {
        catalogue(|kind| codes.has(kind)).find(|entry| entry.code == code).unwrap().standing
    }

    #[test]
    fn a_rule_is_off_until_its_table_is_loaded() {
        let bare = Reference::shipped();
        assert_eq!(standing_of("NPI_ENTITY_TYPE", bare), Standing::Off(Kind::NpiTypes));
        assert_eq!(standing_of("NPI_DEACTIVATED", bare), Standing::Off(Kind::NpiDeactivations));
        assert_eq!(standing_of("DX_EXCLUDES1", bare), Standing::Off(Kind::Excludes1));
        assert_eq!(standing_of("UNITS_RANGE", bare), Standing::Partial(Kind::UnitCaps));
        assert_eq!(standing_of("NPI_FORMAT", bare), Standing::Active);
        let caps = Release { kind: Kind::UnitCaps, valid_from: None, content: "code,units\n96127,4" };
        let loaded = Reference::with(1, &[caps]).unwrap();
        assert_eq!(standing_of("UNITS_RANGE", &loaded), Standing::Active);
        assert_eq!(standing_of("DX_EXCLUDES1", &loaded), Standing::Off(Kind::Excludes1));
    }

    #[test]
    fn every_rule_is_listed() {
        assert_eq!(catalogue(|_| false).count(), all().count());
    }
}
