//! What the simulated payers make of a claim: a pure function of the claim's number, the attempt and a seed, so that
//! whoever asks again gets the same answer.

pub(super) mod terms;

use chrono::{DateTime, Datelike, TimeDelta};
use prost_types::Timestamp;
use therapy_claims::claims::v1 as claims;
use therapy_claims::claims::v1::report_payer_response_request::Response;
use therapy_claims::google::r#type::Date;

use self::terms::{COPAY, Share, Terms};
use crate::workload::draw::Draw;
use crate::workload::make::dollars;

/// What a payer knows of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bill {
    pub claim_number: String,
    pub attempt: i32,
    pub payer_id: String,
    pub charge_cents: i64,
    pub submitted_at: Timestamp,
    /// It takes back what was billed before.
    pub is_void: bool,
}

/// One answer to a claim.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub response_id: String,
    pub responded_at: Timestamp,
    pub response: Response,
    /// It is delivered twice.
    pub is_doubled: bool,
}

/// Where a claim ends up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// The file or the claim is sent back undecided.
    Rejected(claims::RejectionSource),
    /// The payer takes its time; within a run it doesn't decide.
    Pended,
    Denied,
    Paid,
}

/// Of a thousand claims: sent back with their file, sent back one by one, and left pending.
const REJECTED_FILES: u64 = 2;
const REJECTED_CLAIMS: u64 = 30;
const PENDED: u64 = 20;
/// Of a thousand decisions, the denials.
const DENIED: u64 = 150;
/// Of a thousand answers, those delivered twice, and acknowledgments that come after the decision.
pub(super) const DOUBLED: u64 = 10;
pub(super) const LATE: u64 = 20;

/// Why claims are denied, in the shares of the published denials: adjustment reason, remark, whether an appeal helps.
pub(super) const DENIALS: [(u64, (&str, &str, bool)); 8] = [
    (20, ("167", "N115", false)),
    (14, ("151", "N362", true)),
    (18, ("16", "M51", false)),
    (16, ("96", "N130", false)),
    (12, ("119", "N640", false)),
    (9, ("197", "M62", true)),
    (6, ("50", "N115", true)),
    (5, ("27", "N30", false)),
];

/// Why claims are sent back: claim status code, field.
pub(super) const REJECTIONS: [(&str, &str); 4] = [
    ("A7:562", "billing_provider.npi"),
    ("A3:33", "coverage.member_id"),
    ("A7:164", "coverage.member_id"),
    ("A6:145", "rendering_provider.taxonomy"),
];

pub(super) fn course(seed: u64, bill: &Bill) -> Course {
    let mut draw = draw(seed, bill, "course");
    if is_file_rejected(&mut draw) {
        Course::Rejected(claims::RejectionSource::Transport)
    } else {
        claim_course(&mut draw)
    }
}

/// Whether the file that a claim came in is sent back unread.
pub(super) fn is_file_rejected(draw: &mut Draw) -> bool {
    draw.chance(REJECTED_FILES)
}

/// Where a claim ends up whose file could be read.
pub(super) fn claim_course(draw: &mut Draw) -> Course {
    if draw.chance(REJECTED_CLAIMS) {
        let by_payer = draw.chance(500);
        return Course::Rejected(match by_payer {
            true => claims::RejectionSource::Payer,
            false => claims::RejectionSource::Clearinghouse,
        });
    }
    if draw.chance(PENDED) {
        return Course::Pended;
    }
    if draw.chance(DENIED) { Course::Denied } else { Course::Paid }
}

