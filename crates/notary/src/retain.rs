//! Takes months out of the database that are old, and in the archive, and were found good there by two runs.
//!
//! A run exports what is not in the archive yet, verifies archive and database as one log, compares them row by row, and
//! writes down which bytes it found good. A month is detached when an earlier run, a good while before, found the very
//! same bytes good, and when every row of it lies in such a file: files are hashed once more, after all that, and the
//! rows are looked at under a lock that lets nobody add one. The archive is only ever added to.

use std::collections::BTreeMap;

use audit::chain::Hash;
use chrono::TimeDelta;
use kernel::PracticeId;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::archive::{self, Archive, Month, Sealed};
use crate::export::{self, Export};
use crate::verify::{self, Evidence, Report, Sources};

mod compare;
mod partition;

pub use partition::Partition;

/// How long before another run must have found a file good.
const APART: TimeDelta = TimeDelta::hours(20);

/// Why nothing more was done. What was exported, verified or detached before stays so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Export(#[from] export::Error),
    #[error(transparent)]
    Verify(#[from] verify::Error),
    #[error(transparent)]
    Archive(#[from] archive::Error),
    #[error("the database")]
    Database(#[from] tokio_postgres::Error),
    #[error("the log is not good, or not everything could be checked: see claimsd audit verify")]
    NotGood(Box<Report>),
    #[error("{practice} at {position}: archive and database differ")]
    Differs { practice: PracticeId, position: i64 },
    #[error("the file of {practice} and {month} is not the one that was verified a moment ago")]
    Changed { practice: PracticeId, month: Month },
}

/// What is taken out, by whom.
#[derive(Debug, Clone, Copy)]
pub struct Retain<'a> {
    /// A connection of the role `claims_archiver`.
    pub archiver: &'a Client,
    /// A connection of the role `claims_migrator`.
    pub owner: &'a Client,
    pub archive: &'a Archive,
    pub evidence: &'a Evidence,
    /// The first month that stays.
    pub keep_from: Month,
    /// Whether tables are dropped that were detached; else they stay beside the log, for the operator to drop.
    pub drop: bool,
}

/// What came of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It left the log. The table is there still, unless it was to be dropped.
    Detached { table: String },
    /// It was found good, and waits for another run.
    Waits { why: String },
}

/// A file that this run found good.
#[derive(Debug)]
struct Good {
    first: i64,
    last: i64,
    digest: Hash,
}

type Files = BTreeMap<(PracticeId, Month), Good>;

impl Retain<'_> {
    /// Does what can be done now, from the oldest month on. `progress` is told how many entries were read.
    ///
    /// # Errors
    /// When anything is not as it should be: then no month is detached any more.
    pub async fn run(&self, mut progress: impl FnMut(u64, u64)) -> Result<Vec<(Month, Outcome)>, Error> {
        let due: Vec<Partition> = partition::attached(self.owner).await?;
        let due: Vec<Partition> = due.into_iter().filter(|part| part.month < self.keep_from).collect();
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let Evidence { checkpoints, now, .. } = self.evidence;
        let export = Export { client: self.archiver, archive: self.archive, checkpoints: Some(checkpoints), now: *now };
        for part in &due {
            export.month(part.month, None, |_entries| {}).await?;
        }
        let _lock = self.archive.lock()?;
        let files = self.verified(&due, &mut progress).await?;
        let run = partition::record(self.owner, *now, &files).await?;
        let mut outcomes = Vec::new();
        for part in due {
            let outcome = self.part(&part, run, &files).await?;
            outcomes.push((part.month, outcome));
        }
        Ok(outcomes)
    }

    /// The files of those months, when archive and database are good and the same. Their digests are from before that.
    async fn verified(&self, due: &[Partition], progress: &mut impl FnMut(u64, u64)) -> Result<Files, Error> {
        let mut files = Files::new();
        for practice in self.archive.practices()? {
            for month in due.iter().map(|part| part.month) {
                if let Some(contents) = self.archive.contents(practice, month)? {
                    let digest = self.digest(practice, month)?;
                    files.insert((practice, month), Good { first: contents.first(), last: contents.last(), digest });
                }
            }
        }
        let sources = Sources { archive: Some(self.archive), client: Some(self.archiver) };
        let report = verify::sources(sources, self.evidence, progress).await?;
        if report.exit_code() != 0 {
            return Err(Error::NotGood(Box::new(report)));
        }
        for (practice, month) in files.keys() {
            compare::file(self.archiver, self.archive, *practice, *month).await?;
        }
        Ok(files)
    }

    fn digest(&self, practice: PracticeId, month: Month) -> Result<Hash, Error> {
        match self.archive.sealed(practice, month)? {
            Sealed::Intact(digest) => Ok(digest),
            Sealed::Altered | Sealed::Unknown => {
                Err(archive::Error::Altered(self.archive.path(practice, month)).into())
            }
        }
    }

    async fn part(&self, part: &Partition, run: Uuid, files: &Files) -> Result<Outcome, Error> {
        let before = self.evidence.now - APART;
        let earlier = partition::found_good(self.owner, run, before).await?;
        let mut proven: BTreeMap<PracticeId, Vec<(i64, i64)>> = BTreeMap::new();
        for ((practice, month), file) in files {
            if self.digest(*practice, *month)? != file.digest {
                return Err(Error::Changed { practice: *practice, month: *month });
            }
            if earlier.contains(&(*practice, *month, file.digest)) {
                proven.entry(*practice).or_default().push((file.first, file.last));
            }
        }
        Ok(partition::detach(self.owner, part, &proven, self.drop).await?)
    }
}

#[cfg(test)]
mod tests;
