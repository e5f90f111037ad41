//! The commands of claimsd, one file each.

use std::error::Error;
use std::process::ExitCode;

pub mod migrate;
pub mod serve;

/// How a command ends: an exit code, or an error that is printed with its causes.
pub type Ended = Result<ExitCode, Box<dyn Error + Send + Sync>>;

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
