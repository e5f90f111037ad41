//! `claimsd audit`, and where checkpoints of the audit log go.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use notary::archive::Month;
use uuid::Uuid;

use crate::import::Output;

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
    /// Writes a month of the log into files of an archive, one per practice, that anybody can verify. One that is there stays.
    Export(ExportAudit),
    /// Takes months out of the database that are old and in the archive: exports what is not there yet, verifies all, and
    /// detaches what another run, 20 hours before or more, found good by the same bytes. To be run daily.
    Retain(RetainAudit),
}

/// `claimsd audit verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyAudit {
    /// Database URL of the role `claims_archiver`. Not needed for what is in an archive.
    #[arg(long, env = "CLAIMSD_ARCHIVER_DATABASE_URL", hide_env_values = true, required_unless_present = "archive")]
    pub archiver_database_url: Option<String>,
    /// Directory with months of the log, as `claimsd audit export` writes them: what is there, is taken from there.
    #[arg(long, env = "CLAIMSD_AUDIT_ARCHIVE")]
    pub archive: Option<PathBuf>,
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

/// `claimsd audit export`.
#[derive(Debug, Clone, Args)]
pub struct ExportAudit {
    /// Database URL of the role `claims_archiver`.
    #[arg(long, env = "CLAIMSD_ARCHIVER_DATABASE_URL", hide_env_values = true)]
    pub archiver_database_url: String,
    /// The month, in UTC, such as 2026-09. It must have ended an hour ago.
    #[arg(long)]
    pub month: Month,
    /// The archive: a directory that is there.
    #[arg(long, env = "CLAIMSD_AUDIT_ARCHIVE")]
    pub out: PathBuf,
    /// Only this practice's.
    #[arg(long)]
    pub practice: Option<Uuid>,
    /// Where the checkpoints are. Each file then leads to the one after its last entry, and can be verified to its end alone.
    #[arg(long, env = "CLAIMSD_CHECKPOINT_STORE")]
    pub checkpoint_store: Option<String>,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// `claimsd audit retain`.
#[derive(Debug, Clone, Args)]
pub struct RetainAudit {
    /// Database URL of the role `claims_migrator`, who may detach.
    #[arg(long, env = "CLAIMSD_MIGRATOR_DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Database URL of the role `claims_archiver`, who reads.
    #[arg(long, env = "CLAIMSD_ARCHIVER_DATABASE_URL", hide_env_values = true)]
    pub archiver_database_url: String,
    /// The archive: a directory that is there.
    #[arg(long, env = "CLAIMSD_AUDIT_ARCHIVE")]
    pub archive: PathBuf,
    /// Where the checkpoints are: a directory, or `s3://BUCKET/PREFIX` with the usual variables, `AWS_…`.
    #[arg(long, env = "CLAIMSD_CHECKPOINT_STORE")]
    pub checkpoint_store: String,
    /// File with the public keys of who signed checkpoints, one a line.
    #[arg(long)]
    pub public_key_file: PathBuf,
    /// File with the keys that authenticate entries.
    #[arg(long, env = "CLAIMSD_AUDIT_KEY_FILE")]
    pub audit_key_file: PathBuf,
    /// Months that stay in the database, besides the one that goes on.
    #[arg(long, default_value_t = 13, value_parser = clap::value_parser!(u32).range(13..=1200))]
    pub keep_months: u32,
    /// Drop what was detached, instead of leaving the table to the operator.
    #[arg(long)]
    pub drop: bool,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
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
