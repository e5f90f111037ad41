//! Coverages to and from the wire.

use kernel::address::Address;
use kernel::clock::{parts, timestamp};
use kernel::id::CoverageId;
use kernel::mask::Mask;
use kernel::{Failure, Scope, Violations, etag};
use therapy_claims::clinical::v1 as pb;

use self::medicare::{reason, reason_to_pb};
use self::subscriber::{Subscriber, relationship, relationship_to_pb};
use super::{Coverage, Relationship, Sequence};
use crate::fields::{copy_fields, payer_id};

mod medicare;
mod subscriber;

/// The fields that `UpdateCoverage` may name.
pub const UPDATABLE: &[&str] = &[
    "payer_id",
    "member_id",
    "group_number",
    "relationship",
    "subscriber",
    "sequence",
    "filing_indicator",
    "effective_from",
    "effective_to",
    "assignment_of_benefits",
    "release_of_information",
    "medicare_secondary_reason",
];

/// Reads a coverage to be created, or the new values of one; `v` collects what is wrong with it.
pub fn new(v: &mut Violations, scope: &Scope, coverage: &pb::Coverage) -> Coverage {
    let pb::Coverage {
        id: _,
        practice_id: _,
        patient_id,
        payer_id: payer,
        member_id,
        group_number,
        relationship: relation,
        subscriber,
        sequence: turn,
        filing_indicator,
        effective_from,
        effective_to,
        assignment_of_benefits,
        release_of_information,
        etag: _,
        created_at: _,
        updated_at: _,
        medicare_secondary_reason,
    } = coverage;
    let subscriber = Subscriber::read(v, subscriber.as_ref());
    let now = scope.now();
    let mut row = Coverage {
        practice_id: scope.practice(),
        id: CoverageId::new(),
        patient_id: v.id("patient_id", patient_id),
        payer_id: payer_id(v, payer),
        sequence: sequence(v, *turn),
        member_id: member(v, member_id),
        group_number: v.optional_text("group_number", group_number, 50),
        relationship: relationship(v, *relation),
        subscriber_first_name: subscriber.first_name,
        subscriber_last_name: subscriber.last_name,
        subscriber_date_of_birth: subscriber.date_of_birth,
        subscriber_sex: subscriber.sex,
        subscriber_address_line1: subscriber.address.line1,
        subscriber_address_line2: subscriber.address.line2,
        subscriber_city: subscriber.address.city,
        subscriber_state: subscriber.address.state,
        subscriber_zip_code: subscriber.address.zip_code,
        filing_indicator: indicator(v, filing_indicator),
        medicare_secondary_reason: reason(v, *medicare_secondary_reason),
        effective_from: v.date("effective_from", effective_from.map(Into::into)),
        effective_to: v.optional_date("effective_to", effective_to.map(Into::into)),
        assignment_of_benefits: assignment_of_benefits.unwrap_or(true),
        release_of_information: release_of_information.unwrap_or(true),
        source: None,
        source_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    check(v, &mut row);
    row
}

/// Writes the fields that the mask names over a coverage there is.
///
/// # Errors
/// When the result contradicts itself.
pub fn apply(mask: &Mask, new: Coverage, coverage: &mut Coverage) -> Result<(), Failure> {
    if mask.has("subscriber") {
        coverage.subscriber_first_name = new.subscriber_first_name;
        coverage.subscriber_last_name = new.subscriber_last_name;
        coverage.subscriber_date_of_birth = new.subscriber_date_of_birth;
        coverage.subscriber_sex = new.subscriber_sex;
        coverage.subscriber_address_line1 = new.subscriber_address_line1;
        coverage.subscriber_address_line2 = new.subscriber_address_line2;
        coverage.subscriber_city = new.subscriber_city;
        coverage.subscriber_state = new.subscriber_state;
        coverage.subscriber_zip_code = new.subscriber_zip_code;
    }
    copy_fields!(mask, new => coverage; payer_id member_id group_number relationship sequence filing_indicator);
    copy_fields!(mask, new => coverage; effective_from effective_to assignment_of_benefits release_of_information);
    copy_fields!(mask, new => coverage; medicare_secondary_reason);
    let mut v = Violations::within("coverage.");
    check(&mut v, coverage);
    v.done(())
}

/// What must hold between the fields. The patient's own data is not repeated as a subscriber's.
fn check(v: &mut Violations, coverage: &mut Coverage) {
    if coverage.effective_to.is_some_and(|to| to < coverage.effective_from) {
        v.add("effective_to", "must not be before effective_from");
    }
    if coverage.relationship == Relationship::OneSelf {
        coverage.subscriber_first_name = None;
        coverage.subscriber_last_name = None;
        coverage.subscriber_date_of_birth = None;
        coverage.subscriber_sex = None;
        coverage.subscriber_address_line1 = None;
        coverage.subscriber_address_line2 = None;
        coverage.subscriber_city = None;
        coverage.subscriber_state = None;
        coverage.subscriber_zip_code = None;
    } else if coverage.subscriber_first_name.is_none() || coverage.subscriber_last_name.is_none() {
        v.add("subscriber", "is required with first and last name unless the patient is the subscriber");
    }
}

fn member(v: &mut Violations, text: &str) -> Option<String> {
    let member = v.optional_text("member_id", text, 80)?;
    if member.chars().count() < 2 {
        v.add("member_id", "must have at least 2 characters");
    }
    Some(member)
}

fn indicator(v: &mut Violations, text: &str) -> Option<String> {
    let indicator = v.optional_text("filing_indicator", text, 2)?.to_ascii_uppercase();
    if !indicator.bytes().all(|b| b.is_ascii_alphanumeric()) {
        v.add("filing_indicator", "must be one or two letters and digits");
    }
    Some(indicator)
}

fn sequence(v: &mut Violations, sequence: i32) -> Sequence {
    let sequence = pb::PayerSequence::try_from(sequence).ok().map(|sequence| match sequence {
        pb::PayerSequence::Primary | pb::PayerSequence::Unspecified => Sequence::Primary,
        pb::PayerSequence::Secondary => Sequence::Secondary,
        pb::PayerSequence::Tertiary => Sequence::Tertiary,
    });
    v.known("sequence", sequence, Sequence::Primary)
}

/// A coverage on the wire.
#[must_use]
pub fn to_pb(coverage: Coverage) -> pb::Coverage {
    let Coverage {
        practice_id,
        id,
        patient_id,
        payer_id,
        sequence,
        member_id,
        group_number,
        relationship,
        subscriber_first_name,
        subscriber_last_name,
        subscriber_date_of_birth,
        subscriber_sex,
        subscriber_address_line1,
        subscriber_address_line2,
        subscriber_city,
        subscriber_state,
        subscriber_zip_code,
        filing_indicator,
        medicare_secondary_reason,
        effective_from,
        effective_to,
        assignment_of_benefits,
        release_of_information,
        source: _,
        source_id: _,
        version,
        created_at,
        updated_at,
    } = coverage;
    let subscriber = Subscriber {
        first_name: subscriber_first_name,
        last_name: subscriber_last_name,
        date_of_birth: subscriber_date_of_birth,
        sex: subscriber_sex,
        address: Address {
            line1: subscriber_address_line1,
            line2: subscriber_address_line2,
            city: subscriber_city,
            state: subscriber_state,
            zip_code: subscriber_zip_code,
        },
    };
    pb::Coverage {
        id: id.to_string(),
        practice_id: practice_id.to_string(),
        patient_id: patient_id.to_string(),
        payer_id,
        member_id: member_id.unwrap_or_default(),
        group_number: group_number.unwrap_or_default(),
        relationship: relationship_to_pb(relationship).into(),
        subscriber: (relationship != Relationship::OneSelf).then(|| subscriber.into_pb()),
        sequence: sequence_to_pb(sequence).into(),
        filing_indicator: filing_indicator.unwrap_or_default(),
        effective_from: Some(parts(effective_from).into()),
        effective_to: effective_to.map(|day| parts(day).into()),
        assignment_of_benefits: Some(assignment_of_benefits),
        release_of_information: Some(release_of_information),
        etag: etag::of(version),
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
        medicare_secondary_reason: medicare_secondary_reason.map(reason_to_pb).unwrap_or_default().into(),
    }
}

const fn sequence_to_pb(sequence: Sequence) -> pb::PayerSequence {
    match sequence {
        Sequence::Primary => pb::PayerSequence::Primary,
        Sequence::Secondary => pb::PayerSequence::Secondary,
        Sequence::Tertiary => pb::PayerSequence::Tertiary,
    }
}
