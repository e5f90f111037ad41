//! Some claims of a message in one transaction: each is found, settled unless it was before, and written down.

use std::collections::{HashMap, HashSet};

use audit::{Action, Change, Entry};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use feed::Hub;
use futures_util::future::join_all;
use futures_util::join;
use kernel::id::{ClaimId, InboundMessageId};
use kernel::phi::Disclosed;
use kernel::{Code, Failure, Phi};
use prost::Message;
use schema::Tx;
use x12::remittance::{ClaimPayment, Payment, ProviderAdjustment};

use super::remit::RemittanceClaimState;
use super::remit::store::{self as remits, Brought, Known, NewClaim};
use super::store::{Noted, Tally};
use super::{MessageState, find, store};
use crate::claim::Claim;
use crate::payer::PayerList;
use crate::response::settle::{Settled, settle};
use crate::response::{Answer, Report, ResponseOutcome, store as responses};

/// Claims of one transaction at most: as many as an audit entry names.
pub const CLAIMS: usize = 200;

/// What a message says of one claim.
#[derive(Debug, Clone)]
pub struct Said {
    pub claim_number: String,
    /// What it comes to; a state and a reason where it is not for the claim to take.
    pub said: super::remit::Said,
    pub response_id: String,
    pub body_hash: Vec<u8>,
    /// The attempt that it names; without one, time tells.
    pub attempt: Option<i32>,
    /// Its place in a remittance, and all of it.
    pub paid: Option<(i32, Box<ClaimPayment>)>,
}

/// A remittance under way.
#[derive(Debug, Clone)]
pub struct Remitting {
    pub payment: Box<Payment>,
    pub on: NaiveDate,
    pub claims: u64,
    pub digest: Vec<u8>,
    /// What is on the practice's own account; complete when the set was read to its end.
    pub account: Vec<ProviderAdjustment>,
}

/// One transaction's work.
#[derive(Debug)]
pub struct Work<'a> {
    /// Who pays, and what adjustments mean.
    pub payers: &'a PayerList,
    pub noted: &'a Noted,
    pub said: &'a [&'a Said],
    pub said_at: DateTime<Utc>,
    pub remitting: Option<&'a Remitting>,
    /// The message ends with it.
    pub is_last: bool,
}

/// What became of it.
#[derive(Clone, PartialEq, Message)]
pub struct Done {
    #[prost(int32, tag = "1")]
    pub applied: i32,
    #[prost(int32, tag = "2")]
    pub recorded: i32,
    #[prost(int32, tag = "3")]
    pub repeated: i32,
    #[prost(int32, tag = "4")]
    pub parked: i32,
    #[prost(int32, tag = "5")]
    pub unmatched: i32,
    /// Places in `said` whose claim was met before in this transaction: they need one of their own.
    #[prost(uint32, repeated, tag = "6")]
    pub left: Vec<u32>,
    #[prost(string, tag = "7")]
    pub remittance_id: String,
    /// The remittance is known with other content: nothing was done.
    #[prost(bool, tag = "8")]
    pub differs: bool,
    /// The remittance is known and complete: nothing was left to do.
    #[prost(bool, tag = "9")]
    pub is_known: bool,
}

impl Done {
    #[must_use]
    pub const fn tally(&self) -> Tally {
        Tally {
            applied: self.applied,
            recorded: self.recorded,
            repeated: self.repeated,
            parked: self.parked,
            unmatched: self.unmatched,
        }
    }
}

