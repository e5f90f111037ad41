//! Every file that goes back is read again, adds up, and says what the member id asked for.

mod cases;
mod files;

use chrono::{NaiveDate, NaiveDateTime};
use x12::amount::Cents;
use x12::claim::{Claim, ClaimFile};
use x12::document::{self, Part};
use x12::remittance::{self, ClaimPayment, balance};
use x12::{Event, status};

use super::{Answer, AnswerKind, Payers};

const CLAIMS: &str = include_str!("../../../tests/data/claims.json");

fn now() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap().and_hms_opt(8, 0, 0).unwrap()
}

fn sample() -> ClaimFile {
    serde_json::from_str(CLAIMS).unwrap()
}

/// A claim of one line.
fn claim(number: &str, member_id: &str) -> Claim {
    let mut claim = sample().batches.remove(0).claims.remove(0);
    number.clone_into(&mut claim.number);
    claim.trace = format!("T{number}");
    member_id.clone_into(&mut claim.subscriber.member_id);
    claim.payer.id = "99901".to_owned();
    claim.lines[0].control_number = format!("{number}L1");
    claim
}

/// A file with these claims in one set, that asks for a TA1.
fn file(control: u32, claims: Vec<Claim>) -> Vec<u8> {
    let mut file = sample();
    file.interchange.control_number = control;
    file.interchange.requests_acknowledgment = true;
    file.batches[0].header.reference = format!("B{control}");
    file.batches[0].claims = claims;
    file.to_bytes().unwrap()
}

fn answers(payers: &mut Payers, control: u32, claims: Vec<Claim>) -> Vec<Answer> {
    payers.answer(&file(control, claims), now()).unwrap()
}

fn kinds(answers: &[Answer]) -> Vec<&'static str> {
    answers.iter().map(|answer| answer.kind.extension()).collect()
}

/// What all files of a kind tell.
fn parts(answers: &[Answer], kind: AnswerKind) -> Vec<Part> {
    let of_kind = answers.iter().filter(|answer| answer.kind == kind);
    let events = of_kind.flat_map(|answer| document::read(answer.bytes.as_slice()));
    events
        .filter_map(|event| match event.unwrap() {
            Event::Part(part) => Some(part),
            Event::Broken(fault) => panic!("{fault}"),
            Event::Interchange(_) | Event::Acknowledged(_) | Event::Opened(_) | Event::Closed => None,
        })
        .collect()
}

fn paid(answers: &[Answer]) -> Vec<ClaimPayment> {
    let claims = parts(answers, AnswerKind::Payment).into_iter();
    claims
        .filter_map(
            |part| if let Part::Remittance(remittance::Part::Claim(claim)) = part { Some(*claim) } else { None },
        )
        .collect()
}

fn said(answers: &[Answer]) -> Vec<status::Claim> {
    let claims = parts(answers, AnswerKind::Status).into_iter();
    claims
        .filter_map(|part| if let Part::Status(status::Part::Claim(claim)) = part { Some(*claim) } else { None })
        .collect()
}

/// What doesn't add up in the payments.
fn imbalances(answers: &[Answer]) -> Vec<balance::Imbalance> {
    let (mut found, mut payment) = (Vec::new(), None);
    for part in parts(answers, AnswerKind::Payment) {
        match part {
            Part::Remittance(remittance::Part::Payment(header)) => payment = Some(header),
            Part::Remittance(remittance::Part::Claim(claim)) => found.extend(balance::claim(&claim)),
            Part::Remittance(remittance::Part::Totals(totals)) => {
                found.extend(balance::payment(&payment.take().unwrap(), &totals));
            }
            Part::Remittance(_) | Part::Claim(_) | Part::Status(_) | Part::Acknowledgment(_) => {}
        }
    }
    found
}

/// Category and status of what is said of a claim.
fn code(claim: &status::Claim) -> String {
    let code = claim.statuses[0].codes[0];
    format!("{}:{}", code.category, code.status)
}

/// The adjustments of a claim's lines.
fn adjusted(claim: &ClaimPayment) -> Vec<(&'static str, String, Cents)> {
    let adjustments = claim.lines.iter().flat_map(|line| &line.adjustments);
    adjustments.map(|one| (one.group.code(), one.reason.to_string(), one.amount)).collect()
}
