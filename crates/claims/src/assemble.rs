//! Puts together what a claim says: from the clinical facts to a bill, and from a bill to its snapshot.

use chrono::NaiveDate;
use clinical::billing::{self, TaxIdType};
use clinical::coverage::{Coverage, Relationship, Sequence};
use clinical::patient::{Patient, Sex};
use clinical::therapist::{LicenseLevel, Therapist};
use kernel::id::{ClaimId, CoverageId};
use kernel::{Scope, money};
use schema::Json;

use crate::claim::{Bill, Claim, ClaimLine, PayerSequence};
use crate::lifecycle::{Disposition, PayerState, Status};
use crate::number::ClaimNumber;
use crate::payer::PayerList;
use crate::related::Related;
use crate::repair::repair;
use crate::snapshot::{self, ClaimFacts, ClaimSnapshot};

/// Pointers of a line at most.
const POINTERS_MAX: usize = 4;

/// The first payer's coverage on the day of service; else the one that came closest, so that the rules can say
/// what is wrong with it.
#[must_use]
pub fn primary_coverage(coverages: &[Coverage], on: NaiveDate) -> Option<&Coverage> {
    let primary = || coverages.iter().filter(|c| c.sequence == Sequence::Primary);
    primary().find(|c| c.holds_on(on)).or_else(|| primary().max_by_key(|c| c.effective_from))
}

