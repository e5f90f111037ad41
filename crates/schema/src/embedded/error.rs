//! What can go wrong before the database answers, each with the step that mends it.
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why the embedded PostgreSQL did not start, stop or take its roles.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing usable is installed.
    #[error(
        "no PostgreSQL found: install the `postgresql` package ({oldest} or newer), or set PG_BIN / pg_bin to the directory that holds `initdb` and `postgres`"
    )]
    NoBinaries {
        /// The oldest major version that is accepted.
        oldest: u32,
    },
    /// The directory the operator named does not hold a usable PostgreSQL.
    #[error("PG_BIN / pg_bin is {}, which {problem}", dir.display())]
    BadBinaries {
        /// As the operator named it.
        dir: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The kept cluster is of another major version than everything installed.
    #[error(
        "the database in {} was made by PostgreSQL {version}, which is not installed: install `postgresql-{version}`, or remove that directory to begin anew", data.display()
    )]
    OtherVersion {
        /// The data directory.
        data: PathBuf,
        /// Its major version.
        version: u32,
    },
    /// PostgreSQL refuses to run as root, and there is nobody else to run it as.
    #[error("running as root, and there is neither a user `postgres` nor `nobody` to run the database as")]
    NoAccount,
    /// Another living process runs its database in this directory.
    #[error("{} is in use by another claimsd (process {owner}): stop it, or choose another data directory", dir.display())]
    Busy {
        /// The directory both want.
        dir: PathBuf,
        /// The other's process id as it wrote it down.
        owner: String,
    },
    /// Processes of an earlier run would not end.
    #[error("PostgreSQL processes of an earlier run do not end: {pids:?}")]
    Lingering {
        /// Who they are.
        pids: Vec<i32>,
    },
    /// `initdb` failed.
    #[error("initdb failed ({status}): {output}")]
    Initdb {
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said.
        output: String,
    },
    /// PostgreSQL ended before it was ready.
    #[error("PostgreSQL ended while starting ({status}): {log}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// PostgreSQL is alive but did not become ready.
    #[error("PostgreSQL was not ready after {seconds} s: {log}")]
    NotReady {
        /// How long it was given.
        seconds: u64,
        /// The end of its log.
        log: String,
    },
    /// The thread that owns the database process is gone; it only ends with the cluster.
    #[error("the database is shut down")]
    Down,
    /// A file or process operation failed.
    #[error("can't {action} {}", path.display())]
    Io {
        /// In the infinitive.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database refused a connection during the set-up of roles and databases.
    #[error("can't connect to the embedded database")]
    Connect(#[from] diesel::ConnectionError),
    /// The database refused a statement of the set-up of roles and databases.
    #[error("can't set up roles and databases")]
    Setup(#[from] diesel::result::Error),
}

/// Names what was attempted on which path when an I/O operation fails.
pub(super) trait Attempt<T> {
    fn attempt(self, action: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> Attempt<T> for io::Result<T> {
    fn attempt(self, action: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io { action, path: path.to_path_buf(), source })
    }
}
