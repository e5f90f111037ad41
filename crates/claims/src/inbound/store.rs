//! The statements of received files, of their pieces, and of what became of them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Failure;
use kernel::id::{BatchId, InboundFileId, InboundMessageId};
use prost::Message;
use schema::tables::claims::{inbound_chunks, inbound_files, inbound_messages};
use schema::{Cached, Error, Tx};
use uuid::Uuid;

use super::{InboundKind, MessageState, Problem};

/// Begins a file.
pub async fn begin(tx: &Tx<'_>, id: InboundFileId) -> Result<(), Failure> {
    let now = tx.scope().now();
    let row = (
        inbound_files::practice_id.eq(tx.practice()),
        inbound_files::id.eq(id),
        inbound_files::received_at.eq(now),
        inbound_files::received_from.eq(tx.scope().actor_id()),
        inbound_files::created_at.eq(now),
        inbound_files::updated_at.eq(now),
    );
    diesel::insert_into(inbound_files::table).values(row).execute(&mut tx.conn()).await.map_err(Error::from)?;
    Ok(())
}

/// Adds the next piece of a file.
pub async fn add(tx: &Tx<'_>, file: InboundFileId, ordinal: i32, content: &[u8]) -> Result<(), Failure> {
    let row = (
        inbound_chunks::practice_id.eq(tx.practice()),
        inbound_chunks::file_id.eq(file),
        inbound_chunks::ordinal.eq(ordinal),
        inbound_chunks::content.eq(content),
    );
    diesel::insert_into(inbound_chunks::table).values(row).execute(&mut tx.conn()).await.map_err(Error::from)?;
    Ok(())
}

/// A piece of a file. Reading it shows nothing to anybody: what it says is settled where it belongs.
pub async fn piece(tx: &Tx<'_>, file: InboundFileId, ordinal: i32) -> Result<Vec<u8>, Failure> {
    let query = inbound_chunks::table.find((tx.practice(), file, ordinal)).select(inbound_chunks::content);
    Ok(query.first(&mut tx.conn()).await.map_err(Error::from)?)
}

/// The file that a stream came to: itself, or the one that had the same bytes.
#[derive(Clone, PartialEq, Message)]
pub struct EndedMessage {
    #[prost(bytes = "vec", tag = "1")]
    file: Vec<u8>,
    #[prost(bool, tag = "2")]
    is_repeated: bool,
    #[prost(int32, tag = "3")]
    pieces: i32,
    #[prost(bytes = "vec", optional, tag = "4")]
    answered: Option<Vec<u8>>,
}

/// What the end of a stream came to.
#[derive(Debug)]
pub struct Ended {
    pub file: InboundFileId,
    pub is_repeated: bool,
    pub pieces: i32,
    /// What was answered, if it was.
    pub answered: Option<Vec<u8>>,
}

impl Ended {
    /// As a change's answer.
    #[must_use]
    pub fn into_pb(self) -> EndedMessage {
        let Self { file, is_repeated, pieces, answered } = self;
        EndedMessage { file: file.uuid().as_bytes().to_vec(), is_repeated, pieces, answered }
    }

    /// Back from it.
    ///
    /// # Errors
    /// `INTERNAL`: never.
    pub fn of_pb(message: EndedMessage) -> Result<Self, Failure> {
        let EndedMessage { file, is_repeated, pieces, answered } = message;
        let file = InboundFileId::from_uuid(Uuid::from_slice(&file).map_err(Failure::internal)?);
        Ok(Self { file, is_repeated, pieces, answered })
    }
}

type Same = (InboundFileId, i32, Option<Vec<u8>>);

/// Ends a file whose bytes are all stored, or finds that they were here before.
pub async fn end(tx: &Tx<'_>, id: InboundFileId, hash: &[u8], size: u64, pieces: i32) -> Result<Ended, Failure> {
    // one end at a time for one sender and content: the second one finds the first
    let lock =
        diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind::<diesel::sql_types::Text, _>(
            format!("{} {}", tx.scope().actor_id(), crate::snapshot::convert::hex(hash)),
        );
    Cached(lock).execute(&mut tx.conn()).await.map_err(Error::from)?;
    let same = inbound_files::table
        .filter(inbound_files::practice_id.eq(tx.practice()))
        .filter(inbound_files::received_from.eq(tx.scope().actor_id()))
        .filter(inbound_files::content_hash.eq(hash))
        .filter(inbound_files::state.ne("repeated"))
        .select((inbound_files::id, inbound_files::chunk_count, inbound_files::result));
    let same: Option<Same> = same.first(&mut tx.conn()).await.optional().map_err(Error::from)?;
    let (state, repeats) = match &same {
        Some((earlier, ..)) => ("repeated", Some(*earlier)),
        None => ("received", None),
    };
    let update = diesel::update(inbound_files::table.find((tx.practice(), id))).set((
        inbound_files::state.eq(state),
        inbound_files::repeats.eq(repeats),
        inbound_files::content_hash.eq(hash),
        inbound_files::content_size.eq(i64::try_from(size).map_err(Failure::internal)?),
        inbound_files::chunk_count.eq(pieces),
        inbound_files::version.eq(inbound_files::version + 1),
        inbound_files::updated_at.eq(tx.scope().now()),
    ));
    Cached(update).execute(&mut tx.conn()).await.map_err(Error::from)?;
    Ok(match same {
        Some((file, pieces, answered)) => Ended { file, is_repeated: true, pieces, answered },
        None => Ended { file: id, is_repeated: false, pieces, answered: None },
    })
}

