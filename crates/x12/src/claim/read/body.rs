//! Loops 2300 and 2310: the claim and its providers.

use super::Scope;
use super::levels::Above;
use super::line::OpenLine;
use super::value::{address, amount, misplaced, npi, optional, read, required};
use crate::amount::Cents;
use crate::claim::check::is_diagnosis;
use crate::claim::{
    Address, Assignment, BenefitsAssigned, Claim, Frequency, Provider, Release, ServiceFacility, Supervisor,
};
use crate::error::Fault;
use crate::segment::{Position, Segment};

const DIAGNOSES_MAX: usize = 12;
const NUMBER_CHARS_MAX: usize = 38;

/// A claim being read.
#[derive(Debug)]
pub(super) struct OpenClaim {
    pub(super) claim: Box<Claim>,
    pub(super) line: Option<OpenLine>,
    /// Where CLM is.
    at: Position,
}

impl OpenClaim {
    pub(super) fn open(clm: &Segment<'_>, above: Above) -> Result<Self, Fault> {
        let mut place = clm.components(5);
        let place_of_service = match (place.next(), place.next()) {
            (Some(code), Some("B")) if !code.is_empty() => code.to_owned(),
            _ => return Err(Fault::of(clm, 5, "a place of service with its qualifier B")),
        };
        let frequency = place.next().and_then(Frequency::from_code);
        let claim = Claim {
            number: number(clm)?,
            billing_provider: above.provider,
            subscriber: above.subscriber,
            payer: above.payer,
            patient: above.patient,
            total: amount(clm, 2)?,
            place_of_service,
            frequency: frequency.ok_or_else(|| Fault::of(clm, 5, "a frequency of 1, 7 or 8"))?,
            signature_on_file: match clm.element(6) {
                "Y" => true,
                "N" => false,
                _ => return Err(Fault::of(clm, 6, "Y or N")),
            },
            assignment: read(clm, 7, Assignment::from_code, "A, B or C")?,
            benefits_assigned: read(clm, 8, BenefitsAssigned::from_code, "Y, N or W")?,
            release: read(clm, 9, Release::from_code, "Y or I")?,
            delay_reason: optional(clm, 20),
            patient_paid: Cents::ZERO,
            prior_authorization: String::new(),
            payer_claim_number: String::new(),
            trace: String::new(),
            diagnoses: Vec::new(),
            rendering_provider: None,
            service_facility: None,
            supervisor: None,
            other_payers: Vec::new(),
            lines: Vec::new(),
        };
        Ok(Self { claim: Box::new(claim), line: None, at: clm.position() })
    }

    /// The claim, if its parts make a whole.
    pub(super) fn close(mut self) -> Result<(Box<Claim>, Position), Fault> {
        self.close_line()?;
        let of_claim = |element, expected| Fault { segment: "CLM", element, position: self.at, expected };
        let claim = &self.claim;
        if claim.diagnoses.is_empty() {
            return Err(of_claim(0, "HI, the diagnoses, in the claim"));
        }
        if claim.lines.is_empty() {
            return Err(of_claim(0, "LX, a service, in the claim"));
        }
        if claim.lines.iter().map(|line| line.charge).sum::<Cents>() != claim.total {
            return Err(of_claim(2, "what the lines charge together"));
        }
        let by_line = |id: &str| claim.lines.iter().flat_map(|line| &line.decisions).any(|line| line.payer_id == id);
        if claim.other_payers.iter().any(|payer| payer.decided_on.is_some() && by_line(&payer.payer_id)) {
            return Err(of_claim(0, "DTP*573 of another payer in its loop or in the lines, not in both"));
        }
        match (claim.frequency, claim.payer_claim_number.is_empty()) {
            (Frequency::Replacement | Frequency::Void, true) => {
                Err(of_claim(5, "REF*F8, the payer's number, in a claim that replaces or voids another"))
            }
            _ => Ok((self.claim, self.at)),
        }
    }

    fn close_line(&mut self) -> Result<(), Fault> {
        if let Some(line) = self.line.take() {
            self.claim.lines.push(line.close(&self.claim)?);
        }
        Ok(())
    }

    /// Takes a segment of the claim; answers the loop that it opens.
    pub(super) fn segment<const CHECKED: bool>(
        &mut self,
        scope: Scope,
        segment: &Segment<'_>,
    ) -> Result<Option<Scope>, Fault> {
        if segment.id() == "LX" {
            self.close_line()?;
            self.line = Some(OpenLine::open(segment, &self.claim)?);
            return Ok(Some(Scope::Line));
        }
        if let Some(line) = &mut self.line {
            return line.segment::<CHECKED>(scope, segment, &self.claim);
        }
        match (scope, segment.id()) {
            (_, "SBR") => super::other_payer::open(&mut self.claim, segment).map(Some),
            (Scope::OtherInsurance | Scope::OtherSubscriber | Scope::OtherPayer | Scope::OtherPayerProvider, _) => {
                super::other_payer::segment::<CHECKED>(&mut self.claim, scope, segment)
            }
            (_, "NM1") => self.provider::<CHECKED>(segment).map(Some),
            (Scope::Claim, _) => self.information::<CHECKED>(segment),
            (_, _) => self.of_provider::<CHECKED>(scope, segment),
        }
    }

