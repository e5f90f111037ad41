//! Holds a run against its books: sessions, claims, money, feed, audit log and figures must agree, and every defect
//! planted must have been found. What doesn't agree is a line of its own.

mod books;
mod check;
mod figures;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use kernel::clock::{Clock, timestamp};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use self::books::Books;
use crate::caller::{Error, Tally};
use crate::console::{note, table};
use crate::workload::make::{cents, dollars};
use crate::workload::{Outcome, Seat, World};

/// How long the figures may take to follow what happened.
const FIGURES_WITHIN: Duration = Duration::from_secs(30);

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    pub sessions: usize,
    pub claims: usize,
    pub by_status: BTreeMap<&'static str, usize>,
    pub charged: String,
    pub paid: String,
    pub findings_by_code: BTreeMap<String, usize>,
    pub feed_events: usize,
    pub audit_entries: i64,
    pub elapsed_s: f64,
}

/// The summary of a run, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Verdict {
    pub summary: Summary,
    /// Empty when all is well.
    pub inconsistencies: Vec<String>,
}

/// When a run began.
#[derive(Debug, Clone)]
pub struct Start {
    at: chrono::DateTime<chrono::Utc>,
    instant: Instant,
}

impl Start {
    #[must_use]
    pub fn now(clock: &Clock) -> Self {
        Self { at: clock.now(), instant: Instant::now() }
    }
}

/// Holds the world against its books, once nothing happens any more.
///
/// # Errors
/// When the books can't be read; what they contradict is in the verdict.
pub async fn run(world: &World, outcomes: &[Outcome], tally: &Tally, start: &Start) -> Result<Verdict, Error> {
    note("checking that everything adds up");
    let mut verdict = Verdict::default();
    let (mut charged, mut paid) = (0, 0);
    let mut by_status: BTreeMap<_, usize> = books::STATUSES.iter().map(|status| (check::name(*status), 0)).collect();
    for seat in &world.seats {
        let books = Books::read(&seat.admin.caller).await?;
        let mut found = check::books(&books);
        let own: Vec<_> = outcomes.iter().filter(|outcome| outcome.practice_id == seat.id).cloned().collect();
        found.extend(check::findings(&books, &own));
        found.extend(figures(seat, &books).await?);
        // a minute's grace for clocks; the entries of a call are there before its answer
        let made = tally.made();
        let since = timestamp(start.at - chrono::TimeDelta::minutes(1));
        let entries = books::entries(&seat.admin.caller, since).await?;
        found.extend(check::audited(&seat.id, &made, &entries));
        found.extend(check::unbroken(&entries));
        verdict.inconsistencies.extend(found.into_iter().map(|line| format!("{}: {line}", seat.name)));

        let summary = &mut verdict.summary;
        summary.sessions += books.sessions.len();
        summary.claims += books.claims.len();
        summary.feed_events += books.events.len();
        summary.audit_entries += entries.first().map_or(0, |entry| entry.position);
        for claim in &books.claims {
            charged += cents(&claim.charge_amount).unwrap_or_default();
            paid += cents(&claim.paid_amount).unwrap_or_default();
            *by_status.entry(check::name(claim.status())).or_default() += 1;
            for finding in &claim.findings {
                *summary.findings_by_code.entry(finding.code.clone()).or_default() += 1;
            }
        }
    }
    verdict.summary.by_status = by_status;
    verdict.summary.charged = dollars(charged);
    verdict.summary.paid = dollars(paid);
    verdict.summary.elapsed_s = start.elapsed_s();
    Ok(verdict)
}

/// Waits until the figures are those of the books, and tells what still differs after a while.
async fn figures(seat: &Seat, books: &Books) -> Result<Vec<String>, Error> {
    let Some(days) = books.days() else { return Ok(Vec::new()) };
    let end = Instant::now() + FIGURES_WITHIN;
    loop {
        let total = books::figures(&seat.admin.caller, days).await?;
        let found = figures::compare(books, &total);
        if found.is_empty() || Instant::now() > end {
            return Ok(found);
        }
        sleep(Duration::from_millis(500)).await;
    }
}

impl Start {
    /// In tenths of a second.
    fn elapsed_s(&self) -> f64 {
        let tenths = self.instant.elapsed().as_millis() / 100;
        Duration::from_millis(u64::try_from(tenths).unwrap_or_default() * 100).as_secs_f64()
    }
}

impl Verdict {
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.inconsistencies.is_empty()
    }

    /// Writes `summary.json` into the directory.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, directory: &Path) -> Result<(), Error> {
        let path = directory.join("summary.json");
        let json = serde_json::to_string_pretty(&self.summary)?;
        std::fs::create_dir_all(directory)
            .and_then(|()| std::fs::write(&path, json + "\n"))
            .map_err(|source| Error::File { path, source })
    }

    /// Shows the summary, and each inconsistency.
    pub fn show(&self) {
        let Summary {
            sessions,
            claims,
            by_status,
            charged,
            paid,
            findings_by_code,
            feed_events,
            audit_entries,
            elapsed_s,
        } = &self.summary;
        let row = |name: &str, value: &dyn ToString| [name.to_owned(), value.to_string()];
        let mut rows = vec![row("sessions", sessions), row("claims", claims)];
        rows.extend(by_status.iter().map(|(status, count)| row(&format!("  {status}"), count)));
        rows.extend([row("charged", charged), row("paid", paid)]);
        rows.push(row("findings", &findings_by_code.values().sum::<usize>()));
        rows.extend(findings_by_code.iter().map(|(code, count)| row(&format!("  {code}"), count)));
        rows.extend([row("feed events", feed_events), row("audit entries", audit_entries), row("seconds", elapsed_s)]);
        table(["", "this run"], rows);
        for line in &self.inconsistencies {
            note(&format!("inconsistent: {line}"));
        }
    }
}
