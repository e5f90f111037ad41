//! The envelope as bytes, and what ISA refuses.

use chrono::NaiveDate;

use super::*;

fn interchange() -> Interchange {
    Interchange {
        sender_qualifier: "ZZ".into(),
        sender: "SUBMIT01".into(),
        receiver_qualifier: "30".into(),
        receiver: "RECV01".into(),
        control_number: 42,
        created_at: NaiveDate::from_ymd_opt(2026, 11, 23).unwrap().and_hms_opt(1, 42, 7).unwrap(),
        usage: Usage::Production,
        requests_acknowledgment: true,
    }
}

#[test]
fn the_envelope_counts_sets_groups_and_segments() {
    let mut file = InterchangeWriter::begin(interchange()).unwrap();
    file.begin_group(GroupKind::ClaimAcknowledgment, 7);
    assert_eq!(file.begin_set(), 1);
    assert_eq!(file.next_position(), 2);
    file.segment("BHT").text("0085");
    assert_eq!(file.begin_set(), 2);
    file.begin_group(GroupKind::Payment, 8);
    file.begin_set();
    let text = String::from_utf8(file.finish()).unwrap();
    let (isa, rest) = text.split_at(106);
    assert_eq!(
        isa,
        "ISA*00*          *00*          *ZZ*SUBMIT01       *30*RECV01         *261123*0142*^*00501*000000042*1*P*:~"
    );
    assert_eq!(
        rest,
        "GS*HN*SUBMIT01*RECV01*20261123*0142*7*X*005010X214~ST*277*0001*005010X214~BHT*0085~SE*3*0001~\
         ST*277*0002*005010X214~SE*2*0002~GE*2*7~\
         GS*HP*SUBMIT01*RECV01*20261123*0142*8*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*8~IEA*2*000000042~"
    );
}

#[test]
fn an_interchange_without_a_group_is_what_carries_a_ta1() {
    let mut file = InterchangeWriter::begin(interchange()).unwrap();
    file.segment("TA1").padded(41_u32, 9).text("261123").text("0100").text("A").text("000");
    let text = String::from_utf8(file.finish()).unwrap();
    assert!(text.ends_with("TA1*000000041*261123*0100*A*000~IEA*0*000000042~"), "{text}");
}

#[test]
fn what_isa_cannot_hold_is_refused_by_the_names_of_the_fields() {
    let bad = Interchange { sender: "X".into(), receiver: "ACME*CLEARING".into(), control_number: 0, ..interchange() };
    let Refused(violations) = bad.check().unwrap_err();
    let fields: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["sender", "receiver", "control_number"]);
    assert!(!Refused(violations).to_string().contains("ACME"));
}
