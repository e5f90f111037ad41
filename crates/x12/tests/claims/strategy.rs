//! Any claims, as long as a file can hold them.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use x12::amount::Cents;
use x12::claim::{
    Adjustment, AdjustmentGroup, Adjustments, Batch, Claim, Frequency, Line, LineDecision, Name, Patient, Sex,
    Subscriber,
};

use crate::sample::{self, Kind};

const CODES: [&str; 16] = [
    "F411", "F331", "F4310", "F900", "F10", "Z6379", "F4323", "R45851", "F84", "F603", "F419", "F39", "F509", "F1020",
    "Z630", "T7421XA",
];

/// One to three batches of one to twelve claims, in which providers, subscribers and patients repeat or change.
pub(crate) fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let claims = proptest::collection::vec(claim(), 1..12);
    proptest::collection::vec((claims, "[A-Z0-9]{0,25}"), 1..4).prop_map(|batches| {
        // no two have the same
        let batch = |(n, (claims, reference)): (usize, (_, String))| Batch {
            header: sample::header(&format!("{n}{reference}")),
            claims,
        };
        batches.into_iter().enumerate().map(batch).collect()
    })
}

/// One claim of any kind, of few different people.
pub(crate) fn claim() -> impl Strategy<Value = Claim> {
    let people = (0_u32..4, name(), patient(), subscriber());
    let diagnoses = subsequence(CODES.to_vec(), 1..=12).prop_shuffle();
    let claim = ("[A-Z0-9]{1,20}", select(vec!["02", "10", "11", "53"]), text(), any::<u8>());
    (select(sample::KINDS.to_vec()), people, diagnoses, claim, proptest::collection::vec(line(), 1..6)).prop_map(
        |(kind, (n, name, patient, subscriber), diagnoses, (number, place, authorization, turn), lines)| {
            let base = sample::claim_of(kind, n);
            let mut claim = Claim { diagnoses: diagnoses.into_iter().map(Into::into).collect(), ..base };
            if turn % 3 == 0 {
                claim.subscriber = Subscriber { sequence: claim.subscriber.sequence, ..subscriber };
                claim.subscriber.name = name;
            }
            if let (Some(told), 1..=128) = (&mut claim.patient, turn) {
                *told = patient;
            }
            if turn % 5 == 0 && claim.frequency == Frequency::Original {
                claim.prior_authorization = authorization;
            }
            with_lines(&mut claim, kind, lines);
            claim.place_of_service = place.into();
            claim.number = number;
            claim
        },
    )
}

fn with_lines(claim: &mut Claim, kind: Kind, lines: Vec<Line>) {
    let known = u8::try_from(claim.diagnoses.len()).unwrap_or(12);
    claim.total = lines.iter().map(|line| line.charge).sum();
    claim.lines = lines;
    for (n, line) in claim.lines.iter_mut().enumerate() {
        line.control_number = format!("{}L{n}", claim.number);
        line.diagnosis_pointers.retain(|&pointer| pointer <= known);
        if line.diagnosis_pointers.is_empty() {
            line.diagnosis_pointers.push(known);
        }
        if kind == Kind::Secondary {
            line.decisions = vec![decision(line)];
        }
    }
}

fn line() -> impl Strategy<Value = Line> {
    let codes = (
        select(vec!["90837", "90834", "90785", "99214", "H0004"]),
        subsequence(vec!["95", "HO", "93", "GT", "U1"], 0..=4),
    );
    let pointers = subsequence((1..=12_u8).collect::<Vec<_>>(), 1..=4).prop_shuffle();
    let days = (0_u32..28, proptest::option::of(0_u32..3));
    (codes, pointers, 0_i64..1_000_000, 1_u32..=24, days, select(vec!["", "12"])).prop_map(
        |((procedure, modifiers), diagnosis_pointers, charge, units, (day, span), place)| Line {
            control_number: String::new(),
            procedure: procedure.into(),
            modifiers: modifiers.into_iter().map(Into::into).collect(),
            charge: Cents(charge),
            units,
            place_of_service: place.into(),
            diagnosis_pointers,
            service_date: sample::day(day),
            service_date_to: span.map(|more| sample::day(day.max(24)).max(sample::day(day + more))),
            decisions: Vec::new(),
        },
    )
}

/// Pays half and takes off the rest.
fn decision(line: &Line) -> LineDecision {
    let paid = line.charge.0 / 2;
    let rest = line.charge.0 - paid;
    let one = |reason: &str, cents| Adjustment { reason: reason.into(), amount: Cents(cents), quantity: None };
    let items: Vec<_> = [one("1", rest + 250), one("45", -250)].into_iter().collect();
    LineDecision {
        payer_id: "99902".into(),
        paid: Cents(paid),
        procedure: line.procedure.clone(),
        modifiers: line.modifiers.clone(),
        units: line.units,
        adjustments: vec![Adjustments { group: AdjustmentGroup::Patient, items }],
        decided_on: sample::day(27),
        patient_owes: (rest % 2 == 0).then_some(Cents(rest)),
    }
}

fn patient() -> impl Strategy<Value = Patient> {
    let sex = select(Sex::ALL.to_vec());
    (name(), sex, select(vec!["01", "19", "G8"]), 0_u32..3).prop_filter_map("a dependent", |(name, sex, to, n)| {
        let base = sample::claim_of(Kind::Dependent, n).patient?;
        Some(Patient { name, sex, relationship: to.into(), ..base })
    })
}

fn subscriber() -> impl Strategy<Value = Subscriber> {
    ("[A-Z0-9]{2,20}", text(), select(vec!["CI", "MB", "BL", ""]), 0_u32..3).prop_map(|(member_id, group, kind, n)| {
        Subscriber {
            member_id,
            group_number: group,
            filing_indicator: kind.into(),
            ..sample::claim_of(Kind::Void, n).subscriber
        }
    })
}

fn name() -> impl Strategy<Value = Name> {
    let optional = || prop_oneof![Just(String::new()), "[A-Z]{1,10}"];
    (text(), optional(), optional(), select(vec!["", "JR", "III"])).prop_map(|(last, first, middle, suffix)| Name {
        last,
        first,
        middle,
        suffix: suffix.into(),
    })
}

/// What a file holds as it is.
fn text() -> impl Strategy<Value = String> {
    "[A-Z]([A-Za-z0-9 ,.'&/@#()+-]{0,30}[A-Z])?"
}
