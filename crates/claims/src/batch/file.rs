//! A claim as the file tells it: from the frozen snapshot, and from nothing else.

use std::sync::Arc;

use x12::amount::Cents;
use x12::claim as wire;
use x12::violation::{Refused, Violation};

use super::TradingPartner;
use crate::amount::cents;
use crate::snapshot::{Address, BillingProvider, ClaimSnapshot, Coverage, Line, Person};

mod other_payer;

/// The relationship code of a subscriber's own coverage.
pub(super) const SELF: &str = "18";
/// A line's place of service stands in the claim unless it differs.
const SAME_PLACE: &str = "";

/// The claim of a submission. `attempt` goes out in its trace, so that an answer tells which attempt it is about.
///
/// # Errors
/// Names the values that are no code of the file's. What else no file can hold, the writer finds.
pub fn claim(snapshot: &ClaimSnapshot, attempt: i32) -> Result<wire::Claim, Refused> {
    let mut codes = Codes::default();
    let facts = &snapshot.claim;
    let coverage = snapshot.coverage.as_ref().ok_or_else(|| refused("subscriber", "is missing"))?;
    let payer = snapshot.payer.as_ref().ok_or_else(|| refused("payer", "is missing"))?;
    let place = snapshot.lines.first().map_or_else(String::new, |line| line.place_of_service.clone());
    let rendering = &snapshot.rendering_provider;
    let claim = wire::Claim {
        number: facts.claim_number.clone(),
        billing_provider: Arc::new(billing_provider(&mut codes, &snapshot.billing_provider)),
        subscriber: subscriber(&mut codes, snapshot, coverage)?,
        payer: wire::Payer { name: payer.name.clone(), id: payer.payer_id.clone(), address: None },
        patient: dependent(&mut codes, snapshot, coverage)?,
        total: amount(&mut codes, "total", &facts.charge_amount),
        frequency: codes.read("frequency", wire::Frequency::from_code(&facts.frequency), wire::Frequency::Original),
        signature_on_file: true,
        assignment: codes.read(
            "assignment",
            wire::Assignment::from_code(&coverage.assignment),
            wire::Assignment::Assigned,
        ),
        benefits_assigned: benefits(&mut codes, "benefits_assigned", &coverage.benefits_assigned),
        release: release(&mut codes, "release", &coverage.release),
        delay_reason: facts.delay_reason.clone(),
        patient_paid: amount(&mut codes, "patient_paid", &facts.copay_amount),
        prior_authorization: facts.prior_authorization.clone(),
        payer_claim_number: facts.original_payer_claim_number.clone(),
        trace: trace(&facts.claim_number, attempt),
        diagnoses: facts.diagnosis_codes.iter().map(|code| code.replace('.', "")).collect(),
        rendering_provider: Some(wire::Provider {
            last_name: rendering.last_name.clone(),
            first_name: rendering.first_name.clone(),
            npi: rendering.npi.clone(),
            taxonomy: rendering.taxonomy.clone(),
        }),
        // services are rendered where the practice is, or where the patient is: neither is told twice
        service_facility: None,
        supervisor: snapshot.supervising_provider.as_ref().map(|supervisor| wire::Supervisor {
            last_name: supervisor.last_name.clone(),
            first_name: supervisor.first_name.clone(),
            npi: supervisor.npi.clone(),
        }),
        other_payers: other_payer::all(&mut codes, snapshot),
        lines: snapshot.lines.iter().map(|line| service(&mut codes, snapshot, line, &place)).collect(),
        place_of_service: place,
    };
    codes.done(claim)
}

/// REF*D9: the claim's number with the attempt.
#[must_use]
pub fn trace(claim_number: &str, attempt: i32) -> String {
    format!("{claim_number}-{attempt}")
}

/// Who sends to whom, under which number. Times are UTC, as are all of ours.
#[must_use]
pub fn interchange(
    partner: &TradingPartner,
    control_number: u32,
    at: chrono::NaiveDateTime,
) -> x12::interchange::Interchange {
    x12::interchange::Interchange {
        sender_qualifier: partner.submitter_qualifier.clone(),
        sender: partner.submitter_id.clone(),
        receiver_qualifier: partner.receiver_qualifier.clone(),
        receiver: partner.receiver_id.clone(),
        control_number,
        created_at: at,
        usage: if partner.is_production { x12::interchange::Usage::Production } else { x12::interchange::Usage::Test },
        requests_acknowledgment: partner.wants_ta1,
    }
}

/// What is told once for all claims of the file.
#[must_use]
pub fn header(partner: &TradingPartner, reference: String, at: chrono::NaiveDateTime) -> wire::BatchHeader {
    wire::BatchHeader {
        reference,
        created_at: at,
        purpose: wire::Purpose::Original,
        submitter: wire::Submitter {
            name: partner.submitter_name.clone(),
            id: partner.submitter_id.clone(),
            contact_name: partner.contact_name.clone(),
            phone: partner.contact_phone.clone(),
        },
        receiver: wire::Receiver { name: partner.receiver_name.clone(), id: partner.receiver_id.clone() },
    }
}

