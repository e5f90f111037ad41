//! The invented world that the data maker draws from: names nobody has, payers that don't exist, and the
//! weights of a practice's week. All codes are real, all people are not.

/// A payer that does not exist, as the workload deals with it; the payer list has the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoPayer {
    pub id: &'static str,
    pub filing_indicator: &'static str,
    pub needs_group_number: bool,
    pub telehealth_pos: &'static str,
    pub telehealth_modifier: Option<&'static str>,
    /// Of a thousand insured patients.
    pub weight: u64,
    /// What it allows of a charge, of a thousand.
    pub allows: i64,
}

/// The payers of `data/payers.json`.
pub const PAYERS: [DemoPayer; 6] = [
    DemoPayer {
        id: "99901",
        filing_indicator: "CI",
        needs_group_number: true,
        telehealth_pos: "10",
        telehealth_modifier: Some("95"),
        weight: 390,
        allows: 820,
    },
    DemoPayer {
        id: "99902",
        filing_indicator: "BL",
        needs_group_number: false,
        telehealth_pos: "02",
        telehealth_modifier: Some("95"),
        weight: 230,
        allows: 780,
    },
    DemoPayer {
        id: "99903",
        filing_indicator: "MB",
        needs_group_number: false,
        telehealth_pos: "10",
        telehealth_modifier: Some("95"),
        weight: 140,
        allows: 700,
    },
    DemoPayer {
        id: "99904",
        filing_indicator: "MC",
        needs_group_number: false,
        telehealth_pos: "02",
        telehealth_modifier: Some("GT"),
        weight: 180,
        allows: 900,
    },
    DemoPayer {
        id: "99905",
        filing_indicator: "CH",
        needs_group_number: false,
        telehealth_pos: "10",
        telehealth_modifier: Some("93"),
        weight: 20,
        allows: 850,
    },
    DemoPayer {
        id: "99906",
        filing_indicator: "ZZ",
        needs_group_number: false,
        telehealth_pos: "10",
        telehealth_modifier: None,
        weight: 40,
        allows: 750,
    },
];

/// A payer of the list.
#[must_use]
pub fn payer(id: &str) -> Option<&'static DemoPayer> {
    PAYERS.iter().find(|payer| payer.id == id)
}

pub(super) const FIRST_NAMES: [&str; 32] = [
    "Avery", "Blair", "Casey", "Dana", "Ellis", "Finley", "Gray", "Harper", "Indigo", "Jules", "Kendall", "Lane",
    "Marlow", "Noel", "Oakley", "Parker", "Quill", "Reese", "Sage", "Tatum", "Umber", "Vale", "Winter", "Yael", "Zuri",
    "Arden", "Briar", "Cleo", "Devon", "Emery", "Florian", "Greer",
];

/// No family is called this.
pub(super) const LAST_NAMES: [&str; 28] = [
    "Testwood",
    "Samplefield",
    "Mockridge",
    "Fauxley",
    "Demoville",
    "Pretendale",
    "Exampleton",
    "Fictaborough",
    "Dummering",
    "Placeholm",
    "Synthworth",
    "Stubbington",
    "Trialmore",
    "Specimenson",
    "Madeupham",
    "Inventley",
    "Draftsmith",
    "Nonesuch",
    "Phantomhill",
    "Imaginero",
    "Standinger",
    "Makebelieve",
    "Simulacre",
    "Fabricant",
    "Notareal",
    "Prototyp",
    "Sandboxer",
    "Fixturelli",
];

pub(super) const PRACTICE_NAMES: [&str; 16] = [
    "Lanternmoor",
    "Willowmere",
    "Harborlight",
    "Stonebridge",
    "Maplehollow",
    "Quietwater",
    "Foxglove",
    "Northlamp",
    "Cedarbrook",
    "Larkfield",
    "Brightmarsh",
    "Oldorchard",
    "Seaglass",
    "Tallgrass",
    "Windrose",
    "Emberlea",
];

pub(super) const PRACTICE_KINDS: [&str; 4] =
    ["Demo Therapy Group", "Demo Counseling", "Demo Behavioral Health", "Demo Psychology Associates"];

