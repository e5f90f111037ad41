//! The trail as its readers see it. Reading it leaves an entry of its own.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use kernel::id::{BreakGlassId, PatientId, ServiceAccountId, UserId};
use kernel::{PracticeId, Scope, text_enum};
use schema::tables::audit::entries;
use uuid::Uuid;

use crate::entry::{Action, Entry, Outcome};

pub mod convert;
pub mod export;
pub mod service;
pub(crate) mod store;

/// How far back a list reaches when the request names no time.
pub const DAYS_DEFAULT: TimeDelta = TimeDelta::days(30);

/// What reading the trail is recorded as reading.
const RESOURCE: &str = "audit_entry";

text_enum! {
    /// Who acted, by kind.
    pub enum ActorKind {
        User = "user",
        Service = "service",
        System = "system",
        Anonymous = "anonymous",
    }
}

text_enum! {
    /// Why the data was used.
    pub enum Purpose {
        Payment = "payment",
        Treatment = "treatment",
        Operations = "operations",
        Emergency = "emergency",
    }
}

text_enum! {
    /// What kind of data was used.
    pub enum FieldClass {
        Demographic = "demographic",
        ClinicalCode = "clinical_code",
        Financial = "financial",
    }
}

/// An entry as it was written.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = entries, check_for_backend(Pg))]
pub struct Record {
    pub practice_id: PracticeId,
    pub position: i64,
    pub recorded_at: DateTime<Utc>,
    pub actor_kind: ActorKind,
    pub user_id: Option<UserId>,
    pub account_id: Option<ServiceAccountId>,
    pub actor_role: String,
    pub token_key_id: String,
    pub action: Action,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub method: String,
    pub resource_type: String,
    pub resource_ids: Vec<String>,
    pub resource_count: i32,
    pub patient_ids: Vec<Uuid>,
    pub accessed_phi: bool,
    pub field_classes: Vec<FieldClass>,
    pub purpose: Purpose,
    pub request_id: String,
    pub ip_address: Option<String>,
    pub attempts: i32,
    pub break_glass_id: Option<Uuid>,
}

/// Which entries a list holds.
#[derive(Debug, Default)]
pub struct RecordFilter {
    /// Inclusive.
    pub from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub to: Option<DateTime<Utc>>,
    pub actor_id: Option<Uuid>,
    pub action: Option<Action>,
    pub resource_type: Option<String>,
    pub resource_id: Option<String>,
    pub outcome: Option<Outcome>,
    pub patient_id: Option<PatientId>,
    pub break_glass_id: Option<BreakGlassId>,
    /// Only those under some break-glass.
    pub under_break_glass: bool,
}

impl RecordFilter {
    /// Where the list begins: entries lie in one partition per month, so every list has a beginning.
    fn begins_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.from.unwrap_or_else(|| self.to.unwrap_or(now) - DAYS_DEFAULT)
    }
}

/// The entry of a look at the trail: the positions that were shown, and the patients that they speak of.
fn look(scope: &Scope, action: Action, shown: &[Record]) -> Entry {
    let mut entry = Entry::bare(scope, action, RESOURCE);
    for record in shown {
        entry.add_key(&record.position.to_string());
        record.patient_ids.iter().for_each(|patient| entry.add_patient(*patient));
    }
    entry
}

/// The entries of a look at a page: more than one only when the page speaks of more patients than one can name.
fn looks(scope: &Scope, asked_for: Option<PatientId>, shown: &[Record]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut rest = shown;
    loop {
        let (part, others) = rest.split_at(export::fitting(rest, usize::MAX).min(rest.len()));
        let mut entry = look(scope, Action::View, part);
        if let Some(patient) = asked_for {
            entry.add_patient(patient.uuid());
        }
        entries.push(entry);
        if others.is_empty() {
            return entries;
        }
        rest = others;
    }
}

#[cfg(test)]
mod plans;
#[cfg(test)]
pub(crate) mod tests;
