//! How far a practice was read, and which positions can be asked for then.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::{Code, Detail, Failure, PracticeId};

/// How far a practice was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub practice: PracticeId,
    pub acked: i64,
    /// Whether the subscription keeps a place in this practice.
    pub known: bool,
    /// Position of the oldest event kept; 1 when none was let go.
    pub first: i64,
    pub head: i64,
    /// When the oldest event happened that is not acknowledged.
    pub oldest_unacked_at: Option<DateTime<Utc>>,
}

impl Standing {
    /// Whether everything behind the position can still be read.
    ///
    /// # Errors
    /// `OUT_OF_RANGE / CURSOR_TOO_OLD`, with the first position there is.
    pub fn check_kept(&self, after: i64) -> Result<(), Failure> {
        if after >= self.first - 1 {
            return Ok(());
        }
        Err(Failure::new(Code::OutOfRange, "CURSOR_TOO_OLD", "the events after this position are no longer kept")
            .detail(Detail::Facts(vec![
                ("practice_id", self.practice.to_string()),
                ("requested_position", after.to_string()),
                ("first_position", self.first.to_string()),
            ])))
    }
}

/// Nobody can have read what did not happen yet.
pub(crate) fn not_ahead(standings: &[Standing], positions: &BTreeMap<PracticeId, i64>) -> Result<(), Failure> {
    let is_ahead = |s: &&Standing| positions.get(&s.practice).is_some_and(|position| *position > s.head);
    let Some(standing) = standings.iter().find(is_ahead) else { return Ok(()) };
    Err(Failure::new(Code::InvalidArgument, "POSITION_NOT_SENT", "a position was named that no event has yet").detail(
        Detail::Facts(vec![
            ("practice_id", standing.practice.to_string()),
            ("head_position", standing.head.to_string()),
        ]),
    ))
}
