//! The fields of a practice, each read with what is wrong with it.

use chrono_tz::Tz;
use kernel::Violations;
use kernel::address::Address;
use kernel::npi::{self, Npi};
use therapy_claims::common::v1 as common;
use therapy_claims::tenancy::v1 as pb;

use super::super::TaxIdType;

const TIME_ZONE_DEFAULT: &str = "America/New_York";
const RETENTION_YEARS_DEFAULT: i32 = 10;

pub(super) fn read_npi(v: &mut Violations, npi: &str) -> String {
    match npi::judge(npi) {
        Npi::Valid => {}
        Npi::BadForm => v.add("npi", "must have ten digits, the first of them 1 or 2"),
        Npi::BadCheckDigit => v.add("npi", "must have the check digit that fits it: one digit is wrong"),
    }
    npi.to_owned()
}

pub(super) fn read_tax_id(v: &mut Violations, tax_id: &str) -> String {
    let digits = tax_id.replace('-', "");
    if digits.len() != 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        v.add("tax_id", "must have nine digits");
    }
    digits
}

pub(super) fn read_tax_id_type(v: &mut Violations, tax_id_type: i32) -> TaxIdType {
    let known = match pb::TaxIdType::try_from(tax_id_type) {
        Ok(pb::TaxIdType::Unspecified | pb::TaxIdType::Ein) => Some(TaxIdType::Ein),
        Ok(pb::TaxIdType::Ssn) => Some(TaxIdType::Ssn),
        Err(_unknown) => None,
    };
    v.known("tax_id_type", known, TaxIdType::Ein)
}

pub(super) fn read_taxonomy(v: &mut Violations, taxonomy: &str) -> Option<String> {
    let code = (!taxonomy.is_empty()).then(|| taxonomy.to_owned())?;
    if code.len() != 10 || !code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) || !code.ends_with('X') {
        v.add("taxonomy", "must have ten digits and capital letters, the last of them X");
    }
    Some(code)
}

pub(super) fn read_phone(v: &mut Violations, phone: &str) -> Option<String> {
    let digits = (!phone.is_empty()).then(|| phone.to_owned())?;
    if digits.len() != 10 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        v.add("phone", "must have ten digits and nothing else");
    }
    Some(digits)
}

pub(super) fn read_time_zone(v: &mut Violations, time_zone: &str) -> String {
    if time_zone.is_empty() {
        return TIME_ZONE_DEFAULT.to_owned();
    }
    if time_zone.parse::<Tz>().is_err() {
        v.add("time_zone", "must be the IANA name of a time zone, such as America/New_York");
    }
    time_zone.to_owned()
}

pub(super) fn read_retention(v: &mut Violations, years: i32) -> i32 {
    let years = if years == 0 { RETENTION_YEARS_DEFAULT } else { years };
    if !(7..=100).contains(&years) {
        v.add("settings.retention_years", "must be 7 to 100");
    }
    years
}

/// All of an address; payers refuse a billing address without the long ZIP, and one that nobody works at.
pub(super) fn billing_address(v: &mut Violations, address: Option<&common::Address>) -> Address {
    let read = whole_address(v, "address", address);
    if read.zip_code.as_ref().is_some_and(|zip| zip.len() != 9) {
        v.add("address.zip_code", "must have nine digits");
    }
    let line1 = read.line1.as_deref().unwrap_or_default();
    let letters: String = line1.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    if letters.starts_with("pobox") || letters.starts_with("postofficebox") {
        v.add("address.line1", "must be a street address; a post office box can be the pay_to_address");
    }
    read
}

/// An address that may be left out as a whole.
pub(super) fn pay_to_address_of(v: &mut Violations, address: Option<&common::Address>) -> Address {
    match address {
        Some(_) => whole_address(v, "pay_to_address", address),
        None => Address::default(),
    }
}

fn whole_address(v: &mut Violations, field: &str, address: Option<&common::Address>) -> Address {
    let Some(common::Address { line1, line2, city, state, zip_code }) = address else {
        v.add(field, "is required");
        return Address::default();
    };
    let read = Address::parse(v, field, [line1, line2, city, state, zip_code]);
    let Address { line1, line2: _, city, state, zip_code } = &read;
    for (part, value) in [("line1", line1), ("city", city), ("state", state), ("zip_code", zip_code)] {
        if value.is_none() {
            v.add(&format!("{field}.{part}"), "is required");
        }
    }
    read
}
