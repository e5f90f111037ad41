//! `claimsd dev`: a private database, demonstration practices and the API, all on this machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use audit::MacKeys;
use kernel::Clock;
use kernel::page::TokenKey;
use notary::store::Store;
use schema::embedded::{Cluster, Mode};
use tenancy::password::Cost;
use tenancy::token::Env;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::audit::new_key;
use super::serve::read_text;
use super::{Ended, asked_to_end};
use crate::app::{App, Checkpoints, Settings, bind};
use crate::caller::{Caller, Tally};
use crate::config::{Dev, embedded_options};
use crate::console::{note, say};
use crate::founder::{Founder, OperatorIssues};
use crate::reference::{File, Kind};
use crate::workload::{self, Issuer, Once, WorkloadOptions, World};

const DATABASE: &str = "claims";
const PORT: u16 = 50051;
/// Sessions of a demonstration that is looked at afterwards, and of one that is only run.
const SESSIONS: usize = 200;
const SESSIONS_ONCE: usize = 2_000;
/// Connections of the application role.
const CONNECTIONS: usize = 8;

/// # Errors
/// Says what is missing on this machine, or what did not add up.
pub async fn run(args: Dev) -> Ended {
    if args.listen.is_some_and(|addr| !addr.ip().is_loopback()) {
        return Err(
            "dev has known passwords and serves only this machine: use a loopback address, or `claimsd serve`".into()
        );
    }
    let cluster = start_database(&args).await?;
    let app = App::open(settings(&cluster, &args.data_dir)?).await?;
    let listener = listen(args.listen).await?;
    let demo = Demo {
        endpoint: format!("http://{}", listener.local_addr()?),
        issuer: Arc::new(OperatorIssues(app.parts().operator("claimsd dev"))),
        founder: Founder::settle(app.parts(), args.seed).await?,
        database_url: cluster.url("claims_migrator", DATABASE),
        workload: WorkloadOptions {
            seed: args.seed,
            sessions: args.sessions.unwrap_or(if args.once { SESSIONS_ONCE } else { SESSIONS }),
        },
    };
    let end = CancellationToken::new();
    let serving = app.serve(listener, end.clone().cancelled_owned());
    let working = async {
        // the server must be told to end whatever becomes of the demonstration
        let _end = end.clone().drop_guard();
        work(&args, &demo).await
    };
    let (served, worked) = tokio::join!(serving, working);
    let code = worked?;
    served?;
    // shutting the database down blocks for a moment
    tokio::task::spawn_blocking(move || drop(cluster)).await?;
    Ok(code)
}

/// What the demonstration works with.
struct Demo {
    endpoint: String,
    founder: Founder,
    issuer: Arc<dyn Issuer>,
    /// Of a role that may look at everything: what a person debugging wants.
    database_url: String,
    workload: WorkloadOptions,
}

