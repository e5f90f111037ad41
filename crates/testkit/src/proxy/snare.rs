//! Lines that go dead at the very moment when certain bytes pass, which no clock could find.
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// When the line on which the bytes go up goes dead. It stays open, and carries nothing in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The server never gets them.
    Before,
    /// The server gets them and what the client sends with them, and its answer is lost.
    Behind,
}

/// The bytes that are waited for on the lines of a proxy.
#[derive(Debug)]
pub(super) struct Snares {
    set: Mutex<Vec<(Vec<u8>, Moment)>>,
    sprung: watch::Sender<usize>,
    broken: watch::Sender<()>,
}

/// One line's.
#[derive(Debug)]
pub(super) struct Line {
    is_dead: watch::Sender<bool>,
}

impl Default for Snares {
    fn default() -> Self {
        Self { set: Mutex::default(), sprung: watch::Sender::new(0), broken: watch::Sender::new(()) }
    }
}

impl Snares {
    pub(super) fn add(&self, bytes: &[u8], moment: Moment) {
        self.all().push((bytes.to_vec(), moment));
    }

    pub(super) async fn sprung(&self, times: usize) {
        // the sender is ours
        let _ = self.sprung.subscribe().wait_for(|sprung| *sprung >= times).await;
    }

    /// Breaks the dead lines, and forgets what was waited for.
    pub(super) fn clear(&self) {
        self.all().clear();
        self.sprung.send_replace(0);
        self.broken.send_replace(());
    }

    /// Looks through bytes on their way up, which follow `tail` on that line. A snare catches once.
    pub(super) fn catches(&self, tail: &mut Vec<u8>, piece: &[u8]) -> Option<Moment> {
        let mut all = self.all();
        tail.extend_from_slice(piece);
        let caught = all.iter().position(|(bytes, _)| tail.windows(bytes.len()).any(|window| window == bytes));
        let keep = all.iter().map(|(bytes, _)| bytes.len()).max().unwrap_or_default().saturating_sub(1);
        tail.drain(..tail.len().saturating_sub(keep));
        let (_, moment) = all.swap_remove(caught?);
        Some(moment)
    }

    fn all(&self) -> MutexGuard<'_, Vec<(Vec<u8>, Moment)>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    pub(super) fn new() -> Self {
        Self { is_dead: watch::Sender::new(false) }
    }

    pub(super) fn is_dead(&self) -> bool {
        *self.is_dead.borrow()
    }

    pub(super) fn kill(&self) {
        self.is_dead.send_replace(true);
    }

    /// Counts a snare as sprung once what it does is done.
    pub(super) fn tell(&self, snares: &Snares) {
        snares.sprung.send_modify(|sprung| *sprung += 1);
    }

    /// Waits until the dead line is to break.
    pub(super) async fn broken(&self, snares: &Snares) {
        // neither sender is gone before this is
        let _ = self.is_dead.subscribe().wait_for(|is_dead| *is_dead).await;
        // what broke others before is nothing to it
        let _ = snares.broken.subscribe().changed().await;
    }
}
