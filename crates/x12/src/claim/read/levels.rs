//! The hierarchy: HL numbers and parents, and who stands on its levels.

use std::sync::Arc;

use super::Scope;
use super::party::PatientDraft;
use super::value::required;
use crate::claim::{BillingProvider, Claim, Patient, Payer, Subscriber};
use crate::error::Fault;
use crate::segment::{Position, Segment};

/// The levels above the place that is read.
#[derive(Debug, Default)]
pub(super) struct Levels {
    /// HL01 of the last level.
    last: u32,
    provider: u32,
    subscriber: u32,
    /// HL04 of the subscriber says that patients follow.
    patients_follow: bool,
    patients: u32,
    subscriber_at: Position,
    /// The subscriber is the patient (SBR02 `18`), or a patient's level is open.
    kind: Kind,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Provider,
    Subscriber,
    Patient,
}

/// Who stands on the open levels, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct Parties {
    pub(super) provider: Option<BillingProvider>,
    /// The billing provider once complete.
    shared: Option<Arc<BillingProvider>>,
    pub(super) subscriber: Option<Subscriber>,
    /// SBR02 is `18`.
    pub(super) is_patient: bool,
    pub(super) payer: Option<Payer>,
    pub(super) patient: Option<PatientDraft>,
    /// Where the loop of the party read last begins.
    pub(super) at: Position,
}

/// Who stands above a claim.
pub(super) struct Above {
    pub(super) provider: Arc<BillingProvider>,
    pub(super) subscriber: Subscriber,
    pub(super) payer: Payer,
    pub(super) patient: Option<Patient>,
}

impl Levels {
    pub(super) const fn is_empty(&self) -> bool {
        self.last == 0
    }

    /// Takes an HL; answers the loop that it opens.
    pub(super) fn descend(&mut self, hl: &Segment<'_>, parties: &mut Parties) -> Result<Scope, Fault> {
        if hl.element(1).parse() != Ok(self.last + 1) {
            return Err(Fault::of(hl, 1, "the number after that of the level before"));
        }
        self.last += 1;
        let scope = match hl.element(3) {
            "20" => self.open_provider(hl, parties)?,
            "22" => self.open_subscriber(hl, parties)?,
            "23" => self.open_patient(hl, parties)?,
            _ => return Err(Fault::of(hl, 3, "20, 22 or 23")),
        };
        parties.at = hl.position();
        Ok(scope)
    }

    fn open_provider(&mut self, hl: &Segment<'_>, parties: &mut Parties) -> Result<Scope, Fault> {
        self.end(parties)?;
        if !hl.element(2).is_empty() {
            return Err(Fault::of(hl, 2, "nothing, as a billing provider has no level above"));
        }
        if hl.element(4) != "1" {
            return Err(Fault::of(hl, 4, "1, as subscribers follow"));
        }
        *parties = Parties::default();
        (self.provider, self.subscriber, self.kind) = (self.last, 0, Kind::Provider);
        Ok(Scope::ProviderLevel)
    }

    fn open_subscriber(&mut self, hl: &Segment<'_>, parties: &mut Parties) -> Result<Scope, Fault> {
        self.end_subscriber()?;
        if self.provider == 0 || hl.element(2).parse() != Ok(self.provider) {
            return Err(Fault::of(hl, 2, "the number of the billing provider's level above"));
        }
        self.patients_follow = match hl.element(4) {
            "0" => false,
            "1" => true,
            _ => return Err(Fault::of(hl, 4, "0, or 1 when patients follow")),
        };
        parties.share_provider()?;
        (parties.subscriber, parties.payer, parties.patient, parties.is_patient) = (None, None, None, false);
        (self.subscriber, self.kind, self.patients) = (self.last, Kind::Subscriber, 0);
        self.subscriber_at = hl.position();
        Ok(Scope::SubscriberLevel)
    }

    fn open_patient(&mut self, hl: &Segment<'_>, parties: &mut Parties) -> Result<Scope, Fault> {
        if self.subscriber == 0 || hl.element(2).parse() != Ok(self.subscriber) {
            return Err(Fault::of(hl, 2, "the number of the subscriber's level above"));
        }
        if !self.patients_follow {
            return Err(Fault::of(hl, 2, "a level above of which HL04 is 1"));
        }
        if hl.element(4) != "0" {
            return Err(Fault::of(hl, 4, "0, as nothing follows a patient"));
        }
        parties.check_payer()?;
        parties.patient = None;
        (self.kind, self.patients) = (Kind::Patient, self.patients + 1);
        Ok(Scope::PatientLevel)
    }

