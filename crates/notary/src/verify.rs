//! Verification: whether the audit log is the one that was written, by everything that is known of it.
//!
//! Each practice's log is read once from its beginning, in memory that doesn't grow with it: from the archive, from a
//! database, or from the one as far as it goes and then from the other. Trusted are the keys and the checkpoints'
//! signatures, nothing else: whoever owns the database or the files may have written anything into them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use audit::MacKeys;
use audit::chain::GENESIS;
use audit::note::Verifier;
use chrono::{DateTime, Utc};
use kernel::PracticeId;
use tokio_postgres::Client;

use crate::archive::{self, Archive};
use crate::store::Store;

mod body;
mod chain;
mod copy;
mod files;
mod links;
mod log;
mod notes;
pub mod report;
mod row;
mod stored;

pub use chain::Head;
pub use report::{Finding, Gap, Kind, Report};
pub use row::Row;

pub(crate) use files::{Opened, Part};
pub(crate) use links::Links;
pub(crate) use stored::{Rows, Sent, heads};

use log::Log;
use notes::Notes;

/// Why verification could not be made. It says nothing about the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database")]
    Database(#[from] tokio_postgres::Error),
    #[error("the checkpoints")]
    Checkpoints(#[from] object_store::Error),
    #[error("the archive")]
    Archive(#[from] archive::Error),
    #[error("the archive")]
    Reading(#[from] std::io::Error),
    #[error("the database sent an id that is none")]
    Form,
}

/// What verification goes by.
#[derive(Debug, Clone)]
pub struct Evidence {
    pub checkpoints: Store,
    /// Who may have signed them.
    pub signers: Arc<[Verifier]>,
    /// Without them, nobody knows whether entries since the last checkpoint were made by the service.
    pub mac_keys: Option<MacKeys>,
    pub now: DateTime<Utc>,
}

/// Where the log is. Without a database, it is verified as far as the archive goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    pub archive: Option<&'a Archive>,
    /// A connection of the role `claims_archiver`.
    pub client: Option<&'a Client>,
}

/// Verifies the log in a database, as [`sources`].
///
/// # Errors
/// When the database or the checkpoints can't be read.
pub async fn database(client: &Client, evidence: &Evidence, progress: impl FnMut(u64, u64)) -> Result<Report, Error> {
    sources(Sources { archive: None, client: Some(client) }, evidence, progress).await
}

/// Verifies the log. `progress` is told how many entries have been read, and out of how many, or zero when nobody knows.
///
/// # Errors
/// When the database, the archive or the checkpoints can't be read.
pub async fn sources(
    sources: Sources<'_>,
    evidence: &Evidence,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, Error> {
    let mut heads: BTreeMap<PracticeId, Option<Head>> = BTreeMap::new();
    if let Some(archive) = sources.archive {
        heads.extend(archive.practices()?.into_iter().map(|practice| (practice, None)));
    }
    if let Some(client) = sources.client {
        // one state of everything, however long it takes and whatever is appended meanwhile
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        // one that the database doesn't know has no entries there
        let none = |practice| Some(Head { practice, position: 0, hash: GENESIS });
        heads.iter_mut().for_each(|(practice, head)| *head = none(*practice));
        for head in stored::heads(client).await? {
            heads.insert(head.practice, Some(head));
        }
    }
    let total = heads.values().flatten().map(|head| u64::try_from(head.position).unwrap_or_default()).sum();
    let mut report = Report { macs_checked: evidence.mac_keys.is_some(), ..Report::default() };
    let mut beyond = Vec::new();
    for (practice, head) in &heads {
        let before = report.entries;
        let log = Log::begin(sources, evidence, *practice, |entries| progress(before + entries, total)).await?;
        let outcome = log.read(head.as_ref()).await?;
        report.practices += 1;
        report.entries += outcome.entries;
        report.checkpoints += outcome.checkpoints;
        report.incomplete.extend(outcome.gaps);
        match outcome.found {
            Some(finding) if matches!(finding.kind, Kind::RolledBack { .. }) => beyond.push(finding),
            found => report.tampered.extend(found),
        }
    }
    if let Some(client) = sources.client {
        client.batch_execute("COMMIT").await?;
        for finding in beyond {
            // signed over entries that were appended since the reading began: a later run checks them
            if !stored::exists(client, &finding).await? {
                report.tampered.push(finding);
            }
        }
    }
    unheard_of(sources, evidence, &heads.into_keys().collect(), &mut report).await?;
    report.tampered.sort_by_key(|finding| (finding.practice, finding.position));
    Ok(report)
}

/// Practices that have checkpoints, and no log any more.
async fn unheard_of(
    sources: Sources<'_>,
    evidence: &Evidence,
    known: &BTreeSet<PracticeId>,
    report: &mut Report,
) -> Result<(), Error> {
    for practice in evidence.checkpoints.practices().await? {
        if known.contains(&practice) {
            continue;
        }
        let mut notes = Notes::of(evidence.checkpoints.clone(), Arc::clone(&evidence.signers), practice).await?;
        let Some(note) = notes.next().await? else { continue };
        let refused = note.refused();
        if sources.client.is_none() && refused.is_none() {
            let problem = "there are checkpoints of this log, and nothing of it is in the archive".to_owned();
            report.incomplete.push(Gap { practice, position: 1, through: None, problem });
            continue;
        }
        let kind = refused.unwrap_or_else(|| Kind::RolledBack { checkpoint: note.size() });
        report.tampered.push(Finding { practice, position: 1, kind });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
