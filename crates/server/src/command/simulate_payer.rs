//! `claimsd simulate-payer`.

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use super::{Ended, asked_to_end, token};
use crate::caller::Tally;
use crate::config::SimulatePayer;
use crate::console::note;
use crate::payer;

/// # Errors
/// When the server refuses the token or the answers for good.
pub async fn run(args: SimulatePayer) -> Ended {
    let stop = CancellationToken::new();
    let tally = Tally::default();
    let token = token(&args.connection)?;
    let paying = payer::run(&args.connection.endpoint, &token, &args.options, &tally, stop.clone());
    let ending = async {
        asked_to_end().await;
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answered = paying => note(&format!("answered {}", answered?)),
        () = ending => {}
    }
    Ok(ExitCode::SUCCESS)
}
