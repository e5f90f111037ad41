//! What a payer decides about a claim, line by line, as an 835 tells it. Every line adds up.

use x12::amount::Cents;
use x12::claim::{AdjustmentGroup as SentGroup, Adjustments, Claim, Line, Sequence};
use x12::code::Code;

use x12::procedure::Procedure;
use x12::quantity::Quantity;
use x12::remittance::{Adjustment, AdjustmentGroup, ClaimPayment, ClaimStatus, LinePayment, QualifiedAmount};
use x12::segment::Position;

use super::answer::Envelope;
use super::course::{Course, Fate};
use super::status::person;
use crate::payer::decide::terms::{COPAY, Share, Sharing, Terms};

/// The kinds of plans that an 835 can tell (CLP06); a claim has a few more.
const FILING_INDICATORS: [&str; 19] =
    ["12", "13", "14", "15", "16", "17", "AM", "CH", "DS", "HM", "LM", "MA", "MB", "MC", "OF", "TV", "VA", "WC", "ZZ"];
const PPO: &str = "12";

/// What an 835 tells of the claim; nothing of one that isn't decided.
pub(super) fn payment(claim: &Claim, own_number: &str, fate: &Fate, envelope: &Envelope) -> Option<ClaimPayment> {
    let lines: Vec<_> = match fate.course {
        Course::Rejected(_) | Course::Pended | Course::Voided => return None,
        Course::Denied(reason, remark) => claim.lines.iter().filter_map(|line| denied(line, reason, remark)).collect(),
        Course::Shared(terms) => shared(claim, terms),
        Course::Coordinated => coordinated(claim),
    };
    let paid: Cents = lines.iter().map(|line| line.paid).sum();
    let patient_responsibility = of_patient(&lines);
    let allowed = [paid, patient_responsibility].into_iter().sum();
    let patient = claim.patient.as_ref();
    let subscriber = || person(&claim.subscriber.name, Some(&claim.subscriber.member_id));
    Some(ClaimPayment {
        position: Position::default(),
        claim_number: claim.number.clone(),
        status: Some(status(claim.subscriber.sequence, fate.is_forwarded)),
        charge: claim.total,
        paid,
        patient_responsibility: Some(patient_responsibility),
        filing_indicator: Code::new(filing_indicator(&claim.subscriber.filing_indicator)),
        payer_claim_number: Some(own_number.to_owned()),
        facility: Code::new(&claim.place_of_service),
        frequency: Code::new(claim.frequency.as_str()),
        adjustments: Vec::new(),
        patient: Some(patient.map_or_else(subscriber, |patient| person(&patient.name, None))),
        subscriber: patient.map(|_| subscriber()),
        corrected: None,
        rendering_npi: claim.rendering_provider.as_ref().map(|provider| provider.npi.clone()),
        served_from: claim.lines.iter().map(|line| line.service_date).min(),
        served_through: claim.lines.iter().map(|line| line.service_date_to.unwrap_or(line.service_date)).max(),
        received_on: Some(envelope.received_on),
        remarks: Vec::new(),
        amounts: amount("AU", allowed),
        lines,
        notes: Vec::new(),
    })
}

/// The former decision taken back: all its amounts negated.
pub(super) fn reversal(former: &ClaimPayment) -> ClaimPayment {
    let negated = |amount: Cents| Cents(-amount.0);
    let adjustments = |former: &[Adjustment]| {
        former.iter().map(|one| Adjustment { amount: negated(one.amount), ..*one }).collect::<Vec<_>>()
    };
    let line = |former: &LinePayment| LinePayment {
        charge: negated(former.charge),
        paid: negated(former.paid),
        units: None,
        adjustments: adjustments(&former.adjustments),
        amounts: Vec::new(),
        ..former.clone()
    };
    ClaimPayment {
        status: Some(ClaimStatus::Reversal),
        charge: negated(former.charge),
        paid: negated(former.paid),
        patient_responsibility: former.patient_responsibility.map(negated),
        adjustments: adjustments(&former.adjustments),
        amounts: Vec::new(),
        lines: former.lines.iter().map(line).collect(),
        ..former.clone()
    }
}

/// The decision that follows a reversal: what was the patient's is paid, or else the patient has to bear a part.
pub(super) fn correction(claim: &Claim, own_number: &str, former: &ClaimPayment, envelope: &Envelope) -> ClaimPayment {
    let had_share = former.patient_responsibility.is_some_and(|share| share.0 > 0);
    let terms = Terms::of(&claim.payer.id, if had_share { Sharing::Payer } else { Sharing::Coinsurance });
    let fate = Fate::of(Course::Shared(terms));
    payment(claim, own_number, &fate, envelope).unwrap_or_else(|| former.clone())
}

/// Gives the claim numbers that nobody sent.
pub(super) fn misname(payment: &mut ClaimPayment) {
    let own_number = payment.payer_claim_number.take().unwrap_or_default();
    let digits = own_number.trim_start_matches("ICN");
    payment.claim_number = format!("NOBODY{digits}");
    payment.payer_claim_number = Some(format!("ICX{digits}"));
    for line in &mut payment.lines {
        line.control_number = None;
    }
}

