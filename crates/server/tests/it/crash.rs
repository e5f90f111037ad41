//! Machines die: `dev --once` is killed again and again, by itself and by its database, and goes on each time.
//! In the end nothing is lost and nothing doubled, which the run's own books say. What the log says is for `kill.rs`.
#![expect(clippy::expect_used, reason = "a step that fails ends the test")]

use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::Signal;

use crate::mortal::{claimsd, ended, kill, postmaster};

/// Kills of claimsd, and as many of PostgreSQL.
const KILLS: usize = 12;
const SESSIONS: &str = "150";

struct Run {
    dir: PathBuf,
    out: PathBuf,
}

impl Run {
    fn start(&self) -> Child {
        let [dir, out] = [&self.dir, &self.out].map(|path| path.to_str().expect("text"));
        let base = ["dev", "--once", "--sessions", SESSIONS, "--listen", "127.0.0.1:0"];
        claimsd(base.into_iter().chain(["--data-dir", dir, "--out", out]))
    }

    /// Runs to the end; the exit code says whether the books agree.
    fn finish(&self) -> serde_json::Value {
        let status = ended(&mut self.start());
        assert!(status.success(), "the books of the last run don't agree: {status}");
        let summary = std::fs::read(self.out.join("summary.json")).expect("a summary");
        serde_json::from_slice(&summary).expect("JSON")
    }
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
        let postmaster = postmaster(&run.dir);
        std::thread::sleep(Duration::from_millis(dice.random_range(500..4_000)));
        databases += usize::from(kill(postmaster, Signal::KILL));
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
