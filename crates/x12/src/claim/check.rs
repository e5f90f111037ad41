//! What no claim file can hold: lengths, required values, counts and sums.
//!
//! Not whether a payer will take the claim: that is for the rules above this crate. Fields are named by their path in
//! the claim's JSON form, and values never are.

use std::fmt::Display;

use self::field::{dollars, id, length, npi, optional_id, optional_text, pattern, text};
pub(super) use self::field::{is_diagnosis, is_modifier, is_procedure, is_zip_code};
use super::code::Frequency;
use super::{BatchHeader, Claim, Line};
use crate::amount::Cents;
use crate::violation::{Refused, Violations};

mod field;
mod other_payer;
mod party;

const DIAGNOSES: std::ops::RangeInclusive<usize> = 1..=12;
const LINES: std::ops::RangeInclusive<usize> = 1..=50;
const POINTERS: std::ops::RangeInclusive<usize> = 1..=4;
const MODIFIERS_MAX: usize = 4;
const OTHER_PAYERS_MAX: usize = 10;

/// What BHT and the loops 1000A and 1000B can't hold.
///
/// # Errors
/// Names the fields.
pub fn header(header: &BatchHeader) -> Result<(), Refused> {
    let mut found = Violations::default();
    id(&mut found, &"reference", &header.reference, &length!(1..=26));
    text(&mut found, &"submitter.name", &header.submitter.name, &length!(60));
    id(&mut found, &"submitter.id", &header.submitter.id, &length!(2..=80));
    optional_text(&mut found, &"submitter.contact_name", &header.submitter.contact_name, &length!(60));
    pattern(&mut found, &"submitter.phone", &header.submitter.phone, field::is_phone, "must be ten digits");
    text(&mut found, &"receiver.name", &header.receiver.name, &length!(60));
    id(&mut found, &"receiver.id", &header.receiver.id, &length!(2..=80));
    field::year(&mut found, &"created_at", header.created_at.date());
    found.into_result()
}

/// What a claim can't be written with.
///
/// # Errors
/// Names the fields.
pub fn claim(claim: &Claim) -> Result<(), Refused> {
    let mut found = Violations::default();
    let out = &mut found;
    party::billing_provider(out, &claim.billing_provider);
    party::subscriber(out, &claim.subscriber, claim.patient.is_none());
    party::payer(out, &claim.payer);
    if let Some(patient) = &claim.patient {
        party::patient(out, patient);
    }
    claim_information(out, claim);
    diagnoses(out, &claim.diagnoses);
    providers(out, claim);
    out.require(claim.other_payers.len() <= OTHER_PAYERS_MAX, &"other_payers", "must be at most 10");
    for (n, payer) in claim.other_payers.iter().enumerate() {
        other_payer::payer(out, &format_args!("other_payers[{n}]"), claim, payer);
    }
    out.require(LINES.contains(&claim.lines.len()), &"lines", "must be 1 to 50");
    for (n, line) in claim.lines.iter().enumerate() {
        service(out, &format_args!("lines[{n}]"), claim, line);
        let twice = !line.control_number.is_empty()
            && claim.lines.iter().take(n).any(|other| other.control_number == line.control_number);
        out.require(!twice, &format_args!("lines[{n}].control_number"), "must differ from those of the other lines");
    }
    let sum: Cents = claim.lines.iter().map(|line| line.charge).sum();
    out.require(claim.total == sum, &"total", "must be what the lines charge together");
    found.into_result()
}

fn claim_information(out: &mut Violations, claim: &Claim) {
    id(out, &"number", &claim.number, &length!(1..=20));
    dollars(out, &"total", claim.total);
    pattern(out, &"place_of_service", &claim.place_of_service, field::is_place, "must be two digits");
    dollars(out, &"patient_paid", claim.patient_paid);
    optional_id(out, &"prior_authorization", &claim.prior_authorization, &length!(1..=50));
    optional_id(out, &"payer_claim_number", &claim.payer_claim_number, &length!(1..=50));
    optional_id(out, &"trace", &claim.trace, &length!(1..=50));
    let delays = ["", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "15"];
    out.require(delays.contains(&claim.delay_reason.as_str()), &"delay_reason", "must be 1 to 11 or 15");
    let original = claim.frequency == Frequency::Original;
    let problem =
        if original { "must be left out of a first claim" } else { "must be given when a claim is replaced or voided" };
    out.require(original == claim.payer_claim_number.is_empty(), &"payer_claim_number", problem);
}

