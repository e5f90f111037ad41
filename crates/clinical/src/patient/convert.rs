//! Patients to and from the wire.

use kernel::address::Address;
use kernel::clock::{parts, timestamp};
use kernel::id::{PatientId, PracticeId};
use kernel::mask::Mask;
use kernel::{Scope, Violations, etag};
use therapy_claims::clinical::v1 as pb;
use therapy_claims::common::v1 as common;

use super::{Patient, PatientPatch, Sex};

/// The fields that `UpdatePatient` may name.
pub const UPDATABLE: &[&str] =
    &["first_name", "middle_name", "last_name", "birth_date", "sex", "address", "phone", "email", "therapist_id"];

/// Reads a patient to be created; `v` collects what is wrong with it.
pub fn new(v: &mut Violations, scope: &Scope, patient: &pb::Patient) -> Patient {
    let pb::Patient {
        id: _,
        practice_id: _,
        first_name,
        middle_name,
        last_name,
        birth_date,
        sex: _,
        address: _,
        phone,
        email,
        member_id: _,
        therapist_id,
        is_active: _,
        etag: _,
        created_at: _,
        updated_at: _,
    } = patient;
    let Address { line1, line2, city, state, zip_code } = address(v, patient);
    let now = scope.now();
    Patient {
        practice_id: scope.practice(),
        id: PatientId::new(),
        therapist_id: v.optional_id("therapist_id", therapist_id),
        first_name: v.text("first_name", first_name, 35),
        middle_name: v.optional_text("middle_name", middle_name, 25),
        last_name: v.text("last_name", last_name, 60),
        date_of_birth: v.date("birth_date", birth_date.map(Into::into)),
        sex: sex(v, "sex", patient.sex),
        member_id: None,
        phone: v.optional_text("phone", phone, 20),
        email: v.optional_text("email", email, 254),
        address_line1: line1,
        address_line2: line2,
        city,
        state,
        zip_code,
        is_active: true,
        source: None,
        source_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Reads the fields that the mask names.
pub fn patch(v: &mut Violations, scope: &Scope, mask: &Mask, patient: &pb::Patient) -> PatientPatch {
    let new = mask.read(v, |v| new(v, scope, patient));
    let address = mask.has("address");
    PatientPatch {
        therapist_id: mask.pick("therapist_id", || new.therapist_id),
        first_name: mask.pick("first_name", || new.first_name),
        middle_name: mask.pick("middle_name", || new.middle_name),
        last_name: mask.pick("last_name", || new.last_name),
        date_of_birth: mask.pick("birth_date", || new.date_of_birth),
        sex: mask.pick("sex", || new.sex),
        phone: mask.pick("phone", || new.phone),
        email: mask.pick("email", || new.email),
        address_line1: address.then_some(new.address_line1),
        address_line2: address.then_some(new.address_line2),
        city: address.then_some(new.city),
        state: address.then_some(new.state),
        zip_code: address.then_some(new.zip_code),
        is_active: None,
    }
}

fn address(v: &mut Violations, patient: &pb::Patient) -> Address {
    let none = common::Address::default();
    let common::Address { line1, line2, city, state, zip_code } = patient.address.as_ref().unwrap_or(&none);
    Address::parse(v, "address", [line1, line2, city, state, zip_code])
}

/// Reads the sex that a field states; unknown when left out.
pub(crate) fn sex(v: &mut Violations, field: &str, sex: i32) -> Sex {
    let sex = common::Sex::try_from(sex).ok().map(|sex| match sex {
        common::Sex::Female => Sex::Female,
        common::Sex::Male => Sex::Male,
        common::Sex::Unknown | common::Sex::Unspecified => Sex::Unknown,
    });
    v.known(field, sex, Sex::Unknown)
}

/// A patient as the caller may see it.
#[must_use]
pub fn to_pb(patient: Patient) -> pb::Patient {
    let Patient {
        practice_id,
        id,
        therapist_id,
        first_name,
        middle_name,
        last_name,
        date_of_birth,
        sex,
        member_id,
        phone,
        email,
        address_line1,
        address_line2,
        city,
        state,
        zip_code,
        is_active,
        source: _,
        source_id: _,
        version,
        created_at,
        updated_at,
    } = patient;
    pb::Patient {
        id: id.to_string(),
        practice_id: PracticeId::to_string(&practice_id),
        first_name,
        middle_name: middle_name.unwrap_or_default(),
        last_name,
        birth_date: Some(parts(date_of_birth).into()),
        sex: sex_to_pb(sex).into(),
        address: Some(address_to_pb([address_line1, address_line2, city, state, zip_code])),
        phone: phone.unwrap_or_default(),
        email: email.unwrap_or_default(),
        member_id: member_id.unwrap_or_default(),
        therapist_id: therapist_id.map(|id| id.to_string()).unwrap_or_default(),
        is_active,
        etag: etag::of(version),
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
    }
}

/// Sex on the wire.
#[must_use]
pub const fn sex_to_pb(sex: Sex) -> common::Sex {
    match sex {
        Sex::Female => common::Sex::Female,
        Sex::Male => common::Sex::Male,
        Sex::Unknown => common::Sex::Unknown,
    }
}

/// An address on the wire.
#[must_use]
pub fn address_to_pb([line1, line2, city, state, zip_code]: [Option<String>; 5]) -> common::Address {
    common::Address {
        line1: line1.unwrap_or_default(),
        line2: line2.unwrap_or_default(),
        city: city.unwrap_or_default(),
        state: state.unwrap_or_default(),
        zip_code: zip_code.unwrap_or_default(),
    }
}
