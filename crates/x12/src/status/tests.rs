//! The 277CA reader on the files at hand and on what they don't have.

use super::*;
use crate::amount::Cents;
use crate::code::Code;
use crate::quantity::Quantity;
use crate::sets::Event;
use crate::testing::{ends, events, file, shared};

fn claims(events: &[Event<Part>]) -> Vec<&Claim> {
    let claim = |event| if let &Event::Part(Part::Claim(ref claim)) = event { Some(&**claim) } else { None };
    events.iter().filter_map(claim).collect()
}

fn batch(events: &[Event<Part>]) -> &Batch {
    let batch = |event| if let &Event::Part(Part::Batch(ref batch)) = event { Some(&**batch) } else { None };
    events.iter().find_map(batch).unwrap()
}

const HEAD: &str = "ST*277*0001*005010X214~BHT*0085*08*X1*20261002*0801*TH~HL*1**20*1~NM1*AY*2*HOUSE*****46*H1~TRN*1*T1~\
                    HL*2*1*21*1~NM1*41*2*GROUP*****46*G1~TRN*2*B1~STC*A1:19:PR*20261002*WQ*100~";

fn read_set(body: &str) -> Vec<Event<Part>> {
    events(read(file("HN", "005010X214", &[&format!("{HEAD}{body}")]).as_bytes()))
}

#[test]
fn files_at_hand_are_read() {
    for (name, reference, numbers, actions) in [
        ("ext_emedny_rejected.277", "11200001", vec!["3920394930203"], vec![Action::Accept]),
        ("own_ca01_all_accepted.277", "B20261001A", vec!["S1001", "S1002"], vec![Action::Accept, Action::Accept]),
        (
            "own_ca02_mixed.277",
            "B20261001A",
            vec!["S1001", "S1002", "S1003"],
            vec![Action::Accept, Action::Reject, Action::Reject],
        ),
    ] {
        let Some(bytes) = shared(&format!("277ca/{name}")) else { return };
        let events = events(read(bytes.as_slice()));
        assert!(matches!(events.last(), Some(Event::Closed)), "{name}: {events:?}");
        assert_eq!(batch(&events).batch_reference.as_deref(), Some(reference), "{name}");
        let claims = claims(&events);
        assert_eq!(claims.iter().map(|claim| claim.claim_number.as_deref().unwrap()).collect::<Vec<_>>(), numbers);
        assert_eq!(claims.iter().map(|claim| claim.statuses[0].action.unwrap()).collect::<Vec<_>>(), actions);
        assert!(claims.iter().all(|claim| claim.notes.is_empty() && claim.served_from.is_some()), "{name}");
    }
}

#[test]
fn a_batch_has_its_own_status_and_tally() {
    let Some(bytes) = shared("277ca/own_ca02_mixed.277") else { return };
    let events = events(read(bytes.as_slice()));
    let batch = batch(&events);
    assert_eq!(batch.statuses[0].codes[0].category, "A1");
    let expected = Tally {
        accepted: Some(Quantity::whole(1)),
        rejected: Some(Quantity::whole(2)),
        accepted_amount: Some(Cents(17_550)),
        rejected_amount: Some(Cents(33_000)),
    };
    assert_eq!(batch.tally, expected);
    let rejected = claims(&events)[2];
    let code =
        StatusCode { category: Code::new("A7").unwrap(), status: Code::new("562").unwrap(), entity: Code::new("85") };
    assert_eq!((rejected.statuses[0].codes.as_slice(), rejected.trace.as_deref()), (&[code][..], Some("TCH000006")));
}

#[test]
fn loop_2000c_may_be_missing_and_unknown_segments_are_passed_over() {
    let events = read_set("HL*3*2*PT~NM1*QC*1*DOE*JO~DMG*D8*19900101~TRN*2*C1~STC*A2:20*20261002*WQ*100~");
    assert_eq!(claims(&events)[0].claim_number.as_deref(), Some("C1"));
    assert!(matches!(events.last(), Some(Event::Closed)));
}

