//! Checks of what earlier payers decided.

use std::fmt::Display;

use super::field::{self, dollars, id, length, optional_id, optional_text, text};
use super::{party, procedure};
use crate::claim::{Adjustments, Claim, Line, LineDecision, OtherPayer, Sequence};
use crate::violation::Violations;

/// One CAS per group, of which there are five.
const GROUPS_MAX: usize = 5;

pub(super) fn payer(out: &mut Violations, path: &dyn Display, claim: &Claim, payer: &OtherPayer) {
    party::relationship(out, &format_args!("{path}.relationship"), &payer.relationship);
    optional_id(out, &format_args!("{path}.group_number"), &payer.group_number, &length!(1..=50));
    optional_text(out, &format_args!("{path}.group_name"), &payer.group_name, &length!(60));
    party::kind(out, path, &payer.insurance_type, &payer.filing_indicator);
    let sequence = claim.subscriber.sequence;
    let differs = payer.sequence != sequence || sequence == Sequence::Unknown;
    out.require(differs, &format_args!("{path}.sequence"), "must not be that of the payer asked");
    adjustments(out, path, &payer.adjustments);
    for (name, amount) in [("paid", payer.paid), ("patient_owes", payer.patient_owes)] {
        if let Some(amount) = amount {
            dollars(out, &format_args!("{path}.{name}"), amount);
        }
    }
    party::name(out, &format_args!("{path}.subscriber.name"), &payer.subscriber.name);
    id(out, &format_args!("{path}.subscriber.member_id"), &payer.subscriber.member_id, &length!(2..=80));
    if let Some(place) = &payer.subscriber.address {
        party::address(out, &format_args!("{path}.subscriber.address"), place);
    }
    text(out, &format_args!("{path}.payer_name"), &payer.payer_name, &length!(60));
    let payer_id = format_args!("{path}.payer_id");
    id(out, &payer_id, &payer.payer_id, &length!(2..=80));
    let same = claim.other_payers.iter().filter(|other| other.payer_id == payer.payer_id).count();
    out.require(same == 1, &payer_id, "must differ from those of the claim's other payers");
    optional_id(out, &format_args!("{path}.payer_claim_number"), &payer.payer_claim_number, &length!(1..=50));
    let decided_on = format_args!("{path}.decided_on");
    let by_line = claim.lines.iter().flat_map(|line| &line.decisions).any(|line| line.payer_id == payer.payer_id);
    match payer.decided_on {
        Some(day) => {
            field::year(out, &decided_on, day);
            out.require(!by_line, &decided_on, "must be left out when lines tell it");
        }
        None => out.require(by_line || payer.paid.is_none(), &decided_on, "must be given with what was paid"),
    }
}

/// What was paid and adjusted must be what the line charged.
pub(super) fn decision(out: &mut Violations, path: &dyn Display, claim: &Claim, line: &Line, decision: &LineDecision) {
    let known = claim.other_payers.iter().any(|payer| payer.payer_id == decision.payer_id);
    out.require(known, &format_args!("{path}.payer_id"), "must be one of the claim's other payers");
    dollars(out, &format_args!("{path}.paid"), decision.paid);
    procedure(out, path, &decision.procedure, &decision.modifiers);
    let units = (0..=9_999).contains(&decision.units);
    out.require(units, &format_args!("{path}.units"), "must be at most 9999");
    adjustments(out, path, &decision.adjustments);
    field::year(out, &format_args!("{path}.decided_on"), decision.decided_on);
    if let Some(owed) = decision.patient_owes {
        dollars(out, &format_args!("{path}.patient_owes"), owed);
    }
    let adjusted = decision.adjustments.iter().flat_map(|group| &group.items).map(|item| item.amount);
    // a line that was paid in parts has a decision for each, which only together make the charge
    let parts = line.decisions.iter().filter(|other| other.payer_id == decision.payer_id).count();
    let balanced = parts > 1 || adjusted.chain([decision.paid]).sum::<crate::amount::Cents>() == line.charge;
    out.require(balanced, &format_args!("{path}.paid"), "must make the line's charge with the adjustments");
}

fn adjustments(out: &mut Violations, path: &dyn Display, groups: &[Adjustments]) {
    out.require(groups.len() <= GROUPS_MAX, &format_args!("{path}.adjustments"), "must be at most 5");
    for (n, adjustments) in groups.iter().enumerate() {
        let twice = groups.iter().take(n).any(|other| other.group == adjustments.group);
        out.require(!twice, &format_args!("{path}.adjustments[{n}].group"), "must stand once");
        let items = format_args!("{path}.adjustments[{n}].items");
        out.require((1..=6).contains(&adjustments.items.len()), &items, "must be 1 to 6");
        for (i, item) in adjustments.items.iter().enumerate() {
            let reason = (1..=5).contains(&item.reason.len()) && item.reason.bytes().all(|b| b.is_ascii_alphanumeric());
            out.require(reason, &format_args!("{path}.adjustments[{n}].items[{i}].reason"), "must be a reason code");
            let amount = format_args!("{path}.adjustments[{n}].items[{i}].amount");
            out.require(!item.amount.is_zero(), &amount, "must be an amount other than 0.00");
            dollars(out, &amount, crate::amount::Cents(item.amount.0.saturating_abs()));
        }
    }
}
