//! The audit log by itself: entries per second beside pgbench appending with the same SQL, and what waiting for an
//! entry adds to a read.

mod load;

use std::path::PathBuf;
use std::time::Duration;

use audit::batcher::{PACE, Pace};
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::cluster::Cluster;
use crate::load::Budget;
use crate::machine::Machine;
use crate::measure::{Figures, Measured};
use crate::plan::Plan;
use crate::yardstick::{Pgbench, Style, append};
use crate::{Result, data, output};
use load::{Logged, Reads};

/// Practices of the widest load.
const PRACTICES: u32 = 1000;
/// Transactions in flight while entries are appended.
const APPENDING: usize = 8;
const WARM_UP: Budget = Budget { requests: 500, time: Duration::from_secs(2) };

#[derive(Debug, Args)]
pub(crate) struct Trail {
    #[command(flatten)]
    set: data::Set,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/audit.json")]
    out: PathBuf,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How often all sides take turns
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Reads in flight
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    in_flight: Vec<usize>,
    /// Paces of the batcher to compare, such as 64x2: entries in a batch at most × batches in flight; claimsd's own if none
    #[arg(long, value_delimiter = ',', value_parser = parse_pace)]
    pace: Vec<Pace>,
}

/// Appends of one shape.
#[derive(Debug, Serialize)]
struct Appends {
    practices: u32,
    entries_per_transaction: u32,
    ours_per_second: u64,
    /// pgbench, the whole transaction in one pipeline.
    pgbench_per_second: u64,
}

/// Reads whose entry is durable before they are answered, beside the same reads alone.
#[derive(Debug, Serialize)]
struct Waits {
    pace: String,
    in_flight: usize,
    alone: Figures,
    audited: Figures,
    added_p50_us: u64,
    added_p99_us: u64,
    entries: u64,
    batches: u64,
}

#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    appends: Vec<Appends>,
    /// One entry alone, durable: the unit that waits are told in.
    commit_p50_us: u64,
    waits: Vec<Waits>,
}

struct Run<'a> {
    options: &'a Trail,
    plan: Plan,
    cluster: &'a Cluster,
    runtime: Runtime,
    budget: Budget,
}

pub(crate) fn run(options: &Trail) -> Result<()> {
    let plan = Plan::new(options.set.scale);
    let (cluster, _state) = data::ready(&options.set, plan)?;
    load::open_heads(&cluster, PRACTICES)?;
    let run = Run {
        options,
        plan,
        cluster: &cluster,
        runtime: tokio::runtime::Builder::new_multi_thread().enable_all().build()?,
        budget: Budget { requests: u32::MAX, time: Duration::from_secs(options.seconds) },
    };
    let pgbench = Pgbench::new(&cluster, plan, &options.set.dir.join("pgbench"))?;
    let mut appends = Vec::new();
    for practices in [1, PRACTICES] {
        for entries in [1, 32] {
            appends.push(run.appends(&pgbench, practices, entries)?);
        }
    }
    let commit = pgbench.turn(append(1, 1), Style::Pipeline, 1, 0, run.budget)?;
    let mut waits = Vec::new();
    let paces = if options.pace.is_empty() { &[PACE][..] } else { &options.pace };
    for in_flight in &options.in_flight {
        for pace in paces {
            waits.push(run.waits(*pace, *in_flight)?);
        }
    }
    let commit_p50_us = commit.figures().p50_us.max(1);
    let report = Report { machine: Machine::look(&cluster), appends, commit_p50_us, waits };
    report.print();
    Ok(std::fs::write(&options.out, serde_json::to_vec_pretty(&report)?)?)
}

