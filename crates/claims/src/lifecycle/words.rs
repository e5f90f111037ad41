//! States and refusals in an operator's words; the machine's own names travel beside them in the details.

use std::fmt;

use super::{Disposition, EventKind, PayerState, State, Status};

/// Where a claim stands, as in "claim is DRAFT (validation failed)".
pub(super) struct Standing(pub(super) State);

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { status, payer_state, disposition, .. } = self.0;
        f.write_str(&status.as_str().to_uppercase())?;
        let finer = payer_state.as_str().replace('_', " ");
        match (payer_state != PayerState::None && finer != status.as_str(), disposition == Disposition::Active) {
            (true, true) => write!(f, " ({finer})"),
            (true, false) => write!(f, " ({finer}) and {}", said(disposition)),
            (false, true) => Ok(()),
            (false, false) => write!(f, " and {}", said(disposition)),
        }
    }
}

fn said(disposition: Disposition) -> String {
    disposition.as_str().replace('_', " ")
}

/// The move asked for, after "it can't".
pub(super) const fn asked(event: EventKind) -> &'static str {
    match event {
        EventKind::ValidationFailed | EventKind::ValidationPassed => "be validated",
        EventKind::Held => "be held",
        EventKind::Released => "be released",
        EventKind::Edited => "be edited",
        EventKind::MarkedReady => "be marked ready",
        EventKind::Submitted => "be submitted",
        EventKind::Transmitted => "have been sent",
        EventKind::TransmitFailed => "fail to be sent",
        EventKind::Acknowledged => "be acknowledged",
        EventKind::Forwarded => "be passed on",
        EventKind::Rejected => "be rejected",
        EventKind::Paid => "be paid",
        EventKind::Denied => "be denied",
        EventKind::Reversed => "be reversed",
        EventKind::Appealed => "be appealed",
        EventKind::DenialClosed => "have its denial closed",
        EventKind::VoidRequested => "be voided",
        EventKind::Voided => "have been voided by the payer",
        EventKind::ReplacementRequested => "be replaced",
        EventKind::ReplacementDropped => "lose its replacement",
        EventKind::Replaced => "have been replaced at the payer",
        EventKind::Cancelled => "be cancelled",
    }
}

/// What is possible from here.
pub(super) const fn advice(state: State) -> &'static str {
    if !matches!(state.disposition, Disposition::Active) {
        return "nothing more can be done with it";
    }
    match (state.status, state.payer_state, state.was_transmitted) {
        (Status::Draft, PayerState::Held, _) => "release it first",
        (Status::Draft, PayerState::None, false) => "mark it ready, edit or cancel it",
        (Status::Draft, PayerState::None, true) => "mark it ready or edit it",
        // why it came back is on the claim
        (Status::Draft, _, false) => "correct it and mark it ready, or cancel it",
        (Status::Draft, _, true) => "correct it and mark it ready",
        (Status::Ready, _, false) => "submit, edit or cancel it",
        (Status::Ready, _, true) => "submit or edit it",
        (Status::Submitted, PayerState::Queued, _) => "wait until it is sent and answered",
        (Status::Submitted, PayerState::ReplacementPending, _) => {
            "wait for the answer to its replacement, or give that up"
        }
        (Status::Submitted, _, _) => "wait for the payer's answer",
        (Status::Paid, _, _) => "replace or void it, or wait until the payer takes its payment back",
        (Status::Denied, PayerState::DeniedFinal, _) => "replace or void it, or wait until the payer takes it back",
        (Status::Denied, _, _) => "appeal, close the denial, replace or void it, or wait until the payer takes it back",
    }
}
