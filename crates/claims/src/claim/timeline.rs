//! The story of a claim: what happened to it as the feed told it, and all that belongs to that.

use futures_util::join;
use kernel::id::ClaimId;
use kernel::phi::Disclosed;
use kernel::{Failure, Page, PageRequest, Permission, Phi};
use prost::Message;
use schema::Tx;
use therapy_claims::claims::v1 as pb;
use uuid::Uuid;

use self::store::{Attempt, Linked, Said};
use super::{Bill, Claim, store as claims};
use crate::action::{self, ClaimAction};

mod convert;
mod store;

/// A page of a claim's events; with the first one all the rest.
pub(super) struct Timeline {
    bill: Bill,
    events: Page<pb::ClaimEvent>,
    beside: Beside,
}

/// What is told beside the events.
#[derive(Default)]
struct Beside {
    attempts: Vec<Attempt>,
    said: Vec<Said>,
    actions: Vec<ClaimAction>,
    linked: Vec<Linked>,
}

/// The events of a claim in the scope's reach, the oldest first. One flight, and with the first page another one.
pub(super) async fn read(tx: &Tx<'_>, id: ClaimId, page: &PageRequest) -> Result<Phi<Timeline>, Failure> {
    let after = page.after::<i64>();
    let events = feed::subject::events_of(tx, id.uuid(), after.unwrap_or(0), page.limit());
    let (bill, events) = join!(claims::get(tx, id), events);
    let bill = bill?.peek().clone();
    let events = events?.into_iter().map(decoded).collect::<Result<Vec<_>, _>>()?;
    let beside = if after.is_none() { Beside::read(tx, &bill.claim).await? } else { Beside::default() };
    Ok(Phi::new(Timeline { bill, events: page.page(events, |event| event.position), beside }))
}

impl Beside {
    async fn read(tx: &Tx<'_>, claim: &Claim) -> Result<Self, Failure> {
        let actions = async {
            // whoever may not read them finds none
            match tx.scope().require(Permission::ClaimActionsRead) {
                Ok(()) => action::store::of_claim(tx, claim.id).await,
                Err(_) => Ok(Vec::new()),
            }
        };
        let (attempts, said, actions, linked) =
            join!(store::attempts(tx, claim.id), store::said(tx, claim.id), actions, store::linked(tx, claim));
        Ok(Self { attempts: attempts?, said: said?, actions: actions?, linked: linked? })
    }
}

fn decoded(event: feed::Event) -> Result<pb::ClaimEvent, Failure> {
    let feed::Event { position, previous, subject: _, payload } = event;
    let event = pb::ClaimEvent::decode(payload.as_slice()).map_err(Failure::internal)?;
    Ok(pb::ClaimEvent { position, previous_position: previous, snapshot: None, ..event })
}

impl Timeline {
    /// The answer; reasons and payments tell a condition or what the payer decided.
    pub(super) fn into_pb(self, masked: bool) -> pb::GetClaimTimelineResponse {
        let Self { bill, events: Page { items: mut events, next_page_token }, beside } = self;
        if masked {
            for event in &mut events {
                event.reason_codes.clear();
                event.paid_amount.clear();
            }
        }
        let Beside { attempts, said, actions, linked } = beside;
        pb::GetClaimTimelineResponse {
            events,
            next_page_token,
            submissions: attempts.into_iter().map(convert::submission).collect(),
            responses: said.into_iter().map(|said| convert::response(said, masked)).collect(),
            claim_actions: actions.into_iter().map(action::convert::to_pb).collect(),
            links: linked.into_iter().filter_map(|other| convert::link(&bill.claim, other)).collect(),
        }
    }
}

impl Disclosed for Timeline {
    const RESOURCE: &'static str = Claim::RESOURCE;
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        self.bill.disclosed(each);
    }
}