impl Run<'_> {
    fn appends(&self, pgbench: &Pgbench<'_>, practices: u32, entries: u32) -> Result<Appends> {
        output::progress(&format!("{entries} entries per transaction, practices: {practices}"));
        let ours = |budget| self.runtime.block_on(load::append(self.cluster, practices, entries, APPENDING, budget));
        ours(WARM_UP)?;
        let (mut here, mut there) = (Measured::new()?, Measured::new()?);
        for _ in 0..self.options.rounds {
            there.add(&pgbench.turn(append(entries, practices), Style::Pipeline, APPENDING, 0, self.budget)?)?;
            here.add(&ours(self.budget)?)?;
        }
        let per_second = |measured: &Measured| measured.figures().per_second * u64::from(entries);
        Ok(Appends {
            practices,
            entries_per_transaction: entries,
            ours_per_second: per_second(&here),
            pgbench_per_second: per_second(&there),
        })
    }

    fn waits(&self, pace: Pace, in_flight: usize) -> Result<Waits> {
        let pace_told = format!("{}x{}", pace.batch_max, pace.in_flight);
        output::progress(&format!("reads at {in_flight}, pace {pace_told}"));
        let reads = Reads { cluster: self.cluster, plan: self.plan, in_flight };
        let (mut alone, mut audited, mut added) = (Measured::new()?, Measured::new()?, Measured::new()?);
        let (mut entries, mut batches) = (0, 0);
        self.runtime.block_on(reads.audited(pace, WARM_UP))?;
        for _ in 0..self.options.rounds {
            alone.add(&self.runtime.block_on(reads.alone(self.budget))?)?;
            let before = load::transactions(self.cluster)?;
            let Logged { whole, waited } = self.runtime.block_on(reads.audited(pace, self.budget))?;
            batches += load::transactions(self.cluster)?.saturating_sub(before);
            entries += whole.requests;
            audited.add(&whole)?;
            added.add(&waited)?;
        }
        let added = added.figures();
        Ok(Waits {
            pace: pace_told,
            in_flight,
            alone: alone.figures(),
            audited: audited.figures(),
            added_p50_us: added.p50_us,
            added_p99_us: added.p99_us,
            entries,
            batches,
        })
    }
}

impl Report {
    fn print(&self) {
        output::result(&self.machine.line());
        let mut appends = table(["practices", "entries/transaction", "ours, entries/s", "pgbench", "ours is"]);
        for row in &self.appends {
            appends.add_row([
                row.practices.to_string(),
                row.entries_per_transaction.to_string(),
                row.ours_per_second.to_string(),
                row.pgbench_per_second.to_string(),
                ratio(row.ours_per_second, row.pgbench_per_second),
            ]);
        }
        output::result(&appends.to_string());
        let mut waits = table([
            "pace",
            "reads in flight",
            "alone, per s",
            "audited",
            "audited is",
            "added p50, commits",
            "added p99, commits",
            "entries/batch",
        ]);
        for row in &self.waits {
            waits.add_row([
                row.pace.clone(),
                row.in_flight.to_string(),
                row.alone.per_second.to_string(),
                row.audited.per_second.to_string(),
                ratio(row.audited.per_second, row.alone.per_second),
                ratio(row.added_p50_us, self.commit_p50_us),
                ratio(row.added_p99_us, self.commit_p50_us),
                ratio(row.entries, row.batches),
            ]);
        }
        output::result(&waits.to_string());
        output::result("A commit is one entry alone, made durable by pgbench at one in flight, its median.");
    }
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(header);
    table
}

/// A ratio of two decimals.
fn ratio(of: u64, to: u64) -> String {
    let hundredths = of * 100 / to.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// `64x2`: entries in a batch at most, batches in flight.
fn parse_pace(text: &str) -> Result<Pace, String> {
    let numbers = text.split_once('x').and_then(|(batch, flight)| Some((batch.parse().ok()?, flight.parse().ok()?)));
    match numbers {
        Some((batch_max, in_flight)) if batch_max > 0 && in_flight > 0 => Ok(Pace { batch_max, in_flight }),
        _ => Err("must be like 64x2".to_owned()),
    }
}
