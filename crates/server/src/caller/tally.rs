//! The calls that were answered, written down so that the run can be held against the audit log.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use therapy_claims::Method;

/// The calls that were answered, for those who ask for them to be written down.
#[derive(Clone, Default)]
pub struct Tally(Option<Arc<Mutex<Vec<Made>>>>);

/// A call that was answered.
#[derive(Debug, Clone)]
pub struct Made {
    pub practice_id: Arc<str>,
    pub method: &'static Method,
    /// The `x-request-id` that it carried.
    pub request_id: String,
}

impl Tally {
    /// One that is kept. The default keeps nothing, so that who calls for months doesn't grow.
    #[must_use]
    pub fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    pub(super) fn note(&self, made: impl FnOnce() -> Made) {
        if let Some(kept) = &self.0 {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(made());
        }
    }

    /// What was made so far.
    #[must_use]
    pub fn made(&self) -> Vec<Made> {
        self.0.as_ref().map_or_else(Vec::new, |kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_keeps_only_what_it_is_asked_to() {
        let made = || Made {
            practice_id: Arc::from("p"),
            method: therapy_claims::method("/therapy.claims.v1.PayerService/GetPayer").unwrap(),
            request_id: String::new(),
        };
        for (tally, kept) in [(Tally::default(), 0), (Tally::kept(), 1)] {
            tally.note(made);
            assert_eq!(tally.made().len(), kept);
        }
    }
}
