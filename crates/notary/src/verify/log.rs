//! One practice's log: the files of the archive in the order of their months, then the database, as one chain.

use std::sync::Arc;

use audit::chain::Hash;
use chrono::TimeDelta;
use kernel::PracticeId;
use tokio_postgres::Client;

use super::chain::{Chain, Head};
use super::files::{Opened, Part};
use super::notes::Notes;
use super::report::{Finding, Gap, Kind};
use super::stored::{self, Rows, Sent};
use super::{Error, Evidence, Sources};
use crate::archive::{Contents, Month, Place, Sealed};

/// An entry that is older than this should be covered by a checkpoint.
const CHECKPOINTED_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// A log that is being read.
pub(super) struct Log<'a, P> {
    sources: Sources<'a>,
    evidence: &'a Evidence,
    practice: PracticeId,
    chain: Chain,
    gaps: Vec<Gap>,
    /// Hashes of entries after the last file.
    cover: Vec<Hash>,
    pub(super) entries: u64,
    progress: P,
}

/// What came of it.
pub(super) struct Outcome {
    pub(super) entries: u64,
    pub(super) checkpoints: u64,
    pub(super) found: Option<Finding>,
    pub(super) gaps: Vec<Gap>,
}

/// The first thing that is wrong ends the reading; so does a source that fails.
enum Stop {
    Found(Finding),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl<'a, P: FnMut(u64)> Log<'a, P> {
    pub(super) async fn begin(
        sources: Sources<'a>,
        evidence: &'a Evidence,
        practice: PracticeId,
        progress: P,
    ) -> Result<Self, Error> {
        let notes = Notes::of(evidence.checkpoints.clone(), Arc::clone(&evidence.signers), practice).await?;
        let chain = Chain::begin(practice, notes).await?;
        let (gaps, cover) = (Vec::new(), Vec::new());
        Ok(Self { sources, evidence, practice, chain, gaps, cover, entries: 0, progress })
    }

    /// Reads it to its end. `head` is what the database says that is.
    pub(super) async fn read(mut self, head: Option<&Head>) -> Result<Outcome, Error> {
        let found = match self.all(head).await {
            Ok(()) => None,
            Err(Stop::Found(finding)) => Some(finding),
            Err(Stop::Failed(error)) => return Err(error),
        };
        if found.is_none() {
            self.unchecked();
        }
        let Self { chain, gaps, entries, .. } = self;
        Ok(Outcome { entries, checkpoints: chain.checkpoints, found, gaps })
    }

    async fn all(&mut self, head: Option<&Head>) -> Result<(), Stop> {
        if let Some(archive) = self.sources.archive {
            for month in archive.months(self.practice)? {
                self.file(month).await?;
            }
        }
        let Some(client) = self.sources.client else {
            self.settle_by_cover().await?;
            return self.chain.believed().map_err(Stop::Found);
        };
        self.rows(client, i64::MAX).await?;
        let Some(head) = head else { return Ok(()) };
        if head.position > self.chain.last() && self.is_archived(client, head.position).await? {
            self.missing(head.position);
            self.chain.drift(head.position);
        }
        self.chain.overtaken().map_err(Stop::Found)?;
        self.chain.headed(head).map_err(Stop::Found)
    }

    /// A file of the archive.
    async fn file(&mut self, month: Month) -> Result<(), Stop> {
        let Some(archive) = self.sources.archive else { return Ok(()) };
        let next = self.chain.last() + 1;
        let mut opened = Opened::new(archive, self.practice, month).await?;
        match opened.sealed {
            Sealed::Intact(_) => {}
            // nothing of it is looked at: its position is where the log would go on
            Sealed::Altered => return Err(self.found(next, Kind::Digest)),
            Sealed::Unknown => {
                let problem = format!("the file of {month} has no digest beside it");
                self.gap(next, None, problem);
            }
        }
        let mut contents = None;
        while let Some(part) = opened.next().await {
            match part {
                Part::Contents(said) => {
                    self.enter(&said, month).await?;
                    contents = Some(said);
                }
                Part::Rows(batch) => {
                    let last = contents.as_ref().map_or(0, |said| said.last());
                    for row in batch.rows() {
                        let Some((practice, row)) = row else {
                            return Err(self.found(self.chain.last() + 1, Kind::Unreadable));
                        };
                        if practice != self.practice.uuid() {
                            return Err(self.found(self.chain.last() + 1, Kind::Column("practice_id")));
                        }
                        if self.chain.last() >= last && row.position > last {
                            return Err(self.found(last + 1, Kind::Contents("last_position")));
                        }
                        self.told();
                        self.chain.entry(&row, self.evidence.mac_keys.as_ref()).map_err(Stop::Found)?;
                        if self.chain.is_due() {
                            self.chain.settle().await?.map_err(Stop::Found)?;
                        }
                    }
                }
            }
        }
        if !opened.ended().await {
            return Err(self.found(self.chain.last() + 1, Kind::Unreadable));
        }
        let Some(contents) = contents else { return Ok(()) };
        self.leave(*contents)
    }

    /// Whether the file begins where the log is. What is missing before it is looked for in the database.
    async fn enter(&mut self, said: &Contents, month: Month) -> Result<(), Stop> {
        let next = self.chain.last() + 1;
        if said.practice != self.practice {
            return Err(self.found(next, Kind::Contents("practice_id")));
        }
        if said.month != month {
            return Err(self.found(next, Kind::Contents("month")));
        }
        if said.first() < next {
            return Err(self.found(said.first(), Kind::Twice));
        }
        if said.first() > next {
            if let Some(client) = self.sources.client {
                self.rows(client, said.first() - 1).await?;
            }
            if self.chain.last() + 1 < said.first() {
                return self.pass(&said.before).await;
            }
        }
        self.same(said.first(), &said.before, ["hash_before", "peaks_before"])
    }

    /// Whether the log is where the file says that it ends.
    fn leave(&mut self, said: Contents) -> Result<(), Stop> {
        if self.chain.last() < said.last() {
            return Err(self.found(self.chain.last() + 1, Kind::Missing));
        }
        self.same(said.last(), &said.after, ["hash_after", "peaks_after"])?;
        self.cover = said.cover;
        Ok(())
    }

    fn same(&self, position: i64, said: &Place, names: [&'static str; 2]) -> Result<(), Stop> {
        let Some(place) = self.chain.links.place() else { return Ok(()) };
        let [hash, peaks] = names;
        match (place.hash == said.hash, place.tree == said.tree) {
            (true, true) => Ok(()),
            (false, _) => Err(self.found(position, Kind::Contents(hash))),
            (true, false) => Err(self.found(position, Kind::Contents(peaks))),
        }
    }

    /// Nobody has the entries up to the place.
    async fn pass(&mut self, place: &Place) -> Result<(), Stop> {
        self.settle_by_cover().await?;
        self.unchecked();
        self.missing(place.position());
        self.chain.resume(place).await?.map_err(Stop::Found)
    }

    async fn settle_by_cover(&mut self) -> Result<(), Stop> {
        let cover = std::mem::take(&mut self.cover);
        self.chain.cover(&cover).await?.map_err(Stop::Found)
    }

    /// The database's entries that follow, up to a position.
    async fn rows(&mut self, client: &Client, to: i64) -> Result<(), Stop> {
        let archived = self.archived_before(client, to).await?;
        let mut rows = Rows::of(client, self.practice, self.chain.last() + 1, to).await?;
        let stopped = loop {
            let row = match rows.next().await? {
                Sent::End => return Ok(()),
                Sent::Unreadable => break self.found(self.chain.last() + 1, Kind::Unreadable),
                Sent::Row(row) => row,
            };
            self.told();
            // what left the database was verified twice, and is said to be in the archive
            if row.position > self.chain.last() + 1 && row.position - 1 <= archived {
                self.missing(row.position - 1);
                self.chain.drift(row.position - 1);
            }
            if let Err(finding) = self.chain.entry(&row, self.evidence.mac_keys.as_ref()) {
                break Stop::Found(finding);
            }
            if self.chain.is_due()
                && let Err(finding) = self.chain.settle().await?
            {
                break Stop::Found(finding);
            }
        };
        self.entries += rows.drain().await?;
        Err(stopped)
    }

    /// Up to where entries may have left the database; asked before the rows are, as the connection does one thing at a time.
    async fn archived_before(&self, client: &Client, to: i64) -> Result<i64, Stop> {
        // before a file that is there, what isn't is missing anyway
        if to < i64::MAX { Ok(0) } else { Ok(stored::archived(client, self.practice).await?) }
    }

    async fn is_archived(&self, client: &Client, position: i64) -> Result<bool, Stop> {
        Ok(position <= stored::archived(client, self.practice).await?)
    }

    fn told(&mut self) {
        self.entries += 1;
        (self.progress)(self.entries);
    }

    fn found(&self, position: i64, kind: Kind) -> Stop {
        Stop::Found(self.chain.links.finding(position, kind))
    }

    fn gap(&mut self, position: i64, through: Option<i64>, problem: String) {
        self.gaps.push(Gap { practice: self.practice, position, through, problem });
    }

    /// Entries up to there are not to be had.
    fn missing(&mut self, through: i64) {
        let first = self.chain.last() + 1;
        let problem = match (self.sources.archive, self.sources.client) {
            (Some(_), None) => "are not in the archive: a file is missing",
            (Some(_), Some(_)) => "are neither in the archive nor in the database: a file is missing",
            (None, _) => "left the database for the archive, which was not given: no checkpoint can be met after them",
        };
        self.gap(first, Some(through), format!("{first} to {through} {problem}"));
    }

    /// What could not be checked up to here.
    fn unchecked(&mut self) {
        if let Some((position, key)) = self.chain.links.unknown_key.take() {
            self.gap(position, None, format!("the MAC key {key:?} was not given"));
        }
        let due = (self.evidence.now - CHECKPOINTED_WITHIN).timestamp_micros();
        // however young the last entry is: a log that is in use is checkpointed all the time
        if let Some((position, _at)) = self.chain.uncovered().filter(|(_position, at)| *at < due) {
            self.gap(position, None, "no checkpoint covers the entries from here on".to_owned());
        }
    }
}
