//! The segments of a claim itself: loops 2300, 2310 and 2400.

use super::{other_payer, party};
use crate::claim::{Claim, Line};
use crate::interchange::InterchangeWriter;

pub(super) fn write(file: &mut InterchangeWriter, claim: &Claim) {
    claim_information(file, claim);
    diagnoses(file, claim);
    providers(file, claim);
    for payer in &claim.other_payers {
        other_payer::write(file, payer);
    }
    for (number, line) in (1_u32..).zip(&claim.lines) {
        service(file, claim, line, number);
    }
}

fn claim_information(file: &mut InterchangeWriter, claim: &Claim) {
    file.segment("CLM")
        .text(&claim.number)
        .amount(claim.total)
        .empty(2)
        .text(&claim.place_of_service)
        .part("B")
        .part(claim.frequency.as_str())
        .text(if claim.signature_on_file { "Y" } else { "N" })
        .text(claim.assignment.as_str())
        .text(claim.benefits_assigned.as_str())
        .text(claim.release.as_str())
        .empty(10)
        .text(&claim.delay_reason);
    if !claim.patient_paid.is_zero() {
        file.segment("AMT").text("F5").amount(claim.patient_paid);
    }
    reference(file, "G1", &claim.prior_authorization);
    reference(file, "F8", &claim.payer_claim_number);
    reference(file, "D9", &claim.trace);
}

fn diagnoses(file: &mut InterchangeWriter, claim: &Claim) {
    let mut segment = file.segment("HI");
    for (place, code) in claim.diagnoses.iter().enumerate() {
        segment.text(if place == 0 { "ABK" } else { "ABF" }).part(code);
    }
}

fn providers(file: &mut InterchangeWriter, claim: &Claim) {
    if let Some(provider) = &claim.rendering_provider
        && provider.npi != claim.billing_provider.npi
    {
        person(file, "82", &provider.last_name, &provider.first_name, &provider.npi);
        if !provider.taxonomy.is_empty() {
            file.segment("PRV").text("PE").text("PXC").text(&provider.taxonomy);
        }
    }
    if let Some(facility) = &claim.service_facility {
        let mut name = file.segment("NM1");
        name.text("77").text("2").text(&facility.name);
        if !facility.npi.is_empty() {
            name.empty(4).text("XX").text(&facility.npi);
        }
        drop(name);
        party::address(file, &facility.address);
    }
    if let Some(supervisor) = &claim.supervisor {
        person(file, "DQ", &supervisor.last_name, &supervisor.first_name, &supervisor.npi);
    }
}

fn service(file: &mut InterchangeWriter, claim: &Claim, line: &Line, number: u32) {
    file.segment("LX").number(number);
    let mut segment = file.segment("SV1");
    segment.text("HC").part(&line.procedure);
    for modifier in &line.modifiers {
        segment.part(modifier);
    }
    let place = if line.place_of_service == claim.place_of_service { "" } else { &line.place_of_service };
    segment.amount(line.charge).text("UN").number(line.units).text(place).empty(1);
    for (index, &pointer) in line.diagnosis_pointers.iter().enumerate() {
        if index == 0 {
            segment.number(pointer);
        } else {
            segment.number_part(pointer);
        }
    }
    drop(segment);
    if let Some(last) = line.service_date_to {
        file.segment("DTP").text("472").text("RD8").dates(line.service_date, last);
    } else {
        file.segment("DTP").text("472").text("D8").date(line.service_date);
    }
    reference(file, "6R", &line.control_number);
    for decision in &line.decisions {
        other_payer::line(file, decision);
    }
}

/// REF, where there is something to tell.
pub(super) fn reference(file: &mut InterchangeWriter, qualifier: &str, value: &str) {
    if !value.is_empty() {
        file.segment("REF").text(qualifier).text(value);
    }
}

/// NM1 of a person known by NPI.
fn person(file: &mut InterchangeWriter, role: &str, last: &str, first: &str, npi: &str) {
    file.segment("NM1").text(role).text("1").text(last).text(first).empty(3).text("XX").text(npi);
}
