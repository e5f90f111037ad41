//! The levels above a claim: 2000A billing provider, 2000B subscriber, 2000C patient.

use std::sync::Arc;

use super::party;
use crate::claim::{BillingProvider, Claim, Patient, Payer, Subscriber};
use crate::interchange::InterchangeWriter;

/// Loop 2300 repeats so often at most under one patient.
const CLAIMS_PER_PATIENT: u32 = 100;

/// The levels that are open in the transaction set. HL01 counts from 1 and never starts again.
#[derive(Debug, Default)]
pub(super) struct Hierarchy {
    last: u32,
    provider: Option<Level<Arc<BillingProvider>>>,
    subscriber: Option<Level<Insured>>,
    patient: Option<Patient>,
    /// Claims under the innermost level.
    claims: u32,
}

#[derive(Debug)]
struct Level<T> {
    number: u32,
    of: T,
}

/// What a 2000B tells. HL04 says before the first claim whether patients follow, so both kinds don't mix.
#[derive(Debug)]
struct Insured {
    subscriber: Subscriber,
    payer: Payer,
    is_patient: bool,
}

impl Insured {
    fn is_of(&self, claim: &Claim) -> bool {
        self.is_patient == claim.patient.is_none() && self.subscriber == claim.subscriber && self.payer == claim.payer
    }
}

impl Hierarchy {
    /// Opens the levels that the claim needs and that are not open.
    pub(super) fn descend(&mut self, file: &mut InterchangeWriter, claim: &Claim) {
        let provider = match &self.provider {
            Some(level) if level.of == claim.billing_provider => level.number,
            _ => self.open_provider(file, claim),
        };
        let full = self.claims >= CLAIMS_PER_PATIENT;
        let subscriber = match &self.subscriber {
            Some(level) if level.of.is_of(claim) && !(full && level.of.is_patient) => level.number,
            _ => self.open_subscriber(file, claim, provider),
        };
        if let Some(patient) = &claim.patient
            && (full || self.patient.as_ref() != Some(patient))
        {
            self.last += 1;
            file.segment("HL").number(self.last).number(subscriber).text("23").text("0");
            party::patient(file, patient);
            self.patient = Some(patient.clone());
            self.claims = 0;
        }
        self.claims += 1;
    }

    fn open_provider(&mut self, file: &mut InterchangeWriter, claim: &Claim) -> u32 {
        self.last += 1;
        file.segment("HL").number(self.last).text("").text("20").text("1");
        party::billing_provider(file, &claim.billing_provider);
        self.provider = Some(Level { number: self.last, of: Arc::clone(&claim.billing_provider) });
        self.subscriber = None;
        self.last
    }

    fn open_subscriber(&mut self, file: &mut InterchangeWriter, claim: &Claim, provider: u32) -> u32 {
        self.last += 1;
        let is_patient = claim.patient.is_none();
        let child = if is_patient { "0" } else { "1" };
        file.segment("HL").number(self.last).number(provider).text("22").text(child);
        party::subscriber(file, &claim.subscriber, is_patient);
        party::payer(file, &claim.payer);
        let insured = Insured { subscriber: claim.subscriber.clone(), payer: claim.payer.clone(), is_patient };
        self.subscriber = Some(Level { number: self.last, of: insured });
        self.patient = None;
        self.claims = 0;
        self.last
    }
}
