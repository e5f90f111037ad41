//! What is written is read again as it was.

use chrono::NaiveTime;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::interchange::GroupKind;
use crate::segment::Position;
use crate::status::{Part, read};
use crate::testing::strategies::{cents, code, day, maybe_text, person, procedure, quantity, text};
use crate::testing::{events, outgoing, parts, placeless};

fn status() -> impl Strategy<Value = Status> {
    let code = (code(), code(), option::of(code())).prop_map(|(category, status, entity)| StatusCode {
        category,
        status,
        entity,
    });
    let action = prop_oneof![Just(None), Just(Some(Action::Accept)), Just(Some(Action::Reject))];
    (vec(code, 1..=3), option::of(day()), action, option::of(cents())).prop_map(
        |(codes, effective_on, action, amount)| Status { codes, effective_on, action, amount, has_text: false },
    )
}

fn tallied() -> impl Strategy<Value = Tally> {
    (option::of(quantity()), option::of(quantity()), option::of(cents()), option::of(cents())).prop_map(
        |(accepted, rejected, accepted_amount, rejected_amount)| Tally {
            accepted,
            rejected,
            accepted_amount,
            rejected_amount,
        },
    )
}

fn named() -> impl Strategy<Value = Organization> {
    (option::of(code()), maybe_text(), option::of(code()), text())
        .prop_map(|(role, name, id_qualifier, id)| Organization { role, name, id_qualifier, id: Some(id) })
}

fn batch() -> impl Strategy<Value = Batch> {
    let head = (maybe_text(), option::of(day()), option::of((0_u32..24, 0_u32..60)));
    let source = (option::of(named()), maybe_text(), option::of(day()), option::of(day()));
    let rest = (option::of(named()), maybe_text(), vec(status(), 0..3), tallied());
    (head, source, rest).prop_map(|(head, source, rest)| Batch {
        position: Position::default(),
        reference: head.0,
        created_on: head.1,
        created_at: head.2.and_then(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0)),
        source: source.0,
        source_trace: source.1,
        received_on: source.2,
        processed_on: source.3,
        receiver: rest.0,
        batch_reference: rest.1,
        statuses: rest.2,
        tally: rest.3,
        notes: Vec::new(),
    })
}

fn provider() -> impl Strategy<Value = Provider> {
    (option::of(named()), maybe_text(), vec(status(), 0..3), tallied()).prop_map(|(billing, trace, statuses, tally)| {
        Provider { position: Position::default(), billing, trace, statuses, tally, notes: Vec::new() }
    })
}

fn days() -> impl Strategy<Value = (Option<NaiveDate>, Option<NaiveDate>)> {
    option::of((day(), day())).prop_map(|days| days.map(|(one, other)| (one.min(other), one.max(other))).unzip())
}

fn lined() -> impl Strategy<Value = Line> {
    let what = (option::of(procedure()), option::of(cents()), option::of(quantity()));
    (what, vec(status(), 0..3), maybe_text(), days()).prop_map(|(what, statuses, control_number, days)| Line {
        position: Position::default(),
        procedure: what.0,
        charge: what.1,
        units: what.2,
        statuses,
        control_number,
        served_from: days.0,
        served_through: days.1,
    })
}

fn claim() -> impl Strategy<Value = Claim> {
    let numbers = (text().prop_map(Some), maybe_text(), maybe_text());
    (option::of(person()), numbers, vec(status(), 1..3), days(), vec(lined(), 0..3)).prop_map(
        |(patient, numbers, statuses, days, lines)| Claim {
            position: Position::default(),
            patient,
            claim_number: numbers.0,
            statuses,
            payer_claim_number: numbers.1,
            trace: numbers.2,
            served_from: days.0,
            served_through: days.1,
            lines,
            notes: Vec::new(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(batch in batch(), claims in vec((option::of(provider()), claim()), 0..4)) {
        let mut file = outgoing(GroupKind::ClaimAcknowledgment);
        let mut writer = Writer::begin(&mut file, &batch).unwrap();
        for (provider, claim) in &claims {
            if let Some(provider) = provider {
                writer.provider(provider).unwrap();
            }
            writer.claim(claim).unwrap();
        }
        writer.end();
        let bytes = file.finish();
        let mut expected = vec![Part::Batch(Box::new(batch))];
        for (provider, claim) in claims {
            expected.extend(provider.map(|provider| Part::Provider(Box::new(provider))));
            expected.push(Part::Claim(Box::new(claim)));
        }
        prop_assert_eq!(placeless(&parts(events(read(bytes.as_slice())))), placeless(&expected));
    }
}
