//! What was read, as lines for a person.

use std::io::{self, Write};

use chrono::NaiveDate;
use x12::acknowledgment::{self, Context, SegmentError};
use x12::claim::read::ClaimPart;
use x12::claim::{Claim, Name};
use x12::code::Code;
use x12::document::Part;
use x12::party::Person;
use x12::procedure::Procedure;
use x12::remittance::balance::Level;
use x12::remittance::{self, Adjustment, ClaimPayment};
use x12::{Fault, status};

use super::read::Told;

pub(super) fn tell(out: &mut impl Write, told: &Told<'_>) -> io::Result<()> {
    match told {
        Told::Interchange(i) => {
            let usage = if i.is_test { "test" } else { "production" };
            let (on, at) = (day(i.date), i.time.map(|time| time.format("%H:%M").to_string()).unwrap_or_default());
            writeln!(out, "interchange {} from {} to {}, {on} {at}, {usage}", i.control, i.sender, i.receiver)
        }
        Told::Acknowledged(ta1) => {
            writeln!(out, "TA1 of interchange {}: {:?}, note {}", ta1.control_number, ta1.verdict, ta1.note)
        }
        Told::Opened(set) => {
            writeln!(out, "{} {} of group {}, {}", set.kind, set.control, set.group_control, set.version)
        }
        Told::Part(Part::Claim(part)) => claim_part(out, part),
        Told::Part(Part::Remittance(part)) => remittance(out, part),
        Told::Part(Part::Status(part)) => status(out, part),
        Told::Part(Part::Acknowledgment(part)) => acknowledgment(out, part),
        Told::Unbalanced(imbalance) => {
            let what = match imbalance.level {
                Level::Line => "SVC",
                Level::Claim => "CLP",
                Level::Payment => "BPR",
            };
            let x12::Position { segment, byte, .. } = imbalance.position;
            let (computed, paid) = (imbalance.computed, imbalance.paid);
            writeln!(out, "  UNBALANCED {what} at segment {segment}, byte {byte}: {paid} paid, {computed} by its parts")
        }
        Told::Closed(set) => writeln!(out, "{} {} is complete", set.kind, set.control),
        Told::Broken(fault) => writeln!(out, "  BROKEN {fault}"),
        Told::EndedEarly(fault) => writeln!(out, "UNREADABLE from here: {fault}"),
        Told::Found(found) => writeln!(out, "{found}"),
    }
}

fn claim_part(out: &mut impl Write, part: &ClaimPart) -> io::Result<()> {
    match part {
        ClaimPart::Header(header) => {
            let (from, to) = (&header.submitter, &header.receiver);
            writeln!(out, "  batch {} from {} to {}", header.reference, from.name, to.name)
        }
        ClaimPart::Claim { claim, at: _ } => claim_sent(out, claim),
    }
}

fn claim_sent(out: &mut impl Write, claim: &Claim) -> io::Result<()> {
    let patient = claim.patient.as_ref().map_or(&claim.subscriber.name, |patient| &patient.name);
    let Name { last, first, .. } = patient;
    let (frequency, sequence) = (claim.frequency.as_str(), claim.subscriber.sequence.as_str());
    writeln!(
        out,
        "  claim {} frequency {frequency}, payer {sequence} {}, member {}, {last}, {first}: {}, {}",
        claim.number,
        claim.payer.id,
        claim.subscriber.member_id,
        claim.total,
        claim.diagnoses.join(" ")
    )?;
    for line in &claim.lines {
        let modifiers = line.modifiers.iter().map(|modifier| format!(":{modifier}")).collect::<String>();
        let (date, code, units) = (line.service_date, &line.procedure, line.units);
        writeln!(out, "    line {} {code}{modifiers} on {date}: {}, units {units}", line.control_number, line.charge)?;
    }
    Ok(())
}

fn remittance(out: &mut impl Write, part: &remittance::Part) -> io::Result<()> {
    match part {
        remittance::Part::Payment(payment) => {
            let (amount, method, on) = (payment.amount, code(payment.method.as_ref()), day(payment.paid_on));
            let (payer, payee) = (text(&payment.payer.name), text(&payment.payee.name));
            let direction = payment.direction;
            writeln!(out, "  payment {} {amount} {direction:?} {method} on {on}, {payer} to {payee}", payment.number)?;
            notes(out, &payment.notes)
        }
        remittance::Part::Claim(claim) => claim_paid(out, claim),
        remittance::Part::ProviderAdjustments(plb) => {
            for one in &plb.adjustments {
                writeln!(out, "  account {} {}: {}", one.reason, text(&one.reference), one.amount)?;
            }
            notes(out, &plb.notes)
        }
        remittance::Part::Totals(totals) => {
            let remittance::Totals { claims, charged, paid, provider_adjusted } = totals;
            writeln!(out, "  together {claims} claims: {charged} charged, {paid} paid, account {provider_adjusted}")
        }
    }
}

