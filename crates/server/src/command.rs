//! The commands of claimsd, one file each.

use std::error::Error;
use std::process::ExitCode;

use crate::config::Connection;

pub mod admin;
pub mod audit;
pub mod dev;
pub mod import;
pub mod migrate;
pub mod reference;
pub mod serve;
pub mod simulate_payer;
pub mod x12;

/// How a command ends: an exit code, or an error that is printed with its causes.
pub type Ended = Result<ExitCode, Box<dyn Error + Send + Sync>>;

/// Reads the token; it is never an argument, where other users of the machine could see it.
///
/// # Errors
/// When the file can't be read.
pub fn token(connection: &Connection) -> Result<String, String> {
    let text = if connection.token_file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(&connection.token_file)
    };
    let text = text.map_err(|e| format!("can't read the token from {}: {e}", connection.token_file.display()))?;
    Ok(text.trim().to_owned())
}

/// Waits for the operator or the supervisor to end the process.
pub async fn asked_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
