//! The payer list: reference data, read by everybody, changed by the operator.

pub mod service;
mod store;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use diesel::prelude::*;
use kernel::Failure;
use schema::Db;
use schema::tables::claims::{payer_profiles, payers};
use tokio::sync::Mutex;

use crate::rules::PayerTerms;

/// How long a list is used before it is read again; a change of reference data takes effect within this time.
const FRESH: Duration = Duration::from_secs(60);

/// A payer as listed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = payers, check_for_backend(diesel::pg::Pg))]
pub struct Payer {
    pub id: String,
    pub name: String,
    pub filing_indicator: String,
    pub valid_from: NaiveDate,
    /// The last day.
    pub valid_to: Option<NaiveDate>,
}

/// What a payer expects of claims with a date of service in the span.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = payer_profiles, check_for_backend(diesel::pg::Pg))]
pub struct PayerProfile {
    pub payer_id: String,
    pub valid_from: NaiveDate,
    /// The last day.
    pub valid_to: Option<NaiveDate>,
    pub timely_filing_days: i32,
    pub telehealth_modifier: Option<String>,
}

/// A payer and its profiles.
#[derive(Debug, Clone)]
pub struct Listed {
    pub payer: Payer,
    profiles: Vec<PayerProfile>,
}

impl Listed {
    /// The profile for services of that day.
    #[must_use]
    pub fn profile_on(&self, day: NaiveDate) -> Option<&PayerProfile> {
        self.profiles.iter().find(|p| p.valid_from <= day && p.valid_to.is_none_or(|to| to >= day))
    }

    /// What the payer expects of services of that day.
    #[must_use]
    pub fn terms_on(&self, day: NaiveDate) -> PayerTerms {
        let Some(profile) = self.profile_on(day) else { return PayerTerms::UNKNOWN };
        PayerTerms {
            timely_filing_days: u32::try_from(profile.timely_filing_days).ok(),
            telehealth_modifier: profile.telehealth_modifier.clone(),
            ..PayerTerms::UNKNOWN
        }
    }

    /// Whether the payer is listed on that day.
    #[must_use]
    pub fn is_listed_on(&self, day: NaiveDate) -> bool {
        self.payer.valid_from <= day && self.payer.valid_to.is_none_or(|to| to >= day)
    }
}

/// The list as it was read last.
pub type PayerList = HashMap<String, Listed>;

/// A list, and when it was read.
type Read = (Instant, Arc<PayerList>);

/// Keeps the payer list at hand. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Payers {
    db: Db,
    kept: Arc<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    read: RwLock<Option<Read>>,
    /// Held by whoever reads the list anew.
    reading: Mutex<()>,
}

impl Payers {
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, kept: Arc::default() }
    }

    /// The list, about a minute old at most.
    ///
    /// When it gets older, one caller reads it anew, and the others take it as it is: callers hold transactions, and
    /// if all of them waited for one connection more, none would ever be free.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self) -> Result<Arc<PayerList>, Failure> {
        let _reading = match self.at_hand() {
            Some((at, list)) if at.elapsed() < FRESH => return Ok(list),
            Some((_, list)) => match self.kept.reading.try_lock() {
                Ok(reading) => reading,
                Err(_others_do) => return Ok(list),
            },
            None => self.kept.reading.lock().await,
        };
        // somebody may have been faster
        if let Some((at, list)) = self.at_hand()
            && at.elapsed() < FRESH
        {
            return Ok(list);
        }
        let list = Arc::new(store::load(&self.db).await?);
        *self.kept.read.write().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::clone(&list)));
        Ok(list)
    }

    fn at_hand(&self) -> Option<Read> {
        self.kept.read.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
