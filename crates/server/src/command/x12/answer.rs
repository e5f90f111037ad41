//! `claimsd x12 answer`: what the simulated payers send back for a few files.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;

use super::write;
use crate::payer::x12::Payers;

/// Writes the answers, and corrections after the last file; tells their paths in the order in which they arrive.
pub(super) fn run(
    files: &[PathBuf],
    out: &Path,
    seed: u64,
    now: NaiveDateTime,
) -> Result<Vec<PathBuf>, Box<dyn Error + Send + Sync>> {
    let mut payers = Payers::new(seed);
    let mut answers = Vec::new();
    for file in files {
        let told = |e: &dyn Error| format!("{}: {}", file.display(), kernel::status::chain(e));
        let bytes = fs::read(file).map_err(|e| told(&e))?;
        answers.extend(payers.answer(&bytes, now).map_err(|e| told(&e))?);
    }
    answers.extend(payers.settle()?);
    fs::create_dir_all(out).map_err(|e| format!("can't make {}: {e}", out.display()))?;
    let mut paths = Vec::with_capacity(answers.len());
    for (n, answer) in (1..).zip(&answers) {
        let path = out.join(format!("{n:04}-{:09}.{}", answer.control_number, answer.kind.extension()));
        write::keep(&answer.bytes, &path)?;
        paths.push(path);
    }
    Ok(paths)
}