/// Does it.
///
/// # Errors
/// The database's; nothing is changed then.
pub async fn run(tx: &Tx<'_>, hub: &Hub, work: &Work<'_>) -> Result<Change<Done>, Failure> {
    let mut done = Done::default();
    let mut entry = Entry::bare(tx.scope(), Action::Update, Claim::RESOURCE);
    let mut noted = work.noted.clone();
    noted.state = MessageState::Processing;
    let remittance = match work.remitting {
        Some(remitting) => {
            let message = store::note(tx, &noted).await?;
            let known = remits::open(tx, &brought(message, remitting)).await?;
            done.remittance_id = known.id.to_string();
            done.differs = known.digest.as_deref() != Some(remitting.digest.as_slice());
            done.is_known = known.is_complete && !done.differs;
            if done.differs || done.is_known {
                return Ok(Change::recorded(entry, Phi::new(done)));
            }
            Some(known)
        }
        None => None,
    };
    settle_all(tx, hub, work, remittance.as_ref(), &mut done, &mut entry).await?;
    let is_done = work.is_last && done.left.is_empty();
    if let (Some(remittance), Some(remitting), true) = (&remittance, work.remitting, is_done) {
        remits::complete(tx, remittance.id, remitting.on, &remitting.account).await?;
    }
    noted.tally = noted.tally.plus(done.tally());
    noted.state = if is_done { MessageState::Applied } else { MessageState::Processing };
    store::note(tx, &noted).await?;
    Ok(Change::recorded(entry, Phi::new(done)))
}

fn brought(message: InboundMessageId, remitting: &Remitting) -> Brought<'_> {
    Brought {
        message,
        payment: &remitting.payment,
        on: remitting.on,
        claims: remitting.claims,
        digest: &remitting.digest,
    }
}

/// The claims, in the order in which the message speaks of them.
async fn settle_all(
    tx: &Tx<'_>,
    hub: &Hub,
    work: &Work<'_>,
    remittance: Option<&Known>,
    done: &mut Done,
    entry: &mut Entry,
) -> Result<(), Failure> {
    let ids: Vec<&str> = work.said.iter().map(|said| said.response_id.as_str()).collect();
    let ordinals: Vec<i32> = work.said.iter().filter_map(|said| said.paid.as_ref().map(|(n, _)| *n)).collect();
    let dealt_with = async {
        match remittance {
            Some(known) => remits::dealt_with(tx, known.id, &ordinals).await,
            None => Ok(Vec::new()),
        }
    };
    let payer = work.remitting.and_then(|remitting| remitting.payment.payer.id.as_deref());
    let payer = payer.filter(|id| work.payers.get(id).is_some());
    let (found, known, dealt_with) =
        join!(find::all(tx, work.said, payer), responses::known_many(tx, &ids), dealt_with);
    let (mut found, known, dealt_with) = (found?, known?, dealt_with?);
    let is_repeated = |said: &Said| {
        known.contains(&said.response_id) || said.paid.as_ref().is_some_and(|(ordinal, _)| dealt_with.contains(ordinal))
    };
    let (mut met, mut rows, mut events) = (HashSet::new(), Vec::new(), Vec::new());
    let beside = join_all(found.iter().map(|found| beside(tx, found.as_ref(), work.said))).await;
    let mut beside: HashMap<ClaimId, Beside> =
        beside.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    for (index, said) in work.said.iter().enumerate() {
        if is_repeated(said) {
            done.repeated += 1;
            continue;
        }
        let Some(claim) = found.get_mut(index).and_then(Option::take) else {
            done.unmatched += 1;
            rows.push(row(said, None, RemittanceClaimState::Unmatched, Some("CLAIM_UNKNOWN")));
            continue;
        };
        let (id, patient) = (claim.id, claim.patient_id);
        if !met.insert(id) {
            done.left.push(u32::try_from(index).map_err(Failure::internal)?);
            continue;
        }
        entry.add(id.uuid(), Some(patient.uuid()));
        let known = beside.remove(&id).unwrap_or_default();
        let (state, reason) = match one(tx, work, said, claim, known, done).await? {
            One::Settled(settled) => {
                events.extend(settled);
                (RemittanceClaimState::Posted, None)
            }
            One::Waits(reason) => (RemittanceClaimState::Parked, reason),
            One::Aside(state, reason) => (state, Some(reason)),
        };
        rows.push(row(said, Some(id), state, reason));
    }
    feed::append(tx, hub, events);
    if let Some(known) = remittance {
        remits::insert_at_commit(tx, known.id, rows.into_iter().flatten().collect());
    }
    Ok(())
}

