//! The tables that only an operator has, and those that replace shipped ones.

pub(super) use self::adjustment::AdjustmentReasons;
pub(super) use self::diagnosis::Excludes1;
pub(super) use self::provider::{NpiDeactivations, NpiTypes, Taxonomies};
pub use self::service::Schedule;
pub(super) use self::service::{Places, UnitCaps};

mod adjustment;
mod diagnosis;
mod provider;
mod service;

const FIELDS: &str = "has another number of fields";
