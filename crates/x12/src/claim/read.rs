//! Reads claim files (837P) one claim at a time, from whomever.
//!
//! Segments that the guide has and the model hasn't (dates of accidents, legacy numbers, line level providers, …) are
//! passed over; anything out of place is a fault with its position. Memory depends on the largest claim, which the
//! guide's repetition limits bound, and not on the file.

use std::collections::VecDeque;
use std::io::Read;

use serde::Serialize;

use self::body::OpenClaim;
use self::levels::{Levels, Parties};
use super::{BatchHeader, Claim};
use crate::error::Fault;
use crate::segment::{Position, Segment};
use crate::sets::{ReadSet, Sets};

mod body;
mod header;
mod levels;
mod line;
mod other_payer;
mod party;
mod value;

/// A part of a transaction set of claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimPart {
    /// BHT and loops 1000A and 1000B; comes first.
    Header(BatchHeader),
    /// A claim with all that its hierarchy says above it.
    Claim {
        claim: Box<Claim>,
        /// Where its CLM is.
        at: Position,
    },
}

/// Reads one transaction set of claims.
///
/// As it is by default, it also checks what only content shows: check digits of NPIs, the form of diagnosis and ZIP codes,
/// and that line control numbers differ. `ClaimSet<false>` leaves that out, for files of the time of ICD-9 or with invented
/// numbers.
#[derive(Debug, Default)]
pub struct ClaimSet<const CHECKED: bool = true> {
    scope: Scope,
    header: header::Draft,
    levels: Levels,
    parties: Parties,
    claim: Option<OpenClaim>,
}

/// Reads the claims of a file from its first byte.
pub type ClaimReader<R> = Sets<R, ClaimSet>;

/// Reads the claims of a file from its first byte.
pub fn claims<R: Read>(source: R) -> ClaimReader<R> {
    Sets::new(source)
}

/// Which loop the segments belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Scope {
    #[default]
    Start,
    /// BHT was read.
    Header,
    Submitter,
    Receiver,
    /// 2000A.
    ProviderLevel,
    BillingProvider,
    PayTo,
    PayToPlan,
    /// 2000B.
    SubscriberLevel,
    Subscriber,
    Payer,
    /// 2000C.
    PatientLevel,
    Patient,
    /// 2300.
    Claim,
    Rendering,
    Facility,
    Supervisor,
    /// 2310A, 2310E and 2310F.
    OtherProvider,
    /// 2320.
    OtherInsurance,
    OtherSubscriber,
    OtherPayer,
    /// 2330C to 2330G.
    OtherPayerProvider,
    /// 2400.
    Line,
    /// 2410.
    Drug,
    /// 2420A to 2420H.
    LineProvider,
    /// 2430.
    Decision,
    /// 2440.
    Form,
}

impl<const CHECKED: bool> ReadSet for ClaimSet<CHECKED> {
    type Part = ClaimPart;

    fn open(header: &crate::envelope::SetHeader) -> Result<Self, Fault> {
        if header.kind != "837" {
            return Err(Fault { segment: "ST", element: 1, position: header.position, expected: "837" });
        }
        if !header.version.starts_with("005010X222") {
            let expected = "005010X222A1, the guide of professional claims";
            return Err(Fault { segment: "ST", element: 3, position: header.position, expected });
        }
        Ok(Self::default())
    }

    fn segment(&mut self, segment: &Segment<'_>, parts: &mut VecDeque<ClaimPart>) -> Result<(), Fault> {
        match segment.id() {
            "HL" => {
                self.finish_claim(segment.element(3) == "23", parts)?;
                if self.scope == Scope::Receiver {
                    parts.push_back(ClaimPart::Header(self.header.take()));
                } else if self.levels.is_empty() {
                    return Err(Fault::of(segment, 0, "NM1*40, the receiver, before the first level"));
                }
                self.scope = self.levels.descend(segment, &mut self.parties)?;
                Ok(())
            }
            "CLM" => {
                self.finish_claim(true, parts)?;
                if !matches!(self.scope, Scope::Payer | Scope::Patient | Scope::Claim) {
                    return Err(Fault::of(segment, 0, "CLM under a patient's level, after the payer"));
                }
                self.levels.check_claim(segment, &self.parties)?;
                self.claim = Some(OpenClaim::open(segment, self.parties.take()?)?);
                self.scope = Scope::Claim;
                Ok(())
            }
            _ => self.in_loop(segment),
        }
    }

    fn close(mut self, end: Position, parts: &mut VecDeque<ClaimPart>) -> Result<(), Fault> {
        self.finish_claim(false, parts)?;
        if self.levels.is_empty() {
            return Err(Fault::at(end, "SE", "a billing provider's level, HL*1**20, before the end"));
        }
        self.levels.end(&self.parties)
    }
}

impl<const CHECKED: bool> ClaimSet<CHECKED> {
    /// Ends the open claim. What follows may stand under the same subscriber.
    fn finish_claim(&mut self, stays: bool, parts: &mut VecDeque<ClaimPart>) -> Result<(), Fault> {
        if let Some(open) = self.claim.take() {
            let (claim, at) = open.close()?;
            if stays {
                self.parties.put_back(&claim);
            }
            parts.push_back(ClaimPart::Claim { claim, at });
            self.scope = Scope::Claim;
        }
        Ok(())
    }

    fn in_loop(&mut self, segment: &Segment<'_>) -> Result<(), Fault> {
        let scope = match &mut self.claim {
            Some(claim) => claim.segment::<CHECKED>(self.scope, segment)?,
            None if self.levels.is_empty() => self.header.segment(self.scope, segment)?,
            None => self.parties.segment::<CHECKED>(self.scope, segment)?,
        };
        if let Some(scope) = scope {
            self.scope = scope;
        }
        Ok(())
    }
}
