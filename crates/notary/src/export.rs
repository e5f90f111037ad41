//! Writes months of the audit log into files of the archive. What doesn't follow from what is before it, is not written.

use audit::chain::Hash;
use audit::merkle::leaf;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::PracticeId;
use serde::Serialize;
use tokio_postgres::Client;

use crate::archive::{self, Archive, Contents, Month, Place, Sealed, Writer};
use crate::store::Store;
use crate::verify::{self, Finding, Head, Kind, Links, Rows, Sent};

mod place;

use place::Hashes;

/// Why a month was not, or not wholly, exported. Files that were written before stay.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} has not ended, or ended less than an hour ago")]
    NotEnded(Month),
    #[error("there is no practice {0}")]
    Unknown(PracticeId),
    #[error("{practice}: the entries {from} to {to} are neither in the database nor in the archive")]
    Missing { practice: PracticeId, from: i64, to: i64 },
    #[error("{} at {}: {}; see claimsd audit verify", .0.practice, .0.position, .0.kind)]
    Tampered(Finding),
    #[error("the database")]
    Database(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Archive(#[from] archive::Error),
    #[error("the checkpoints")]
    Checkpoints(#[from] object_store::Error),
    #[error("the database")]
    Asking(#[from] verify::Error),
}

/// What is exported, where to.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// A connection of the role `claims_archiver`.
    pub client: &'a Client,
    pub archive: &'a Archive,
    /// With them, a file leads to the checkpoint after its last entry, so that it can be checked to its end alone.
    pub checkpoints: Option<&'a Store>,
    pub now: DateTime<Utc>,
}

/// A file of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    pub practice: String,
    pub month: String,
    pub first_position: i64,
    pub last_position: i64,
    pub sha256: String,
    /// Whether it was written now: one that is there stays as it is.
    pub written: bool,
}

impl Export<'_> {
    /// Exports a month of every practice, the system's log too, or of one. `progress` is told how many entries have been
    /// written.
    ///
    /// # Errors
    /// When the month has not ended; when the log isn't as it was written; when database or archive fail.
    pub async fn month(
        &self,
        month: Month,
        only: Option<PracticeId>,
        mut progress: impl FnMut(u64),
    ) -> Result<Vec<Exported>, Error> {
        if !month.has_ended(self.now) {
            return Err(Error::NotEnded(month));
        }
        let _lock = self.archive.lock()?;
        let heads = verify::heads(self.client).await?;
        let wanted: Vec<&Head> = heads.iter().filter(|head| only.is_none_or(|one| one == head.practice)).collect();
        if let (Some(one), []) = (only, wanted.as_slice()) {
            return Err(Error::Unknown(one));
        }
        let (mut done, mut entries) = (Vec::new(), 0);
        for head in wanted {
            // one state of it, whatever is appended meanwhile
            self.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            let mut told = || {
                entries += 1;
                progress(entries);
            };
            let exported = self.practice(head.practice, month, &mut told).await;
            self.client.batch_execute("COMMIT").await?;
            done.extend(exported?);
        }
        Ok(done)
    }

    async fn practice(
        &self,
        practice: PracticeId,
        month: Month,
        told: &mut impl FnMut(),
    ) -> Result<Option<Exported>, Error> {
        if let Some(contents) = self.archive.contents(practice, month)? {
            return match self.archive.sealed(practice, month)? {
                Sealed::Intact(digest) => Ok(Some(exported(&contents, &digest, false))),
                Sealed::Altered | Sealed::Unknown => {
                    Err(archive::Error::Altered(self.archive.path(practice, month)).into())
                }
            };
        }
        let Some((before, last)) = self.bounds(practice, month).await? else { return Ok(None) };
        let draft = self.archive.draft(practice, month)?;
        let path = draft.path().to_owned();
        let written = self.write(draft, practice, month, before, last, told).await;
        if written.is_err() {
            archive::discard(&path);
        }
        written.map(Some)
    }

    async fn write(
        &self,
        draft: archive::Draft,
        practice: PracticeId,
        month: Month,
        before: Place,
        last: i64,
        told: &mut impl FnMut(),
    ) -> Result<Exported, Error> {
        let failed = |e| Error::Archive(archive::Error::Parquet(self.archive.path(practice, month), e));
        let mut writer = Writer::new(draft, practice).map_err(failed)?;
        let mut links = Links::after(practice, &before);
        let mut rows = Rows::of(self.client, practice, before.position() + 1, last).await?;
        let mut recorded_at = 0;
        let stopped = loop {
            let row = match rows.next().await? {
                Sent::End => break None,
                Sent::Unreadable => break Some(Error::Tampered(links.finding(links.last() + 1, Kind::Unreadable))),
                Sent::Row(row) => row,
            };
            if let Err(finding) = links.entry(&row, None) {
                break Some(Error::Tampered(finding));
            }
            if let Err(error) = writer.push(&row) {
                break Some(failed(error));
            }
            recorded_at = row.recorded_at;
            told();
        };
        if let Some(stopped) = stopped {
            rows.drain().await?;
            return Err(stopped);
        }
        let after = links.place().unwrap_or_default();
        if after.position() < last {
            return Err(Error::Tampered(links.finding(after.position() + 1, Kind::Missing)));
        }
        let cover = self.cover(practice, last, recorded_at).await?;
        let contents = Contents { practice, month, before, after, cover };
        let (digest, _len) = self.archive.publish(writer.finish(&contents).map_err(failed)?)?;
        Ok(exported(&contents, &digest, true))
    }

    /// Hashes of the entries after the last one, up to the first checkpoint that is over it.
    async fn cover(&self, practice: PracticeId, last: i64, recorded_at: i64) -> Result<Vec<Hash>, Error> {
        let Some(store) = self.checkpoints else { return Ok(Vec::new()) };
        // no checkpoint over it was written before it, but clocks may differ
        let recorded = DateTime::from_timestamp_micros(recorded_at).unwrap_or_default() - TimeDelta::days(1);
        let Some(first) = store.first_over(practice, recorded.date_naive(), last.unsigned_abs()).await? else {
            return Ok(Vec::new());
        };
        let mut hashes = Hashes::of(self.client, practice, last + 1, first.size.cast_signed()).await?;
        let mut cover = Vec::new();
        while let Some(hash) = hashes.next().await? {
            cover.push(hash);
        }
        Ok(cover)
    }

    /// Where the log was when the month began, and the last position that was recorded in it or before. Nothing, when
    /// nothing was recorded in it.
    async fn bounds(&self, practice: PracticeId, month: Month) -> Result<Option<(Place, i64)>, Error> {
        let last = self.last_before(practice, month.next()).await?;
        let mut begin = self.last_before(practice, month).await?;
        let mut place = Place::default();
        if let Some(earlier) = self.archive.months(practice)?.into_iter().rfind(|earlier| *earlier < month)
            && let Some(contents) = self.archive.contents(practice, earlier)?
        {
            place = contents.after;
            // entries may have left the database, and one that came late belongs to the month that follows
            if place.position() > begin || earlier.next() == month {
                begin = place.position();
            }
        }
        if last <= begin {
            return Ok(None);
        }
        let mut hashes = Hashes::of(self.client, practice, place.position() + 1, begin).await?;
        while let Some(hash) = hashes.next().await? {
            place.tree.push(leaf(&hash));
            place.hash = hash;
        }
        if place.position() < begin {
            return Err(Error::Missing { practice, from: place.position() + 1, to: begin });
        }
        Ok(Some((place, last)))
    }

    /// The last position of an entry that was recorded before the month.
    async fn last_before(&self, practice: PracticeId, month: Month) -> Result<i64, Error> {
        let sql = format!(
            "SELECT position FROM audit.entries WHERE practice_id = '{practice}' AND recorded_at < '{}'
             ORDER BY position DESC LIMIT 1",
            month.start().to_rfc3339()
        );
        Ok(self.client.query_opt(&sql, &[]).await?.map_or(0, |row| row.get(0)))
    }
}

fn exported(contents: &Contents, digest: &Hash, written: bool) -> Exported {
    Exported {
        practice: contents.practice.to_string(),
        month: contents.month.to_string(),
        first_position: contents.first(),
        last_position: contents.last(),
        sha256: hex::encode(digest),
        written,
    }
}
