//! What can happen to a claim, and where each happening leads.

use chrono::{DateTime, Utc};

use super::PayerState;

kernel::text_enum! {
    /// The name of an event: what a refusal lists, and what the timeline shows.
    pub enum EventKind {
        ValidationFailed = "validation_failed",
        ValidationPassed = "validation_passed",
        Held = "held",
        Released = "released",
        Edited = "edited",
        MarkedReady = "marked_ready",
        Submitted = "submitted",
        Transmitted = "transmitted",
        TransmitFailed = "transmit_failed",
        Acknowledged = "acknowledged",
        Forwarded = "forwarded",
        Rejected = "rejected",
        Paid = "paid",
        Denied = "denied",
        Reversed = "reversed",
        Appealed = "appealed",
        DenialClosed = "denial_closed",
        VoidRequested = "void_requested",
        Voided = "voided",
        ReplacementRequested = "replacement_requested",
        ReplacementDropped = "replacement_dropped",
        Replaced = "replaced",
        Cancelled = "cancelled",
    }
}

/// How far a positive acknowledgment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    Received,
    Accepted,
    Pended,
}

/// Who would not take the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejector {
    Transport,
    Clearinghouse,
    Payer,
}

/// How a payer took its liability on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaidKind {
    Full,
    Partial,
    ZeroPayPatientResponsibility,
    ZeroContractual,
}

/// How a payer refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeniedKind {
    Plain,
    Appealable,
}

/// Something that happened. `at` is the time by the clock of whoever says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The rules found errors.
    ValidationFailed,
    /// The rules found no error, yet the claim is not marked ready.
    ValidationPassed,
    /// Someone stopped it, or stopped it again.
    Held,
    Released,
    /// The claim or what it was made from changed.
    Edited,
    /// No errors, warnings acknowledged, snapshot frozen.
    MarkedReady,
    Submitted {
        at: DateTime<Utc>,
    },
    /// A partner has the bytes.
    Transmitted {
        at: DateTime<Utc>,
    },
    /// The partner can't be given the bytes.
    TransmitFailed {
        at: DateTime<Utc>,
    },
    Acknowledged {
        ack: Ack,
        at: DateTime<Utc>,
    },
    /// A payer passed it on undecided.
    Forwarded {
        at: DateTime<Utc>,
    },
    Rejected {
        by: Rejector,
        at: DateTime<Utc>,
    },
    Paid {
        kind: PaidKind,
        at: DateTime<Utc>,
    },
    Denied {
        kind: DeniedKind,
        at: DateTime<Utc>,
    },
    /// The payer took its decision back.
    Reversed {
        at: DateTime<Utc>,
    },
    Appealed {
        at: DateTime<Utc>,
    },
    /// The practice gives up on a denied claim.
    DenialClosed {
        write_off: bool,
    },
    /// The practice asks the payer to forget about the claim.
    VoidRequested {
        at: DateTime<Utc>,
    },
    /// The payer did as asked.
    Voided {
        at: DateTime<Utc>,
    },
    /// Another claim is to take its place.
    ReplacementRequested {
        at: DateTime<Utc>,
    },
    /// The other claim doesn't: it was given up, or nobody took it.
    ReplacementDropped {
        at: DateTime<Utc>,
    },
    /// The payer took the other claim in its place.
    Replaced {
        at: DateTime<Utc>,
    },
    Cancelled,
}

impl Event {
    #[must_use]
    pub const fn kind(self) -> EventKind {
        match self {
            Self::ValidationFailed => EventKind::ValidationFailed,
            Self::ValidationPassed => EventKind::ValidationPassed,
            Self::Held => EventKind::Held,
            Self::Released => EventKind::Released,
            Self::Edited => EventKind::Edited,
            Self::MarkedReady => EventKind::MarkedReady,
            Self::Submitted { .. } => EventKind::Submitted,
            Self::Transmitted { .. } => EventKind::Transmitted,
            Self::TransmitFailed { .. } => EventKind::TransmitFailed,
            Self::Acknowledged { .. } => EventKind::Acknowledged,
            Self::Forwarded { .. } => EventKind::Forwarded,
            Self::Rejected { .. } => EventKind::Rejected,
            Self::Paid { .. } => EventKind::Paid,
            Self::Denied { .. } => EventKind::Denied,
            Self::Reversed { .. } => EventKind::Reversed,
            Self::Appealed { .. } => EventKind::Appealed,
            Self::DenialClosed { .. } => EventKind::DenialClosed,
            Self::VoidRequested { .. } => EventKind::VoidRequested,
            Self::Voided { .. } => EventKind::Voided,
            Self::ReplacementRequested { .. } => EventKind::ReplacementRequested,
            Self::ReplacementDropped { .. } => EventKind::ReplacementDropped,
            Self::Replaced { .. } => EventKind::Replaced,
            Self::Cancelled => EventKind::Cancelled,
        }
    }
}

impl EventKind {
    /// An event of this kind, as new as can be.
    pub(super) const fn sample(self) -> Event {
        let at = DateTime::<Utc>::MAX_UTC;
        match self {
            Self::ValidationFailed => Event::ValidationFailed,
            Self::ValidationPassed => Event::ValidationPassed,
            Self::Held => Event::Held,
            Self::Released => Event::Released,
            Self::Edited => Event::Edited,
            Self::MarkedReady => Event::MarkedReady,
            Self::Submitted => Event::Submitted { at },
            Self::Transmitted => Event::Transmitted { at },
            Self::TransmitFailed => Event::TransmitFailed { at },
            Self::Acknowledged => Event::Acknowledged { ack: Ack::Pended, at },
            Self::Forwarded => Event::Forwarded { at },
            Self::Rejected => Event::Rejected { by: Rejector::Payer, at },
            Self::Paid => Event::Paid { kind: PaidKind::Full, at },
            Self::Denied => Event::Denied { kind: DeniedKind::Plain, at },
            Self::Reversed => Event::Reversed { at },
            Self::Appealed => Event::Appealed { at },
            Self::DenialClosed => Event::DenialClosed { write_off: false },
            Self::VoidRequested => Event::VoidRequested { at },
            Self::Voided => Event::Voided { at },
            Self::ReplacementRequested => Event::ReplacementRequested { at },
            Self::ReplacementDropped => Event::ReplacementDropped { at },
            Self::Replaced => Event::Replaced { at },
            Self::Cancelled => Event::Cancelled,
        }
    }
}

impl From<Ack> for PayerState {
    fn from(ack: Ack) -> Self {
        match ack {
            Ack::Received => Self::Received,
            Ack::Accepted => Self::Accepted,
            Ack::Pended => Self::Pended,
        }
    }
}

impl From<Rejector> for PayerState {
    fn from(by: Rejector) -> Self {
        match by {
            Rejector::Transport => Self::RejectedTransport,
            Rejector::Clearinghouse => Self::RejectedClearinghouse,
            Rejector::Payer => Self::RejectedPayer,
        }
    }
}

impl From<PaidKind> for PayerState {
    fn from(kind: PaidKind) -> Self {
        match kind {
            PaidKind::Full => Self::PaidFull,
            PaidKind::Partial => Self::PaidPartial,
            PaidKind::ZeroPayPatientResponsibility => Self::ZeroPayPatientResponsibility,
            PaidKind::ZeroContractual => Self::PaidZeroContractual,
        }
    }
}

impl From<DeniedKind> for PayerState {
    fn from(kind: DeniedKind) -> Self {
        match kind {
            DeniedKind::Plain => Self::Denied,
            DeniedKind::Appealable => Self::DeniedAppealable,
        }
    }
}
