//! Why nothing more is signed of a practice's log, and what the operator does about it.

use audit::note::Refused;
use kernel::PracticeId;

use crate::store::Address;

/// The log, or what was exported of it, is not what it was. No checkpoint is written on top of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the log ends at {log}, but was checkpointed up to {checkpointed}: the database was rolled back")]
    RolledBack { log: u64, checkpointed: u64 },
    #[error("the log is not the one that was checkpointed at {size}, or what audit.checkpoints says of it is wrong")]
    Diverged { size: u64 },
    #[error("the log has no entry {position}, or has it twice")]
    Gap { position: u64 },
    #[error("the newest checkpoint of the store, {address}, {refused}")]
    Refused { address: Address, refused: Refused },
    #[error("the newest checkpoint of the store, {address}, is of another log or of another size")]
    Misplaced { address: Address },
    #[error("the store has {address} already, and it says something else: the log has two histories")]
    Forked { address: Address },
    #[error("the store's newest checkpoint is at {stored}, but one was written at {written}: checkpoints are missing")]
    Lost { stored: u64, written: u64 },
}

impl Fault {
    const fn remedy(self) -> &'static str {
        match self {
            Self::Lost { .. } | Self::Refused { .. } | Self::Misplaced { .. } => {
                "put the store's objects back from a copy, then run `claimsd audit verify`; keep the store as it is for \
                 whoever investigates"
            }
            Self::Diverged { .. } => {
                "run `claimsd audit verify`: if it finds the log good, remove the practice's row of audit.checkpoints, \
                 else restore the database"
            }
            Self::RolledBack { .. } | Self::Gap { .. } | Self::Forked { .. } => {
                "restore the database to a state that holds all that was checkpointed, and run `claimsd audit verify`"
            }
        }
    }

    pub(super) fn tell(self, practice: PracticeId) {
        tracing::error!(
            practice.id = %practice, fault = %self, remedy = self.remedy(),
            "the audit log of a practice does not continue what was checkpointed; no checkpoint of it is signed"
        );
    }
}
