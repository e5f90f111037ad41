//! What happened to a claim, as the feed told it.

use futures_util::join;
use kernel::id::ClaimId;
use kernel::phi::Disclosed;
use kernel::{Failure, Page, PageRequest, Phi};
use prost::Message;
use schema::Tx;
use therapy_claims::claims::v1 as pb;
use uuid::Uuid;

use super::{Bill, Claim, store};

/// A page of a claim's events.
pub(super) struct Timeline {
    bill: Bill,
    events: Page<pb::ClaimEvent>,
}

/// The events of a claim in the scope's reach, the oldest first. One flight.
pub(super) async fn read(tx: &Tx<'_>, id: ClaimId, page: &PageRequest) -> Result<Phi<Timeline>, Failure> {
    let after = page.after::<i64>().unwrap_or(0);
    let (bill, events) = join!(store::get(tx, id), feed::subject::events_of(tx, id.uuid(), after, page.limit()));
    let bill = bill?.peek().clone();
    let events = events?.into_iter().map(decoded).collect::<Result<Vec<_>, _>>()?;
    Ok(Phi::new(Timeline { bill, events: page.page(events, |event| event.position) }))
}

fn decoded(event: feed::Event) -> Result<pb::ClaimEvent, Failure> {
    let feed::Event { position, previous, subject: _, payload } = event;
    let event = pb::ClaimEvent::decode(payload.as_slice()).map_err(Failure::internal)?;
    Ok(pb::ClaimEvent { position, previous_position: previous, snapshot: None, ..event })
}

impl Timeline {
    /// The answer; reasons and payments tell a condition or what the payer decided.
    pub(super) fn into_pb(self, masked: bool) -> pb::GetClaimTimelineResponse {
        let Page { items: mut events, next_page_token } = self.events;
        if masked {
            for event in &mut events {
                event.reason_codes.clear();
                event.paid_amount.clear();
            }
        }
        pb::GetClaimTimelineResponse { events, next_page_token }
    }
}

impl Disclosed for Timeline {
    const RESOURCE: &'static str = Claim::RESOURCE;
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        self.bill.disclosed(each);
    }
}
