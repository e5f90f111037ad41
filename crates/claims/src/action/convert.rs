//! Claim actions to and from the wire.

use kernel::clock::{parts, timestamp};
use kernel::{Violations, etag};
use therapy_claims::claims::v1 as pb;

use super::{ActionKind, ActionState, ClaimAction, Filter, Wanted};
use crate::rules::DELAY_REASONS;

const REASON_MIN: usize = 10;
const TEXT_MAX: usize = 500;

/// Reads what all requests have.
pub fn wanted(v: &mut Violations, kind: ActionKind, claim_id: &str, reason: &str, claim_etag: &str) -> Wanted {
    let claim = v.id("claim_id", claim_id);
    let text = v.text("reason", reason, TEXT_MAX);
    if !text.is_empty() && text.chars().count() < REASON_MIN {
        v.add("reason", "must have at least 10 characters: who decides reads it");
    }
    let expected = etag::expected(v, "claim_etag", claim_etag);
    Wanted { claim, expected, kind, reason: text, delay_reason_code: None, deadline: None }
}

/// A delay reason that must be given.
pub fn delay_reason(v: &mut Violations, code: &str) -> String {
    if !DELAY_REASONS.contains(&code) {
        v.add("delay_reason_code", "must be a delay reason code: 1 to 11 or 15");
    }
    code.to_owned()
}

/// A note that may be left out.
pub fn note(v: &mut Violations, text: &str) -> Option<String> {
    v.optional_text("note", text, TEXT_MAX)
}

/// Reads what a list is narrowed to.
pub fn filter(v: &mut Violations, request: &pb::ListClaimActionsRequest) -> Filter {
    let state = (request.state != 0).then(|| v.known("state", state_from_pb(request.state), ActionState::Proposed));
    Filter { state, claim: v.optional_id("claim_id", &request.claim_id) }
}

fn state_from_pb(state: i32) -> Option<ActionState> {
    match pb::ClaimActionState::try_from(state).ok()? {
        pb::ClaimActionState::Proposed => Some(ActionState::Proposed),
        pb::ClaimActionState::Applied => Some(ActionState::Applied),
        pb::ClaimActionState::Rejected => Some(ActionState::Rejected),
        pb::ClaimActionState::Withdrawn => Some(ActionState::Withdrawn),
        pb::ClaimActionState::Unspecified => None,
    }
}

const fn state_to_pb(state: ActionState) -> pb::ClaimActionState {
    match state {
        ActionState::Proposed => pb::ClaimActionState::Proposed,
        ActionState::Applied => pb::ClaimActionState::Applied,
        ActionState::Rejected => pb::ClaimActionState::Rejected,
        ActionState::Withdrawn => pb::ClaimActionState::Withdrawn,
    }
}

const fn kind_to_pb(kind: ActionKind) -> pb::ClaimActionKind {
    match kind {
        ActionKind::Void => pb::ClaimActionKind::Void,
        ActionKind::WriteOff => pb::ClaimActionKind::WriteOff,
        ActionKind::TimelyFilingOverride => pb::ClaimActionKind::TimelyFilingOverride,
        ActionKind::Appeal => pb::ClaimActionKind::Appeal,
    }
}

#[must_use]
pub fn to_pb(action: ClaimAction) -> pb::ClaimAction {
    let ClaimAction {
        practice_id: _,
        id,
        claim_id,
        kind,
        reason,
        delay_reason_code,
        was_proposed,
        state,
        requested_by,
        requested_at,
        decided_by,
        decided_at,
        decision_note,
        version,
        created_at: _,
        updated_at: _,
        deadline,
    } = action;
    pb::ClaimAction {
        id: id.to_string(),
        claim_id: claim_id.to_string(),
        kind: kind_to_pb(kind).into(),
        state: state_to_pb(state).into(),
        reason,
        delay_reason_code: delay_reason_code.unwrap_or_default(),
        was_proposed,
        requested_by: requested_by.to_string(),
        requested_at: Some(timestamp(requested_at)),
        decided_by: decided_by.map(|id| id.to_string()).unwrap_or_default(),
        decided_at: decided_at.map(timestamp),
        decision_note: decision_note.unwrap_or_default(),
        etag: etag::of(version),
        deadline: deadline.map(|day| parts(day).into()),
    }
}
