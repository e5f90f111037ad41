//! While a void or a replacement is on its way. What the payer says of the claim itself meanwhile changes where it stands
//! beneath, which is where it is again when the payer does not do what was asked.

use chrono::{DateTime, Utc};

use super::super::event::Event;
use super::super::{Disposition, PayerState, State, Status};
use super::{Move, by_payer, is_newer};

type Standing = (Status, PayerState);

/// Between a void and its answer.
pub(super) fn void(state: State, standing: Standing, event: Event) -> Move {
    match event {
        Event::Voided { at } | Event::Reversed { at } => {
            Move::To(State { disposition: Disposition::Voided, payer_state_at: Some(at), ..state })
        }
        Event::TransmitFailed { at } => back(state, standing, at),
        // of the claim itself nothing can be rejected any more: it is the void
        Event::Rejected { by: _, at } if is_newer(state, at) => back(state, standing, at),
        Event::Paid { .. } | Event::Denied { .. } => beneath(state, standing, event),
        Event::Rejected { .. } | Event::Acknowledged { .. } | Event::Forwarded { .. } | Event::Transmitted { .. } => {
            Move::Stay
        }
        Event::ValidationFailed
        | Event::ValidationPassed
        | Event::Held
        | Event::Released
        | Event::Edited
        | Event::MarkedReady
        | Event::Submitted { .. }
        | Event::Appealed { .. }
        | Event::DenialClosed { .. }
        | Event::VoidRequested { .. }
        | Event::ReplacementRequested { .. }
        | Event::ReplacementDropped { .. }
        | Event::Replaced { .. }
        | Event::Cancelled => Move::Illegal,
    }
}

/// Between a replacement and its acceptance. The replacement is a claim of its own, with its own answers.
pub(super) fn replacement(state: State, standing: Standing, event: Event) -> Move {
    match event {
        Event::Replaced { at } => {
            Move::To(State { disposition: Disposition::Replaced, payer_state_at: Some(at), ..state })
        }
        Event::ReplacementDropped { at } => back(state, standing, at),
        Event::Paid { .. } | Event::Denied { .. } | Event::Reversed { .. } => beneath(state, standing, event),
        Event::ReplacementRequested { .. }
        | Event::Rejected { .. }
        | Event::Acknowledged { .. }
        | Event::Forwarded { .. }
        | Event::Transmitted { .. } => Move::Stay,
        Event::ValidationFailed
        | Event::ValidationPassed
        | Event::Held
        | Event::Released
        | Event::Edited
        | Event::MarkedReady
        | Event::Submitted { .. }
        | Event::TransmitFailed { .. }
        | Event::Appealed { .. }
        | Event::DenialClosed { .. }
        | Event::VoidRequested { .. }
        | Event::Voided { .. }
        | Event::Cancelled => Move::Illegal,
    }
}

/// The replacement was accepted. The payer may still reject it by a later word, and settles the old claim's money.
pub(super) fn replaced(state: State, standing: Standing, event: Event) -> Move {
    match event {
        Event::ReplacementDropped { at } => back(State { disposition: Disposition::Active, ..state }, standing, at),
        Event::Paid { .. } | Event::Denied { .. } | Event::Reversed { .. } => beneath(state, standing, event),
        Event::ValidationFailed
        | Event::ValidationPassed
        | Event::Held
        | Event::Released
        | Event::Edited
        | Event::MarkedReady
        | Event::Submitted { .. }
        | Event::Transmitted { .. }
        | Event::TransmitFailed { .. }
        | Event::Acknowledged { .. }
        | Event::Forwarded { .. }
        | Event::Rejected { .. }
        | Event::Appealed { .. }
        | Event::DenialClosed { .. }
        | Event::VoidRequested { .. }
        | Event::Voided { .. }
        | Event::ReplacementRequested { .. }
        | Event::Replaced { .. }
        | Event::Cancelled => Move::Illegal,
    }
}

/// The payer decides on the claim itself, or takes its decision back.
fn beneath(state: State, standing: Standing, event: Event) -> Move {
    let standing = match (event, standing.0) {
        (Event::Paid { kind, at: _ }, Status::Submitted) => (Status::Paid, kind.into()),
        (Event::Denied { kind, at: _ }, Status::Submitted) => (Status::Denied, kind.into()),
        (Event::Reversed { .. }, Status::Paid | Status::Denied) => (Status::Submitted, PayerState::Reversed),
        (_, Status::Draft | Status::Ready | Status::Submitted | Status::Paid | Status::Denied) => return Move::Illegal,
    };
    Move::To(State { standing: Some(standing), ..state })
}

fn back(state: State, (status, payer_state): Standing, at: DateTime<Utc>) -> Move {
    by_payer(State { standing: None, ..state }, status, payer_state, at)
}