/// A draft for a session, before anything was judged.
#[must_use]
pub fn draft(scope: &Scope, facts: &billing::Facts, coverage: Option<&Coverage>) -> Bill {
    let session = &facts.session;
    let id = ClaimId::new();
    let diagnoses = session.diagnosis_codes.0.clone();
    let pointers: Vec<i32> = (1..).take(diagnoses.len().min(POINTERS_MAX)).collect();
    let line = |line_number, cpt_code: &str, modifiers: Vec<String>, charge, duration_minutes| ClaimLine {
        practice_id: scope.practice(),
        claim_id: id,
        line_number,
        cpt_code: cpt_code.to_owned(),
        modifiers: Json(modifiers),
        units: 1,
        charge_amount: charge,
        place_of_service: session.place_of_service.clone(),
        diagnosis_pointers: Json(pointers.clone()),
        service_date: session.session_date,
        duration_minutes,
    };
    let main =
        line(1, &session.cpt_code, session.modifiers.0.clone(), session.fee.clone(), Some(session.duration_minutes));
    let add_ons = session
        .add_ons
        .0
        .iter()
        .zip(2..)
        .map(|(add_on, n)| line(n, &add_on.cpt_code, Vec::new(), add_on.fee.clone(), None));
    let lines: Vec<ClaimLine> = std::iter::once(main).chain(add_ons).collect();
    let now = scope.now();
    let claim = Claim {
        practice_id: scope.practice(),
        id,
        claim_number: ClaimNumber::random().to_string(),
        session_id: session.id,
        patient_id: session.patient_id,
        therapist_id: session.therapist_id,
        coverage_id: coverage.map(|c| c.id),
        payer_id: coverage.map(|c| c.payer_id.clone()),
        payer_sequence: coverage.map_or(PayerSequence::Primary, |c| sequence(c.sequence)),
        status: Status::Draft,
        payer_state: PayerState::None,
        payer_state_at: None,
        was_transmitted: false,
        standing_status: None,
        standing_payer_state: None,
        disposition: Disposition::Active,
        frequency: "1".to_owned(),
        service_date: session.session_date,
        diagnosis_codes: Json(diagnoses),
        prior_authorization: session.prior_authorization.clone(),
        charge_amount: total(&lines),
        copay_amount: session.copay.clone(),
        paid_amount: money::zero(),
        adjusted_amount: money::zero(),
        patient_responsibility_amount: money::zero(),
        payer_claim_number: None,
        replaces_claim_id: None,
        replaced_by_claim_id: None,
        prior_claim_id: None,
        is_forwarded: false,
        filing_deadline: None,
        delay_reason_code: None,
        validation_errors: Json(Vec::new()),
        acknowledged_warnings: Json(Vec::new()),
        rule_set_version: None,
        snapshot: None,
        attempt: 0,
        submitted_at: None,
        adjudicated_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    Bill { claim, lines }
}

/// A draft that bills what another claim bills, as a claim of its own: nothing of what happened to the other one is on it.
#[must_use]
pub fn successor(scope: &Scope, of: &Bill) -> Bill {
    let id = ClaimId::new();
    let now = scope.now();
    let claim = Claim {
        id,
        claim_number: ClaimNumber::random().to_string(),
        status: Status::Draft,
        payer_state: PayerState::None,
        payer_state_at: None,
        was_transmitted: false,
        standing_status: None,
        standing_payer_state: None,
        disposition: Disposition::Active,
        frequency: "1".to_owned(),
        paid_amount: money::zero(),
        adjusted_amount: money::zero(),
        patient_responsibility_amount: money::zero(),
        payer_claim_number: None,
        replaces_claim_id: None,
        replaced_by_claim_id: None,
        is_forwarded: false,
        filing_deadline: None,
        delay_reason_code: None,
        validation_errors: Json(Vec::new()),
        acknowledged_warnings: Json(Vec::new()),
        rule_set_version: None,
        snapshot: None,
        attempt: 0,
        submitted_at: None,
        adjudicated_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
        ..of.claim.clone()
    };
    let lines = of.lines.iter().map(|line| ClaimLine { claim_id: id, ..line.clone() }).collect();
    Bill { claim, lines }
}

/// What the lines charge together.
#[must_use]
pub fn total(lines: &[ClaimLine]) -> bigdecimal::BigDecimal {
    money::cents(&lines.iter().map(|line| &line.charge_amount).sum())
}

pub(crate) const fn sequence(sequence: Sequence) -> PayerSequence {
    match sequence {
        Sequence::Primary => PayerSequence::Primary,
        Sequence::Secondary => PayerSequence::Secondary,
        Sequence::Tertiary => PayerSequence::Tertiary,
    }
}

/// The claim as it would leave now.
#[must_use]
pub fn snapshot(facts: &billing::Facts, bill: &Bill, related: &Related, payers: &PayerList) -> ClaimSnapshot {
    let Bill { claim, lines } = bill;
    let coverage = facts.coverages.iter().find(|c| Some(c.id) == claim.coverage_id);
    let listed = coverage.and_then(|c| payers.get(&c.payer_id));
    let network = coverage.and_then(|c| facts.network_statuses.iter().find(|n| n.payer_id == c.payer_id));
    let mut snapshot = ClaimSnapshot {
        format: snapshot::FORMAT,
        claim: ClaimFacts {
            claim_id: claim.id,
            claim_number: claim.claim_number.clone(),
            frequency: claim.frequency.clone(),
            original_payer_claim_number: related.original_payer_claim_number().to_owned(),
            payer_sequence: claim.payer_sequence.x12().to_owned(),
            service_date: claim.service_date,
            diagnosis_codes: claim.diagnosis_codes.0.clone(),
            prior_authorization: claim.prior_authorization.clone().unwrap_or_default(),
            charge_amount: claim.charge_amount.clone(),
            copay_amount: claim.copay_amount.clone(),
            delay_reason: claim.delay_reason_code.clone().unwrap_or_default(),
            note: String::new(),
        },
        billing_provider: billing_provider(&facts.practice),
        rendering_provider: rendering_provider(&facts.therapist),
        supervising_provider: facts
            .supervisor
            .as_ref()
            .filter(|_| facts.therapist.license_level == LicenseLevel::Supervised)
            .map(supervisor),
        patient_id: facts.patient.id,
        patient: patient(&facts.patient),
        coverage: coverage.map(|c| coverage_facts(c, listed.map(|l| l.payer.filing_indicator.as_str()))),
        subscriber: coverage.filter(|c| c.relationship != Relationship::OneSelf).map(subscriber),
        payer: listed.map(|l| snapshot::Payer {
            payer_id: l.payer.id.clone(),
            name: l.payer.name.clone(),
            valid_from: Some(l.payer.valid_from),
            valid_to: l.payer.valid_to,
        }),
        network_status: network.map(|n| n.status.to_string()).unwrap_or_default(),
        session: session(&facts.session),
        lines: lines.iter().map(|l| line(claim, l)).collect(),
        prior_payers: related.prior_payers.clone(),
        filing_deadline: None,
        rule_set_version: String::new(),
        repairs: Vec::new(),
    };
    repair(&mut snapshot);
    snapshot
}

/// The coverage that a claim bills, when it is one of the patient's.
#[must_use]
pub fn coverage_of(facts: &billing::Facts, id: CoverageId) -> Option<&Coverage> {
    facts.coverages.iter().find(|c| c.id == id)
}

fn line(claim: &Claim, line: &ClaimLine) -> snapshot::Line {
    snapshot::Line {
        line_number: line.line_number,
        // unique beyond the claim, so that a payer's answer names the line by itself
        control_number: format!("{}{:02}", claim.claim_number, line.line_number),
        cpt_code: line.cpt_code.clone(),
        modifiers: line.modifiers.0.clone(),
        units: line.units,
        charge_amount: line.charge_amount.clone(),
        place_of_service: line.place_of_service.clone(),
        diagnosis_pointers: line.diagnosis_pointers.0.clone(),
        service_date: line.service_date,
        duration_minutes: line.duration_minutes,
    }
}

fn session(session: &clinical::session::Session) -> snapshot::Session {
    snapshot::Session {
        session_id: session.id,
        status: session.status.to_string(),
        cpt_code: session.cpt_code.clone(),
        duration_minutes: Some(session.duration_minutes),
        fee: session.fee.clone(),
        copay: session.copay.clone(),
        place_of_service: session.place_of_service.clone(),
        modality: session.modality.to_string(),
        patient_state: session.patient_state.clone().unwrap_or_default(),
        disclosure_restricted: session.disclosure_restricted,
        part2: session.part2,
        self_pay: session.self_pay,
    }
}

fn billing_provider(practice: &billing::Practice) -> snapshot::BillingProvider {
    let pay_to = practice.pay_to_address_line1.as_ref().map(|line1| snapshot::Address {
        line1: line1.clone(),
        line2: practice.pay_to_address_line2.clone().unwrap_or_default(),
        city: practice.pay_to_city.clone().unwrap_or_default(),
        state: practice.pay_to_state.clone().unwrap_or_default(),
        zip_code: practice.pay_to_zip_code.clone().unwrap_or_default(),
    });
    snapshot::BillingProvider {
        practice_id: practice.id,
        name: practice.name.clone(),
        npi: practice.npi.clone(),
        tax_id: practice.tax_id.clone(),
        tax_id_type: match practice.tax_id_type {
            TaxIdType::Ein => "EI",
            TaxIdType::Ssn => "SY",
        }
        .to_owned(),
        taxonomy: practice.taxonomy.clone().unwrap_or_default(),
        address: snapshot::Address {
            line1: practice.address_line1.clone(),
            line2: practice.address_line2.clone().unwrap_or_default(),
            city: practice.city.clone(),
            state: practice.state.clone(),
            zip_code: practice.zip_code.clone(),
        },
        pay_to_address: pay_to,
        contact_name: practice.contact_name.clone().unwrap_or_default(),
        phone: practice.phone.clone().unwrap_or_default(),
        part2_program: practice.part2_program,
    }
}

fn rendering_provider(therapist: &Therapist) -> snapshot::RenderingProvider {
    snapshot::RenderingProvider {
        therapist_id: therapist.id,
        first_name: therapist.first_name.clone(),
        last_name: therapist.last_name.clone(),
        npi: therapist.npi.clone().unwrap_or_default(),
        taxonomy: therapist.taxonomy.clone().unwrap_or_default(),
        license_number: therapist.license_number.clone().unwrap_or_default(),
        license_level: therapist.license_level.to_string(),
        license_state: therapist.license_state.clone().unwrap_or_default(),
        is_active: therapist.is_active,
        employed_from: therapist.employed_from,
        employed_to: therapist.employed_to,
    }
}

fn supervisor(therapist: &Therapist) -> snapshot::SupervisingProvider {
    snapshot::SupervisingProvider {
        therapist_id: therapist.id,
        first_name: therapist.first_name.clone(),
        last_name: therapist.last_name.clone(),
        npi: therapist.npi.clone().unwrap_or_default(),
        taxonomy: therapist.taxonomy.clone().unwrap_or_default(),
    }
}

const fn sex(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "F",
        Sex::Male => "M",
        Sex::Unknown => "U",
    }
}

