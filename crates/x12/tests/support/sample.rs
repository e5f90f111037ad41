//! Invented claims of every kind that a therapy practice sends.

use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveDateTime};
use x12::amount::Cents;
use x12::claim::{
    Address, Adjustment, AdjustmentGroup, Adjustments, Assignment, BatchHeader, BenefitsAssigned, BillingProvider,
    Claim, Frequency, Line, LineDecision, Name, OtherPayer, OtherSubscriber, Patient, Payer, Provider, Purpose,
    Receiver, Release, Sequence, ServiceFacility, Sex, Submitter, Subscriber, Supervisor, TaxIdType,
};
use x12::interchange::{Interchange, Usage};

/// What is special about a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    InPerson,
    Telehealth,
    Dependent,
    Supervised,
    Secondary,
    SecondaryByClaim,
    Replacement,
    Void,
    PayTo,
    ServiceFacility,
    SoloTherapist,
    Late,
}

pub(crate) const KINDS: [Kind; 12] = [
    Kind::InPerson,
    Kind::Telehealth,
    Kind::Dependent,
    Kind::Supervised,
    Kind::Secondary,
    Kind::SecondaryByClaim,
    Kind::Replacement,
    Kind::Void,
    Kind::PayTo,
    Kind::ServiceFacility,
    Kind::SoloTherapist,
    Kind::Late,
];

pub(crate) fn day(offset: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 9, 1).unwrap_or_default() + Days::new(u64::from(offset % 28))
}

pub(crate) fn minute() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap_or_default().and_hms_opt(1, 42, 0).unwrap_or_default()
}

pub(crate) fn interchange(control_number: u32) -> Interchange {
    Interchange {
        sender_qualifier: "ZZ".into(),
        sender: "SUBMIT01".into(),
        receiver_qualifier: "ZZ".into(),
        receiver: "RECV01".into(),
        control_number,
        created_at: minute(),
        usage: Usage::Test,
        requests_acknowledgment: false,
    }
}

pub(crate) fn header(reference: &str) -> BatchHeader {
    BatchHeader {
        reference: reference.into(),
        created_at: minute(),
        purpose: Purpose::Original,
        submitter: Submitter {
            name: "EXAMPLE PLATFORM INC".into(),
            id: "SUBMIT01".into(),
            contact_name: "EDI SUPPORT".into(),
            phone: "6175550100".into(),
        },
        receiver: Receiver { name: "EXAMPLE CLEARINGHOUSE".into(), id: "RECV01".into() },
    }
}

/// An NPI with the right check digit, of any number.
pub(crate) fn npi(number: u32) -> String {
    let nine = format!("1{:08}", number % 100_000_000);
    let sum: u32 = 24
        + nine
            .bytes()
            .enumerate()
            .map(|(place, byte)| {
                let digit = u32::from(byte - b'0') * if place % 2 == 0 { 2 } else { 1 };
                digit / 10 + digit % 10
            })
            .sum::<u32>();
    format!("{nine}{}", (10 - sum % 10) % 10)
}

fn address(line1: String, zip_code: &str) -> Address {
    Address { line1, line2: String::new(), city: "BOSTON".into(), state: "MA".into(), zip_code: zip_code.into() }
}

fn provider(n: u32) -> BillingProvider {
    BillingProvider {
        name: "HARBOR THERAPY GROUP".into(),
        first_name: String::new(),
        npi: npi(99_990_000 + n),
        tax_id: "123456789".into(),
        tax_id_type: TaxIdType::Employer,
        taxonomy: "261QM0801X".into(),
        address: address(format!("{} CLINIC WAY", 500 + n), "021180001"),
        pay_to: None,
        contact_name: String::new(),
        phone: String::new(),
    }
}

fn subscriber(n: u32) -> Subscriber {
    Subscriber {
        sequence: Sequence::Primary,
        group_number: format!("GRP{:03}", n % 500),
        group_name: String::new(),
        insurance_type: String::new(),
        filing_indicator: "CI".into(),
        name: Name { last: format!("DOE{n}"), first: "JANE".into(), ..Name::default() },
        member_id: format!("W{n:09}"),
        address: Some(address(format!("{n} MAIN ST"), "02118")),
        birth_date: NaiveDate::from_ymd_opt(1990, 1, 15),
        sex: Some(Sex::Female),
    }
}

/// A claim of a session: one line, the patient being the subscriber.
pub(crate) fn claim(n: u32) -> Claim {
    let number = format!("C{n:08}XA01");
    Claim {
        billing_provider: Arc::new(provider(0)),
        subscriber: subscriber(n),
        payer: Payer { name: "EXAMPLE PAYER".into(), id: "60054".into(), address: None },
        patient: None,
        total: Cents(15_000),
        place_of_service: "11".into(),
        frequency: Frequency::Original,
        signature_on_file: true,
        assignment: Assignment::Assigned,
        benefits_assigned: BenefitsAssigned::Yes,
        release: Release::Signed,
        delay_reason: String::new(),
        patient_paid: Cents::ZERO,
        prior_authorization: String::new(),
        payer_claim_number: String::new(),
        trace: format!("T{n:010}"),
        diagnoses: vec!["F411".into(), "F331".into()],
        rendering_provider: Some(Provider {
            last_name: "SMITH".into(),
            first_name: "ALICE".into(),
            npi: npi(23_456_789),
            taxonomy: "1041C0700X".into(),
        }),
        service_facility: None,
        supervisor: None,
        other_payers: Vec::new(),
        lines: vec![Line {
            control_number: format!("{number}L1"),
            procedure: "90837".into(),
            modifiers: Vec::new(),
            charge: Cents(15_000),
            units: 1,
            place_of_service: String::new(),
            diagnosis_pointers: vec![1, 2],
            service_date: day(n),
            service_date_to: None,
            decisions: Vec::new(),
        }],
        number,
    }
}