/// What settling a claim needs to know beside it.
#[derive(Debug, Default)]
struct Beside {
    earlier: Vec<crate::response::posting::Earlier>,
    submission: Option<kernel::id::SubmissionId>,
}

async fn beside(tx: &Tx<'_>, claim: Option<&Claim>, said: &[&Said]) -> Result<Option<(ClaimId, Beside)>, Failure> {
    let Some(claim) = claim else { return Ok(None) };
    let moves_money = said.iter().any(|said| said.paid.is_some());
    let earlier =
        async { if moves_money { responses::earlier(tx, &claim.claim_number).await } else { Ok(Vec::new()) } };
    let (earlier, submission) = join!(earlier, responses::last_submission(tx, &claim.claim_number));
    Ok(Some((claim.id, Beside { earlier: earlier?, submission: submission? })))
}

enum One {
    Settled(Vec<feed::NewEvent>),
    /// It is kept as the claim's answer, which can't take it as it stands.
    Waits(Option<&'static str>),
    Aside(RemittanceClaimState, &'static str),
}

async fn one(
    tx: &Tx<'_>,
    work: &Work<'_>,
    said: &Said,
    claim: Claim,
    beside: Beside,
    done: &mut Done,
) -> Result<One, Failure> {
    let answer = match &said.said {
        super::remit::Said::Answer(answer) => answer.clone(),
        super::remit::Said::Aside(state, reason) => {
            match state {
                RemittanceClaimState::Dismissed => done.recorded += 1,
                RemittanceClaimState::Parked | RemittanceClaimState::Unmatched | RemittanceClaimState::Posted => {
                    done.parked += 1;
                }
            }
            return Ok(One::Aside(*state, reason));
        }
    };
    let report = Report {
        claim_number: claim.claim_number.clone(),
        response_id: said.response_id.clone(),
        responded_at: responded_at(work.said_at, said, &claim, &answer),
        answer,
        body_hash: said.body_hash.clone(),
    };
    match settle(tx, &work.payers.codes, &report, claim, beside.earlier, beside.submission).await {
        Ok(Settled { outcome, outcome_reason, events, id: _, claim: _ }) => {
            match outcome {
                ResponseOutcome::Applied => done.applied += 1,
                ResponseOutcome::Recorded => done.recorded += 1,
                ResponseOutcome::Parked => {
                    done.parked += 1;
                    return Ok(One::Waits(outcome_reason));
                }
            }
            Ok(One::Settled(events))
        }
        // the claim can't take it, and nothing of it was written
        Err(failure) if matches!(failure.code, Code::FailedPrecondition | Code::InvalidArgument) => {
            done.parked += 1;
            Ok(One::Aside(RemittanceClaimState::Parked, failure.reason))
        }
        Err(failure) => Err(failure),
    }
}

/// When it was said. An answer that names its attempt is put on that attempt's side of the last submission; where its
/// sender's clock has it answered before it was asked, that clock is no use, and answers count as they come.
fn responded_at(said_at: DateTime<Utc>, said: &Said, claim: &Claim, answer: &Answer) -> DateTime<Utc> {
    let Some((attempt, submitted_at)) = said.attempt.zip(claim.submitted_at) else { return said_at };
    if answer.moves_money() {
        said_at
    } else if attempt < claim.attempt {
        said_at.min(submitted_at - TimeDelta::milliseconds(1))
    } else if said_at < submitted_at {
        claim.payer_state_at.map_or(submitted_at, |at| at.max(submitted_at)) + TimeDelta::milliseconds(1)
    } else {
        said_at
    }
}

fn row(
    said: &Said,
    claim: Option<ClaimId>,
    state: RemittanceClaimState,
    reason: Option<&'static str>,
) -> Option<NewClaim> {
    let (ordinal, paid) = said.paid.as_ref()?;
    let response_id = said.response_id.clone();
    Some(NewClaim { ordinal: *ordinal, paid: (**paid).clone(), claim, state, reason, response_id })
}
