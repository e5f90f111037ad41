//! The 277CA: whether each claim was taken, and how many of what worth were.

use std::sync::Arc;

use chrono::NaiveDate;
use x12::amount::Cents;
use x12::claim::{BillingProvider, Claim, Name};
use x12::code::Code;
use x12::party::Person;
use x12::quantity::Quantity;
use x12::segment::Position;
use x12::status::{self, Action, Batch, Organization, Provider, Status, StatusCode, Tally, Writer};
use x12::violation::Refused;

use super::answer::{Answer, Envelope, Slot};
use super::course::{Course, Fate, Rejection};
use super::incoming::Set;

/// What is said of one claim.
#[derive(Debug)]
pub(super) struct Said {
    provider: Arc<BillingProvider>,
    patient: Person,
    claim_number: String,
    /// The payer's number, of a claim that it took.
    own_number: Option<String>,
    trace: Option<String>,
    code: Option<StatusCode>,
    action: Action,
    charge: Cents,
    served_from: Option<NaiveDate>,
    served_through: Option<NaiveDate>,
}

impl Said {
    pub(super) fn of(claim: &Claim, own_number: &str, fate: &Fate) -> Self {
        let (code, action) = match fate.course {
            Course::Rejected(Rejection(category, status, entity)) => (code(category, status, entity), Action::Reject),
            Course::Pended | Course::Denied(..) | Course::Shared(_) | Course::Coordinated | Course::Voided => {
                (code("A2", "20", "PR"), Action::Accept)
            }
        };
        let name = claim.patient.as_ref().map_or(&claim.subscriber.name, |patient| &patient.name);
        Self {
            provider: Arc::clone(&claim.billing_provider),
            patient: person(name, Some(&claim.subscriber.member_id)),
            claim_number: claim.number.clone(),
            own_number: (action == Action::Accept).then(|| own_number.to_owned()),
            trace: (!claim.trace.is_empty()).then(|| claim.trace.clone()),
            code,
            action,
            charge: claim.total,
            served_from: claim.lines.iter().map(|line| line.service_date).min(),
            served_through: claim.lines.iter().map(|line| line.service_date_to.unwrap_or(line.service_date)).max(),
        }
    }

    fn status(&self, day: NaiveDate) -> Status {
        Status {
            codes: self.code.into_iter().collect(),
            effective_on: Some(day),
            action: Some(self.action),
            amount: Some(self.charge),
            has_text: false,
        }
    }
}

/// A person as answers name them.
pub(super) fn person(name: &Name, member_id: Option<&str>) -> Person {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Person {
        last_name: text(&name.last),
        first_name: text(&name.first),
        middle_name: text(&name.middle),
        suffix: text(&name.suffix),
        id_qualifier: member_id.and_then(|_| Code::new("MI")),
        id: member_id.map(str::to_owned),
    }
}

/// One 277CA for each transaction set of claims, all in one file; none when there are none.
pub(super) fn write(envelope: &Envelope, slot: Slot, sets: &[(Set, Vec<Said>)]) -> Result<Option<Answer>, Refused> {
    if sets.is_empty() {
        return Ok(None);
    }
    let mut file = envelope.begin(slot)?;
    for (n, (set, said)) in (1_u32..).zip(sets) {
        let mut writer =
            Writer::begin(&mut file, &batch(envelope, format!("{}-{n}", envelope.number(slot)), set, said))?;
        for of_provider in said.chunk_by(|one, next| one.provider.npi == next.provider.npi) {
            writer.provider(&provider(of_provider))?;
            for one in of_provider {
                writer.claim(&claim(one, envelope.now.date()))?;
            }
        }
        writer.end();
    }
    Ok(Some(envelope.end(slot, file)))
}

fn batch(envelope: &Envelope, reference: String, set: &Set, said: &[Said]) -> Batch {
    let today = Some(envelope.now.date());
    let header = set.batch.as_ref();
    let (source, receiver) = match header {
        Some(header) => (
            organization("AY", &header.receiver.name, "46", &header.receiver.id),
            organization("41", &header.submitter.name, "46", &header.submitter.id),
        ),
        None => (None, None),
    };
    Batch {
        position: Position::default(),
        source_trace: Some(reference.clone()),
        reference: Some(reference),
        created_on: today,
        created_at: Some(envelope.now.time()),
        source,
        received_on: Some(envelope.received_on),
        processed_on: today,
        receiver,
        batch_reference: header.map(|header| header.reference.clone()),
        statuses: vec![Status { effective_on: today, ..received(said) }],
        tally: tally(said),
        notes: Vec::new(),
    }
}

fn provider(said: &[Said]) -> Provider {
    let billing = said.first().and_then(|one| organization("85", &one.provider.name, "XX", &one.provider.npi));
    Provider {
        position: Position::default(),
        billing,
        trace: Some("0".to_owned()),
        statuses: vec![received(said)],
        tally: tally(said),
        notes: Vec::new(),
    }
}

fn claim(said: &Said, today: NaiveDate) -> status::Claim {
    status::Claim {
        position: Position::default(),
        patient: Some(said.patient.clone()),
        claim_number: Some(said.claim_number.clone()),
        statuses: vec![said.status(today)],
        payer_claim_number: said.own_number.clone(),
        trace: said.trace.clone(),
        served_from: said.served_from,
        served_through: said.served_through,
        lines: Vec::new(),
        notes: Vec::new(),
    }
}

/// That all of these have come, which says nothing about a single one.
fn received(said: &[Said]) -> Status {
    Status {
        codes: code("A1", "19", "PR").into_iter().collect(),
        effective_on: None,
        action: Some(Action::Accept),
        amount: Some(said.iter().map(|one| one.charge).sum()),
        has_text: false,
    }
}

/// What is none isn't told.
fn tally(said: &[Said]) -> Tally {
    let count = |action: Action| {
        let count = u32::try_from(said.iter().filter(|one| one.action == action).count()).unwrap_or(u32::MAX);
        (count > 0).then(|| Quantity::whole(count))
    };
    let amount = |action: Action| {
        let of_action = said.iter().filter(|one| one.action == action);
        count(action).map(|_| of_action.map(|one| one.charge).sum())
    };
    Tally {
        accepted: count(Action::Accept),
        rejected: count(Action::Reject),
        accepted_amount: amount(Action::Accept),
        rejected_amount: amount(Action::Reject),
    }
}

fn code(category: &str, status: &str, entity: &str) -> Option<StatusCode> {
    Some(StatusCode { category: Code::new(category)?, status: Code::new(status)?, entity: Code::new(entity) })
}

fn organization(role: &str, name: &str, qualifier: &str, id: &str) -> Option<Organization> {
    Some(Organization {
        role: Code::new(role),
        name: Some(name.to_owned()),
        id_qualifier: Code::new(qualifier),
        id: Some(id.to_owned()),
    })
}
