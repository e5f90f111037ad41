//! A file from its first byte to its answer.

use std::collections::HashMap;

use audit::{Action, Change, Entry, Vault};
use feed::Hub;
use futures_util::Stream;
use kernel::phi::Disclosed;
use kernel::{Ctx, Failure, Phi, Scope};
use prost::Message as _;
use schema::Tx;
use therapy_claims::claims::v1 as pb;
use tonic::Status;

use self::apply::Applying;
use super::message::{Message, problem_to_pb};
use super::survey::Surveyor;
use super::walk::{File, Walk};
use super::{MALFORMED, MessageState, Problem, route, spool, store};
use crate::payer::PayerList;
use crate::snapshot::convert::hex;

mod apply;
mod open;

/// Takes files in.
#[derive(Debug)]
pub struct Ingest<'a> {
    pub vault: &'a Vault,
    pub hub: &'a Hub,
    pub payers: &'a PayerList,
    pub ctx: &'a Ctx,
}

impl Ingest<'_> {
    /// Stores a file, reads it through, and deals with what it holds.
    ///
    /// # Errors
    /// When the file doesn't come whole, or the database or the audit trail is away. What was dealt with until then is
    /// durable; the same file again goes on behind it.
    pub async fn run(
        &self,
        messages: impl Stream<Item = Result<pb::IngestResponseRequest, Status>> + Unpin + Send,
    ) -> Result<pb::IngestResponseResponse, Failure> {
        // whoever reaches no practice can't answer for one
        self.ctx.scope()?;
        let nobody = &Scope::practiceless(self.ctx.identity()?, self.ctx.facts());
        let spooled = spool::receive(self.vault, nobody, messages).await?;
        if let Some(answered) = spooled.answered {
            return Ok(pb::IngestResponseResponse { repeated: true, ..answered });
        }
        let file = File { id: spooled.id, pieces: spooled.pieces };
        let (messages, problem) = self.survey(nobody, file).await?;
        let mut applying = Applying::new(self, messages);
        let mut walk = Walk::of(self.vault.db(), nobody, file);
        while let Some(event) = walk.next().await? {
            applying.take(event).await?;
        }
        let messages = applying.into_messages();
        let answer = pb::IngestResponseResponse {
            file_id: spooled.id.to_string(),
            content_hash: hex(&spooled.hash),
            content_size: i64::try_from(spooled.size).unwrap_or(i64::MAX),
            repeated: false,
            messages: messages.iter().map(Message::to_pb).collect(),
            problem: problem.as_ref().map(problem_to_pb),
        };
        self.conclude(nobody, file, &messages, &answer).await?;
        Ok(pb::IngestResponseResponse { repeated: spooled.is_repeated, ..answer })
    }

    /// What the file holds, whose each part is, and what is wrong with the file as a whole.
    async fn survey(&self, nobody: &Scope, file: File) -> Result<(Vec<Message>, Option<Problem>), Failure> {
        let mut surveyor = Surveyor::default();
        let mut walk = Walk::of(self.vault.db(), nobody, file);
        while let Some(event) = walk.next().await? {
            surveyor.take(event);
        }
        let mut problem = walk.end().await?.map(|fault| Problem::unreadable(&fault));
        if let Some(problem) = &problem {
            surveyor.cut_off(problem);
        }
        let mut messages = Vec::with_capacity(surveyor.found.len());
        for (index, surveyed) in surveyor.found.into_iter().enumerate() {
            let routed = match &surveyed.subject {
                Some(subject) => Some(route::route(self.vault.db(), self.ctx, subject).await?),
                None => None,
            };
            messages.push(Message::new(file.id, index + 1, surveyed, routed));
        }
        if messages.is_empty() && problem.is_none() {
            problem = Some(Problem::new(MALFORMED, "the file holds no TA1, 999, 277CA or 835"));
        }
        Ok((messages, problem))
    }

    /// Writes down what became of what was not settled, and what is answered.
    async fn conclude(
        &self,
        nobody: &Scope,
        file: File,
        messages: &[Message],
        answer: &pb::IngestResponseResponse,
    ) -> Result<(), Failure> {
        let is_open = |message: &&Message| message.noted.state != MessageState::Applied;
        let mut lost = Vec::new();
        for message in messages.iter().filter(is_open) {
            match &message.routed {
                Some(routed) => self.note(&routed.scope, message).await?,
                None => lost.push(message),
            }
        }
        let (lost, answer) = (&lost, &answer.encode_to_vec());
        let write = self.vault.write(nobody, None, || {
            async move |tx: &Tx<'_>| {
                for message in lost {
                    store::note(tx, &message.noted).await?;
                }
                store::processed(tx, file.id, answer).await?;
                let entry = Entry::bare(tx.scope(), Action::Update, "inbound_file").with(file.id.uuid());
                Ok(Change::recorded(entry, Phi::new(())))
            }
        });
        Box::pin(write).await
    }

    /// Writes down in its practice what became of a part.
    async fn note(&self, scope: &Scope, message: &Message) -> Result<(), Failure> {
        let write = self.vault.write(scope, None, || {
            async move |tx: &Tx<'_>| {
                let id = store::note(tx, &message.noted).await?;
                let entry = Entry::bare(tx.scope(), Action::Update, "inbound_message").with(id.uuid());
                Ok(Change::recorded(entry, Phi::new(())))
            }
        });
        Box::pin(write).await
    }

    /// The claims of a file that was answered: number and attempt.
    async fn numbers(&self, message: &Message) -> Result<HashMap<String, i32>, Failure> {
        let Some((scope, batch)) = message.routed.as_ref().and_then(|r| Some((&r.scope, r.batch?))) else {
            return Ok(HashMap::new());
        };
        let numbers = self.vault.db().read_one(scope, async move |tx| crate::batch::store::numbers(tx, batch).await);
        Ok(numbers.await?.into_iter().collect())
    }

    /// Notes that a file was taken, or rejected as a whole.
    async fn batch_is(&self, message: &Message, state: crate::batch::BatchState) -> Result<(), Failure> {
        use crate::batch::{Batch, BatchState, store};
        let Some((scope, id)) = message.routed.as_ref().and_then(|r| Some((&r.scope, r.batch?))) else { return Ok(()) };
        let write = self.vault.write(scope, None, || {
            async move |tx: &Tx<'_>| {
                let mut batch = store::lock(tx, id).await?;
                // a rejection stands: a late receipt doesn't take it back
                if matches!(batch.state, BatchState::Created | BatchState::Transmitted | BatchState::Acknowledged)
                    && batch.state != state
                {
                    batch.state = state;
                    store::save(tx, &batch).await?;
                }
                let entry = Entry::bare(tx.scope(), Action::Update, Batch::RESOURCE).with(id.uuid());
                Ok(Change::recorded(entry, Phi::new(())))
            }
        });
        Box::pin(write).await
    }
}
