//! Made-up answers of a payer, as many as are wanted, shared by the example programs and the benchmark.
#![expect(clippy::expect_used, reason = "made-up values are what they are")]

use chrono::{NaiveDate, NaiveTime};
use x12::acknowledgment::{self, Context, ElementError, GroupVerdict, SegmentError, SetVerdict};
use x12::amount::Cents;
use x12::code::Code;
use x12::party::{Address, Contact, Person};
use x12::procedure::Procedure;
use x12::quantity::Quantity;
use x12::remittance::{
    Adjustment, AdjustmentGroup, ClaimPayment, ClaimStatus, Direction, LinePayment, Payee, Payer, Payment,
    QualifiedAmount,
};
use x12::segment::Position;
use x12::status::{Action, Batch, Claim, Organization, Provider, Status, StatusCode, Tally};

const CHARGE: Cents = Cents(17_550);
const PAID: Cents = Cents(11_800);

fn code(text: &str) -> Code {
    Code::new(text).expect("a code")
}

fn day(day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2026, 9, day % 28 + 1)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn person(n: u32) -> Option<Person> {
    Some(Person {
        last_name: some("TESTER"),
        first_name: some("ALMA"),
        id_qualifier: Code::new("MI"),
        id: Some(format!("XYZ{n:06}")),
        ..Person::default()
    })
}

/// The header of a payment of so many claims.
pub(crate) fn payment(claims: u32) -> Payment {
    Payment {
        position: Position::default(),
        handling: Code::new("I"),
        amount: Cents(PAID.0 * i64::from(claims)),
        direction: Direction::Credit,
        method: Code::new("CHK"),
        paid_on: NaiveDate::from_ymd_opt(2026, 10, 20),
        number: "900001".to_owned(),
        payer_identifier: some("1999999999"),
        payer_supplement: None,
        produced_on: NaiveDate::from_ymd_opt(2026, 10, 19),
        payer: Payer {
            name: some("SAMPLE HEALTH PLAN"),
            id: some("99901"),
            address: Address {
                line1: some("1 PLAN WAY"),
                line2: None,
                city: some("SALEM"),
                state: some("OR"),
                postal_code: some("97301"),
            },
            contact: Contact { name: some("PROVIDER LINE"), qualifier: some("TE"), number: some("8005550199") },
        },
        payee: Payee { name: some("ELM STREET THERAPY"), npi: some("1234567893"), tax_id: some("931234567") },
        notes: Vec::new(),
    }
}

/// A claim that is paid with a contractual adjustment and a copay.
pub(crate) fn paid(n: u32) -> ClaimPayment {
    let adjustment = |group, reason, amount| Adjustment { group, reason: code(reason), amount, quantity: None };
    let line = LinePayment {
        position: Position::default(),
        procedure: Procedure { qualifier: code("HC"), code: code("90837"), modifiers: vec![code("95")] },
        charge: CHARGE,
        paid: PAID,
        revenue_code: None,
        units: Some(Quantity::whole(1)),
        submitted: None,
        submitted_units: None,
        served_from: day(n),
        served_through: day(n),
        adjustments: vec![
            adjustment(AdjustmentGroup::Contractual, "45", Cents(3750)),
            adjustment(AdjustmentGroup::PatientResponsibility, "3", Cents(2000)),
        ],
        control_number: Some(format!("S{n:07}L1")),
        amounts: vec![QualifiedAmount { qualifier: code("B6"), amount: Cents(13_800) }],
        remarks: Vec::new(),
    };
    ClaimPayment {
        position: Position::default(),
        claim_number: format!("S{n:07}"),
        status: Some(ClaimStatus::Primary),
        charge: CHARGE,
        paid: PAID,
        patient_responsibility: Some(Cents(2000)),
        filing_indicator: Code::new("12"),
        payer_claim_number: Some(format!("ICN{n:08}")),
        facility: Code::new("11"),
        frequency: Code::new("1"),
        adjustments: Vec::new(),
        patient: person(n),
        subscriber: None,
        corrected: None,
        rendering_npi: some("1987654328"),
        served_from: day(n),
        served_through: day(n),
        received_on: day(n + 1),
        remarks: Vec::new(),
        amounts: vec![QualifiedAmount { qualifier: code("AU"), amount: Cents(13_800) }],
        lines: vec![line],
        notes: Vec::new(),
    }
}

