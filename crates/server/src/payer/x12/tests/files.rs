//! The files as files: numbers, syntax, sums, and that the same file is answered the same.

use std::collections::HashSet;

use proptest::prelude::*;
use x12::acknowledgment::{self, GroupVerdict, Verdict};
use x12::quantity::Quantity;
use x12::segment::Position;

use super::*;
use crate::payer::x12::Error;

/// Claims as they come: payers, providers, lines and charges differ.
fn many(count: u32) -> Vec<Claim> {
    let one = |n: u32| {
        let mut claim = claim(&format!("C{n:07}"), &format!("W{n:06}"));
        claim.payer.id = format!("9990{}", n / 40 % 6 + 1);
        let line = claim.lines[0].clone();
        for extra in 0..n % 3 {
            let mut line = line.clone();
            line.charge = Cents(i64::from(n % 97) * 31 + 1);
            line.control_number = format!("C{n:07}L{}", extra + 2);
            claim.lines.push(line);
        }
        claim.total = claim.lines.iter().map(|line| line.charge).sum();
        claim
    };
    (0..count).map(one).collect()
}

#[test]
fn a_large_file_is_answered_by_its_shares_and_all_adds_up() {
    let mut payers = Payers::new(3);
    // a set is refused twice in a thousand
    let answers = answers(&mut payers, 1, many(4_000));
    assert_eq!(imbalances(&answers), []);
    let (said, paid) = (said(&answers), paid(&answers));
    assert_eq!(said.len(), 4_000);
    let rejected = said.iter().filter(|claim| claim.payer_claim_number.is_none()).count();
    assert!((80..=160).contains(&rejected), "{rejected}");
    let denied =
        paid.iter().filter(|claim| claim.paid.0 == 0 && claim.patient_responsibility == Some(Cents(0))).count();
    assert!((450..=680).contains(&denied), "{denied}");
    let late = answers.iter().filter(|answer| answer.kind == AnswerKind::Status).count();
    assert_eq!(late, 2);
    let corrected = super::paid(&payers.settle().unwrap()).len() / 2;
    assert!((15..=60).contains(&corrected), "{corrected}");
    // one number of the payer for each claim, the same in both answers
    let taken: HashSet<_> = said.iter().filter_map(|claim| claim.payer_claim_number.as_ref()).collect();
    assert!(paid.iter().all(|claim| taken.contains(claim.payer_claim_number.as_ref().unwrap())));
    assert_eq!(taken.len(), 4_000 - rejected);
}

#[test]
fn one_payment_of_a_hundred_is_delivered_twice() {
    let mut payers = Payers::new(1);
    let mut doubled = 0;
    for control in 1..=1_000 {
        let answers = answers(&mut payers, control, vec![claim("C1", "DED1")]);
        let payments: Vec<_> = answers.iter().filter(|answer| answer.kind == AnswerKind::Payment).collect();
        doubled += usize::from(payments.len() == 2 && payments[0] == payments[1]);
    }
    assert!((3..=22).contains(&doubled), "{doubled}");
}

#[test]
fn the_tally_is_that_of_the_claims() {
    let answers = answers(&mut Payers::new(1), 7, vec![claim("C1", "DED1"), claim("C2", "REJ1"), claim("C3", "DED1")]);
    let Some(Part::Status(status::Part::Batch(batch))) = parts(&answers, AnswerKind::Status).into_iter().next() else {
        panic!()
    };
    assert_eq!(batch.batch_reference.as_deref(), Some("B7"));
    assert_eq!((batch.tally.accepted, batch.tally.rejected), (Some(Quantity::whole(2)), Some(Quantity::whole(1))));
    assert_eq!((batch.tally.accepted_amount, batch.tally.rejected_amount), (Some(Cents(30_000)), Some(Cents(15_000))));
    assert_eq!(batch.statuses[0].amount, Some(Cents(45_000)));
    assert_eq!(said(&answers)[0].trace.as_deref(), Some("TC1"));
    assert_eq!(paid(&answers)[0].lines[0].control_number.as_deref(), Some("C1L1"));
}

#[test]
fn the_same_file_is_answered_the_same_and_no_number_is_used_twice() {
    let answered = |control| answers(&mut Payers::new(5), control, many(50));
    assert_eq!(answered(7), answered(7));
    let numbers: Vec<_> = [7, 8, 9].into_iter().flat_map(answered).map(|answer| answer.control_number).collect();
    assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len());
}

