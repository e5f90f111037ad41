//! `claimsd audit`: what makes the audit log trustworthy to others.

mod export;
mod retain;
mod verify;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use audit::note::{Signer, Verifier};
use notary::store::Store;

use super::Ended;
use super::serve::read_text;
use crate::app::Checkpoints;
use crate::config::{self, Audit, AuditAction, store_variables};
use crate::console::{note, say};

/// # Errors
/// Says what could not be done.
pub async fn run(args: Audit) -> Ended {
    match args.action {
        AuditAction::Verify(args) => return Ok(verify::run(args).await),
        AuditAction::Export(args) => export::run(args).await?,
        AuditAction::Retain(args) => retain::run(args).await?,
        AuditAction::NewKey { name, out } => {
            let public = new_key(&name, &out)?;
            note(&format!("the private key is in {}; this is the public one, for who verifies:", out.display()));
            say(&public.to_string());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a new private key to a file that is not there yet, for its owner's eyes, and answers the public half.
///
/// # Errors
/// When the name is none, or the file is there or can't be written.
pub fn new_key(name: &str, out: &Path) -> Result<Verifier, String> {
    let seed: [u8; 32] = rand::random();
    let signer = Signer::new(name, &seed)
        .map_err(|_bad| format!("{name:?} is no name of a key: it must be without spaces and `+`"))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(out).and_then(|mut file| {
        writeln!(file, "{}", signer.to_text(&seed))?;
        file.sync_all()
    });
    written.map_err(|e| format!("can't write a new key to {}: {e}", out.display()))?;
    Ok(signer.verifier().clone())
}

/// What the settings say about checkpoints, if they do.
///
/// # Errors
/// Says what is wrong with the key or the store.
pub fn checkpoints(
    settings: config::Checkpoints,
) -> Result<Option<Checkpoints>, Box<dyn std::error::Error + Send + Sync>> {
    // clap has seen to it that it is all or none
    let (Some(archiver_url), Some(key_file), Some(store)) =
        (settings.archiver_database_url, settings.checkpoint_key_file, settings.checkpoint_store)
    else {
        return Ok(None);
    };
    let keys = read_text(&key_file)?.parse().map_err(|e| format!("{}: {e}", key_file.display()))?;
    Ok(Some(Checkpoints { archiver_url, keys: Arc::new(keys), store: Store::open(&store, store_variables())? }))
}
