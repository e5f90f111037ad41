//! How a therapist stands with a payer for a time.

pub mod convert;
pub mod store;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use kernel::id::{NetworkStatusId, PracticeId, TherapistId};
use kernel::phi::Disclosed;
use kernel::{Failure, text_enum};
use schema::tables::clinical::network_statuses;
use uuid::Uuid;

use crate::error::Error;

text_enum! {
    /// Whether the payer has the therapist in its network.
    pub enum Participation {
        InNetwork = "in_network",
        OutOfNetwork = "out_of_network",
        /// Applied for, not decided.
        Pending = "pending",
    }
}

/// A status as stored. Statuses of one therapist and payer never overlap.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = network_statuses, check_for_backend(diesel::pg::Pg), primary_key(practice_id, id))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct NetworkStatus {
    pub practice_id: PracticeId,
    pub id: NetworkStatusId,
    pub therapist_id: TherapistId,
    /// Id in the payer list.
    pub payer_id: String,
    pub status: Participation,
    pub effective_from: NaiveDate,
    /// The last day.
    pub effective_to: Option<NaiveDate>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub struct NetworkStatusFilter {
    pub therapist_id: Option<TherapistId>,
    pub payer_id: Option<String>,
    pub effective_on: Option<NaiveDate>,
}

/// How the rows of a therapist and payer change when a status is set.
#[derive(Debug)]
pub struct Settlement {
    /// The row that held until then, with its new end.
    pub ended: Option<NetworkStatus>,
    /// The row that holds from then on.
    pub current: NetworkStatus,
    /// Whether `current` is a row that began on the very same day, and is corrected.
    pub corrects: bool,
}

impl NetworkStatus {
    /// Fits this status in among those there are: the one before ends the day before, one of the same first day is
    /// corrected.
    ///
    /// # Errors
    /// `NETWORK_STATUS_OVERLAP` when it would reach into a later one.
    pub fn settle(mut self, others: &[Self]) -> Result<Settlement, Failure> {
        let overlaps_later = |other: &&Self| {
            other.effective_from > self.effective_from && self.effective_to.is_none_or(|to| other.effective_from <= to)
        };
        if others.iter().any(|other| overlaps_later(&other)) {
            return Err(Error::NetworkStatusOverlap.into());
        }
        if let Some(same) = others.iter().find(|other| other.effective_from == self.effective_from) {
            self.id = same.id;
            self.version = same.version + 1;
            self.created_at = same.created_at;
            return Ok(Settlement { ended: None, current: self, corrects: true });
        }
        let before = |other: &&Self| {
            other.effective_from < self.effective_from && other.effective_to.is_none_or(|to| to >= self.effective_from)
        };
        let ended = others.iter().find(before).map(|other| Self {
            effective_to: self.effective_from.pred_opt(),
            version: other.version + 1,
            updated_at: self.updated_at,
            ..other.clone()
        });
        Ok(Settlement { ended, current: self, corrects: false })
    }
}

impl Disclosed for NetworkStatus {
    const RESOURCE: &'static str = "network_status";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.id.uuid(), None);
    }
}

impl Disclosed for Settlement {
    const RESOURCE: &'static str = "network_status";
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        self.current.disclosed(each);
        if let Some(ended) = &self.ended {
            ended.disclosed(each);
        }
    }
}

#[cfg(test)]
mod tests;
