//! What an exporter knows of the practices' logs while it leads.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::PracticeId;
use schema::Db;

use super::held::Held;
use super::ledger::{Ledger, Remembered};

/// What is known while one connection lasts, as nobody else writes then.
pub(super) struct Term {
    pub(super) ledger: Ledger,
    pub(super) leads: bool,
    pub(super) held: BTreeMap<PracticeId, Held>,
}

impl Term {
    pub(super) async fn open(db: &Db) -> schema::Result<Self> {
        Ok(Self { ledger: Ledger::open(db).await?, leads: false, held: BTreeMap::new() })
    }

    /// Whether this is the one exporter, from now on if it was not before.
    pub(super) async fn take_lead(&mut self) -> schema::Result<bool> {
        if !self.leads && self.ledger.lock().await? {
            let rows = self.ledger.remembered(None).await?;
            self.held = rows.into_iter().map(|row| (row.practice, Held::from(row))).collect();
            self.leads = true;
        }
        Ok(self.leads)
    }

    /// The practices that are due, and how long their logs are.
    pub(super) async fn due(&mut self, now: DateTime<Utc>, last: bool) -> schema::Result<Vec<(PracticeId, u64)>> {
        let mut heads: BTreeMap<_, _> = self.held.keys().map(|practice| (*practice, 0)).collect();
        heads.extend(self.ledger.heads().await?);
        let mut due: Vec<_> =
            heads.into_iter().filter(|(practice, head)| self.held(*practice).is_due(*head, now, last)).collect();
        due.sort_by_key(|(practice, _)| self.held(*practice).failed_at);
        Ok(due)
    }

    /// Notes the checkpoints that are durable now, each with its day.
    pub(super) async fn remember(&mut self, done: Vec<(Remembered, NaiveDate)>) -> schema::Result<()> {
        let (rows, days): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        if !rows.is_empty() {
            self.ledger.remember(&rows).await?;
        }
        for (row, day) in rows.into_iter().zip(days) {
            self.held(row.practice).advance(row, day);
        }
        Ok(())
    }

    pub(super) fn held(&mut self, practice: PracticeId) -> &mut Held {
        self.held.entry(practice).or_default()
    }
}
