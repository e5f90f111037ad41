//! The command line and the environment: the only place that reads either.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::telemetry::LogFormat;
use clap::{Args, Parser, Subcommand};

/// claimsd: the claims backend of therapy practices.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// What to log, in the form of `RUST_LOG`.
    #[arg(long, env = "CLAIMSD_LOG", default_value = "info", global = true)]
    pub log: String,
    #[arg(long, env = "CLAIMSD_LOG_FORMAT", value_enum, default_value = "text", global = true)]
    pub log_format: LogFormat,
    /// Threads that serve requests; as many as there are cores when left out.
    #[arg(long, env = "CLAIMSD_WORKERS", global = true)]
    pub workers: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves in production: nothing embedded, nothing implied, unsafe settings refused.
    Serve(Serve),
    /// Brings the database to this version's schema.
    Migrate(Migrate),
}

/// `claimsd serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Where to serve. An address that other machines can reach needs --tls-cert and --tls-key.
    #[arg(long, env = "CLAIMSD_LISTEN", default_value = "127.0.0.1:50051")]
    pub listen: SocketAddr,
    /// Database URL of the role claims_app.
    #[arg(long, env = "CLAIMSD_DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Database URL of the role claims_audit.
    #[arg(long, env = "CLAIMSD_AUDIT_DATABASE_URL", hide_env_values = true)]
    pub audit_database_url: String,
    /// Database URL of the role claims_feed.
    #[arg(long, env = "CLAIMSD_FEED_DATABASE_URL", hide_env_values = true)]
    pub feed_database_url: String,
    /// Connections of the application role.
    #[arg(long, env = "CLAIMSD_CONNECTIONS", default_value_t = 8)]
    pub connections: usize,
    /// Names this deployment in every token, such as "live"; 1 to 16 of a-z and 0-9.
    #[arg(long, env = "CLAIMSD_ENVIRONMENT")]
    pub environment: String,
    /// File with at least 32 bytes that sign page tokens; the same on every server of a deployment.
    #[arg(long, env = "CLAIMSD_PAGE_KEY_FILE")]
    pub page_key_file: PathBuf,
    /// PEM certificate chain.
    #[arg(long, env = "CLAIMSD_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// PEM private key.
    #[arg(long, env = "CLAIMSD_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Don't tell clients what services there are.
    #[arg(long, env = "CLAIMSD_NO_REFLECTION")]
    pub no_reflection: bool,
}

/// `claimsd migrate`.
#[derive(Debug, Clone, Args)]
pub struct Migrate {
    /// Database URL of the role claims_migrator.
    #[arg(long, env = "CLAIMSD_MIGRATOR_DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Only tell what would be run.
    #[arg(long)]
    pub dry_run: bool,
}
