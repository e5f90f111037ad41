//! Taking a file in: its bytes are stored as they come, before anything is made of them.

use audit::{Action, Change, Entry, Vault};
use futures_util::{Stream, StreamExt};
use kernel::id::InboundFileId;
use kernel::{Code, Failure, Phi, Scope, Violations};
use prost::Message;
use schema::{Outcome, Tx};
use sha2::{Digest, Sha256};
use therapy_claims::claims::v1 as pb;
use tonic::Status;

use super::store::{self, Ended};

/// Bytes of one stored piece.
const PIECE: usize = 512 * 1024;
/// Bytes of one file at most.
const FILE_MAX: u64 = 1024 * 1024 * 1024;

/// A file that is stored as a whole.
#[derive(Debug)]
pub struct Spooled {
    pub id: InboundFileId,
    pub hash: Vec<u8>,
    pub size: u64,
    pub pieces: i32,
    /// The same bytes came before.
    pub is_repeated: bool,
    /// What was answered then, if it was.
    pub answered: Option<pb::IngestResponseResponse>,
}

struct Intake<'a> {
    vault: &'a Vault,
    scope: &'a Scope,
    id: InboundFileId,
    hasher: Sha256,
    size: u64,
    pieces: i32,
    waiting: Vec<u8>,
}

/// Stores the bytes of a stream. `scope` is nobody's practice.
///
/// # Errors
/// When the stream breaks off, is empty or too long, or the database or the audit trail is away. What is stored until
/// then is nobody's answer.
pub async fn receive(
    vault: &Vault,
    scope: &Scope,
    mut messages: impl Stream<Item = Result<pb::IngestResponseRequest, Status>> + Unpin + Send,
) -> Result<Spooled, Failure> {
    let id = InboundFileId::new();
    let mut intake =
        Intake { vault, scope, id, hasher: Sha256::new(), size: 0, pieces: 0, waiting: Vec::with_capacity(PIECE) };
    while let Some(message) = messages.next().await {
        intake.take(&message.map_err(broken)?.content).await?;
    }
    intake.end().await
}

fn broken(status: Status) -> Failure {
    Failure::new(Code::InvalidArgument, "FILE_STREAM_BROKEN", "the stream of the file broke off; send it again")
        .caused_by(status)
}

impl Intake<'_> {
    async fn take(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        self.hasher.update(bytes);
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > FILE_MAX {
            return Err(Failure::new(Code::ResourceExhausted, "FILE_TOO_LARGE", "a file has at most 1 GiB"));
        }
        while let Some((fits, rest)) = bytes.split_at_checked(PIECE - self.waiting.len()) {
            self.waiting.extend_from_slice(fits);
            self.flush().await?;
            bytes = rest;
        }
        self.waiting.extend_from_slice(bytes);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let (id, ordinal, content) = (self.id, self.pieces, &self.waiting);
        let write = self.vault.db().write(self.scope, None, || {
            async move |tx: &Tx<'_>| {
                if ordinal == 0 {
                    store::begin(tx, id).await?;
                }
                store::add(tx, id, ordinal, content).await?;
                Ok(Outcome { value: (), stored: None })
            }
        });
        write.await?;
        self.pieces += 1;
        self.waiting.clear();
        Ok(())
    }

    async fn end(mut self) -> Result<Spooled, Failure> {
        if self.size == 0 {
            let mut v = Violations::new();
            v.add("content", "must not be empty");
            v.done(())?;
        }
        if !self.waiting.is_empty() {
            self.flush().await?;
        }
        let hash = self.hasher.finalize().to_vec();
        let (scope, id, size, pieces, hash_of) = (self.scope, self.id, self.size, self.pieces, &hash);
        let write = self.vault.write(scope, None, || {
            async move |tx: &Tx<'_>| {
                let ended = store::end(tx, id, hash_of, size, pieces).await?;
                let entry = Entry::bare(scope, Action::Create, "inbound_file").with(id.uuid());
                Ok(Change::recorded(entry, Phi::new(ended.into_pb())))
            }
        });
        let ended = Ended::of_pb(Box::pin(write).await?)?;
        let Ended { file, is_repeated, pieces, answered } = ended;
        let answered = match answered {
            Some(bytes) => Some(pb::IngestResponseResponse::decode(bytes.as_slice()).map_err(Failure::internal)?),
            None => None,
        };
        Ok(Spooled { id: file, hash, size: self.size, pieces, is_repeated, answered })
    }
}
