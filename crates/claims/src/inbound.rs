//! Files of answers: kept as they come, read through once to see whether they can be trusted, and then dealt with
//! claim by claim.
//!
//! A file can speak of many practices, so its bytes belong to none. What it says of a claim is settled in that claim's
//! practice, some hundred claims a transaction, each under an id made of what it says: whoever brings the same again, in
//! the same file or another one, at the same time or after a crash, finds those claims dealt with and goes on.

pub mod answer;
pub mod bytes;
mod find;
pub mod ingest;
pub mod message;
pub mod part;
pub mod remit;
pub mod route;
pub mod spool;
pub mod store;
pub mod survey;
pub mod walk;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use kernel::text_enum;
use x12::Fault;

text_enum! {
    /// What a part of a file is.
    pub enum InboundKind {
        Ta1 = "ta1",
        X999 = "999",
        X277Ca = "277ca",
        X835 = "835",
        Unknown = "unknown",
    }
}

text_enum! {
    /// What became of a part of a file.
    pub enum MessageState {
        /// Claim by claim; some may be dealt with.
        Processing = "processing",
        Applied = "applied",
        /// It had come before.
        Repeated = "repeated",
        /// Readable, but a person has to look.
        Parked = "parked",
        /// Not readable.
        Refused = "refused",
    }
}

/// The reason of what can't be read.
pub const MALFORMED: &str = "MALFORMED";

/// Why a part of a file does not count. Nothing here repeats a value of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Upper snake case; part of the API.
    pub reason: &'static str,
    pub message: String,
    pub place: Option<Place>,
}

/// Where in a file something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counted in segments, from 1.
    pub segment: u64,
    /// Counted in bytes, from 0.
    pub byte: u64,
    pub id: &'static str,
}

impl Problem {
    #[must_use]
    pub fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), place: None }
    }

    /// It is about what stands there.
    #[must_use]
    pub fn at(self, position: x12::Position, id: &'static str) -> Self {
        Self { place: Some(Place { segment: position.segment, byte: position.byte, id }), ..self }
    }

    /// What can't be read.
    #[must_use]
    pub fn unreadable(fault: &Fault) -> Self {
        Self::new(MALFORMED, fault.to_string()).at(fault.position, fault.segment)
    }
}

/// When an answer was made, by its file's own clock.
///
/// It is the end of the minute that ISA names, since it names no seconds. Of two answers of one minute the deeper one is the
/// later. Nothing was answered after now.
#[must_use]
pub fn said_at(
    day: Option<NaiveDate>,
    time: Option<NaiveTime>,
    time_zone: &str,
    kind: InboundKind,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let depth = match kind {
        InboundKind::Ta1 => 0,
        InboundKind::X999 => 1,
        InboundKind::X277Ca => 2,
        InboundKind::X835 | InboundKind::Unknown => 3,
    };
    let Some(local) = day.zip(time).map(|(day, time)| day.and_time(time)) else { return now };
    let zone: chrono_tz::Tz = time_zone.parse().unwrap_or(chrono_tz::UTC);
    // an hour that a clock change repeats is taken as the first one, one that it leaves out as if there were no change
    let told = local.and_local_timezone(zone).earliest().map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc));
    (told + TimeDelta::milliseconds(59_000 + 100 * depth)).min(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(minute: u32, zone: &str, kind: InboundKind, now: &str) -> String {
        let (day, time) = (NaiveDate::from_ymd_opt(2026, 11, 20), NaiveTime::from_hms_opt(9, minute, 0));
        said_at(day, time, zone, kind, now.parse().unwrap()).to_rfc3339()
    }

    #[test]
    fn a_file_tells_the_minute_in_its_senders_time_zone() {
        let late = "2026-11-21T00:00:00Z";
        assert_eq!(told(5, "UTC", InboundKind::Ta1, late), "2026-11-20T09:05:59+00:00");
        assert_eq!(told(5, "America/New_York", InboundKind::Ta1, late), "2026-11-20T14:05:59+00:00");
    }

    #[test]
    fn of_one_minute_the_deeper_answer_is_the_later_and_none_is_of_the_future() {
        let late = "2026-11-21T00:00:00Z";
        let all = [InboundKind::Ta1, InboundKind::X999, InboundKind::X277Ca, InboundKind::X835];
        let told = all.map(|kind| told(5, "UTC", kind, late));
        assert!(told.is_sorted() && told[0] != told[3], "{told:?}");
        assert_eq!(self::told(5, "UTC", InboundKind::X999, "2026-11-20T09:05:07Z"), "2026-11-20T09:05:07+00:00");
    }

    #[test]
    fn a_file_without_a_date_was_made_when_it_came() {
        let now: DateTime<Utc> = "2026-11-20T09:05:07Z".parse().unwrap();
        assert_eq!(said_at(None, NaiveTime::from_hms_opt(1, 2, 3), "UTC", InboundKind::X999, now), now);
    }
}
