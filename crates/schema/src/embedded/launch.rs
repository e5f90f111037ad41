//! Makes a cluster and starts its postmaster: command lines, settings, readiness.
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::account::Account;
use super::binaries::Binaries;
use super::error::Attempt;
use super::place::Files;
use super::{Error, Mode, keeper, leftover};

/// Recovery of a cluster that was killed under load takes its time.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// Open transactions are rolled back and everything is written, unless that takes far too long.
const FAST: [(Signal, Duration); 3] = [(Signal::INT, Duration::from_secs(60)), IMMEDIATE[0], IMMEDIATE[1]];
/// Nothing is written; what is kept goes through recovery.
const IMMEDIATE: [(Signal, Duration); 2] =
    [(Signal::QUIT, Duration::from_secs(10)), (Signal::KILL, Duration::from_secs(10))];
const LOG_MAX: u64 = 16 << 20;
const LOG_TAIL: usize = 2_000;

#[derive(Debug)]
pub(super) struct Launch {
    pub(super) binaries: Binaries,
    pub(super) account: Account,
    pub(super) files: Files,
    pub(super) mode: Mode,
    pub(super) listen: String,
    /// Of the postmaster started last.
    pub(super) pid: AtomicU32,
}

impl Launch {
    /// Makes sure that there is a cluster, an empty one for a [`Mode::Throwaway`].
    pub(super) fn make(&self) -> Result<(), Error> {
        leftover::clear(&self.files)?;
        let data = &self.files.data;
        if self.mode == Mode::Throwaway && data.exists() {
            fs::remove_dir_all(data).attempt("remove", data)?;
        }
        if data.exists() { Ok(()) } else { self.initdb() }
    }

    /// Makes the cluster beside its place and moves it there when it's complete, so a killed initdb leaves none.
    fn initdb(&self) -> Result<(), Error> {
        let Files { base, data, .. } = &self.files;
        let unfinished = base.join(format!("init.{}", std::process::id()));
        self.account.make_dir(&unfinished).attempt("create", &unfinished)?;
        let initdb = self.binaries.initdb();
        let mut command = self.account.command(&initdb, "TERM");
        command.arg("-D").arg(&unfinished).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        // sorting by bytes is the same everywhere; upper and lower case know all of Unicode where glibc has it
        if cfg!(target_os = "linux") {
            command.arg("--lc-ctype=C.UTF-8");
        }
        if self.mode == Mode::Throwaway {
            command.arg("--no-sync");
        }
        let output = command.arg("--no-instructions").output().attempt("run", &initdb)?;
        if !output.status.success() {
            let said = tail(&String::from_utf8_lossy(&output.stderr));
            return Err(Error::Initdb { status: output.status, output: said });
        }
        fs::rename(&unfinished, data).attempt("move into place", &unfinished)?;
        File::open(base).and_then(|base| base.sync_all()).attempt("sync", base)
    }

    /// Starts the postmaster as a child of this thread and waits until it takes connections.
    pub(super) fn start(&self, child: &mut Option<Child>) -> Result<(), Error> {
        leftover::clear(&self.files)?;
        let (log, log_begin) = self.open_log()?;
        let postgres = self.binaries.postgres();
        let mut command = self.account.command(&postgres, self.orphan_signal());
        command.arg("-D").arg(&self.files.data);
        for (name, value) in self.settings()? {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let errors = log.try_clone().attempt("open", &self.files.log)?;
        let spawned = command.stdout(log).stderr(errors).spawn().attempt("run", &postgres)?;
        let spawned = child.insert(spawned);
        if let Err(error) = self.wait_until_ready(spawned, log_begin) {
            self.stop(child);
            return Err(error);
        }
        self.pid.store(spawned.id(), Ordering::Relaxed);
        Ok(())
    }

    /// Shuts the postmaster down if there is one: in order where the data is kept, at once where it isn't.
    pub(super) fn stop(&self, child: &mut Option<Child>) {
        let steps = match self.mode {
            Mode::Keep => FAST.as_slice(),
            Mode::Throwaway => IMMEDIATE.as_slice(),
        };
        keeper::stop(child, steps);
    }

    /// Starts the postmaster again if it ended without being told to.
    pub(super) fn revive(&self, child: &mut Option<Child>) {
        let Some(Ok(Some(status))) = child.as_mut().map(Child::try_wait) else { return };
        tracing::warn!(%status, "the embedded database ended, starting it again");
        *child = None;
        if let Err(error) = self.start(child) {
            tracing::error!(%error, "the embedded database does not start again");
        }
    }

    /// How the database is told that we died: kept data is closed properly, the rest just goes.
    fn orphan_signal(&self) -> &'static str {
        match self.mode {
            Mode::Keep => "INT",
            Mode::Throwaway => "QUIT",
        }
    }

