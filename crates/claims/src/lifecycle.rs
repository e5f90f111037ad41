//! The claim's life as an explicit machine: which states exist, and which events move between them.
//!
//! Three columns tell a claim's state: `status` is what people speak of, `payer_state` is where the
//! current round with the payer stands, `disposition` is why a claim no longer counts. Money is never
//! a state. A *rejected* claim was never judged and returns to draft; a *denied* one was judged.
//!
//! News from outside may arrive twice, late or in the wrong order. An event that tells nothing new
//! leaves the state as it is, and that is no error; an event that can't be true is refused, and its
//! sender's message is parked. The caller must only offer news of the claim's current attempt.

use std::fmt;

use chrono::{DateTime, Utc};
use kernel::error::{Code, Detail, Failure};

pub use self::event::{Ack, DeniedKind, Event, EventKind, PaidKind, Rejector};
use self::moves::Move;

mod event;
mod moves;
mod words;

kernel::text_enum! {
    /// What people speak of.
    pub enum Status {
        Draft = "draft",
        Ready = "ready",
        Submitted = "submitted",
        Paid = "paid",
        Denied = "denied",
    }
}

kernel::text_enum! {
    /// Where the current round with the payer stands.
    pub enum PayerState {
        None = "none",
        ValidationFailed = "validation_failed",
        Held = "held",
        /// By TA1 or 999: the file was not readable.
        RejectedTransport = "rejected_transport",
        RejectedClearinghouse = "rejected_clearinghouse",
        RejectedPayer = "rejected_payer",
        TransmitFailed = "transmit_failed",
        Queued = "queued",
        Transmitted = "transmitted",
        Received = "received",
        Accepted = "accepted",
        Pended = "pended",
        Forwarded = "forwarded",
        Reversed = "reversed",
        Appealed = "appealed",
        VoidPending = "void_pending",
        ReplacementPending = "replacement_pending",
        PaidFull = "paid_full",
        PaidPartial = "paid_partial",
        /// All of it is the patient's to pay: deductible or copay.
        ZeroPayPatientResponsibility = "zero_pay_patient_responsibility",
        PaidZeroContractual = "paid_zero_contractual",
        Denied = "denied",
        DeniedAppealable = "denied_appealable",
        DeniedFinal = "denied_final",
    }
}

kernel::text_enum! {
    /// Why a claim no longer counts; `active` while it does.
    pub enum Disposition {
        Active = "active",
        Replaced = "replaced",
        Voided = "voided",
        Cancelled = "cancelled",
        WrittenOff = "written_off",
    }
}

/// The pairs that exist. The database holds the same table as a CHECK constraint.
pub const ALLOWED_PAIRS: &[(Status, &[PayerState])] = &[
    (
        Status::Draft,
        &[
            PayerState::None,
            PayerState::ValidationFailed,
            PayerState::Held,
            PayerState::RejectedTransport,
            PayerState::RejectedClearinghouse,
            PayerState::RejectedPayer,
        ],
    ),
    (Status::Ready, &[PayerState::None, PayerState::TransmitFailed]),
    (
        Status::Submitted,
        &[
            PayerState::Queued,
            PayerState::Transmitted,
            PayerState::Received,
            PayerState::Accepted,
            PayerState::Pended,
            PayerState::Forwarded,
            PayerState::Reversed,
            PayerState::Appealed,
            PayerState::VoidPending,
            PayerState::ReplacementPending,
        ],
    ),
    (
        Status::Paid,
        &[
            PayerState::PaidFull,
            PayerState::PaidPartial,
            PayerState::ZeroPayPatientResponsibility,
            PayerState::PaidZeroContractual,
        ],
    ),
    (Status::Denied, &[PayerState::Denied, PayerState::DeniedAppealable, PayerState::DeniedFinal]),
];

/// Whether the two may stand side by side.
#[must_use]
pub fn is_allowed(status: Status, payer_state: PayerState) -> bool {
    ALLOWED_PAIRS.iter().any(|(s, states)| *s == status && states.contains(&payer_state))
}

/// A claim's whole state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    pub status: Status,
    pub payer_state: PayerState,
    pub disposition: Disposition,
    /// When the news behind `payer_state` was made, by its sender's clock; `None` before any.
    pub payer_state_at: Option<DateTime<Utc>>,
    /// Some attempt has reached a partner. Such a claim can't be cancelled any more.
    pub was_transmitted: bool,
    /// Where it stands but for the void or the replacement that is on its way: it is there again when nothing comes of it.
    pub standing: Option<(Status, PayerState)>,
}

impl State {
    /// A draft, as every claim begins.
    pub const DRAFTED: Self = Self {
        status: Status::Draft,
        payer_state: PayerState::None,
        disposition: Disposition::Active,
        payer_state_at: None,
        was_transmitted: false,
        standing: None,
    };

    /// The state after `event`. It equals `self` when the event is legal but brings nothing new.
    ///
    /// # Errors
    /// When the event is not possible here; tells what is.
    pub fn apply(self, event: Event) -> Result<Self, IllegalTransition> {
        match moves::outcome(self, event) {
            Move::To(next) => Ok(next),
            Move::Stay => Ok(self),
            Move::Illegal => Err(IllegalTransition { from: self, event: event.kind() }),
        }
    }

    /// The kinds of event that are possible here.
    pub fn allowed(self) -> impl Iterator<Item = EventKind> {
        EventKind::ALL.iter().copied().filter(move |kind| {
            // the kinds that carry a time are tried with the newest there is
            !matches!(moves::outcome(self, kind.sample()), Move::Illegal)
        })
    }
}

/// `status(payer_state)`, and the disposition where it says more.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.status, self.payer_state)?;
        if self.disposition == Disposition::Active { Ok(()) } else { write!(f, " {}", self.disposition) }
    }
}

/// An event that is not possible in the claim's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("claim is {}: it can't {}; {}", words::Standing(*from), words::asked(*event), words::advice(*from))]
pub struct IllegalTransition {
    pub from: State,
    pub event: EventKind,
}

impl From<IllegalTransition> for Failure {
    fn from(illegal: IllegalTransition) -> Self {
        Self::new(Code::FailedPrecondition, "CLAIM_INVALID_TRANSITION", illegal.to_string()).detail(
            Detail::Transition {
                from: illegal.from.to_string(),
                attempted: illegal.event.to_string(),
                allowed: illegal.from.allowed().map(|kind| kind.to_string()).collect(),
            },
        )
    }
}

#[cfg(test)]
mod tests;