/// Notes that a file was dealt with, and what was answered.
pub async fn processed(tx: &Tx<'_>, id: InboundFileId, result: &[u8]) -> Result<(), Failure> {
    let update = diesel::update(inbound_files::table.find((tx.practice(), id))).set((
        inbound_files::state.eq("processed"),
        inbound_files::result.eq(result),
        inbound_files::processed_at.eq(tx.scope().now()),
        inbound_files::version.eq(inbound_files::version + 1),
        inbound_files::updated_at.eq(tx.scope().now()),
    ));
    Cached(update).execute(&mut tx.conn()).await.map_err(Error::from)?;
    Ok(())
}

/// What became of a part of a file, to be written down.
#[derive(Debug, Clone)]
pub struct Noted {
    pub id: InboundMessageId,
    pub file: InboundFileId,
    /// Its place in the file, from 1.
    pub ordinal: i32,
    pub kind: InboundKind,
    pub interchange_control: String,
    pub group_control: String,
    pub set_control: String,
    pub batch: Option<BatchId>,
    pub state: MessageState,
    pub problem: Option<Problem>,
    pub tally: Tally,
}

/// Claims of a part, by what it did to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub applied: i32,
    pub recorded: i32,
    pub repeated: i32,
    pub parked: i32,
    pub unmatched: i32,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            applied: self.applied + other.applied,
            recorded: self.recorded + other.recorded,
            repeated: self.repeated + other.repeated,
            parked: self.parked + other.parked,
            unmatched: self.unmatched + other.unmatched,
        }
    }
}

/// Writes down what became of a part, or what became of it since. Answers its id, which is that of whoever noted it first.
pub async fn note(tx: &Tx<'_>, noted: &Noted) -> Result<InboundMessageId, Failure> {
    let Noted {
        id,
        file,
        ordinal,
        kind,
        interchange_control,
        group_control,
        set_control,
        batch,
        state,
        problem,
        tally,
    } = noted;
    let now: DateTime<Utc> = tx.scope().now();
    let place = problem.as_ref().and_then(|problem| problem.place);
    let position = |of: fn(&super::Place) -> u64| place.as_ref().map(|p| i64::try_from(of(p)).unwrap_or(i64::MAX));
    let told = (
        inbound_messages::batch_id.eq(batch),
        inbound_messages::state.eq(state),
        inbound_messages::reason.eq(problem.as_ref().map(|problem| problem.reason)),
        inbound_messages::segment_position.eq(position(|place| place.segment)),
        inbound_messages::byte_position.eq(position(|place| place.byte)),
        inbound_messages::applied.eq(tally.applied),
        inbound_messages::recorded.eq(tally.recorded),
        inbound_messages::parked.eq(tally.parked),
        inbound_messages::unmatched.eq(tally.unmatched),
        inbound_messages::updated_at.eq(now),
    );
    let row = (
        inbound_messages::practice_id.eq(tx.practice()),
        inbound_messages::id.eq(id),
        inbound_messages::file_id.eq(file),
        inbound_messages::ordinal.eq(ordinal),
        inbound_messages::kind.eq(kind),
        inbound_messages::interchange_control.eq(interchange_control),
        inbound_messages::group_control.eq(group_control),
        inbound_messages::set_control.eq(set_control),
        inbound_messages::received_at.eq(now),
        inbound_messages::received_from.eq(tx.scope().actor_id()),
        inbound_messages::created_at.eq(now),
        told,
    );
    let upsert = diesel::insert_into(inbound_messages::table)
        .values(row)
        .on_conflict((inbound_messages::practice_id, inbound_messages::file_id, inbound_messages::ordinal))
        .do_update()
        .set((told, inbound_messages::version.eq(inbound_messages::version + 1)))
        .returning(inbound_messages::id);
    Ok(Cached(upsert).get_result(&mut tx.conn()).await.map_err(Error::from)?)
}