    fn settings(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let socket = self.files.socket.to_string_lossy().replace('"', "\"\"");
        let mut settings = vec![
            ("cluster_name", self.files.name()?),
            ("listen_addresses", self.listen.clone()),
            // a list: quoted, or a comma in the path would split it
            ("unix_socket_directories", format!("\"{socket}\"")),
            ("unix_socket_permissions", "0700".to_owned()),
        ];
        settings.extend(COMMON.map(|(name, value)| (name, value.to_owned())));
        if self.mode == Mode::Throwaway {
            settings.extend(THROWAWAY.map(|(name, value)| (name, value.to_owned())));
        }
        Ok(settings)
    }

    /// Opens the log for appending, after setting a long one aside, and tells where this run's part begins.
    fn open_log(&self) -> Result<(File, u64), Error> {
        let path = &self.files.log;
        if fs::metadata(path).is_ok_and(|log| log.len() > LOG_MAX) {
            fs::rename(path, path.with_extension("old")).attempt("rename", path)?;
        }
        let log = OpenOptions::new().append(true).create(true).open(path).attempt("open", path)?;
        let begin = log.metadata().attempt("read", path)?.len();
        Ok((log, begin))
    }

    /// Line 1 of postmaster.pid is the process id, line 8 the state.
    fn wait_until_ready(&self, child: &mut Child, log_begin: u64) -> Result<(), Error> {
        let pid_file = self.files.data.join("postmaster.pid");
        let own = child.id().to_string();
        let begun = Instant::now();
        loop {
            let state = fs::read_to_string(&pid_file).unwrap_or_default();
            let mut lines = state.lines();
            if lines.next() == Some(own.as_str()) && lines.nth(6).is_some_and(|state| state.trim() == "ready") {
                return Ok(());
            }
            if let Some(status) = child.try_wait().attempt("wait for", &self.files.data)? {
                return Err(Error::Ended { status, log: log_tail(&self.files.log, log_begin) });
            }
            if begun.elapsed() > READY_WITHIN {
                return Err(Error::NotReady {
                    seconds: READY_WITHIN.as_secs(),
                    log: log_tail(&self.files.log, log_begin),
                });
            }
            sleep(Duration::from_millis(2));
        }
    }
}

/// The log keeps no statement, parameter or detail of an error: they hold what people entered.
const COMMON: [(&str, &str); 9] = [
    ("jit", "off"),
    ("log_error_verbosity", "terse"),
    ("log_min_error_statement", "panic"),
    ("log_min_messages", "log"),
    ("log_parameter_max_length_on_error", "0"),
    ("log_timezone", "UTC"),
    ("max_connections", "200"),
    ("shared_buffers", "128MB"),
    ("timezone", "UTC"),
];

/// Fast and gone after a crash. Autovacuum only gets in the way of a database that lives for seconds.
const THROWAWAY: [(&str, &str); 8] = [
    ("autovacuum", "off"),
    ("checkpoint_timeout", "1h"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("max_wal_senders", "0"),
    ("max_wal_size", "1GB"),
    ("synchronous_commit", "off"),
    ("wal_level", "minimal"),
];

fn log_tail(path: &Path, begin: u64) -> String {
    let mut text = String::new();
    let read = File::open(path).and_then(|mut log| {
        log.seek(SeekFrom::Start(begin))?;
        log.read_to_string(&mut text)
    });
    match read {
        Ok(_) => tail(&text),
        Err(error) => format!("no log: {error}"),
    }
}

/// The end of a text on one line.
fn tail(text: &str) -> String {
    let from = text.char_indices().rev().nth(LOG_TAIL).map_or(0, |(at, _)| at);
    let lines: Vec<_> =
        text.get(from..).unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" | ")
}
