//! Procedures of behavioural health: our time rules, and which belong to which family.

use super::table::{BadTable, lines};

kernel::text_enum! {
    /// Procedures that the rules treat alike.
    pub enum Family {
        Evaluation = "evaluation",
        Psychotherapy = "psychotherapy",
        PsychotherapyAddOn = "psychotherapy_add_on",
        Crisis = "crisis",
        CrisisAddOn = "crisis_add_on",
        Family = "family",
        Group = "group",
        InteractiveComplexity = "interactive_complexity",
        PharmacologicAddOn = "pharmacologic_add_on",
        EvaluationManagement = "evaluation_management",
        PsychologicalTesting = "psychological_testing",
        PsychologicalTestingAddOn = "psychological_testing_add_on",
        Other = "other",
    }
}

/// One procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Procedure {
    pub code: &'static str,
    pub family: Family,
    /// Face-to-face minutes that the first unit asks for.
    pub min_minutes: Option<i32>,
    pub max_minutes: Option<i32>,
    /// Minutes that each further unit adds.
    pub unit_minutes: Option<i32>,
    /// Never more than one unit a session.
    pub is_single_unit: bool,
    pub is_add_on: bool,
    pub is_prescriber_only: bool,
    /// Expected in a therapy practice.
    pub is_usual: bool,
}

impl Procedure {
    /// Whether the code stands for time spent.
    #[must_use]
    pub const fn is_timed(&self) -> bool {
        self.min_minutes.is_some()
    }
}

/// The procedures, by code.
#[derive(Debug)]
pub struct Procedures(Vec<Procedure>);

impl Procedures {
    pub(super) fn shipped() -> Result<Self, BadTable> {
        let mut procedures = lines("procedures", include_str!("../../data/procedures.csv"), parse)?;
        procedures.sort_unstable_by_key(|procedure| procedure.code);
        Ok(Self(procedures))
    }

    /// The procedure of that code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Procedure> {
        let at = self.0.binary_search_by(|procedure| procedure.code.cmp(code)).ok()?;
        self.0.get(at)
    }
}

fn parse([code, family, min, max, unit, single, add_on, prescriber, usual]: [&'static str; 9]) -> Option<Procedure> {
    Some(Procedure {
        code,
        family: family.parse().ok()?,
        min_minutes: minutes(min)?,
        max_minutes: minutes(max)?,
        unit_minutes: minutes(unit)?,
        is_single_unit: flag(single)?,
        is_add_on: flag(add_on)?,
        is_prescriber_only: flag(prescriber)?,
        is_usual: flag(usual)?,
    })
}

#[expect(clippy::option_option, reason = "absent and malformed differ")]
fn minutes(text: &str) -> Option<Option<i32>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minutes_are_those_of_the_time_rules() {
        let procedures = Procedures::shipped().unwrap();
        for (code, min, max) in [
            ("90832", Some(16), Some(37)),
            ("90834", Some(38), Some(52)),
            ("90837", Some(53), Some(90)),
            ("90833", Some(16), Some(37)),
            ("90836", Some(38), Some(52)),
            ("90838", Some(53), None),
            ("90839", Some(30), Some(74)),
            ("90840", Some(75), None),
            ("90846", Some(26), None),
            ("90847", Some(26), None),
            ("90791", None, None),
            ("90853", None, None),
        ] {
            let procedure = procedures.get(code).unwrap();
            assert_eq!((procedure.min_minutes, procedure.max_minutes), (min, max), "{code}");
        }
    }

    #[test]
    fn the_evaluations_that_sessions_are_searched_for_are_those_of_the_table() {
        let procedures = Procedures::shipped().unwrap();
        let evaluations = procedures.0.iter().filter(|procedure| procedure.family == Family::Evaluation);
        assert_eq!(evaluations.map(|procedure| procedure.code).collect::<Vec<_>>(), clinical::billing::EVALUATIONS);
    }

    #[test]
    fn an_unknown_code_is_not_found() {
        let procedures = Procedures::shipped().unwrap();
        for code in ["", "9083", "90831", "908377", "A0000"] {
            assert!(procedures.get(code).is_none(), "{code}");
        }
    }
}