fn diagnoses(out: &mut Violations, codes: &[String]) {
    out.require(DIAGNOSES.contains(&codes.len()), &"diagnoses", "must be 1 to 12");
    for (n, code) in codes.iter().enumerate() {
        let path = format_args!("diagnoses[{n}]");
        pattern(out, &path, code, is_diagnosis, "must be an ICD-10-CM code without a dot");
        out.require(!codes.iter().take(n).any(|other| other == code), &path, "must be told once");
    }
}

fn providers(out: &mut Violations, claim: &Claim) {
    if let Some(provider) = &claim.rendering_provider {
        text(out, &"rendering_provider.last_name", &provider.last_name, &length!(60));
        optional_text(out, &"rendering_provider.first_name", &provider.first_name, &length!(35));
        npi(out, &"rendering_provider.npi", &provider.npi);
        field::taxonomy(out, &"rendering_provider.taxonomy", &provider.taxonomy);
    }
    if let Some(facility) = &claim.service_facility {
        text(out, &"service_facility.name", &facility.name, &length!(60));
        if !facility.npi.is_empty() {
            npi(out, &"service_facility.npi", &facility.npi);
        }
        party::provider_address(out, &"service_facility.address", &facility.address);
    }
    if let Some(supervisor) = &claim.supervisor {
        text(out, &"supervisor.last_name", &supervisor.last_name, &length!(60));
        optional_text(out, &"supervisor.first_name", &supervisor.first_name, &length!(35));
        npi(out, &"supervisor.npi", &supervisor.npi);
        let rendering = claim.rendering_provider.as_ref().map_or(&claim.billing_provider.npi, |provider| &provider.npi);
        out.require(*rendering != supervisor.npi, &"supervisor.npi", "must not be who rendered the services");
    }
}

fn service(out: &mut Violations, path: &dyn Display, claim: &Claim, line: &Line) {
    optional_id(out, &format_args!("{path}.control_number"), &line.control_number, &length!(1..=30));
    procedure(out, path, &line.procedure, &line.modifiers);
    dollars(out, &format_args!("{path}.charge"), line.charge);
    out.require((1..=9_999).contains(&line.units), &format_args!("{path}.units"), "must be between 1 and 9999");
    if !line.place_of_service.is_empty() {
        let place = format_args!("{path}.place_of_service");
        pattern(out, &place, &line.place_of_service, field::is_place, "must be two digits");
    }
    let (pointers, known) = (format_args!("{path}.diagnosis_pointers"), claim.diagnoses.len());
    let given = &line.diagnosis_pointers;
    out.require(POINTERS.contains(&given.len()), &pointers, "must be 1 to 4");
    let pointing = given.iter().all(|&pointer| (1..=known).contains(&usize::from(pointer)));
    out.require(pointing, &pointers, "must point to diagnoses of the claim");
    let repeated = given.iter().enumerate().any(|(n, pointer)| given.iter().take(n).any(|other| other == pointer));
    out.require(!repeated, &pointers, "must point to each diagnosis once");
    field::year(out, &format_args!("{path}.service_date"), line.service_date);
    if let Some(last) = line.service_date_to {
        let to = format_args!("{path}.service_date_to");
        field::year(out, &to, last);
        out.require(line.service_date <= last, &to, "must not be before service_date");
    }
    out.require(line.decisions.len() <= 15, &format_args!("{path}.decisions"), "must be at most 15");
    for (n, decision) in line.decisions.iter().enumerate() {
        other_payer::decision(out, &format_args!("{path}.decisions[{n}]"), claim, line, decision);
    }
}

/// SV101 and SVD03: a procedure code and its modifiers.
fn procedure(out: &mut Violations, path: &dyn Display, code: &str, modifiers: &[String]) {
    let field = format_args!("{path}.procedure");
    pattern(out, &field, code, is_procedure, "must be five capital letters or digits");
    out.require(modifiers.len() <= MODIFIERS_MAX, &format_args!("{path}.modifiers"), "must be at most 4");
    for (n, modifier) in modifiers.iter().enumerate() {
        let field = format_args!("{path}.modifiers[{n}]");
        pattern(out, &field, modifier, is_modifier, "must be two capital letters or digits");
    }
}
