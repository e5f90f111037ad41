//! An entry's bytes: encoded once, when it is about to be written.

use kernel::access::Actor;
use prost::Message;
use therapy_claims::audit::v1::EntryBody;
use uuid::Uuid;

use crate::entry::Entry;
use crate::seal::{BYTES, MacKeys};

/// What the chain is over.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) body: Vec<u8>,
    pub(crate) mac: [u8; BYTES],
}

impl Sealed {
    pub(crate) fn new(keys: &MacKeys, entry: &Entry) -> Self {
        let key = keys.current();
        let body = body(entry, key).encode_to_vec();
        // the current key is there by its own word
        let mac = keys.mac(key, &body).unwrap_or_default();
        Self { body, mac }
    }
}

fn body(entry: &Entry, mac_key_id: &str) -> EntryBody {
    let bytes = |id: Uuid| id.as_bytes().to_vec();
    let all = |ids: &[Uuid]| ids.iter().flat_map(|id| *id.as_bytes()).collect();
    let (kind, actor_id) = actor(entry);
    EntryBody {
        practice_id: bytes(entry.practice),
        recorded_at: entry.recorded_at.timestamp_micros(),
        mac_key_id: mac_key_id.to_owned(),
        actor_kind: kind.to_owned(),
        actor_id: actor_id.map(bytes).unwrap_or_default(),
        actor_role: entry.acting_as.to_owned(),
        token_key_id: entry.key_id.clone(),
        action: entry.action.as_str().to_owned(),
        outcome: entry.outcome.as_str().to_owned(),
        reason: entry.reason.clone().unwrap_or_default(),
        method: entry.method.to_owned(),
        resource_type: entry.resource.clone(),
        resource_ids: all(&entry.ids),
        resource_keys: entry.keys.clone(),
        resource_count: entry.count(),
        resource_hash: entry.resource_hash().unwrap_or_default(),
        patient_ids: all(&entry.patients),
        accessed_phi: entry.accessed_phi,
        field_classes: entry.field_classes().iter().map(|class| (*class).to_owned()).collect(),
        purpose: entry.purpose().to_owned(),
        request_id: entry.request_id.clone(),
        ip_address: entry.peer.map(|ip| ip.to_string()).unwrap_or_default(),
        break_glass_id: entry.break_glass.map(bytes).unwrap_or_default(),
        attempts: entry.attempts,
    }
}

/// The kind of actor, and the id of the person or service account.
pub(crate) fn actor(entry: &Entry) -> (&'static str, Option<Uuid>) {
    match entry.actor {
        Actor::User(id) => ("user", Some(id.uuid())),
        Actor::Service(id) => ("service", Some(id.uuid())),
        Actor::System if entry.is_anonymous() => ("anonymous", None),
        Actor::System => ("system", None),
    }
}
