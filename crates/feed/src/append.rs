//! Appending: the last statement before the commit, under the lock of the practice's head row.

use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::{Failure, PracticeId};
use schema::{Stage, Step, Tx};

use crate::event::{NewEvent, store};
use crate::hub::Hub;

/// Appends the events when the transaction commits. Call it once per transaction, with all its events.
pub fn append(tx: &Tx<'_>, hub: &Hub, events: Vec<NewEvent>) {
    if !events.is_empty() {
        let practice = tx.scope().practice();
        tx.at_commit(Append { practice, events, hub: hub.clone(), head: AtomicI64::new(0) });
    }
}

struct Append {
    practice: PracticeId,
    events: Vec<NewEvent>,
    hub: Hub,
    head: AtomicI64,
}

impl Step for Append {
    fn stage(&self) -> Stage {
        Stage::Feed
    }

    fn run<'a>(&'a self, tx: &'a Tx<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            let head = store::append(tx, &self.events).await?;
            self.head.store(head, Ordering::Relaxed);
            Ok(())
        }
        .boxed()
    }

    fn committed(&self) {
        self.hub.advanced(self.practice, self.head.load(Ordering::Relaxed));
    }
}
