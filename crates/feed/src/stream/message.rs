//! What a subscriber asks for, and what a stream tells it.

use std::collections::BTreeMap;

use kernel::PracticeId;

use crate::event::Batch;
use crate::standing::Standing;

/// Events per batch at most.
pub const BATCH_MAX: usize = 500;

/// Where a stream begins in practices that the subscription never acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// After the last acknowledged event, or from the oldest one kept.
    Resume,
    Beginning,
    Now,
}

/// What a subscriber asks for.
#[derive(Debug, Clone)]
pub struct Subscribe {
    pub start: Start,
    /// Exclusive positions that override `start`.
    pub positions: BTreeMap<PracticeId, i64>,
    /// Only events with one of these topics; all when empty.
    pub topics: Vec<String>,
    /// Events sent and not acknowledged at most.
    pub max_outstanding: i64,
    /// Events per batch at most; never more than [`BATCH_MAX`].
    pub batch_max: usize,
}

/// What a stream tells.
#[derive(Debug)]
pub enum Message {
    Started {
        epoch: i64,
        practices: Vec<Standing>,
        max_outstanding: i64,
    },
    Batch(Batch),
    /// Up to where each practice was sent, counting what the filter kept back.
    Progress(Vec<(PracticeId, i64)>),
    Joined(Standing),
    Left(PracticeId),
    CursorTooOld {
        practice: PracticeId,
        requested: i64,
        first: i64,
    },
    Draining,
}
