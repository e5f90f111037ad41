//! Events as they are told: decoded, put in place, with what was submitted where that is asked for, and on record.

use std::collections::{BTreeMap, HashMap};

use audit::{Action, Entry, Vault};
use feed::{Event, Reader};
use kernel::id::SubmissionId;
use kernel::phi::AuditReceipt;
use kernel::{Failure, PracticeId, Scope};
use prost::Message;
use therapy_claims::claims::v1 as pb;
use uuid::Uuid;

use super::store;
use crate::claim::Claim;
use crate::snapshot::convert::to_pb;
use crate::submission;

/// Makes the messages of one practice's events. Their disclosure is durable when this returns.
///
/// # Errors
/// `AUDIT_UNAVAILABLE`, or the database's.
pub(super) async fn tell(
    vault: &Vault,
    scope: &Scope,
    events: Vec<Event>,
    full: bool,
) -> Result<Vec<pb::ClaimEvent>, Failure> {
    let subjects = events.iter().map(|event| event.subject).collect();
    let mut told = Vec::with_capacity(events.len());
    for event in events {
        let mut message = pb::ClaimEvent::decode(event.payload.as_slice()).map_err(Failure::internal)?;
        message.position = event.position;
        message.previous_position = event.previous;
        told.push(message);
    }
    let submissions = if full { submissions(vault, scope, &told).await? } else { None };
    let receipt = record(vault, scope, subjects).await?;
    if let Some(submissions) = submissions {
        let all = submissions.release(&receipt).into_iter();
        let snapshots: HashMap<String, pb::ClaimSnapshot> = all.map(|s| (s.id.to_string(), to_pb(s))).collect();
        for message in &mut told {
            message.snapshot = snapshots.get(&message.submission_id).cloned();
        }
    }
    Ok(told)
}

/// Puts on record that claims were told of, and whose they are. Durable when this returns.
///
/// # Errors
/// `AUDIT_UNAVAILABLE`, or the database's.
pub(super) async fn record(vault: &Vault, scope: &Scope, mut claims: Vec<Uuid>) -> Result<AuditReceipt, Failure> {
    claims.sort_unstable();
    claims.dedup();
    let ids = &claims;
    let patients: HashMap<Uuid, Uuid> =
        vault.db().read_one(scope, async move |tx| store::patients(tx, ids).await).await?.into_iter().collect();
    let mut entry = Entry::bare(scope, Action::View, <Claim as kernel::phi::Disclosed>::RESOURCE);
    for claim in claims {
        entry.add(claim, patients.get(&claim).copied());
    }
    let receipt = vault.batcher().record(entry).await?;
    scope.facts().note_entry();
    Ok(receipt)
}

/// What the events' submissions said, in one query as the practice.
async fn submissions(
    vault: &Vault,
    scope: &Scope,
    told: &[pb::ClaimEvent],
) -> Result<Option<kernel::Phi<Vec<submission::Submission>>>, Failure> {
    let mut ids: Vec<SubmissionId> = told.iter().filter_map(|event| event.submission_id.parse().ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(None);
    }
    let ids = &ids;
    vault.db().read_one(scope, async move |tx| submission::store::get_many(tx, ids).await).await.map(Some)
}

/// What `ListClaimEvents` asks for.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) after: BTreeMap<PracticeId, i64>,
    pub(super) topics: Vec<String>,
    pub(super) size: usize,
    pub(super) full: bool,
}

/// Lists events of the scopes' practices, one practice after the other.
pub(super) async fn list(
    vault: &Vault,
    reader: &Reader,
    scopes: &[&Scope],
    listing: &Listing,
) -> Result<pb::ListClaimEventsResponse, Failure> {
    let practices: Vec<PracticeId> = scopes.iter().map(|scope| scope.practice()).collect();
    let ranges = reader.ranges(&practices).await?;
    let mut answer = pb::ListClaimEventsResponse::default();
    let mut next = BTreeMap::new();
    for range in &ranges {
        range.check_kept(listing.after.get(&range.practice).copied().unwrap_or(0))?;
    }
    for range in ranges {
        let practice = range.practice;
        let after = listing.after.get(&practice).copied().unwrap_or(0);
        let room = listing.size.saturating_sub(answer.events.len());
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        let mut events = if room == 0 || after >= range.head {
            Vec::new()
        } else {
            reader.after(practice, after, range.head, &listing.topics, limit).await?
        };
        // fewer than asked for: everything up to the head was looked at
        let upto =
            if events.len() < room { after.max(range.head) } else { events.last().map_or(after, |e| e.position) };
        next.insert(practice, upto);
        answer.has_more |= upto < range.head;
        let Some(scope) = scopes.iter().find(|scope| scope.practice() == practice) else { continue };
        if events.is_empty() {
            continue;
        }
        let mut previous = reader.previous(practice, after, &listing.topics).await?;
        for event in &mut events {
            event.previous = std::mem::replace(&mut previous, event.position);
        }
        answer.events.extend(tell(vault, scope, events, listing.full).await?);
    }
    answer.next = super::convert::positions_to_pb(next);
    Ok(answer)
}
