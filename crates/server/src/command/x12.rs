//! `claimsd x12`.

use std::fs::File;
use std::io::{BufWriter, Read, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use kernel::Clock;

use super::Ended;
use crate::config::{X12, X12Action};
use crate::console::{note, say};

mod answer;
mod printable;
mod read;
mod text;
mod write;

#[cfg(test)]
mod tests;

/// # Errors
/// When a file can't be opened, read or written; what is wrong inside of one is the exit code's.
pub fn run(args: X12) -> Ended {
    match args.action {
        X12Action::Read { file, output } => {
            // a file's segments are small: without a buffer each would be written by itself
            let out = BufWriter::new(stdout().lock());
            let found = read::run(source(&file)?, out, output)?;
            if found.is_clean() {
                return Ok(ExitCode::SUCCESS);
            }
            note(&format!("{}: {found}", file.display()));
            Ok(ExitCode::FAILURE)
        }
        X12Action::Write { claims, out } => {
            let written = write::render(source(&claims)?).and_then(|bytes| match &out {
                Some(path) => write::keep(&bytes, path),
                None => write::hand_on(&bytes, &mut stdout().lock()),
            });
            match written {
                Ok(()) => Ok(ExitCode::SUCCESS),
                Err(write::Error::Refused(refused)) => {
                    note(&format!("{}: nothing is written", claims.display()));
                    refused.0.iter().for_each(|violation| note(&format!("  {violation}")));
                    Ok(ExitCode::FAILURE)
                }
                Err(error) => Err(error.into()),
            }
        }
        X12Action::Answer { files, out, seed } => {
            for path in answer::run(&files, &out, seed, Clock::system().now().naive_utc())? {
                say(&path.display().to_string());
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn source(file: &Path) -> Result<Box<dyn Read>, String> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(stdin().lock()));
    }
    let opened = File::open(file).map_err(|e| format!("can't open {}: {e}", file.display()))?;
    Ok(Box::new(opened))
}
