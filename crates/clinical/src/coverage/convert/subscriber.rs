//! Who holds the insurance, where that is not the patient.

use kernel::Violations;
use kernel::address::Address;
use kernel::clock::parts;
use therapy_claims::clinical::v1 as pb;
use therapy_claims::common::v1 as common;

use super::super::Relationship;
use crate::patient::Sex;
use crate::patient::convert::{address_to_pb, sex, sex_to_pb};

/// The subscriber's part of a request.
#[derive(Default)]
pub(super) struct Subscriber {
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) date_of_birth: Option<chrono::NaiveDate>,
    pub(super) sex: Option<Sex>,
    pub(super) address: Address,
}

impl Subscriber {
    pub(super) fn read(v: &mut Violations, person: Option<&common::Person>) -> Self {
        let Some(person) = person else { return Self::default() };
        let common::Person { first_name, last_name, birth_date, sex: _, address } = person;
        let none = common::Address::default();
        let common::Address { line1, line2, city, state, zip_code } = address.as_ref().unwrap_or(&none);
        Self {
            first_name: v.optional_text("subscriber.first_name", first_name, 35),
            last_name: v.optional_text("subscriber.last_name", last_name, 60),
            date_of_birth: v.optional_date("subscriber.birth_date", birth_date.map(Into::into)),
            sex: Some(sex(v, "subscriber.sex", person.sex)),
            address: Address::parse(v, "subscriber.address", [line1, line2, city, state, zip_code]),
        }
    }

    pub(super) fn into_pb(self) -> common::Person {
        let Self { first_name, last_name, date_of_birth, sex, address } = self;
        let Address { line1, line2, city, state, zip_code } = address;
        common::Person {
            first_name: first_name.unwrap_or_default(),
            last_name: last_name.unwrap_or_default(),
            birth_date: date_of_birth.map(|day| parts(day).into()),
            sex: sex.map_or(common::Sex::Unspecified, sex_to_pb).into(),
            address: Some(address_to_pb([line1, line2, city, state, zip_code])),
        }
    }
}

pub(super) fn relationship(v: &mut Violations, relationship: i32) -> Relationship {
    let known = pb::Relationship::try_from(relationship).ok().map(|relationship| match relationship {
        pb::Relationship::Self_ | pb::Relationship::Unspecified => Relationship::OneSelf,
        pb::Relationship::Spouse => Relationship::Spouse,
        pb::Relationship::Child => Relationship::Child,
        pb::Relationship::Employee => Relationship::Employee,
        pb::Relationship::LifePartner => Relationship::LifePartner,
        pb::Relationship::Other => Relationship::Other,
        pb::Relationship::Unknown => Relationship::Unknown,
        pb::Relationship::OrganDonor => Relationship::OrganDonor,
        pb::Relationship::CadaverDonor => Relationship::CadaverDonor,
    });
    v.known("relationship", known, Relationship::Unknown)
}

pub(super) const fn relationship_to_pb(relationship: Relationship) -> pb::Relationship {
    match relationship {
        Relationship::OneSelf => pb::Relationship::Self_,
        Relationship::Spouse => pb::Relationship::Spouse,
        Relationship::Child => pb::Relationship::Child,
        Relationship::Employee => pb::Relationship::Employee,
        Relationship::LifePartner => pb::Relationship::LifePartner,
        Relationship::Other => pb::Relationship::Other,
        Relationship::Unknown => pb::Relationship::Unknown,
        Relationship::OrganDonor => pb::Relationship::OrganDonor,
        Relationship::CadaverDonor => pb::Relationship::CadaverDonor,
    }
}