    /// Whether a claim may stand on the open level.
    pub(super) fn check_claim(&self, clm: &Segment<'_>, parties: &Parties) -> Result<(), Fault> {
        match self.kind {
            Kind::Patient => Ok(()),
            Kind::Subscriber if parties.is_patient => Ok(()),
            Kind::Subscriber | Kind::Provider => {
                Err(Fault::of(clm, 0, "a patient's level, HL*..*23, as the subscriber is not the patient (SBR02)"))
            }
        }
    }

    /// What must hold when another billing provider follows, or the end.
    pub(super) fn end(&self, parties: &Parties) -> Result<(), Fault> {
        if self.kind == Kind::Provider && self.provider > 0 {
            return Err(Fault::at(parties.at, "HL", "a subscriber's level under the billing provider's"));
        }
        self.end_subscriber()
    }

    fn end_subscriber(&self) -> Result<(), Fault> {
        if self.kind == Kind::Subscriber && self.patients_follow && self.patients == 0 {
            let expected = "patients' levels under this one, as it announces";
            return Err(Fault { segment: "HL", element: 4, position: self.subscriber_at, expected });
        }
        Ok(())
    }
}

impl Parties {
    /// Gives the claims of a level who stands above them: moved, as most levels have one claim.
    pub(super) fn take(&mut self) -> Result<Above, Fault> {
        self.check_payer()?;
        let missing = |expected| Fault::at(self.at, "HL", expected);
        let patient = self.patient.take().map(PatientDraft::complete).transpose().map_err(missing)?;
        if patient.is_none() {
            self.check_patient()?;
        }
        match (&self.shared, self.subscriber.take(), self.payer.take()) {
            (Some(provider), Some(subscriber), Some(payer)) => {
                Ok(Above { provider: Arc::clone(provider), subscriber, payer, patient })
            }
            _ => Err(missing("its parties")),
        }
    }

    /// Takes back who stands above another claim, or another patient's level, of the same subscriber.
    pub(super) fn put_back(&mut self, claim: &Claim) {
        self.subscriber = Some(claim.subscriber.clone());
        self.payer = Some(claim.payer.clone());
        self.patient = claim.patient.clone().map(PatientDraft::of);
    }

    /// Ends the billing provider's loops, which must have told all that they must.
    fn share_provider(&mut self) -> Result<(), Fault> {
        let missing = |expected| Err(Fault::at(self.at, "HL", expected));
        match self.provider.take() {
            None if self.shared.is_some() => Ok(()),
            None => missing("NM1*85, the billing provider, on this level"),
            Some(provider) if provider.name.is_empty() => missing("NM1*85, the billing provider, on this level"),
            Some(provider) if provider.address.line1.is_empty() || provider.address.city.is_empty() => {
                missing("the billing provider's address, N3 and N4, on this level")
            }
            Some(provider) if provider.tax_id.is_empty() => {
                missing("REF*EI or REF*SY, the billing provider's tax id, on this level")
            }
            Some(provider) => {
                self.shared = Some(Arc::new(provider));
                Ok(())
            }
        }
    }

    /// Whether 2010BA told of a subscriber what it must of a patient.
    fn check_patient(&self) -> Result<(), Fault> {
        let missing = |expected| Err(Fault::at(self.at, "HL", expected));
        let Some(subscriber) = &self.subscriber else { return Ok(()) };
        if subscriber.birth_date.is_none() {
            return missing("DMG, the birth date and sex of the subscriber, who is the patient, on this level");
        }
        match &subscriber.address {
            Some(address) if !address.line1.is_empty() && !address.city.is_empty() => Ok(()),
            _ => missing("the address, N3 and N4, of the subscriber, who is the patient, on this level"),
        }
    }

    /// Whether 2000B told all that it must.
    fn check_payer(&self) -> Result<(), Fault> {
        let missing = |expected| Err(Fault::at(self.at, "HL", expected));
        match &self.subscriber {
            None => missing("SBR, the subscriber, on this level"),
            Some(subscriber) if subscriber.name.last.is_empty() => missing("NM1*IL, the subscriber, on this level"),
            Some(_) if self.payer.is_none() => missing("NM1*PR, the payer, on this level"),
            Some(_) => Ok(()),
        }
    }
}

/// NM103 and NM109 of a payer.
pub(super) fn payer(nm1: &Segment<'_>) -> Result<Payer, Fault> {
    Ok(Payer { name: required(nm1, 3, "the payer's name")?, id: required(nm1, 9, "the payer's id")?, address: None })
}
