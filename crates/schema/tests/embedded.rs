//! The embedded PostgreSQL against the real one: lives, deaths and neighbours of a cluster.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "tests tell their helper process what to do through its environment")]
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use rustix::process::{Pid, Signal, geteuid, kill_process, test_kill_process};
use schema::embedded::{Cluster, Error, Mode, Options};

const HELPER_DIR: &str = "EMBEDDED_TEST_DIR";
const NOBODY: u32 = 65534;

#[test]
fn a_kept_cluster_is_durable_and_found_again() {
    let dir = TempDir::new("kept");
    durable_and_found_again(dir.path());
}

fn durable_and_found_again(dir: &Path) {
    let cluster = Cluster::start(dir, Mode::Keep).unwrap();
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(ask(&cluster, &format!("current_setting('{setting}')")), "on", "{setting}");
    }
    assert_eq!(
        ask(
            &cluster,
            "concat_ws(' ', current_setting('listen_addresses'), current_setting('jit'), current_setting('shared_buffers'), current_setting('max_connections'), current_setting('timezone'))"
        ),
        " off 128MB 200 UTC"
    );
    assert_eq!(ask(&cluster, "lower('ÉÖŽ')"), "éöž");
    tell(&cluster, "CREATE TABLE kept AS SELECT 'still here' AS word");
    let socket = fs::metadata(cluster.socket_dir()).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o700);
    let pid = cluster.pid();
    drop(cluster);
    assert!(!is_alive(pid), "the drop shuts it down");

    let cluster = Cluster::start(dir, Mode::Keep).unwrap();
    assert_eq!(ask(&cluster, "(SELECT word FROM kept)"), "still here");
    let pid = cluster.pid();
    cluster.restart().unwrap();
    assert_ne!(cluster.pid(), pid);
    assert_eq!(ask(&cluster, "(SELECT word FROM kept)"), "still here");
}

#[test]
fn a_throwaway_cluster_begins_empty_and_leaves_nothing() {
    let dir = TempDir::new("throwaway");
    let neighbour = TempDir::new("neighbour");
    let place = dir.path().join("pg");
    let cluster = Cluster::start(&place, Mode::Throwaway).unwrap();
    let other = Cluster::start(&neighbour.path().join("pg"), Mode::Throwaway).unwrap();
    tell(&cluster, "CREATE TABLE t ()");
    assert_eq!(ask(&other, "(SELECT count(*)::text FROM pg_class WHERE relname = 't')"), "0", "two live side by side");
    let pid = cluster.pid();
    drop(cluster);
    assert!(!is_alive(pid));
    assert!(!place.exists());
    assert_eq!(ask(&other, "'alive'"), "alive");
}

#[test]
fn preparing_makes_the_roles_and_the_database_once() {
    let dir = TempDir::new("prepared");
    let cluster = Cluster::start(&dir.path().join("pg"), Mode::Throwaway).unwrap();
    for _ in 0..2 {
        block_on(cluster.prepare("our \"claims\"")).unwrap();
    }
    run(&cluster.url("claims_migrator", "our \"claims\""), "SET ROLE claims_owner; CREATE SCHEMA mine").unwrap();
    assert!(run(&cluster.url("claims_app", "our \"claims\""), "CREATE SCHEMA mine_too").is_err());
}

#[test]
fn a_database_that_was_killed_is_restarted_with_what_it_committed() {
    let dir = TempDir::new("killed-postgres");
    let cluster = Cluster::start(dir.path(), Mode::Keep).unwrap();
    tell(&cluster, "CREATE TABLE kept AS SELECT 'committed' AS word");
    // a session that is busy when its postmaster dies, and would keep a new one from starting
    let url = cluster.url("postgres", "postgres");
    let busy = thread::spawn(move || run(&url, "SELECT count(*) FROM generate_series(1, 2000000000)"));
    wait_for(|| {
        ask(
            &cluster,
            "(SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE '%2000000000%' AND pid <> pg_backend_pid())",
        ) == "1"
    });
    kill(cluster.pid(), Signal::KILL);
    cluster.restart().unwrap();
    assert!(busy.join().unwrap().is_err());
    assert_eq!(ask(&cluster, "(SELECT word FROM kept)"), "committed");
}

