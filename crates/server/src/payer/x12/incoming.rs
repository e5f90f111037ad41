//! A claim file as it came in: its sets, and what keeps them from being read.

use x12::claim::read::{ClaimPart, claims};
use x12::claim::{BatchHeader, Claim};
use x12::envelope::{Interchange, SetHeader};
use x12::{Error, Event, Fault};

/// A file that names no sender, receiver or number to answer to.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("it must be one interchange with a control number of its own")]
pub struct Unreadable;

/// One interchange of claims.
#[derive(Debug)]
pub(super) struct Incoming {
    pub interchange: Interchange,
    pub control: u32,
    pub sets: Vec<Set>,
    /// What is wrong with the envelope; the sets count for nothing then.
    pub fault: Option<Fault>,
}

/// One transaction set.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub header: SetHeader,
    pub batch: Option<BatchHeader>,
    pub claims: Vec<Claim>,
    /// What is wrong with the set; it has no claims then.
    pub fault: Option<Fault>,
    pub is_refused: bool,
}

pub(super) fn read(file: &[u8]) -> Result<Incoming, Unreadable> {
    let mut incoming: Option<Incoming> = None;
    for event in claims(file) {
        match (event, &mut incoming) {
            (Ok(Event::Interchange(interchange)), None) => {
                let control = interchange.control.parse().ok().filter(|control| *control > 0).ok_or(Unreadable)?;
                incoming = Some(Incoming { interchange, control, sets: Vec::new(), fault: None });
            }
            (Ok(event), Some(incoming)) => take(event, &mut incoming.sets)?,
            (Err(Error::Malformed(fault)), Some(incoming)) => incoming.fault = Some(fault),
            (Ok(_) | Err(Error::Malformed(_) | Error::Read(_)), _) => return Err(Unreadable),
        }
    }
    incoming.ok_or(Unreadable)
}

fn take(event: Event<ClaimPart>, sets: &mut Vec<Set>) -> Result<(), Unreadable> {
    match (event, sets.last_mut()) {
        (Event::Opened(header), _) => {
            sets.push(Set { header, batch: None, claims: Vec::new(), fault: None, is_refused: false });
        }
        (Event::Part(ClaimPart::Header(header)), Some(set)) => set.batch = Some(header),
        (Event::Part(ClaimPart::Claim { claim, at: _ }), Some(set)) => set.claims.push(*claim),
        (Event::Broken(fault), Some(set)) => {
            set.claims.clear();
            set.fault = Some(fault);
        }
        (Event::Closed | Event::Acknowledged(_), _) => {}
        // a second interchange, or a part of nothing
        (Event::Interchange(_) | Event::Part(_) | Event::Broken(_), _) => return Err(Unreadable),
    }
    Ok(())
}
