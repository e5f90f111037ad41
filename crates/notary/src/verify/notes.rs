//! The checkpoints of one practice in the order of their sizes, a day's at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use audit::merkle::Frontier;
use audit::note::{self, Checkpoint, Verifier};
use futures_util::{StreamExt, TryStreamExt};
use kernel::PracticeId;
use object_store::path::Path;

use super::report::Kind;
use crate::store::Store;

/// Notes fetched at the same time.
const AHEAD: usize = 16;

/// A checkpoint as found, believed or not.
#[derive(Debug)]
pub(super) struct Note {
    /// As the name of the object has it.
    size: u64,
    checkpoint: Result<Checkpoint, Kind>,
}

impl Note {
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Why it is not believed.
    pub(super) const fn refused(&self) -> Option<Kind> {
        match &self.checkpoint {
            Ok(_) => None,
            Err(kind) => Some(*kind),
        }
    }

    /// Whether its root is that of the tree.
    pub(super) fn agrees(&self, tree: &Frontier) -> Result<(), Kind> {
        let checkpoint = self.checkpoint.as_ref().map_err(|kind| *kind)?;
        let is_same = tree.size() == self.size && tree.root() == checkpoint.root;
        if is_same { Ok(()) } else { Err(Kind::Root { checkpoint: self.size }) }
    }
}

/// Reads them, bounded in memory: listings are of one day, texts of a few notes.
#[derive(Debug)]
pub(super) struct Notes {
    store: Store,
    keys: Arc<[Verifier]>,
    practice: PracticeId,
    days: VecDeque<Path>,
    names: VecDeque<Path>,
    read: VecDeque<Note>,
}

impl Notes {
    pub(super) async fn of(store: Store, keys: Arc<[Verifier]>, practice: PracticeId) -> object_store::Result<Self> {
        let days = store.days(practice).await?.into();
        Ok(Self { store, keys, practice, days, names: VecDeque::new(), read: VecDeque::new() })
    }

    pub(super) async fn next(&mut self) -> object_store::Result<Option<Note>> {
        while self.read.is_empty() {
            if self.names.is_empty() {
                let Some(day) = self.days.pop_front() else { return Ok(None) };
                self.names = self.store.names(&day).await?.into();
            }
            let names: Vec<Path> = self.names.drain(..AHEAD.min(self.names.len())).collect();
            let (store, keys) = (&self.store, &self.keys);
            let texts: Vec<(Path, bytes::Bytes)> = futures_util::stream::iter(names)
                .map(|name| async move { Ok::<_, object_store::Error>((name.clone(), store.text(&name).await?)) })
                .buffered(AHEAD)
                .try_collect()
                .await?;
            self.read = texts.iter().map(|(name, text)| open(keys, self.practice, name, text)).collect();
        }
        Ok(self.read.pop_front())
    }
}

/// The note must be of this practice and of the size that its name says: else it was put in another's place.
fn open(keys: &[Verifier], practice: PracticeId, name: &Path, text: &[u8]) -> Note {
    let size = name.filename().and_then(|name| name.parse().ok());
    let opened =
        std::str::from_utf8(text).map_err(|_not_text| note::Refused::Form).and_then(|text| note::open(text, keys));
    let checkpoint = match (size, opened) {
        (None, _) => Err(Kind::Misplaced),
        (_, Err(refused)) => Err(Kind::Note(refused)),
        (Some(size), Ok(checkpoint)) => {
            let is_here =
                checkpoint.size == size && checkpoint.origin.rsplit('/').next() == Some(&practice.to_string());
            if is_here { Ok(checkpoint) } else { Err(Kind::Misplaced) }
        }
    };
    Note { size: size.unwrap_or_default(), checkpoint }
}
