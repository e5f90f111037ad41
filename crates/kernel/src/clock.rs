//! The one clock. It is handed around, so tests can stop it or move it.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, SubsecRound, TimeDelta, Utc};

type Source = dyn Fn() -> DateTime<Utc> + Send + Sync;

/// Tells the time to whoever was given it.
#[derive(Clone)]
pub struct Clock(Arc<Source>);

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Utc::now))
    }

    /// A clock that a test drives.
    #[must_use]
    pub fn from_fn(source: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// This clock, moved by a fixed amount.
    #[must_use]
    pub fn shifted(&self, by: TimeDelta) -> Self {
        let inner = Arc::clone(&self.0);
        Self(Arc::new(move || inner() + by))
    }

    /// In whole microseconds, which is what the database keeps: an answer made from a row in memory is the one
    /// that a later read gives.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)().trunc_subsecs(6)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A point in time as it travels.
#[must_use]
pub fn timestamp(at: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.timestamp(), nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0) }
}

/// Year, month and day, for `google.type.Date`.
#[must_use]
pub fn parts(date: NaiveDate) -> (i32, i32, i32) {
    let small = |n: u32| i32::try_from(n).unwrap_or(0);
    (date.year(), small(date.month()), small(date.day()))
}
