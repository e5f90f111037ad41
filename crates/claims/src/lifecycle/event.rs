//! What can happen to a claim, and where each happening leads.

use chrono::{DateTime, Utc};

use super::{Disposition, PayerState, State, Status};

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
        Rejected = "rejected",
        Paid = "paid",
        Denied = "denied",
        Reversed = "reversed",
        Appealed = "appealed",
        DenialClosed = "denial_closed",
        VoidRequested = "void_requested",
        Voided = "voided",
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
            Self::Rejected { .. } => EventKind::Rejected,
            Self::Paid { .. } => EventKind::Paid,
            Self::Denied { .. } => EventKind::Denied,
            Self::Reversed { .. } => EventKind::Reversed,
            Self::Appealed { .. } => EventKind::Appealed,
            Self::DenialClosed { .. } => EventKind::DenialClosed,
            Self::VoidRequested { .. } => EventKind::VoidRequested,
            Self::Voided { .. } => EventKind::Voided,
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
            Self::Rejected => Event::Rejected { by: Rejector::Payer, at },
            Self::Paid => Event::Paid { kind: PaidKind::Full, at },
            Self::Denied => Event::Denied { kind: DeniedKind::Plain, at },
            Self::Reversed => Event::Reversed { at },
            Self::Appealed => Event::Appealed { at },
            Self::DenialClosed => Event::DenialClosed { write_off: false },
            Self::VoidRequested => Event::VoidRequested { at },
            Self::Voided => Event::Voided { at },
            Self::Cancelled => Event::Cancelled,
        }
    }
}

/// Where an event leads.
pub(super) enum Move {
    To(State),
    /// True, but old news: it is kept, and changes nothing.
    Stay,
    Illegal,
}

pub(super) fn outcome(state: State, event: Event) -> Move {
    if state.disposition != Disposition::Active {
        return Move::Illegal;
    }
    if let Some(standing) = state.before_void {
        return while_void_pending(state, standing, event);
    }
    match event {
        Event::ValidationFailed | Event::ValidationPassed | Event::Held | Event::Released | Event::Edited => {
            prepared(state, event)
        }
        Event::MarkedReady => match (state.status, state.payer_state) {
            (Status::Draft, PayerState::Held) => Move::Illegal,
            (Status::Draft, _) => locally(state, Status::Ready, PayerState::None),
            (Status::Ready | Status::Submitted | Status::Paid | Status::Denied, _) => Move::Illegal,
        },
        Event::Submitted { at } if state.status == Status::Ready => {
            by_payer(state, Status::Submitted, PayerState::Queued, at)
        }
        Event::Transmitted { at } => transmitted(state, at),
        Event::TransmitFailed { at } if state.payer_state == PayerState::Queued => {
            by_payer(state, Status::Ready, PayerState::TransmitFailed, at)
        }
        Event::Acknowledged { ack, at } => acknowledged(state, ack.into(), at),
        Event::Rejected { by, at } => rejected(state, by.into(), at),
        // a remittance may come without any acknowledgment, so from every submitted state
        Event::Paid { kind, at } if state.status == Status::Submitted => {
            by_payer(state.transmitted(), Status::Paid, kind.into(), at)
        }
        Event::Denied { kind, at } if state.status == Status::Submitted => {
            by_payer(state.transmitted(), Status::Denied, kind.into(), at)
        }
        Event::Reversed { at } if matches!(state.status, Status::Paid | Status::Denied) => {
            by_payer(state, Status::Submitted, PayerState::Reversed, at)
        }
        Event::Appealed { at } if state.status == Status::Denied => {
            by_payer(state, Status::Submitted, PayerState::Appealed, at)
        }
        Event::DenialClosed { write_off } if state.status == Status::Denied => {
            let disposition = if write_off { Disposition::WrittenOff } else { Disposition::Active };
            Move::To(State { payer_state: PayerState::DeniedFinal, disposition, ..state })
        }
        Event::VoidRequested { at } if is_voidable(state) => {
            let before_void = Some((state.status, state.payer_state));
            by_payer(State { before_void, ..state }, Status::Submitted, PayerState::VoidPending, at)
        }
        Event::Cancelled if matches!(state.status, Status::Draft | Status::Ready) && !state.was_transmitted => {
            Move::To(State { disposition: Disposition::Cancelled, ..state })
        }
        Event::Submitted { .. }
        | Event::TransmitFailed { .. }
        | Event::Paid { .. }
        | Event::Denied { .. }
        | Event::Reversed { .. }
        | Event::Appealed { .. }
        | Event::DenialClosed { .. }
        | Event::VoidRequested { .. }
        | Event::Voided { .. }
        | Event::Cancelled => Move::Illegal,
    }
}

