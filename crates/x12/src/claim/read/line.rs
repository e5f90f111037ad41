//! Loop 2400: a service.

use chrono::NaiveDate;

use super::Scope;
use super::other_payer::{adjustments, decision};
use super::value::{amount, count, day, misplaced, read, required};
use crate::amount::Cents;
use crate::claim::check::{is_modifier, is_procedure};
use crate::claim::{Claim, Line};
use crate::error::Fault;
use crate::quantity::Quantity;
use crate::segment::{Position, Segment};
use crate::value;

const LINES_MAX: usize = 50;
const POINTERS_MAX: usize = 4;
const MODIFIERS_MAX: usize = 4;
const DECISIONS_MAX: usize = 15;

/// A line being read.
#[derive(Debug)]
pub(super) struct OpenLine {
    line: Line,
    has_service: bool,
    is_dated: bool,
    /// The decision read last has its DTP*573.
    is_decision_dated: bool,
    /// Where LX is.
    at: Position,
    /// Where SV1 is.
    service_at: Position,
}

impl OpenLine {
    pub(super) fn open(lx: &Segment<'_>, claim: &Claim) -> Result<Self, Fault> {
        let number = claim.lines.len() + 1;
        if number > LINES_MAX {
            return Err(Fault::of(lx, 0, "50 lines at most"));
        }
        if lx.element(1).parse() != Ok(number) {
            return Err(Fault::of(lx, 1, "the number of the line, from 1"));
        }
        let line = Line {
            control_number: String::new(),
            procedure: String::new(),
            modifiers: Vec::new(),
            charge: Cents::ZERO,
            units: 0,
            place_of_service: String::new(),
            diagnosis_pointers: Vec::new(),
            service_date: NaiveDate::MIN,
            service_date_to: None,
            decisions: Vec::new(),
        };
        let (at, service_at) = (lx.position(), lx.position());
        Ok(Self { line, has_service: false, is_dated: false, is_decision_dated: true, at, service_at })
    }

    /// The line, if its parts make a whole.
    pub(super) fn close(self, claim: &Claim) -> Result<Line, Fault> {
        if !self.has_service {
            return Err(Fault::at(self.at, "LX", "SV1, the service, in the line"));
        }
        if !self.is_dated {
            return Err(Fault::at(self.service_at, "SV1", "DTP*472, the day of service, after it"));
        }
        self.check_decision()?;
        let known = claim.diagnoses.len();
        if self.line.diagnosis_pointers.iter().any(|&pointer| usize::from(pointer) > known) {
            let expected = "pointers to diagnoses of the claim";
            return Err(Fault { segment: "SV1", element: 7, position: self.service_at, expected });
        }
        Ok(self.line)
    }

    fn check_decision(&self) -> Result<(), Fault> {
        if self.is_decision_dated {
            return Ok(());
        }
        Err(Fault::at(self.service_at, "SV1", "DTP*573, the day of the decision, after each SVD"))
    }

    /// Takes a segment of the line; answers the loop that it opens.
    pub(super) fn segment<const CHECKED: bool>(
        &mut self,
        scope: Scope,
        segment: &Segment<'_>,
        claim: &Claim,
    ) -> Result<Option<Scope>, Fault> {
        match (scope, segment.id()) {
            (_, "SVD") => {
                self.check_decision()?;
                if self.line.decisions.len() >= DECISIONS_MAX {
                    return Err(Fault::of(segment, 0, "15 decisions at most"));
                }
                self.line.decisions.push(decision(segment, claim)?);
                self.is_decision_dated = false;
                return Ok(Some(Scope::Decision));
            }
            (Scope::Decision, id @ ("CAS" | "DTP" | "AMT")) => self.of_decision(id, segment)?,
            (_, "LIN") => return Ok(Some(Scope::Drug)),
            (_, "LQ") => return Ok(Some(Scope::Form)),
            (_, "NM1") => return Ok(Some(Scope::LineProvider)),
            (Scope::Line, _) => self.of_service::<CHECKED>(segment, claim)?,
            (Scope::Drug, "CTP" | "REF")
            | (Scope::LineProvider, "PRV" | "REF" | "N3" | "N4" | "PER")
            | (Scope::Form, "FRM") => {}
            _ => return Err(misplaced(segment)),
        }
        Ok(None)
    }

