//! claimsd.

use std::error::Error;
use std::process::ExitCode;

use mimalloc::MiMalloc;
use server::config::{Cli, Command, Dev};
use server::{command, console, telemetry};

/// Messages are many short strings, and the system's allocator took a fifth of the feed's time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    telemetry::start(&cli.log, cli.log_format);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = cli.workers {
        builder.worker_threads(workers.max(1));
    }
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let ended = runtime.block_on(async {
        match cli.command.unwrap_or_else(|| Command::Dev(Dev::default())) {
            Command::Dev(args) => command::dev::run(args).await,
            Command::Serve(args) => command::serve::run(args).await,
            Command::Migrate(args) => command::migrate::run(args).await,
            Command::Admin(args) => command::admin::run(args).await,
            Command::Audit(args) => command::audit::run(args).await,
            Command::Reference(args) => command::reference::run(args).await,
            Command::Import(args) => command::import::run(args).await,
            Command::SimulatePayer(args) => command::simulate_payer::run(args).await,
            Command::X12(args) => command::x12::run(args),
        }
    });
    match ended {
        Ok(code) => code,
        Err(error) => failed(&*error),
    }
}

fn failed(error: &dyn Error) -> ExitCode {
    console::note(&format!("claimsd: {}", kernel::status::chain(error)));
    ExitCode::FAILURE
}