/// The payer must know the claim: there is nothing to take back before.
const fn is_voidable(state: State) -> bool {
    match state.status {
        Status::Submitted => matches!(state.payer_state, PayerState::Accepted),
        Status::Paid | Status::Denied => true,
        Status::Draft | Status::Ready => false,
    }
}

/// What can happen between the void and its answer. The payer may decide on the claim meanwhile, which is then where a
/// refused void leads back to.
fn while_void_pending(state: State, standing: (Status, PayerState), event: Event) -> Move {
    let decided = |status, payer_state| Move::To(State { before_void: Some((status, payer_state)), ..state });
    match event {
        Event::Voided { at } | Event::Reversed { at } => {
            Move::To(State { disposition: Disposition::Voided, payer_state_at: Some(at), ..state })
        }
        Event::TransmitFailed { at } => not_voided(state, standing, at),
        Event::Rejected { by: _, at } if is_newer(state, at) => not_voided(state, standing, at),
        Event::Paid { kind, at: _ } if standing.0 == Status::Submitted => decided(Status::Paid, kind.into()),
        Event::Denied { kind, at: _ } if standing.0 == Status::Submitted => decided(Status::Denied, kind.into()),
        Event::Rejected { .. } | Event::Acknowledged { .. } | Event::Transmitted { .. } => Move::Stay,
        Event::ValidationFailed
        | Event::ValidationPassed
        | Event::Held
        | Event::Released
        | Event::Edited
        | Event::MarkedReady
        | Event::Submitted { .. }
        | Event::Paid { .. }
        | Event::Denied { .. }
        | Event::Appealed { .. }
        | Event::DenialClosed { .. }
        | Event::VoidRequested { .. }
        | Event::Cancelled => Move::Illegal,
    }
}

fn not_voided(state: State, (status, payer_state): (Status, PayerState), at: DateTime<Utc>) -> Move {
    by_payer(State { before_void: None, ..state }, status, payer_state, at)
}

/// Work inside the practice, before the claim leaves.
fn prepared(state: State, event: Event) -> Move {
    match (event, state.status, state.payer_state) {
        // why it came back stays visible until it is ready again
        (Event::ValidationFailed, Status::Draft, PayerState::None | PayerState::ValidationFailed) => {
            locally(state, Status::Draft, PayerState::ValidationFailed)
        }
        (Event::ValidationPassed, Status::Draft, PayerState::ValidationFailed) => {
            locally(state, Status::Draft, PayerState::None)
        }
        (Event::ValidationFailed | Event::ValidationPassed | Event::Edited, Status::Draft, _) => Move::Stay,
        (Event::Edited, Status::Ready, _) => locally(state, Status::Draft, PayerState::None),
        (Event::Held, Status::Draft | Status::Ready, _) => locally(state, Status::Draft, PayerState::Held),
        (Event::Released, Status::Draft, PayerState::Held) => locally(state, Status::Draft, PayerState::None),
        (_, Status::Draft | Status::Ready | Status::Submitted | Status::Paid | Status::Denied, _) => Move::Illegal,
    }
}