#[test]
fn a_database_that_is_looked_after_comes_back_by_itself() {
    let dir = TempDir::new("revived");
    let options = Options { revive: true, ..Options::default() };
    let cluster = Cluster::start_with(dir.path(), Mode::Keep, &options).unwrap();
    tell(&cluster, "CREATE TABLE kept AS SELECT 'committed' AS word");
    for _ in 0..2 {
        let killed = cluster.pid();
        kill(killed, Signal::KILL);
        wait_for(|| cluster.pid() != killed);
        assert_eq!(ask(&cluster, "(SELECT word FROM kept)"), "committed");
    }
    let last = cluster.pid();
    drop(cluster);
    assert!(!is_alive(last));
}

#[test]
fn the_database_ends_with_a_killed_parent_and_starts_again() {
    let dir = TempDir::new("killed-parent");
    let mut helper = Helper::start(dir.path(), None);
    helper.kill();
    helper.outlive_database();

    // once more, and this time the orphan is slow to go: it waits for its last checkpoint
    let mut helper = Helper::start(dir.path(), None);
    let (orphan, checkpointer) = (helper.postmaster, helper.checkpointer);
    kill(checkpointer, Signal::STOP);
    helper.kill();
    let waker = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        kill(checkpointer, Signal::CONT);
    });
    let cluster = Cluster::start(dir.path(), Mode::Keep).unwrap();
    waker.join().unwrap();
    wait_for(|| !is_alive(orphan));
    assert_eq!(ask(&cluster, "(SELECT word FROM helped)"), "by the helper");
}

#[test]
fn a_directory_in_use_names_its_owner() {
    let dir = TempDir::new("busy");
    let mut helper = Helper::start(dir.path(), None);
    let refused = Cluster::start(dir.path(), Mode::Keep).unwrap_err();
    assert!(matches!(&refused, Error::Busy { owner, .. } if *owner == helper.process.id().to_string()), "{refused}");
    assert!(is_alive(helper.postmaster), "the owner's database is left alone");
    helper.kill();
    helper.outlive_database();
}

