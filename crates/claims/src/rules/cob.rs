//! Rules 90 to 94: what a second or third payer must be told of the earlier ones.

use bigdecimal::BigDecimal;

use super::{Case, Report, Rule, Severity};
use crate::amount::cents;
use crate::snapshot::{AdjustmentGroup, Line, PriorLine, PriorPayer};

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: 90,
        code: "COB_PRIMARY_MISSING",
        severity: Severity::Error,
        message: "Earlier payer result is required",
        basis: "Stedi",
        check: |case, report| {
            let earlier: &[&str] = match case.snapshot.claim.payer_sequence.as_str() {
                "S" => &["P"],
                "T" => &["P", "S"],
                _ => &[],
            };
            let is_told = |sequence: &&str| case.snapshot.prior_payers.iter().any(|p| p.payer_sequence == **sequence);
            if !earlier.iter().all(is_told) {
                report.at("prior_payers");
            }
        },
    },
    Rule {
        number: 91,
        code: "COB_ADJ_DATE",
        severity: Severity::Error,
        message: "Earlier payer date missing or given twice",
        basis: "Stedi",
        check: |case, report| {
            each(case, report, "adjudicated_on", |prior| {
                let has_line_date = prior.lines.iter().any(|line| line.adjudicated_on.is_some());
                let lacks_line_date = prior.lines.iter().any(|line| line.adjudicated_on.is_none());
                match prior.adjudicated_on {
                    Some(_) => has_line_date,
                    None => lacks_line_date || prior.lines.is_empty(),
                }
            });
        },
    },
    Rule {
        number: 92,
        code: "COB_BALANCE",
        severity: Severity::Error,
        message: "Earlier payer amounts do not balance",
        basis: "Stedi; balancing rules of the guide",
        check: |case, report| each(case, report, "paid", |prior| !is_balanced(case, prior)),
    },
    Rule {
        number: 93,
        code: "COB_CAS_FORMAT",
        severity: Severity::Error,
        message: "Adjustment groups malformed: each group once, 1 to 6 amounts other than zero",
        basis: "OpenEMR",
        check: |case, report| {
            each(case, report, "adjustments", |prior| {
                !are_groups(&prior.adjustments) || prior.lines.iter().any(|line| !are_groups(&line.adjustments))
            });
        },
    },
    Rule {
        number: 94,
        code: "CROSSOVER_ALREADY",
        severity: Severity::Warning,
        message: "Earlier payer already forwarded this claim",
        basis: "Ottehr",
        check: |case, report| {
            each(case, report, "forwarded", |prior| case.snapshot.claim.payer_sequence != "P" && prior.forwarded);
        },
    },
];

fn each(case: &Case<'_>, report: &mut Report<'_>, field: &str, is_wrong: impl Fn(&PriorPayer) -> bool) {
    for (at, _) in case.snapshot.prior_payers.iter().enumerate().filter(|(_, prior)| is_wrong(prior)) {
        report.at(format!("prior_payers[{at}].{field}"));
    }
}

/// What was charged is what was paid and what was taken off, on each line and on the claim.
fn is_balanced(case: &Case<'_>, prior: &PriorPayer) -> bool {
    let mut lines = prior.lines.iter().map(|line| {
        let charged = charge_of(&case.snapshot.lines, line)?;
        let paid = not_negative(&line.paid)?;
        let adjusted = sum(&line.adjustments)?;
        (charged == paid.checked_add(adjusted)?).then_some(adjusted)
    });
    let on_lines = lines.try_fold(0i64, |all, line| all.checked_add(line?));
    let all = || {
        let charged = cents(&case.snapshot.claim.charge_amount)?;
        let explained = not_negative(&prior.paid)?.checked_add(sum(&prior.adjustments)?)?.checked_add(on_lines?)?;
        Some(charged == explained)
    };
    all() == Some(true)
}

fn charge_of(lines: &[Line], prior: &PriorLine) -> Option<i64> {
    cents(&lines.iter().find(|line| line.control_number == prior.control_number)?.charge_amount)
}

fn not_negative(amount: &BigDecimal) -> Option<i64> {
    cents(amount).filter(|cents| *cents >= 0)
}

fn sum(groups: &[AdjustmentGroup]) -> Option<i64> {
    let mut amounts = groups.iter().flat_map(|group| &group.items).map(|item| cents(&item.amount));
    amounts.try_fold(0i64, |sum, amount| sum.checked_add(amount?))
}

fn are_groups(groups: &[AdjustmentGroup]) -> bool {
    groups.iter().enumerate().all(|(at, AdjustmentGroup { group, items })| {
        let is_known = matches!(group.as_str(), "CO" | "CR" | "OA" | "PI" | "PR");
        let is_repeated = groups.iter().take(at).any(|earlier| earlier.group == *group);
        let has_zero = items.iter().any(|item| cents(&item.amount) == Some(0));
        is_known && !is_repeated && (1..=6).contains(&items.len()) && !has_zero
    })
}

#[cfg(test)]
pub(super) mod tests;
