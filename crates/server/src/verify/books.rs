//! Reads all that a practice's books say, through the API, as its administrator.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use prost_types::Timestamp;
use therapy_claims::analytics::v1 as analytics;
use therapy_claims::audit::v1 as audit;
use therapy_claims::claims::v1 as claims;
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1::ClaimStatus;
use therapy_claims::google::r#type::Date;

use crate::caller::{Caller, Error, PAGE, pages, rpc};
use crate::workload::{list_claims, list_sessions};

/// Timelines read at a time.
const AT_A_TIME: usize = 8;

pub(super) const STATUSES: [ClaimStatus; 5] =
    [ClaimStatus::Draft, ClaimStatus::Ready, ClaimStatus::Submitted, ClaimStatus::Paid, ClaimStatus::Denied];

/// What the practice's books say.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub sessions: Vec<clinical::Session>,
    /// Those that no longer count included.
    pub claims: Vec<claims::Claim>,
    /// How many claims a list of each status answers.
    pub listed: BTreeMap<i32, usize>,
    /// Position of the last event, as the claims' list tells it.
    pub head: i64,
    /// All events of the feed.
    pub events: Vec<claims::ClaimEvent>,
    /// Each claim's events.
    pub timelines: HashMap<String, Vec<claims::ClaimEvent>>,
}

impl Books {
    pub(super) async fn read(admin: &Caller) -> Result<Self, Error> {
        let sessions = list_sessions(admin).await?;
        let claims = list_claims(admin, true).await?;
        let (mut listed, mut head) = (BTreeMap::new(), 0);
        for status in STATUSES {
            let (count, as_of) = count(admin, status).await?;
            listed.insert(status.into(), count);
            head = as_of;
        }
        let events = events(admin).await?;
        let timelines = stream::iter(&claims)
            .map(|claim| async move { Ok::<_, Error>((claim.id.clone(), timeline(admin, &claim.id).await?)) })
            .buffer_unordered(AT_A_TIME)
            .try_collect()
            .await?;
        Ok(Self { sessions, claims, listed, head, events, timelines })
    }

    /// First and last day of the sessions.
    pub(super) fn days(&self) -> Option<(Date, Date)> {
        let days = || self.sessions.iter().filter_map(|session| session.session_date);
        let key = |day: &Date| (day.year, day.month, day.day);
        Some((days().min_by_key(key)?, days().max_by_key(key)?))
    }
}

/// How many active claims have that status, and as of which event.
async fn count(admin: &Caller, status: ClaimStatus) -> Result<(usize, i64), Error> {
    let (mut count, mut page_token) = (0, String::new());
    loop {
        let request =
            claims::ListClaimsRequest { page_size: PAGE, page_token, status: status.into(), ..Default::default() };
        let listed = rpc!(admin, claims.list_claims, "claims.v1.ClaimService/ListClaims", request).await?;
        count += listed.claims.len();
        if listed.next_page_token.is_empty() {
            return Ok((count, listed.as_of_position));
        }
        page_token = listed.next_page_token;
    }
}

async fn events(admin: &Caller) -> Result<Vec<claims::ClaimEvent>, Error> {
    let start = claims::Position { practice_id: admin.practice_id().to_owned(), position: 0 };
    let (mut after, mut all) = (vec![start], Vec::new());
    loop {
        let request = claims::ListClaimEventsRequest { after, page_size: PAGE, ..Default::default() };
        let listed =
            rpc!(admin, clearinghouse.list_claim_events, "claims.v1.ClearinghouseService/ListClaimEvents", request)
                .await?;
        all.extend(listed.events);
        if !listed.has_more {
            return Ok(all);
        }
        after = listed.next;
    }
}

async fn timeline(admin: &Caller, id: &str) -> Result<Vec<claims::ClaimEvent>, Error> {
    pages(async |page_token| {
        let request = claims::GetClaimTimelineRequest { id: id.to_owned(), page_size: PAGE, page_token };
        let listed = rpc!(admin, claims.get_claim_timeline, "claims.v1.ClaimService/GetClaimTimeline", request).await?;
        Ok((listed.events, listed.next_page_token))
    })
    .await
}

/// The figures of the whole time.
pub(super) async fn figures(admin: &Caller, days: (Date, Date)) -> Result<analytics::PracticeSummary, Error> {
    let request = analytics::ListPracticeSummariesRequest {
        from_day: Some(days.0),
        to_day: Some(days.1),
        page_size: 1,
        page_token: String::new(),
    };
    let listed =
        rpc!(admin, analytics.list_practice_summaries, "analytics.v1.AnalyticsService/ListPracticeSummaries", request)
            .await?;
    listed.total.ok_or_else(|| Error::Unexpected("the figures have no total".to_owned()))
}

/// The audit log since a time, the newest entry first.
pub(super) async fn entries(admin: &Caller, since: Timestamp) -> Result<Vec<audit::AuditEntry>, Error> {
    pages(async |page_token| {
        let request =
            audit::ListEntriesRequest { page_size: PAGE, page_token, from_time: Some(since), ..Default::default() };
        let listed = rpc!(admin, audit.list_entries, "audit.v1.AuditService/ListEntries", request).await?;
        Ok((listed.entries, listed.next_page_token))
    })
    .await
}
