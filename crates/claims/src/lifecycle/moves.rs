//! Where each happening leads: the claim's moves, as one function of state and event.

use chrono::{DateTime, Utc};

use super::event::Event;
use super::{Disposition, PayerState, State, Status};

mod pending;

/// Where an event leads.
pub(super) enum Move {
    To(State),
    /// True, but old news: it is kept, and changes nothing.
    Stay,
    Illegal,
}

pub(super) fn outcome(state: State, event: Event) -> Move {
    let is_replacing = state.payer_state == PayerState::ReplacementPending;
    match (state.disposition, state.standing) {
        (Disposition::Active, None) => on_its_own(state, event),
        (Disposition::Active, Some(standing)) if is_replacing => pending::replacement(state, standing, event),
        (Disposition::Active, Some(standing)) => pending::void(state, standing, event),
        (Disposition::Replaced, Some(standing)) if is_replacing => pending::replaced(state, standing, event),
        (
            Disposition::Replaced | Disposition::Voided | Disposition::Cancelled | Disposition::WrittenOff,
            Some(_) | None,
        ) => Move::Illegal,
    }
}

/// Where no other claim, and no void, is on its way beside it.
fn on_its_own(state: State, event: Event) -> Move {
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
        Event::Forwarded { at } => forwarded(state, at),
        Event::Rejected { by, at } => rejected(state, by.into(), at),
        // a remittance may come without any acknowledgment, so from every submitted state
        Event::Paid { kind, at } if state.status == Status::Submitted => {
            by_payer(state.transmitted(), Status::Paid, kind.into(), at)
        }
        Event::Denied { kind, at } if state.status == Status::Submitted => {
            by_payer(state.transmitted(), Status::Denied, kind.into(), at)
        }
        // an appeal may be answered by taking the denial back first
        Event::Reversed { at } if is_decided(state) || state.payer_state == PayerState::Appealed => {
            by_payer(state, Status::Submitted, PayerState::Reversed, at)
        }
        Event::Appealed { at } if state.status == Status::Denied && state.payer_state != PayerState::DeniedFinal => {
            by_payer(state, Status::Submitted, PayerState::Appealed, at)
        }
        Event::DenialClosed { write_off } if state.status == Status::Denied => {
            let disposition = if write_off { Disposition::WrittenOff } else { Disposition::Active };
            Move::To(State { payer_state: PayerState::DeniedFinal, disposition, ..state })
        }
        Event::VoidRequested { at } if is_known(state) => {
            let standing = Some((state.status, state.payer_state));
            by_payer(State { standing, ..state }, Status::Submitted, PayerState::VoidPending, at)
        }
        Event::ReplacementRequested { at } if is_known(state) => {
            let standing = Some((state.status, state.payer_state));
            by_payer(State { standing, ..state }, Status::Submitted, PayerState::ReplacementPending, at)
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
        | Event::ReplacementRequested { .. }
        | Event::ReplacementDropped { .. }
        | Event::Replaced { .. }
        | Event::Cancelled => Move::Illegal,
    }
}

const fn is_decided(state: State) -> bool {
    matches!(state.status, Status::Paid | Status::Denied)
}

/// The payer must know the claim: there is nothing to take back, or to replace, before.
const fn is_known(state: State) -> bool {
    is_decided(state) || matches!((state.status, state.payer_state), (Status::Submitted, PayerState::Accepted))
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

/// Passed on undecided: from then on it is another payer's to answer.
fn forwarded(state: State, at: DateTime<Utc>) -> Move {
    match (state.status, rank(state.payer_state)) {
        (Status::Submitted, Some(_)) => by_payer(state.transmitted(), Status::Submitted, PayerState::Forwarded, at),
        (Status::Submitted | Status::Paid | Status::Denied, _) => Move::Stay,
        (Status::Draft, _) if is_rejected(state.payer_state) && !is_newer(state, at) => Move::Stay,
        (Status::Draft | Status::Ready, _) => Move::Illegal,
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

pub(super) fn is_newer(state: State, at: DateTime<Utc>) -> bool {
    state.payer_state_at.is_none_or(|known| at > known)
}

/// A step of our own: the payer's clock does not move.
fn locally(state: State, status: Status, payer_state: PayerState) -> Move {
    Move::To(State { status, payer_state, ..state })
}

/// A step of this round, at the sender's time.
pub(super) fn by_payer(state: State, status: Status, payer_state: PayerState, at: DateTime<Utc>) -> Move {
    Move::To(State { status, payer_state, payer_state_at: Some(at), ..state })
}

impl State {
    const fn transmitted(mut self) -> Self {
        self.was_transmitted = true;
        self
    }
}
