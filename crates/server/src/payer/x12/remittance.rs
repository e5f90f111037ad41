//! The 835: one payment for each payer and billing provider, with what is settled beside the claims.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use x12::amount::Cents;
use x12::claim::{BillingProvider, Claim};
use x12::code::Code;
use x12::party::{Address, Contact};
use x12::remittance::{
    ClaimPayment, Direction, Payee, Payer, Payment, ProviderAdjustment, ProviderAdjustments, Writer,
};
use x12::segment::Position;
use x12::violation::Refused;

use super::answer::{Answer, Envelope, Slot};
use crate::workload::draw::Draw;

/// What is paid, by payer and billing provider.
#[derive(Debug, Default)]
pub(super) struct Remittances(BTreeMap<(String, String), Remittance>);

#[derive(Debug)]
struct Remittance {
    payer: x12::claim::Payer,
    provider: Arc<BillingProvider>,
    claims: Vec<ClaimPayment>,
}

/// Of a thousand payments, those that something else is settled with.
const SETTLED: u64 = 50;
/// What an unbalanced payment is off by.
const OFF_BY: i64 = 100;

impl Remittances {
    pub(super) fn add(&mut self, claim: &Claim, payment: ClaimPayment) {
        let key = (claim.payer.id.clone(), claim.billing_provider.npi.clone());
        let of = self.0.entry(key).or_insert_with(|| Remittance {
            payer: claim.payer.clone(),
            provider: Arc::clone(&claim.billing_provider),
            claims: Vec::new(),
        });
        of.claims.push(payment);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// All payments in one file; none when there are none.
pub(super) fn write(
    envelope: &Envelope,
    slot: Slot,
    remittances: Remittances,
    seed: u64,
    owed: &mut BTreeMap<(String, String), i64>,
) -> Result<Option<Answer>, Refused> {
    if remittances.is_empty() {
        return Ok(None);
    }
    let mut file = envelope.begin(slot)?;
    for (n, (key, remittance)) in (1_u32..).zip(remittances.0) {
        let paid: i64 = remittance.claims.iter().map(|claim| claim.paid.0).sum();
        let number = format!("{:09}{n:03}", envelope.number(slot));
        let mut draw = Draw::new(seed, &["payer", "account", &key.0, &number]);
        let adjustments = account(&mut draw, paid, &remittance, owed.entry(key).or_default());
        let settled: i64 = adjustments.iter().map(|one| one.amount.0).sum();
        let off_by = if slot == Slot::Unbalanced { OFF_BY } else { 0 };
        let payment = payment(envelope, number, paid - settled + off_by, &remittance, seed);
        let mut writer = Writer::begin(&mut file, &payment)?;
        for claim in &remittance.claims {
            writer.claim(claim)?;
        }
        if !adjustments.is_empty() {
            writer.provider_adjustments(&ProviderAdjustments {
                position: Position::default(),
                provider_id: Some(remittance.provider.npi.clone()),
                fiscal_period_ends: NaiveDate::from_ymd_opt(envelope.now.year(), 12, 31),
                adjustments,
                notes: Vec::new(),
            })?;
        }
        writer.end();
    }
    Ok(Some(envelope.end(slot, file)))
}

fn payment(envelope: &Envelope, number: String, amount: i64, remittance: &Remittance, seed: u64) -> Payment {
    let Remittance { payer, provider, claims: _ } = remittance;
    let (handling, method) = if amount == 0 { ("H", "NON") } else { ("I", "CHK") };
    let today = envelope.now.date();
    let tax_id = Draw::new(seed, &["payer", "tax id", &payer.id]).digits(8);
    Payment {
        position: Position::default(),
        handling: Code::new(handling),
        amount: Cents(amount),
        direction: Direction::Credit,
        method: Code::new(method),
        paid_on: Some(today),
        number,
        payer_identifier: Some(format!("19{tax_id}")),
        payer_supplement: None,
        produced_on: Some(today),
        payer: Payer {
            name: Some(payer.name.clone()),
            id: Some(payer.id.clone()),
            address: address(payer.address.as_ref()),
            contact: Contact {
                name: Some("PROVIDER LINE".to_owned()),
                qualifier: Some("TE".to_owned()),
                number: Some("8005550199".to_owned()),
            },
        },
        payee: Payee {
            name: Some(provider.name.clone()),
            npi: Some(provider.npi.clone()),
            tax_id: Some(provider.tax_id.clone()),
        },
        notes: Vec::new(),
    }
}

/// What is settled beside the claims, so that a payment is never negative.
fn account(draw: &mut Draw, paid: i64, remittance: &Remittance, owed: &mut i64) -> Vec<ProviderAdjustment> {
    let reference = remittance.claims.first().and_then(|claim| claim.payer_claim_number.clone());
    let adjustment = |reason: &str, amount: i64| {
        let reason = Code::new(reason).filter(|_| amount != 0);
        reason.map(|reason| ProviderAdjustment { reason, reference: reference.clone(), amount: Cents(amount) })
    };
    // more is taken back than paid: it is carried forward, and taken off what is paid next
    let carried = if paid < 0 { paid } else { paid.min(*owed) };
    *owed -= carried;
    let left = paid - carried;
    let settled = match draw.chance(SETTLED).then(|| draw.chance(500)) {
        Some(true) => adjustment("L6", -draw.between(25, 975)),
        Some(false) => adjustment("WO", left.min(draw.between(500, 2_500))),
        None => None,
    };
    adjustment("FB", carried).into_iter().chain(settled).collect()
}

fn address(of_claim: Option<&x12::claim::Address>) -> Address {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let Some(address) = of_claim else {
        return Address {
            line1: text("1 PLAN WAY"),
            line2: None,
            city: text("SALEM"),
            state: text("OR"),
            postal_code: text("97301"),
        };
    };
    Address {
        line1: text(&address.line1),
        line2: text(&address.line2),
        city: text(&address.city),
        state: text(&address.state),
        postal_code: text(&address.zip_code),
    }
}
