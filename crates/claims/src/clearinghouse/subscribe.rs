//! `Subscribe`: a stream of the feed, told in the contract's words and on record before it leaves.
//!
//! Two tasks and two short channels: the feed's stream reads, the pump decodes and records. Several batches wait for
//! their entries at a time, and they leave in order.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use feed::stream::{BATCH_MAX, Grants, Standing};
use feed::subscription::Name;
use feed::{Message, Subscribe};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use kernel::access::{Granted, Identity, Level};
use kernel::clock::timestamp;
use kernel::{Ctx, Failure, Permission, PracticeId, Scope};
use prost::Message as _;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::subscribe_response::Kind;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::convert::{positions_to_pb, standing};
use super::wire::{self, Encoded};
use super::{Clearinghouse, GrantSource, events};

/// Messages that wait between two tasks. Small: what waits is neither read anew nor sent.
const WAITING: usize = 2;
/// Batches whose entries are on their way to the disk at a time.
const RECORDING: usize = 8;
/// Batches with snapshots are shorter, to stay well below the size of a message.
const FULL_BATCH_MAX: usize = 100;
/// A batch that waited longer than this for a slow reader is sent only if the practice is still granted.
const FRESH: Duration = Duration::from_secs(4);

/// Where the stream's bearer may read now.
struct Granting {
    source: Arc<dyn GrantSource>,
    key_id: Arc<str>,
    ctx: Ctx,
    /// Set when the call named a practice.
    only: Option<PracticeId>,
}

impl Granting {
    async fn practices(&self) -> Result<Vec<PracticeId>, Failure> {
        let mut granted = self.source.granted(&self.key_id, self.ctx.facts(), Permission::FeedConsume).await?;
        granted.retain(|practice| self.only.is_none_or(|only| only == *practice));
        Ok(granted)
    }
}

impl Grants for Granting {
    fn practices(&self) -> BoxFuture<'_, Result<Vec<PracticeId>, Failure>> {
        self.practices().boxed()
    }
}

impl Clearinghouse {
    /// Opens the stream.
    pub(super) async fn open(
        &self,
        ctx: &Ctx,
        name: &str,
        mut request: Subscribe,
        full: bool,
    ) -> Result<Encoded, Failure> {
        let identity = Arc::clone(ctx.identity()?);
        let scope = ctx.scope()?;
        let granting = || -> Granting {
            let source = Arc::clone(&self.grants);
            Granting { source, key_id: Arc::clone(&identity.key_id), ctx: ctx.clone(), only: None }
        };
        let granted = granting().practices().await?;
        // fewer than all: the call named a practice
        let only = (ctx.scopes().len() < granted.len()).then(|| scope.practice());
        request.batch_max = if full { FULL_BATCH_MAX } else { BATCH_MAX };
        let name = Name { account: scope.actor_id(), name };
        let lease = self.reader.lease(name, &scope.facts().clock, &self.hub).await?;
        let (read, messages) = mpsc::channel(WAITING);
        let (out, responses) = mpsc::channel(WAITING);
        let stream = feed::stream::Stream {
            reader: self.reader.clone(),
            hub: self.hub.clone(),
            grants: Box::new(Granting { only, ..granting() }),
            lease,
            request,
            out: read,
        };
        let pump = Pump {
            vault: self.vault.clone(),
            granting: Granting { only, ..granting() },
            identity,
            ctx: ctx.clone(),
            full,
        };
        self.tasks.spawn(stream.run());
        self.tasks.spawn(async move { pump.run(messages, out).await });
        Ok(ReceiverStream::new(responses))
    }
}

/// A message that may leave, with the practice it tells of and when it was read.
struct Ready {
    practice: Option<PracticeId>,
    read_at: Instant,
    response: Bytes,
}

struct Pump {
    vault: audit::Vault,
    granting: Granting,
    identity: Arc<Identity>,
    ctx: Ctx,
    full: bool,
}

impl Pump {
    async fn run(&self, messages: mpsc::Receiver<Result<Message, Failure>>, out: mpsc::Sender<Result<Bytes, Status>>) {
        let ready = ReceiverStream::new(messages).map(|message| self.prepare(message)).buffered(RECORDING);
        tokio::pin!(ready);
        loop {
            let next = tokio::select! {
                next = ready.next() => next,
                () = out.closed() => return,
            };
            let Some(next) = next else { return };
            let Ok(permit) = out.reserve().await else { return };
            match self.still(next).await {
                Ok(Some(response)) => permit.send(Ok(response)),
                Ok(None) => {}
                Err(failure) => {
                    permit.send(Err(self.ctx.status(&failure)));
                    return;
                }
            }
        }
    }

    /// The message, unless it waited so long that its practice may no longer be told of, and may not.
    async fn still(&self, next: Result<Ready, Failure>) -> Result<Option<Bytes>, Failure> {
        let Ready { practice, read_at, response } = next?;
        let Some(practice) = practice.filter(|_| read_at.elapsed() > FRESH) else { return Ok(Some(response)) };
        Ok(self.granting.practices().await?.contains(&practice).then_some(response))
    }

    async fn prepare(&self, message: Result<Message, Failure>) -> Result<Ready, Failure> {
        let read_at = Instant::now();
        let mut told_of = None;
        let kind = match message? {
            Message::Batch(batch) => {
                told_of = Some(batch.practice);
                let scope = self.scope(batch.practice);
                if !self.full {
                    let claims = batch.events.iter().map(|event| event.subject).collect();
                    events::record(&self.vault, &scope, claims).await?;
                    let response = wire::batch(batch.practice, batch.events);
                    return Ok(Ready { practice: told_of, read_at, response });
                }
                let events = events::tell(&self.vault, &scope, batch.events, true).await?;
                Kind::Batch(pb::EventBatch { practice_id: batch.practice.to_string(), events })
            }
            Message::Started { epoch, practices, max_outstanding } => Kind::Started(pb::Started {
                lease_epoch: epoch,
                practices: practices.iter().map(|at| self.standing(at)).collect(),
                max_outstanding: i32::try_from(max_outstanding).unwrap_or(i32::MAX),
            }),
            Message::Progress(sent) => Kind::Progress(pb::Progress {
                at: Some(timestamp(self.ctx.facts().clock.now())),
                sent: positions_to_pb(sent),
            }),
            Message::Joined(at) => Kind::PracticeJoined(pb::PracticeJoined { practice: Some(self.standing(&at)) }),
            Message::Left(practice) => Kind::PracticeLeft(pb::PracticeLeft { practice_id: practice.to_string() }),
            Message::CursorTooOld { practice, requested, first } => Kind::CursorTooOld(pb::CursorTooOld {
                practice_id: practice.to_string(),
                requested_position: requested,
                first_position: first,
            }),
            Message::Draining => Kind::Draining(pb::Draining {}),
        };
        let response = pb::SubscribeResponse { kind: Some(kind) };
        Ok(Ready { practice: told_of, read_at, response: response.encode_to_vec().into() })
    }

    fn standing(&self, at: &Standing) -> pb::SubscriptionPractice {
        standing(at, self.ctx.facts().clock.now())
    }

    /// The caller in a practice that it was granted, perhaps only since the stream began.
    fn scope(&self, practice: PracticeId) -> Scope {
        let granted = Granted { acting_as: "service", level: Level::All, own: None };
        Scope::granted(&self.identity, practice, granted, self.ctx.facts())
    }
}
