//! The figures side by side, as a table and as JSON, and what they mean for the targets.

use std::fs;
use std::path::Path;

use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use serde::Serialize;

use crate::Result;
use crate::machine::Machine;
use crate::measure::{Figures, Measured};
use crate::output;

/// One workload at one number of requests in flight.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    workload: &'static str,
    in_flight: usize,
    ours: Figures,
    /// Each with its name.
    yardsticks: Vec<(&'static str, Figures)>,
    /// Ours in thousandths of the yardstick.
    permille: Vec<(&'static str, u64)>,
}

/// A goal of the product.
#[derive(Debug, Serialize)]
struct Target {
    workload: &'static str,
    in_flight: usize,
    yardstick: &'static str,
    permille: u64,
}

const fn target(workload: &'static str, in_flight: usize, yardstick: &'static str, permille: u64) -> Target {
    Target { workload, in_flight, yardstick, permille }
}

pub(crate) const GET_PATIENT: &str = "a GetPatient";
pub(crate) const COMPLETE_SESSION: &str = "c CompleteSession";
pub(crate) const FEED: &str = "f feed, events";
pub(crate) const FILES: &str = "h claim files, claims";
pub(crate) const STATUS: &str = "i 277CA, claims";
pub(crate) const PAYMENT: &str = "i 835, claims";
pub(crate) const NAIVE: &str = "naive";
pub(crate) const PIPELINE: &str = "pipeline";
pub(crate) const COPY: &str = "COPY";

const TARGETS: [Target; 6] = [
    target(GET_PATIENT, 16, NAIVE, 1100),
    target(GET_PATIENT, 16, PIPELINE, 500),
    target(GET_PATIENT, 64, PIPELINE, 800),
    target(COMPLETE_SESSION, 16, NAIVE, 1000),
    target(COMPLETE_SESSION, 16, PIPELINE, 500),
    target(FEED, 1, COPY, 500),
];

impl Row {
    pub(crate) fn new(
        workload: &'static str,
        in_flight: usize,
        ours: &Measured,
        yardsticks: &[(&'static str, Measured)],
    ) -> Self {
        let ours = ours.figures();
        let yardsticks: Vec<_> = yardsticks.iter().map(|(name, measured)| (*name, measured.figures())).collect();
        let permille =
            yardsticks.iter().map(|(name, y)| (*name, ours.per_second * 1000 / y.per_second.max(1))).collect();
        Self { workload, in_flight, ours, yardsticks, permille }
    }
}

/// Everything a run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) scale_permille: u32,
    pub(crate) rows: Vec<Row>,
}

impl Report {
    /// Whether every call was answered as it should be.
    pub(crate) fn errors(&self) -> u64 {
        self.rows.iter().map(|row| row.ours.errors).sum()
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        Ok(fs::write(path, serde_json::to_vec_pretty(self)?)?)
    }

    pub(crate) fn print(&self) {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        table.set_header([
            "workload",
            "in flight",
            "side",
            "per s",
            "p50 ms",
            "p99 ms",
            "ours is",
            "CPU µs: server",
            "PostgreSQL",
            "client",
            "errors",
        ]);
        for row in &self.rows {
            table.add_row(line(row.workload, &row.in_flight.to_string(), "ours", "", &row.ours));
            for ((name, figures), (_, permille)) in row.yardsticks.iter().zip(&row.permille) {
                table.add_row(line("", "", name, &format!("{} of it", ratio(*permille)), figures));
            }
        }
        output::result(&self.machine.line());
        output::result(&table.to_string());
        for target in &TARGETS {
            let row = self.rows.iter().find(|row| (row.workload, row.in_flight) == (target.workload, target.in_flight));
            let found = row.and_then(|row| row.permille.iter().find(|(name, _)| *name == target.yardstick));
            if let Some((_, found)) = found {
                let verdict = if *found >= target.permille { "met   " } else { "MISSED" };
                let (found, wanted) = (ratio(*found), ratio(target.permille));
                let Target { workload, in_flight, yardstick, .. } = target;
                output::result(&format!("{verdict} {workload} at {in_flight}: {found} × {yardstick}, wanted {wanted}"));
            }
        }
    }
}

fn line(workload: &str, in_flight: &str, side: &str, ratio: &str, figures: &Figures) -> Vec<String> {
    let Figures { errors, per_second, p50_us, p99_us, cpu_ns, .. } = figures;
    let told = |us: &u64| if *us == 0 { "-".to_owned() } else { millis(*us) };
    vec![
        workload.to_owned(),
        in_flight.to_owned(),
        side.to_owned(),
        per_second.to_string(),
        told(p50_us),
        told(p99_us),
        ratio.to_owned(),
        micros(cpu_ns.server),
        micros(cpu_ns.postgres),
        micros(cpu_ns.client),
        errors.to_string(),
    ]
}

/// Thousandths as a decimal of two places.
fn ratio(permille: u64) -> String {
    format!("{}.{:02}", permille / 1000, permille % 1000 / 10)
}

fn millis(us: u64) -> String {
    format!("{}.{:02}", us / 1000, us % 1000 / 10)
}

/// Nanoseconds as microseconds of one place.
fn micros(nanos: u64) -> String {
    format!("{}.{}", nanos / 1000, nanos % 1000 / 100)
}
