//! Puts together what a claim says: from the clinical facts to a bill, and from a bill to its snapshot.

mod parts;

use chrono::NaiveDate;
use clinical::billing;
use clinical::coverage::{Coverage, Relationship, Sequence};
use clinical::therapist::LicenseLevel;
use kernel::id::{ClaimId, CoverageId};
use kernel::{Scope, money};
use schema::Json;

pub(crate) use self::parts::control_number;
use self::parts::{
    billing_provider, coverage_facts, line, patient, rendering_provider, session, subscriber, supervisor,
};
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
    let indicator = listed.map(|l| l.payer.filing_indicator.as_str());
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
        coverage: coverage.map(|c| coverage_facts(c, indicator, claim.payer_sequence)),
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
