//! What the feed carries.

use chrono::{DateTime, Utc};
use kernel::PracticeId;
use uuid::Uuid;

pub(crate) mod store;

/// An event to be appended. `(subject, version, ordinal)` names it within the practice, once.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub event_id: Uuid,
    /// What the event is about; its events keep their order.
    pub subject: Uuid,
    /// The subject's version that this event made.
    pub version: i64,
    /// Tells apart events of one version, from 0.
    pub ordinal: i32,
    /// What happened, for filters and for operators with psql.
    pub kind: &'static str,
    /// What subscribers filter by.
    pub topic: String,
    pub payload: Vec<u8>,
    pub occurred_at: DateTime<Utc>,
}

/// An event as it is read.
#[derive(Debug, Clone)]
pub struct Event {
    /// From 1, without gaps within the practice.
    pub position: i64,
    /// Position of the event before this one that passed the same filter; 0 if there is none.
    pub previous: i64,
    pub subject: Uuid,
    pub payload: Vec<u8>,
}

/// Events of one practice, in order.
#[derive(Debug, Clone)]
pub struct Batch {
    pub practice: PracticeId,
    pub events: Vec<Event>,
}