fn denied(line: &Line, reason: &str, remark: &str) -> Option<LinePayment> {
    let mut decided = undecided(line)?;
    adjust(&mut decided, AdjustmentGroup::Contractual, reason, line.charge.0);
    decided.remarks.extend(Code::new(remark));
    Some(decided)
}

fn shared(claim: &Claim, terms: Terms) -> Vec<LinePayment> {
    let mut copay = COPAY;
    let (why_written_off, why_patient) = terms.reasons();
    let share = |line: &Line| {
        let Share { written_off, patient, paid } = terms.share(line.charge.0, &mut copay);
        let mut decided = undecided(line)?;
        adjust(&mut decided, AdjustmentGroup::Contractual, why_written_off, written_off);
        adjust(&mut decided, AdjustmentGroup::PatientResponsibility, why_patient, patient);
        decided.paid = Cents(paid);
        decided.amounts = amount("B6", Cents(paid + patient));
        Some(decided)
    };
    claim.lines.iter().filter_map(share).collect()
}

/// Pays what the payer before left to the patient; the rest is that payer's doing.
fn coordinated(claim: &Claim) -> Vec<LinePayment> {
    let by_lines = claim.lines.iter().any(|line| !line.decisions.is_empty());
    let last = claim.other_payers.iter().rfind(|payer| payer.paid.is_some());
    // what the claim as a whole leaves, when the lines don't tell
    let mut left =
        last.map_or(0, |payer| payer.patient_owes.map_or_else(|| of_sent(&payer.adjustments), |owes| owes.0));
    let coordinate = |line: &Line| {
        let owed = match line.decisions.last() {
            Some(decision) => of_sent(&decision.adjustments),
            None if by_lines => 0,
            None => left,
        };
        let paid = owed.clamp(0, line.charge.0);
        left -= paid;
        let mut decided = undecided(line)?;
        adjust(&mut decided, AdjustmentGroup::Other, "23", line.charge.0 - paid);
        decided.paid = Cents(paid);
        decided.amounts = amount("B6", decided.paid);
        Some(decided)
    };
    claim.lines.iter().filter_map(coordinate).collect()
}

/// The patient's share by the adjustments that a claim tells of an earlier payer.
fn of_sent(adjustments: &[Adjustments]) -> i64 {
    let of_patient = adjustments.iter().filter(|of_group| of_group.group == SentGroup::Patient);
    of_patient.flat_map(|of_group| &of_group.items).map(|item| item.amount).sum::<Cents>().0
}

/// The line with nothing paid and nothing adjusted.
fn undecided(line: &Line) -> Option<LinePayment> {
    let procedure = Procedure {
        qualifier: Code::new("HC")?,
        // none can't be: the reader refuses such a line
        code: Code::new(&line.procedure)?,
        modifiers: line.modifiers.iter().filter_map(|modifier| Code::new(modifier)).collect(),
    };
    Some(LinePayment {
        position: Position::default(),
        procedure,
        charge: line.charge,
        paid: Cents::ZERO,
        revenue_code: None,
        units: Some(Quantity::whole(line.units)),
        submitted: None,
        submitted_units: None,
        served_from: Some(line.service_date),
        served_through: Some(line.service_date_to.unwrap_or(line.service_date)),
        adjustments: Vec::new(),
        control_number: (!line.control_number.is_empty()).then(|| line.control_number.clone()),
        amounts: Vec::new(),
        remarks: Vec::new(),
    })
}

fn adjust(line: &mut LinePayment, group: AdjustmentGroup, reason: &str, cents: i64) {
    if let Some(reason) = Code::new(reason).filter(|_| cents != 0) {
        line.adjustments.push(Adjustment { group, reason, amount: Cents(cents), quantity: None });
    }
}

fn of_patient(lines: &[LinePayment]) -> Cents {
    let adjustments = lines.iter().flat_map(|line| &line.adjustments);
    adjustments.filter(|one| one.group == AdjustmentGroup::PatientResponsibility).map(|one| one.amount).sum()
}

fn amount(qualifier: &str, amount: Cents) -> Vec<QualifiedAmount> {
    let qualifier = Code::new(qualifier).filter(|_| amount.0 != 0);
    qualifier.map(|qualifier| QualifiedAmount { qualifier, amount }).into_iter().collect()
}

fn status(sequence: Sequence, is_forwarded: bool) -> ClaimStatus {
    let (kept, forwarded) = match sequence {
        Sequence::Primary | Sequence::Unknown => (ClaimStatus::Primary, ClaimStatus::PrimaryForwarded),
        Sequence::Secondary => (ClaimStatus::Secondary, ClaimStatus::SecondaryForwarded),
        // CLP02 has no code for a fourth payer or a later one
        Sequence::Tertiary
        | Sequence::Fourth
        | Sequence::Fifth
        | Sequence::Sixth
        | Sequence::Seventh
        | Sequence::Eighth
        | Sequence::Ninth
        | Sequence::Tenth
        | Sequence::Eleventh => (ClaimStatus::Tertiary, ClaimStatus::TertiaryForwarded),
    };
    if is_forwarded { forwarded } else { kept }
}

fn filing_indicator(of_claim: &str) -> &str {
    if FILING_INDICATORS.contains(&of_claim) { of_claim } else { PPO }
}
