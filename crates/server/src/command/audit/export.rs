//! `claimsd audit export`: a month of the audit log, as files that need no database.

use kernel::{Clock, PracticeId};
use notary::archive::Archive;
use notary::export::{Export, Exported};
use notary::store::Store;
use schema::link::Link;
use serde_json::json;

use super::verify::{Failed, during};
use crate::config::{ExportAudit, store_variables};
use crate::console::{Progress, note, say, table};
use crate::import::Output;

/// # Errors
/// Says why not; what was written before stays.
pub(super) async fn run(args: ExportAudit) -> Result<(), Failed> {
    let archive = Archive::open(&args.out)?;
    let checkpoints = args.checkpoint_store.map(|store| Store::open(&store, store_variables())).transpose()?;
    if checkpoints.is_none() {
        note("no --checkpoint-store: the files alone can't be verified beyond their last checkpoint");
    }
    let (client, connection) = Link::parse(&args.archiver_database_url)?.client().await?;
    let (archive, checkpoints, now) = (&archive, checkpoints.as_ref(), Clock::system().now());
    let export = Export { client: &client, archive, checkpoints, now };
    let progress = Progress::new("writing entries", 0);
    let practice = args.practice.map(PracticeId::from_uuid);
    let work = export.month(args.month, practice, |entries| progress.reached(entries));
    let files = during(connection, work).await?;
    progress.finish();
    show(&files, args.output);
    Ok(())
}

fn show(files: &[Exported], output: Output) {
    match output {
        Output::Json => say(&json!({ "files": files }).to_string()),
        Output::Table => {
            let rows = files.iter().map(|file| {
                let written = if file.written { "written" } else { "was there" };
                let positions = format!("{} to {}", file.first_position, file.last_position);
                [file.practice.clone(), positions, file.sha256.clone(), written.to_owned()]
            });
            table(["practice", "positions", "sha256", ""], rows);
        }
    }
}
