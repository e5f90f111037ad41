//! Where checkpoints lie: a directory, or an S3-compatible bucket. Objects are only ever added.
//!
//! A checkpoint is the signed note in `PRACTICE/YYYY/MM/DD/SIZE`, the size with 20 digits, so names sort as the log grew.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{Datelike, NaiveDate};
use kernel::PracticeId;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, PutMode, RetryConfig};

/// Larger than any checkpoint of ours.
const BYTES_MAX: u64 = 4096;
/// A store that doesn't answer is tried again in the next round, other practices come first.
const PATIENCE: Duration = Duration::from_secs(10);
const RETRIES: usize = 2;

/// A store of checkpoints. Cheap to clone. May hold a password: it can't be printed.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    /// The directory, when it is one.
    dir: Option<PathBuf>,
}

/// The name of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    pub practice: PracticeId,
    /// When it was written, by the clock of who wrote it.
    pub day: NaiveDate,
    /// How many entries it is over.
    pub size: u64,
}

/// Why there is no such store.
#[derive(Debug, thiserror::Error)]
pub enum BadStore {
    #[error("{0} is no store of checkpoints: give a directory, or s3://BUCKET/PREFIX")]
    Form(String),
    #[error("the directory of checkpoints {} can't be used: it must be there", .0.display())]
    Directory(PathBuf, #[source] object_store::Error),
    #[error("the bucket of checkpoints can't be used")]
    Bucket(#[source] object_store::Error),
}

/// Why a checkpoint was not stored or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is one of that name already, and it says something else. It stays as it is.
    #[error("{0} is there already, with other content")]
    Taken(Address),
    #[error("the store of checkpoints failed")]
    Failed(#[from] object_store::Error),
    #[error("the directory of checkpoints failed")]
    Unsettled(#[source] io::Error),
}

impl Store {
    /// A store on anything that keeps objects.
    #[must_use]
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, dir: None }
    }

    /// The store that a setting names: a directory, or `s3://BUCKET/PREFIX` with the settings that `variables` of the
    /// environment hold, those named `AWS_…`.
    ///
    /// # Errors
    /// Says what is wrong with it. Nothing was asked of a bucket yet.
    pub fn open(name: &str, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, BadStore> {
        match name.split_once("://") {
            None => Self::directory(FilePath::new(name)),
            Some(("s3", rest)) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    return Err(BadStore::Form(name.to_owned()));
                }
                Self::bucket(bucket, prefix, variables)
            }
            Some(_) => Err(BadStore::Form(name.to_owned())),
        }
    }

    /// A directory that is there. One that isn't may be a disk that was not mounted.
    ///
    /// # Errors
    /// When it isn't there.
    pub fn directory(dir: &FilePath) -> Result<Self, BadStore> {
        let refused = |error| BadStore::Directory(dir.to_owned(), error);
        let objects = LocalFileSystem::new_with_prefix(dir).map_err(refused)?;
        // an object appears by a link to a file that is complete, and is on the disk when we are told so
        Ok(Self { objects: Arc::new(objects.with_fsync(true)), dir: Some(dir.to_owned()) })
    }

    fn bucket(
        bucket: &str,
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, BadStore> {
        // the HTTP client takes the process's provider; whoever installed one before has ring too, there is no other
        let _ = rustls::crypto::ring::default_provider().install_default();
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: PATIENCE, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new().with_client_options(ClientOptions::new().with_timeout(PATIENCE));
        for (name, value) in variables {
            if let Some(key) = s3_key(&name) {
                builder = builder.with_config(key, value);
            }
        }
        let s3 = builder.with_bucket_name(bucket).with_retry(retry).build().map_err(BadStore::Bucket)?;
        let prefix = prefix.trim_matches('/');
        Ok(Self::new(if prefix.is_empty() { Arc::new(s3) } else { Arc::new(PrefixStore::new(s3, prefix)) }))
    }

    /// Adds a checkpoint, unless it is there already. It is durable when this returns.
    ///
    /// # Errors
    /// [`Error::Taken`] when there is another one of that name; when the store fails.
    pub async fn add(&self, address: &Address, note: &str) -> Result<(), Error> {
        let payload = note.to_owned().into_bytes().into();
        match self.objects.put_opts(&address.path(), payload, PutMode::Create.into()).await {
            Ok(_) => {}
            // written by one that died before it could say so, or answered after the client asked again
            Err(object_store::Error::AlreadyExists { .. }) => {
                if self.read(address).await? != note.as_bytes() {
                    return Err(Error::Taken(*address));
                }
            }
            Err(error) => return Err(error.into()),
        }
        self.settle(address).await
    }

    /// Makes sure that a checkpoint that is there stays there: one who died may have left the file, or a directory
    /// above it, in memory only.
    ///
    /// # Errors
    /// When the directory fails.
    pub async fn settle(&self, address: &Address) -> Result<(), Error> {
        let Some(dir) = self.dir.clone() else { return Ok(()) };
        let file = dir.join(address.to_string());
        let settled = tokio::task::spawn_blocking(move || {
            // what is on the disk already costs next to nothing
            file.ancestors().take_while(|path| path.starts_with(&dir)).try_for_each(|path| File::open(path)?.sync_all())
        });
        settled.await.map_err(io::Error::other).flatten().map_err(Error::Unsettled)
    }

    /// What the checkpoint says; nothing, when it is too long to be one.
    ///
    /// # Errors
    /// When it isn't there, or the store fails.
    pub async fn read(&self, address: &Address) -> Result<Vec<u8>, Error> {
        Ok(self.text(&address.path()).await?.into())
    }

    /// The newest checkpoint of a practice.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest(&self, practice: PracticeId) -> Result<Option<Address>, Error> {
        // a year has millions of names: one day's are listed, the newest that has any
        let mut waiting = vec![Path::from(practice.to_string())];
        while let Some(prefix) = waiting.pop() {
            let listed = self.objects.list_with_delimiter(Some(&prefix)).await?;
            let newest = listed.objects.iter().filter_map(|object| address(&object.location)).max();
            if newest.is_some() {
                return Ok(newest);
            }
            waiting.append(&mut dates(listed.common_prefixes));
        }
        Ok(None)
    }

