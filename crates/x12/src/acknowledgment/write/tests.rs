//! What is written is read again as it was.

use chrono::NaiveTime;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::acknowledgment::{Part, SegmentError, read};
use crate::interchange::GroupKind;
use crate::segment::Position;
use crate::sets::Event;
use crate::testing::strategies::{code, day, text};
use crate::testing::{events, outgoing, parts, placeless};

fn context() -> impl Strategy<Value = Context> {
    let trigger = (option::of(code()), option::of(any::<u32>()), option::of(code()), option::of(any::<u32>()))
        .prop_map(|(segment_id, segment_position, loop_id, element)| Context::Trigger {
            segment_id,
            segment_position,
            loop_id,
            element,
        });
    prop_oneof![text().prop_map(Context::Claim), trigger]
}

fn element() -> impl Strategy<Value = ElementError> {
    let place = (option::of(any::<u32>()), option::of(any::<u32>()), option::of(any::<u32>()));
    (place, option::of(any::<u32>()), option::of(code()), vec(context(), 0..3)).prop_map(
        |(place, reference, code, contexts)| ElementError {
            element: place.0,
            component: place.1,
            repetition: place.2,
            reference,
            code,
            contexts,
        },
    )
}

fn error() -> impl Strategy<Value = SegmentError> {
    let place = (option::of(code()), option::of(any::<u32>()), option::of(code()));
    (place, option::of(code()), vec(context(), 0..3), vec(element(), 0..3)).prop_map(
        |(place, code, contexts, elements)| SegmentError {
            segment_id: place.0,
            segment_position: place.1,
            loop_id: place.2,
            code,
            contexts,
            elements,
        },
    )
}

fn set() -> impl Strategy<Value = Set> {
    let verdict = prop_oneof![
        Just(SetVerdict::Accepted),
        Just(SetVerdict::AcceptedWithErrors),
        Just(SetVerdict::Rejected),
        Just(SetVerdict::RejectedSecurity),
    ];
    (code(), text(), option::of(code()), vec(error(), 0..4), verdict, vec(code(), 0..=5)).prop_map(
        |(kind, control, version, errors, verdict, reasons)| {
            let (position, notes) = (Position::default(), Vec::new());
            Set { position, kind, control, version, errors, verdict, reasons, notes }
        },
    )
}

fn totals() -> impl Strategy<Value = Totals> {
    let verdict = prop_oneof![
        Just(GroupVerdict::Accepted),
        Just(GroupVerdict::AcceptedWithErrors),
        Just(GroupVerdict::PartiallyAccepted),
        Just(GroupVerdict::Rejected),
        Just(GroupVerdict::RejectedSecurity),
    ];
    let count = || option::of(any::<u32>());
    (verdict, count(), count(), count(), vec(code(), 0..=5)).prop_map(
        |(verdict, included, received, accepted, reasons)| Totals {
            verdict,
            included,
            received,
            accepted,
            reasons,
            notes: Vec::new(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(function in code(), control in text(), version in option::of(code()), sets in vec(set(), 0..4), totals in totals()) {
        let mut file = outgoing(GroupKind::Acknowledgment);
        let group = Group { position: Position::default(), function, control, version };
        write(&mut file, &group, &sets, &totals).unwrap();
        let bytes = file.finish();
        let mut expected = vec![Part::Group(group)];
        expected.extend(sets.into_iter().map(|set| Part::Set(Box::new(set))));
        expected.push(Part::Totals(totals));
        prop_assert_eq!(placeless(&parts(events(read(bytes.as_slice())))), placeless(&expected));
    }

    #[test]
    fn a_ta1_that_is_written_is_read_again(control in 1_u32..=999_999_999, date in day(), time in (0_u32..24, 0_u32..60), note in 0_u32..32) {
        let ta1 = InterchangeAcknowledgment {
            control_number: format!("{control:09}"),
            date: Some(date),
            time: NaiveTime::from_hms_opt(time.0, time.1, 0),
            verdict: Verdict::AcceptedWithErrors,
            note: format!("{note:03}"),
        };
        let mut file = outgoing(GroupKind::Acknowledgment);
        ta1.write(&mut file).unwrap();
        let bytes = file.finish();
        let found = events(read(bytes.as_slice())).into_iter().find(|event| matches!(event, Event::Acknowledged(_)));
        prop_assert_eq!(found, Some(Event::Acknowledged(ta1)));
    }
}

#[test]
fn a_context_that_was_left_out_in_reading_is_not_written() {
    let context = SegmentError {
        segment_id: None,
        segment_position: None,
        loop_id: None,
        code: None,
        contexts: vec![Context::Other],
        elements: Vec::new(),
    };
    let kind = Code::new("837").unwrap();
    let (position, version, control) = (Position::default(), None, "1".to_owned());
    let verdict = SetVerdict::Rejected;
    let (reasons, notes) = (Vec::new(), Vec::new());
    let set = Set { position, kind, control, version, errors: vec![context], verdict, reasons, notes };
    let group = Group { position, function: kind, control: "1".to_owned(), version };
    let totals = Totals {
        verdict: GroupVerdict::Rejected,
        included: None,
        received: None,
        accepted: None,
        reasons: Vec::new(),
        notes: Vec::new(),
    };
    let mut file = outgoing(GroupKind::Acknowledgment);
    let Refused(violations) = write(&mut file, &group, &[set], &totals).unwrap_err();
    assert_eq!(violations[0].field, "sets[0].errors[0].contexts");
}
