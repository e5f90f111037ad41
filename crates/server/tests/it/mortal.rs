//! Processes that are killed: `claimsd` as it is built, and the database that belongs to it.
#![expect(clippy::expect_used, reason = "a step that fails ends the test")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take that nobody kills.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs `claimsd` in the background, quietly.
pub(crate) fn claimsd<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Child {
    Command::new(env!("CARGO_BIN_EXE_claimsd"))
        .args(["--log", "error"])
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("claimsd starts")
}

/// Waits until it ends by itself.
pub(crate) fn ended(child: &mut Child) -> ExitStatus {
    let mut status = None;
    until("the process does not end", || {
        status = child.try_wait().expect("a child");
        status.is_some()
    });
    status.expect("it has ended")
}

/// Kills a process of ours, which a child that was not waited for is in any case.
pub(crate) fn kill(pid: u32, signal: Signal) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
}

/// Looks again and again until it is so.
pub(crate) fn until(what_else: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what_else}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The process of the database below that directory, once it takes connections.
pub(crate) fn postmaster(dir: &Path) -> u32 {
    let mut found = None;
    until("the database does not start", || {
        found = find(dir, "postmaster.pid").and_then(|file| ready(&file));
        found.is_some()
    });
    found.expect("it was found")
}

fn ready(file: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut lines = text.lines().map(str::trim);
    // negative while initdb works on a cluster that is not there yet
    let pid = lines.next()?.parse().ok()?;
    (lines.nth(6) == Some("ready")).then_some(pid)
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
