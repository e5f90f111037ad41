//! Rules 47 to 49: which procedures need, exclude or question each other on one day.

use super::{Case, Report, Rule, Severity};
use crate::codes::{Family, ModifierKind};
use crate::snapshot::Line;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: 47,
        code: "ADDON_WITHOUT_BASE",
        severity: Severity::Error,
        message: "Add-on code needs its base code",
        basis: "APA; BCIL",
        check: add_ons,
    },
    Rule {
        number: 48,
        code: "CODE_PAIR_CONFLICT",
        severity: Severity::Error,
        message: "Codes cannot be billed together",
        basis: "BCIL; correct coding edits",
        check: |case, report| pairs(case, report, |a, b| excludes(a, b) || excludes(b, a)),
    },
    Rule {
        number: 49,
        code: "PSYTX_FAMILY_SAME_DAY",
        severity: Severity::Warning,
        message: "Individual and family therapy same day need a distinct-service modifier",
        basis: "BCIL",
        check: |case, report| {
            let is_distinct = |line: &Line| {
                line.modifiers.iter().any(|modifier| case.codes.modifier(modifier) == ModifierKind::Distinct)
            };
            if !case.snapshot.lines.iter().any(is_distinct) {
                pairs(case, report, |a, b| {
                    matches!((a, b), (Family::Psychotherapy, Family::Family) | (Family::Family, Family::Psychotherapy))
                });
            }
        },
    },
];

fn family(case: &Case<'_>, code: &str) -> Family {
    case.codes.procedures.get(code).map_or(Family::Other, |procedure| procedure.family)
}

/// Whether `base` is what the add-on may be added to.
const fn carries(base: Family, add_on: Family) -> bool {
    match add_on {
        Family::PsychotherapyAddOn => matches!(base, Family::EvaluationManagement),
        Family::CrisisAddOn => matches!(base, Family::Crisis),
        Family::PharmacologicAddOn => matches!(base, Family::Psychotherapy),
        Family::PsychologicalTestingAddOn => matches!(base, Family::PsychologicalTesting),
        Family::InteractiveComplexity => {
            matches!(base, Family::Evaluation | Family::Psychotherapy | Family::PsychotherapyAddOn | Family::Group)
        }
        Family::Evaluation
        | Family::Psychotherapy
        | Family::Crisis
        | Family::Family
        | Family::Group
        | Family::EvaluationManagement
        | Family::PsychologicalTesting
        | Family::Other => true,
    }
}

/// Whether the first keeps the second from being billed on the same day; read both ways.
const fn excludes(a: Family, b: Family) -> bool {
    match a {
        Family::Psychotherapy => matches!(b, Family::Psychotherapy | Family::EvaluationManagement),
        Family::InteractiveComplexity => matches!(b, Family::Crisis | Family::CrisisAddOn | Family::Family),
        Family::Evaluation => matches!(b, Family::Evaluation | Family::Crisis | Family::CrisisAddOn),
        Family::Crisis => matches!(b, Family::Crisis | Family::Psychotherapy | Family::PsychotherapyAddOn),
        Family::CrisisAddOn => matches!(b, Family::Psychotherapy | Family::PsychotherapyAddOn),
        Family::PsychotherapyAddOn
        | Family::Family
        | Family::Group
        | Family::PharmacologicAddOn
        | Family::EvaluationManagement
        | Family::PsychologicalTesting
        | Family::PsychologicalTestingAddOn
        | Family::Other => false,
    }
}

fn add_ons(case: &Case<'_>, report: &mut Report<'_>) {
    let lines = &case.snapshot.lines;
    for (at, line) in lines.iter().enumerate() {
        let add_on = family(case, &line.cpt_code);
        let is_base =
            |other: &Line| other.service_date == line.service_date && carries(family(case, &other.cpt_code), add_on);
        // what needs no base carries itself
        if !lines.iter().any(is_base) {
            report.at(format!("lines[{at}].cpt_code"));
        }
    }
}

/// Fires on each line that goes ill with an earlier one of the day, or with another claim of the day.
fn pairs(case: &Case<'_>, report: &mut Report<'_>, is_bad: impl Fn(Family, Family) -> bool) {
    let lines = &case.snapshot.lines;
    for (at, line) in lines.iter().enumerate() {
        let own = family(case, &line.cpt_code);
        let mut earlier = lines.iter().take(at).filter(|other| other.service_date == line.service_date);
        let mut elsewhere = case.facts.same_day_codes.iter();
        if earlier.any(|other| is_bad(family(case, &other.cpt_code), own))
            || elsewhere.any(|code| is_bad(family(case, code), own))
        {
            report.at(format!("lines[{at}].cpt_code"));
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
