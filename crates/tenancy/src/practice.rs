//! A practice, the tenant that everything else belongs to: the row is the domain type.

pub mod convert;
pub mod service;
pub mod store;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::id::PracticeId;
use kernel::text_enum;
use schema::tables::tenancy::practices;

text_enum! {
    pub enum TaxIdType {
        Ein = "ein",
        Ssn = "ssn",
    }
}

/// A practice as stored.
#[derive(Clone, Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = practices, check_for_backend(diesel::pg::Pg), treat_none_as_default_value = false)]
pub struct Practice {
    pub id: PracticeId,
    pub name: String,
    pub npi: String,
    /// Digits only.
    pub tax_id: String,
    pub tax_id_type: TaxIdType,
    pub taxonomy: Option<String>,
    pub phone: Option<String>,
    pub contact_name: Option<String>,
    pub time_zone: String,
    pub address_line1: String,
    pub address_line2: Option<String>,
    pub city: String,
    pub state: String,
    pub zip_code: String,
    pub pay_to_address_line1: Option<String>,
    pub pay_to_address_line2: Option<String>,
    pub pay_to_city: Option<String>,
    pub pay_to_state: Option<String>,
    pub pay_to_zip_code: Option<String>,
    pub auto_ready: bool,
    pub part2_program: bool,
    pub retention_years: i32,
    pub require_totp: bool,
    pub is_active: bool,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The fields that an update changes; `None` leaves a field as it is.
#[derive(Default, AsChangeset)]
#[diesel(table_name = practices)]
pub struct PracticePatch {
    pub name: Option<String>,
    pub npi: Option<String>,
    pub tax_id: Option<String>,
    pub tax_id_type: Option<TaxIdType>,
    pub taxonomy: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub contact_name: Option<Option<String>>,
    pub time_zone: Option<String>,
    pub address_line1: Option<String>,
    pub address_line2: Option<Option<String>>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub zip_code: Option<String>,
    pub pay_to_address_line1: Option<Option<String>>,
    pub pay_to_address_line2: Option<Option<String>>,
    pub pay_to_city: Option<Option<String>>,
    pub pay_to_state: Option<Option<String>>,
    pub pay_to_zip_code: Option<Option<String>>,
    pub auto_ready: Option<bool>,
    pub part2_program: Option<bool>,
    pub retention_years: Option<i32>,
    pub require_totp: Option<bool>,
}

// the tax id may be a person's
impl std::fmt::Debug for Practice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Practice").field("id", &self.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PracticePatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PracticePatch(..)")
    }
}