fn patient(patient: &Patient) -> snapshot::Person {
    snapshot::Person {
        first_name: patient.first_name.clone(),
        last_name: patient.last_name.clone(),
        birth_date: Some(patient.date_of_birth),
        sex: sex(patient.sex).to_owned(),
        address: snapshot::Address {
            line1: patient.address_line1.clone().unwrap_or_default(),
            line2: patient.address_line2.clone().unwrap_or_default(),
            city: patient.city.clone().unwrap_or_default(),
            state: patient.state.clone().unwrap_or_default(),
            zip_code: patient.zip_code.clone().unwrap_or_default(),
        },
    }
}

fn subscriber(coverage: &Coverage) -> snapshot::Person {
    snapshot::Person {
        first_name: coverage.subscriber_first_name.clone().unwrap_or_default(),
        last_name: coverage.subscriber_last_name.clone().unwrap_or_default(),
        birth_date: coverage.subscriber_date_of_birth,
        sex: coverage.subscriber_sex.map(sex).unwrap_or_default().to_owned(),
        address: snapshot::Address {
            line1: coverage.subscriber_address_line1.clone().unwrap_or_default(),
            line2: coverage.subscriber_address_line2.clone().unwrap_or_default(),
            city: coverage.subscriber_city.clone().unwrap_or_default(),
            state: coverage.subscriber_state.clone().unwrap_or_default(),
            zip_code: coverage.subscriber_zip_code.clone().unwrap_or_default(),
        },
    }
}

