//! The archive: the audit log as files, `PRACTICE/YYYY-MM.parquet`, that are only ever added.
//!
//! A file holds the entries of one practice from where the file before ends to the last entry that was recorded in its
//! month, without a gap in the positions. So one practice's log can be given away alone, every file can be checked
//! alone, and the log goes on from the last file to the database at one position. Where two servers' clocks differ, some
//! entries of the next month's first moment are in it too. Beside each file lies its digest, as `sha256sum -c` reads it.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use audit::chain::Hash;
use kernel::PracticeId;
use sha2::{Digest, Sha256};

mod contents;
mod form;
mod month;
mod pages;
mod reader;
mod writer;

pub use contents::{Contents, Place};
pub use month::{Month, NotAMonth};
pub(crate) use reader::{Batch, Reader};
pub use writer::Writer;

const ENDING: &str = ".parquet";
const DIGEST_ENDING: &str = ".parquet.sha256";

/// A directory of such files.
#[derive(Debug, Clone)]
pub struct Archive {
    dir: PathBuf,
}

/// Why the archive can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} can't be used", .0.display())]
    Io(PathBuf, #[source] io::Error),
    #[error("another program writes to the archive {}", .0.display())]
    Busy(PathBuf),
    #[error("the file {} can't be written or read", .0.display())]
    Parquet(PathBuf, #[source] parquet::errors::ParquetError),
    #[error("the file {} is there, but it or its digest is not what was written: verify the archive", .0.display())]
    Altered(PathBuf),
}

/// What the digest of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// The file is the one that was written.
    Intact(Hash),
    Altered,
    /// Nothing can be said: the digest is not there.
    Unknown,
}

/// Keeps others from writing, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Archive {
    /// An archive in a directory that is there.
    ///
    /// # Errors
    /// When it isn't there.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let is_dir = fs::metadata(dir)
            .and_then(|found| if found.is_dir() { Ok(()) } else { Err(io::Error::from(io::ErrorKind::NotADirectory)) });
        is_dir.map_err(|e| Error::Io(dir.to_owned(), e))?;
        Ok(Self { dir: dir.to_owned() })
    }

    #[must_use]
    pub fn path(&self, practice: PracticeId, month: Month) -> PathBuf {
        self.dir.join(practice.to_string()).join(format!("{month}{ENDING}"))
    }

    fn digest_path(&self, practice: PracticeId, month: Month) -> PathBuf {
        self.dir.join(practice.to_string()).join(format!("{month}{DIGEST_ENDING}"))
    }

    /// The practices that have a folder, in order.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn practices(&self) -> Result<Vec<PracticeId>, Error> {
        let mut found: Vec<PracticeId> = names(&self.dir)?.iter().filter_map(|name| name.parse().ok()).collect();
        found.sort();
        Ok(found)
    }

    /// The months of a practice that have a file, in order.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn months(&self, practice: PracticeId) -> Result<Vec<Month>, Error> {
        let names = names(&self.dir.join(practice.to_string()))?;
        let mut found: Vec<Month> =
            names.iter().filter_map(|name| name.strip_suffix(ENDING)).filter_map(|name| name.parse().ok()).collect();
        found.sort();
        Ok(found)
    }

    /// What the file says about itself; nothing, when there is none.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn contents(&self, practice: PracticeId, month: Month) -> Result<Option<Contents>, Error> {
        let path = self.path(practice, month);
        match File::open(&path) {
            Ok(file) => Reader::new(file).map(|reader| Some(reader.contents)).map_err(|e| Error::Parquet(path, e)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::Io(path, e)),
        }
    }

    /// Reads the whole file: whether it is the one that its digest was made of.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn sealed(&self, practice: PracticeId, month: Month) -> Result<Sealed, Error> {
        let path = self.path(practice, month);
        let actual = File::open(&path).and_then(digest).map_err(|e| Error::Io(path, e))?;
        let path = self.digest_path(practice, month);
        match fs::read(&path) {
            Ok(said) if said == line(&actual, month).as_bytes() => Ok(Sealed::Intact(actual)),
            Ok(_other) => Ok(Sealed::Altered),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Sealed::Unknown),
            Err(e) => Err(Error::Io(path, e)),
        }
    }

    /// # Errors
    /// When another program has the lock.
    pub fn lock(&self) -> Result<Lock, Error> {
        let path = self.dir.join(".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| Error::Io(path.clone(), e))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy(self.dir.clone())),
            Err(TryLockError::Error(e)) => Err(Error::Io(path, e)),
        }
    }

    /// A file under a name that is none of the archive's, for [`Self::publish`].
    ///
    /// # Errors
    /// When it can't be made.
    pub fn draft(&self, practice: PracticeId, month: Month) -> Result<Draft, Error> {
        let path = self.path(practice, month).with_extension("unfinished");
        let folder = self.dir.join(practice.to_string());
        let created = fs::create_dir_all(&folder).and_then(|()| File::create(&path));
        let file = created.map_err(|e| Error::Io(path.clone(), e))?;
        Ok(Draft { path, practice, month, file: BufWriter::new(file), digest: Sha256::new(), len: 0 })
    }

    /// Gives a file that is complete its name, when it is on the disk. The digest is there first. Whoever
    /// calls it has the lock.
    ///
    /// # Errors
    /// When it can't be written, or there is a file of that name.
    pub fn publish(&self, draft: Draft) -> Result<(Hash, u64), Error> {
        let Draft { path, practice, month, file, digest, len } = draft;
        let digest: Hash = digest.finalize().into();
        let to = self.path(practice, month);
        let published = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| {
            file.sync_all()?;
            // never over another: a file that is there stays as it is, and its digest too
            if to.exists() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let beside = self.digest_path(practice, month);
            let unfinished = beside.with_extension("unfinished-sha256");
            let mut written = File::create(&unfinished)?;
            written.write_all(line(&digest, month).as_bytes())?;
            written.sync_all()?;
            fs::rename(unfinished, beside)?;
            fs::hard_link(&path, &to)?;
            fs::remove_file(&path)?;
            File::open(self.dir.join(practice.to_string()))?.sync_all()?;
            File::open(&self.dir)?.sync_all()
        });
        published.map_err(|e| Error::Io(to, e))?;
        Ok((digest, len))
    }
}

/// A file that is being written, and the digest of what was.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    practice: PracticeId,
    month: Month,
    file: BufWriter<File>,
    digest: Sha256,
    len: u64,
}

/// Takes a draft away again.
pub(crate) fn discard(path: &Path) {
    // what can't be removed is written over the next time
    let _ = fs::remove_file(path);
}

impl Draft {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// As `sha256sum` writes it.
fn line(digest: &Hash, month: Month) -> String {
    format!("{}  {month}{ENDING}\n", hex::encode(digest))
}

fn digest(mut file: File) -> io::Result<Hash> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digest.finalize().into()),
            len => digest.update(buffer.get(..len).unwrap_or_default()),
        }
    }
}

/// Names in a directory; none, when it isn't there.
fn names(dir: &Path) -> Result<Vec<String>, Error> {
    let listed = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.and_then(Iterator::collect::<io::Result<Vec<_>>>),
    };
    let entries = listed.map_err(|e| Error::Io(dir.to_owned(), e))?;
    Ok(entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

#[cfg(test)]
mod tests;
