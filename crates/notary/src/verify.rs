//! Verification: whether the audit log in a database is the one that was written, by everything that is known of it.
//!
//! Each practice's log is read once from its beginning, in memory that doesn't grow with it. Trusted are the keys and the
//! checkpoints' signatures, nothing else: whoever owns the database may have written anything into it.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use audit::MacKeys;
use audit::note::Verifier;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use kernel::PracticeId;
use object_store::ObjectStore;
use tokio_postgres::Client;
use uuid::Uuid;

mod chain;
mod copy;
mod notes;
pub mod report;
mod row;

pub use chain::Head;
pub use report::{Finding, Gap, Kind, Report};
pub use row::Row;

use chain::Chain;
use copy::Message;
use notes::Notes;

/// An entry that is older than this should be covered by a checkpoint.
const CHECKPOINTED_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// Why verification could not be made. It says nothing about the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database")]
    Database(#[from] tokio_postgres::Error),
    #[error("the checkpoints")]
    Checkpoints(#[from] object_store::Error),
    #[error("the database sent an id that is none")]
    Form,
}

/// What verification goes by.
#[derive(Debug, Clone)]
pub struct Evidence {
    pub checkpoints: Arc<dyn ObjectStore>,
    /// Who may have signed them.
    pub signers: Arc<[Verifier]>,
    /// Without them, nobody knows whether entries since the last checkpoint were made by the service.
    pub mac_keys: Option<MacKeys>,
    pub now: DateTime<Utc>,
}

/// Verifies the log in a database, on a connection of the role `claims_archiver`. `progress` is told how many entries
/// have been read, and out of how many.
///
/// # Errors
/// When the database or the checkpoints can't be read.
pub async fn database(
    client: &Client,
    evidence: &Evidence,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, Error> {
    // one state of everything, however long it takes and whatever is appended meanwhile
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let heads = heads(client).await?;
    let total = heads.iter().map(|head| u64::try_from(head.position).unwrap_or_default()).sum();
    let mut report = Report { macs_checked: evidence.mac_keys.is_some(), ..Report::default() };
    let mut beyond = Vec::new();
    for head in &heads {
        let found = practice(client, evidence, head, &mut report, &mut |entries| progress(entries, total)).await?;
        beyond.extend(found);
    }
    client.batch_execute("COMMIT").await?;
    for finding in beyond {
        // signed over entries that were appended since the reading began: a later run checks them
        if !exists(client, &finding).await? {
            report.tampered.push(finding);
        }
    }
    unheard_of(evidence, &heads, &mut report).await?;
    report.tampered.sort_by_key(|finding| (finding.practice, finding.position));
    Ok(report)
}

async fn heads(client: &Client) -> Result<Vec<Head>, Error> {
    let sql = "SELECT practice_id::text, last_position, last_hash FROM audit.heads ORDER BY practice_id";
    let rows = client.query(sql, &[]).await?;
    rows.iter()
        .map(|row| {
            let hash: &[u8] = row.get(2);
            let practice: Uuid = row.get::<_, &str>(0).parse().map_err(|_not_an_id| Error::Form)?;
            let practice = PracticeId::from_uuid(practice);
            // of another length it is no entry's hash, and neither are zeros
            Ok(Head { practice, position: row.get(1), hash: hash.try_into().unwrap_or_default() })
        })
        .collect()
}

/// Reads one log. What a checkpoint knows beyond its end is given back, as it may have been signed since.
async fn practice(
    client: &Client,
    evidence: &Evidence,
    head: &Head,
    report: &mut Report,
    progress: &mut impl FnMut(u64),
) -> Result<Option<Finding>, Error> {
    let notes = Notes::of(Arc::clone(&evidence.checkpoints), Arc::clone(&evidence.signers), head.practice).await?;
    let mut chain = Chain::begin(head.practice, notes).await?;
    report.practices += 1;
    let sql = format!(
        "COPY (SELECT {} FROM audit.entries WHERE practice_id = '{}' ORDER BY position) TO STDOUT (FORMAT binary)",
        row::COLUMNS,
        head.practice
    );
    let mut messages = pin!(client.copy_out(&sql).await?);
    let (mut is_first, mut found) = (true, None);
    while let Some(message) = messages.next().await {
        let message = message?;
        let read = copy::read(&message, is_first);
        if matches!(read, Some(Message::End)) {
            break;
        }
        is_first = false;
        report.entries += 1;
        progress(report.entries);
        // the rest is read to its end and counted, as a copy can't be left in the middle
        if found.is_none() {
            found = match read {
                Some(Message::Row(row)) => chain.take(&row, evidence.mac_keys.as_ref()).await?.err(),
                _ => Some(chain.finding(chain.last() + 1, Kind::Unreadable)),
            };
        }
    }
    report.checkpoints += chain.checkpoints;
    match found.or_else(|| chain.end(Some(head)).err()) {
        Some(finding) if matches!(finding.kind, Kind::RolledBack { .. }) => return Ok(Some(finding)),
        Some(finding) => report.tampered.push(finding),
        None => report.incomplete.extend(gaps(&chain, head.practice, evidence.now)),
    }
    Ok(None)
}

/// What could not be checked of a log.
fn gaps(chain: &Chain, practice: PracticeId, now: DateTime<Utc>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    if let Some((position, key)) = &chain.unknown_key {
        gaps.push(Gap { practice, position: *position, problem: format!("the MAC key {key:?} was not given") });
    }
    let due = (now - CHECKPOINTED_WITHIN).timestamp_micros();
    // however young the last entry is: a log that is in use is checkpointed all the time
    if let Some((position, _at)) = chain.uncovered().filter(|(_position, at)| *at < due) {
        let problem = "no checkpoint covers the entries from here on".to_owned();
        gaps.push(Gap { practice, position, problem });
    }
    gaps
}

async fn exists(client: &Client, finding: &Finding) -> Result<bool, Error> {
    let Kind::RolledBack { checkpoint } = finding.kind else { return Ok(false) };
    let practice = finding.practice;
    let sql = format!("SELECT FROM audit.entries WHERE practice_id = '{practice}' AND position = {checkpoint}");
    Ok(!client.query(&sql, &[]).await?.is_empty())
}

/// Practices that have checkpoints and are not in the database any more.
async fn unheard_of(evidence: &Evidence, heads: &[Head], report: &mut Report) -> Result<(), Error> {
    let known: BTreeSet<String> = heads.iter().map(|head| head.practice.to_string()).collect();
    for folder in evidence.checkpoints.list_with_delimiter(None).await?.common_prefixes {
        let practice = folder.filename().unwrap_or_default();
        let Some(id) = practice.parse().ok().map(PracticeId::from_uuid).filter(|_| !known.contains(practice)) else {
            continue;
        };
        let mut notes = Notes::of(Arc::clone(&evidence.checkpoints), Arc::clone(&evidence.signers), id).await?;
        if let Some(note) = notes.next().await? {
            let kind = note.refused().unwrap_or_else(|| Kind::RolledBack { checkpoint: note.size() });
            report.tampered.push(Finding { practice: id, position: 1, kind });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
