//! `claimsd audit retain`: old months leave the database, once they are safe in the archive.

use kernel::Clock;
use notary::archive::{Archive, Month};
use notary::retain::{Error, Outcome, Retain};
use notary::store::Store;
use notary::verify::Evidence;
use schema::link::Link;
use serde_json::json;

use super::verify::{Failed, during, show as show_report, signers};
use crate::command::serve::audit_keys;
use crate::config::{ReportForm, RetainAudit, store_variables};
use crate::console::{Progress, note, say, table};
use crate::import::Output;

/// # Errors
/// Says why nothing, or nothing more, was detached.
pub(super) async fn run(args: RetainAudit) -> Result<(), Failed> {
    let archive = Archive::open(&args.archive)?;
    let now = Clock::system().now();
    let evidence = Evidence {
        checkpoints: Store::open(&args.checkpoint_store, store_variables())?,
        signers: signers(&args.public_key_file)?,
        mac_keys: Some(audit_keys(&args.audit_key_file)?),
        now,
    };
    let (archiver, reading) = Link::parse(&args.archiver_database_url)?.client().await?;
    let (owner, detaching) = Link::parse(&args.database_url)?.client().await?;
    let retain = Retain {
        archiver: &archiver,
        owner: &owner,
        archive: &archive,
        evidence: &evidence,
        keep_from: Month::of(now).back(args.keep_months),
        drop: args.drop,
    };
    let mut progress = None;
    let told =
        |read: u64, of: u64| progress.get_or_insert_with(|| Progress::new("verifying entries", of)).reached(read);
    let ended = during(reading, during(detaching, retain.run(told))).await;
    if let Some(progress) = progress {
        progress.finish();
    }
    match ended {
        Ok(outcomes) => {
            show(&outcomes, args.output);
            Ok(())
        }
        Err(error) => {
            if let Some(Error::NotGood(report)) = error.downcast_ref() {
                show_report(report, ReportForm::Text);
            }
            Err(error)
        }
    }
}

fn show(outcomes: &[(Month, Outcome)], output: Output) {
    let told = |(month, outcome): &(Month, Outcome)| match outcome {
        Outcome::Detached { table } => (month.to_string(), "detached", table.clone()),
        Outcome::Waits { why } => (month.to_string(), "waits", why.clone()),
    };
    let months = outcomes.iter().map(told);
    match output {
        Output::Json => {
            let months: Vec<_> =
                months.map(|(month, state, what)| json!({ "month": month, "state": state, "detail": what })).collect();
            say(&json!({ "months": months }).to_string());
        }
        Output::Table if outcomes.is_empty() => note("no month is old enough to leave the database"),
        Output::Table => {
            table(["month", "state", ""], months.map(|(month, state, what)| [month, state.to_owned(), what]));
        }
    }
}