/// All answers to a claim, in the order in which they arrive.
pub(super) fn answers(seed: u64, bill: &Bill) -> Vec<Answer> {
    if bill.is_void {
        return vec![Answer {
            response_id: format!("sim-{}-{}-voided", bill.claim_number, bill.attempt),
            responded_at: later(bill.submitted_at, 1),
            response: Response::Voided(claims::PayerVoided {}),
            is_doubled: false,
        }];
    }
    let mut draw = draw(seed, bill, "answers");
    let number = payer_claim_number(&mut draw);
    let received = ("received", Response::Received(claims::PayerReceived {}));
    let accepted = ("accepted", Response::Accepted(claims::PayerAccepted { payer_claim_number: number.clone() }));
    let said = match course(seed, bill) {
        // an unreadable file is not even acknowledged
        Course::Rejected(claims::RejectionSource::Transport) => {
            let reasons = vec![reason("999:R", "")];
            let source = claims::RejectionSource::Transport.into();
            vec![("rejected", Response::Rejected(claims::PayerRejected { source, reasons }))]
        }
        Course::Rejected(source) => {
            let (code, field) = draw.pick(&REJECTIONS);
            let reasons = vec![reason(code, field)];
            let rejected = Response::Rejected(claims::PayerRejected { source: source.into(), reasons });
            vec![received, ("rejected", rejected)]
        }
        Course::Pended => {
            let reasons = vec![reason("P1:46", "")];
            vec![received, accepted, ("pended", Response::Pended(claims::PayerPended { reasons }))]
        }
        Course::Denied => vec![received, accepted, ("denied", Response::Denied(denied(&mut draw, bill, number)))],
        Course::Paid => vec![received, accepted, ("paid", Response::Paid(paid(&mut draw, bill, number)))],
    };
    let mut answers: Vec<_> = said
        .into_iter()
        .zip(1..)
        .map(|((what, response), step)| Answer {
            response_id: format!("sim-{}-{}-{what}", bill.claim_number, bill.attempt),
            responded_at: later(bill.submitted_at, step),
            response,
            is_doubled: draw.chance(DOUBLED),
        })
        .collect();
    // the mail is late: what was said before the decision arrives after it
    if answers.len() == 3 && draw.chance(LATE) {
        answers.swap(1, 2);
    }
    answers
}

/// What a payer pays, and who bears the rest.
fn paid(draw: &mut Draw, bill: &Bill, payer_claim_number: String) -> claims::PayerPaid {
    let terms = Terms::draw(draw, &bill.payer_id);
    let Share { written_off, patient, paid } = terms.share(bill.charge_cents, &mut { COPAY });
    let mut adjustments = Vec::new();
    let mut adjust = |group: claims::AdjustmentGroup, reason: &str, cents: i64| {
        if cents > 0 {
            adjustments.push(claims::Adjustment {
                group: group.into(),
                reason: reason.to_owned(),
                amount: dollars(cents),
            });
        }
    };
    let (why_written_off, why_patient) = terms.reasons();
    adjust(claims::AdjustmentGroup::Contractual, why_written_off, written_off);
    adjust(claims::AdjustmentGroup::PatientResponsibility, why_patient, patient);
    claims::PayerPaid {
        paid_amount: dollars(paid),
        patient_responsibility_amount: dollars(patient),
        adjustments,
        payer_claim_number,
        paid_on: Some(day(bill.submitted_at)),
        forwarded: false,
    }
}

fn denied(draw: &mut Draw, bill: &Bill, payer_claim_number: String) -> claims::PayerDenied {
    let (code, remark, appealable) = draw.weighted(&DENIALS);
    claims::PayerDenied {
        adjustments: vec![claims::Adjustment {
            group: claims::AdjustmentGroup::Contractual.into(),
            reason: code.to_owned(),
            amount: dollars(bill.charge_cents),
        }],
        reasons: vec![reason(remark, "")],
        payer_claim_number,
        denied_on: Some(day(bill.submitted_at)),
        appealable,
    }
}

fn reason(code: &str, field: &str) -> claims::ResponseReason {
    claims::ResponseReason { code: code.to_owned(), field: field.to_owned(), message: String::new() }
}

fn payer_claim_number(draw: &mut Draw) -> String {
    format!("ICN{}", draw.digits(11))
}

/// A moment later for each step; far enough apart to be told from each other, and never in the future.
fn later(at: Timestamp, step: i32) -> Timestamp {
    let nanos = at.nanos + step * 10_000;
    Timestamp { seconds: at.seconds + i64::from(nanos / 1_000_000_000), nanos: nanos % 1_000_000_000 }
}

/// The day of an answer. Half a day back, it is over in every time zone.
fn day(at: Timestamp) -> Date {
    let at = DateTime::from_timestamp(at.seconds, 0).unwrap_or_default() - TimeDelta::hours(12);
    let small = |n: u32| i32::try_from(n).unwrap_or_default();
    Date { year: at.year(), month: small(at.month()), day: small(at.day()) }
}

pub(super) fn draw(seed: u64, bill: &Bill, purpose: &str) -> Draw {
    Draw::new(seed, &["payer", purpose, &bill.claim_number, &bill.attempt.to_string()])
}

#[cfg(test)]
mod tests;
