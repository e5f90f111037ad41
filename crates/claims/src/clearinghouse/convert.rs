//! What adapters send and get.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use feed::stream::Standing;
use feed::{Start, Subscribe};
use kernel::id::SubmissionId;
use kernel::{Failure, PracticeId, Violations};
use therapy_claims::claims::v1 as pb;

use super::transmit::Named;
use crate::batch::convert::hash;
use crate::claim::{Claim, convert};

/// Unacknowledged events when the request names no number, and at most.
const OUTSTANDING: (i64, i64) = (1000, 10_000);
const POSITIONS_MAX: usize = 10_000;
const PAYERS_MAX: usize = 100;
pub(super) const SUBMISSIONS_MAX: usize = 500;

/// Where a claim stands.
pub(super) fn claim_state(claim: &Claim) -> pb::ClaimState {
    pb::ClaimState {
        claim_id: claim.id.to_string(),
        claim_number: claim.claim_number.clone(),
        status: convert::status_to_pb(claim.status).into(),
        payer_state: convert::payer_state_to_pb(claim.payer_state).into(),
        claim_version: claim.version,
    }
}

/// What became of one submission among many.
pub(super) fn result(id: SubmissionId, outcome: Result<pb::ClaimState, Failure>) -> pb::TransmissionResult {
    use pb::transmission_result::Outcome;
    let outcome = match outcome {
        Ok(state) => Outcome::Claim(state),
        Err(failure) => Outcome::Problem(clinical::import::problem::of(&failure)),
    };
    pb::TransmissionResult { submission_id: id.to_string(), outcome: Some(outcome) }
}

/// Reads a submission's ids and hash.
pub(super) fn named(v: &mut Violations, path: &str, message: &pb::SubmissionRef) -> Named {
    let pb::SubmissionRef { claim_id, submission_id, snapshot_hash } = message;
    Named {
        claim: v.id(&format!("{path}.claim_id"), claim_id),
        submission: v.id(&format!("{path}.submission_id"), submission_id),
        hash: hash(v, &format!("{path}.snapshot_hash"), snapshot_hash),
    }
}

/// Reads the submissions of one call, none of them twice.
pub(super) fn all_named(v: &mut Violations, messages: &[pb::SubmissionRef]) -> Vec<Named> {
    if !(1..=SUBMISSIONS_MAX).contains(&messages.len()) {
        v.add("submissions", "must have 1 to 500 elements");
    }
    let mut seen = HashSet::new();
    let mut read = |(i, message)| {
        let path = format!("submissions[{i}]");
        let named = named(v, &path, message);
        if !seen.insert(named.submission) {
            v.add(&path, "names the same submission as an earlier element");
        }
        named
    };
    messages.iter().take(SUBMISSIONS_MAX).enumerate().map(&mut read).collect()
}

/// Reads a subscription's name.
pub(super) fn name(v: &mut Violations, text: &str) -> String {
    let is_fit = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !(1..=64).contains(&text.len()) || !is_fit {
        v.add("subscription", "must have 1 to 64 lower-case letters, digits and hyphens");
    }
    text.to_owned()
}

/// Reads positions, at most one per practice.
pub(super) fn positions(
    v: &mut Violations,
    path: &str,
    all: &[pb::Position],
    most: usize,
) -> BTreeMap<PracticeId, i64> {
    if all.len() > most {
        v.add(path, &format!("must have at most {most} elements"));
    }
    let mut read = BTreeMap::new();
    for (i, pb::Position { practice_id, position }) in all.iter().take(most).enumerate() {
        let practice: PracticeId = v.id(&format!("{path}[{i}].practice_id"), practice_id);
        if *position < 0 {
            v.add(&format!("{path}[{i}].position"), "must not be negative");
        }
        if read.insert(practice, *position).is_some() {
            v.add(&format!("{path}[{i}].practice_id"), "is named twice");
        }
    }
    read
}

/// Reads the positions of one call that must name some.
pub(super) fn some_positions(
    v: &mut Violations,
    path: &str,
    all: &[pb::Position],
    most: usize,
) -> BTreeMap<PracticeId, i64> {
    if all.is_empty() {
        v.add(path, "must have at least one element");
    }
    positions(v, path, all, most)
}

/// As many positions as a feed's request may name.
pub(super) fn feed_positions(v: &mut Violations, path: &str, all: Option<&pb::Positions>) -> BTreeMap<PracticeId, i64> {
    some_positions(v, path, all.map_or(&[], |all| &all.positions), POSITIONS_MAX)
}

/// Reads what is to be acknowledged.
pub(super) fn acknowledged(v: &mut Violations, all: &[pb::Position]) -> BTreeMap<PracticeId, i64> {
    some_positions(v, "positions", all, POSITIONS_MAX)
}

/// Reads the payers to filter by.
pub(super) fn payers(v: &mut Violations, all: &[String]) -> Vec<String> {
    if all.len() > PAYERS_MAX {
        v.add("payer_ids", "must have at most 100 elements");
    }
    all.iter().take(PAYERS_MAX).enumerate().map(|(i, id)| v.text(&format!("payer_ids[{i}]"), id, 80)).collect()
}

/// Whether the submission's snapshot is asked for.
pub(super) fn is_full(v: &mut Violations, view: i32) -> bool {
    match pb::EventView::try_from(view) {
        Ok(pb::EventView::Full) => true,
        Ok(pb::EventView::Basic | pb::EventView::Unspecified) => false,
        Err(_) => {
            v.add("view", "must be a known view");
            false
        }
    }
}

/// Reads what a stream is to bring.
pub(super) fn subscribe(v: &mut Violations, message: &pb::SubscribeRequest) -> Subscribe {
    use pb::subscribe_request::Start as Wire;
    let mut at = BTreeMap::new();
    let start = match &message.start {
        None | Some(Wire::Resume(())) => Start::Resume,
        Some(Wire::Beginning(())) => Start::Beginning,
        Some(Wire::Now(())) => Start::Now,
        Some(Wire::Positions(all)) => {
            at = feed_positions(v, "positions.positions", Some(all));
            Start::Resume
        }
    };
    let (usual, most) = OUTSTANDING;
    let max_outstanding = match i64::from(message.max_outstanding) {
        0 => usual,
        n if n < 0 => {
            v.add("max_outstanding", "must not be negative");
            usual
        }
        n => n.min(most),
    };
    Subscribe { start, positions: at, topics: payers(v, &message.payer_ids), max_outstanding, batch_max: 0 }
}

/// How far a practice was read.
pub(super) fn standing(at: &Standing, now: DateTime<Utc>) -> pb::SubscriptionPractice {
    let Standing { practice, acked, known: _, first, head, oldest_unacked_at } = at;
    let age = |since: DateTime<Utc>| {
        let age = (now - since).max(chrono::TimeDelta::zero());
        prost_types::Duration { seconds: age.num_seconds(), nanos: age.subsec_nanos() }
    };
    pb::SubscriptionPractice {
        practice_id: practice.to_string(),
        acked_position: *acked,
        first_position: *first,
        head_position: *head,
        lag: (head - acked).max(0),
        oldest_unacked_age: oldest_unacked_at.filter(|_| head > acked).map(age),
    }
}

pub(super) fn positions_to_pb(all: impl IntoIterator<Item = (PracticeId, i64)>) -> Vec<pb::Position> {
    let position =
        |(practice, position): (PracticeId, i64)| pb::Position { practice_id: practice.to_string(), position };
    all.into_iter().map(position).collect()
}
