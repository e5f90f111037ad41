//! The directories of one cluster, and the lock that makes them ours.
//!
//! `dir/lock`, `dir/log` are ours; `dir/data` and `dir/s` (the socket) belong to the database's user. Where that
//! user can't get to `dir`, or the socket's path would be longer than the kernel takes, `dir/cluster` or `dir/s`
//! is a link to a private directory elsewhere.
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::geteuid;

use super::Error;
use super::account::Account;
use super::error::Attempt;

/// `sockaddr_un` holds 107 bytes and a final zero on Linux, three fewer on macOS.
const SOCKET_PATH_MAX: usize = 103;
const SOCKET_NAME: &str = ".s.PGSQL.5432";
const LOCK_NAME: &str = "lock";
/// A killed owner needs a moment to vanish before its lock is free.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Place {
    dir: PathBuf,
    /// Held for as long as the cluster is ours; the kernel lets go of it when we die.
    _lock: File,
}

/// Where the database's own files are.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// Holds `data` and, for a moment, the data directory that initdb is still writing.
    pub(super) base: PathBuf,
    pub(super) data: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) log: PathBuf,
}

impl Place {
    /// Makes the directory if it's missing and takes its lock, waiting a moment for an owner who is just leaving.
    pub(super) fn claim(dir: &Path) -> Result<Self, Error> {
        loop {
            if !dir.exists() {
                // root's database user has to pass through
                let mode = if geteuid().is_root() { 0o711 } else { 0o700 };
                if let Some(parent) = dir.parent() {
                    fs::create_dir_all(parent).attempt("create", parent)?;
                }
                DirBuilder::new().recursive(true).mode(mode).create(dir).attempt("create", dir)?;
            }
            let dir = dir.canonicalize().attempt("find", dir)?;
            let file = open_lock(&dir).attempt("open the lock in", &dir)?;
            let lock = lock(&dir, file, LOCK_PATIENCE)?;
            // its last owner may have removed it all while we waited
            if is_at(&lock, &dir.join(LOCK_NAME)) {
                return Ok(Self { dir, _lock: lock });
            }
        }
    }

    /// Takes the lock of a directory that an earlier run left behind.
    pub(super) fn inherit(dir: &Path) -> Result<Self, Error> {
        let dir = dir.canonicalize().attempt("find", dir)?;
        let file = open_lock(&dir).attempt("open the lock in", &dir)?;
        let lock = lock(&dir, file, Duration::ZERO)?;
        Ok(Self { dir, _lock: lock })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The data directory, if an earlier run left one.
    pub(super) fn data(&self) -> PathBuf {
        let elsewhere = self.dir.join("cluster");
        if elsewhere.exists() { elsewhere.join("data") } else { self.dir.join("data") }
    }

    /// Decides where the files go, and makes the directory of the socket.
    pub(super) fn files(&self, account: &Account, temp_dir: &Path) -> Result<Files, Error> {
        let elsewhere = self.dir.join("cluster");
        let base = if !elsewhere.exists() && account.reaches(&self.dir) {
            self.dir.clone()
        } else {
            private_dir(&elsewhere, &[Path::new("/var/tmp"), temp_dir], account)?
        };
        let base = base.canonicalize().attempt("find", &base)?;
        let socket = base.join("s");
        let socket = if !fits(&socket) {
            private_dir(&socket, &[temp_dir, Path::new("/tmp")], account)?
        } else {
            if !account.owns_dir(&socket) {
                account.make_dir(&socket).attempt("create", &socket)?;
            }
            socket
        };
        Ok(Files { data: base.join("data"), socket, log: self.dir.join("log"), base })
    }

    /// Removes everything, the linked directories included.
    pub(super) fn remove(&self) {
        let cluster = self.dir.join("cluster");
        for link in [cluster.join("s"), self.dir.join("s"), cluster] {
            if let Ok(target) = fs::read_link(&link) {
                ignore(fs::remove_dir_all(target));
            }
        }
        ignore(fs::remove_dir_all(&self.dir));
    }
}

impl Files {
    /// A name that no other cluster on this machine has, a copy of this directory included.
    /// It stands on the command line and in the title of each of the cluster's processes.
    pub(super) fn name(&self) -> Result<String, Error> {
        let data = fs::metadata(&self.data).attempt("find", &self.data)?;
        Ok(format!("claimsd-{:x}-{:x}", data.dev(), data.ino()))
    }

    /// The major version of the cluster, None where there is none yet.
    pub(super) fn version(data: &Path) -> Option<u32> {
        fs::read_to_string(data.join("PG_VERSION")).ok()?.trim().parse().ok()
    }
}

/// What a clean-up leaves behind the next start removes.
pub(super) fn ignore(_: io::Result<()>) {}

fn fits(socket: &Path) -> bool {
    socket.as_os_str().len() + 1 + SOCKET_NAME.len() <= SOCKET_PATH_MAX
}

fn open_lock(dir: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(dir.join(LOCK_NAME))
}

fn lock(dir: &Path, mut file: File, patience: Duration) -> Result<File, Error> {
    let until = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                file.read_to_string(&mut owner).attempt("read the lock in", dir)?;
                return Err(Error::Busy { dir: dir.to_path_buf(), owner: owner.trim().to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(error).attempt("lock", dir),
        }
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).attempt("write the lock in", dir)?;
    Ok(file)
}

fn is_at(file: &File, path: &Path) -> bool {
    let same = |at: fs::Metadata, file: fs::Metadata| (at.dev(), at.ino()) == (file.dev(), file.ino());
    fs::metadata(path).and_then(|at| Ok(same(at, file.metadata()?))).unwrap_or(false)
}

/// The directory that `link` points to, or a fresh one below the first of `parents` that `account` reaches.
/// A fresh name and not a computed one: in a directory that everybody writes to, a known name can be taken.
fn private_dir(link: &Path, parents: &[&Path], account: &Account) -> Result<PathBuf, Error> {
    if let Ok(target) = fs::read_link(link) {
        if account.owns_dir(&target) {
            return Ok(target);
        }
        fs::remove_file(link).attempt("remove", link)?;
    }
    let mut last = Err(io::Error::from(io::ErrorKind::NotFound));
    for parent in parents.iter().filter(|parent| account.reaches(parent)) {
        for n in 0..100 {
            let path = parent.join(format!("claimsd-{}-{n}", std::process::id()));
            last = account.make_dir(&path).and_then(|()| symlink(&path, link));
            match &last {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(_) => break,
            }
        }
    }
    last.attempt("make a private directory for", link).map(|()| link.to_path_buf())
}
