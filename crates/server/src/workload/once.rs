//! `dev --once`: the whole flow on made-up data, and whether it adds up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use kernel::Clock;
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
    /// Where `summary.json` goes, and the files that go back and forth.
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
    let outcomes = drive(&options.endpoint, options.workload.seed, options.out.as_deref(), &world, &tally).await?;
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
    drive(endpoint, options.seed, None, world, tally).await?;
    Ok(())
}

/// The sessions go through while the payers answer. What the answers call for comes after them, with payers that begin
/// anew: they must come to the same.
async fn drive(
    endpoint: &str,
    seed: u64,
    out: Option<&Path>,
    world: &World,
    tally: &Tally,
) -> Result<Vec<Outcome>, Error> {
    let options = PayerOptions { seed, subscription: payer::SUBSCRIPTION.to_owned(), out: out.map(Path::to_owned) };
    let payers = Payers { endpoint, token: &world.accounts.adapter, options: &options, tally };
    let outcomes = payers.answer(super::run(world)).await?;
    payers.answer(super::follow(world, &outcomes)).await?;
    Ok(outcomes)
}

/// The simulated payers of a run.
struct Payers<'a> {
    endpoint: &'a str,
    token: &'a str,
    options: &'a PayerOptions,
    tally: &'a Tally,
}

impl Payers<'_> {
    /// Works while the payers answer; both end when nothing is left to answer.
    async fn answer<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let stop = CancellationToken::new();
        let paying = Box::pin(payer::run(self.endpoint, self.token, self.options, self.tally, stop.clone()));
        let working = Box::pin(async {
            let done = work.await?;
            note("waiting for the payers' answers");
            let adapter = Caller::connect(self.endpoint, self.token, self.tally).await?;
            payer::answered(&adapter, &self.options.subscription, ANSWERED_WITHIN).await?;
            Ok::<_, Error>(done)
        });
        match select(working, paying).await {
            Either::Left((worked, paying)) => {
                stop.cancel();
                let answered = paying.await;
                // why the work failed tells more than why the payers did
                let (done, answered) = (worked?, answered?);
                note(&format!("the payers answered {answered}"));
                Ok(done)
            }
            // it only ends by itself when something is wrong
            Either::Right((paid, _)) => {
                paid?;
                Err(Error::Unexpected("the simulated payers ended too early".to_owned()))
            }
        }
    }
}