fn claim_paid(out: &mut impl Write, claim: &ClaimPayment) -> io::Result<()> {
    let status = claim.status.map_or("?", remittance::ClaimStatus::code);
    writeln!(
        out,
        "  claim {} status {status}, {}, {}: {} charged, {} paid, patient {}{}",
        claim.claim_number,
        text(&claim.payer_claim_number),
        person(claim.patient.as_ref()),
        claim.charge,
        claim.paid,
        claim.patient_responsibility.unwrap_or_default(),
        adjusted(&claim.adjustments)
    )?;
    for line in &claim.lines {
        let (charge, paid, adjusted) = (line.charge, line.paid, adjusted(&line.adjustments));
        let (control, on) = (text(&line.control_number), day(line.served_from));
        let procedure = procedure(&line.procedure);
        writeln!(out, "    line {control} {procedure} on {on}: {charge} charged, {paid} paid{adjusted}")?;
    }
    notes(out, &claim.notes)
}

fn status(out: &mut impl Write, part: &status::Part) -> io::Result<()> {
    match part {
        status::Part::Batch(batch) => {
            let (reference, said) = (text(&batch.batch_reference), said(&batch.statuses));
            writeln!(out, "  batch {reference}: {said}{}", tally(&batch.tally))?;
            notes(out, &batch.notes)
        }
        status::Part::Provider(provider) => {
            let name = provider.billing.as_ref().and_then(|billing| billing.name.as_deref()).unwrap_or("-");
            writeln!(out, "  provider {name}: {}{}", said(&provider.statuses), tally(&provider.tally))?;
            notes(out, &provider.notes)
        }
        status::Part::Claim(claim) => {
            let (number, own) = (text(&claim.claim_number), text(&claim.payer_claim_number));
            let (patient, said) = (person(claim.patient.as_ref()), said(&claim.statuses));
            writeln!(out, "  claim {number}, {own}, {patient}: {said}")?;
            for line in &claim.lines {
                let procedure = line.procedure.as_ref().map(procedure).unwrap_or_default();
                writeln!(out, "    line {} {procedure}: {}", text(&line.control_number), self::said(&line.statuses))?;
            }
            notes(out, &claim.notes)
        }
    }
}

fn said(statuses: &[status::Status]) -> String {
    let codes = statuses.iter().map(|status| {
        let codes = status.codes.iter().map(|code| {
            let entity = code.entity.map(|entity| format!(":{entity}")).unwrap_or_default();
            format!("{}:{}{entity}", code.category, code.status)
        });
        let amount = status.amount.map(|amount| format!(" {amount}")).unwrap_or_default();
        codes.collect::<Vec<_>>().join(" ") + &amount
    });
    codes.collect::<Vec<_>>().join(", ")
}

fn tally(tally: &status::Tally) -> String {
    let count = |count: Option<x12::quantity::Quantity>| count.map(|count| count.to_string()).unwrap_or_default();
    let status::Tally { accepted, rejected, .. } = tally;
    match (accepted, rejected) {
        (None, None) => String::new(),
        _ => format!(", accepted {}, rejected {}", count(*accepted), count(*rejected)),
    }
}

fn acknowledgment(out: &mut impl Write, part: &acknowledgment::Part) -> io::Result<()> {
    match part {
        acknowledgment::Part::Group(group) => writeln!(out, "  group {} {}", group.function, group.control),
        acknowledgment::Part::Set(set) => {
            let reasons = joined(&set.reasons);
            writeln!(out, "  set {} {}: {:?} {reasons}", set.kind, set.control, set.verdict)?;
            set.errors.iter().try_for_each(|error| segment_error(out, error))?;
            notes(out, &set.notes)
        }
        acknowledgment::Part::Totals(totals) => {
            let count = |count: Option<u32>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
            let (accepted, included) = (count(totals.accepted), count(totals.included));
            writeln!(out, "  group: {:?}, {accepted} of {included} sets accepted", totals.verdict)?;
            notes(out, &totals.notes)
        }
    }
}

fn segment_error(out: &mut impl Write, error: &SegmentError) -> io::Result<()> {
    let at = error.segment_position.map(|at| at.to_string()).unwrap_or_default();
    let (id, of, why) = (code(error.segment_id.as_ref()), code(error.loop_id.as_ref()), code(error.code.as_ref()));
    write!(out, "    {id} at segment {at}, loop {of}: error {why}")?;
    for element in &error.elements {
        let number = element.element.map(|number| number.to_string()).unwrap_or_default();
        write!(out, ", element {number}: error {}", code(element.code.as_ref()))?;
    }
    for context in error.contexts.iter().chain(error.elements.iter().flat_map(|element| &element.contexts)) {
        if let Context::Claim(number) = context {
            write!(out, ", claim {number}")?;
        }
    }
    writeln!(out)
}

fn notes(out: &mut impl Write, notes: &[Fault]) -> io::Result<()> {
    notes.iter().try_for_each(|fault| writeln!(out, "    left out: {fault}"))
}

fn adjusted(adjustments: &[Adjustment]) -> String {
    adjustments.iter().map(|one| format!(", {} {} {}", one.group.code(), one.reason, one.amount)).collect()
}

fn procedure(procedure: &Procedure) -> String {
    procedure.modifiers.iter().fold(procedure.code.to_string(), |told, modifier| format!("{told}:{modifier}"))
}

fn person(person: Option<&Person>) -> String {
    let Some(Person { last_name, first_name, id, .. }) = person else { return "-".to_owned() };
    [last_name, first_name, id].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn joined(codes: &[Code]) -> String {
    codes.iter().map(Code::as_str).collect::<Vec<_>>().join(" ")
}

fn code(code: Option<&Code>) -> &str {
    code.map_or("-", Code::as_str)
}

fn day(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| "-".to_owned(), |day| day.to_string())
}

fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("-")
}
