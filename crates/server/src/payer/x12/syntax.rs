//! TA1 and 999: whether a file and its sets could be read.

use x12::Fault;
use x12::acknowledgment::{
    self, ElementError, Group, GroupVerdict, InterchangeAcknowledgment, SegmentError, SetVerdict, Totals, Verdict,
};
use x12::code::Code;
use x12::segment::Position;
use x12::violation::Refused;

use super::answer::{Answer, Envelope, Slot};
use super::incoming::{Incoming, Set};

/// TA105 of a file with nothing wrong, and of one whose envelopes don't fit together.
const NO_ERROR: &str = "000";
const BAD_STRUCTURE: &str = "022";

/// The TA1.
pub(super) fn interchange(envelope: &Envelope, incoming: &Incoming) -> Result<Answer, Refused> {
    let theirs = &incoming.interchange;
    let (verdict, note) = match incoming.fault {
        Some(_) => (Verdict::Rejected, BAD_STRUCTURE),
        None => (Verdict::Accepted, NO_ERROR),
    };
    let mut file = envelope.begin(Slot::Interchange)?;
    let ta1 = InterchangeAcknowledgment {
        control_number: theirs.control.clone(),
        date: theirs.date.or_else(|| Some(envelope.now.date())),
        time: theirs.time.or_else(|| Some(envelope.now.time())),
        verdict,
        note: note.to_owned(),
    };
    ta1.write(&mut file)?;
    Ok(envelope.end(Slot::Interchange, file))
}

/// One 999 for each group.
pub(super) fn groups(envelope: &Envelope, incoming: &Incoming) -> Result<Answer, Refused> {
    let mut file = envelope.begin(Slot::Syntax)?;
    for sets in incoming.sets.chunk_by(|one, next| one.header.group_control == next.header.group_control) {
        let Some((group, told)) = group(sets) else { continue };
        acknowledgment::write(&mut file, &group, &told, &totals(sets))?;
    }
    Ok(envelope.end(Slot::Syntax, file))
}

fn group(sets: &[Set]) -> Option<(Group, Vec<acknowledgment::Set>)> {
    let header = &sets.first()?.header;
    let group = Group {
        position: Position::default(),
        function: Code::new("HC")?,
        control: header.group_control.clone(),
        version: Code::new(&header.version),
    };
    Some((group, sets.iter().filter_map(set).collect()))
}

fn set(set: &Set) -> Option<acknowledgment::Set> {
    let (errors, reasons) = match (set.is_refused, set.fault) {
        (false, _) => (Vec::new(), Vec::new()),
        (true, Some(fault)) => error(fault),
        // what a file is refused for though nothing is wrong with it: its reference
        (true, None) => (vec![segment_error("BHT", 2, Some(3))], vec!["5"]),
    };
    Some(acknowledgment::Set {
        position: Position::default(),
        kind: Code::new(&set.header.kind)?,
        control: set.header.control.clone(),
        version: Code::new(&set.header.version),
        errors,
        verdict: if set.is_refused { SetVerdict::Rejected } else { SetVerdict::Accepted },
        reasons: reasons.into_iter().filter_map(Code::new).collect(),
        notes: Vec::new(),
    })
}

/// Where the set is broken, and why it is refused.
fn error(fault: Fault) -> (Vec<SegmentError>, Vec<&'static str>) {
    let at = u32::try_from(fault.position.in_set).unwrap_or(u32::MAX);
    match (fault.segment, fault.element) {
        ("SE", 1) => (Vec::new(), vec!["4"]),
        ("SE", 2) => (Vec::new(), vec!["3"]),
        ("SE", _) => (Vec::new(), vec!["2"]),
        ("ST", _) => (Vec::new(), vec!["1"]),
        (segment, 0) => (vec![segment_error(segment, at, None)], vec!["5"]),
        (segment, element) => (vec![segment_error(segment, at, Some(element))], vec!["5"]),
    }
}

/// An error in an element, or a segment that is not expected there.
fn segment_error(segment: &str, at: u32, element: Option<u8>) -> SegmentError {
    let element = element.map(|element| ElementError {
        element: Some(u32::from(element)),
        component: None,
        repetition: None,
        reference: None,
        // not a code of the list
        code: Code::new("7"),
        contexts: Vec::new(),
    });
    SegmentError {
        segment_id: Code::new(segment),
        segment_position: Some(at),
        loop_id: None,
        code: Code::new(if element.is_some() { "8" } else { "2" }),
        contexts: Vec::new(),
        elements: element.into_iter().collect(),
    }
}

fn totals(sets: &[Set]) -> Totals {
    let count = |sets: usize| u32::try_from(sets).unwrap_or(u32::MAX);
    let accepted = sets.iter().filter(|set| !set.is_refused).count();
    let verdict = match accepted {
        all if all == sets.len() => GroupVerdict::Accepted,
        0 => GroupVerdict::Rejected,
        _ => GroupVerdict::PartiallyAccepted,
    };
    Totals {
        verdict,
        included: Some(count(sets.len())),
        received: Some(count(sets.len())),
        accepted: Some(count(accepted)),
        reasons: Vec::new(),
        notes: Vec::new(),
    }
}
