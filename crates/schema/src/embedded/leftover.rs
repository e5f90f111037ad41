//! Clears away what an earlier, killed run left behind: processes, stale pid files, a half-written cluster.
//!
//! Only called while the directory's lock is held, so whatever is found has no living owner.
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Error;
use super::place::{Files, ignore};

/// A fast shutdown may have a large checkpoint to write.
const PATIENCE: Duration = Duration::from_secs(60);
const LAST_RESORT: Duration = Duration::from_secs(10);

/// One process of a cluster.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    pid: i32,
    is_postmaster: bool,
}

/// Ends every process of this cluster and removes the files that would keep a new one from starting.
pub(super) fn clear(files: &Files) -> Result<(), Error> {
    for entry in fs::read_dir(&files.base).into_iter().flatten().flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(b"init.") {
            ignore(fs::remove_dir_all(entry.path()));
        }
    }
    if !files.data.exists() {
        return Ok(());
    }
    end_processes(&files.name()?)?;
    // PostgreSQL takes any process of its user with that id for its postmaster
    let pid_file = files.data.join("postmaster.pid");
    let named = fs::read_to_string(&pid_file).ok().and_then(|text| text.lines().next()?.trim().parse::<i32>().ok());
    if commands().iter().any(|(pid, command)| Some(*pid) == named && !command.contains("postgres")) {
        ignore(fs::remove_file(pid_file));
    }
    for entry in fs::read_dir(&files.socket).into_iter().flatten().flatten() {
        ignore(fs::remove_file(entry.path()));
    }
    Ok(())
}

fn end_processes(cluster: &str) -> Result<(), Error> {
    let begun = Instant::now();
    let mut asked: Option<Signal> = None;
    loop {
        let left = processes(cluster);
        if left.is_empty() {
            return Ok(());
        }
        let elapsed = begun.elapsed();
        if elapsed > PATIENCE + LAST_RESORT {
            return Err(Error::Lingering { pids: left.iter().map(|process| process.pid).collect() });
        }
        // a postmaster shuts its children down; without one, and in the end, each is told to quit
        let orderly = left.iter().any(|process| process.is_postmaster) && elapsed < PATIENCE;
        let signal = if orderly { Signal::INT } else { Signal::QUIT };
        if asked != Some(signal) {
            for process in left.iter().filter(|process| process.is_postmaster || !orderly) {
                if let Some(pid) = Pid::from_raw(process.pid) {
                    // it may have ended by itself since we looked
                    let _gone = kill_process(pid, signal);
                }
            }
            asked = Some(signal);
        }
        sleep(Duration::from_millis(10));
    }
}

fn processes(cluster: &str) -> Vec<Process> {
    commands().into_iter().filter_map(|(pid, command)| process(pid, &command, cluster)).collect()
}

/// The command line of every process we may see; empty for one that has ended and waits for its parent.
fn commands() -> Vec<(i32, String)> {
    let Ok(entries) = fs::read_dir("/proc") else { return listed_commands() };
    let command = |entry: fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let command = fs::read(entry.path().join("cmdline")).ok()?;
        Some((pid, String::from_utf8_lossy(&command).replace('\0', " ")))
    };
    entries.flatten().filter_map(command).collect()
}

/// For systems without `/proc`.
fn listed_commands() -> Vec<(i32, String)> {
    let listing = Command::new("/bin/ps").args(["-axo", "pid=,command="]).output();
    let listing = listing.map(|listing| listing.stdout).unwrap_or_default();
    let command = |line: &str| {
        let (pid, command) = line.trim_start().split_once(' ')?;
        Some((pid.parse().ok()?, format!("{command} ")))
    };
    String::from_utf8_lossy(&listing).lines().filter_map(command).collect()
}

/// The postmaster's command line sets `cluster_name=<cluster>`; its children's titles begin `postgres: <cluster>: `.
fn process(pid: i32, command: &str, cluster: &str) -> Option<Process> {
    let is_child = command
        .strip_prefix("postgres: ")
        .and_then(|title| title.strip_prefix(cluster))
        .is_some_and(|rest| rest.starts_with(':'));
    let program = command.split(" -D ").next()?;
    let is_postmaster = program.ends_with("/postgres") && command.contains(&format!(" cluster_name={cluster} "));
    (is_child || is_postmaster).then_some(Process { pid, is_postmaster })
}

#[cfg(test)]
mod tests;
