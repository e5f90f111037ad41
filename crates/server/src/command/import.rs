//! `claimsd import`.

use std::process::ExitCode;

use kernel::Clock;

use super::{Ended, token};
use crate::caller::{Caller, Tally};
use crate::config::{Import, ImportSource};
use crate::import::synthea;

/// # Errors
/// When the files can't be read or the server refuses the caller; refused rows are in the report.
pub async fn run(args: Import) -> Ended {
    let ImportSource::Synthea { connection, practice, options } = args.source;
    let caller = Caller::connect(&connection.endpoint, &token(&connection)?, &Tally::default()).await?;
    let report = synthea(&caller.in_practice(&practice)?, &options, &Clock::system()).await?;
    report.show(options.output)?;
    Ok(ExitCode::SUCCESS)
}