fn status(category: &str, status: &str, action: Action, amount: i64) -> Status {
    Status {
        codes: vec![StatusCode { category: code(category), status: code(status), entity: Code::new("PR") }],
        effective_on: NaiveDate::from_ymd_opt(2026, 10, 2),
        action: Some(action),
        amount: Some(Cents(amount)),
        has_text: false,
    }
}

fn organization(role: &str, name: &str, qualifier: &str, id: &str) -> Option<Organization> {
    Some(Organization { role: Code::new(role), name: some(name), id_qualifier: Code::new(qualifier), id: some(id) })
}

/// What is said of a batch of so many claims, every tenth of which is refused.
pub(crate) fn batch(claims: u32) -> Batch {
    Batch {
        position: Position::default(),
        reference: some("CAB20261001A"),
        created_on: NaiveDate::from_ymd_opt(2026, 10, 2),
        created_at: NaiveTime::from_hms_opt(8, 1, 0),
        source: organization("AY", "TESTING CLEARINGHOUSE", "46", "TCH99"),
        source_trace: some("TCH20261002"),
        received_on: NaiveDate::from_ymd_opt(2026, 10, 1),
        processed_on: NaiveDate::from_ymd_opt(2026, 10, 2),
        receiver: organization("41", "ELM STREET THERAPY", "46", "EST0001"),
        batch_reference: some("B20261001A"),
        statuses: vec![status("A1", "19", Action::Accept, CHARGE.0 * i64::from(claims))],
        tally: tally(claims),
        notes: Vec::new(),
    }
}

fn tally(claims: u32) -> Tally {
    let rejected = claims.div_ceil(10);
    let amount = |count: u32| Some(Cents(CHARGE.0 * i64::from(count)));
    Tally {
        accepted: Some(Quantity::whole(claims - rejected)),
        rejected: Some(Quantity::whole(rejected)),
        accepted_amount: amount(claims - rejected),
        rejected_amount: amount(rejected),
    }
}

/// What is said of the billing provider of that batch.
pub(crate) fn provider(claims: u32) -> Provider {
    Provider {
        position: Position::default(),
        billing: organization("85", "ELM STREET THERAPY", "XX", "1234567893"),
        trace: some("0"),
        // STC02 isn't used in this loop
        statuses: vec![Status {
            effective_on: None,
            ..status("A1", "19", Action::Accept, CHARGE.0 * i64::from(claims))
        }],
        tally: tally(claims),
        notes: Vec::new(),
    }
}

/// A claim of that batch.
pub(crate) fn taken(n: u32) -> Claim {
    let is_rejected = n.is_multiple_of(10);
    let (category, said, action) =
        if is_rejected { ("A7", "562", Action::Reject) } else { ("A2", "20", Action::Accept) };
    Claim {
        position: Position::default(),
        patient: person(n),
        claim_number: Some(format!("S{n:07}")),
        statuses: vec![status(category, said, action, CHARGE.0)],
        payer_claim_number: (!is_rejected).then(|| format!("ICN{n:08}")),
        trace: Some(format!("TCH{n:06}")),
        served_from: day(n),
        served_through: day(n),
        lines: Vec::new(),
        notes: Vec::new(),
    }
}

/// The group that a 999 answers.
pub(crate) fn group() -> acknowledgment::Group {
    let (position, version) = (Position::default(), Code::new("005010X222A1"));
    acknowledgment::Group { position, function: code("HC"), control: "101".to_owned(), version }
}

/// A set of that group, with one claim's error.
pub(crate) fn rejected(n: u32) -> acknowledgment::Set {
    let element = ElementError {
        element: Some(9),
        component: None,
        repetition: None,
        reference: Some(1363),
        code: Code::new("7"),
        contexts: Vec::new(),
    };
    let error = SegmentError {
        segment_id: Code::new("CLM"),
        segment_position: Some(17),
        loop_id: Code::new("2300"),
        code: Code::new("8"),
        contexts: vec![Context::Claim(format!("S{n:07}"))],
        elements: vec![element],
    };
    acknowledgment::Set {
        position: Position::default(),
        kind: code("837"),
        control: format!("{:04}", n + 1),
        version: Code::new("005010X222A1"),
        errors: vec![error],
        verdict: SetVerdict::Rejected,
        reasons: vec![code("5")],
        notes: Vec::new(),
    }
}

/// The outcome of that group.
pub(crate) fn totals(sets: u32) -> acknowledgment::Totals {
    acknowledgment::Totals {
        verdict: GroupVerdict::Rejected,
        included: Some(sets),
        received: Some(sets),
        accepted: Some(0),
        reasons: Vec::new(),
        notes: Vec::new(),
    }
}