pub(super) const STREETS: [&str; 8] = [
    "Placeholder Way",
    "Example Street",
    "Sample Avenue",
    "Invented Lane",
    "Fixture Road",
    "Testbed Court",
    "Demo Terrace",
    "Mockup Drive",
];

/// City, state, five digits of its ZIP code, area code.
pub(super) const PLACES: [(&str, &str, &str, &str); 6] = [
    ("Boston", "MA", "02118", "617"),
    ("Worcester", "MA", "01608", "508"),
    ("Providence", "RI", "02903", "401"),
    ("Hartford", "CT", "06103", "860"),
    ("Albany", "NY", "12207", "518"),
    ("Portland", "ME", "04101", "207"),
];

/// What a therapist is: taxonomy, letters of the license.
pub(super) const PROFESSIONS: [(u64, (&str, &str)); 4] = [
    (30, ("101YM0800X", "LMHC")),
    (30, ("1041C0700X", "LCSW")),
    (25, ("103TC0700X", "PSY")),
    (15, ("106H00000X", "LMFT")),
];

/// The one who prescribes.
pub(super) const PRESCRIBER: (&str, &str) = ("2084P0800X", "MD");

/// A service: its code, minutes from and to, and the fee in cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Service {
    pub cpt: &'static str,
    pub minutes: (i64, i64),
    pub fee: i64,
    /// The add-on that always goes with it.
    pub with: Option<(&'static str, i64)>,
}

const fn service(cpt: &'static str, from: i64, to: i64, fee: i64) -> Service {
    Service { cpt, minutes: (from, to), fee, with: None }
}

pub(super) const EVALUATION: &str = "90791";

/// What is done in a hundred sessions.
pub(super) const SERVICES: [(u64, Service); 6] = [
    (45, service("90837", 53, 60, 16_500)),
    (33, service("90834", 40, 50, 14_000)),
    (5, service("90832", 20, 35, 9_800)),
    (6, service(EVALUATION, 50, 75, 19_500)),
    (4, service("90847", 45, 60, 15_500)),
    (3, service("90853", 60, 90, 6_200)),
];

/// Visits of a prescriber: medical management with psychotherapy added.
pub(super) const VISITS: [(u64, Service); 2] = [
    (60, Service { with: Some(("90833", 7_500)), ..service("99213", 20, 35, 11_000) }),
    (40, Service { with: Some(("90836", 9_500)), ..service("99214", 40, 50, 14_500) }),
];

/// Interactive complexity, added to some sessions in the office.
pub(super) const COMPLEXITY: (&str, i64) = ("90785", 1_800);

/// Principal diagnoses.
pub(super) const DIAGNOSES: [(u64, &str); 14] = [
    (28, "F41.1"),
    (8, "F33.0"),
    (12, "F33.1"),
    (4, "F33.2"),
    (8, "F43.21"),
    (6, "F43.22"),
    (6, "F43.23"),
    (10, "F43.10"),
    (4, "F90.0"),
    (4, "F90.2"),
    (5, "F31.81"),
    (2, "F31.9"),
    (2, "F10.20"),
    (1, "F10.10"),
];

/// A diagnosis that comes second.
pub(super) const SECOND_DIAGNOSIS: &str = "Z63.0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payer_mix_is_whole_and_that_of_the_list() {
        assert_eq!(PAYERS.iter().map(|payer| payer.weight).sum::<u64>(), 1000);
        let list: Vec<serde_json::Value> = serde_json::from_str(include_str!("../../data/payers.json")).unwrap();
        assert_eq!(list.len(), PAYERS.len());
        for (row, payer) in list.iter().zip(&PAYERS) {
            assert_eq!(row["payer_id"], payer.id);
            assert_eq!(row["filing_indicator"], payer.filing_indicator);
            assert_eq!(row["needs_group_number"], payer.needs_group_number);
            assert_eq!(row["telehealth_pos"], payer.telehealth_pos);
            assert_eq!(row["telehealth_modifier"].as_str(), payer.telehealth_modifier);
        }
        assert_eq!(payer("99905").map(|payer| payer.filing_indicator), Some("CH"));
        assert_eq!(payer("12345"), None);
    }
}