    fn information<const CHECKED: bool>(&mut self, segment: &Segment<'_>) -> Result<Option<Scope>, Fault> {
        let claim = &mut self.claim;
        match (segment.id(), segment.element(1)) {
            ("AMT", "F5") => claim.patient_paid = amount(segment, 2)?,
            ("REF", "G1") => claim.prior_authorization = required(segment, 2, "the authorization's number")?,
            ("REF", "F8") => claim.payer_claim_number = required(segment, 2, "the payer's number of the claim")?,
            ("REF", "D9") => claim.trace = required(segment, 2, "the trace number")?,
            ("HI", _) => self.diagnoses::<CHECKED>(segment)?,
            ("AMT" | "REF" | "DTP" | "PWK" | "CN1" | "K3" | "NTE" | "CR1" | "CR2" | "CRC" | "HCP", _) => {}
            _ => return Err(misplaced(segment)),
        }
        Ok(None)
    }

    fn diagnoses<const CHECKED: bool>(&mut self, hi: &Segment<'_>) -> Result<(), Fault> {
        let codes = &mut self.claim.diagnoses;
        if !matches!(hi.component(1, 1), "ABK" | "BK") {
            // HI with anaesthesia procedures or conditions
            return if hi.component(1, 1) == "ABF" {
                Err(Fault::of(hi, 1, "ABK, the principal diagnosis"))
            } else {
                Ok(())
            };
        }
        if !codes.is_empty() {
            return Err(Fault::of(hi, 0, "one HI with diagnoses in a claim"));
        }
        for element in 1..=u8::try_from(hi.len()).unwrap_or(u8::MAX) {
            let mut components = hi.components(usize::from(element));
            let (qualifier, code) = (components.next().unwrap_or_default(), components.next().unwrap_or_default());
            let expected = match (element, CHECKED) {
                (1, true) => qualifier == "ABK",
                (_, true) => qualifier == "ABF",
                (1, false) => matches!(qualifier, "ABK" | "BK"),
                (_, false) => matches!(qualifier, "ABF" | "BF"),
            };
            if !expected {
                return Err(Fault::of(hi, element, "ABK first and ABF for each other, the qualifiers of ICD-10-CM"));
            }
            if code.is_empty() || (CHECKED && !is_diagnosis(code)) {
                return Err(Fault::of(hi, element, "an ICD-10-CM code without a dot"));
            }
            if codes.len() >= DIAGNOSES_MAX {
                return Err(Fault::of(hi, element, "12 diagnoses at most"));
            }
            codes.push(code.to_owned());
        }
        Ok(())
    }

    /// NM1 of loop 2310.
    fn provider<const CHECKED: bool>(&mut self, nm1: &Segment<'_>) -> Result<Scope, Fault> {
        let claim = &mut self.claim;
        let last_name = || required(nm1, 3, "a name");
        Ok(match nm1.element(1) {
            "82" if claim.rendering_provider.is_none() => {
                let (last_name, first_name) = (last_name()?, optional(nm1, 4));
                let npi = npi::<CHECKED>(nm1)?;
                claim.rendering_provider = Some(Provider { last_name, first_name, npi, taxonomy: String::new() });
                Scope::Rendering
            }
            "77" if claim.service_facility.is_none() => {
                let npi = if nm1.element(9).is_empty() { String::new() } else { npi::<CHECKED>(nm1)? };
                claim.service_facility = Some(ServiceFacility { name: last_name()?, npi, address: Address::default() });
                Scope::Facility
            }
            "DQ" if claim.supervisor.is_none() => {
                let (last_name, first_name) = (last_name()?, optional(nm1, 4));
                claim.supervisor = Some(Supervisor { last_name, first_name, npi: npi::<CHECKED>(nm1)? });
                Scope::Supervisor
            }
            "DN" | "P3" | "PW" | "45" => Scope::OtherProvider,
            _ => return Err(Fault::of(nm1, 1, "a provider of the claim, each told once")),
        })
    }

    fn of_provider<const CHECKED: bool>(
        &mut self,
        scope: Scope,
        segment: &Segment<'_>,
    ) -> Result<Option<Scope>, Fault> {
        match (scope, segment.id(), &mut self.claim.rendering_provider, &mut self.claim.service_facility) {
            (Scope::Rendering, "PRV", Some(provider), _) => {
                provider.taxonomy = required(segment, 3, "a taxonomy code")?;
            }
            (Scope::Facility, "N3" | "N4", _, Some(facility)) => address::<CHECKED>(&mut facility.address, segment)?,
            (Scope::Rendering | Scope::Facility | Scope::Supervisor, "REF", _, _)
            | (Scope::Facility, "PER", _, _)
            | (Scope::OtherProvider, "REF" | "N3" | "N4" | "PRV", _, _) => {}
            _ => return Err(misplaced(segment)),
        }
        Ok(None)
    }
}

/// CLM01.
fn number(clm: &Segment<'_>) -> Result<String, Fault> {
    let number = required(clm, 1, "the number of the claim")?;
    if number.chars().count() > NUMBER_CHARS_MAX {
        return Err(Fault::of(clm, 1, "a number of the claim of at most 38 characters"));
    }
    Ok(number)
}
