//! Where and when the figures were taken.

use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::cluster::Cluster;

/// A line about each thing that moves the figures.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) date: String,
    cores: usize,
    cpu: String,
    kernel: String,
    postgres: String,
    durability: String,
}

impl Machine {
    pub(crate) fn look(cluster: &Cluster) -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let info = text("/proc/cpuinfo");
        let cpu = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
        let version = Command::new(cluster.binary("postgres")).arg("-V").output();
        Self {
            date: kernel::Clock::system().now().format("%Y-%m-%d %H:%M UTC").to_string(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: cpu.trim_start_matches([' ', '\t', ':']).to_owned(),
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            postgres: version.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned()).unwrap_or_default(),
            durability: "fsync on, synchronous_commit on".to_owned(),
        }
    }

    /// All of it on one line.
    pub(crate) fn line(&self) -> String {
        let Self { date, cores, cpu, kernel, postgres, durability } = self;
        format!("{date} · {cores} cores, {cpu} · Linux {kernel} · {postgres} · {durability}")
    }
}