#[test]
fn half_a_cluster_and_a_reused_process_id_are_in_nobodys_way() {
    let dir = TempDir::new("leftovers");
    let unfinished = dir.path().join("init.123");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    drop(Cluster::start(dir.path(), Mode::Keep).unwrap());
    assert!(!unfinished.exists());

    // a pid file whose process id now belongs to somebody else of the same user
    let data = fs::metadata(dir.path().join("data")).unwrap();
    let mut sleeper = as_user(owner(&data), Path::new("/bin/sleep")).arg("60").spawn().unwrap();
    let pid_file = dir.path().join("data/postmaster.pid");
    fs::write(&pid_file, format!("{}\n/somewhere\n1\n5432\n/s\n\n1 1\nready\n", sleeper.id())).unwrap();
    drop(Cluster::start(dir.path(), Mode::Keep).unwrap());
    assert!(sleeper.try_wait().unwrap().is_none(), "and that somebody is left alone");
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn without_binaries_one_line_says_what_to_install() {
    let dir = TempDir::new("missing");
    let options = Options { bin_dir: Some(dir.path().to_path_buf()), ..Options::default() };
    let refused = Cluster::start_with(&dir.path().join("pg"), Mode::Keep, &options).unwrap_err().to_string();
    assert!(refused.starts_with("PG_BIN / pg_bin is "), "{refused}");
    assert!(refused.ends_with("has no working `initdb` and `postgres`"), "{refused}");
    let missing = Error::NoBinaries { oldest: 15 }.to_string();
    assert_eq!(
        missing,
        "no PostgreSQL found: install the `postgresql` package (15 or newer), or set PG_BIN / pg_bin to the directory that holds `initdb` and `postgres`"
    );
}

#[test]
fn a_cluster_of_a_version_that_is_gone_is_not_touched() {
    let dir = TempDir::new("version");
    fs::create_dir(dir.path().join("data")).unwrap();
    fs::write(dir.path().join("data/PG_VERSION"), "9\n").unwrap();
    let refused = Cluster::start(dir.path(), Mode::Keep).unwrap_err();
    assert!(matches!(refused, Error::OtherVersion { version: 9, .. }), "{refused}");
    assert!(dir.path().join("data/PG_VERSION").exists());
}

#[test]
fn deep_and_odd_directories_are_fine() {
    let dir = TempDir::new("odd");
    let odd = dir.path().join("a, \"b\" %20'c'");
    let cluster = Cluster::start(&odd, Mode::Throwaway).unwrap();
    assert_eq!(ask(&cluster, "'odd'"), "odd");
    let deep = dir.path().join("d".repeat(100));
    for _ in 0..2 {
        let cluster = Cluster::start(&deep, Mode::Keep).unwrap();
        assert_eq!(ask(&cluster, "'deep'"), "deep");
        assert!(!cluster.socket_dir().starts_with(dir.path()));
    }
    let cluster = Cluster::start(&deep, Mode::Throwaway).unwrap();
    let socket = cluster.socket_dir().to_path_buf();
    drop(cluster);
    assert!(!socket.exists(), "what lies elsewhere is removed too");
}

#[test]
fn root_may_start_it_where_nobody_else_gets_in() {
    if !geteuid().is_root() {
        return;
    }
    let dir = TempDir::new("closed");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let checkout = dir.path().join("checkout");
    durable_and_found_again(&checkout);
    let elsewhere = fs::read_link(checkout.join("cluster")).unwrap();
    drop(Cluster::start(&checkout, Mode::Throwaway).unwrap());
    assert!(!elsewhere.exists() && !checkout.exists());
}

#[test]
fn an_ordinary_user_needs_no_root() {
    if !geteuid().is_root() {
        return; // then all the other tests show it
    }
    let dir = TempDir::new("ordinary");
    chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let mut helper = Helper::start(dir.path(), Some(NOBODY));
    assert_eq!(helper.user, NOBODY);
    helper.kill();
    helper.outlive_database();
}

/// The helper process: not a test, does nothing unless it's told where.
#[test]
fn helper() {
    let Some(dir) = std::env::var_os(HELPER_DIR) else { return };
    let dir = PathBuf::from(dir);
    // the thread that starts it ends at once, as a thread of a runtime may
    let cluster = thread::spawn(move || Cluster::start(&dir, Mode::Keep).unwrap()).join().unwrap();
    tell(&cluster, "CREATE TABLE IF NOT EXISTS helped AS SELECT 'by the helper' AS word");
    let checkpointer = ask(&cluster, "(SELECT pid::text FROM pg_stat_activity WHERE backend_type = 'checkpointer')");
    println!("\nready {} {checkpointer} {}", cluster.pid(), geteuid().as_raw());
    thread::sleep(Duration::from_secs(600));
}

struct Helper {
    process: Child,
    user: u32,
    postmaster: u32,
    checkpointer: u32,
}

impl Helper {
    fn start(dir: &Path, user: Option<u32>) -> Self {
        let mut program = std::env::current_exe().unwrap();
        if user.is_some() {
            // another user may not get to the directory this binary lies in; and a file that we wrote ourselves can't
            // be run for as long as a process forked by another test's thread still holds it open
            let copy = dir.join("helper");
            assert!(Command::new("cp").arg(program).arg(&copy).status().unwrap().success());
            program = copy;
        }
        let mut command = as_user(user, &program);
        command.args(["--exact", "helper", "--nocapture"]).env(HELPER_DIR, dir).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| line.unwrap().strip_prefix("ready ").map(str::to_owned)).unwrap();
        let said: Vec<u32> = ready.split(' ').map(|number| number.parse().unwrap()).collect();
        Self { process, postmaster: said[0], checkpointer: said[1], user: said[2] }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// The kernel tells the database that its parent died; where it can't, we do.
    fn outlive_database(&self) {
        if !cfg!(target_os = "linux") {
            kill(self.postmaster, Signal::INT);
        }
        wait_for(|| !is_alive(self.postmaster));
    }
}

fn as_user(user: Option<u32>, program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some(user) = user {
        std::os::unix::process::CommandExt::uid(&mut command, user);
    }
    command
}

/// None when that is who we are.
fn owner(file: &fs::Metadata) -> Option<u32> {
    let user = std::os::unix::fs::MetadataExt::uid(file);
    (user != geteuid().as_raw()).then_some(user)
}

struct TempDir(PathBuf);

impl TempDir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("embedded-{}-{name}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn ask(cluster: &Cluster, expression: &str) -> String {
    block_on(async {
        let mut connection = AsyncPgConnection::establish(&cluster.url("postgres", "postgres")).await.unwrap();
        diesel::select(sql::<Text>(expression)).get_result(&mut connection).await.unwrap()
    })
}

fn tell(cluster: &Cluster, statement: &str) {
    run(&cluster.url("postgres", "postgres"), statement).unwrap();
}

fn run(url: &str, statement: &str) -> Result<(), diesel::result::Error> {
    block_on(async { AsyncPgConnection::establish(url).await.unwrap().batch_execute(statement).await })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn pid(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

fn kill(process: u32, signal: Signal) {
    kill_process(pid(process), signal).unwrap();
}

fn is_alive(process: u32) -> bool {
    test_kill_process(pid(process)).is_ok()
}

fn wait_for(happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited for 30 s");
        thread::sleep(Duration::from_millis(10));
    }
}
