//! How a payer shares a charge out between itself, the patient and nobody.

use crate::workload::catalog;
use crate::workload::draw::Draw;

/// How a payer shares out what it is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::payer) struct Terms {
    /// What is covered of a charge, of a thousand.
    pub allows: i64,
    pub share: Sharing,
}

/// Who bears what is covered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::payer) enum Sharing {
    /// The payer, all of it.
    #[default]
    Payer,
    /// The patient, all of it: the deductible.
    Deductible,
    /// The patient a fifth.
    Coinsurance,
    /// The patient a fixed sum of each claim.
    Copay,
    /// The patient half of it, beyond what the plan pays for.
    BeyondBenefit,
    /// Nobody: it is paid already by the month.
    Capitation,
}

/// A charge, shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::payer) struct Share {
    pub written_off: i64,
    pub patient: i64,
    pub paid: i64,
}

/// What a patient pays of each claim where there is a copay.
pub(in crate::payer) const COPAY: i64 = 2_500;

impl Terms {
    pub(in crate::payer) fn draw(draw: &mut Draw, payer_id: &str) -> Self {
        let is_medicaid = catalog::payer(payer_id).is_some_and(|payer| payer.filing_indicator == "MC");
        let share = if is_medicaid {
            Sharing::Payer
        } else {
            draw.weighted(&[
                (30, Sharing::Payer),
                (42, Sharing::Copay),
                (18, Sharing::Coinsurance),
                (8, Sharing::Deductible),
                (2, Sharing::Capitation),
            ])
        };
        Self::of(payer_id, share)
    }

    pub(in crate::payer) fn of(payer_id: &str, share: Sharing) -> Self {
        Self { allows: catalog::payer(payer_id).map_or(800, |payer| payer.allows), share }
    }

    /// Shares out a charge; it adds up whatever the terms. `copay` is what is left of the claim's.
    pub(in crate::payer) fn share(self, charge: i64, copay: &mut i64) -> Share {
        let allowed = charge * self.allows / 1000;
        let (covered, patient) = match self.share {
            Sharing::Payer => (allowed, 0),
            Sharing::Deductible => (allowed, allowed),
            Sharing::Coinsurance => (allowed, allowed / 5),
            Sharing::Copay => {
                let patient = allowed.min(*copay);
                *copay -= patient;
                (allowed, patient)
            }
            Sharing::BeyondBenefit => (allowed, allowed / 2),
            Sharing::Capitation => (0, 0),
        };
        Share { written_off: charge - covered, patient, paid: covered - patient }
    }

    /// The reasons of what is written off and of what is the patient's.
    pub(in crate::payer) const fn reasons(self) -> (&'static str, &'static str) {
        match self.share {
            Sharing::Capitation => ("24", ""),
            Sharing::Payer => ("45", ""),
            Sharing::Deductible => ("45", "1"),
            Sharing::Coinsurance => ("45", "2"),
            Sharing::Copay => ("45", "3"),
            Sharing::BeyondBenefit => ("45", "119"),
        }
    }
}
