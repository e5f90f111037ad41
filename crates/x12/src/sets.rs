//! Reads the transaction sets of a file one part at a time, so that a broken set hides no other.

use std::collections::VecDeque;
use std::io::Read;

use serde::Serialize;

use crate::acknowledgment::InterchangeAcknowledgment;
use crate::envelope::{Envelope, Interchange, SetHeader, Step};
use crate::error::{Error, Fault};
use crate::segment::{Position, Segment};

/// Reads one transaction set of one kind: given each segment between ST and SE, it makes parts of them.
pub trait ReadSet: Sized {
    /// What such a set consists of, each complete as soon as it is told.
    type Part;

    /// Begins a set.
    ///
    /// # Errors
    /// When the set is of another kind or version.
    fn open(header: &SetHeader) -> Result<Self, Fault>;

    /// Takes the next segment, and adds what it completes to `parts`.
    ///
    /// # Errors
    /// When the set can't be read on; nothing more of it is then asked for.
    fn segment(&mut self, segment: &Segment<'_>, parts: &mut VecDeque<Self::Part>) -> Result<(), Fault>;

    /// Adds what is complete only now that SE is reached and agrees; `end` is its position.
    ///
    /// # Errors
    /// When something that the set must have is missing.
    fn close(self, end: Position, parts: &mut VecDeque<Self::Part>) -> Result<(), Fault>;
}

/// What is read next of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event<T> {
    /// An interchange begins.
    Interchange(Interchange),
    /// A TA1 in that interchange: it answers one that we sent.
    Acknowledged(InterchangeAcknowledgment),
    /// A transaction set begins.
    Opened(SetHeader),
    /// A part of the open set. Not to be applied for good before its set is [`Closed`](Self::Closed).
    Part(T),
    /// The open set is complete, and its count and control number agree.
    Closed,
    /// The open set can't be trusted: what it had must not be applied. Other sets follow.
    Broken(Fault),
}

/// The events of a file, read as they are asked for.
///
/// An error ends the file; a set then open is not closed and must not be applied. Memory depends on the largest part,
/// which each reader limits, and not on the file's size.
#[derive(Debug)]
pub struct Sets<R, S: ReadSet> {
    envelope: Envelope<R>,
    open: Option<S>,
    parts: VecDeque<S::Part>,
    // told when the parts before it are
    then: Option<Event<S::Part>>,
}

impl<R: Read, S: ReadSet> Sets<R, S> {
    /// Of a file from its first byte.
    pub fn new(source: R) -> Self {
        Self { envelope: Envelope::new(source), open: None, parts: VecDeque::new(), then: None }
    }

    /// Takes one step; the event that it makes at once, if any.
    fn step(&mut self) -> Result<Option<Event<S::Part>>, Error> {
        let Some(step) = self.envelope.advance()? else { return Ok(None) };
        match step {
            Step::Segment => {
                let Some(open) = &mut self.open else { return Ok(None) };
                if let Err(fault) = open.segment(&self.envelope.segment(), &mut self.parts) {
                    self.break_set(fault);
                }
            }
            Step::SetOpened => {
                let header = self.envelope.set();
                match header.check(self.envelope.group()).and_then(|()| S::open(header)) {
                    Ok(reader) => self.open = Some(reader),
                    Err(fault) => self.then = Some(Event::Broken(fault)),
                }
                let opened = Event::Opened(header.clone());
                if self.then.is_some() {
                    self.envelope.skip_set();
                }
                return Ok(Some(opened));
            }
            Step::SetClosed => {
                let end = self.envelope.segment().position();
                let closed = self.open.take().map_or(Ok(()), |open| open.close(end, &mut self.parts));
                self.then = Some(match closed {
                    Ok(()) => Event::Closed,
                    Err(fault) => Event::Broken(fault),
                });
            }
            Step::SetBroken(fault) => self.break_set(fault),
            Step::InterchangeOpened => return Ok(Some(Event::Interchange(self.envelope.interchange().clone()))),
            Step::Acknowledged => {
                let acknowledgment = InterchangeAcknowledgment::read(&self.envelope.segment())?;
                return Ok(Some(Event::Acknowledged(acknowledgment)));
            }
            Step::GroupOpened | Step::GroupClosed | Step::InterchangeClosed => {}
        }
        Ok(None)
    }

    fn break_set(&mut self, fault: Fault) {
        self.open = None;
        self.then = Some(Event::Broken(fault));
        self.envelope.skip_set();
    }
}

impl<R: Read, S: ReadSet> Iterator for Sets<R, S> {
    type Item = Result<Event<S::Part>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(part) = self.parts.pop_front() {
                return Some(Ok(Event::Part(part)));
            }
            // taking it moves the whole event, which is too much for each segment
            if self.then.is_some() {
                return self.then.take().map(Ok);
            }
            match self.step() {
                Err(error) => {
                    self.envelope.end();
                    return Some(Err(error));
                }
                Ok(Some(event)) => return Some(Ok(event)),
                Ok(None) if self.envelope.has_ended() && self.parts.is_empty() && self.then.is_none() => return None,
                Ok(None) => {}
            }
        }
    }
}
