//! Loops 2000A to 2010CA: billing provider, subscriber, payer and patient.

use chrono::NaiveDate;

use super::Scope;
use super::header::phone;
use super::levels::{Parties, payer};
use super::value::{SEQUENCE, address, misplaced, name, npi, optional, read, required};
use crate::claim::{Address, BillingProvider, Name, Patient, Sequence, Sex, Subscriber, TaxIdType, shows_only};
use crate::error::Fault;
use crate::segment::Segment;
use crate::value;

/// A patient as far as it was read.
#[derive(Default)]
pub(super) struct PatientDraft {
    relationship: String,
    name: Name,
    address: Address,
    birth: Option<(NaiveDate, Sex)>,
}

shows_only! { PatientDraft {} }

impl PatientDraft {
    pub(super) fn of(patient: Patient) -> Self {
        let Patient { relationship, name, address, birth_date, sex } = patient;
        Self { relationship, name, address, birth: Some((birth_date, sex)) }
    }

    /// The patient, if all is there.
    pub(super) fn complete(self) -> Result<Patient, &'static str> {
        let Self { relationship, name, address, birth } = self;
        let Some((birth_date, sex)) = birth else { return Err("DMG, the patient's birth date and sex, on this level") };
        if name.last.is_empty() {
            return Err("NM1*QC, the patient, on this level");
        }
        if address.line1.is_empty() || address.city.is_empty() {
            return Err("the patient's address, N3 and N4, on this level");
        }
        Ok(Patient { relationship, name, address, birth_date, sex })
    }
}

impl Parties {
    /// Takes a segment of a level before its claims; answers the loop that it opens.
    pub(super) fn segment<const CHECKED: bool>(
        &mut self,
        scope: Scope,
        segment: &Segment<'_>,
    ) -> Result<Option<Scope>, Fault> {
        match scope {
            Scope::ProviderLevel | Scope::BillingProvider | Scope::PayTo | Scope::PayToPlan => {
                self.provider_segment::<CHECKED>(scope, segment)
            }
            Scope::SubscriberLevel | Scope::Subscriber | Scope::Payer => {
                self.subscriber_segment::<CHECKED>(scope, segment)
            }
            Scope::PatientLevel | Scope::Patient => self.patient_segment::<CHECKED>(scope, segment),
            Scope::Start
            | Scope::Header
            | Scope::Submitter
            | Scope::Receiver
            | Scope::Claim
            | Scope::Rendering
            | Scope::Facility
            | Scope::Supervisor
            | Scope::OtherProvider
            | Scope::OtherInsurance
            | Scope::OtherSubscriber
            | Scope::OtherPayer
            | Scope::OtherPayerProvider
            | Scope::Line
            | Scope::Drug
            | Scope::LineProvider
            | Scope::Decision
            | Scope::Form => Err(misplaced(segment)),
        }
    }

    fn provider_segment<const CHECKED: bool>(
        &mut self,
        scope: Scope,
        segment: &Segment<'_>,
    ) -> Result<Option<Scope>, Fault> {
        match (scope, segment.id(), &mut self.provider) {
            (Scope::ProviderLevel, "PRV", provider @ None) => {
                let taxonomy = required(segment, 3, "a taxonomy code")?;
                *provider = Some(BillingProvider { taxonomy, ..no_provider() });
                Ok(None)
            }
            (Scope::ProviderLevel, "CUR", _) => Ok(None),
            (Scope::ProviderLevel, "NM1", provider) if segment.element(1) == "85" => {
                let draft = provider.get_or_insert_with(no_provider);
                draft.name = required(segment, 3, "the billing provider's name")?;
                if segment.element(2) == "1" {
                    draft.first_name = optional(segment, 4);
                }
                draft.npi = npi::<CHECKED>(segment)?;
                Ok(Some(Scope::BillingProvider))
            }
            (Scope::BillingProvider, "N3" | "N4", Some(provider)) => {
                address::<CHECKED>(&mut provider.address, segment)?;
                Ok(None)
            }
            (Scope::BillingProvider, "REF", Some(provider)) => {
                if let Some(kind) = TaxIdType::from_code(segment.element(1)) {
                    provider.tax_id_type = kind;
                    provider.tax_id = required(segment, 2, "a tax id")?;
                }
                Ok(None)
            }
            (Scope::BillingProvider, "PER", Some(provider)) => {
                if provider.phone.is_empty() {
                    provider.contact_name = optional(segment, 2);
                    provider.phone = phone(segment);
                }
                Ok(None)
            }
            (Scope::BillingProvider, "NM1", Some(provider)) if segment.element(1) == "87" => {
                provider.pay_to = Some(Address::default());
                Ok(Some(Scope::PayTo))
            }
            (Scope::PayTo, "N3" | "N4", Some(BillingProvider { pay_to: Some(pay_to), .. })) => {
                address::<CHECKED>(pay_to, segment)?;
                Ok(None)
            }
            (Scope::BillingProvider | Scope::PayTo, "NM1", _) if segment.element(1) == "PE" => {
                Ok(Some(Scope::PayToPlan))
            }
            (Scope::PayToPlan, "N3" | "N4" | "REF", _) => Ok(None),
            _ => Err(misplaced(segment)),
        }
    }

