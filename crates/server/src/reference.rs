//! Reference data from files: read, checked as a whole, and loaded as a whole or not at all.
//!
//! A kind of reference data is a module here with its `check`, and an arm in [`Kind`]'s two matches.

use std::fmt::Write;

use clap::ValueEnum;
use kernel::Violations;
use serde_json::{Map, Value};

pub mod payers;

/// The kinds of reference data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Payers with what they expect of claims: a JSON array; a payer that it lacks stays as it is
    Payers,
}

/// Why a file was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// With line and column.
    #[error("the file is no JSON array of objects")]
    Form(#[from] serde_json::Error),
    /// Each with its row and field.
    #[error("nothing was loaded, the file has {count} mistake{}:{list}", if *count == 1 { "" } else { "s" })]
    Mistakes { count: usize, list: String },
    #[error(transparent)]
    Database(#[from] schema::Error),
}

impl Kind {
    /// What is wrong with the file.
    ///
    /// # Errors
    /// Names every mistake by the row's index, from 0, and the field.
    pub fn check(self, text: &str) -> Result<(), Error> {
        let rows: Vec<Map<String, Value>> = serde_json::from_str(text)?;
        let mut v = Violations::new();
        match self {
            Self::Payers => payers::check(&mut v, &rows),
        }
        let mistakes = v.into_list();
        if mistakes.is_empty() {
            return Ok(());
        }
        let mut list = String::new();
        for mistake in &mistakes {
            // writing to a String can't fail
            let _written = write!(list, "\n  {} {}", mistake.field, mistake.description);
        }
        Err(Error::Mistakes { count: mistakes.len(), list })
    }

    /// Checks the text and loads it, as `claims_migrator`.
    ///
    /// # Errors
    /// As [`Self::check`], and what the database answers; nothing was loaded then.
    pub async fn load(self, database_url: &str, text: &str) -> Result<schema::reference::Loaded, Error> {
        self.check(text)?;
        Ok(match self {
            Self::Payers => schema::reference::load_payers(database_url, text).await?,
        })
    }
}
