//! A file of the archive, read on a thread of its own: what a file holds may be anything, and must not end the process.

use std::fs::File;

use kernel::PracticeId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Error;
use crate::archive::{self, Archive, Batch, Contents, Month, Reader, Sealed};

/// Parts that are read ahead.
const AHEAD: usize = 2;

/// In this order: the contents, then the rows.
pub(crate) enum Part {
    Contents(Box<Contents>),
    Rows(Batch),
}

/// A file that is being read.
pub(crate) struct Opened {
    pub(crate) sealed: Sealed,
    parts: mpsc::Receiver<Part>,
    reading: JoinHandle<bool>,
}

impl Opened {
    pub(crate) async fn new(archive: &Archive, practice: PracticeId, month: Month) -> Result<Self, Error> {
        let path = archive.path(practice, month);
        let file = File::open(&path).map_err(|e| archive::Error::Io(path, e))?;
        let archive = archive.clone();
        let sealing = tokio::task::spawn_blocking(move || archive.sealed(practice, month));
        let sealed = sealing.await.map_err(std::io::Error::other)??;
        let (to, parts) = mpsc::channel(AHEAD);
        let reading = tokio::task::spawn_blocking(move || {
            // nobody waits for what follows, once a fault was found
            let give = |part| to.blocking_send(part).is_ok();
            let Ok(reader) = Reader::new(file) else { return false };
            give(Part::Contents(Box::new(reader.contents.clone())));
            reader.read(|batch| give(Part::Rows(batch))).is_ok()
        });
        Ok(Self { sealed, parts, reading })
    }

    /// The next part; none, at the end or where the file can't be read.
    pub(crate) async fn next(&mut self) -> Option<Part> {
        self.parts.recv().await
    }

    /// Whether that was the end.
    pub(crate) async fn ended(self) -> bool {
        drop(self.parts);
        // a panic of whoever decodes it is an error as well
        self.reading.await.unwrap_or(false)
    }
}