#[test]
fn a_broken_set_is_refused_at_its_segment() {
    let bytes = file(7, vec![claim("C1", "DED1")]);
    let text = String::from_utf8(bytes).unwrap().replace("DTP*472*D8*20261120", "DTP*472*D8*20261320");
    let answers = Payers::new(1).answer(text.as_bytes(), now()).unwrap();
    assert_eq!(kinds(&answers), ["ta1", "999"]);
    let told = parts(&answers, AnswerKind::Syntax);
    let [
        _,
        Part::Acknowledgment(acknowledgment::Part::Set(set)),
        Part::Acknowledgment(acknowledgment::Part::Totals(totals)),
    ] = told.as_slice()
    else {
        panic!("{told:?}")
    };
    assert_eq!(
        (set.control.as_str(), set.verdict.is_accepted(), totals.verdict),
        ("0001", false, GroupVerdict::Rejected)
    );
    assert_eq!(set.errors[0].segment_id.unwrap(), "DTP");
    let at = text.split('~').position(|segment| segment.starts_with("DTP*472")).unwrap() - 1;
    assert_eq!(set.errors[0].segment_position, u32::try_from(at).ok());
    assert_ne!(set.position, Position::default());
}

#[test]
fn a_wrong_count_of_segments_is_told_as_such() {
    let text = String::from_utf8(file(7, vec![claim("C1", "DED1")])).unwrap().replace("~SE*", "~SE*9");
    let answers = Payers::new(1).answer(text.as_bytes(), now()).unwrap();
    let sets = parts(&answers, AnswerKind::Syntax);
    let Part::Acknowledgment(acknowledgment::Part::Set(set)) = &sets[1] else { panic!("{sets:?}") };
    assert_eq!((set.errors.len(), set.reasons[0].as_str()), (0, "4"));
}

#[test]
fn a_broken_envelope_is_refused_as_a_whole() {
    let text =
        String::from_utf8(file(7, vec![claim("C1", "DED1")])).unwrap().replace("IEA*1*000000007", "IEA*1*000000008");
    let answers = Payers::new(1).answer(text.as_bytes(), now()).unwrap();
    assert_eq!(kinds(&answers), ["ta1"]);
    let Event::Acknowledged(ta1) = document::read(answers[0].bytes.as_slice()).nth(1).unwrap().unwrap() else {
        panic!()
    };
    assert_eq!((ta1.control_number.as_str(), ta1.verdict, ta1.note.as_str()), ("000000007", Verdict::Rejected, "022"));
    assert!(matches!(Payers::new(1).answer(b"nothing", now()), Err(Error::Unreadable(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is claimed and whoever is insured: each answer is read again and adds up, but where it shall not.
    #[test]
    fn every_answer_is_read_again_and_adds_up(
        seed: u64,
        charges in prop::collection::vec(prop::collection::vec(1_i64..2_000_000, 1..6), 1..12),
        steered in prop::collection::vec(0_usize..30, 12),
    ) {
        let claims: Vec<_> = charges.iter().zip(&steered).enumerate().map(|(n, (charges, steer))| {
            let prefix = crate::payer::x12::CASES.get(*steer).map_or("W", |(prefix, ..)| prefix);
            let mut claim = claim(&format!("C{n}"), &format!("{prefix}{n}"));
            let line = claim.lines.remove(0);
            for (m, charge) in charges.iter().enumerate() {
                let control_number = format!("C{n}L{m}");
                claim.lines.push(x12::claim::Line { control_number, charge: Cents(*charge), ..line.clone() });
            }
            claim.total = claim.lines.iter().map(|line| line.charge).sum();
            claim
        }).collect();
        let has_unbalanced = claims.iter().any(|claim| claim.subscriber.member_id.starts_with("UNB"));
        let mut payers = Payers::new(seed);
        let mut all = answers(&mut payers, 7, claims);
        all.extend(payers.settle().unwrap());
        prop_assert_eq!(imbalances(&all).len(), usize::from(has_unbalanced));
        let (said, paid) = (said(&all), paid(&all));
        prop_assert!(said.is_empty() || said.len() == charges.len());
        prop_assert!(paid.iter().all(|claim| claim.lines.len() == claim.lines.iter().filter(|line| line.charge.0 != 0).count()));
    }
}
