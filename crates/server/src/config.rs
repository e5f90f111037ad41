//! The command line and the environment: the only place that reads either.

mod admin;
mod audit;
mod x12;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use schema::embedded::Options;

pub use admin::{
    AccountAction, AccountOf, Admin, AdminAction, MembershipAction, Person, PracticeAction, RoleName, TokenAction,
    TokenOf, UserAction, UserOf,
};

pub use audit::{Audit, AuditAction, Checkpoints, ExportAudit, ReportForm, RetainAudit, VerifyAudit, store_variables};

pub use self::x12::{X12, X12Action};

use crate::import::{Output, SyntheaOptions};
use crate::payer::PayerOptions;
use crate::reference::Kind;
use crate::telemetry::LogFormat;

/// claimsd: the claims backend of therapy practices.
///
/// Without a command it runs `dev`: a private PostgreSQL, demonstration practices, and the API on 127.0.0.1:50051.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to log, in the form of `RUST_LOG`.
    #[arg(long, env = "CLAIMSD_LOG", default_value = "info", global = true)]
    pub log: String,
    #[arg(long, env = "CLAIMSD_LOG_FORMAT", value_enum, default_value = "text", global = true)]
    pub log_format: LogFormat,
    /// Threads that serve requests; as many as there are cores when left out.
    #[arg(long, env = "CLAIMSD_WORKERS", global = true)]
    pub workers: Option<usize>,
}

impl Cli {
    /// Reads the arguments of this process; ends it when they are none.
    ///
    /// # Errors
    /// The code to end with: 1 would say that an audit log was tampered with, and 2 that it is not all there.
    pub fn read() -> Result<Self, ExitCode> {
        let arguments: Vec<_> = std::env::args_os().collect();
        Self::try_parse_from(&arguments).map_err(|error| {
            // when standard error is gone, nobody is left to be told
            let _ = error.print();
            let verifies = arguments.iter().any(|a| a == "audit") && arguments.iter().any(|a| a == "verify");
            match error.exit_code() {
                0 => ExitCode::SUCCESS,
                _ if verifies => ExitCode::from(UNUSABLE),
                _ => ExitCode::from(2),
            }
        })
    }
}

/// What `claimsd audit verify` ends with when nothing could be checked.
pub const UNUSABLE: u8 = 3;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Develops and demonstrates: everything on this machine, nothing to set up.
    Dev(Dev),
    /// Serves in production: nothing embedded, nothing implied, unsafe settings refused.
    Serve(Serve),
    /// Brings the database to this version's schema.
    Migrate(Migrate),
    /// Does what only the operator may: first users, tokens of shared accounts.
    Admin(Admin),
    /// Does what makes the audit log trustworthy to others: keys of its checkpoints.
    Audit(Audit),
    /// Loads what all practices share: the payer list.
    Reference(Reference),
    /// Imports what other systems export.
    Import(Import),
    /// Plays clearinghouse and payers for a server, by the claim feed.
    SimulatePayer(SimulatePayer),
    /// Reads and writes X12 files without a server.
    X12(X12),
}

/// `claimsd dev`.
#[derive(Debug, Clone, Args)]
pub struct Dev {
    /// Where to serve; a free port is taken when this one is in use and was not asked for.
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    /// Holds the database; kept between runs.
    #[arg(long, default_value = ".claimsd")]
    pub data_dir: PathBuf,
    /// Write endpoint, practices, users and tokens to this file, as JSON.
    #[arg(long)]
    pub credentials: Option<PathBuf>,
    /// Run the demonstration through the API, check that it adds up, and end.
    #[arg(long)]
    pub once: bool,
    /// With --once: write summary.json into this directory, and the files that go back and forth into x12 of it.
    #[arg(long, requires = "once")]
    pub out: Option<PathBuf>,
    /// Sessions of the demonstration: 2,000 with --once, else 200.
    #[arg(long)]
    pub sessions: Option<usize>,
    /// Same seed and day, same practices, people and sessions; ids and claim numbers, and with them the payers'
    /// answers, are others in each data directory.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The directory of PostgreSQL's initdb and postgres; looked for in the usual places when left out.
    #[arg(long, env = "PG_BIN")]
    pub pg_bin: Option<PathBuf>,
}

impl Default for Dev {
    fn default() -> Self {
        Self {
            listen: None,
            data_dir: ".claimsd".into(),
            credentials: None,
            once: false,
            out: None,
            sessions: None,
            seed: 1,
            pg_bin: pg_bin(),
        }
    }
}

/// The databases of a deployment, each as its own role, and the deployment's name.
#[derive(Debug, Clone, Args)]
pub struct Database {
    /// Database URL of the role `claims_app`.
    #[arg(long, env = "CLAIMSD_DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Database URL of the role `claims_audit`.
    #[arg(long, env = "CLAIMSD_AUDIT_DATABASE_URL", hide_env_values = true)]
    pub audit_database_url: String,
    /// Database URL of the role `claims_feed`.
    #[arg(long, env = "CLAIMSD_FEED_DATABASE_URL", hide_env_values = true)]
    pub feed_database_url: String,
    /// Connections of the application role.
    #[arg(long, env = "CLAIMSD_CONNECTIONS", default_value_t = 8)]
    pub connections: usize,
    /// File with the keys that authenticate audit entries, a line `ID HEX` of 32 bytes each; the first one is used. The same on
    /// every server of a deployment, and out of reach of whoever can write to the database.
    #[arg(long, env = "CLAIMSD_AUDIT_KEY_FILE")]
    pub audit_key_file: PathBuf,
    /// Names this deployment in every token, such as "live"; 1 to 16 of a-z and 0-9.
    #[arg(long, env = "CLAIMSD_ENVIRONMENT")]
    pub environment: String,
}