/// A claim of the kind.
pub(crate) fn claim_of(kind: Kind, n: u32) -> Claim {
    let plain = claim(n);
    match kind {
        Kind::InPerson => with_add_on(plain),
        Kind::Telehealth => telehealth(plain),
        Kind::Dependent => dependent(plain),
        Kind::Supervised => Claim {
            supervisor: Some(Supervisor { last_name: "BROWN".into(), first_name: "CARL".into(), npi: npi(77_000_001) }),
            prior_authorization: "AUTH555".into(),
            ..plain
        },
        Kind::Secondary => secondary(plain),
        Kind::SecondaryByClaim => secondary_by_claim(plain),
        Kind::Replacement => {
            Claim { frequency: Frequency::Replacement, payer_claim_number: format!("ICN{n:010}"), ..plain }
        }
        Kind::Void => Claim { frequency: Frequency::Void, payer_claim_number: format!("ICN{n:010}"), ..plain },
        Kind::PayTo => Claim {
            billing_provider: Arc::new(BillingProvider {
                pay_to: Some(address("PO BOX 9".into(), "021190009")),
                contact_name: "BILLING DESK".into(),
                phone: "6175550111".into(),
                ..provider(1)
            }),
            ..plain
        },
        Kind::ServiceFacility => Claim {
            service_facility: Some(ServiceFacility {
                name: "HARBOR SATELLITE".into(),
                npi: npi(66_000_002),
                address: Address { line2: "SUITE 4".into(), ..address("7 PIER RD".into(), "021280001") },
            }),
            ..plain
        },
        Kind::SoloTherapist => Claim {
            billing_provider: Arc::new(BillingProvider {
                name: "RIVERA".into(),
                first_name: "NOA".into(),
                tax_id_type: TaxIdType::SocialSecurity,
                taxonomy: "103TC0700X".into(),
                ..provider(2)
            }),
            rendering_provider: None,
            ..plain
        },
        Kind::Late => Claim { delay_reason: "8".into(), patient_paid: Cents(2_550), ..plain },
    }
}

fn with_add_on(mut claim: Claim) -> Claim {
    let Some(first) = claim.lines.first().cloned() else { return claim };
    claim.lines.push(Line {
        control_number: format!("{}L2", claim.number),
        procedure: "90785".into(),
        charge: Cents(1_505),
        diagnosis_pointers: vec![1],
        ..first
    });
    claim.total = Cents(16_505);
    claim
}

fn telehealth(mut claim: Claim) -> Claim {
    claim.place_of_service = "10".into();
    for line in &mut claim.lines {
        line.modifiers = vec!["95".into(), "HO".into()];
    }
    claim
}

fn dependent(mut claim: Claim) -> Claim {
    let patient = Patient {
        relationship: "19".into(),
        name: Name { last: "DOE".into(), first: "SAM".into(), middle: "Q".into(), suffix: "JR".into() },
        address: address("1 MAIN ST".into(), "02118"),
        birth_date: NaiveDate::from_ymd_opt(2014, 6, 30).unwrap_or_default(),
        sex: Sex::Unknown,
    };
    claim.patient = Some(patient);
    claim.subscriber = Subscriber { address: None, birth_date: None, sex: None, ..claim.subscriber };
    claim
}

fn other_payer() -> OtherPayer {
    OtherPayer {
        sequence: Sequence::Primary,
        relationship: "18".into(),
        group_number: "G1".into(),
        group_name: String::new(),
        insurance_type: String::new(),
        filing_indicator: "BL".into(),
        adjustments: Vec::new(),
        paid: Some(Cents(8_000)),
        patient_owes: Some(Cents(2_000)),
        benefits_assigned: BenefitsAssigned::Yes,
        release: Release::Signed,
        subscriber: OtherSubscriber {
            name: Name { last: "DOE".into(), first: "JANE".into(), ..Name::default() },
            member_id: "QRS200002".into(),
            address: Some(address("1 MAIN ST".into(), "02118")),
        },
        payer_id: "99902".into(),
        payer_name: "OTHER SAMPLE PLAN".into(),
        decided_on: None,
        payer_claim_number: "PCN778".into(),
    }
}

fn adjustments() -> Vec<Adjustments> {
    let one = |reason: &str, cents| Adjustment { reason: reason.into(), amount: Cents(cents), quantity: None };
    vec![
        Adjustments { group: AdjustmentGroup::Contractual, items: vec![one("45", 5_000)] },
        Adjustments {
            group: AdjustmentGroup::Patient,
            items: vec![one("1", 1_500), Adjustment { quantity: Some(1), ..one("3", 500) }],
        },
    ]
}

fn secondary(mut claim: Claim) -> Claim {
    claim.subscriber.sequence = Sequence::Secondary;
    claim.other_payers = vec![other_payer()];
    for line in &mut claim.lines {
        line.decisions = vec![LineDecision {
            payer_id: "99902".into(),
            paid: Cents(8_000),
            procedure: line.procedure.clone(),
            modifiers: vec!["95".into()],
            units: 1,
            adjustments: adjustments(),
            decided_on: day(27),
            patient_owes: Some(Cents(2_000)),
        }];
    }
    claim
}

fn secondary_by_claim(mut claim: Claim) -> Claim {
    claim.subscriber.sequence = Sequence::Secondary;
    claim.other_payers = vec![OtherPayer { adjustments: adjustments(), decided_on: Some(day(27)), ..other_payer() }];
    claim
}
