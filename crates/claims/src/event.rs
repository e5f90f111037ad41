//! What the feed tells of a claim: one event per change, encoded as it will be sent.

use kernel::access::Actor;
use kernel::clock::timestamp;
use kernel::id::{EventId, SubmissionId};
use kernel::{Scope, money};
use prost::Message;
use therapy_claims::claims::v1 as pb;
use therapy_claims::common::v1 as common;

use crate::claim::{Claim, convert};
use crate::lifecycle::Status;

pub use pb::ClaimEventType as Kind;

/// What an event tells beside the claim itself.
#[derive(Debug, Default)]
pub struct News {
    /// Where the claim stood; `None` for a new one.
    pub from: Option<Status>,
    pub submission: Option<SubmissionId>,
    /// Codes of findings, rejections or denials.
    pub reasons: Vec<String>,
    /// Tells apart events of one version, from 0.
    pub ordinal: i32,
}

/// The event of a change that made `claim` what it is now.
#[must_use]
pub fn of(scope: &Scope, kind: Kind, claim: &Claim, news: News) -> feed::NewEvent {
    let event_id = EventId::new();
    let event = pb::ClaimEvent {
        practice_id: scope.practice().to_string(),
        // given by the append and filled in by whoever reads
        position: 0,
        previous_position: 0,
        event_id: event_id.to_string(),
        claim_id: claim.id.to_string(),
        claim_number: claim.claim_number.clone(),
        claim_version: claim.version,
        ordinal: news.ordinal,
        r#type: kind.into(),
        from_status: news.from.map_or(common::ClaimStatus::Unspecified, convert::status_to_pb).into(),
        to_status: convert::status_to_pb(claim.status).into(),
        payer_state: convert::payer_state_to_pb(claim.payer_state).into(),
        actor: Some(actor_to_pb(scope.actor())),
        occurred_at: Some(timestamp(claim.updated_at)),
        payer_id: claim.payer_id.clone().unwrap_or_default(),
        submission_id: news.submission.map(|id| id.to_string()).unwrap_or_default(),
        attempt: claim.attempt,
        charge_amount: money::text(&claim.charge_amount),
        paid_amount: money::text(&claim.paid_amount),
        patient_responsibility_amount: money::text(&claim.patient_responsibility_amount),
        reason_codes: news.reasons,
        snapshot: None,
    };
    feed::NewEvent {
        event_id: event_id.uuid(),
        subject: claim.id.uuid(),
        version: claim.version,
        ordinal: news.ordinal,
        kind: kind.as_str_name(),
        topic: event.payer_id.clone(),
        payload: event.encode_to_vec(),
        occurred_at: claim.updated_at,
    }
}

/// Who did it, on the wire.
#[must_use]
pub fn actor_to_pb(actor: Actor) -> common::Actor {
    let (kind, id) = match actor {
        Actor::User(id) => (common::ActorKind::User, id.to_string()),
        Actor::Service(id) => (common::ActorKind::ServiceAccount, id.to_string()),
        Actor::System => (common::ActorKind::System, String::new()),
    };
    common::Actor { kind: kind.into(), id }
}
