//! Practices to and from the wire.

use kernel::address::Address;
use kernel::clock::timestamp;
use kernel::id::PracticeId;
use kernel::mask::Mask;
use kernel::{Scope, Violations, etag};
use therapy_claims::common::v1 as common;
use therapy_claims::tenancy::v1 as pb;

use self::fields::{
    billing_address, pay_to_address_of, read_npi, read_phone, read_retention, read_tax_id, read_tax_id_type,
    read_taxonomy, read_time_zone,
};
use super::{Practice, PracticePatch, TaxIdType};

mod fields;

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
    "settings.require_totp",
];

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
        require_totp: settings.require_totp,
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
        require_totp: has_setting("settings.require_totp").then_some(settings.require_totp),
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
        require_totp,
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
        settings: Some(pb::PracticeSettings { auto_ready, part2_program, retention_years, require_totp }),
        is_active,
        etag: etag::of(version),
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
    }
}
