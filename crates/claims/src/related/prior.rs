//! An earlier payer's decision: its sums from the ledger, and line by line where its remittance tells them so.

use std::collections::BTreeMap;

use bigdecimal::{BigDecimal, Zero};
use chrono::NaiveDate;

use crate::amount::cents;
use crate::assemble::control_number;
use crate::claim::Bill;
use crate::ledger::{Balance, LedgerKind};
use crate::remittance::{Adjusted, RemittanceClaim};
use crate::snapshot::{AdjustmentGroup, PriorAdjustment, PriorLine, PriorPayer};

/// What is known of a decision.
pub(super) struct Decided<'a> {
    pub(super) bill: &'a Bill,
    pub(super) balances: &'a [Balance],
    /// What remittances said, the latest first.
    pub(super) posted: &'a [RemittanceClaim],
    /// The day of it.
    pub(super) on: Option<NaiveDate>,
}

impl Decided<'_> {
    /// As the claim of that number tells the next payer.
    pub(super) fn payer(&self, claim_number: &str) -> PriorPayer {
        let claim = &self.bill.claim;
        let frozen = claim.snapshot.as_ref().map(|snapshot| &snapshot.0);
        let by_line = self.posted.iter().find_map(|told| Some((told, self.lines(told, claim_number)?)));
        let (adjustments, lines) = match by_line {
            Some((told, lines)) => (groups(told.adjustments.0.iter().map(told_amount)), lines),
            None => (groups(self.adjustments()), Vec::new()),
        };
        PriorPayer {
            payer_id: claim.payer_id.clone().unwrap_or_default(),
            payer_name: frozen.and_then(|s| s.payer.as_ref()).map(|payer| payer.name.clone()).unwrap_or_default(),
            payer_claim_number: claim.payer_claim_number.clone().unwrap_or_default(),
            coverage: frozen.and_then(|s| s.coverage.clone()),
            subscriber: frozen.and_then(|s| s.subscriber.clone()),
            payer_sequence: claim.payer_sequence.x12().to_owned(),
            adjudicated_on: self.on,
            paid: claim.paid_amount.clone(),
            adjustments,
            lines,
            forwarded: claim.is_forwarded,
        }
    }

    /// The lines as this remittance has them, if it says what stands now, names all of them, and each adds up.
    fn lines(&self, told: &RemittanceClaim, claim_number: &str) -> Option<Vec<PriorLine>> {
        let claim = &self.bill.claim;
        let stands = cents(&told.paid_amount) == cents(&claim.paid_amount)
            && sums(told.adjusted().map(told_amount))? == sums(self.adjustments())?;
        let lines = &claim.snapshot.as_ref()?.0.lines;
        if !stands || told.lines.0.len() != lines.len() {
            return None;
        }
        let line = |line: &crate::snapshot::Line| {
            let is_it = |own: &&crate::remittance::Line| own.control_number.as_deref() == Some(&line.control_number);
            let own = told.lines.0.iter().find(is_it)?;
            let adjusted = sums(own.adjustments.iter().map(told_amount))?.values().sum::<i64>();
            let charged = cents(&line.charge_amount)?;
            (cents(&own.charge)? == charged && cents(&own.paid)?.checked_add(adjusted)? == charged).then(|| PriorLine {
                control_number: control_number(claim_number, line.line_number),
                adjudicated_on: None,
                paid: own.paid.clone(),
                adjustments: groups(own.adjustments.iter().map(told_amount)),
            })
        };
        lines.iter().map(line).collect()
    }

    /// What stands of it in the ledger.
    fn adjustments<'s>(&'s self) -> impl Iterator<Item = Amount<'s>> {
        let is_one = |b: &&Balance| matches!(b.kind, LedgerKind::Adjustment | LedgerKind::PatientResponsibility);
        let amount = |b: &'s Balance| Some((b.group.as_ref()?.as_str(), b.reason.as_deref()?, &b.amount));
        self.balances.iter().filter(is_one).filter_map(amount)
    }
}

/// Group, reason and amount.
type Amount<'a> = (&'a str, &'a str, &'a BigDecimal);

fn told_amount(adjusted: &Adjusted) -> Amount<'_> {
    (&adjusted.group, &adjusted.reason, &adjusted.amount)
}

/// What the adjustments come to in cents, by group and reason; none of them is zero.
fn sums<'a>(amounts: impl Iterator<Item = Amount<'a>>) -> Option<BTreeMap<(&'a str, &'a str), i64>> {
    let mut sums = BTreeMap::new();
    for (group, reason, amount) in amounts {
        let sum: &mut i64 = sums.entry((group, reason)).or_default();
        *sum = sum.checked_add(cents(amount)?)?;
    }
    sums.retain(|_, sum| *sum != 0);
    Some(sums)
}

/// Adjustments by group, in the order in which groups and reasons come; none of them is zero.
fn groups<'a, I: Iterator<Item = Amount<'a>>>(amounts: I) -> Vec<AdjustmentGroup> {
    let mut groups: Vec<AdjustmentGroup> = Vec::new();
    for (group, reason, amount) in amounts {
        let at = groups.iter().position(|known| known.group == group).unwrap_or_else(|| {
            groups.push(AdjustmentGroup { group: group.to_owned(), items: Vec::new() });
            groups.len() - 1
        });
        let Some(AdjustmentGroup { group: _, items }) = groups.get_mut(at) else { continue };
        match items.iter_mut().find(|item| item.reason == reason) {
            Some(item) => item.amount += amount,
            None => items.push(PriorAdjustment { reason: reason.to_owned(), amount: amount.clone() }),
        }
    }
    // payers name reasons that take nothing off; who is told of them has no use for that
    groups.iter_mut().for_each(|group| group.items.retain(|item| !item.amount.is_zero()));
    groups.retain(|group| !group.items.is_empty());
    groups
}
