//! Load generator: our server beside pgbench, on the same data, in one run. Ratios count, bare times wander.

mod child;
mod cluster;
mod cpu;
mod data;
mod load;
mod machine;
mod measure;
mod output;
mod plan;
mod report;
mod smoke;
mod trail;
mod yardstick;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use mimalloc::MiMalloc;

/// As in claimsd, which a run starts from this binary.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Whatever stops a run.
type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Parser)]
#[command(about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Workloads a, c and f of the benchmark beside pgbench, for seconds each; h, claim files, and i, the answers to them, when asked for
    Smoke(Smoke),
    /// The audit log: how fast it takes entries, and what it adds to a read
    Audit(trail::Trail),
    /// The server of a run, in a process of its own; the run starts it
    #[command(hide = true)]
    ServeChild(child::Serve),
}

#[derive(Debug, Args)]
struct Smoke {
    #[command(flatten)]
    set: data::Set,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/smoke.json")]
    out: PathBuf,
    /// Seconds of each measurement of workload a; c and f are as many requests as such a measurement has
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How often ours and the yardsticks take turns
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Workloads to run
    #[arg(long, value_delimiter = ',', default_value = "a,c,f")]
    only: Vec<String>,
    #[command(flatten)]
    size: child::Size,
    /// Requests in flight
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    in_flight: Vec<usize>,
}

fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Smoke(smoke) => smoke::run(&smoke),
        Command::Audit(trail) => trail::run(&trail),
        Command::ServeChild(serve) => child::serve(&serve),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::failure(error.as_ref());
            ExitCode::FAILURE
        }
    }
}
