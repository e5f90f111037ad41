//! A PostgreSQL of our own: a private cluster in a directory, run by the binaries that are installed.
//!
//! It needs no configuration, no port and no download, works as root and as anybody else, never touches the
//! system's clusters, and ends with the process that started it, however that ends. `claimsd dev` and the tests
//! run on it; production brings its own database.
mod account;
mod binaries;
mod error;
mod keeper;
mod launch;
mod leftover;
mod place;
mod prepare;

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use self::account::Account;
use self::binaries::Binaries;
pub use self::error::Error;
use self::keeper::Keeper;
use self::launch::Launch;
use self::place::{Files, Place};

/// What becomes of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Durable as in production, found again by the next start.
    Keep,
    /// For tests: begins empty, gives up durability for speed, removed in the end.
    Throwaway,
}

/// What the environment says. Only `server` reads it, so it's handed in.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory of `initdb` and `postgres`; None looks in the usual places.
    pub bin_dir: Option<PathBuf>,
    /// More directories to look in: the entries of PATH.
    pub search_path: Vec<PathBuf>,
    /// Holds the socket where the cluster's own directory has too long a name.
    pub temp_dir: PathBuf,
    /// Whether a database that dies, killed for instance, is started again by itself.
    pub revive: bool,
    /// Addresses to listen on beside the socket, for tests of connections; empty everywhere else.
    pub listen: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bin_dir: None,
            search_path: Vec::new(),
            temp_dir: PathBuf::from("/tmp"),
            revive: false,
            listen: String::new(),
        }
    }
}

/// A running database cluster. Dropping it shuts it down, and removes it when it's a [`Mode::Throwaway`].
#[derive(Debug)]
pub struct Cluster {
    // there until the drop takes it
    keeper: Option<Keeper>,
    launch: Arc<Launch>,
    place: Place,
}

impl Cluster {
    /// Starts the cluster in `dir`, making it first if there is none.
    ///
    /// # Errors
    /// No usable PostgreSQL is installed, another process has its database in `dir`, or it doesn't come up.
    pub fn start(dir: &Path, mode: Mode) -> Result<Self, Error> {
        Self::start_with(dir, mode, &Options::default())
    }

    /// Like [`Cluster::start`], told what the environment says.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_with(dir: &Path, mode: Mode, options: &Options) -> Result<Self, Error> {
        let place = Place::claim(dir)?;
        let existing = place.data();
        let account = Account::detect(&existing)?;
        let version = if mode == Mode::Keep { Files::version(&existing) } else { None };
        let binaries = Binaries::find(options, &existing, version)?;
        let files = place.files(&account, &options.temp_dir)?;
        let launch =
            Arc::new(Launch { binaries, account, files, mode, listen: options.listen.clone(), pid: AtomicU32::new(0) });
        let looked_after = options.revive.then(|| Arc::clone(&launch));
        let look_after = move |child: &mut _| looked_after.iter().for_each(|launch| launch.revive(child));
        let keeper = Keeper::spawn(look_after).map_err(|source| Error::Io {
            action: "start a thread for",
            path: place.dir().to_path_buf(),
            source,
        })?;
        let first = Arc::clone(&launch);
        keeper.run(move |child| {
            first.make()?;
            first.start(child)
        })?;
        Ok(Self { keeper: Some(keeper), launch, place })
    }

    /// The connection string of a user and a database, in the form that names a socket directory.
    #[must_use]
    pub fn url(&self, user: &str, database: &str) -> String {
        let socket = encode(self.launch.files.socket.as_os_str().as_bytes());
        format!("postgres://{}@{socket}/{}", encode(user.as_bytes()), encode(database.as_bytes()))
    }

    /// The postmaster's process id; another one after each start.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.launch.pid.load(Ordering::Relaxed)
    }

    /// Shuts the database down, if it's still running, and starts it again on the same data.
    ///
    /// # Errors
    /// It doesn't come up again.
    pub fn restart(&self) -> Result<(), Error> {
        let launch = Arc::clone(&self.launch);
        let keeper = self.keeper.as_ref().ok_or(Error::Down)?;
        keeper.run(move |child| {
            launch.stop(child);
            launch.start(child)
        })
    }

    /// Removes a throw-away cluster that a killed process left in `dir`.
    ///
    /// # Errors
    /// It has a living owner, or its processes don't end.
    pub fn discard(dir: &Path, options: &Options) -> Result<(), Error> {
        let place = Place::inherit(dir)?;
        let account = Account::detect(&place.data())?;
        leftover::clear(&place.files(&account, &options.temp_dir)?)?;
        place.remove();
        Ok(())
    }

    /// Where the binaries are that run it: `psql` and `pgbench` of the same version lie beside them.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        self.launch.binaries.dir()
    }

    /// Where the socket is, for `psql -h`.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.launch.files.socket
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Some(keeper) = self.keeper.take() else {
            return;
        };
        let launch = Arc::clone(&self.launch);
        let stopped = keeper.run(move |child| {
            launch.stop(child);
            Ok(())
        });
        if let Err(error) = stopped {
            tracing::warn!(%error, "the embedded database was not shut down");
        }
        keeper.end();
        if self.launch.mode == Mode::Throwaway {
            self.place.remove();
        }
    }
}

fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') {
            text.push(char::from(*byte));
        } else {
            // writing to a String can't fail
            let _written = write!(text, "%{byte:02X}");
        }
        text
    })
}
