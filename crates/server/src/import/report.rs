//! What became of each file: what was taken, what was changed on the way, what was refused and why.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::Serialize;

use crate::caller::Error;
use crate::console::{say, table};

/// How a listing is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    #[default]
    Table,
    Json,
}

/// What became of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileReport {
    pub file: String,
    pub rows: usize,
    /// Rows that are here now.
    pub taken: usize,
    /// Of those, rows that earlier imports had brought.
    pub existing: usize,
    /// What was changed or left out on the way, by kind; a row may count several times.
    pub mapped: BTreeMap<String, usize>,
    /// Rows that were not taken, by reason.
    pub refused: BTreeMap<String, usize>,
}

impl FileReport {
    pub(super) fn new(file: &str, rows: usize) -> Self {
        Self { file: file.to_owned(), rows, ..Self::default() }
    }

    pub(super) fn map(&mut self, how: &str) {
        *self.mapped.entry(how.to_owned()).or_default() += 1;
    }

    pub(super) fn refuse(&mut self, why: &str) {
        *self.refused.entry(why.to_owned()).or_default() += 1;
    }
}

/// What became of all files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub files: Vec<FileReport>,
}

impl Report {
    /// # Errors
    /// Never in practice: the report is plain text and numbers.
    pub fn show(&self, output: Output) -> Result<(), Error> {
        match output {
            Output::Json => say(&serde_json::to_string_pretty(self)?),
            Output::Table => table(
                ["file", "rows", "taken", "there before", "mapped", "refused"],
                self.files.iter().map(|report| {
                    let FileReport { file, rows, taken, existing, mapped, refused } = report;
                    let numbers = [rows, taken, existing].map(ToString::to_string);
                    let [rows, taken, existing] = numbers;
                    [file.clone(), rows, taken, existing, lines(mapped), lines(refused)]
                }),
            ),
        }
        Ok(())
    }
}

fn lines(counts: &BTreeMap<String, usize>) -> String {
    let lines: Vec<_> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    lines.join("\n")
}