#[test]
fn each_line_and_each_claim_of_a_patient_has_its_own_status() {
    let events = read_set(
        "HL*3*2*PT~NM1*QC*1*DOE*JO~TRN*2*C1~STC*A7:187*20261002*U*100******A7:21*A7:454:85*SEE LINE~REF*1K*P1~\
         SVC*HC:90837:95*100*****1~STC*A7:454*20261002*U~REF*FJ*C1L1~DTP*472*RD8*20260901-20260902~\
         TRN*2*C2~STC*A2:20*20261002*WQ*50~DTP*472*D8*20260229~",
    );
    let [first, second] = claims(&events)[..] else { panic!("{events:?}") };
    assert_eq!(first.statuses.len(), 1);
    assert_eq!((first.statuses[0].codes.len(), first.statuses[0].has_text), (3, true));
    let line = &first.lines[0];
    assert_eq!((line.control_number.as_deref(), line.charge), (Some("C1L1"), Some(Cents(10_000))));
    assert!(line.served_from < line.served_through && first.served_from.is_none());
    assert_eq!((second.claim_number.as_deref(), second.served_from), (Some("C2"), None));
    assert_eq!(second.patient, first.patient);
    assert_eq!((second.notes[0].segment, second.notes[0].element), ("DTP", 3));
    assert!(!serde_json::to_string(&events).unwrap().contains("SEE LINE"));
    let told = format!("{events:?}");
    assert!(!told.contains("DOE") && !told.contains("2026-09-01"), "{told}");
}

#[test]
fn what_is_out_of_its_loop_breaks_the_set() {
    for body in ["HL*3*2*20~", "HL*3*2*XX~", "HL*3*2*PT~STC*A7~", "HL*3*2*PT~STC**~"] {
        assert!(matches!(read_set(body).last(), Some(Event::Broken(_))), "{body}");
    }
    for set in ["ST*277*1*005010X212~", "ST*277*1*005010X214~", "ST*277*1~BHT*0085~HL*1**PT~", "ST*277*1~HL*1**20~"] {
        let events = events(read(file("HN", "005010X214", &[set]).as_bytes()));
        assert!(matches!(events.last(), Some(Event::Broken(_))), "{set}");
    }
}

#[test]
fn each_claim_has_its_number_and_its_status() {
    let (trn, stc) = ("TRN*2*C1~", "STC*A2:20*20261002*WQ*100~");
    for (body, told) in [
        (format!("HL*3*2*PT~{trn}{stc}"), None),
        (format!("HL*3*2*PT~{stc}HL*4*2*PT~{trn}{stc}"), Some("TRN at segment 14 (12 of its set)")),
        (format!("HL*3*2*PT~TRN*2*~{stc}"), Some("TRN at segment 15 (13 of its set)")),
        (format!("HL*3*2*PT~{trn}"), Some("STC at segment 14 (12 of its set)")),
        (format!("HL*3*2*PT~{trn}TRN*2*C2~{stc}"), Some("STC at segment 14 (12 of its set)")),
        (format!("HL*3*2*PT~{trn}SVC*HC:90837*1~{stc}"), Some("STC at segment 16 (14 of its set)")),
    ] {
        let events = read_set(&body);
        ends(&events, told, &body);
    }
}

#[test]
fn levels_count_up_and_stand_under_the_one_that_is_open() {
    let claim = "TRN*2*C1~STC*A2:20*20261002*WQ*100~";
    for (body, told) in [
        (format!("HL*3*2*19~HL*4*3*PT~{claim}HL*5*2*PT~{claim}HL*6*1*21~HL*7*6*PT~{claim}"), None),
        (format!("HL*4*2*PT~{claim}"), Some("HL01 at segment 12")),
        (format!("HL*2*2*PT~{claim}"), Some("HL01 at segment 12")),
        (format!("HL**2*PT~{claim}"), Some("HL01 at segment 12")),
        (format!("HL*3*9*PT~{claim}"), Some("HL02 at segment 12")),
        (format!("HL*3*1*PT~{claim}"), Some("HL02 at segment 12")),
        (format!("HL*3**PT~{claim}"), Some("HL02 at segment 12")),
        ("HL*3*1*19~".to_owned(), Some("HL02 at segment 12")),
        (format!("HL*3*2*19~HL*4*1*21~HL*5*3*PT~{claim}"), Some("HL02 at segment 14")),
        ("HL*3*2*21~".to_owned(), Some("HL02 at segment 12")),
    ] {
        let events = read_set(&body);
        ends(&events, told, &body);
    }
    for set in ["ST*277*1*005010X214~BHT*0010*08~HL*1**20~HL*2*1*21~", "ST*277*1~BHT*0085*08~HL*1*1*20~HL*2*1*21~"] {
        let events = events(read(file("HN", "005010X214", &[set]).as_bytes()));
        assert!(matches!(events.last(), Some(Event::Broken(_))), "{set}");
    }
}
