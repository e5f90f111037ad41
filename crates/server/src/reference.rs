//! Reference data from files: read, checked as a whole, and loaded as a whole or not at all.
//!
//! Payers and trading partners have tables of their own; the code tables are [`claims::codes::Kind`]'s, which knows their form. Either
//! way a release is written down, and a running server takes it within a minute.

use std::fmt::Write;

use chrono::NaiveDate;
use claims::codes;
use claims::snapshot::convert::hex;
use clap::ValueEnum;
use kernel::Violations;
use schema::reference::{Added, Loaded, NewRelease};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub mod partners;
pub mod payers;

/// The kinds that have tables of their own, as they are stored.
const PAYERS: &str = "payers";
const TRADING_PARTNERS: &str = "trading_partners";

/// The kinds of reference data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Payers with what they expect of claims: a JSON array; a payer that it lacks stays as it is
    Payers,
    /// Trading partners that files are exchanged with: a JSON array; a partner that it lacks stays as it is
    TradingPartners,
    /// ICD-10-CM of a fiscal year: the order file of CMS, or CSV with code,kind (0 category, 1 billable, 2 billable but never first)
    Icd10,
    /// Fee schedule: CSV with `code,valid_from,valid_to,fee`
    Procedures,
    /// The whole list of provider taxonomies: CSV with code
    Taxonomies,
    /// Places of service: CSV with `code,valid_from,valid_to`
    PlacesOfService,
    /// What adjustment reasons ask of the practice: CSV with code,class
    AdjustmentReasons,
    /// NPIs out of use: CSV with `npi,deactivated_on,reactivated_on`
    NpiDeactivations,
    /// What NPIs stand for: CSV with `npi,entity_type` (1 person, 2 organization)
    NpiTypes,
    /// Most units of a procedure on a day: CSV with code,units
    UnitCaps,
    /// Diagnoses that exclude each other: CSV with code,excluded; a category stands for its codes
    Excludes1,
}

/// What is loaded.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Of the release; made from the content where nobody gave one.
    pub name: Option<&'a str>,
    pub text: &'a str,
    /// First date of service that it is for; for all when there is none.
    pub valid_from: Option<NaiveDate>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Rows of tables of their own.
    Rows(Loaded),
    Table {
        /// The release's number.
        id: i64,
        name: String,
        rows: usize,
        /// SHA-256 of the file, hexadecimal.
        sha256: String,
        /// It was not there already.
        is_new: bool,
    },
}

/// Why a file was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// With line and column.
    #[error("the file is no JSON array of objects")]
    Form(#[from] serde_json::Error),
    /// Each with its row or line, and field.
    #[error("nothing was loaded, the file has {count} mistake{}:{list}", if *count == 1 { "" } else { "s" })]
    Mistakes { count: usize, list: String },
    #[error("nothing was loaded: --valid-from must say on which day the codes come into use")]
    NoDay,
    #[error(
        "nothing was loaded: --valid-from is for code tables; payers carry their days themselves, partners have none"
    )]
    OwnDays,
    #[error("nothing was loaded: another file was loaded as release {0}; give this one another name")]
    NameTaken(String),
    #[error("nothing was loaded: the name of a release has 1 to 100 characters")]
    Name,
    #[error(transparent)]
    Database(#[from] schema::Error),
}

impl Kind {
    /// What is wrong with the file.
    ///
    /// # Errors
    /// Names every mistake: of payers by the row's index, from 0, and the field; of tables by the line, from 1.
    pub fn check(self, text: &str) -> Result<(), Error> {
        match self.table() {
            None => self.check_rows(text).map(drop),
            Some(table) => check_table(table, text).map(drop),
        }
    }

