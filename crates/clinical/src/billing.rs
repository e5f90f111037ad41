//! Everything that a claim is drafted from, read by one flight of statements.

pub mod beside;
pub mod many;
pub mod store;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use kernel::id::PracticeId;
use kernel::{Failure, text_enum};
use schema::tables::tenancy::practices;

pub use self::beside::{EVALUATIONS, Neighbours, SameDay};
pub use self::many::read_many;
pub use self::store::{lock, read};

use crate::coverage::Coverage;
use crate::network_status::NetworkStatus;
use crate::patient::Patient;
use crate::session::Session;
use crate::therapist::Therapist;

text_enum! {
    /// Whose number a tax id is.
    pub enum TaxIdType {
        Ein = "ein",
        Ssn = "ssn",
    }
}

/// The practice as it bills.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = practices, check_for_backend(diesel::pg::Pg))]
pub struct Practice {
    pub id: PracticeId,
    pub name: String,
    pub npi: String,
    pub tax_id: String,
    pub tax_id_type: TaxIdType,
    pub taxonomy: Option<String>,
    pub phone: Option<String>,
    pub contact_name: Option<String>,
    /// IANA name; dates of service are local dates of the practice.
    pub time_zone: String,
    pub address_line1: String,
    pub address_line2: Option<String>,
    pub city: String,
    pub state: String,
    pub zip_code: String,
    /// Where payments go when that differs; all parts but the second line are there, or none.
    pub pay_to_address_line1: Option<String>,
    pub pay_to_address_line2: Option<String>,
    pub pay_to_city: Option<String>,
    pub pay_to_state: Option<String>,
    pub pay_to_zip_code: Option<String>,
    /// A clean draft becomes ready without a person.
    pub auto_ready: bool,
    /// The practice is a 42 CFR Part 2 program.
    pub part2_program: bool,
}

/// What is known about one session and everybody who has to do with billing it.
#[derive(Clone)]
pub struct Facts {
    pub session: Session,
    pub therapist: Therapist,
    pub supervisor: Option<Therapist>,
    pub patient: Patient,
    pub practice: Practice,
    /// All of the patient's, in the order of sequence and first day.
    pub coverages: Vec<Coverage>,
    /// The therapist's with all payers, on the date of the session.
    pub network_statuses: Vec<NetworkStatus>,
    pub neighbours: Neighbours,
}

/// The local date of a point in time.
///
/// # Errors
/// `INTERNAL` when the zone is not one, which the practice's own write refuses.
pub fn local_date(time_zone: &str, at: DateTime<Utc>) -> Result<NaiveDate, Failure> {
    let zone: Tz = time_zone.parse().map_err(Failure::internal)?;
    Ok(at.with_timezone(&zone).date_naive())
}

impl std::fmt::Debug for Practice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Practice").field("id", &self.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Facts")
            .field("session", &self.session.id)
            .field("therapist", &self.therapist.id)
            .field("patient", &self.patient.id)
            .field("practice", &self.practice.id)
            .finish_non_exhaustive()
    }
}
