//! Checks of those who take part.

use std::fmt::Display;

use super::field::{self, id, length, npi, optional_id, optional_text, pattern, text};
use crate::claim::{Address, BillingProvider, Name, Patient, Payer, Subscriber};
use crate::violation::Violations;

pub(super) fn billing_provider(out: &mut Violations, provider: &BillingProvider) {
    text(out, &"billing_provider.name", &provider.name, &length!(60));
    optional_text(out, &"billing_provider.first_name", &provider.first_name, &length!(35));
    npi(out, &"billing_provider.npi", &provider.npi);
    pattern(out, &"billing_provider.tax_id", &provider.tax_id, |id| field::is_digits(id, 9), "must be nine digits");
    field::taxonomy(out, &"billing_provider.taxonomy", &provider.taxonomy);
    provider_address(out, &"billing_provider.address", &provider.address);
    if let Some(pay_to) = &provider.pay_to {
        address(out, &"billing_provider.pay_to", pay_to);
    }
    if !provider.phone.is_empty() {
        pattern(out, &"billing_provider.phone", &provider.phone, field::is_phone, "must be ten digits");
    }
    optional_text(out, &"billing_provider.contact_name", &provider.contact_name, &length!(60));
}

pub(super) fn subscriber(out: &mut Violations, subscriber: &Subscriber, is_patient: bool) {
    optional_id(out, &"subscriber.group_number", &subscriber.group_number, &length!(1..=50));
    optional_text(out, &"subscriber.group_name", &subscriber.group_name, &length!(60));
    kind(out, &"subscriber", &subscriber.insurance_type, &subscriber.filing_indicator);
    name(out, &"subscriber.name", &subscriber.name);
    id(out, &"subscriber.member_id", &subscriber.member_id, &length!(2..=80));
    if let Some(place) = &subscriber.address {
        address(out, &"subscriber.address", place);
    }
    if let Some(day) = subscriber.birth_date {
        field::year(out, &"subscriber.birth_date", day);
    }
    if is_patient {
        out.require(subscriber.address.is_some(), &"subscriber.address", "must be given for a patient");
        out.require(subscriber.birth_date.is_some(), &"subscriber.birth_date", "must be given for a patient");
    }
    let together = subscriber.birth_date.is_some() == subscriber.sex.is_some();
    out.require(together, &"subscriber.sex", "must be given with birth_date and not without");
}

/// SBR05 and SBR09.
pub(super) fn kind(out: &mut Violations, path: &dyn Display, insurance_type: &str, filing_indicator: &str) {
    let short = |code: &str, max: usize| code.len() <= max && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    out.require(short(insurance_type, 3), &format_args!("{path}.insurance_type"), "must be a code of the guide");
    out.require(short(filing_indicator, 2), &format_args!("{path}.filing_indicator"), "must be a code of the guide");
}

pub(super) fn payer(out: &mut Violations, payer: &Payer) {
    text(out, &"payer.name", &payer.name, &length!(60));
    id(out, &"payer.id", &payer.id, &length!(2..=80));
    if let Some(place) = &payer.address {
        address(out, &"payer.address", place);
    }
}

pub(super) fn patient(out: &mut Violations, patient: &Patient) {
    relationship(out, &"patient.relationship", &patient.relationship);
    out.require(patient.relationship != "18", &"patient.relationship", "must not be that of the subscriber");
    name(out, &"patient.name", &patient.name);
    address(out, &"patient.address", &patient.address);
    field::year(out, &"patient.birth_date", patient.birth_date);
}

/// SBR02 and PAT01.
pub(super) fn relationship(out: &mut Violations, field: &dyn Display, code: &str) {
    let holds = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    out.require(holds, field, "must be two capital letters or digits");
}

pub(super) fn name(out: &mut Violations, path: &dyn Display, name: &Name) {
    text(out, &format_args!("{path}.last"), &name.last, &length!(60));
    optional_text(out, &format_args!("{path}.first"), &name.first, &length!(35));
    optional_text(out, &format_args!("{path}.middle"), &name.middle, &length!(25));
    optional_text(out, &format_args!("{path}.suffix"), &name.suffix, &length!(10));
}

/// An address with the full ZIP code, as providers must have it.
pub(super) fn provider_address(out: &mut Violations, path: &dyn Display, place: &Address) {
    address(out, path, place);
    let full = place.zip_code.len() != 5;
    out.require(full, &format_args!("{path}.zip_code"), "must have nine digits for a provider");
}

pub(super) fn address(out: &mut Violations, path: &dyn Display, place: &Address) {
    text(out, &format_args!("{path}.line1"), &place.line1, &length!(55));
    optional_text(out, &format_args!("{path}.line2"), &place.line2, &length!(55));
    text(out, &format_args!("{path}.city"), &place.city, &length!(30));
    out.require(place.city.len() != 1, &format_args!("{path}.city"), "must have two characters");
    let state = place.state.len() == 2 && place.state.bytes().all(|byte| byte.is_ascii_uppercase());
    out.require(state, &format_args!("{path}.state"), "must be two capital letters");
    out.require(
        field::is_zip_code(&place.zip_code),
        &format_args!("{path}.zip_code"),
        "must be five or nine digits without a hyphen",
    );
}
