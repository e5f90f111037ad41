//! What must be true of a practice's books. Each check answers one line per thing that isn't.

use std::collections::{BTreeMap, HashMap, HashSet};

use therapy_claims::Phi;
use therapy_claims::audit::v1 as audit;
use therapy_claims::claims::v1 as claims;
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1::{ClaimStatus, FindingSource};

use super::books::{Books, STATUSES};
use crate::caller::Made;
use crate::workload::Outcome;
use crate::workload::make::{cents, dollars};

/// All that can be said of the books by themselves.
pub(super) fn books(books: &Books) -> Vec<String> {
    let mut found = Vec::new();
    sessions(books, &mut found);
    statuses(books, &mut found);
    for claim in &books.claims {
        money(claim, &mut found);
    }
    feed(books, &mut found);
    timelines(books, &mut found);
    found
}

pub(super) fn is_active(claim: &claims::Claim) -> bool {
    claim.disposition() == claims::Disposition::Active
}

/// Given up after it was sent: nothing takes its place unless somebody bills the session again.
fn is_given_up(claim: &claims::Claim) -> bool {
    matches!(claim.disposition(), claims::Disposition::Voided | claims::Disposition::WrittenOff)
}

/// Whether it stands beside another claim for the same: it goes to the next payer, or is to take the place of one that
/// still counts.
fn is_beside(claim: &claims::Claim, active: &HashSet<&str>) -> bool {
    !claim.prior_claim_id.is_empty() || active.contains(claim.replaces_claim_id.as_str())
}

/// Every completed insured session has exactly one claim that counts, unless it was given up, and no other session has any.
fn sessions(books: &Books, found: &mut Vec<String>) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let active: HashSet<&str> =
        books.claims.iter().filter(|claim| is_active(claim)).map(|claim| claim.id.as_str()).collect();
    for claim in books.claims.iter().filter(|claim| is_active(claim) && !is_beside(claim, &active)) {
        *counts.entry(&claim.session_id).or_default() += 1;
    }
    let given_up: HashSet<&str> =
        books.claims.iter().filter(|claim| is_given_up(claim)).map(|claim| claim.session_id.as_str()).collect();
    for session in &books.sessions {
        let is_billed = session.status() == clinical::SessionStatus::Completed
            && !session.self_pay
            && !session.disclosure_restricted;
        let count = counts.remove(session.id.as_str()).unwrap_or_default();
        let is_excused = count == 0 && given_up.contains(session.id.as_str());
        if count != usize::from(is_billed) && !is_excused {
            found.push(format!("session {} has {count} active claims, not {}", session.id, usize::from(is_billed)));
        }
    }
    found.extend(counts.into_keys().map(|id| format!("a claim bills session {id}, which is not listed")));
}

/// Lists by status add up to the list of all.
fn statuses(books: &Books, found: &mut Vec<String>) {
    let counted = by_status(books);
    for status in STATUSES {
        let (counted, listed) = (
            counted.get(&i32::from(status)).copied().unwrap_or_default(),
            books.listed.get(&i32::from(status)).copied().unwrap_or_default(),
        );
        if counted != listed {
            found.push(format!("{} claims are {}, a list of them answers {listed}", counted, name(status)));
        }
    }
}

/// Active claims by status.
pub(super) fn by_status(books: &Books) -> BTreeMap<i32, usize> {
    let mut counts = BTreeMap::new();
    for claim in books.claims.iter().filter(|claim| is_active(claim)) {
        *counts.entry(claim.status).or_default() += 1;
    }
    counts
}

/// A status as people write it.
pub(super) fn name(status: ClaimStatus) -> &'static str {
    match status {
        ClaimStatus::Draft => "draft",
        ClaimStatus::Ready => "ready",
        ClaimStatus::Submitted => "submitted",
        ClaimStatus::Paid => "paid",
        ClaimStatus::Denied => "denied",
        ClaimStatus::Unspecified => "unspecified",
    }
}

/// The charge is the sum of the lines, and a decision leaves nothing of it unexplained.
fn money(claim: &claims::Claim, found: &mut Vec<String>) {
    let amounts =
        [&claim.charge_amount, &claim.paid_amount, &claim.adjusted_amount, &claim.patient_responsibility_amount];
    let [Some(charge), Some(paid), Some(adjusted), Some(patient)] = amounts.map(|text| cents(text)) else {
        found.push(format!("claim {} has an amount that is none", claim.id));
        return;
    };
    let lines: Option<i64> = claim.lines.iter().map(|line| cents(&line.charge_amount)).sum();
    if lines != Some(charge) {
        found.push(format!("claim {} charges something else than its lines", claim.id));
    }
    let explained = paid + adjusted + patient;
    let fits = match claim.status() {
        // what the payer decided before stands until it does as asked
        _ if claim.disposition() == claims::Disposition::Voided => explained == 0,
        _ if matches!(
            claim.payer_state(),
            claims::PayerState::VoidPending | claims::PayerState::ReplacementPending
        ) =>
        {
            explained == 0 || explained == charge
        }
        ClaimStatus::Paid => explained == charge,
        ClaimStatus::Denied => explained == charge && paid == 0,
        ClaimStatus::Draft | ClaimStatus::Ready | ClaimStatus::Submitted => explained == 0,
        ClaimStatus::Unspecified => false,
    };
    if !fits {
        let text = [charge, paid, adjusted, patient].map(dollars);
        let [charge, paid, adjusted, patient] = text;
        found.push(format!(
            "claim {} is {} with charge {charge}, paid {paid}, adjusted {adjusted}, patient {patient}",
            claim.id,
            name(claim.status())
        ));
    }
}

