//! Takes a plan through the API: books, completes or cancels each session, and readies and submits its claim.
//!
//! Each step has a `request_id` that follows from the seed, and what is there already is looked up first. So a run
//! that was killed goes on where it stood, and one that was complete changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use futures_util::{StreamExt, TryStreamExt, stream};
use therapy_claims::claims::v1 as claims;
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;
use tonic::Code;

use super::draw::{Draw, request_id};
use super::make::{Defect, Fate, Sequel, SessionPlan};
use super::seat::Seat;
use crate::caller::{Caller, Error, PAGE, pages, rpc};
use crate::console::Progress;

/// Therapists' weeks that are gone through at a time.
const AT_A_TIME: usize = 8;
/// Claims submitted together.
const BATCH: usize = 25;

/// What became of a planned session.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub practice_id: String,
    pub session_id: String,
    /// None where the patient pays, or the session did not take place.
    pub claim_id: Option<String>,
    pub sequel: Sequel,
    pub defect: Option<Defect>,
}

/// Goes through all sessions of all practices.
pub(super) async fn run(seed: u64, seats: &[Seat]) -> Result<Vec<Outcome>, Error> {
    let mut lanes = Vec::new();
    for seat in seats {
        let found = Found::load(&seat.admin.caller).await?;
        let found = std::sync::Arc::new(found);
        let mut by_therapist: BTreeMap<usize, Vec<&SessionPlan>> = BTreeMap::new();
        for planned in &seat.plan.sessions {
            by_therapist.entry(planned.therapist).or_default().push(planned);
        }
        lanes.extend(by_therapist.into_values().map(|sessions| (seat, std::sync::Arc::clone(&found), sessions)));
    }
    let total = seats.iter().map(|seat| seat.plan.sessions.len()).sum::<usize>();
    let progress = Progress::new("sessions", total as u64);
    let outcomes: Vec<Vec<Outcome>> = stream::iter(lanes)
        .map(|(seat, found, sessions)| {
            let progress = &progress;
            async move { Lane { seed, seat, found: &found, ready: Mutex::default() }.go(sessions, progress).await }
        })
        .buffer_unordered(AT_A_TIME)
        .try_collect()
        .await?;
    progress.finish();
    Ok(outcomes.into_iter().flatten().collect())
}

/// What an earlier run left in a practice.
struct Found {
    /// By therapist and start.
    sessions: HashMap<(String, i64), clinical::Session>,
    /// By session.
    claims: HashMap<String, Standing>,
}

/// Where a claim stands.
#[derive(Debug, Clone)]
struct Standing {
    id: String,
    status: common::ClaimStatus,
    /// Nobody and nothing has come back to it.
    is_untouched: bool,
    findings: Vec<common::Finding>,
}

impl Found {
    async fn load(admin: &Caller) -> Result<Self, Error> {
        let sessions = list_sessions(admin).await?;
        let sessions = sessions
            .into_iter()
            .filter_map(|session| Some(((session.therapist_id.clone(), session.starts_at?.seconds), session)));
        let mut claims = list_claims(admin, true).await?;
        // those that followed another one have a story of their own, and one that counts comes last
        claims.retain(|claim| claim.replaces_claim_id.is_empty() && claim.prior_claim_id.is_empty());
        claims.sort_by_key(|claim| claim.disposition() == claims::Disposition::Active);
        let claims = claims.into_iter().map(|claim| {
            let standing = Standing {
                status: claim.status(),
                is_untouched: claim.payer_state() == claims::PayerState::None,
                id: claim.id,
                findings: claim.findings,
            };
            (claim.session_id, standing)
        });
        Ok(Self { sessions: sessions.collect(), claims: claims.collect() })
    }
}

/// All sessions of the caller's practice.
pub(crate) async fn list_sessions(admin: &Caller) -> Result<Vec<clinical::Session>, Error> {
    pages(async |page_token| {
        let request = clinical::ListSessionsRequest { page_size: PAGE, page_token, ..Default::default() };
        let listed = rpc!(admin, sessions.list_sessions, "clinical.v1.SessionService/ListSessions", request).await?;
        Ok((listed.sessions, listed.next_page_token))
    })
    .await
}

