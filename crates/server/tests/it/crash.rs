//! Machines die: `dev --once` is killed again and again, by itself and by its database, and goes on each time.
//! In the end nothing is lost and nothing doubled, which the run's own books say.
#![expect(clippy::expect_used, reason = "a step that fails ends the test")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};

/// Kills of claimsd, and as many of PostgreSQL.
const KILLS: usize = 24;
const SESSIONS: &str = "150";
/// How long a run may take that nobody kills.
const PATIENCE: Duration = Duration::from_secs(300);

struct Run {
    dir: PathBuf,
    out: PathBuf,
}

impl Run {
    fn start(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_claimsd"))
            .args(["--log", "error", "dev", "--once", "--sessions", SESSIONS, "--listen", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(&self.dir)
            .arg("--out")
            .arg(&self.out)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("claimsd starts")
    }

    /// Runs to the end; the exit code says whether the books agree.
    fn finish(&self) -> serde_json::Value {
        let mut child = self.start();
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < end, "the run does not end");
            std::thread::sleep(Duration::from_millis(100));
        };
        assert!(status.success(), "the books of the last run don't agree: {status}");
        let summary = std::fs::read(self.out.join("summary.json")).expect("a summary");
        serde_json::from_slice(&summary).expect("JSON")
    }

    /// The postmaster's process, once it takes connections.
    fn postmaster(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(find(&self.dir, "postmaster.pid")?).ok()?;
        let mut lines = text.lines().map(str::trim);
        // negative while initdb works on a cluster that is not there yet
        let pid: i32 = lines.next()?.parse().ok()?;
        let is_ready = lines.nth(6) == Some("ready");
        if pid > 0 && is_ready { Pid::from_raw(pid) } else { None }
    }

    fn wait_for_postmaster(&self) -> Pid {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(pid) = self.postmaster() {
                return pid;
            }
            assert!(Instant::now() < end, "the database does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn find(dir: &Path, name: &str) -> Option<PathBuf> {
    for entry in std::fs::read_dir(dir).ok()?.flatten() {
        let path = entry.path();
        if path.file_name().is_some_and(|n| n == name) {
            return Some(path);
        }
        // the cluster may live elsewhere, behind a link
        if path.is_dir()
            && let Some(found) = find(&path, name)
        {
            return Some(found);
        }
    }
    None
}

#[test]
fn killing_server_and_database_loses_and_doubles_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let run = Run { dir: home.path().join("data"), out: home.path().join("out") };
    let seed: u64 = rand::random();
    eprintln!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut servers, mut databases) = (0, 0);
    for _ in 0..KILLS {
        let mut child = run.start();
        let postmaster = run.wait_for_postmaster();
        std::thread::sleep(Duration::from_millis(dice.random_range(500..4_000)));
        databases += usize::from(kill_process(postmaster, Signal::KILL).is_ok());
        // the server finds it started again, and goes on
        std::thread::sleep(Duration::from_millis(dice.random_range(300..2_500)));
        if child.try_wait().expect("a child").is_none() {
            child.kill().expect("kill -9");
            servers += 1;
        }
        child.wait().expect("it is gone");
    }
    let first = run.finish();
    assert_eq!(first["sessions"].to_string(), SESSIONS);
    let again = run.finish();
    for figure in ["sessions", "claims", "by_status", "charged", "paid", "feed_events"] {
        assert_eq!(first[figure], again[figure], "{figure} changed though everything was done");
    }
    assert!(databases >= KILLS / 2 && servers >= KILLS / 2, "killed {servers} servers and {databases} databases only");
    eprintln!("killed {servers} servers and {databases} databases");
}
