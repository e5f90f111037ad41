//! `claimsd migrate`.

use std::process::ExitCode;

use super::Ended;
use crate::config::Migrate;
use crate::console::say;

/// # Errors
/// Names the statement that failed; what ran before it stays.
pub async fn run(args: Migrate) -> Ended {
    let names = if args.dry_run {
        schema::migrate::pending_at(&args.database_url).await?
    } else {
        schema::migrate::run(&args.database_url).await?
    };
    let verb = if args.dry_run { "would run" } else { "ran" };
    for name in &names {
        say(&format!("{verb} {name}"));
    }
    if names.is_empty() {
        say("the schema is up to date");
    }
    Ok(ExitCode::SUCCESS)
}