    /// Checks the file and loads it, as `claims_migrator`.
    ///
    /// # Errors
    /// As [`Self::check`], and what the database answers; nothing was loaded then.
    pub async fn load(self, database_url: &str, file: File<'_>) -> Result<Outcome, Error> {
        let File { name, text, valid_from } = file;
        let file_hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let sha256 = hex(&file_hash);
        let name = name.map_or_else(|| sha256.chars().take(12).collect(), str::to_owned);
        if !(1..=100).contains(&name.chars().count()) {
            return Err(Error::Name);
        }
        let release = |kind, rows, content| NewRelease {
            kind,
            name: &name,
            valid_from,
            row_count: i32::try_from(rows).unwrap_or(i32::MAX),
            file_hash: &file_hash,
            content,
        };
        let Some(table) = self.table() else {
            if valid_from.is_some() {
                return Err(Error::OwnDays);
            }
            let rows = self.check_rows(text)?;
            let release = release(self.as_str(), rows, None);
            let loaded = if self == Self::TradingPartners {
                schema::reference::load_trading_partners(database_url, text, &release).await?
            } else {
                schema::reference::load_payers(database_url, text, &release).await?
            };
            return Ok(Outcome::Rows(loaded));
        };
        // without a day it would take the place of the shipped years
        if table == codes::Kind::Icd10 && valid_from.is_none() {
            return Err(Error::NoDay);
        }
        let codes::Checked { content, rows } = check_table(table, text)?;
        let release = release(table.as_str(), rows, Some(&content));
        let (id, is_new) = match schema::reference::add(database_url, &release).await? {
            Added::New(id) => (id, true),
            Added::Unchanged(id) => (id, false),
            Added::NameTaken => return Err(Error::NameTaken(name)),
        };
        Ok(Outcome::Table { id, name, rows, sha256, is_new })
    }

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.table() {
            None if matches!(self, Self::TradingPartners) => TRADING_PARTNERS,
            None => PAYERS,
            Some(table) => table.as_str(),
        }
    }

    /// How many rows there are.
    fn check_rows(self, text: &str) -> Result<usize, Error> {
        let rows: Vec<Map<String, Value>> = serde_json::from_str(text)?;
        let mut v = Violations::new();
        if self == Self::TradingPartners {
            partners::check(&mut v, &rows);
        } else {
            payers::check(&mut v, &rows);
        }
        let mistakes = v.into_list();
        let named = mistakes.iter().map(|mistake| (mistake.field.as_str(), mistake.description.as_str()));
        if mistakes.is_empty() { Ok(rows.len()) } else { Err(listed(named)) }
    }

    /// The code table that it is; payers and partners are none.
    const fn table(self) -> Option<codes::Kind> {
        match self {
            Self::Payers | Self::TradingPartners => None,
            Self::Icd10 => Some(codes::Kind::Icd10),
            Self::Procedures => Some(codes::Kind::Procedures),
            Self::Taxonomies => Some(codes::Kind::Taxonomies),
            Self::PlacesOfService => Some(codes::Kind::PlacesOfService),
            Self::AdjustmentReasons => Some(codes::Kind::AdjustmentReasons),
            Self::NpiDeactivations => Some(codes::Kind::NpiDeactivations),
            Self::NpiTypes => Some(codes::Kind::NpiTypes),
            Self::UnitCaps => Some(codes::Kind::UnitCaps),
            Self::Excludes1 => Some(codes::Kind::Excludes1),
        }
    }
}

fn check_table(table: codes::Kind, text: &str) -> Result<codes::Checked, Error> {
    table.check(text).map_err(|mistakes| {
        let named: Vec<_> = mistakes.iter().map(|m| (format!("line {}:", m.line), m.reason.as_str())).collect();
        listed(named.iter().map(|(line, reason)| (line.as_str(), *reason)))
    })
}

fn listed<'a>(mistakes: impl Iterator<Item = (&'a str, &'a str)>) -> Error {
    let mut list = String::new();
    let mut count = 0;
    for (place, what) in mistakes {
        count += 1;
        // writing to a String can't fail
        let _written = write!(list, "\n  {place} {what}");
    }
    Error::Mistakes { count, list }
}
