//! The next checkpoint of a practice: first what is stored is compared with the log, then the new root is computed.

use std::collections::BTreeMap;

use audit::merkle::{Frontier, leaf};
use audit::note::Checkpoint;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use kernel::PracticeId;

use super::held::{Held, Standing};
use super::ledger::{Ledger, Remembered};
use super::term::Term;
use super::{Exporter, Fault};
use crate::store::{self, Address};

/// A checkpoint to be written.
pub(super) struct Draft {
    pub(super) address: Address,
    pub(super) note: String,
    pub(super) then: Remembered,
}

impl Exporter {
    /// The newest checkpoints of those practices that were not compared with the store yet.
    pub(super) async fn newest_of(
        &self,
        term: &mut Term,
        some: &[(PracticeId, u64)],
    ) -> schema::Result<BTreeMap<PracticeId, Result<Option<(Address, Vec<u8>)>, store::Error>>> {
        let mut unchecked = Vec::new();
        for (practice, _) in some {
            let held = term.held(*practice);
            if let Standing::Faulty(..) = held.standing {
                // as if it were seen for the first time
                let row = term.ledger.remembered(Some(*practice)).await?.pop();
                *term.held(*practice) = row.map(Held::from).unwrap_or_default();
            }
            if term.held(*practice).standing == Standing::Unchecked {
                unchecked.push(*practice);
            }
        }
        let looked = unchecked.into_iter().map(async |practice| (practice, self.newest(practice).await));
        Ok(join_all(looked).await.into_iter().collect())
    }

    async fn newest(&self, practice: PracticeId) -> Result<Option<(Address, Vec<u8>)>, store::Error> {
        let Some(address) = self.store.newest(practice).await? else { return Ok(None) };
        self.store.settle(&address).await?;
        Ok(Some((address, self.store.read(&address).await?)))
    }

    /// The next checkpoint of a practice, if it has new entries. `newest` is the store's when it was looked up, which it is
    /// for the first one.
    pub(super) async fn draft(
        &self,
        term: &mut Term,
        practice: PracticeId,
        head: u64,
        newest: Option<Option<(Address, Vec<u8>)>>,
        now: DateTime<Utc>,
    ) -> schema::Result<Result<Option<Draft>, Fault>> {
        if let Some(newest) = newest {
            match self.check(term, practice, head, newest.as_ref()).await? {
                Ok(()) => {}
                Err(fault) => return Ok(Err(fault)),
            }
            if let Some((address, _)) = newest {
                adopt(term, practice, &address, now).await?;
            }
            term.held(practice).standing = Standing::Sound;
            self.status.send_if_modified(|status| status.faults.remove(&practice).is_some());
        }
        let held = term.held(practice);
        let (mut frontier, day) = (held.frontier.clone(), held.next_day(now));
        if head < frontier.size() {
            return Ok(Err(Fault::RolledBack { log: head, checkpointed: frontier.size() }));
        }
        if head == frontier.size() {
            return Ok(Ok(None));
        }
        if let Err(fault) = extend(&mut term.ledger, practice, &mut frontier, head).await? {
            return Ok(Err(fault));
        }
        let checkpoint = Checkpoint { origin: self.keys.origin(practice), size: head, root: frontier.root() };
        let note = self.keys.sign(&checkpoint);
        let address = Address { practice, day, size: head };
        Ok(Ok(Some(Draft { address, note, then: Remembered { practice, frontier, exported_at: now } })))
    }

    /// Compares what is remembered, and the log, with the newest checkpoint of the store. Afterwards the practice's frontier
    /// is that checkpoint's.
    async fn check(
        &self,
        term: &mut Term,
        practice: PracticeId,
        head: u64,
        newest: Option<&(Address, Vec<u8>)>,
    ) -> schema::Result<Result<(), Fault>> {
        let written = term.held(practice).frontier.size();
        let Some((address, note)) = newest else {
            return Ok(match written {
                0 => Ok(()),
                _ if head < written => Err(Fault::RolledBack { log: head, checkpointed: written }),
                _ => Err(Fault::Lost { stored: 0, written }),
            });
        };
        let address = *address;
        let checkpoint = match self.keys.open(note) {
            Ok(checkpoint) => checkpoint,
            Err(refused) => return Ok(Err(Fault::Refused { address, refused })),
        };
        let stored = address.size;
        if checkpoint.size != stored || checkpoint.origin != self.keys.origin(practice) {
            return Ok(Err(Fault::Misplaced { address }));
        }
        if head < stored.max(written) {
            return Ok(Err(Fault::RolledBack { log: head, checkpointed: stored.max(written) }));
        }
        if stored < written {
            return Ok(Err(Fault::Lost { stored, written }));
        }
        let mut frontier = term.held(practice).frontier.clone();
        if let Err(fault) = extend(&mut term.ledger, practice, &mut frontier, stored).await? {
            return Ok(Err(fault));
        }
        if frontier.root() != checkpoint.root {
            return Ok(Err(Fault::Diverged { size: stored }));
        }
        term.held(practice).frontier = frontier;
        Ok(Ok(()))
    }
}

/// Remembers a checkpoint that somebody stored and died.
async fn adopt(term: &mut Term, practice: PracticeId, newest: &Address, now: DateTime<Utc>) -> schema::Result<()> {
    let held = term.held(practice);
    held.at_least(newest.day);
    if held.remembered != newest.size {
        let row = Remembered { practice, frontier: held.frontier.clone(), exported_at: now };
        term.remember(vec![(row, newest.day)]).await?;
    }
    Ok(())
}

/// Adds the entries up to `to`, a page at a time.
async fn extend(
    ledger: &mut Ledger,
    practice: PracticeId,
    frontier: &mut Frontier,
    to: u64,
) -> schema::Result<Result<(), Fault>> {
    while frontier.size() < to {
        let page = ledger.hashes(practice, frontier.size(), to).await?;
        if page.is_empty() {
            return Ok(Err(Fault::Gap { position: frontier.size() + 1 }));
        }
        for (position, hash) in page {
            if position.unsigned_abs() != frontier.size() + 1 {
                return Ok(Err(Fault::Gap { position: frontier.size() + 1 }));
            }
            frontier.push(leaf(&hash));
        }
    }
    Ok(Ok(()))
}
