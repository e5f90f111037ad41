//! Why Medicare is asked after another payer.

use kernel::Violations;
use therapy_claims::clinical::v1 as pb;

use super::super::MedicareSecondaryReason;

/// Nothing where nothing is said.
pub(super) fn reason(v: &mut Violations, reason: i32) -> Option<MedicareSecondaryReason> {
    let known = pb::MedicareSecondaryReason::try_from(reason).ok().map(|reason| match reason {
        pb::MedicareSecondaryReason::Unspecified => None,
        pb::MedicareSecondaryReason::WorkingAged => Some(MedicareSecondaryReason::WorkingAged),
        pb::MedicareSecondaryReason::EndStageRenalDisease => Some(MedicareSecondaryReason::EndStageRenalDisease),
        pb::MedicareSecondaryReason::NoFault => Some(MedicareSecondaryReason::NoFault),
        pb::MedicareSecondaryReason::WorkersCompensation => Some(MedicareSecondaryReason::WorkersCompensation),
        pb::MedicareSecondaryReason::PublicHealthService => Some(MedicareSecondaryReason::PublicHealthService),
        pb::MedicareSecondaryReason::BlackLung => Some(MedicareSecondaryReason::BlackLung),
        pb::MedicareSecondaryReason::Veterans => Some(MedicareSecondaryReason::Veterans),
        pb::MedicareSecondaryReason::Disabled => Some(MedicareSecondaryReason::Disabled),
        pb::MedicareSecondaryReason::OtherLiability => Some(MedicareSecondaryReason::OtherLiability),
    });
    v.known("medicare_secondary_reason", known, None)
}

pub(super) const fn reason_to_pb(reason: MedicareSecondaryReason) -> pb::MedicareSecondaryReason {
    match reason {
        MedicareSecondaryReason::WorkingAged => pb::MedicareSecondaryReason::WorkingAged,
        MedicareSecondaryReason::EndStageRenalDisease => pb::MedicareSecondaryReason::EndStageRenalDisease,
        MedicareSecondaryReason::NoFault => pb::MedicareSecondaryReason::NoFault,
        MedicareSecondaryReason::WorkersCompensation => pb::MedicareSecondaryReason::WorkersCompensation,
        MedicareSecondaryReason::PublicHealthService => pb::MedicareSecondaryReason::PublicHealthService,
        MedicareSecondaryReason::BlackLung => pb::MedicareSecondaryReason::BlackLung,
        MedicareSecondaryReason::Veterans => pb::MedicareSecondaryReason::Veterans,
        MedicareSecondaryReason::Disabled => pb::MedicareSecondaryReason::Disabled,
        MedicareSecondaryReason::OtherLiability => pb::MedicareSecondaryReason::OtherLiability,
    }
}
