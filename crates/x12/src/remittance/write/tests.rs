//! What is written is read again as it was.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::party::{Address, Contact};
use crate::remittance::{AdjustmentGroup, ClaimStatus, Part, Payee, Payer, ProviderAdjustment, read};
use crate::segment::Position;
use crate::testing::strategies::{cents, code, day, maybe_text, person, procedure, quantity, text};
use crate::testing::{events, outgoing, parts, placeless};

fn payment() -> impl Strategy<Value = Payment> {
    let address = (maybe_text(), maybe_text(), maybe_text(), maybe_text());
    let contact = (maybe_text(), text());
    let payer = (maybe_text(), maybe_text(), address, contact);
    let payee = (maybe_text(), maybe_text(), maybe_text());
    let numbers = (text(), maybe_text(), maybe_text());
    (
        option::of(code()),
        0_i64..1_000_000_000,
        any::<bool>(),
        day().prop_map(Some),
        numbers,
        option::of(day()),
        payer,
        payee,
    )
        .prop_map(|(handling, amount, is_credit, paid_on, numbers, produced_on, payer, payee)| {
            let (line1, line2, city, state) = payer.2;
            let (name, number) = payer.3;
            Payment {
                position: Position::default(),
                handling,
                amount: Cents(amount),
                direction: if is_credit { Direction::Credit } else { Direction::Debit },
                method: Code::new(if amount == 0 { "NON" } else { "CHK" }),
                paid_on,
                number: numbers.0,
                payer_identifier: numbers.1,
                payer_supplement: numbers.2,
                produced_on,
                payer: Payer {
                    name: payer.0,
                    id: payer.1,
                    address: Address { line1, line2, city, state, postal_code: None },
                    contact: Contact { name, qualifier: Some("TE".to_owned()), number: Some(number) },
                },
                payee: Payee { name: payee.0, npi: payee.1, tax_id: payee.2 },
                notes: Vec::new(),
            }
        })
}

fn adjustments() -> impl Strategy<Value = Vec<Adjustment>> {
    let group = prop_oneof![
        Just(AdjustmentGroup::Contractual),
        Just(AdjustmentGroup::PatientResponsibility),
        Just(AdjustmentGroup::Other),
        Just(AdjustmentGroup::PayerInitiated),
    ];
    let one = (group, code(), cents(), option::of(quantity()));
    vec(one.prop_map(|(group, reason, amount, quantity)| Adjustment { group, reason, amount, quantity }), 0..9)
}

fn amounts() -> impl Strategy<Value = Vec<QualifiedAmount>> {
    vec((code(), cents()).prop_map(|(qualifier, amount)| QualifiedAmount { qualifier, amount }), 0..3)
}

fn line() -> impl Strategy<Value = LinePayment> {
    let submitted = (option::of(procedure()), option::of(quantity()));
    let days = (option::of(day()), option::of(day()));
    let what = (procedure(), cents(), cents(), option::of(code()), option::of(quantity()));
    (what, submitted, days, adjustments(), maybe_text(), amounts(), vec(code(), 0..4)).prop_map(
        |(what, submitted, days, adjustments, control_number, amounts, remarks)| LinePayment {
            position: Position::default(),
            procedure: what.0,
            charge: what.1,
            paid: what.2,
            revenue_code: what.3,
            units: what.4,
            submitted: submitted.0,
            submitted_units: submitted.1,
            served_from: days.0,
            served_through: days.1,
            adjustments,
            control_number,
            amounts,
            remarks,
        },
    )
}

fn claim() -> impl Strategy<Value = ClaimPayment> {
    let status = prop_oneof![Just(ClaimStatus::Primary), Just(ClaimStatus::Denied), Just(ClaimStatus::Reversal)];
    let head = (text(), status, cents(), cents(), option::of(cents()), option::of(code()), maybe_text());
    let people = (option::of(person()), option::of(person()), option::of(person()), maybe_text());
    let days = (option::of(day()), option::of(day()), option::of(day()));
    let rest = (option::of(code()), option::of(code()), vec(code(), 0..=REMARKS_MAX), amounts(), vec(line(), 0..4));
    (head, people, days, rest, adjustments()).prop_map(|(head, people, days, rest, adjustments)| ClaimPayment {
        position: Position::default(),
        claim_number: head.0,
        status: Some(head.1),
        charge: head.2,
        paid: head.3,
        patient_responsibility: head.4,
        filing_indicator: head.5,
        payer_claim_number: head.6,
        facility: rest.0,
        frequency: rest.1,
        adjustments,
        patient: people.0,
        subscriber: people.1,
        corrected: people.2,
        rendering_npi: people.3,
        served_from: days.0,
        served_through: days.1,
        received_on: days.2,
        remarks: rest.2,
        amounts: rest.3,
        lines: rest.4,
        notes: Vec::new(),
    })
}

fn provider_adjustments() -> impl Strategy<Value = ProviderAdjustments> {
    let one = (code(), maybe_text(), cents()).prop_map(|(reason, reference, amount)| ProviderAdjustment {
        reason,
        reference,
        amount,
    });
    (maybe_text(), option::of(day()), vec(one, 1..=6)).prop_map(|(provider_id, fiscal_period_ends, adjustments)| {
        let (position, notes) = (Position::default(), Vec::new());
        ProviderAdjustments { position, provider_id, fiscal_period_ends, adjustments, notes }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(payment in payment(), claims in vec(claim(), 0..4), plb in vec(provider_adjustments(), 0..3)) {
        let mut file = outgoing(crate::interchange::GroupKind::Payment);
        let mut writer = Writer::begin(&mut file, &payment).unwrap();
        for claim in &claims {
            writer.claim(claim).unwrap();
        }
        for adjustments in &plb {
            writer.provider_adjustments(adjustments).unwrap();
        }
        writer.end();
        let bytes = file.finish();
        let mut expected = vec![Part::Payment(Box::new(payment))];
        expected.extend(claims.into_iter().map(|claim| Part::Claim(Box::new(claim))));
        expected.extend(plb.into_iter().map(Part::ProviderAdjustments));
        let mut read = parts(events(read(bytes.as_slice())));
        prop_assert!(matches!(read.pop(), Some(Part::Totals(_))));
        prop_assert_eq!(placeless(&read), placeless(&expected));
    }
}
