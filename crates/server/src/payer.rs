//! A clearinghouse adapter with payers behind it, all simulated: a subscriber of the claim feed like any other.
//!
//! It keeps nothing. Each submission that the feed tells of is confirmed and answered before its event is
//! acknowledged, and what is answered follows from the claim's number. So it can be killed at any time: what it had
//! not acknowledged comes again, is answered the same, and changes nothing.

mod decide;
pub mod x12;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use therapy_claims::claims::v1 as claims;
use therapy_claims::claims::v1::report_payer_response_request::Response;
use therapy_claims::feed::{ClaimEventHandler, ConsumeError, consume};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use self::decide::{Answer, Bill, answers};
use crate::caller::{Caller, Error, Tally, is_passing, rpc};
use crate::workload::make::cents;

/// How the simulated payers work.
#[derive(Debug, Clone, clap::Args)]
pub struct PayerOptions {
    /// What the answers are made from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Name of the subscription that is read
    #[arg(long, default_value = SUBSCRIPTION)]
    pub subscription: String,
}

/// The subscription's usual name.
pub const SUBSCRIPTION: &str = "payer-simulator";

const WAIT: Duration = Duration::from_secs(2);

/// What was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answered {
    pub submissions: u64,
    pub received: u64,
    pub accepted: u64,
    pub pended: u64,
    pub rejected: u64,
    pub paid: u64,
    pub denied: u64,
    pub voided: u64,
    /// Answers that the server had already.
    pub repeated: u64,
    /// Answers that came too late to change anything.
    pub late: u64,
    /// Answers that the claim could not take.
    pub refused: u64,
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { submissions, received, accepted, pended, rejected, paid, denied, voided, repeated, late, refused } =
            self;
        let counts = [
            ("received", received),
            ("accepted", accepted),
            ("pended", pended),
            ("rejected", rejected),
            ("paid", paid),
            ("denied", denied),
            ("voided", voided),
            ("repeated", repeated),
            ("too late", late),
            ("not fitting the claim", refused),
        ];
        write!(f, "{submissions} submissions")?;
        for (index, (what, count)) in counts.iter().filter(|(_, count)| **count > 0).enumerate() {
            write!(f, "{}{count} {what}", if index == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}

/// Answers submissions of all practices that the token is granted, until `shutdown`.
///
/// # Errors
/// When the server refuses the subscription or the answers for good, or somebody else reads the subscription.
pub async fn run(
    endpoint: &str,
    token: &str,
    options: &PayerOptions,
    tally: &Tally,
    shutdown: CancellationToken,
) -> Result<Answered, Error> {
    let caller = Caller::connect(endpoint, token, tally).await?;
    let mut desk =
        Desk { seed: options.seed, caller: caller.clone(), practices: HashMap::new(), answered: Answered::default() };
    let subscription = claims::SubscribeRequest {
        subscription: options.subscription.clone(),
        view: claims::EventView::Full.into(),
        ..claims::SubscribeRequest::default()
    };
    loop {
        let stop = shutdown.clone().cancelled_owned();
        match consume(caller.client(), subscription.clone(), &mut desk, stop).await {
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
        let request = claims::GetSubscriptionRequest { subscription: subscription.to_owned() };
        let told =
            rpc!(adapter, clearinghouse.get_subscription, "claims.v1.ClearinghouseService/GetSubscription", request);
        match told.await {
            Ok(subscription) if subscription.practices.iter().all(|practice| practice.lag == 0) => return Ok(()),
            Ok(_) => {}
            // nobody has subscribed yet
            Err(error) if error.is(Code::NotFound) => {}
            Err(error) => return Err(error),
        }
        if Instant::now() > end {
            return Err(Error::Unexpected(format!("events were not answered within {} s", within.as_secs())));
        }
        sleep(Duration::from_millis(250)).await;
    }
}

struct Desk {
    seed: u64,
    caller: Caller,
    practices: HashMap<String, Caller>,
    answered: Answered,
}

impl ClaimEventHandler for Desk {
    type Error = Error;

    async fn handle(&mut self, event: claims::ClaimEvent) -> Result<(), Error> {
        if event.r#type() != claims::ClaimEventType::Submitted {
            return Ok(());
        }
        let practice = self.practice(&event.practice_id)?;
        self.answered.submissions += 1;
        self.confirm(&practice, &event).await?;
        let (Some(submitted_at), Some(charge_cents)) = (event.occurred_at, cents(&event.charge_amount)) else {
            return Err(Error::Unexpected(format!("event {} has no time or no amount", event.event_id)));
        };
        let is_void = event.payer_state() == claims::PayerState::VoidPending;
        let bill = Bill {
            claim_number: event.claim_number,
            attempt: event.attempt,
            payer_id: event.payer_id,
            charge_cents,
            submitted_at,
            is_void,
        };
        for answer in answers(self.seed, &bill) {
            self.report(&practice, &bill, &answer).await?;
            if answer.is_doubled {
                self.report(&practice, &bill, &answer).await?;
            }
        }
        Ok(())
    }

    async fn cursor_too_old(&mut self, gap: claims::CursorTooOld) -> Result<(), Error> {
        Err(Error::Unexpected(format!("events of practice {} are gone before they were read", gap.practice_id)))
    }

    fn interrupted(&mut self, status: &Status) {
        tracing::warn!(code = ?status.code(), "the claim feed broke off; it is opened again");
    }
}

impl Desk {
    fn practice(&mut self, id: &str) -> Result<Caller, Error> {
        if let Some(caller) = self.practices.get(id) {
            return Ok(caller.clone());
        }
        let caller = self.caller.in_practice(id)?;
        self.practices.insert(id.to_owned(), caller.clone());
        Ok(caller)
    }

    /// Tells that the claim was sent. That it was told before, or that the claim has moved on, is no error.
    async fn confirm(&self, practice: &Caller, event: &claims::ClaimEvent) -> Result<(), Error> {
        let snapshot = event.snapshot.as_ref().ok_or_else(|| {
            Error::Unexpected(format!("event {} has no snapshot though all of it was asked for", event.event_id))
        })?;
        let request = claims::ConfirmTransmissionRequest {
            submissions: vec![claims::SubmissionRef {
                claim_id: event.claim_id.clone(),
                submission_id: event.submission_id.clone(),
                snapshot_hash: snapshot.snapshot_hash.clone(),
            }],
            transmitted_at: None,
            reference: format!("sim-{}", event.submission_id),
            request_id: String::new(),
            ..claims::ConfirmTransmissionRequest::default()
        };
        let confirmed = rpc!(
            practice,
            clearinghouse.confirm_transmission,
            "claims.v1.ClearinghouseService/ConfirmTransmission",
            request
        )
        .await?;
        for result in confirmed.results {
            if let Some(claims::transmission_result::Outcome::Problem(problem)) = result.outcome {
                tracing::warn!(reason = problem.reason, "a transmission was not confirmed");
            }
        }
        Ok(())
    }

    async fn report(&mut self, practice: &Caller, bill: &Bill, answer: &Answer) -> Result<(), Error> {
        let request = claims::ReportPayerResponseRequest {
            claim_number: bill.claim_number.clone(),
            response_id: answer.response_id.clone(),
            responded_at: Some(answer.responded_at),
            request_id: String::new(),
            response: Some(answer.response.clone()),
        };
        let reported = rpc!(
            practice,
            clearinghouse.report_payer_response,
            "claims.v1.ClearinghouseService/ReportPayerResponse",
            request
        );
        let counts = &mut self.answered;
        match reported.await {
            Ok(reported) => match reported.effect() {
                claims::ResponseEffect::Applied | claims::ResponseEffect::Unspecified => match answer.response {
                    Response::Received(_) => counts.received += 1,
                    Response::Accepted(_) => counts.accepted += 1,
                    Response::Pended(_) => counts.pended += 1,
                    Response::Rejected(_) => counts.rejected += 1,
                    Response::Paid(_) => counts.paid += 1,
                    Response::Denied(_) => counts.denied += 1,
                    Response::Voided(_) => counts.voided += 1,
                    // this payer says neither
                    Response::Forwarded(_) | Response::Reversed(_) => {}
                },
                claims::ResponseEffect::Repeated => counts.repeated += 1,
                claims::ResponseEffect::Recorded | claims::ResponseEffect::Parked => counts.late += 1,
            },
            Err(error) if error.is(Code::FailedPrecondition) => {
                tracing::warn!(reason = error.reason(), "an answer does not fit the claim");
                counts.refused += 1;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Answered;

    #[test]
    fn what_was_answered_is_told_in_words_without_what_did_not_happen() {
        assert_eq!(Answered::default().to_string(), "0 submissions");
        let some = Answered { submissions: 3, received: 3, paid: 2, late: 1, ..Answered::default() };
        assert_eq!(some.to_string(), "3 submissions: 3 received, 2 paid, 1 too late");
    }
}
