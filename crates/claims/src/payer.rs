//! The payer list: reference data, read by everybody, changed by the operator.

pub mod service;
mod store;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::NaiveDate;
use diesel::prelude::*;
use kernel::Failure;
use schema::tables::claims::{payer_profiles, payers};
use schema::{Db, Json};
use tokio::sync::Mutex;

use crate::codes::Reference;
use crate::rules::{MemberIdPattern, PayerTerms, UNKNOWN_TERMS};

/// How often the list is read anew; a change of reference data takes effect within this time.
const EVERY: Duration = Duration::from_secs(60);

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
    pub needs_group_number: bool,
    pub timely_filing_days: i32,
    pub telehealth_pos: Option<String>,
    pub telehealth_modifier: Option<String>,
    pub audio_modifier: Option<String>,
    pub forbids_telehealth_in_office: bool,
    pub wants_supervisor: bool,
    pub wants_taxonomy: bool,
    pub in_network_only: bool,
    pub takes_replacements: bool,
    pub needs_zip4: bool,
    pub member_id_pattern: Option<String>,
    pub authorization_codes: Json<Vec<String>>,
    /// Most units on a day, by procedure.
    pub unit_caps: Json<BTreeMap<String, i32>>,
    pub evaluation_months: i32,
}

impl PayerProfile {
    /// The profile as the rules take it. A pattern that the loader would not have taken is none.
    fn terms(&self) -> PayerTerms {
        PayerTerms {
            timely_filing_days: u32::try_from(self.timely_filing_days).ok(),
            telehealth_modifier: self.telehealth_modifier.clone(),
            audio_modifier: self.audio_modifier.clone(),
            telehealth_pos: self.telehealth_pos.clone(),
            forbids_telehealth_in_office: self.forbids_telehealth_in_office,
            wants_supervisor: self.wants_supervisor,
            wants_taxonomy: self.wants_taxonomy,
            in_network_only: self.in_network_only,
            authorized_codes: self.authorization_codes.0.clone(),
            unit_caps: self.unit_caps.0.iter().map(|(code, units)| (code.clone(), *units)).collect(),
            evaluation_months: self.evaluation_months.unsigned_abs(),
            // nothing is kept of eligibility checks yet
            eligibility_days: None,
            takes_replacements: self.takes_replacements,
            needs_zip4: self.needs_zip4,
            member_id: self.member_id_pattern.as_deref().and_then(|pattern| MemberIdPattern::new(pattern).ok()),
        }
    }
}

/// A payer and its profiles.
#[derive(Debug, Clone)]
pub struct Listed {
    pub payer: Payer,
    /// With their terms, which take time to make.
    profiles: Vec<(PayerProfile, PayerTerms)>,
}

impl Listed {
    /// The profile for services of that day.
    #[must_use]
    pub fn profile_on(&self, day: NaiveDate) -> Option<&PayerProfile> {
        self.on(day).map(|(profile, _)| profile)
    }

    fn on(&self, day: NaiveDate) -> Option<&(PayerProfile, PayerTerms)> {
        self.profiles.iter().find(|(p, _)| p.valid_from <= day && p.valid_to.is_none_or(|to| to >= day))
    }

    /// What the payer expects of services of that day.
    #[must_use]
    pub fn terms_on(&self, day: NaiveDate) -> &PayerTerms {
        self.on(day).map_or(&UNKNOWN_TERMS, |(_, terms)| terms)
    }

    /// Whether the payer is listed on that day.
    #[must_use]
    pub fn is_listed_on(&self, day: NaiveDate) -> bool {
        self.payer.valid_from <= day && self.payer.valid_to.is_none_or(|to| to >= day)
    }
}

/// The reference data as it was read last: the payers, and the tables that the rules look things up in.
#[derive(Debug)]
pub struct PayerList {
    payers: HashMap<String, Listed>,
    /// The number of the newest release that `codes` holds.
    newest: Option<i64>,
    pub codes: Arc<Reference>,
}

impl PayerList {
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Listed> {
        self.payers.get(id)
    }

    /// Every payer, in no order.
    pub fn values(&self) -> impl Iterator<Item = &Listed> {
        self.payers.values()
    }
}

/// Keeps the payer list at hand. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Payers {
    db: Db,
    kept: Arc<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    list: RwLock<Option<Arc<PayerList>>>,
    /// Held by whoever reads the list.
    reading: Mutex<()>,
}

impl Payers {
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, kept: Arc::default() }
    }

    /// The list as it was read last.
    ///
    /// Only the very first caller reads it: callers hold transactions, and if they waited for one connection more,
    /// none might ever be free. [`Payers::keep_fresh`] reads it anew.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self) -> Result<Arc<PayerList>, Failure> {
        if let Some(list) = self.at_hand() {
            return Ok(list);
        }
        let _reading = self.kept.reading.lock().await;
        // somebody may have been faster
        match self.at_hand() {
            Some(list) => Ok(list),
            None => self.read().await,
        }
    }

    /// Reads the list anew every minute, until `ended`. What fails is said, and the last list stays in use.
    pub async fn keep_fresh(self, ended: impl Future<Output = ()>) {
        let keeping = async {
            loop {
                tokio::time::sleep(EVERY).await;
                if let Err(failure) = self.refresh().await {
                    tracing::warn!(reason = failure.reason, "the payer list can't be read anew");
                }
            }
        };
        tokio::select! {
            () = keeping => {}
            () = ended => {}
        }
    }

    /// Reads the list anew.
    ///
    /// # Errors
    /// The database's.
    pub async fn refresh(&self) -> Result<Arc<PayerList>, Failure> {
        let _reading = self.kept.reading.lock().await;
        self.read().await
    }

    async fn read(&self) -> Result<Arc<PayerList>, Failure> {
        let list = Arc::new(store::load(&self.db, self.at_hand()).await?);
        *self.kept.list.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&list));
        Ok(list)
    }

    fn at_hand(&self) -> Option<Arc<PayerList>> {
        self.kept.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
