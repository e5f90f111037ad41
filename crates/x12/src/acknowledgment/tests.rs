//! The 999 and TA1 readers on the files at hand and on what they don't have.

use super::*;
use crate::code::Code;
use crate::sets::Event;
use crate::testing::{events, file, shared};

fn sets(events: &[Event<Part>]) -> Vec<&Set> {
    let set = |event| if let &Event::Part(Part::Set(ref set)) = event { Some(&**set) } else { None };
    events.iter().filter_map(set).collect()
}

fn totals(events: &[Event<Part>]) -> &Totals {
    let total = |event| if let &Event::Part(Part::Totals(ref totals)) = event { Some(totals) } else { None };
    events.iter().find_map(total).unwrap()
}

fn read_set(body: &str) -> Vec<Event<Part>> {
    let set = format!("ST*999*0001*005010X231A1~AK1*HC*101*005010X222A1~{body}");
    events(read(file("FA", "005010X231A1", &[&set]).as_bytes()))
}

#[test]
fn files_at_hand_are_read() {
    for (name, verdict, segment, reasons) in [
        ("ext_emedny_rejected.999", SetVerdict::Rejected, Some("NM"), "5"),
        ("pyx12_bad_gender_X.999", SetVerdict::Rejected, Some("DMG"), "5"),
        ("pyx12_bad_no_sv1.999", SetVerdict::Rejected, Some("SV1"), "5"),
        ("pyx12_bad_se_count.999", SetVerdict::Rejected, None, "4"),
        ("pyx12_ok_base.999", SetVerdict::Accepted, None, ""),
    ] {
        let Some(bytes) = shared(&format!("999/{name}")) else { return };
        let events = events(read(bytes.as_slice()));
        assert!(matches!(events.last(), Some(Event::Closed)), "{name}: {events:?}");
        let [set] = sets(&events)[..] else { panic!("{name}") };
        assert_eq!(set.verdict, verdict, "{name}");
        assert_eq!(set.errors.first().and_then(|error| error.segment_id).as_ref().map(Code::as_str), segment, "{name}");
        assert_eq!(set.reasons.iter().map(Code::as_str).collect::<String>(), reasons, "{name}");
        assert!(set.notes.is_empty(), "{name}");
    }
}

#[test]
fn the_place_of_an_error_is_told_and_its_value_is_not() {
    let Some(bytes) = shared("999/pyx12_bad_gender_X.999") else { return };
    let events = events(read(bytes.as_slice()));
    let error = &sets(&events)[0].errors[0];
    assert_eq!((error.segment_position, error.code), (Some(17), Code::new("8")));
    let element = &error.elements[0];
    assert_eq!((element.element, element.reference, element.code), (Some(3), Some(1068), Code::new("7")));
    let told = read_set("AK2*837*1~IK3*NM1*9**8~IK4*3*1035*6*SMITHERS~IK5*R*5~AK9*R*1*1*0~");
    assert!(!serde_json::to_string(&told).unwrap().contains("SMITHERS"));
}

#[test]
fn several_contexts_in_a_row_name_the_claim_and_what_triggered() {
    let events = read_set(
        "AK2*837*1~IK3*NM1*9*2310B*8~CTX*SITUATIONAL TRIGGER*CLM*43**5:3*C023:1325~CTX*CLM01:C7K2M9Q4XA01~\
         CTX*PATIENT NAME NM109:W123~IK4*9:1:2*67*1~CTX*CLM01:C8~IK5*R*5*I6~AK9*P*2*2*1*3~",
    );
    let error = &sets(&events)[0].errors[0];
    let trigger =
        Context::Trigger { segment_id: Code::new("CLM"), segment_position: Some(43), loop_id: None, element: Some(5) };
    assert_eq!(error.contexts, [trigger, Context::Claim("C7K2M9Q4XA01".to_owned()), Context::Other]);
    assert_eq!(error.elements[0].contexts, [Context::Claim("C8".to_owned())]);
    assert_eq!((error.elements[0].component, error.elements[0].repetition), (Some(1), Some(2)));
    assert!(!serde_json::to_string(&events).unwrap().contains("W123"));
    assert_eq!((totals(&events).verdict, totals(&events).accepted), (GroupVerdict::PartiallyAccepted, Some(1)));
}

#[test]
fn an_accepted_set_in_a_rejected_group_is_read() {
    let events = read_set("AK2*837*1~IK5*A~AK9*R*1*1*0*4~");
    assert!(sets(&events)[0].verdict.is_accepted());
    assert_eq!(totals(&events).verdict, GroupVerdict::Rejected);
    assert_eq!(totals(&events).reasons, [Code::new("4").unwrap()]);
}

#[test]
fn a_position_that_is_no_number_is_noted_and_the_set_kept() {
    let events = read_set("AK2*837*1~IK3*NM1*-9**8~IK5*R*5~AK9*R*+1*1*0~");
    let set = sets(&events)[0];
    assert_eq!((set.errors[0].segment_position, set.notes[0].segment, set.notes[0].element), (None, "IK3", 2));
    assert_eq!(totals(&events).notes[0].element, 2);
}

#[test]
fn segments_out_of_their_order_break_the_set() {
    for body in [
        "IK5*A~AK9*A*1*1*1~",
        "AK2*837*1~AK2*837*2~",
        "AK2*837*1~AK9*A*1*1*1~",
        "AK2*837*1~CTX*CLM01:1~",
        "AK2*837*1~IK5*Q~",
        "AK2*837*1~IK5*A~",
        "AK9*A*1*1*1~AK9*A*1*1*1~",
        "AK1*HC*1~",
    ] {
        assert!(matches!(read_set(body).last(), Some(Event::Broken(_))), "{body}");
    }
    let other = events(read(file("HP", "005010X221A1", &["ST*835*1~"]).as_bytes()));
    assert!(matches!(other.last(), Some(Event::Broken(_))));
}

#[test]
fn a_ta1_is_read_wherever_it_stands() {
    let Some(bytes) = shared("ta1/own_ta1_accepted.ta1") else { return };
    let events = events(read(bytes.as_slice()));
    let [Event::Interchange(_), Event::Acknowledged(ta1)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((ta1.control_number.as_str(), ta1.verdict, ta1.note.as_str()), ("000000101", Verdict::Accepted, "000"));
    assert_eq!(ta1.date, chrono::NaiveDate::from_ymd_opt(2026, 10, 1));
}

#[test]
fn a_ta1_tells_why() {
    let file = file("FA", "005010X231A1", &[]).replace("GE*0*7~", "GE*0*7~TA1*000000101*261001*1412*R~");
    let error = read(file.as_bytes()).find_map(Result::err).unwrap().to_string();
    assert!(error.starts_with("TA105 at segment 4"), "{error}");
}
