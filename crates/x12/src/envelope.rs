//! Walks a file's interchanges, functional groups and transaction sets, and checks their counts and control numbers.

mod header;
mod walk;

#[cfg(test)]
mod tests;

pub use header::{Group, Interchange, SetHeader};

use std::io::Read;

use crate::error::{Error, Fault};
use crate::segment::{Segment, Tokens};

/// What [`Envelope::advance`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An ISA: see [`Envelope::interchange`].
    InterchangeOpened,
    /// A TA1, wherever in its interchange it stands: see [`Envelope::segment`].
    Acknowledged,
    /// A GS: see [`Envelope::group`].
    GroupOpened,
    /// An ST: see [`Envelope::set`].
    SetOpened,
    /// A segment between ST and SE: see [`Envelope::segment`].
    Segment,
    /// An SE that agrees with its set.
    SetClosed,
    /// The set can't be trusted, what it had must not be applied; what follows it in the file is still read.
    SetBroken(Fault),
    /// A GE that agrees with its group.
    GroupClosed,
    /// An IEA that agrees with its interchange.
    InterchangeClosed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Interchange,
    Group,
    Set,
    // in a set that is told to be broken already
    Skipping,
    Ended,
}

/// The walk through a file's envelopes. Memory doesn't depend on the file's size.
#[derive(Debug)]
pub struct Envelope<R> {
    tokens: Tokens<R>,
    place: Place,
    interchange: Interchange,
    group: Group,
    set: SetHeader,
    groups: u64,
    sets: u64,
}

impl<R: Read> Envelope<R> {
    /// Of a file from its first byte.
    pub fn new(source: R) -> Self {
        Self {
            tokens: Tokens::new(source),
            place: Place::Outside,
            interchange: Interchange::default(),
            group: Group::default(),
            set: SetHeader::default(),
            groups: 0,
            sets: 0,
        }
    }

    /// Goes on by one step; nothing at the end of the file.
    ///
    /// # Errors
    /// When the envelope itself is wrong or the source fails. It ends the walk, and a set then open is not closed.
    pub fn advance(&mut self) -> Result<Option<Step>, Error> {
        let step = self.step();
        if matches!(step, Err(_) | Ok(None)) {
            self.place = Place::Ended;
        }
        step
    }

    /// Leaves the rest of the open set unread: it ends without a further step of its own.
    pub fn skip_set(&mut self) {
        if self.place == Place::Set {
            self.place = Place::Skipping;
        }
    }

    /// Ends the walk.
    pub fn end(&mut self) {
        self.place = Place::Ended;
    }

    /// Whether the walk is at its end.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.place == Place::Ended
    }

    /// The segment of the last step.
    #[must_use]
    #[inline]
    pub fn segment(&self) -> Segment<'_> {
        self.tokens.segment()
    }

    /// The interchange opened last.
    #[must_use]
    pub fn interchange(&self) -> &Interchange {
        &self.interchange
    }

    /// The group opened last.
    #[must_use]
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// The set opened last.
    #[must_use]
    pub fn set(&self) -> &SetHeader {
        &self.set
    }
}
