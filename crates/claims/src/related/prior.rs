//! An earlier payer's decision, put together from the ledger.
//!
//! It is told line by line where the payer decided so and each line adds up; otherwise as a whole.

use chrono::NaiveDate;

use crate::amount::{cents, from_cents};
use crate::claim::Bill;
use crate::ledger::LedgerKind;
use crate::ledger::store::LineBalance;
use crate::snapshot::{AdjustmentGroup, PriorAdjustment, PriorLine, PriorPayer};

/// `on` is the day of the decision.
pub(super) fn payer(prior: &Bill, balances: &[LineBalance], on: Option<NaiveDate>) -> PriorPayer {
    let claim = &prior.claim;
    let frozen = claim.snapshot.as_ref().map(|snapshot| &snapshot.0);
    let lines = lines(prior, balances).unwrap_or_default();
    let whole: Vec<&LineBalance> = balances.iter().filter(|b| lines.is_empty() || b.line_number.is_none()).collect();
    PriorPayer {
        payer_id: claim.payer_id.clone().unwrap_or_default(),
        payer_name: frozen.and_then(|s| s.payer.as_ref()).map(|payer| payer.name.clone()).unwrap_or_default(),
        payer_claim_number: claim.payer_claim_number.clone().unwrap_or_default(),
        coverage: frozen.and_then(|s| s.coverage.clone()),
        subscriber: frozen.and_then(|s| s.subscriber.clone()),
        payer_sequence: claim.payer_sequence.x12().to_owned(),
        adjudicated_on: on,
        paid: claim.paid_amount.clone(),
        adjustments: groups(&whole),
        lines,
        forwarded: claim.is_forwarded,
    }
}

/// The lines, if the decision names all of them and each adds up.
fn lines(prior: &Bill, balances: &[LineBalance]) -> Option<Vec<PriorLine>> {
    let snapshot = &prior.claim.snapshot.as_ref()?.0;
    let told = snapshot.lines.iter().map(|line| {
        let own: Vec<&LineBalance> = balances.iter().filter(|b| b.line_number == Some(line.line_number)).collect();
        let paid = sum(own.iter().filter(|b| b.kind == LedgerKind::PayerPayment))?;
        let adjusted = sum(own.iter().filter(|b| is_adjustment(b.kind)))?;
        let line = PriorLine {
            control_number: line.control_number.clone(),
            adjudicated_on: None,
            paid: from_cents(paid),
            adjustments: groups(&own),
        };
        Some((line, paid.checked_add(adjusted)?))
    });
    let told = told.collect::<Option<Vec<_>>>()?;
    let adds_up = told.iter().zip(&snapshot.lines).all(|((_, sum), line)| cents(&line.charge_amount) == Some(*sum));
    adds_up.then(|| told.into_iter().map(|(line, _)| line).collect())
}

/// Adjustments by group, in the order of groups and reasons.
fn groups(balances: &[&LineBalance]) -> Vec<AdjustmentGroup> {
    let mut groups: Vec<AdjustmentGroup> = Vec::new();
    for balance in balances.iter().filter(|b| is_adjustment(b.kind)) {
        let (Some(group), Some(reason)) = (balance.group, &balance.reason) else { continue };
        let at = groups.iter().position(|known| known.group == group.as_str()).unwrap_or_else(|| {
            groups.push(AdjustmentGroup { group: group.to_string(), items: Vec::new() });
            groups.len() - 1
        });
        let Some(AdjustmentGroup { group: _, items }) = groups.get_mut(at) else { continue };
        match items.iter_mut().find(|item| item.reason == *reason) {
            Some(item) => item.amount += &balance.amount,
            None => items.push(PriorAdjustment { reason: reason.clone(), amount: balance.amount.clone() }),
        }
    }
    groups
}

fn sum<'a>(balances: impl Iterator<Item = &'a &'a LineBalance>) -> Option<i64> {
    balances.map(|balance| cents(&balance.amount)).try_fold(0i64, |sum, amount| sum.checked_add(amount?))
}

const fn is_adjustment(kind: LedgerKind) -> bool {
    matches!(kind, LedgerKind::Adjustment | LedgerKind::PatientResponsibility)
}
