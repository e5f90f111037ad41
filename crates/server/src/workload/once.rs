//! `dev --once`: the whole flow on made-up data, and whether it adds up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use kernel::Clock;
use std::pin::pin;
use tokio_util::sync::CancellationToken;

use super::{Issuer, Outcome, WorkloadOptions, World};
use crate::caller::{Caller, Error, Tally};
use crate::console::note;
use crate::payer::{self, PayerOptions};
use crate::verify::{self, Start, Verdict};

/// How long the payers may take after the last submission.
const ANSWERED_WITHIN: Duration = Duration::from_secs(300);

/// What `dev --once` needs.
#[derive(Debug, Clone)]
pub struct Once {
    pub endpoint: String,
    /// Token of a verified user, who becomes the owner of the practices.
    pub operator_token: String,
    /// Gives the service accounts their tokens.
    pub issuer: Arc<dyn Issuer>,
    pub workload: WorkloadOptions,
    /// Where `summary.json` goes.
    pub out: Option<PathBuf>,
    pub clock: Clock,
}

/// Runs the workload and the simulated payers against a server, waits until all is answered, and checks the books.
///
/// # Errors
/// What the API answered that it should not have, or an unwritable directory; contradictions are in the verdict.
pub async fn once(options: Once) -> Result<Verdict, Error> {
    let start = Start::now(&options.clock);
    let tally = Tally::kept();
    let operator = Caller::connect(&options.endpoint, &options.operator_token, &tally).await?;
    let world = super::prepare(&operator, &*options.issuer, &options.workload).await?;
    let outcomes = drive(&options.endpoint, options.workload.seed, &world, &tally).await?;
    let verdict = verify::run(&world, &outcomes, &tally, &start).await?;
    if let Some(directory) = &options.out {
        verdict.write(directory)?;
    }
    verdict.show();
    Ok(verdict)
}

/// Fills a world that holds no sessions yet; one that was filled before stays as its users left it.
///
/// # Errors
/// What the API answered that it should not have.
pub async fn fill(endpoint: &str, options: &WorkloadOptions, world: &World, tally: &Tally) -> Result<(), Error> {
    for seat in &world.seats {
        if !super::list_sessions(&seat.admin.caller).await?.is_empty() {
            return Ok(());
        }
    }
    drive(endpoint, options.seed, world, tally).await?;
    Ok(())
}

/// The sessions go through while the payers answer; both end when nothing is left to answer.
async fn drive(endpoint: &str, seed: u64, world: &World, tally: &Tally) -> Result<Vec<Outcome>, Error> {
    let payer = PayerOptions { seed, subscription: payer::SUBSCRIPTION.to_owned() };
    let stop = CancellationToken::new();
    let paying = pin!(payer::run(endpoint, &world.accounts.adapter, &payer, tally, stop.clone()));
    let working = pin!(async {
        let outcomes = super::run(world).await?;
        note("waiting for the payers' answers");
        let adapter = Caller::connect(endpoint, &world.accounts.adapter, tally).await?;
        payer::answered(&adapter, &payer.subscription, ANSWERED_WITHIN).await?;
        Ok::<_, Error>(outcomes)
    });
    match select(working, paying).await {
        Either::Left((worked, paying)) => {
            stop.cancel();
            let answered = paying.await;
            // why the work failed tells more than why the payers did
            let (outcomes, answered) = (worked?, answered?);
            note(&format!("the payers answered {answered}"));
            Ok(outcomes)
        }
        // it only ends by itself when something is wrong
        Either::Right((paid, _)) => {
            paid?;
            Err(Error::Unexpected("the simulated payers ended too early".to_owned()))
        }
    }
}