/// `claimsd serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Where to serve. An address that other machines can reach needs --tls-cert and --tls-key.
    #[arg(long, env = "CLAIMSD_LISTEN", default_value = "127.0.0.1:50051")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub checkpoints: Checkpoints,
    /// File with at least 32 bytes that sign page tokens; the same on every server of a deployment.
    #[arg(long, env = "CLAIMSD_PAGE_KEY_FILE")]
    pub page_key_file: PathBuf,
    /// PEM certificate chain.
    #[arg(long, env = "CLAIMSD_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// PEM private key.
    #[arg(long, env = "CLAIMSD_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// PEM certificates of the authority that signs client certificates. Clients may then present one, and service
    /// accounts that are bound to certificates get in; people need none.
    #[arg(long, env = "CLAIMSD_CLIENT_CA", requires = "tls_cert")]
    pub client_ca: Option<PathBuf>,
    /// Don't tell clients what services there are.
    #[arg(long, env = "CLAIMSD_NO_REFLECTION", value_parser = FalseyValueParser::new())]
    pub no_reflection: bool,
}

/// `claimsd reference`.
#[derive(Debug, Clone, Args)]
pub struct Reference {
    #[command(subcommand)]
    pub action: ReferenceAction,
}

/// What is done with reference data.
#[derive(Debug, Clone, Subcommand)]
pub enum ReferenceAction {
    /// Loads a file, or refreshes what an earlier one brought; all of it, or nothing if anything in it is wrong.
    Load {
        #[arg(value_enum)]
        kind: Kind,
        file: PathBuf,
        /// Name of the release; the beginning of the file's SHA-256 when left out.
        #[arg(long)]
        release: Option<String>,
        /// First date of service that a code table is for, such as 2026-10-01; for all when left out.
        #[arg(long)]
        valid_from: Option<chrono::NaiveDate>,
        /// Database URL of the role `claims_migrator`.
        #[arg(long, env = "CLAIMSD_MIGRATOR_DATABASE_URL", hide_env_values = true)]
        database_url: String,
        /// How the result is shown.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Lists what was loaded, and the rules that are off or do less until a table is loaded.
    List {
        /// Database URL of the role `claims_migrator`.
        #[arg(long, env = "CLAIMSD_MIGRATOR_DATABASE_URL", hide_env_values = true)]
        database_url: String,
        /// How the result is shown.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
}

/// How a command that is a client reaches a server.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// The server, such as `http://127.0.0.1:50051`.
    #[arg(long, env = "CLAIMSD_ENDPOINT", default_value = "http://127.0.0.1:50051")]
    pub endpoint: String,
    /// File that holds the token; "-" reads it from standard input.
    #[arg(long, env = "CLAIMSD_TOKEN_FILE", default_value = "-")]
    pub token_file: PathBuf,
}

/// `claimsd import`.
#[derive(Debug, Clone, Args)]
pub struct Import {
    #[command(subcommand)]
    pub source: ImportSource,
}

/// The systems whose exports are understood.
#[derive(Debug, Clone, Subcommand)]
pub enum ImportSource {
    /// CSV files of the Synthea patient generator; repeatable, nothing is doubled.
    Synthea {
        #[command(flatten)]
        connection: Connection,
        /// Id of the practice that takes the data in.
        #[arg(long)]
        practice: String,
        #[command(flatten)]
        options: SyntheaOptions,
    },
}

/// `claimsd simulate-payer`.
#[derive(Debug, Clone, Args)]
pub struct SimulatePayer {
    #[command(flatten)]
    pub connection: Connection,
    #[command(flatten)]
    pub options: PayerOptions,
}

/// `claimsd migrate`.
#[derive(Debug, Clone, Args)]
pub struct Migrate {
    /// Database URL of the role `claims_migrator`.
    #[arg(long, env = "CLAIMSD_MIGRATOR_DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Only tell what would be run.
    #[arg(long)]
    pub dry_run: bool,
}

#[expect(clippy::disallowed_methods, reason = "the configuration is what reads the environment")]
fn pg_bin() -> Option<PathBuf> {
    std::env::var_os("PG_BIN").map(PathBuf::from)
}

/// What the environment says about an embedded PostgreSQL.
#[expect(clippy::disallowed_methods, reason = "the configuration is what reads the environment")]
#[must_use]
pub fn embedded_options(pg_bin: Option<PathBuf>) -> Options {
    let search_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    Options { bin_dir: pg_bin, search_path, temp_dir: std::env::temp_dir(), revive: true, listen: String::new() }
}