/// All claims of the caller's practice.
pub(crate) async fn list_claims(admin: &Caller, include_inactive: bool) -> Result<Vec<claims::Claim>, Error> {
    pages(async |page_token| {
        let request = claims::ListClaimsRequest { page_size: PAGE, page_token, include_inactive, ..Default::default() };
        let listed = rpc!(admin, claims.list_claims, "claims.v1.ClaimService/ListClaims", request).await?;
        Ok((listed.claims, listed.next_page_token))
    })
    .await
}

/// The sessions of one therapist, in their order.
struct Lane<'a> {
    seed: u64,
    seat: &'a Seat,
    found: &'a Found,
    /// Claims to be submitted with the next batch.
    ready: Mutex<Vec<String>>,
}

impl Lane<'_> {
    async fn go(&self, sessions: Vec<&SessionPlan>, progress: &Progress) -> Result<Vec<Outcome>, Error> {
        let mut outcomes = Vec::new();
        for planned in sessions {
            outcomes.push(self.carry(planned).await?);
            self.submit(BATCH).await?;
            progress.advance();
        }
        self.submit(1).await?;
        Ok(outcomes)
    }

    async fn carry(&self, planned: &SessionPlan) -> Result<Outcome, Error> {
        let booked = self.session(planned)?;
        let start = booked.starts_at.map(|at| at.seconds).unwrap_or_default();
        let session = match self.found.sessions.get(&(booked.therapist_id.clone(), start)) {
            Some(session) => session.clone(),
            None => self.book(planned, booked).await?,
        };
        let is_open = session.status() == clinical::SessionStatus::Scheduled;
        let claim = match planned.fate {
            Fate::Booked => None,
            Fate::Cancelled(reason) => {
                if is_open {
                    self.cancel(planned, &session.id, reason).await?;
                }
                None
            }
            Fate::Drafted | Fate::Ready | Fate::Submitted if is_open => self.complete(planned, &session.id).await?,
            Fate::Drafted | Fate::Ready | Fate::Submitted => self.found.claims.get(&session.id).cloned(),
        };
        let claim_id = claim.as_ref().map(|claim| claim.id.clone());
        if let Some(claim) = claim {
            self.follow_up(planned, claim).await?;
        }
        let SessionPlan { sequel, defect, .. } = *planned;
        Ok(Outcome { practice_id: self.seat.id.clone(), session_id: session.id, claim_id, sequel, defect })
    }

    fn session(&self, planned: &SessionPlan) -> Result<clinical::Session, Error> {
        let ids = (self.seat.therapist_ids.get(planned.therapist), self.seat.patient_ids.get(planned.patient));
        let (Some(therapist_id), Some(patient_id)) = ids else {
            return Err(Error::Unexpected("the plan names somebody who isn't in it".to_owned()));
        };
        Ok(clinical::Session {
            therapist_id: therapist_id.clone(),
            patient_id: patient_id.clone(),
            ..planned.session.clone()
        })
    }

    /// The front desk books what needs no diagnosis, the practice's admin the rest.
    async fn book(&self, planned: &SessionPlan, mut session: clinical::Session) -> Result<clinical::Session, Error> {
        let is_plain = session.self_pay || matches!(planned.fate, Fate::Booked | Fate::Cancelled(_));
        if is_plain {
            session.diagnosis_codes.clear();
            session.modifiers.clear();
            session.add_ons.clear();
            session.part2 = false;
        }
        let caller = if is_plain { &self.seat.front_desk.caller } else { &self.seat.admin.caller };
        let request =
            clinical::ScheduleSessionRequest { session: Some(session), request_id: self.request("book", planned) };
        rpc!(caller, sessions.schedule_session, "clinical.v1.SessionService/ScheduleSession", request).await
    }

    async fn cancel(&self, planned: &SessionPlan, id: &str, reason: &str) -> Result<(), Error> {
        let request = clinical::CancelSessionRequest {
            id: id.to_owned(),
            reason: reason.to_owned(),
            etag: String::new(),
            request_id: self.request("cancel", planned),
        };
        let caller = &self.seat.front_desk.caller;
        rpc!(caller, sessions.cancel_session, "clinical.v1.SessionService/CancelSession", request).await?;
        Ok(())
    }

    async fn complete(&self, planned: &SessionPlan, id: &str) -> Result<Option<Standing>, Error> {
        // the first therapist has an account, and closes the own sessions
        let caller = if planned.therapist == 0 { &self.seat.therapist.caller } else { &self.seat.admin.caller };
        let request = clinical::CompleteSessionRequest {
            id: id.to_owned(),
            etag: String::new(),
            request_id: self.request("complete", planned),
        };
        let completed =
            rpc!(caller, sessions.complete_session, "clinical.v1.SessionService/CompleteSession", request).await?;
        Ok(completed.claim.map(|draft| Standing {
            status: draft.status(),
            is_untouched: true,
            id: draft.claim_id,
            findings: draft.findings,
        }))
    }

    /// Billing looks at the draft: readies it if it may, and puts it aside for the next batch.
    async fn follow_up(&self, planned: &SessionPlan, claim: Standing) -> Result<(), Error> {
        let mut status = claim.status;
        let is_draft = status == common::ClaimStatus::Draft && claim.is_untouched;
        if is_draft && planned.fate != Fate::Drafted && self.accepts(planned, &claim.findings) {
            let warnings = claim.findings.iter().map(|finding| finding.code.clone()).collect();
            let request = claims::MarkReadyRequest {
                id: claim.id.clone(),
                etag: String::new(),
                acknowledged_codes: warnings,
                request_id: self.request("ready", planned),
            };
            let caller = &self.seat.billing.caller;
            match rpc!(caller, claims.mark_ready, "claims.v1.ClaimService/MarkReady", request).await {
                Ok(claim) => status = claim.status(),
                // found wrong after all: it stays a draft with its findings
                Err(error) if error.is(Code::FailedPrecondition) => {}
                Err(error) => return Err(error),
            }
        }
        if status == common::ClaimStatus::Ready && planned.fate == Fate::Submitted {
            self.ready.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(claim.id);
        }
        Ok(())
    }

    /// Errors are for somebody to correct, and so is a member id that no payer has; half of the other warnings are let pass.
    fn accepts(&self, planned: &SessionPlan, findings: &[common::Finding]) -> bool {
        let has = |severity| findings.iter().any(|finding| finding.severity() == severity);
        !has(common::FindingSeverity::Error)
            && !findings.iter().any(|finding| finding.code == Defect::MemberIdForm.code())
            && (!has(common::FindingSeverity::Warning)
                || Draw::new(self.seed, &["accept", &self.seat.id, &planned.key]).chance(500))
    }

    /// Submits what is ready once there are so many.
    async fn submit(&self, at_least: usize) -> Result<(), Error> {
        let ids = {
            let mut ready = self.ready.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if ready.len() < at_least {
                return Ok(());
            }
            std::mem::take(&mut *ready)
        };
        let step: Vec<_> = std::iter::once("submit").chain(ids.iter().map(String::as_str)).collect();
        let request_id = request_id(self.seed, &step);
        let request = claims::BatchSubmitClaimsRequest { ids, request_id };
        let caller = &self.seat.billing.caller;
        let submitted =
            rpc!(caller, claims.batch_submit_claims, "claims.v1.ClaimService/BatchSubmitClaims", request).await?;
        for result in submitted.results {
            if let Some(claims::batch_submit_result::Outcome::Problem(problem)) = result.outcome {
                let said = format!("{} {:?}", problem.reason, problem.finding_codes);
                return Err(Error::Unexpected(format!("claim {} is not submitted: {said}", result.claim_id)));
            }
        }
        Ok(())
    }

    fn request(&self, step: &str, planned: &SessionPlan) -> String {
        request_id(self.seed, &[step, &self.seat.id, &planned.key])
    }
}