fn billing_provider(codes: &mut Codes, provider: &BillingProvider) -> wire::BillingProvider {
    let tax_id_type = wire::TaxIdType::from_code(&provider.tax_id_type);
    wire::BillingProvider {
        name: provider.name.clone(),
        first_name: String::new(),
        npi: provider.npi.clone(),
        tax_id: provider.tax_id.clone(),
        tax_id_type: codes.read("billing_provider.tax_id_type", tax_id_type, wire::TaxIdType::Employer),
        taxonomy: provider.taxonomy.clone(),
        address: address(&provider.address),
        pay_to: provider.pay_to_address.as_ref().map(address),
        contact_name: provider.contact_name.clone(),
        phone: provider.phone.clone(),
    }
}

fn subscriber(codes: &mut Codes, snapshot: &ClaimSnapshot, coverage: &Coverage) -> Result<wire::Subscriber, Refused> {
    let is_self = coverage.relationship == SELF;
    let person = if is_self { Some(&snapshot.patient) } else { snapshot.subscriber.as_ref() };
    let person = person.ok_or_else(|| refused("subscriber", "is missing"))?;
    let (address, birth_date, sex) = if is_self {
        (Some(address(&person.address)), person.birth_date, Some(sex(codes, "subscriber.sex", person)))
    } else {
        (None, None, None)
    };
    Ok(wire::Subscriber {
        sequence: codes.read(
            "subscriber.sequence",
            wire::Sequence::from_code(&snapshot.claim.payer_sequence),
            wire::Sequence::Primary,
        ),
        group_number: coverage.group_number.clone(),
        group_name: String::new(),
        insurance_type: coverage.insurance_type.clone(),
        filing_indicator: coverage.filing_indicator.clone(),
        name: name(person),
        member_id: coverage.member_id.clone(),
        address,
        birth_date,
        sex,
    })
}

fn dependent(
    codes: &mut Codes,
    snapshot: &ClaimSnapshot,
    coverage: &Coverage,
) -> Result<Option<wire::Patient>, Refused> {
    if coverage.relationship == SELF {
        return Ok(None);
    }
    let person = &snapshot.patient;
    Ok(Some(wire::Patient {
        relationship: coverage.relationship.clone(),
        name: name(person),
        address: address(&person.address),
        birth_date: person.birth_date.ok_or_else(|| refused("patient.birth_date", "is missing"))?,
        sex: sex(codes, "patient.sex", person),
    }))
}

fn service(codes: &mut Codes, snapshot: &ClaimSnapshot, line: &Line, place: &str) -> wire::Line {
    let pointers = line.diagnosis_pointers.iter().map(|pointer| u8::try_from(*pointer).unwrap_or(u8::MAX));
    wire::Line {
        control_number: line.control_number.clone(),
        procedure: line.cpt_code.clone(),
        modifiers: line.modifiers.clone(),
        charge: amount(codes, "lines.charge", &line.charge_amount),
        units: u32::try_from(line.units).unwrap_or(0),
        place_of_service: if line.place_of_service == place { SAME_PLACE } else { &line.place_of_service }.to_owned(),
        diagnosis_pointers: pointers.collect(),
        service_date: line.service_date,
        service_date_to: None,
        decisions: other_payer::decisions(codes, snapshot, line),
    }
}

pub(super) fn address(address: &Address) -> wire::Address {
    let Address { line1, line2, city, state, zip_code } = address.clone();
    wire::Address { line1, line2, city, state, zip_code }
}

pub(super) fn name(person: &Person) -> wire::Name {
    wire::Name { last: person.last_name.clone(), first: person.first_name.clone(), ..wire::Name::default() }
}

fn sex(codes: &mut Codes, field: &str, person: &Person) -> wire::Sex {
    codes.read(field, wire::Sex::from_code(&person.sex), wire::Sex::Unknown)
}

pub(super) fn benefits(codes: &mut Codes, field: &str, code: &str) -> wire::BenefitsAssigned {
    codes.read(field, wire::BenefitsAssigned::from_code(code), wire::BenefitsAssigned::Yes)
}

pub(super) fn release(codes: &mut Codes, field: &str, code: &str) -> wire::Release {
    codes.read(field, wire::Release::from_code(code), wire::Release::Signed)
}

pub(super) fn amount(codes: &mut Codes, field: &str, amount: &bigdecimal::BigDecimal) -> Cents {
    codes.read(field, cents(amount).map(Cents), Cents::ZERO)
}

fn refused(field: &str, problem: &'static str) -> Refused {
    Refused(vec![Violation { field: field.to_owned(), problem }])
}

/// Collects what is no code.
#[derive(Debug, Default)]
pub(super) struct Codes(Vec<Violation>);

impl Codes {
    /// The value, or a stand-in that never leaves.
    pub(super) fn read<T>(&mut self, field: &str, value: Option<T>, stand_in: T) -> T {
        value.unwrap_or_else(|| {
            self.0.push(Violation { field: field.to_owned(), problem: "is none that a claim file has" });
            stand_in
        })
    }

    fn done<T>(self, value: T) -> Result<T, Refused> {
        if self.0.is_empty() { Ok(value) } else { Err(Refused(self.0)) }
    }
}