    /// The smallest checkpoint over so many entries or more, of those that were written from that day on.
    pub(crate) async fn first_over(
        &self,
        practice: PracticeId,
        from: NaiveDate,
        size: u64,
    ) -> object_store::Result<Option<Address>> {
        let from = Path::from(format!("{practice}/{}", from.format("%Y/%m/%d")));
        for day in self.days(practice).await?.into_iter().filter(|day| *day >= from) {
            let names = self.names(&day).await?;
            let first = names.iter().filter_map(address).find(|address| address.size >= size);
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(None)
    }

    /// The practices that have a folder, whatever else there is.
    pub(crate) async fn practices(&self) -> object_store::Result<Vec<PracticeId>> {
        let folders = self.objects.list_with_delimiter(None).await?.common_prefixes;
        Ok(folders.iter().filter_map(|folder| folder.filename()?.parse().ok()).collect())
    }

    /// The folders of a practice's days, in order.
    pub(crate) async fn days(&self, practice: PracticeId) -> object_store::Result<Vec<Path>> {
        let mut folders = vec![Path::from(practice.to_string())];
        for _level in ["years", "months", "days"] {
            let mut below = Vec::new();
            for folder in &folders {
                below.append(&mut dates(self.objects.list_with_delimiter(Some(folder)).await?.common_prefixes));
            }
            folders = below;
        }
        Ok(folders)
    }

    /// What lies in the folder of a day, in order.
    pub(crate) async fn names(&self, day: &Path) -> object_store::Result<Vec<Path>> {
        let listed = self.objects.list_with_delimiter(Some(day)).await?.objects;
        let mut names: Vec<Path> = listed.into_iter().map(|object| object.location).collect();
        names.sort();
        Ok(names)
    }

    /// What an object says; nothing, when it is too long to be a checkpoint.
    pub(crate) async fn text(&self, name: &Path) -> object_store::Result<Bytes> {
        let found = self.objects.get(name).await?;
        if found.meta.size > BYTES_MAX { Ok(Bytes::new()) } else { found.bytes().await }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.objects.to_string()).finish()
    }
}

/// Those that are years, months and days: digits; in order.
fn dates(folders: Vec<Path>) -> Vec<Path> {
    let is_date = |path: &Path| path.filename().is_some_and(|name| name.bytes().all(|b| b.is_ascii_digit()));
    let mut dates: Vec<Path> = folders.into_iter().filter(is_date).collect();
    dates.sort();
    dates
}

fn address(path: &Path) -> Option<Address> {
    path.as_ref().parse().ok()
}

/// The setting that a variable of the environment holds.
fn s3_key(variable: &str) -> Option<AmazonS3ConfigKey> {
    variable.starts_with("AWS_").then(|| variable.to_ascii_lowercase().parse().ok()).flatten()
}

impl Address {
    fn path(&self) -> Path {
        Path::from(self.to_string())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { practice, day, size } = self;
        write!(f, "{practice}/{:04}/{:02}/{:02}/{size:020}", day.year(), day.month(), day.day())
    }
}

/// Not the name of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not the name of a checkpoint, PRACTICE/YYYY/MM/DD/SIZE")]
pub struct NotAnAddress;

impl FromStr for Address {
    type Err = NotAnAddress;

    /// A checkpoint has one name.
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let parse = || {
            let [practice, year, month, day, size] = text.split('/').collect::<Vec<_>>().try_into().ok()?;
            let day = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
            let parsed = Self { practice: practice.parse().ok()?, day, size: size.parse().ok()? };
            (parsed.to_string() == text).then_some(parsed)
        };
        parse().ok_or(NotAnAddress)
    }
}

#[cfg(test)]
mod tests;
