//! What is counted, and for how long. Bounded: by caller, so that nobody's refusals push out another's, and in all.

use std::collections::HashMap;
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::access::Actor;
use uuid::Uuid;

use crate::entry::Entry;

/// How long attempts are counted before they are written.
pub(super) const WINDOW: TimeDelta = TimeDelta::seconds(60);
/// Kinds that are told apart of one caller: more than there are RPCs. The others are counted together.
pub(super) const KINDS_OF_ONE: usize = 256;
/// Kinds of callers who are known: a caller beyond them is not counted, each of its refusals is written at once.
const KINDS_OF_KNOWN: usize = 16_384;
/// Kinds of callers who are nobody, told apart by address; beyond them they are counted together.
pub(super) const KINDS_OF_STRANGERS: usize = 1024;

/// The RPC and the resource of attempts that were counted together.
pub(super) const SEVERAL: &str = "several";

/// Who was refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Caller {
    Known(Actor),
    /// Nobody's credential, from a network: whoever has one IPv6 address has 2^64.
    From([u8; 16]),
    Anybody,
}

/// One kind of refusal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    caller: Caller,
    practice: Uuid,
    /// None when several are counted together.
    method: Option<&'static str>,
    reason: String,
}

#[derive(Debug)]
struct Slot {
    since: DateTime<Utc>,
    /// The last attempt that is not written yet.
    latest: Option<Entry>,
    /// Attempts since the last entry.
    attempts: i32,
}

/// What is counted now.
#[derive(Debug, Default)]
pub(super) struct Counts {
    slots: HashMap<Key, Slot>,
    /// How many slots each caller has.
    shares: HashMap<Caller, usize>,
    known: usize,
    strangers: usize,
}

impl Counts {
    /// Counts the attempt; answers an entry that is to be written at once, with what its like are counted under.
    pub(super) fn note(&mut self, entry: Entry, now: DateTime<Utc>) -> Option<(Option<Key>, Entry)> {
        let Some(key) = self.key(&entry) else { return Some((None, entry)) };
        let entry = merged(&key, entry);
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.attempts = slot.attempts.saturating_add(1);
            slot.latest = Some(entry);
            return None;
        }
        self.open(key.clone(), Slot { since: now, latest: None, attempts: 0 });
        Some((Some(key), entry))
    }

    /// What is to be written now. A kind of which nothing came is forgotten.
    pub(super) fn due(&mut self, now: DateTime<Utc>) -> Vec<(Option<Key>, Entry)> {
        // a clock that was set back must not keep anything
        let is_due = |slot: &Slot| (now - slot.since).abs() >= WINDOW;
        let due: Vec<Key> = self.slots.iter().filter(|(_, slot)| is_due(slot)).map(|(key, _)| key.clone()).collect();
        self.take(due, now)
    }

    /// What is counted, whether its time has come or not.
    pub(super) fn all(&mut self, now: DateTime<Utc>) -> Vec<(Option<Key>, Entry)> {
        self.take(self.slots.keys().cloned().collect(), now)
    }

    /// The attempts of an entry that could not be written are counted again.
    pub(super) fn put_back(&mut self, key: &Key, entry: Entry, now: DateTime<Utc>) {
        if !self.slots.contains_key(key) {
            self.open(key.clone(), Slot { since: now, latest: None, attempts: 0 });
        }
        if let Some(slot) = self.slots.get_mut(key) {
            slot.attempts = slot.attempts.saturating_add(entry.attempts);
            slot.latest.get_or_insert(entry);
        }
    }

    fn take(&mut self, keys: Vec<Key>, now: DateTime<Utc>) -> Vec<(Option<Key>, Entry)> {
        let mut taken = Vec::new();
        for key in keys {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            let Some(mut latest) = slot.latest.take() else {
                self.close(&key);
                continue;
            };
            latest.attempts = std::mem::take(&mut slot.attempts);
            latest.recorded_at = now;
            slot.since = now;
            taken.push((Some(key), latest));
        }
        taken
    }

    /// What the attempt is counted under; nothing when there is no room.
    fn key(&self, entry: &Entry) -> Option<Key> {
        let reason = entry.reason.clone().unwrap_or_default();
        let key = Key { caller: caller(entry), practice: entry.practice, method: Some(entry.method), reason };
        if self.slots.contains_key(&key) {
            return Some(key);
        }
        let share = self.shares.get(&key.caller).copied().unwrap_or(0);
        let is_known = matches!(key.caller, Caller::Known(_));
        let has_room = if is_known { self.known < KINDS_OF_KNOWN } else { self.strangers < KINDS_OF_STRANGERS };
        if has_room && share < KINDS_OF_ONE {
            return Some(key);
        }
        let together = Key { method: None, ..key.clone() };
        if self.slots.contains_key(&together) || has_room && share < 2 * KINDS_OF_ONE {
            return Some(together);
        }
        // as many as there are RPCs and reasons
        (!is_known).then_some(Key { caller: Caller::Anybody, ..key })
    }

    fn open(&mut self, key: Key, slot: Slot) {
        if let Some(pool) = self.pool(&key.caller) {
            *pool += 1;
            *self.shares.entry(key.caller.clone()).or_default() += 1;
        }
        self.slots.insert(key, slot);
    }

    fn close(&mut self, key: &Key) {
        self.slots.remove(key);
        if let Some(pool) = self.pool(&key.caller) {
            *pool = pool.saturating_sub(1);
            if let Some(share) = self.shares.get_mut(&key.caller) {
                *share = share.saturating_sub(1);
                if *share == 0 {
                    self.shares.remove(&key.caller);
                }
            }
        }
    }

    const fn pool(&mut self, caller: &Caller) -> Option<&mut usize> {
        match caller {
            Caller::Known(_) => Some(&mut self.known),
            Caller::From(_) => Some(&mut self.strangers),
            Caller::Anybody => None,
        }
    }

    /// How many kinds are counted, for tests that it ends.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

fn caller(entry: &Entry) -> Caller {
    match entry.actor {
        Actor::User(_) | Actor::Service(_) => Caller::Known(entry.actor),
        Actor::System => entry.peer.map_or(Caller::Anybody, |peer| Caller::From(network(peer))),
    }
}

fn network(peer: IpAddr) -> [u8; 16] {
    match peer {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => v6.octets(),
        IpAddr::V6(v6) => (u128::from(v6) >> 64 << 64).to_be_bytes(),
    }
}

/// The entry as it stands for its kind: attempts that are counted together name none of their RPCs or addresses.
fn merged(key: &Key, mut entry: Entry) -> Entry {
    if key.method.is_none() {
        entry.method = SEVERAL;
        SEVERAL.clone_into(&mut entry.resource);
    }
    if key.caller == Caller::Anybody {
        entry.peer = None;
    }
    entry
}
