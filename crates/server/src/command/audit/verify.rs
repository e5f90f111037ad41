//! `claimsd audit verify`: what an auditor runs, on a laptop as well, with nothing of the server's but the binary.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use audit::note::Verifier;
use kernel::Clock;
use notary::archive::Archive;
use notary::store::Store;
use notary::verify::{self, Evidence, Report, Sources};
use schema::link::Link;
use serde_json::json;

use crate::command::serve::audit_keys;
use crate::config::{ReportForm, UNUSABLE, VerifyAudit, store_variables};
use crate::console::{Progress, note, say, table};
use kernel::status::chain;

pub(super) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// 0 when the log is as it was written, 1 when it was tampered with, 2 when not all could be checked, 3 when nothing could.
pub(super) async fn run(args: VerifyAudit) -> ExitCode {
    let form = args.report;
    match verify(args).await {
        Ok(report) => {
            show(&report, form);
            ExitCode::from(report.exit_code())
        }
        Err(error) => {
            note(&format!("claimsd: {}", chain(&*error)));
            ExitCode::from(UNUSABLE)
        }
    }
}

async fn verify(args: VerifyAudit) -> Result<Report, Failed> {
    let evidence = Evidence {
        checkpoints: Store::open(&args.checkpoint_store, store_variables())?,
        signers: signers(&args.public_key_file)?,
        mac_keys: args.audit_key_file.as_deref().map(audit_keys).transpose()?,
        now: Clock::system().now(),
    };
    let archive = args.archive.as_deref().map(Archive::open).transpose()?;
    let mut progress = None;
    let told =
        |read: u64, of: u64| progress.get_or_insert_with(|| Progress::new("verifying entries", of)).reached(read);
    let verify = |client| verify::sources(Sources { archive: archive.as_ref(), client }, &evidence, told);
    let report = match args.archiver_database_url {
        None => verify(None).await?,
        Some(url) => {
            let (client, connection) = Link::parse(&url)?.client().await?;
            during(connection, verify(Some(&client))).await?
        }
    };
    if let Some(progress) = progress {
        progress.finish();
    }
    Ok(report)
}

/// Does something with a connection's client, while the connection works.
pub(super) async fn during<T, C: Into<Failed>, E: Into<Failed>>(
    connection: impl Future<Output = Result<(), C>>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failed> {
    tokio::select! {
        done = work => done.map_err(Into::into),
        // ends before its client only when it fails
        ended = connection => Err(ended.err().map_or_else(|| "the database went away".into(), Into::into)),
    }
}

/// A public key a line; what follows a `#` is for people. No name or key has one.
pub(super) fn signers(file: &Path) -> Result<Arc<[Verifier]>, Failed> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("can't read {}: {e}", file.display()))?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let keys: Result<Vec<Verifier>, _> = lines.filter(|line| !line.is_empty()).map(str::parse).collect();
    let keys = keys.map_err(|e| format!("{}: a line {e}", file.display()))?;
    if keys.is_empty() { Err(format!("{} holds no public key", file.display()).into()) } else { Ok(keys.into()) }
}

pub(super) fn show(report: &Report, form: ReportForm) {
    match form {
        ReportForm::Json => {
            let verdict = ["good", "tampered", "incomplete"].get(usize::from(report.exit_code()));
            say(&json!({ "verdict": verdict, "report": report }).to_string());
        }
        ReportForm::Text => {
            let problems = report.tampered.iter().map(|found| {
                ["tampered".to_owned(), found.practice.to_string(), found.position.to_string(), found.kind.to_string()]
            });
            let gaps = report.incomplete.iter().map(|gap| {
                ["incomplete".to_owned(), gap.practice.to_string(), gap.position.to_string(), gap.problem.clone()]
            });
            let rows: Vec<_> = problems.chain(gaps).collect();
            if !rows.is_empty() {
                table(["verdict", "practice", "first position", "problem"], rows);
            }
            let macs = if report.macs_checked { "MACs checked" } else { "MACs not checked, as no keys were given" };
            let Report { practices, entries, checkpoints, .. } = report;
            say(&format!("{entries} entries of {practices} logs, {checkpoints} checkpoints, {macs}"));
        }
    }
}
