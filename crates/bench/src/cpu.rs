//! CPU time of processes, as the kernel counts it: in ticks of a hundredth of a second.

use std::fs;
use std::path::Path;

use serde::Serialize;

/// CPU time used up by each side of a measurement, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Cpu {
    pub(crate) server: u64,
    pub(crate) postgres: u64,
    pub(crate) client: u64,
}

/// Whom to look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watched {
    /// Our server, when there is one.
    pub(crate) server: Option<u32>,
    /// The postmaster; its children count too.
    pub(crate) postmaster: u32,
}

impl Watched {
    /// What was used up until now. The client is this process and the children it has waited for.
    pub(crate) fn read(self) -> Cpu {
        let stats: Vec<Stat> =
            fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|e| stat(&e.path())).collect();
        let of = |pid: u32| stats.iter().find(|s| s.pid == pid);
        let backends: u64 = stats.iter().filter(|s| s.parent == self.postmaster).map(|s| s.own).sum();
        Cpu {
            server: self.server.and_then(of).map_or(0, |s| nanos(s.own)),
            postgres: nanos(backends + of(self.postmaster).map_or(0, |s| s.own + s.reaped)),
            client: nanos(of(std::process::id()).map_or(0, |s| s.own + s.reaped)),
        }
    }
}

impl Cpu {
    pub(crate) const fn since(self, before: Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            postgres: self.postgres.saturating_sub(before.postgres),
            client: self.client.saturating_sub(before.client),
        }
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            server: self.server + other.server,
            postgres: self.postgres + other.postgres,
            client: self.client + other.client,
        }
    }
}

struct Stat {
    pid: u32,
    parent: u32,
    /// Ticks of the process itself.
    own: u64,
    /// Ticks of its children that have ended and were waited for.
    reaped: u64,
}

fn stat(dir: &Path) -> Option<Stat> {
    let pid = dir.file_name()?.to_str()?.parse().ok()?;
    let text = fs::read_to_string(dir.join("stat")).ok()?;
    // the name in brackets may hold anything; the fields after it are numbered from 3
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let field = |n: usize| fields.get(n - 3).and_then(|f| f.parse::<u64>().ok());
    Some(Stat {
        pid,
        parent: u32::try_from(field(4)?).ok()?,
        own: field(14)? + field(15)?,
        reaped: field(16)? + field(17)?,
    })
}

fn nanos(ticks: u64) -> u64 {
    ticks * 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1)
}

/// What was done, and the CPU time it used.
pub(crate) fn of<T>(watched: Watched, work: impl FnOnce() -> T) -> (T, Cpu) {
    let before = watched.read();
    let done = work();
    (done, watched.read().since(before))
}
