//! `claimsd x12 read`: what is understood of a file, told while it is read.

use std::fmt;
use std::io::{self, Read, Write};

use serde::Serialize;
use x12::document::{self, Part};
use x12::envelope::SetHeader;
use x12::remittance::balance::{self, Imbalance};
use x12::remittance::{self, Payment};
use x12::{Error, Event, Fault};

use super::printable::Printable;
use super::text;
use crate::import::Output;

/// What was in a file, and what is wrong with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Found {
    /// Sets that are complete.
    pub complete: u64,
    /// TA1 segments.
    pub acknowledged: u64,
    /// Sets that can't be trusted.
    pub broken: u64,
    /// Equations of payments that don't hold.
    pub unbalanced: u64,
    /// Where the file ends for a reader, when that isn't its last byte.
    pub ended_early: Option<Fault>,
}

impl Found {
    pub(super) fn is_clean(&self) -> bool {
        self.broken == 0 && self.unbalanced == 0 && self.ended_early.is_none()
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { complete, acknowledged, broken, unbalanced, ended_early } = self;
        write!(f, "sets complete: {complete}, broken: {broken}")?;
        for (what, count) in [("interchanges acknowledged", acknowledged), ("sums that don't add up", unbalanced)] {
            if *count > 0 {
                write!(f, ", {what}: {count}")?;
            }
        }
        match ended_early {
            Some(fault) => write!(f, "; what follows can't be read: {fault}"),
            None => Ok(()),
        }
    }
}

/// One thing that is told: a line of JSON each.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told<'a> {
    Interchange(&'a x12::envelope::Interchange),
    Acknowledged(&'a x12::acknowledgment::InterchangeAcknowledgment),
    Opened(&'a SetHeader),
    Part(&'a Part),
    /// The equation that the part before, or a part of it, doesn't keep.
    Unbalanced(Imbalance),
    Closed(&'a SetHeader),
    Broken(Fault),
    EndedEarly(Fault),
    /// The last.
    Found(&'a Found),
}

/// Tells all that is in the file. Memory doesn't depend on its size.
///
/// # Errors
/// When the source can't be read or the result can't be written.
pub(super) fn run<R: Read, W: Write>(source: R, out: W, output: Output) -> io::Result<Found> {
    let mut reading = Reading { out, output, set: SetHeader::default(), payment: None, found: Found::default() };
    for event in document::read(source) {
        match event {
            Ok(event) => reading.event(event)?,
            Err(Error::Read(error)) => return Err(error),
            Err(Error::Malformed(fault)) => {
                reading.found.ended_early = Some(fault);
                reading.tell(&Told::EndedEarly(fault))?;
            }
        }
    }
    let Reading { found, .. } = reading;
    reading.tell(&Told::Found(&found))?;
    reading.out.flush()?;
    Ok(found)
}

struct Reading<W> {
    out: W,
    output: Output,
    set: SetHeader,
    /// Of the open set: what its totals must come to.
    payment: Option<Box<Payment>>,
    found: Found,
}

impl<W: Write> Reading<W> {
    fn event(&mut self, event: Event<Part>) -> io::Result<()> {
        match event {
            Event::Interchange(interchange) => self.tell(&Told::Interchange(&interchange)),
            Event::Acknowledged(acknowledgment) => {
                self.found.acknowledged += 1;
                self.tell(&Told::Acknowledged(&acknowledgment))
            }
            Event::Opened(header) => {
                self.payment = None;
                self.tell(&Told::Opened(&header))?;
                self.set = header;
                Ok(())
            }
            Event::Part(part) => {
                self.tell(&Told::Part(&part))?;
                self.weigh(part)
            }
            Event::Closed => {
                self.found.complete += 1;
                let set = std::mem::take(&mut self.set);
                self.tell(&Told::Closed(&set))
            }
            Event::Broken(fault) => {
                self.found.broken += 1;
                self.tell(&Told::Broken(fault))
            }
        }
    }

    /// Checks what a part of a payment adds up to.
    fn weigh(&mut self, part: Part) -> io::Result<()> {
        match part {
            Part::Remittance(remittance::Part::Payment(payment)) => self.payment = Some(payment),
            Part::Remittance(remittance::Part::Claim(claim)) => {
                for imbalance in balance::claim(&claim) {
                    self.unbalanced(imbalance)?;
                }
            }
            Part::Remittance(remittance::Part::Totals(totals)) => {
                let imbalance = self.payment.take().and_then(|payment| balance::payment(&payment, &totals));
                if let Some(imbalance) = imbalance {
                    self.unbalanced(imbalance)?;
                }
            }
            Part::Remittance(remittance::Part::ProviderAdjustments(_))
            | Part::Claim(_)
            | Part::Status(_)
            | Part::Acknowledgment(_) => {}
        }
        Ok(())
    }

    fn unbalanced(&mut self, imbalance: Imbalance) -> io::Result<()> {
        self.found.unbalanced += 1;
        self.tell(&Told::Unbalanced(imbalance))
    }

    fn tell(&mut self, told: &Told<'_>) -> io::Result<()> {
        match self.output {
            Output::Json => {
                serde_json::to_writer(&mut self.out, told)?;
                self.out.write_all(b"\n")
            }
            Output::Table => text::tell(&mut Printable(&mut self.out), told),
        }
    }
}
