//! The walk over whole files, good and broken.

use super::*;

const ISA: &str =
    "ISA*00*          *00*          *ZZ*TCH99          *ZZ*EST0001        *261020*0330*^*00501*000000401*0*T*:~";
const GS: &str = "GS*HP*TCH99*EST0001*20261020*0330*7*X*005010X221A1~";
const GOOD: &str = "ST*835*0001~BPR*I~SE*3*0001~";

fn walk(rest: &str) -> (Vec<Step>, Option<String>) {
    let file = format!("{ISA}{rest}");
    let mut envelope = Envelope::new(file.as_bytes());
    let mut steps = Vec::new();
    loop {
        match envelope.advance() {
            Ok(Some(step)) => steps.push(step),
            Ok(None) => return (steps, None),
            Err(error) => {
                assert!(matches!(envelope.advance(), Ok(None)), "nothing follows an error");
                return (steps, Some(error.to_string()));
            }
        }
    }
}

fn faults(rest: &str) -> Vec<String> {
    let (steps, error) = walk(rest);
    let broken = steps.into_iter().filter_map(|step| match step {
        Step::SetBroken(fault) => Some(fault.to_string()),
        Step::InterchangeOpened
        | Step::Acknowledged
        | Step::GroupOpened
        | Step::SetOpened
        | Step::Segment
        | Step::SetClosed
        | Step::GroupClosed
        | Step::InterchangeClosed => None,
    });
    broken.chain(error).collect()
}

#[test]
fn several_interchanges_groups_and_sets_are_walked() {
    let group = format!("{GS}{GOOD}{GOOD}GE*2*7~");
    let (steps, error) = walk(&format!("{group}{group}IEA*2*000000401~\r\n{ISA}IEA*0*401~\n"));
    assert_eq!(error, None);
    let count = |step: Step| steps.iter().filter(|one| **one == step).count();
    assert_eq!((count(Step::InterchangeClosed), count(Step::GroupClosed), count(Step::SetClosed)), (2, 2, 4));
}

#[test]
fn a_ta1_may_stand_before_and_after_the_groups() {
    let (steps, error) = walk(&format!("TA1*1~{GS}{GOOD}GE*1*7~TA1*2~IEA*1*401~"));
    assert_eq!(error, None);
    assert_eq!(steps.iter().filter(|step| **step == Step::Acknowledged).count(), 2);
}

#[test]
fn a_broken_set_does_not_hide_the_others() {
    for (broken, why) in [
        ("ST*835*2~SE*4*2~", "SE01"),
        ("ST*835*2~SE*2*3~", "SE02"),
        ("ST*835*2~BPR*I~", "ST at"),
        ("ST*835*2~SMITH JOHN~BPR*I~SE*4*2~", "? at"),
    ] {
        let rest = format!("{GS}{GOOD}{broken}{GOOD}GE*3*7~IEA*1*401~");
        let (steps, error) = walk(&rest);
        assert_eq!(error, None, "{broken}");
        assert_eq!(steps.iter().filter(|step| **step == Step::SetClosed).count(), 2, "{broken}");
        let faults = faults(&rest);
        assert!(faults.len() == 1 && faults[0].starts_with(why), "{faults:?}");
    }
}

#[test]
fn a_set_without_end_is_broken_by_what_closes_its_group() {
    let faults = faults(&format!("{GS}ST*835*2~BPR*I~GE*1*7~IEA*1*401~"));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("GE at segment 5"), "{faults:?}");
}

#[test]
fn an_error_in_the_envelope_ends_the_file_with_its_position() {
    for (rest, why) in [
        (format!("{GS}{GOOD}GE*2*7~IEA*1*401~"), "GE01 at segment 6"),
        (format!("{GS}{GOOD}GE*1*8~IEA*1*401~"), "GE02 at segment 6"),
        (format!("{GS}{GOOD}GE*1*7~IEA*2*401~"), "IEA01 at segment 7"),
        (format!("{GS}{GOOD}GE*1*7~IEA*1*402~"), "IEA02 at segment 7"),
        (format!("{GS}{GOOD}IEA*1*401~"), "IEA at segment 6"),
        (format!("{GS}BPR*I~"), "BPR at segment 3"),
        ("ST*835*1~".to_owned(), "ST at segment 2"),
        (String::new(), "IEA at segment 1"),
        (GS.to_owned(), "GE at segment 2"),
    ] {
        let (_, error) = walk(&rest);
        assert!(error.as_deref().is_some_and(|error| error.starts_with(why)), "{rest}: {error:?}");
    }
    assert_eq!(faults(&format!("{GS}ST*835*2~BPR*I~")).len(), 2, "the open set is broken, then the file ends");
}

#[test]
fn the_headers_tell_what_the_file_has() {
    let file = format!("{ISA}{GS}ST*835*0001~SE*2*0001~GE*1*7~IEA*1*401~");
    let mut envelope = Envelope::new(file.as_bytes());
    while envelope.advance().unwrap() != Some(Step::SetOpened) {}
    let set = envelope.set();
    assert_eq!(
        (set.sender.as_str(), set.receiver.as_str(), set.version.as_str()),
        ("TCH99", "EST0001", "005010X221A1")
    );
    assert_eq!((set.interchange_control.as_str(), set.group_control.as_str()), ("000000401", "7"));
    assert!(envelope.interchange().is_test && !envelope.interchange().asks_acknowledgment);
    assert_eq!(envelope.interchange().date, chrono::NaiveDate::from_ymd_opt(2026, 10, 20));
}

#[test]
fn a_nul_breaks_its_set_and_in_an_envelope_ends_the_file() {
    let many = GOOD.repeat(1000);
    let (steps, error) = walk(&format!("{GS}{many}ST*835*2~BPR*I*SMI\0TH~SE*3*2~{many}GE*2001*7~IEA*1*401~\0"));
    assert_eq!(error, None);
    assert_eq!(steps.iter().filter(|step| **step == Step::SetClosed).count(), 2000);
    let told = faults(&format!("{GS}{GOOD}ST*835*2~BPR*I*SMI\0TH~SE*3*2~GE*2*7~IEA*1*401~"));
    let [fault] = &told[..] else { panic!("{told:?}") };
    assert!(fault.starts_with("BPR02 at segment 7 (2 of its set), byte"), "{fault}");
    assert!(fault.ends_with(": expected text without NUL"), "{fault}");
    for (rest, why) in [
        ("GS*HP*TC\0H99~".to_owned(), "GS02 at segment 2"),
        (format!("{GS}ST*835*\0~SE*2*\0~GE*1*7~IEA*1*401~"), "ST02 at segment 3"),
        (format!("{GS}{GOOD}\0GE*1*7~IEA*1*401~"), "? at segment 6"),
        ("TA1*000000001*261020*0330*A*0\x000~IEA*0*401~".to_owned(), "TA105 at segment 2"),
    ] {
        let (_, error) = walk(&rest);
        assert!(error.as_deref().is_some_and(|error| error.starts_with(why)), "{why}: {error:?}");
    }
}

#[test]
fn an_interchange_of_another_version_ends_the_file() {
    let file = ISA.replace("*00501*", "*00401*") + "IEA*0*401~";
    let error = Envelope::new(file.as_bytes()).advance().unwrap_err().to_string();
    assert!(error.starts_with("ISA12 at segment 1") && error.ends_with("expected 00501"), "{error}");
}
