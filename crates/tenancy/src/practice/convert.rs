//! Practices to and from the wire.

use chrono_tz::Tz;
use kernel::address::Address;
use kernel::clock::timestamp;
use kernel::id::PracticeId;
use kernel::mask::Mask;
use kernel::npi::{self, Npi};
use kernel::{Scope, Violations, etag};
use therapy_claims::common::v1 as common;
use therapy_claims::tenancy::v1 as pb;

use super::{Practice, PracticePatch, TaxIdType};

/// The fields that `UpdatePractice` may name.
pub const UPDATABLE: &[&str] = &[
    "name",
    "npi",
    "tax_id",
    "tax_id_type",
    "taxonomy",
    "phone",
    "contact_name",
    "time_zone",
    "address",
    "pay_to_address",
    "settings",
    "settings.auto_ready",
    "settings.part2_program",
    "settings.retention_years",
];

const TIME_ZONE_DEFAULT: &str = "America/New_York";
const RETENTION_YEARS_DEFAULT: i32 = 10;

/// Reads a practice to be created.
pub fn new(v: &mut Violations, scope: &Scope, id: PracticeId, practice: &pb::Practice) -> Practice {
    let pb::Practice {
        id: _,
        name,
        npi,
        tax_id,
        tax_id_type,
        taxonomy,
        phone,
        contact_name,
        time_zone,
        address,
        pay_to_address,
        settings,
        is_active: _,
        etag: _,
        created_at: _,
        updated_at: _,
    } = practice;
    let Address { line1, line2, city, state, zip_code } = billing_address(v, address.as_ref());
    let pay_to = pay_to_address_of(v, pay_to_address.as_ref());
    let settings = settings.unwrap_or_default();
    let now = scope.now();
    Practice {
        id,
        name: v.text("name", name, 60),
        npi: read_npi(v, npi),
        tax_id: read_tax_id(v, tax_id),
        tax_id_type: read_tax_id_type(v, *tax_id_type),
        taxonomy: read_taxonomy(v, taxonomy),
        phone: read_phone(v, phone),
        contact_name: v.optional_text("contact_name", contact_name, 60),
        time_zone: read_time_zone(v, time_zone),
        address_line1: line1.unwrap_or_default(),
        address_line2: line2,
        city: city.unwrap_or_default(),
        state: state.unwrap_or_default(),
        zip_code: zip_code.unwrap_or_default(),
        pay_to_address_line1: pay_to.line1,
        pay_to_address_line2: pay_to.line2,
        pay_to_city: pay_to.city,
        pay_to_state: pay_to.state,
        pay_to_zip_code: pay_to.zip_code,
        auto_ready: settings.auto_ready,
        part2_program: settings.part2_program,
        retention_years: read_retention(v, settings.retention_years),
        is_active: true,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Reads the fields that the mask names; what it doesn't name is not looked at.
pub fn patch(v: &mut Violations, mask: &Mask, practice: &pb::Practice) -> PracticePatch {
    let pb::Practice {
        id: _,
        name,
        npi,
        tax_id,
        tax_id_type,
        taxonomy,
        phone,
        contact_name,
        time_zone,
        address,
        pay_to_address,
        settings,
        is_active: _,
        etag: _,
        created_at: _,
        updated_at: _,
    } = practice;
    let settings = settings.unwrap_or_default();
    let has_setting = |name: &str| mask.has("settings") || mask.has(name);
    let mut patch = PracticePatch {
        name: mask.pick("name", || v.text("name", name, 60)),
        npi: mask.pick("npi", || read_npi(v, npi)),
        tax_id: mask.pick("tax_id", || read_tax_id(v, tax_id)),
        tax_id_type: mask.pick("tax_id_type", || read_tax_id_type(v, *tax_id_type)),
        taxonomy: mask.pick("taxonomy", || read_taxonomy(v, taxonomy)),
        phone: mask.pick("phone", || read_phone(v, phone)),
        contact_name: mask.pick("contact_name", || v.optional_text("contact_name", contact_name, 60)),
        time_zone: mask.pick("time_zone", || read_time_zone(v, time_zone)),
        auto_ready: has_setting("settings.auto_ready").then_some(settings.auto_ready),
        part2_program: has_setting("settings.part2_program").then_some(settings.part2_program),
        retention_years: has_setting("settings.retention_years").then(|| read_retention(v, settings.retention_years)),
        ..PracticePatch::default()
    };
    if mask.has("address") {
        let Address { line1, line2, city, state, zip_code } = billing_address(v, address.as_ref());
        (patch.address_line1, patch.address_line2) = (line1, Some(line2));
        (patch.city, patch.state, patch.zip_code) = (city, state, zip_code);
    }
    if mask.has("pay_to_address") {
        let Address { line1, line2, city, state, zip_code } = pay_to_address_of(v, pay_to_address.as_ref());
        (patch.pay_to_address_line1, patch.pay_to_address_line2) = (Some(line1), Some(line2));
        (patch.pay_to_city, patch.pay_to_state, patch.pay_to_zip_code) = (Some(city), Some(state), Some(zip_code));
    }
    patch
}

/// The practice as somebody in this role may see it: a tax id that is a person's social security number is for those who bill.
pub fn to_pb(acting_as: &str, practice: Practice) -> pb::Practice {
    let Practice {
        id,
        name,
        npi,
        tax_id,
        tax_id_type,
        taxonomy,
        phone,
        contact_name,
        time_zone,
        address_line1,
        address_line2,
        city,
        state,
        zip_code,
        pay_to_address_line1,
        pay_to_address_line2,
        pay_to_city,
        pay_to_state,
        pay_to_zip_code,
        auto_ready,
        part2_program,
        retention_years,
        is_active,
        version,
        created_at,
        updated_at,
    } = practice;
    let is_billing = matches!(acting_as, "admin" | "billing" | "system");
    let address = |line1, line2: Option<String>, city, state, zip_code| common::Address {
        line1,
        line2: line2.unwrap_or_default(),
        city,
        state,
        zip_code,
    };
    pb::Practice {
        id: id.to_string(),
        name,
        npi,
        tax_id: if tax_id_type == TaxIdType::Ein || is_billing { tax_id } else { String::new() },
        tax_id_type: match tax_id_type {
            TaxIdType::Ein => pb::TaxIdType::Ein,
            TaxIdType::Ssn => pb::TaxIdType::Ssn,
        }
        .into(),
        taxonomy: taxonomy.unwrap_or_default(),
        phone: phone.unwrap_or_default(),
        contact_name: contact_name.unwrap_or_default(),
        time_zone,
        address: Some(address(address_line1, address_line2, city, state, zip_code)),
        pay_to_address: pay_to_address_line1.map(|line1| {
            address(
                line1,
                pay_to_address_line2,
                pay_to_city.unwrap_or_default(),
                pay_to_state.unwrap_or_default(),
                pay_to_zip_code.unwrap_or_default(),
            )
        }),
        settings: Some(pb::PracticeSettings { auto_ready, part2_program, retention_years }),
        is_active,
        etag: etag::of(version),
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
    }
}

fn read_npi(v: &mut Violations, npi: &str) -> String {
    match npi::judge(npi) {
        Npi::Valid => {}
        Npi::BadForm => v.add("npi", "must have ten digits, the first of them 1 or 2"),
        Npi::BadCheckDigit => v.add("npi", "must have the check digit that fits it: one digit is wrong"),
    }
    npi.to_owned()
}

fn read_tax_id(v: &mut Violations, tax_id: &str) -> String {
    let digits = tax_id.replace('-', "");
    if digits.len() != 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        v.add("tax_id", "must have nine digits");
    }
    digits
}

fn read_tax_id_type(v: &mut Violations, tax_id_type: i32) -> TaxIdType {
    let known = match pb::TaxIdType::try_from(tax_id_type) {
        Ok(pb::TaxIdType::Unspecified | pb::TaxIdType::Ein) => Some(TaxIdType::Ein),
        Ok(pb::TaxIdType::Ssn) => Some(TaxIdType::Ssn),
        Err(_unknown) => None,
    };
    v.known("tax_id_type", known, TaxIdType::Ein)
}

fn read_taxonomy(v: &mut Violations, taxonomy: &str) -> Option<String> {
    let code = (!taxonomy.is_empty()).then(|| taxonomy.to_owned())?;
    if code.len() != 10 || !code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) || !code.ends_with('X') {
        v.add("taxonomy", "must have ten digits and capital letters, the last of them X");
    }
    Some(code)
}

fn read_phone(v: &mut Violations, phone: &str) -> Option<String> {
    let digits = (!phone.is_empty()).then(|| phone.to_owned())?;
    if digits.len() != 10 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        v.add("phone", "must have ten digits and nothing else");
    }
    Some(digits)
}

fn read_time_zone(v: &mut Violations, time_zone: &str) -> String {
    if time_zone.is_empty() {
        return TIME_ZONE_DEFAULT.to_owned();
    }
    if time_zone.parse::<Tz>().is_err() {
        v.add("time_zone", "must be the IANA name of a time zone, such as America/New_York");
    }
    time_zone.to_owned()
}

fn read_retention(v: &mut Violations, years: i32) -> i32 {
    let years = if years == 0 { RETENTION_YEARS_DEFAULT } else { years };
    if !(7..=100).contains(&years) {
        v.add("settings.retention_years", "must be 7 to 100");
    }
    years
}

/// All of an address; payers refuse a billing address without the long ZIP, and one that nobody works at.
fn billing_address(v: &mut Violations, address: Option<&common::Address>) -> Address {
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
fn pay_to_address_of(v: &mut Violations, address: Option<&common::Address>) -> Address {
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
