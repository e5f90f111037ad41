//! A database of its own for each test, copied from a migrated template.
//!
//! One throw-away cluster per test process holds them all. It ends with the process; as statics are never dropped,
//! the directory it leaves behind is removed by the next test process. A test that kills its database has a cluster of
//! its own, which loses nothing and comes up again.
#![expect(clippy::expect_used, clippy::panic, reason = "without its database a test can only stop")]
use std::fs;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use schema::embedded::{Cluster, Mode, Options};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

/// Each test has a runtime of its own, which ends with it; what the tests share needs one that stays.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).thread_name("testkit").enable_all().build().expect("a runtime")
});
static SHARED: OnceCell<Shared> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(1);

const TEMPLATE: &str = "template_claims";
const DIR_PREFIX: &str = "claims-test-";

#[derive(Debug)]
struct Shared {
    cluster: Cluster,
}

/// A migrated, empty database. Dropping it drops the database, whoever is still connected.
#[derive(Debug)]
pub struct TestDb {
    name: String,
    home: Home,
}

#[derive(Debug)]
enum Home {
    Shared(&'static Shared),
    Own(Own),
}

/// A cluster that ends with its database.
#[derive(Debug)]
struct Own {
    cluster: Option<Cluster>,
    dir: PathBuf,
}

impl TestDb {
    /// Makes the database.
    ///
    /// # Panics
    /// Without it there is no test.
    pub async fn new() -> Self {
        // on our own runtime, so that it's finished even if this test gives up waiting
        RUNTIME.spawn(Self::create()).await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }

    async fn create() -> Self {
        let shared = SHARED.get_or_init(Shared::start).await;
        let name = format!("t_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = shared.admin().await;
        // copying files costs two checkpoints, which are cheap without fsync, and half the time of logging each page
        let create = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY = FILE_COPY OWNER claims_owner");
        admin.batch_execute(&create).await.expect("the template can be copied");
        Self { name, home: Home::Shared(shared) }
    }

    /// Makes the database in a cluster of its own, which is durable as in production and comes up again when it is
    /// killed.
    ///
    /// # Panics
    /// Without it there is no test.
    pub async fn of_its_own() -> Self {
        RUNTIME.spawn(Self::create_own()).await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }

    async fn create_own() -> Self {
        let own = spawn_blocking(Own::start).await.unwrap_or_else(|error| resume_unwind(error.into_panic()));
        let name = "claims".to_owned();
        own.cluster().prepare(&name).await.expect("roles and the database");
        schema::migrate::run(&own.cluster().url("claims_migrator", &name)).await.expect("migrations");
        Self { name, home: Home::Own(own) }
    }

    fn cluster(&self) -> &Cluster {
        match &self.home {
            Home::Shared(shared) => &shared.cluster,
            Home::Own(own) => own.cluster(),
        }
    }

    /// The process to kill, of a database with a cluster of its own.
    #[must_use]
    pub fn postmaster(&self) -> Option<u32> {
        matches!(self.home, Home::Own(_)).then(|| self.cluster().pid())
    }

    /// The connection string of one of the roles of `deploy/roles.sql`, or of the superuser `postgres`.
    #[must_use]
    pub fn url_as(&self, role: &str) -> String {
        self.cluster().url(role, &self.name)
    }

    /// The database's name in its cluster.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        let shared = match &mut self.home {
            Home::Shared(shared) => *shared,
            Home::Own(own) => {
                let (cluster, dir) = (own.cluster.take(), std::mem::take(&mut own.dir));
                // what blocks has no place on a test's runtime
                RUNTIME.spawn_blocking(move || {
                    drop(cluster);
                    // what stays goes with the leftovers of this process
                    let _kept = Cluster::discard(&dir, &options());
                });
                return;
            }
        };
        RUNTIME.spawn(async move {
            let mut admin = shared.admin().await;
            admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("it can be dropped");
        });
    }
}

impl Own {
    fn start() -> Self {
        let options = Options { revive: true, ..options() };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = options.temp_dir.join(format!("{DIR_PREFIX}{}-{number}", std::process::id()));
        let cluster = Cluster::start_with(&dir, Mode::Keep, &options).unwrap_or_else(|error| panic!("{error}"));
        Self { cluster: Some(cluster), dir }
    }

    fn cluster(&self) -> &Cluster {
        self.cluster.as_ref().expect("it is taken in the end only")
    }
}

impl Shared {
    async fn start() -> Self {
        let cluster = spawn_blocking(start_cluster).await.unwrap_or_else(|error| resume_unwind(error.into_panic()));
        cluster.prepare(TEMPLATE).await.expect("roles and the template database");
        schema::migrate::run(&cluster.url("claims_migrator", TEMPLATE)).await.expect("migrations");
        let shared = Self { cluster };
        shared.close_template().await;
        shared
    }

    async fn admin(&self) -> AsyncPgConnection {
        self.cluster.superuser().await.expect("the test cluster answers")
    }

    /// A template can't be copied while anybody is connected to it, and PostgreSQL looks for a stranger's end only
    /// every 100 ms: nobody gets in any more, and who is still leaving is waited for here.
    async fn close_template(&self) {
        let mut admin = self.admin().await;
        let close = format!("ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false");
        admin.batch_execute(&close).await.expect("the template can be closed");
        let leave = format!(
            "DO $$ BEGIN \
            WHILE EXISTS (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{TEMPLATE}') LOOP \
              PERFORM pg_sleep(0.001), pg_stat_clear_snapshot(); \
            END LOOP; END $$"
        );
        admin.batch_execute(&leave).await.expect("everybody leaves the template");
    }
}

fn start_cluster() -> Cluster {
    let options = options();
    remove_leftovers(&options);
    let dir = options.temp_dir.join(format!("{DIR_PREFIX}{}", std::process::id()));
    Cluster::start_with(&dir, Mode::Throwaway, &options).unwrap_or_else(|error| panic!("{error}"))
}

#[expect(clippy::disallowed_methods, reason = "cargo starts a test with nothing but an environment")]
fn options() -> Options {
    Options {
        bin_dir: std::env::var_os("PG_BIN").map(PathBuf::from),
        search_path: std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect(),
        temp_dir: std::env::temp_dir(),
        revive: false,
        listen: String::new(),
    }
}

fn remove_leftovers(options: &Options) {
    for entry in fs::read_dir(&options.temp_dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(DIR_PREFIX) {
            // one that's alive, or another user's, stays
            let _kept = Cluster::discard(&entry.path(), options);
        }
    }
}
