//! Whether the figures of a practice are those of its books. What they mean is worked out here by itself, from the claims of
//! each session, and not as the server does it.

use std::collections::{BTreeMap, HashSet};

use therapy_claims::analytics::v1 as analytics;
use therapy_claims::claims::v1 as claims;
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1::ClaimStatus;

use super::books::Books;
use super::check::{by_status, is_active};
use crate::workload::make::{cents, dollars};

/// Compares them; a line for each that differs.
pub(super) fn compare(books: &Books, total: &analytics::PracticeSummary) -> Vec<String> {
    let differs =
        |name: &str, told: &str, counted: &str| format!("{name} is {told} in the figures, {counted} in the books");
    let numbers = counts(books, total)
        .into_iter()
        .filter(|(_, told, counted)| told != counted)
        .map(|(name, told, counted)| differs(name, &told.to_string(), &counted.to_string()));
    let money = Money::of(books);
    let amounts = [
        ("charged_amount", &total.charged_amount, money.charged),
        ("paid_amount", &total.paid_amount, money.paid),
        ("adjusted_amount", &total.adjusted_amount, money.adjusted),
        ("patient_balance_amount", &total.patient_balance_amount, money.balance),
    ];
    let amounts = amounts
        .into_iter()
        .map(|(name, told, counted)| (name, told, dollars(counted)))
        .filter(|(_, told, counted)| *told != counted)
        .map(|(name, told, counted)| differs(name, told, &counted));
    numbers.chain(amounts).collect()
}

/// What is counted: its name, as told, and as the books have it.
fn counts(books: &Books, total: &analytics::PracticeSummary) -> [(&'static str, i64, i64); 8] {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let sessions = |status: clinical::SessionStatus| {
        number(books.sessions.iter().filter(|session| session.status() == status).count())
    };
    let counted = by_status(books);
    let claims = |status: ClaimStatus| number(counted.get(&i32::from(status)).copied().unwrap_or_default());
    [
        ("sessions_scheduled", total.sessions_scheduled, sessions(clinical::SessionStatus::Scheduled)),
        ("sessions_completed", total.sessions_completed, sessions(clinical::SessionStatus::Completed)),
        ("sessions_cancelled", total.sessions_cancelled, sessions(clinical::SessionStatus::Cancelled)),
        ("claims_draft", total.claims_draft, claims(ClaimStatus::Draft)),
        ("claims_ready", total.claims_ready, claims(ClaimStatus::Ready)),
        ("claims_submitted", total.claims_submitted, claims(ClaimStatus::Submitted)),
        ("claims_paid", total.claims_paid, claims(ClaimStatus::Paid)),
        ("claims_denied", total.claims_denied, claims(ClaimStatus::Denied)),
    ]
}

/// Sums in cents.
#[derive(Debug, Default)]
struct Money {
    charged: i64,
    paid: i64,
    adjusted: i64,
    balance: i64,
}

impl Money {
    fn of(books: &Books) -> Self {
        let active: HashSet<&str> =
            books.claims.iter().filter(|claim| is_active(claim)).map(|claim| claim.id.as_str()).collect();
        let mut services: BTreeMap<&str, Vec<&claims::Claim>> = BTreeMap::new();
        for claim in &books.claims {
            // what was written off was charged all the same; what is to replace another claim doesn't count beside it
            let counts = is_active(claim) || claim.disposition() == claims::Disposition::WrittenOff;
            if counts && !active.contains(claim.replaces_claim_id.as_str()) {
                services.entry(&claim.session_id).or_default().push(claim);
            }
        }
        let mut money = Self::default();
        for asked in services.values_mut() {
            asked.sort_by_key(|claim| claim.payer_sequence);
            money.add(asked);
        }
        money
    }

    /// Of one service, by the payers that were asked for it in turn.
    fn add(&mut self, asked: &[&claims::Claim]) {
        let amount = |text: &String| cents(text).unwrap_or_default();
        let Some(first) = asked.first() else { return };
        let is_decided = |claim: &&&claims::Claim| matches!(claim.status(), ClaimStatus::Paid | ClaimStatus::Denied);
        let charged = amount(&first.charge_amount);
        let paid: i64 = asked.iter().map(|claim| amount(&claim.paid_amount)).sum();
        self.charged += charged;
        self.paid += paid;
        let last = asked.iter().rfind(is_decided).unwrap_or(first);
        let share = amount(&last.patient_responsibility_amount);
        // whoever was asked later, charge, payments, what was taken off and the patient's share add up
        self.adjusted += if is_decided(&last) { charged - paid - share } else { amount(&last.adjusted_amount) };
        // less what was collected at the session; never less than nothing
        self.balance += if is_active(last) { (share - amount(&last.copay_amount)).max(0) } else { 0 };
    }
}

#[cfg(test)]
mod tests;