/// The confirmation may come after the answers that it made possible.
fn transmitted(state: State, at: DateTime<Utc>) -> Move {
    match (state.status, state.payer_state) {
        (Status::Submitted, PayerState::Queued) => {
            by_payer(state.transmitted(), Status::Submitted, PayerState::Transmitted, at)
        }
        (Status::Submitted | Status::Paid | Status::Denied, _) => Move::Stay,
        (Status::Draft, state) if is_rejected(state) => Move::Stay,
        (Status::Draft | Status::Ready, _) => Move::Illegal,
    }
}

/// A positive acknowledgment wins by rank, or by being newer.
fn acknowledged(state: State, to: PayerState, at: DateTime<Utc>) -> Move {
    match (state.status, rank(state.payer_state), rank(to)) {
        (Status::Submitted, Some(now), Some(new)) => {
            let is_newer = now >= ACKNOWLEDGED && is_newer(state, at);
            if new > now || is_newer { by_payer(state.transmitted(), Status::Submitted, to, at) } else { Move::Stay }
        }
        // already decided, or on the way to a second decision
        (Status::Submitted | Status::Paid | Status::Denied, _, _) => Move::Stay,
        (Status::Draft, _, _) if is_rejected(state.payer_state) && !is_newer(state, at) => Move::Stay,
        (Status::Draft | Status::Ready, _, _) => Move::Illegal,
    }
}

/// A rejection beats what a partner said earlier, never what it said later, and never a remittance.
fn rejected(state: State, to: PayerState, at: DateTime<Utc>) -> Move {
    match (state.status, rank(state.payer_state)) {
        (Status::Submitted, Some(now)) if now < ACKNOWLEDGED || is_newer(state, at) => {
            by_payer(state.transmitted(), Status::Draft, to, at)
        }
        (Status::Submitted | Status::Paid | Status::Denied, _) => Move::Stay,
        (Status::Draft, _) if is_rejected(state.payer_state) => Move::Stay,
        (Status::Draft | Status::Ready, _) => Move::Illegal,
    }
}

/// How far the first round has come; `None` outside of it.
pub(super) const fn rank(state: PayerState) -> Option<u8> {
    match state {
        PayerState::Queued => Some(0),
        PayerState::Transmitted => Some(1),
        PayerState::Received => Some(ACKNOWLEDGED),
        PayerState::Accepted => Some(3),
        PayerState::Pended => Some(4),
        PayerState::None
        | PayerState::ValidationFailed
        | PayerState::Held
        | PayerState::RejectedTransport
        | PayerState::RejectedClearinghouse
        | PayerState::RejectedPayer
        | PayerState::TransmitFailed
        | PayerState::Forwarded
        | PayerState::Reversed
        | PayerState::Appealed
        | PayerState::VoidPending
        | PayerState::ReplacementPending
        | PayerState::PaidFull
        | PayerState::PaidPartial
        | PayerState::ZeroPayPatientResponsibility
        | PayerState::PaidZeroContractual
        | PayerState::Denied
        | PayerState::DeniedAppealable
        | PayerState::DeniedFinal => None,
    }
}

/// From this rank on, a partner has spoken, and its clock counts.
const ACKNOWLEDGED: u8 = 2;

const fn is_rejected(state: PayerState) -> bool {
    matches!(state, PayerState::RejectedTransport | PayerState::RejectedClearinghouse | PayerState::RejectedPayer)
}

fn is_newer(state: State, at: DateTime<Utc>) -> bool {
    state.payer_state_at.is_none_or(|known| at > known)
}

/// A step of our own: the payer's clock does not move.
fn locally(state: State, status: Status, payer_state: PayerState) -> Move {
    Move::To(State { status, payer_state, ..state })
}

/// A step of this round, at the sender's time.
fn by_payer(state: State, status: Status, payer_state: PayerState, at: DateTime<Utc>) -> Move {
    Move::To(State { status, payer_state, payer_state_at: Some(at), ..state })
}

impl State {
    const fn transmitted(mut self) -> Self {
        self.was_transmitted = true;
        self
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