    fn subscriber_segment<const CHECKED: bool>(
        &mut self,
        scope: Scope,
        segment: &Segment<'_>,
    ) -> Result<Option<Scope>, Fault> {
        match (scope, segment.id(), &mut self.subscriber, &mut self.payer) {
            (Scope::SubscriberLevel, "SBR", subscriber @ None, _) => {
                self.is_patient = segment.element(2) == "18";
                *subscriber = Some(subscriber_of(segment)?);
                Ok(None)
            }
            (Scope::SubscriberLevel, "PAT", _, _) => Ok(None),
            (Scope::SubscriberLevel, "NM1", Some(subscriber), _) if segment.element(1) == "IL" => {
                subscriber.name = name(segment)?;
                subscriber.member_id = required(segment, 9, "the member id")?;
                Ok(Some(Scope::Subscriber))
            }
            (Scope::Subscriber, "N3" | "N4", Some(subscriber), _) => {
                address::<CHECKED>(subscriber.address.get_or_insert_default(), segment)?;
                Ok(None)
            }
            (Scope::Subscriber, "DMG", Some(subscriber), _) => {
                let (birth_date, sex) = demographics(segment)?;
                (subscriber.birth_date, subscriber.sex) = (Some(birth_date), Some(sex));
                Ok(None)
            }
            (Scope::Subscriber | Scope::Payer, "REF", _, _) | (Scope::Subscriber, "PER", _, _) => Ok(None),
            (Scope::Subscriber, "NM1", _, to) if segment.element(1) == "PR" => {
                *to = Some(payer(segment)?);
                Ok(Some(Scope::Payer))
            }
            (Scope::Payer, "N3" | "N4", _, Some(payer)) => {
                address::<CHECKED>(payer.address.get_or_insert_default(), segment)?;
                Ok(None)
            }
            (Scope::SubscriberLevel, _, None, _) => Err(Fault::of(segment, 0, "SBR, the subscriber")),
            _ => Err(misplaced(segment)),
        }
    }

    fn patient_segment<const CHECKED: bool>(
        &mut self,
        scope: Scope,
        segment: &Segment<'_>,
    ) -> Result<Option<Scope>, Fault> {
        match (scope, segment.id(), &mut self.patient) {
            (Scope::PatientLevel, "PAT", patient @ None) => {
                let relationship = required(segment, 1, "what the patient is to the subscriber")?;
                *patient = Some(PatientDraft { relationship, ..PatientDraft::default() });
                Ok(None)
            }
            (Scope::PatientLevel, "NM1", Some(patient)) if segment.element(1) == "QC" => {
                patient.name = name(segment)?;
                Ok(Some(Scope::Patient))
            }
            (Scope::Patient, "N3" | "N4", Some(patient)) => {
                address::<CHECKED>(&mut patient.address, segment)?;
                Ok(None)
            }
            (Scope::Patient, "DMG", Some(patient)) => {
                patient.birth = Some(demographics(segment)?);
                Ok(None)
            }
            (Scope::Patient, "REF" | "PER", _) => Ok(None),
            (Scope::PatientLevel, _, None) => Err(Fault::of(segment, 0, "PAT, the patient")),
            _ => Err(misplaced(segment)),
        }
    }
}

fn subscriber_of(sbr: &Segment<'_>) -> Result<Subscriber, Fault> {
    Ok(Subscriber {
        sequence: read(sbr, 1, Sequence::from_code, SEQUENCE)?,
        group_number: optional(sbr, 3),
        group_name: optional(sbr, 4),
        insurance_type: optional(sbr, 5),
        filing_indicator: optional(sbr, 9),
        name: Name::default(),
        member_id: String::new(),
        address: None,
        birth_date: None,
        sex: None,
    })
}

fn demographics(dmg: &Segment<'_>) -> Result<(NaiveDate, Sex), Fault> {
    let birth_date = read(dmg, 2, value::date8, "a birth date CCYYMMDD")?;
    Ok((birth_date, read(dmg, 3, Sex::from_code, "F, M or U")?))
}

const fn no_provider() -> BillingProvider {
    BillingProvider {
        name: String::new(),
        first_name: String::new(),
        npi: String::new(),
        tax_id: String::new(),
        tax_id_type: TaxIdType::Employer,
        taxonomy: String::new(),
        address: Address {
            line1: String::new(),
            line2: String::new(),
            city: String::new(),
            state: String::new(),
            zip_code: String::new(),
        },
        pay_to: None,
        contact_name: String::new(),
        phone: String::new(),
    }
}
