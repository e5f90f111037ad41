//! Network statuses to and from the wire.

use kernel::clock::{parts, timestamp};
use kernel::id::NetworkStatusId;
use kernel::{Scope, Violations, etag};
use therapy_claims::clinical::v1 as pb;

use super::{NetworkStatus, Participation};
use crate::fields::payer_id;

/// Reads a status to be set; `v` collects what is wrong with it.
pub fn new(v: &mut Violations, scope: &Scope, status: &pb::NetworkStatus) -> NetworkStatus {
    let pb::NetworkStatus {
        id: _,
        practice_id: _,
        therapist_id,
        payer_id: payer,
        status,
        effective_from,
        effective_to,
        etag: _,
        created_at: _,
        updated_at: _,
    } = status;
    let now = scope.now();
    let row = NetworkStatus {
        practice_id: scope.practice(),
        id: NetworkStatusId::new(),
        therapist_id: v.id("therapist_id", therapist_id),
        payer_id: payer_id(v, payer),
        status: participation(v, *status),
        effective_from: v.date("effective_from", effective_from.map(Into::into)),
        effective_to: v.optional_date("effective_to", effective_to.map(Into::into)),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    if row.effective_to.is_some_and(|to| to < row.effective_from) {
        v.add("effective_to", "must not be before effective_from");
    }
    row
}

fn participation(v: &mut Violations, status: i32) -> Participation {
    let status = pb::NetworkParticipation::try_from(status).ok().and_then(|status| match status {
        pb::NetworkParticipation::Unspecified => None,
        pb::NetworkParticipation::InNetwork => Some(Participation::InNetwork),
        pb::NetworkParticipation::OutOfNetwork => Some(Participation::OutOfNetwork),
        pb::NetworkParticipation::Pending => Some(Participation::Pending),
    });
    v.known("status", status, Participation::Pending)
}

/// A status on the wire.
#[must_use]
pub fn to_pb(status: NetworkStatus) -> pb::NetworkStatus {
    let NetworkStatus {
        practice_id,
        id,
        therapist_id,
        payer_id,
        status,
        effective_from,
        effective_to,
        version,
        created_at,
        updated_at,
    } = status;
    pb::NetworkStatus {
        id: id.to_string(),
        practice_id: practice_id.to_string(),
        therapist_id: therapist_id.to_string(),
        payer_id,
        status: participation_to_pb(status).into(),
        effective_from: Some(parts(effective_from).into()),
        effective_to: effective_to.map(|day| parts(day).into()),
        etag: etag::of(version),
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
    }
}

const fn participation_to_pb(status: Participation) -> pb::NetworkParticipation {
    match status {
        Participation::InNetwork => pb::NetworkParticipation::InNetwork,
        Participation::OutOfNetwork => pb::NetworkParticipation::OutOfNetwork,
        Participation::Pending => pb::NetworkParticipation::Pending,
    }
}