fn coverage_facts(coverage: &Coverage, payer_indicator: Option<&str>) -> snapshot::Coverage {
    let yes = |is: bool, code: &str| if is { code.to_owned() } else { String::new() };
    snapshot::Coverage {
        coverage_id: coverage.id,
        payer_id: coverage.payer_id.clone(),
        member_id: coverage.member_id.clone().unwrap_or_default(),
        group_number: coverage.group_number.clone().unwrap_or_default(),
        relationship: relationship(coverage.relationship).to_owned(),
        sequence: sequence(coverage.sequence).x12().to_owned(),
        filing_indicator: coverage.filing_indicator.as_deref().or(payer_indicator).unwrap_or_default().to_owned(),
        effective_from: Some(coverage.effective_from),
        effective_to: coverage.effective_to,
        assignment: "A".to_owned(),
        benefits_assigned: if coverage.assignment_of_benefits { "Y" } else { "N" }.to_owned(),
        release: yes(coverage.release_of_information, "Y"),
    }
}

/// X12 individual relationship code.
const fn relationship(relationship: Relationship) -> &'static str {
    match relationship {
        Relationship::OneSelf => "18",
        Relationship::Spouse => "01",
        Relationship::Child => "19",
        Relationship::Employee => "20",
        Relationship::Unknown => "21",
        Relationship::OrganDonor => "39",
        Relationship::CadaverDonor => "40",
        Relationship::LifePartner => "53",
        Relationship::Other => "G8",
    }
}
