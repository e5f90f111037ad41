//! The closed sets that tell where a claim stands, to and from the wire.

use therapy_claims::claims::v1 as pb;
use therapy_claims::clinical::v1 as clinical_pb;
use therapy_claims::common::v1 as common;

use super::super::PayerSequence;
use crate::lifecycle::{Disposition, PayerState, Status};

/// A status on the wire.
#[must_use]
pub const fn status_to_pb(status: Status) -> common::ClaimStatus {
    match status {
        Status::Draft => common::ClaimStatus::Draft,
        Status::Ready => common::ClaimStatus::Ready,
        Status::Submitted => common::ClaimStatus::Submitted,
        Status::Paid => common::ClaimStatus::Paid,
        Status::Denied => common::ClaimStatus::Denied,
    }
}

/// A status from the wire; `None` when unspecified or unknown.
#[must_use]
pub fn status_from_pb(status: i32) -> Option<Status> {
    match common::ClaimStatus::try_from(status).ok()? {
        common::ClaimStatus::Draft => Some(Status::Draft),
        common::ClaimStatus::Ready => Some(Status::Ready),
        common::ClaimStatus::Submitted => Some(Status::Submitted),
        common::ClaimStatus::Paid => Some(Status::Paid),
        common::ClaimStatus::Denied => Some(Status::Denied),
        common::ClaimStatus::Unspecified => None,
    }
}

/// A payer state on the wire.
#[must_use]
pub const fn payer_state_to_pb(state: PayerState) -> pb::PayerState {
    match state {
        PayerState::None => pb::PayerState::None,
        PayerState::ValidationFailed => pb::PayerState::ValidationFailed,
        PayerState::Held => pb::PayerState::Held,
        PayerState::RejectedTransport => pb::PayerState::RejectedTransport,
        PayerState::RejectedClearinghouse => pb::PayerState::RejectedClearinghouse,
        PayerState::RejectedPayer => pb::PayerState::RejectedPayer,
        PayerState::TransmitFailed => pb::PayerState::TransmitFailed,
        PayerState::Queued => pb::PayerState::Queued,
        PayerState::Transmitted => pb::PayerState::Transmitted,
        PayerState::Received => pb::PayerState::Received,
        PayerState::Accepted => pb::PayerState::Accepted,
        PayerState::Pended => pb::PayerState::Pended,
        PayerState::Forwarded => pb::PayerState::Forwarded,
        PayerState::Reversed => pb::PayerState::Reversed,
        PayerState::Appealed => pb::PayerState::Appealed,
        PayerState::VoidPending => pb::PayerState::VoidPending,
        PayerState::ReplacementPending => pb::PayerState::ReplacementPending,
        PayerState::PaidFull => pb::PayerState::PaidFull,
        PayerState::PaidPartial => pb::PayerState::PaidPartial,
        PayerState::ZeroPayPatientResponsibility => pb::PayerState::ZeroPayPatientResponsibility,
        PayerState::PaidZeroContractual => pb::PayerState::PaidZeroContractual,
        PayerState::Denied => pb::PayerState::Denied,
        PayerState::DeniedAppealable => pb::PayerState::DeniedAppealable,
        PayerState::DeniedFinal => pb::PayerState::DeniedFinal,
    }
}

/// A disposition on the wire.
#[must_use]
pub const fn disposition_to_pb(disposition: Disposition) -> pb::Disposition {
    match disposition {
        Disposition::Active => pb::Disposition::Active,
        Disposition::Replaced => pb::Disposition::Replaced,
        Disposition::Voided => pb::Disposition::Voided,
        Disposition::Cancelled => pb::Disposition::Cancelled,
        Disposition::WrittenOff => pb::Disposition::WrittenOff,
    }
}

/// A frequency on the wire.
#[must_use]
pub fn frequency_to_pb(frequency: &str) -> pb::ClaimFrequency {
    match frequency {
        "1" => pb::ClaimFrequency::Original,
        "7" => pb::ClaimFrequency::Replacement,
        "8" => pb::ClaimFrequency::Void,
        _ => pb::ClaimFrequency::Unspecified,
    }
}

/// A payer sequence on the wire.
#[must_use]
pub const fn sequence_to_pb(sequence: PayerSequence) -> clinical_pb::PayerSequence {
    match sequence {
        PayerSequence::Primary => clinical_pb::PayerSequence::Primary,
        PayerSequence::Secondary => clinical_pb::PayerSequence::Secondary,
        PayerSequence::Tertiary => clinical_pb::PayerSequence::Tertiary,
    }
}
