//! What was submitted, as adapters get it.

use chrono::NaiveDate;
use kernel::clock::parts;
use kernel::money;
use therapy_claims::claims::v1 as pb;
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;

use self::provider::{billing, rendering, supervising};
use super::{Address, ClaimFacts, ClaimSnapshot, Coverage, Line, Payer, Person, Session};
use crate::claim::convert::frequency_to_pb;
use crate::submission::Submission;

mod provider;

/// The relationship code of a subscriber's own coverage.
const SELF: &str = "18";

/// The snapshot of a submission.
#[must_use]
pub fn to_pb(submission: Submission) -> pb::ClaimSnapshot {
    let ClaimSnapshot {
        format: _,
        claim,
        billing_provider,
        rendering_provider,
        supervising_provider,
        patient_id,
        patient,
        coverage,
        subscriber,
        payer,
        network_status: _,
        session,
        lines,
        // of earlier payers' decisions only the claim file of a later payer tells
        prior_payers: _,
        filing_deadline,
        rule_set_version,
        // the values tell the form that is sent
        repairs: _,
    } = submission.snapshot.0;
    let ClaimFacts {
        claim_id,
        claim_number,
        frequency,
        original_payer_claim_number,
        payer_sequence: _,
        service_date,
        diagnosis_codes,
        prior_authorization,
        charge_amount,
        copay_amount,
        delay_reason,
        note: _,
    } = claim;
    let patient = person(patient);
    let is_self = coverage.as_ref().is_none_or(|c| c.relationship == SELF);
    pb::ClaimSnapshot {
        claim_id: claim_id.to_string(),
        claim_number,
        submission_id: submission.id.to_string(),
        attempt: submission.attempt,
        frequency: frequency_to_pb(&frequency).into(),
        original_payer_claim_number,
        part2: session.part2 || billing_provider.part2_program,
        billing_provider: Some(billing(billing_provider)),
        rendering_provider: Some(rendering(rendering_provider)),
        supervising_provider: supervising_provider.map(supervising),
        payer: payer.map(|Payer { payer_id, name, valid_from: _, valid_to: _ }| pb::SnapshotPayer { payer_id, name }),
        coverage: coverage.map(coverage_to_pb),
        subscriber: subscriber.map(person).or_else(|| is_self.then(|| patient.clone())),
        patient: Some(patient),
        patient_id: patient_id.to_string(),
        session_id: session.session_id.to_string(),
        service_date: day(Some(service_date)),
        place_of_service: session.place_of_service.clone(),
        modality: modality(&session).into(),
        patient_state: session.patient_state,
        charge_amount: money::text(&charge_amount),
        patient_paid_amount: money::text(&copay_amount),
        // of snapshots from before repairs, some have points
        diagnosis_codes: diagnosis_codes.into_iter().map(|code| code.replace('.', "")).collect(),
        lines: lines.into_iter().map(line).collect(),
        prior_authorization,
        filing_deadline: day(filing_deadline),
        delay_reason,
        rule_set_version,
        snapshot_hash: hex(&submission.snapshot_hash),
    }
}

/// Lower-case hexadecimal, as hashes travel.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // writing to a string does not fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn day(date: Option<NaiveDate>) -> Option<therapy_claims::google::r#type::Date> {
    date.map(|date| parts(date).into())
}

fn address(Address { line1, line2, city, state, zip_code }: Address) -> common::Address {
    common::Address { line1, line2, city, state, zip_code }
}

fn person(Person { first_name, last_name, birth_date, sex, address: home }: Person) -> common::Person {
    let sex = match sex.as_str() {
        "F" => common::Sex::Female,
        "M" => common::Sex::Male,
        "U" => common::Sex::Unknown,
        _ => common::Sex::Unspecified,
    };
    common::Person { first_name, last_name, birth_date: day(birth_date), sex: sex.into(), address: Some(address(home)) }
}

fn coverage_to_pb(coverage: Coverage) -> pb::SnapshotCoverage {
    let Coverage {
        coverage_id,
        payer_id: _,
        member_id,
        group_number,
        relationship,
        sequence,
        filing_indicator,
        insurance_type,
        effective_from: _,
        effective_to: _,
        assignment,
        benefits_assigned,
        release,
    } = coverage;
    let relationship = match relationship.as_str() {
        SELF => clinical::Relationship::Self_,
        "01" => clinical::Relationship::Spouse,
        "19" => clinical::Relationship::Child,
        "20" => clinical::Relationship::Employee,
        "21" => clinical::Relationship::Unknown,
        "39" => clinical::Relationship::OrganDonor,
        "40" => clinical::Relationship::CadaverDonor,
        "53" => clinical::Relationship::LifePartner,
        "G8" => clinical::Relationship::Other,
        _ => clinical::Relationship::Unspecified,
    };
    let sequence = match sequence.as_str() {
        "P" => clinical::PayerSequence::Primary,
        "S" => clinical::PayerSequence::Secondary,
        "T" => clinical::PayerSequence::Tertiary,
        _ => clinical::PayerSequence::Unspecified,
    };
    pb::SnapshotCoverage {
        coverage_id: coverage_id.to_string(),
        member_id,
        group_number,
        relationship: relationship.into(),
        sequence: sequence.into(),
        filing_indicator,
        assignment,
        benefits_assigned,
        release,
        medicare_secondary_reason: medicare_secondary_reason(&insurance_type).into(),
    }
}

/// What a code of SBR05 says.
pub(crate) fn medicare_secondary_reason(insurance_type: &str) -> clinical::MedicareSecondaryReason {
    match insurance_type {
        "12" => clinical::MedicareSecondaryReason::WorkingAged,
        "13" => clinical::MedicareSecondaryReason::EndStageRenalDisease,
        "14" => clinical::MedicareSecondaryReason::NoFault,
        "15" => clinical::MedicareSecondaryReason::WorkersCompensation,
        "16" => clinical::MedicareSecondaryReason::PublicHealthService,
        "41" => clinical::MedicareSecondaryReason::BlackLung,
        "42" => clinical::MedicareSecondaryReason::Veterans,
        "43" => clinical::MedicareSecondaryReason::Disabled,
        "47" => clinical::MedicareSecondaryReason::OtherLiability,
        _ => clinical::MedicareSecondaryReason::Unspecified,
    }
}

fn modality(session: &Session) -> clinical::Modality {
    match session.modality.as_str() {
        "in_person" => clinical::Modality::InPerson,
        "video" => clinical::Modality::Video,
        "audio" => clinical::Modality::Audio,
        _ => clinical::Modality::Unspecified,
    }
}

fn line(line: Line) -> pb::SnapshotLine {
    let Line {
        line_number,
        control_number,
        cpt_code,
        modifiers,
        units,
        charge_amount,
        place_of_service,
        diagnosis_pointers,
        service_date,
        duration_minutes: _,
    } = line;
    pb::SnapshotLine {
        line_number,
        cpt_code,
        modifiers,
        units,
        charge_amount: money::text(&charge_amount),
        place_of_service,
        diagnosis_pointers,
        control_number,
        service_date: day(Some(service_date)),
    }
}
