//! What a 999 or a 277CA says of a claim, as the answer that it is.

use x12::acknowledgment::{Context, SegmentError, Set};
use x12::code::Code;
use x12::status::{Action, Claim, Status, StatusCode};

use crate::response::{Answer, Reason, RejectedBy};

/// What a rejected set says of a claim in it: the errors that name it, or that it went down with the others.
#[must_use]
pub fn rejected(set: &Set, claim_number: &str) -> Answer {
    let own: Vec<Reason> = set.errors.iter().filter(|error| names(error, claim_number)).map(segment_reason).collect();
    let reasons = if own.is_empty() {
        let codes = set.reasons.iter().map(|code| reason(format!("999_IK5_{code}"), "", "the file was rejected"));
        let mut reasons: Vec<Reason> = codes.collect();
        if reasons.is_empty() {
            reasons.push(file_rejected());
        }
        reasons
    } else {
        own
    };
    Answer::Rejected { by: RejectedBy::Transport, reasons }
}

fn names(error: &SegmentError, claim_number: &str) -> bool {
    let of_elements = error.elements.iter().flat_map(|element| &element.contexts);
    let mut contexts = error.contexts.iter().chain(of_elements);
    contexts.any(|context| matches!(context, Context::Claim(number) if number == claim_number))
}

fn segment_reason(error: &SegmentError) -> Reason {
    let text = |code: Option<Code>| code.map_or_else(String::new, |code| code.to_string());
    let (loop_id, segment) = (text(error.loop_id), text(error.segment_id));
    let element = error.elements.first();
    let field = match element.and_then(|element| element.element) {
        Some(number) => format!("{loop_id}/{segment}{number:02}"),
        None => format!("{loop_id}/{segment}"),
    };
    let code = element.and_then(|element| element.code).or(error.code);
    reason(format!("999_{}", text(code)), &field, "the partner could not read this part of the claim")
}

/// The reason where a 999 rejects the whole file and gives none.
pub(super) fn file_rejected() -> Reason {
    reason("999_REJECTED".to_owned(), "", "the file was rejected")
}

pub(super) fn reason(code: String, field: &str, message: &str) -> Reason {
    Reason { code, field: field.to_owned(), message: message.to_owned() }
}

/// What a 277CA says of one claim; `None` where its categories say nothing that a claim could be moved by.
#[must_use]
pub fn acknowledged(claim: &Claim, is_payer: bool) -> Option<Answer> {
    let codes: Vec<&StatusCode> = claim.statuses.iter().flat_map(|status| &status.codes).collect();
    let has = |categories: &[&str]| codes.iter().any(|code| categories.contains(&code.category.as_str()));
    // what is refused under a category that a 277CA has not, as finalized or not found, is for a person to look at
    let is_refused = claim.statuses.iter().any(|status: &Status| status.action == Some(Action::Reject));
    let is_other = is_refused && !codes.iter().all(|code| code.category.as_str().starts_with('A'));
    if is_other {
        return None;
    }
    if is_refused || has(&["A3", "A6", "A7", "A8"]) {
        let by = if is_payer { RejectedBy::Payer } else { RejectedBy::Clearinghouse };
        let of_lines = claim.lines.iter().flat_map(|line| &line.statuses).flat_map(|status| &status.codes);
        let mut reasons: Vec<Reason> = codes.iter().copied().chain(of_lines).map(status_reason).collect();
        reasons.dedup();
        return Some(Answer::Rejected { by, reasons });
    }
    if has(&["A2"]) {
        return Some(Answer::Accepted { payer_claim_number: claim.payer_claim_number.clone() });
    }
    if codes.iter().any(|code| code.category.as_str().starts_with('P')) {
        return Some(Answer::Pended { reasons: codes.into_iter().map(status_reason).collect() });
    }
    has(&["A0", "A1", "A5"]).then_some(Answer::Received)
}

fn status_reason(code: &StatusCode) -> Reason {
    let field = match code.entity.as_ref().map_or("", Code::as_str) {
        "85" => "billing_provider",
        "82" => "rendering_provider",
        "DQ" => "supervising_provider",
        "IL" | "HK" => "subscriber",
        "QC" => "patient",
        "PR" => "payer",
        _ => "",
    };
    let code = format!("{}_{}", code.category, code.status);
    reason(code, field, "see the claim status code of the answer")
}
