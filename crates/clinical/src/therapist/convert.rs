//! Therapists to and from the wire.

use kernel::clock::{parts, timestamp};
use kernel::id::TherapistId;
use kernel::mask::Mask;
use kernel::{Failure, Scope, Violations, etag};
use therapy_claims::clinical::v1 as pb;

use super::{LicenseLevel, Therapist};
use crate::fields::{code, copy_fields, digits, state};

/// The fields that `UpdateTherapist` may name.
pub const UPDATABLE: &[&str] = &[
    "first_name",
    "last_name",
    "npi",
    "taxonomy",
    "license_number",
    "license_state",
    "license_level",
    "supervisor_id",
    "employed_from",
    "employed_to",
    "email",
    "phone",
];

/// Reads a therapist to be created, or the new values of one; `v` collects what is wrong with it.
pub fn new(v: &mut Violations, scope: &Scope, therapist: &pb::Therapist) -> Therapist {
    let pb::Therapist {
        id: _,
        practice_id: _,
        first_name,
        last_name,
        npi,
        taxonomy,
        license_number,
        license_state,
        license_level,
        supervisor_id,
        employed_from,
        employed_to,
        email,
        phone,
        is_active: _,
        etag: _,
        created_at: _,
        updated_at: _,
    } = therapist;
    let now = scope.now();
    let row = Therapist {
        practice_id: scope.practice(),
        id: TherapistId::new(),
        first_name: v.text("first_name", first_name, 35),
        last_name: v.text("last_name", last_name, 60),
        npi: digits(v, "npi", npi, 10),
        taxonomy: (!taxonomy.is_empty()).then(|| code(v, "taxonomy", taxonomy, 10)),
        license_number: v.optional_text("license_number", license_number, 50),
        license_state: state(v, "license_state", license_state),
        license_level: level(v, *license_level),
        supervisor_id: v.optional_id("supervisor_id", supervisor_id),
        email: v.optional_text("email", email, 254),
        phone: v.optional_text("phone", phone, 20),
        employed_from: v.optional_date("employed_from", employed_from.map(Into::into)),
        employed_to: v.optional_date("employed_to", employed_to.map(Into::into)),
        is_active: true,
        source: None,
        source_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    check(v, &row);
    row
}

/// Writes the fields that the mask names over a therapist there is.
///
/// # Errors
/// When the result contradicts itself.
pub fn apply(mask: &Mask, new: Therapist, therapist: &mut Therapist) -> Result<(), Failure> {
    copy_fields!(mask, new => therapist; first_name last_name npi taxonomy license_number license_state license_level);
    copy_fields!(mask, new => therapist; supervisor_id employed_from employed_to email phone);
    let mut v = Violations::within("therapist.");
    check(&mut v, therapist);
    if therapist.supervisor_id == Some(therapist.id) {
        v.add("supervisor_id", "must name another therapist");
    }
    v.done(())
}

fn check(v: &mut Violations, therapist: &Therapist) {
    if let (Some(from), Some(to)) = (therapist.employed_from, therapist.employed_to)
        && to < from
    {
        v.add("employed_to", "must not be before employed_from");
    }
}

fn level(v: &mut Violations, level: i32) -> LicenseLevel {
    let level = pb::LicenseLevel::try_from(level).ok().map(|level| match level {
        pb::LicenseLevel::Independent | pb::LicenseLevel::Unspecified => LicenseLevel::Independent,
        pb::LicenseLevel::Supervised => LicenseLevel::Supervised,
        pb::LicenseLevel::Prescriber => LicenseLevel::Prescriber,
    });
    v.known("license_level", level, LicenseLevel::Independent)
}

/// A therapist on the wire.
#[must_use]
pub fn to_pb(therapist: Therapist) -> pb::Therapist {
    let Therapist {
        practice_id,
        id,
        first_name,
        last_name,
        npi,
        taxonomy,
        license_number,
        license_state,
        license_level,
        supervisor_id,
        email,
        phone,
        employed_from,
        employed_to,
        is_active,
        source: _,
        source_id: _,
        version,
        created_at,
        updated_at,
    } = therapist;
    pb::Therapist {
        id: id.to_string(),
        practice_id: practice_id.to_string(),
        first_name,
        last_name,
        npi: npi.unwrap_or_default(),
        taxonomy: taxonomy.unwrap_or_default(),
        license_number: license_number.unwrap_or_default(),
        license_state: license_state.unwrap_or_default(),
        license_level: level_to_pb(license_level).into(),
        supervisor_id: supervisor_id.map(|id| id.to_string()).unwrap_or_default(),
        employed_from: employed_from.map(|day| parts(day).into()),
        employed_to: employed_to.map(|day| parts(day).into()),
        email: email.unwrap_or_default(),
        phone: phone.unwrap_or_default(),
        is_active,
        etag: etag::of(version),
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
    }
}

const fn level_to_pb(level: LicenseLevel) -> pb::LicenseLevel {
    match level {
        LicenseLevel::Independent => pb::LicenseLevel::Independent,
        LicenseLevel::Supervised => pb::LicenseLevel::Supervised,
        LicenseLevel::Prescriber => pb::LicenseLevel::Prescriber,
    }
}