    fn of_service<const CHECKED: bool>(&mut self, segment: &Segment<'_>, claim: &Claim) -> Result<(), Fault> {
        match (segment.id(), segment.element(1)) {
            ("SV1", _) if !self.has_service => self.service(segment),
            ("DTP", "472") => self.service_date(segment),
            ("REF", "6R") => {
                self.line.control_number = required(segment, 2, "the number of the line")?;
                let number = &self.line.control_number;
                if CHECKED && claim.lines.iter().any(|other| other.control_number == *number) {
                    return Err(Fault::of(segment, 2, "another number than those of the other lines"));
                }
                Ok(())
            }
            (
                "DTP" | "REF" | "SV5" | "PWK" | "CR1" | "CR3" | "CRC" | "QTY" | "MEA" | "CN1" | "AMT" | "K3" | "NTE"
                | "PS1" | "HCP",
                _,
            ) => Ok(()),
            _ => Err(misplaced(segment)),
        }
    }

    fn service(&mut self, sv1: &Segment<'_>) -> Result<(), Fault> {
        let line = &mut self.line;
        (line.procedure, line.modifiers) = procedure(sv1, 1)?;
        line.charge = amount(sv1, 2)?;
        line.units = units(sv1)?;
        sv1.element(5).clone_into(&mut line.place_of_service);
        for pointer in sv1.components(7) {
            let pointer = pointer.parse().ok().filter(|pointer| (1..=12).contains(pointer));
            let Some(pointer) = pointer.filter(|_| line.diagnosis_pointers.len() < POINTERS_MAX) else {
                return Err(Fault::of(sv1, 7, "1 to 4 pointers to diagnoses"));
            };
            line.diagnosis_pointers.push(pointer);
        }
        self.has_service = true;
        self.service_at = sv1.position();
        Ok(())
    }

    fn service_date(&mut self, dtp: &Segment<'_>) -> Result<(), Fault> {
        self.is_dated = true;
        match dtp.element(2) {
            "RD8" => {
                let (first, last) = read(dtp, 3, value::range8, "two dates CCYYMMDD-CCYYMMDD in order")?;
                (self.line.service_date, self.line.service_date_to) = (first, Some(last));
            }
            "D8" => self.line.service_date = day(dtp)?,
            _ => return Err(Fault::of(dtp, 2, "D8 or RD8")),
        }
        Ok(())
    }

    fn of_decision(&mut self, id: &str, segment: &Segment<'_>) -> Result<(), Fault> {
        let Some(decision) = self.line.decisions.last_mut() else { return Err(misplaced(segment)) };
        match (id, segment.element(1)) {
            ("CAS", _) => adjustments(&mut decision.adjustments, segment),
            ("DTP", "573") => {
                decision.decided_on = day(segment)?;
                self.is_decision_dated = true;
                Ok(())
            }
            ("AMT", "EAF") => {
                decision.patient_owes = Some(amount(segment, 2)?);
                Ok(())
            }
            _ => Err(misplaced(segment)),
        }
    }
}

/// SV103 and SV104.
fn units(sv1: &Segment<'_>) -> Result<u32, Fault> {
    match sv1.element(3) {
        "UN" => {}
        "MJ" => return Err(Fault::of(sv1, 3, "UN, units; minutes are legal but not supported")),
        _ => return Err(Fault::of(sv1, 3, "UN, units")),
    }
    match read(sv1, 4, count, "a whole number of units") {
        Ok(0) => Err(Fault::of(sv1, 4, "one unit at least")),
        Err(_) if Quantity::parse(sv1.element(4)).is_some_and(|units| units.0 > 0) => {
            Err(Fault::of(sv1, 4, "a whole number of units; fractions are legal but not supported"))
        }
        units => units,
    }
}

/// A procedure and its modifiers, SV101 or SVD03.
pub(super) fn procedure(segment: &Segment<'_>, element: u8) -> Result<(String, Vec<String>), Fault> {
    let mut components = segment.components(usize::from(element));
    if components.next() != Some("HC") {
        return Err(Fault::of(segment, element, "a procedure with its qualifier HC"));
    }
    let Some(code) = components.next().filter(|code| is_procedure(code)) else {
        return Err(Fault::of(segment, element, "a procedure code of five capital letters or digits"));
    };
    let mut modifiers = Vec::new();
    for modifier in components.take(MODIFIERS_MAX).filter(|modifier| !modifier.is_empty()) {
        if !is_modifier(modifier) {
            return Err(Fault::of(segment, element, "modifiers of two capital letters or digits"));
        }
        modifiers.push(modifier.to_owned());
    }
    Ok((code.to_owned(), modifiers))
}