/// Runs the demonstration, and goes on serving unless it was all that was wanted.
async fn work(args: &Dev, demo: &Demo) -> Ended {
    let done = async { if args.once { once(args, demo).await } else { show(args, demo).await } };
    tokio::select! {
        ended = done => ended,
        () = asked_to_end() => {
            note("ending; the same command goes on where this one was");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The whole flow, checked; the exit code tells whether it added up.
async fn once(args: &Dev, demo: &Demo) -> Ended {
    let verdict = workload::once(Once {
        endpoint: demo.endpoint.clone(),
        issuer: Arc::clone(&demo.issuer),
        operator_token: demo.founder.log_in(&demo.endpoint).await?,
        workload: demo.workload.clone(),
        out: args.out.clone(),
        clock: Clock::system(),
    })
    .await?;
    Ok(if verdict.is_consistent() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Makes a week of practice life if there is none yet, then serves and says how to look at it.
async fn show(args: &Dev, demo: &Demo) -> Ended {
    let tally = Tally::default();
    let token = demo.founder.log_in(&demo.endpoint).await?;
    let founder = Caller::connect(&demo.endpoint, &token, &tally).await?;
    let world = workload::prepare(&founder, &*demo.issuer, &demo.workload).await?;
    workload::fill(&demo.endpoint, &demo.workload, &world, &tally).await?;
    if let Some(file) = &args.credentials {
        let json = serde_json::to_string_pretty(&world.credentials(&demo.endpoint, &demo.database_url))?;
        write_private(file, &json).map_err(|e| format!("can't write {}: {e}", file.display()))?;
    }
    introduce(demo, &world);
    std::future::pending().await
}

/// Tokens are for their owner's eyes.
fn write_private(file: &Path, json: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // written whole or not at all: somebody may be waiting for the file
    let partial = file.with_extension("partial");
    let mut out = options.open(&partial)?;
    writeln!(out, "{json}")?;
    std::fs::rename(&partial, file)
}

/// What there is, and calls to try.
fn introduce(demo: &Demo, world: &World) {
    let address = demo.endpoint.trim_start_matches("http://");
    say(&format!("serving on {address}; Ctrl-C ends"));
    for seat in &world.seats {
        say(&format!("practice {} ({})", seat.name, seat.id));
        for (role, worker) in [
            ("admin", &seat.admin),
            ("therapist", &seat.therapist),
            ("billing", &seat.billing),
            ("front desk", &seat.front_desk),
        ] {
            say(&format!("  {role:<11}{}  {}", worker.email, worker.token));
        }
    }
    say(&format!("clearinghouse adapter  {}", world.accounts.adapter));
    say(&format!("analytics reader       {}", world.accounts.analytics));
    if let Some(seat) = world.seats.first() {
        say("try:");
        say(&format!("  grpcurl -plaintext {address} list"));
        say(&format!(
            "  grpcurl -plaintext -H 'authorization: Bearer {}' {address} therapy.claims.v1.ClaimService/ListClaims",
            seat.admin.token
        ));
    }
}

async fn start_database(args: &Dev) -> Result<Cluster, Box<dyn std::error::Error + Send + Sync>> {
    let dir = args.data_dir.join("postgres");
    let options = embedded_options(args.pg_bin.clone());
    note(&format!("PostgreSQL in {}", dir.display()));
    // starting blocks: it waits for another program
    let cluster = tokio::task::spawn_blocking(move || Cluster::start_with(&dir, Mode::Keep, &options)).await??;
    cluster.prepare(DATABASE).await?;
    let migrator = cluster.url("claims_migrator", DATABASE);
    let ran = schema::migrate::run(&migrator).await?;
    if !ran.is_empty() {
        note(&format!("ran {} migrations", ran.len()));
    }
    let payers = File { name: None, text: include_str!("../../data/payers.json"), valid_from: None };
    Kind::Payers.load(&migrator, payers).await?;
    let partners = File { name: None, text: include_str!("../../data/trading_partners.json"), valid_from: None };
    Kind::TradingPartners.load(&migrator, partners).await?;
    Ok(cluster)
}

fn settings(cluster: &Cluster, data_dir: &Path) -> Result<Settings, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Settings {
        app_url: cluster.url("claims_app", DATABASE),
        audit_url: cluster.url("claims_audit", DATABASE),
        feed_url: cluster.url("claims_feed", DATABASE),
        connections: CONNECTIONS,
        env: Env::new("dev")?,
        // a restart must not break a list that somebody is walking through
        page_key: TokenKey::new(b"known to everybody: development only"),
        audit_keys: MacKeys::known(),
        checkpoints: Some(checkpoints(cluster, data_dir)?),
        password_cost: Cost::OWASP,
        reflection: true,
        durable: true,
        tls: None,
        clock: Clock::system(),
    })
}

/// Checkpoints as in production, beside the database; the key is made by the first start.
fn checkpoints(cluster: &Cluster, data_dir: &Path) -> Result<Checkpoints, Box<dyn std::error::Error + Send + Sync>> {
    let (dir, key) = (data_dir.join("checkpoints"), data_dir.join("checkpoint-key"));
    std::fs::create_dir_all(&dir).map_err(|e| format!("can't make {}: {e}", dir.display()))?;
    if !key.exists() {
        let public = new_key("claimsd-dev", &key)?;
        std::fs::write(key.with_extension("pub"), format!("{public}\n"))?;
    }
    let keys = read_text(&key)?.parse().map_err(|e| format!("{}: {e}", key.display()))?;
    let archiver_url = cluster.url("claims_archiver", DATABASE);
    Ok(Checkpoints { archiver_url, keys: Arc::new(keys), store: Store::directory(&dir)? })
}

/// The address asked for, or the usual one, or any that is free.
async fn listen(wanted: Option<SocketAddr>) -> Result<TcpListener, Box<dyn std::error::Error + Send + Sync>> {
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if let Some(addr) = wanted {
        return Ok(bind(addr).await.map_err(|e| format!("can't listen on {addr}: {e}"))?);
    }
    match bind(local(PORT)).await {
        Ok(listener) => Ok(listener),
        Err(_taken) => Ok(bind(local(0)).await?),
    }
}
