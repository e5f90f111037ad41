//! A clearinghouse adapter with payers behind it, all simulated: a subscriber of the claim feed like any other, that
//! sends claim files and brings back files of answers.
//!
//! It keeps nothing. A submission that the feed tells of makes it send what waits in that practice, and the event is
//! acknowledged once every answer is brought. What is answered follows from the files, which the server keeps. So it can
//! be killed at any time: the next one answers the files again, and what was brought before changes nothing.

mod answered;
mod decide;
mod exchange;
pub mod x12;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use therapy_claims::claims::v1 as claims;
use therapy_claims::feed::{ClaimEventHandler, ConsumeError, consume};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

pub use self::answered::Answered;
use self::exchange::Exchange;
use crate::caller::{Caller, Error, Tally, is_passing, rpc};

/// How the simulated payers work.
#[derive(Debug, Clone, clap::Args)]
pub struct PayerOptions {
    /// What the answers are made from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Name of the subscription that is read
    #[arg(long, default_value = SUBSCRIPTION)]
    pub subscription: String,
    /// Keep the files that go back and forth in the directory x12 of this one
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// The subscription's usual name.
pub const SUBSCRIPTION: &str = "payer-simulator";

const WAIT: Duration = Duration::from_secs(2);

/// Sends what is submitted in all practices that the token is granted, and brings the answers, until `shutdown`. Then
/// it sends what still waits, and brings what the payers still have to say.
///
/// # Errors
/// When the server refuses the subscription, a file or an answer for good, or somebody else reads the subscription.
pub async fn run(
    endpoint: &str,
    token: &str,
    options: &PayerOptions,
    tally: &Tally,
    shutdown: CancellationToken,
) -> Result<Answered, Error> {
    let caller = Caller::connect(endpoint, token, tally).await?;
    let mut desk = Desk {
        caller: caller.clone(),
        options: options.clone(),
        exchanges: HashMap::new(),
        answered: Answered::default(),
    };
    let subscription =
        claims::SubscribeRequest { subscription: options.subscription.clone(), ..claims::SubscribeRequest::default() };
    loop {
        let stop = shutdown.clone().cancelled_owned();
        let worked = async {
            desk.recall().await.map_err(ConsumeError::Handler)?;
            consume(caller.client(), subscription.clone(), &mut desk, stop).await?;
            desk.finish().await.map_err(ConsumeError::Handler)
        };
        match worked.await {
            Ok(()) => return Ok(desk.answered),
            // the event comes again
            Err(ConsumeError::Handler(Error::Call { status, .. })) if is_passing(&status) => sleep(WAIT).await,
            Err(ConsumeError::Handler(error)) => return Err(error),
            Err(ConsumeError::LeaseLost) => {
                return Err(Error::Unexpected("somebody else reads this subscription now".to_owned()));
            }
            Err(ConsumeError::Refused(status)) => {
                let method = "/therapy.claims.v1.ClearinghouseService/Subscribe";
                return Err(Error::Call { method, status });
            }
        }
    }
}

/// Waits until everything that happened so far is answered.
///
/// # Errors
/// When that takes longer than `within`, or the server can't tell.
pub async fn answered(adapter: &Caller, subscription: &str, within: Duration) -> Result<(), Error> {
    let end = Instant::now() + within;
    loop {
        match practices(adapter, subscription).await? {
            Some(practices) if practices.iter().all(|practice| practice.lag == 0) => return Ok(()),
            // nobody has subscribed yet
            Some(_) | None => {}
        }
        if Instant::now() > end {
            return Err(Error::Unexpected(format!("events were not answered within {} s", within.as_secs())));
        }
        sleep(Duration::from_millis(250)).await;
    }
}

/// How far the subscription has read in each practice; none where there is no such subscription.
async fn practices(adapter: &Caller, name: &str) -> Result<Option<Vec<claims::SubscriptionPractice>>, Error> {
    let request = claims::GetSubscriptionRequest { subscription: name.to_owned() };
    let told = rpc!(adapter, clearinghouse.get_subscription, "claims.v1.ClearinghouseService/GetSubscription", request);
    match told.await {
        Ok(subscription) => Ok(Some(subscription.practices)),
        Err(error) if error.is(Code::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

struct Desk {
    caller: Caller,
    options: PayerOptions,
    exchanges: HashMap<String, Exchange>,
    answered: Answered,
}

impl ClaimEventHandler for Desk {
    type Error = Error;

    async fn handle(&mut self, event: claims::ClaimEvent) -> Result<(), Error> {
        let is_sent = |exchange: &Exchange| event.position <= exchange.sent_through;
        if event.r#type() != claims::ClaimEventType::Submitted
            || self.exchanges.get(&event.practice_id).is_some_and(is_sent)
        {
            return Ok(());
        }
        // everything up to the head waits by now, or has been sent
        let practices = practices(&self.caller, &self.options.subscription).await?.unwrap_or_default();
        let head = practices.iter().find(|practice| practice.practice_id == event.practice_id);
        let head = head.map_or(event.position, |practice| practice.head_position);
        self.send(&event.practice_id, head).await
    }

    async fn cursor_too_old(&mut self, gap: claims::CursorTooOld) -> Result<(), Error> {
        Err(Error::Unexpected(format!("events of practice {} are gone before they were read", gap.practice_id)))
    }

    fn interrupted(&mut self, status: &Status) {
        tracing::warn!(code = ?status.code(), "the claim feed broke off; it is opened again");
    }
}

impl Desk {
    /// Takes up what an earlier one left.
    async fn recall(&mut self) -> Result<(), Error> {
        for practice in practices(&self.caller, &self.options.subscription).await?.unwrap_or_default() {
            if !self.exchanges.contains_key(&practice.practice_id) {
                self.send(&practice.practice_id, practice.head_position).await?;
            }
        }
        Ok(())
    }

    /// Sends what waits in a practice, which is all up to that position of its feed.
    async fn send(&mut self, practice_id: &str, through: i64) -> Result<(), Error> {
        // one that fails on the way is made anew, from the files
        let mut exchange = match self.exchanges.remove(practice_id) {
            Some(exchange) => exchange,
            None => Exchange::open(&self.caller, practice_id, &self.options, &mut self.answered).await?,
        };
        exchange.send(&mut self.answered).await?;
        exchange.sent_through = through;
        self.exchanges.insert(practice_id.to_owned(), exchange);
        Ok(())
    }

    /// Nothing waits any more, and no further file comes.
    async fn finish(&mut self) -> Result<(), Error> {
        self.recall().await?;
        for exchange in self.exchanges.values_mut() {
            exchange.send(&mut self.answered).await?;
            exchange.settle(&mut self.answered).await?;
        }
        Ok(())
    }
}
