//! What a snapshot says of each person, provider, coverage, session and line.

use clinical::billing::{self, TaxIdType};
use clinical::coverage::{Coverage, MedicareSecondaryReason, Relationship};
use clinical::patient::{Patient, Sex};
use clinical::therapist::Therapist;

use super::sequence;
use crate::claim::{Claim, ClaimLine, PayerSequence};
use crate::snapshot;

/// REF*6R: unique beyond the claim, so that a payer's answer names the line by itself.
pub(crate) fn control_number(claim_number: &str, line_number: i32) -> String {
    format!("{claim_number}{line_number:02}")
}

pub(super) fn line(claim: &Claim, line: &ClaimLine) -> snapshot::Line {
    snapshot::Line {
        line_number: line.line_number,
        control_number: control_number(&claim.claim_number, line.line_number),
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

pub(super) fn session(session: &clinical::session::Session) -> snapshot::Session {
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

pub(super) fn billing_provider(practice: &billing::Practice) -> snapshot::BillingProvider {
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

pub(super) fn rendering_provider(therapist: &Therapist) -> snapshot::RenderingProvider {
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

pub(super) fn supervisor(therapist: &Therapist) -> snapshot::SupervisingProvider {
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

pub(super) fn patient(patient: &Patient) -> snapshot::Person {
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

pub(super) fn subscriber(coverage: &Coverage) -> snapshot::Person {
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

/// `turn` is the claim's: a coverage may have moved to another one since.
pub(super) fn coverage_facts(
    coverage: &Coverage,
    payer_indicator: Option<&str>,
    turn: PayerSequence,
) -> snapshot::Coverage {
    let yes = |is: bool, code: &str| if is { code.to_owned() } else { String::new() };
    let mut facts = snapshot::Coverage {
        coverage_id: coverage.id,
        payer_id: coverage.payer_id.clone(),
        member_id: coverage.member_id.clone().unwrap_or_default(),
        group_number: coverage.group_number.clone().unwrap_or_default(),
        relationship: relationship(coverage.relationship).to_owned(),
        sequence: sequence(coverage.sequence).x12().to_owned(),
        filing_indicator: coverage.filing_indicator.as_deref().or(payer_indicator).unwrap_or_default().to_owned(),
        insurance_type: String::new(),
        effective_from: Some(coverage.effective_from),
        effective_to: coverage.effective_to,
        assignment: "A".to_owned(),
        benefits_assigned: if coverage.assignment_of_benefits { "Y" } else { "N" }.to_owned(),
        release: yes(coverage.release_of_information, "Y"),
    };
    if let Some(reason) = coverage.medicare_secondary_reason.filter(|_| facts.is_later_medicare(turn.x12())) {
        insurance_type(reason).clone_into(&mut facts.insurance_type);
    }
    facts
}

/// X12 insurance type code.
const fn insurance_type(reason: MedicareSecondaryReason) -> &'static str {
    match reason {
        MedicareSecondaryReason::WorkingAged => "12",
        MedicareSecondaryReason::EndStageRenalDisease => "13",
        MedicareSecondaryReason::NoFault => "14",
        MedicareSecondaryReason::WorkersCompensation => "15",
        MedicareSecondaryReason::PublicHealthService => "16",
        MedicareSecondaryReason::BlackLung => "41",
        MedicareSecondaryReason::Veterans => "42",
        MedicareSecondaryReason::Disabled => "43",
        MedicareSecondaryReason::OtherLiability => "47",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::convert::medicare_secondary_reason;

    #[test]
    fn every_reason_for_medicare_to_come_later_has_its_code_and_is_known_by_it() {
        let all = MedicareSecondaryReason::ALL;
        let codes: Vec<_> = all.iter().map(|reason| insurance_type(*reason)).collect();
        assert_eq!(codes, ["12", "13", "14", "15", "16", "41", "42", "43", "47"]);
        for (reason, code) in all.iter().zip(codes) {
            let name = format!("MEDICARE_SECONDARY_REASON_{}", reason.as_str().to_uppercase());
            assert_eq!(medicare_secondary_reason(code).as_str_name(), name);
        }
    }
}