/// Positions are 1, 2, 3 … up to the head.
fn feed(books: &Books, found: &mut Vec<String>) {
    for (event, expected) in books.events.iter().zip(1..) {
        if event.position != expected || event.previous_position != expected - 1 {
            found.push(format!("event {expected} of the feed is missing; there is {}", event.position));
            return;
        }
    }
    let last = books.events.last().map_or(0, |event| event.position);
    if last != books.head {
        found.push(format!("the feed ends at {last}, the claims are as of {}", books.head));
    }
}

/// Each claim's timeline begins with the draft, follows step by step, ends where the claim stands, and is what the feed told.
fn timelines(books: &Books, found: &mut Vec<String>) {
    let mut told: HashMap<&str, Vec<i64>> = HashMap::new();
    for event in &books.events {
        told.entry(&event.claim_id).or_default().push(event.position);
    }
    for claim in &books.claims {
        let timeline = books.timelines.get(&claim.id).map_or(&[][..], Vec::as_slice);
        if let Some(wrong) = timeline_fault(claim, timeline) {
            found.push(format!("the timeline of claim {} {wrong}", claim.id));
        }
        let positions: Vec<_> = timeline.iter().map(|event| event.position).collect();
        if told.remove(claim.id.as_str()).unwrap_or_default() != positions {
            found.push(format!("the timeline of claim {} is not what the feed told", claim.id));
        }
    }
    found.extend(told.into_keys().map(|id| format!("the feed tells of claim {id}, which is not listed")));
}

fn timeline_fault(claim: &claims::Claim, timeline: &[claims::ClaimEvent]) -> Option<&'static str> {
    let (Some(first), Some(last)) = (timeline.first(), timeline.last()) else { return Some("is empty") };
    if first.r#type() != claims::ClaimEventType::Drafted || first.from_status() != ClaimStatus::Unspecified {
        return Some("does not begin with the draft");
    }
    if (last.to_status(), last.payer_state()) != (claim.status(), claim.payer_state()) {
        return Some("does not end where the claim stands");
    }
    for pair in timeline.windows(2) {
        let [before, after] = pair else { continue };
        let version = |event: &claims::ClaimEvent| (event.claim_version, event.ordinal);
        if after.position <= before.position || version(after) <= version(before) {
            return Some("is out of order");
        }
        if after.from_status() != before.to_status() || after.previous_position != before.position {
            return Some("has a gap");
        }
    }
    None
}

/// Every defect on purpose was found, and nothing was found where there is none.
pub(super) fn findings(books: &Books, outcomes: &[Outcome]) -> Vec<String> {
    let claims: HashMap<&str, &claims::Claim> = books.claims.iter().map(|claim| (claim.id.as_str(), claim)).collect();
    let mut found = Vec::new();
    let mut surprises: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for outcome in outcomes {
        let Some(claim) = outcome.claim_id.as_deref().and_then(|id| claims.get(id)) else {
            if let Some(defect) = outcome.defect {
                found.push(format!("session {} with {defect:?} has no claim", outcome.session_id));
            }
            continue;
        };
        let mut local = claim.findings.iter().filter(|finding| finding.source() == FindingSource::Local);
        match outcome.defect {
            Some(defect) if !local.any(|finding| finding.code == defect.code()) => {
                found.push(format!("claim {} has {defect:?}, and {} was not found", claim.id, defect.code()));
            }
            Some(_) => {}
            None => {
                for finding in local {
                    surprises.entry(&finding.code).or_insert((0, &claim.id)).0 += 1;
                }
            }
        }
    }
    found.extend(surprises.into_iter().map(|(code, (count, claim))| {
        format!("{code} was found on {count} claims with nothing wrong, such as {claim}")
    }));
    found
}

/// Every call that touched health information left its entry.
pub(super) fn audited(practice_id: &str, made: &[Made], entries: &[audit::AuditEntry]) -> Vec<String> {
    let recorded: HashSet<(&str, &str)> =
        entries.iter().map(|entry| (entry.method.as_str(), entry.request_id.as_str())).collect();
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    for call in made {
        let concerns = &*call.practice_id == practice_id && call.method.phi != Phi::None;
        if concerns && !recorded.contains(&(call.method.path, call.request_id.as_str())) {
            *missing.entry(call.method.path).or_default() += 1;
        }
    }
    missing.into_iter().map(|(method, count)| format!("{count} calls of {method} left no audit entry")).collect()
}

/// Positions of the log are contiguous.
pub(super) fn unbroken(entries: &[audit::AuditEntry]) -> Vec<String> {
    let gap = entries.windows(2).find_map(|pair| match pair {
        [newer, older] if newer.position != older.position + 1 => Some(older.position),
        _ => None,
    });
    gap.map(|position| format!("the audit log has a gap after entry {position}")).into_iter().collect()
}

#[cfg(test)]
pub(super) mod tests;
