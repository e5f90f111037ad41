//! `claimsd audit`, and where checkpoints of the audit log go.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `claimsd audit`: what makes the audit log trustworthy to others.
#[derive(Debug, Clone, Args)]
pub struct Audit {
    #[command(subcommand)]
    pub action: AuditAction,
}

/// What is done about the audit log.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditAction {
    /// Makes a key that signs checkpoints: writes the private half to a file, prints the public one, for who verifies.
    NewKey {
        /// Names the deployment in every checkpoint, such as "claims.example.com"; a successor of a key has the same name.
        name: String,
        /// The file; it must not be there yet.
        #[arg(long)]
        out: PathBuf,
    },
    /// Checks that the audit log is as it was written. Ends with 0 if so, 1 if it was tampered with, 2 if not everything could
    /// be checked, 3 if nothing could.
    Verify(VerifyAudit),
}

/// `claimsd audit verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyAudit {
    /// Database URL of the role `claims_archiver`.
    #[arg(long, env = "CLAIMSD_ARCHIVER_DATABASE_URL", hide_env_values = true)]
    pub archiver_database_url: String,
    /// Where the checkpoints are: a directory, or `s3://BUCKET/PREFIX` with the usual variables, `AWS_…`.
    #[arg(long, env = "CLAIMSD_CHECKPOINT_STORE")]
    pub checkpoint_store: String,
    /// File with the public keys of who signed checkpoints, one a line.
    #[arg(long)]
    pub public_key_file: PathBuf,
    /// File with the keys that authenticate entries. Without it nobody can tell whether those since the last checkpoint were
    /// made by the service.
    #[arg(long, env = "CLAIMSD_AUDIT_KEY_FILE")]
    pub audit_key_file: Option<PathBuf>,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t)]
    pub report: ReportForm,
}

/// How a report is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportForm {
    /// For people.
    #[default]
    Text,
    /// One object, for machines.
    Json,
}

/// Where checkpoints of the audit log go: all of these, or none.
#[derive(Debug, Clone, Default, Args)]
pub struct Checkpoints {
    /// Database URL of the role `claims_archiver`.
    #[arg(
        long,
        env = "CLAIMSD_ARCHIVER_DATABASE_URL",
        hide_env_values = true,
        requires_all = ["checkpoint_key_file", "checkpoint_store"]
    )]
    pub archiver_database_url: Option<String>,
    /// File with the private key that signs checkpoints, as `claimsd audit new-key` writes it, then a line each the public keys
    /// that signed before it. The same on every server of a deployment.
    #[arg(
        long,
        env = "CLAIMSD_CHECKPOINT_KEY_FILE",
        requires_all = ["archiver_database_url", "checkpoint_store"]
    )]
    pub checkpoint_key_file: Option<PathBuf>,
    /// Where checkpoints go: a directory that all servers share, or `s3://BUCKET/PREFIX` with the usual variables, `AWS_…`.
    #[arg(long, env = "CLAIMSD_CHECKPOINT_STORE", requires_all = ["archiver_database_url", "checkpoint_key_file"])]
    pub checkpoint_store: Option<String>,
}

/// What the environment says about buckets: `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` and the like.
#[expect(clippy::disallowed_methods, reason = "the configuration is what reads the environment")]
pub fn store_variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("AWS_"))
}
