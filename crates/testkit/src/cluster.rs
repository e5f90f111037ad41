//! A durable database that belongs to one test, which may kill it and start it again.
#![expect(clippy::expect_used, clippy::panic, reason = "without its database a test can only stop")]
use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use schema::embedded::{Cluster, Mode, Options};
use tokio::task::spawn_blocking;

const DIR_PREFIX: &str = "claims-test-";
const DATABASE: &str = "claims";
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A migrated database in a cluster of its own, as durable as production. Dropping it removes it.
///
/// Takes over a second to make: most tests want a [`TestDb`](crate::TestDb).
#[derive(Debug)]
pub struct TestCluster {
    // before the directory, so that it's down when the directory is removed
    cluster: Arc<Cluster>,
    _dir: Dir,
}

#[derive(Debug)]
struct Dir(PathBuf);

impl TestCluster {
    /// Makes the cluster and migrates its database.
    ///
    /// # Panics
    /// Without it there is no test.
    pub async fn start() -> Self {
        let (cluster, dir) = blocking(|| {
            let options = options();
            let dir = Dir(new_dir(&options));
            (start(&dir.0, Mode::Keep, &options), dir)
        })
        .await;
        prepare(&cluster, DATABASE).await;
        Self { cluster: Arc::new(cluster), _dir: dir }
    }

    /// The connection string of one of the roles of `deploy/roles.sql`, or of the superuser `postgres`.
    #[must_use]
    pub fn url_as(&self, role: &str) -> String {
        self.cluster.url(role, DATABASE)
    }

    /// Kills the database as a power cut would. Until [`TestCluster::restart`] nobody can connect.
    ///
    /// # Panics
    /// It's dead already.
    pub fn kill(&self) {
        let pid = i32::try_from(self.cluster.pid()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, Signal::KILL).expect("a running database");
    }

    /// Shuts the database down, unless it's dead, and starts it again on what it had made durable.
    ///
    /// # Panics
    /// It doesn't come up.
    pub async fn restart(&self) {
        let cluster = Arc::clone(&self.cluster);
        blocking(move || cluster.restart().unwrap_or_else(|error| give_up(&error))).await;
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // what is left the next test process removes
        let _removed = fs::remove_dir_all(&self.0);
    }
}

/// The roles, and a migrated database.
pub(crate) async fn prepare(cluster: &Cluster, database: &str) {
    cluster.prepare(database).await.expect("roles and the database");
    schema::migrate::run(&cluster.url("claims_migrator", database)).await.expect("migrations");
}

pub(crate) fn start(dir: &Path, mode: Mode, options: &Options) -> Cluster {
    Cluster::start_with(dir, mode, options).unwrap_or_else(|error| give_up(&error))
}

fn give_up(error: &schema::embedded::Error) -> ! {
    match std::error::Error::source(error) {
        Some(cause) => panic!("{error}: {cause}"),
        None => panic!("{error}"),
    }
}

/// A directory for a cluster of this process, after removing those of dead ones.
pub(crate) fn new_dir(options: &Options) -> PathBuf {
    for entry in fs::read_dir(&options.temp_dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(DIR_PREFIX) {
            // one that's alive, or another user's, stays
            let _kept = Cluster::discard(&entry.path(), options);
        }
    }
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    options.temp_dir.join(format!("{DIR_PREFIX}{}-{n}", std::process::id()))
}

#[expect(clippy::disallowed_methods, reason = "cargo starts a test with nothing but an environment")]
pub(crate) fn options() -> Options {
    Options {
        bin_dir: std::env::var_os("PG_BIN").map(PathBuf::from),
        search_path: std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect(),
        temp_dir: std::env::temp_dir(),
        revive: false,
    }
}

/// Runs what blocks away from the test's runtime, passing a panic on.
pub(crate) async fn blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(job).await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}
