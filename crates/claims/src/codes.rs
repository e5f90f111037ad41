//! The code tables that the rules look things up in, by date of service: shipped with the program, and what the operator
//! loaded beside or instead.
//!
//! Provenance and licences: `data/README.md`. Tables hold numbers and our own words only.

pub use self::icd10::{Diagnosis, Icd10, packed};
pub use self::loaded::Schedule;
pub use self::procedure::{Family, Procedure, Procedures};
pub use self::reference::{Reference, Release};
pub use self::release::{BadRelease, Checked, Kind, Mistake};
pub use self::table::BadTable;

mod dated;
mod icd10;
mod loaded;
mod procedure;
mod reference;
mod release;
mod shipped;
mod table;

kernel::text_enum! {
    /// What a modifier tells our rules.
    pub enum ModifierKind {
        Video = "video",
        Audio = "audio",
        /// Telehealth by other means.
        Telehealth = "telehealth",
        /// A service apart from another one of the same day.
        Distinct = "distinct",
        Repeat = "repeat",
        Other = "other",
    }
}

kernel::text_enum! {
    /// What an adjustment reason asks of the practice.
    pub enum ReasonClass {
        Patient = "patient",
        Fix = "fix",
        Review = "review",
        /// Coordination of benefits.
        Cob = "cob",
        /// Contractual: the practice agreed to it.
        WriteOff = "writeoff",
        Eligibility = "eligibility",
        Appeal = "appeal",
        Rebill = "rebill",
        Credentialing = "credentialing",
        Info = "info",
    }
}
