//! The second reading of a file: each part that counts is settled, some hundred claims a transaction.

use kernel::{Code, Failure, Scope};
use schema::Tx;
use x12::acknowledgment::{InterchangeAcknowledgment, Verdict};

use super::super::message::Message;
use super::super::part::{self, CLAIMS, Done, Said, Work};
use super::super::survey::Subject;
use super::super::walk::Event;
use super::super::{MessageState, Problem, said_at};
use super::Ingest;
use super::open::{Open, Outcome};
use crate::batch::BatchState;

/// The file's parts while they are settled.
#[derive(Debug)]
pub(super) struct Applying<'a> {
    ingest: &'a Ingest<'a>,
    messages: Vec<Message>,
    /// The part that is read, from 1.
    at: usize,
    open: Option<Open>,
}

impl<'a> Applying<'a> {
    pub(super) const fn new(ingest: &'a Ingest<'a>, messages: Vec<Message>) -> Self {
        Self { ingest, messages, at: 0, open: None }
    }

    pub(super) fn into_messages(self) -> Vec<Message> {
        self.messages
    }

    /// Takes the next event; the parts come as they came in the first reading.
    pub(super) async fn take(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Interchange(_) => Ok(()),
            Event::Acknowledged(ta1) => {
                self.at += 1;
                self.begin().await?;
                self.interchange(&ta1).await
            }
            Event::Opened(_) => {
                self.at += 1;
                self.begin().await
            }
            Event::Part(part) => {
                let Some(open) = self.open.as_mut().filter(|open| !open.is_stopped) else { return Ok(()) };
                open.take(part);
                if open.waiting.len() >= CLAIMS { self.flush(false).await } else { Ok(()) }
            }
            Event::Closed => self.close().await,
            Event::Broken(_) => {
                self.open = None;
                Ok(())
            }
        }
    }

    fn message(&mut self) -> Option<&mut Message> {
        self.messages.get_mut(self.at.checked_sub(1)?)
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        self.open = None;
        let ingest = self.ingest;
        let Some(message) = self.message() else { return Ok(()) };
        if message.work().is_none() {
            return Ok(());
        }
        let numbers = ingest.numbers(message).await?;
        let Some((subject, _)) = message.work() else { return Ok(()) };
        match Open::new(subject, &message.head, numbers) {
            Ok(open) => self.open = Some(open),
            Err(problem) => message.park(problem),
        }
        Ok(())
    }

    async fn interchange(&mut self, ta1: &InterchangeAcknowledgment) -> Result<(), Failure> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let state = match ta1.verdict {
            Verdict::Accepted | Verdict::AcceptedWithErrors => BatchState::Acknowledged,
            Verdict::Rejected => {
                open.waiting = open.interchange_rejected(&ta1.control_number, &ta1.note);
                BatchState::Rejected
            }
        };
        self.flush(true).await?;
        self.batch_is(state).await
    }

    async fn close(&mut self) -> Result<(), Failure> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let at = self.at.saturating_sub(1);
        let Some(message) = self.messages.get_mut(at) else { return Ok(()) };
        let group = match &message.subject {
            Some(Subject::X999 { group }) => group.clone(),
            Some(Subject::Ta1(_) | Subject::X277Ca { .. } | Subject::X835 { .. }) | None => {
                let flushed = self.flush(true).await;
                self.open = None;
                return flushed;
            }
        };
        match open.outcome(&group) {
            Outcome::Batch(state, said) => {
                open.waiting = said;
                self.flush(true).await?;
                self.batch_is(state).await?;
            }
            Outcome::Unclear(problem) => message.park(problem),
        }
        self.open = None;
        Ok(())
    }

    async fn batch_is(&mut self, state: BatchState) -> Result<(), Failure> {
        let ingest = self.ingest;
        match self.message() {
            Some(message) => ingest.batch_is(message, state).await,
            None => Ok(()),
        }
    }

    /// Settles what waits.
    async fn flush(&mut self, is_last: bool) -> Result<(), Failure> {
        let (ingest, at) = (self.ingest, self.at.saturating_sub(1));
        let (Some(open), Some(message)) = (&mut self.open, self.messages.get_mut(at)) else { return Ok(()) };
        let waiting = std::mem::take(&mut open.waiting);
        let mut left: Vec<&Said> = waiting.iter().collect();
        loop {
            let now = left.len().min(CLAIMS);
            let rest = left.split_off(now);
            let ends = is_last && rest.is_empty();
            if open.is_stopped {
                return Ok(());
            }
            let again = ingest.settle(message, open, &left, ends).await?;
            left = again.into_iter().chain(rest).collect();
            if left.is_empty() {
                return Ok(());
            }
        }
    }
}

impl Ingest<'_> {
    /// Settles some claims in one transaction, or in halves where they get into each other's way. Answers those that need
    /// a transaction of their own.
    async fn settle<'s>(
        &self,
        message: &mut Message,
        open: &mut Open,
        said: &[&'s Said],
        is_last: bool,
    ) -> Result<Vec<&'s Said>, Failure> {
        let Some(routed) = message.routed.clone() else { return Ok(Vec::new()) };
        let done = match self.part(&routed.scope, &routed.time_zone, message, open, said, is_last).await {
            Ok(done) => done,
            Err(failure) if failure.code == Code::Aborted && said.len() > 1 => {
                let (first, second) = said.split_at(said.len() / 2);
                let mut left = Box::pin(self.settle(message, open, first, false)).await?;
                let is_end = is_last && left.is_empty();
                left.extend(Box::pin(self.settle(message, open, second, is_end)).await?);
                return Ok(left);
            }
            Err(failure) => return Err(failure),
        };
        message.remittance_id.clone_from(&done.remittance_id);
        if done.differs {
            open.is_stopped = true;
            message.park(Problem::new(
                "REMITTANCE_DIFFERS",
                "a payment of the same payer, number, day and amount is known with other claims in it",
            ));
            return Ok(Vec::new());
        }
        if done.is_known {
            open.is_stopped = true;
            message.noted.state = MessageState::Repeated;
            message.noted.tally.repeated =
                open.remitting.as_ref().map_or(0, |r| i32::try_from(r.claims).unwrap_or(i32::MAX));
            return Ok(Vec::new());
        }
        message.noted.tally = message.noted.tally.plus(done.tally());
        let left: Vec<&Said> =
            done.left.iter().filter_map(|index| said.get(usize::try_from(*index).ok()?).copied()).collect();
        if is_last && left.is_empty() {
            message.noted.state = MessageState::Applied;
        }
        Ok(left)
    }

    async fn part(
        &self,
        scope: &Scope,
        time_zone: &str,
        message: &Message,
        open: &Open,
        said: &[&Said],
        is_last: bool,
    ) -> Result<Done, Failure> {
        let work = &Work {
            payers: self.payers,
            noted: &message.noted,
            said,
            said_at: said_at(message.head.day, message.head.time, time_zone, message.noted.kind, scope.now()),
            remitting: open.remitting.as_ref(),
            is_last,
        };
        let write = self.vault.write(scope, None, || async move |tx: &Tx<'_>| part::run(tx, self.hub, work).await);
        Box::pin(write).await
    }
}
