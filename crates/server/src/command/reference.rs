//! `claimsd reference`.

use std::process::ExitCode;

use schema::reference::Loaded;
use serde_json::json;

use super::Ended;
use crate::config::{Reference, ReferenceAction};
use crate::console::{say, table};
use crate::import::Output;

/// # Errors
/// Names every mistake in the file; nothing was loaded then.
pub async fn run(args: Reference) -> Ended {
    let ReferenceAction::Load { kind, file, database_url, output } = args.action;
    let text = std::fs::read_to_string(&file).map_err(|e| format!("can't read {}: {e}", file.display()))?;
    let Loaded { new, changed, unchanged } = kind.load(&database_url, &text).await?;
    match output {
        Output::Json => say(&json!({"new": new, "changed": changed, "unchanged": unchanged}).to_string()),
        Output::Table => table(["new", "changed", "unchanged"], [[new, changed, unchanged].map(|n| n.to_string())]),
    }
    Ok(ExitCode::SUCCESS)
}
