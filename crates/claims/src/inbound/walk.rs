//! Reads a stored file from its first byte, on a thread that may block, event by event.

use std::fmt;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::id::InboundFileId;
use kernel::{Failure, Scope};
use schema::Db;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use x12::Fault;
use x12::document::{self, Part};

use super::bytes;

/// Events on their way at most.
const AHEAD: usize = 128;

/// What is read next of a file.
pub type Event = x12::Event<Part>;

/// A stored file.
#[derive(Debug, Clone, Copy)]
pub struct File {
    pub id: InboundFileId,
    pub pieces: i32,
}

/// A file while it is read.
pub struct Walk<'a> {
    events: mpsc::Receiver<Event>,
    /// Brings the bytes; none when all are brought.
    pump: Option<BoxFuture<'a, Result<(), Failure>>>,
    reading: JoinHandle<Result<(), x12::Error>>,
}

impl<'a> Walk<'a> {
    /// From a stored file's first byte.
    #[must_use]
    pub fn of(db: &'a Db, nobody: &'a Scope, file: File) -> Self {
        let (pump, source) = bytes::channel();
        let (sender, events) = mpsc::channel::<Event>(AHEAD);
        let reading = tokio::task::spawn_blocking(move || {
            for event in document::read(source) {
                // when nobody listens any more, the rest is of no interest
                if sender.blocking_send(event?).is_err() {
                    break;
                }
            }
            Ok(())
        });
        Self { events, pump: Some(pump.run(db, nobody, file.id, file.pieces).boxed()), reading }
    }

    /// The next event; none at the end.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&mut self) -> Result<Option<Event>, Failure> {
        while let Some(pump) = &mut self.pump {
            tokio::select! {
                biased;
                event = self.events.recv() => return Ok(event),
                pumped = pump => {
                    self.pump = None;
                    pumped?;
                }
            }
        }
        Ok(self.events.recv().await)
    }

    /// What ended the file early, if anything did. Asked when there is no next event.
    ///
    /// # Errors
    /// `INTERNAL`: never.
    pub async fn end(self) -> Result<Option<Fault>, Failure> {
        let Self { events, pump, reading } = self;
        // ends the reader if it isn't at its end
        drop((events, pump));
        match reading.await.map_err(Failure::internal)? {
            Ok(()) => Ok(None),
            Err(x12::Error::Malformed(fault)) => Ok(Some(fault)),
            Err(x12::Error::Read(error)) => Err(Failure::internal(error)),
        }
    }
}

impl fmt::Debug for Walk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk").finish_non_exhaustive()
    }
}
