//! Reversals and corrections, in whatever order they come: the money ends the same.

use proptest::sample::subsequence;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::report_payer_response_request::Response as Answer;
use therapy_claims::common::v1::ClaimStatus;

use crate::desk::{Desk, adjustment, denied, paid};
use crate::world::{World, assert_stands, bad_fields, refusal};

/// Asserts that the claim's sums are those of its ledger, and what they come to.
pub(crate) async fn assert_books(world: &World, claim: &str, sums: &str) {
    let of_claim = format!("FROM claims.claims WHERE id = '{claim}'");
    let told = format!("SELECT concat_ws(' ', paid_amount, adjusted_amount, patient_responsibility_amount) {of_claim}");
    assert_eq!(world.ask(&told).await, sums);
    let sum = |kinds: &str| format!("coalesce(sum(amount) FILTER (WHERE kind IN ({kinds})), 0)::numeric(12,2)");
    let booked = format!(
        "SELECT concat_ws(' ', {}, {}, {}) FROM claims.ledger_entries WHERE claim_id = '{claim}'",
        sum("'payer_payment'"),
        sum("'adjustment', 'write_off'"),
        sum("'patient_responsibility'")
    );
    assert_eq!(world.ask(&booked).await, sums, "the ledger");
}

/// Whatever decision stands is taken back.
pub(crate) fn reversed() -> Answer {
    Answer::Reversed(pb::PayerReversed::default())
}

/// So much is paid of 150.00, and the rest is written off.
fn pays(dollars: u32) -> Answer {
    Answer::Paid(pb::PayerPaid {
        paid_amount: format!("{dollars}.00"),
        patient_responsibility_amount: "0".into(),
        adjustments: vec![adjustment(pb::AdjustmentGroup::Contractual, "45", &format!("{}.00", 150 - dollars))],
        payer_claim_number: "PCN-1".into(),
        paid_on: Some((2026, 3, 20).into()),
        forwarded: false,
    })
}

/// The decision that paid so much is taken back.
fn takes_back(dollars: u32) -> Answer {
    let Answer::Paid(pb::PayerPaid { paid_amount, adjustments, .. }) = pays(dollars) else { panic!("not a payment") };
    Answer::Reversed(pb::PayerReversed { paid_amount, adjustments, ..Default::default() })
}

#[tokio::test]
async fn a_reversal_takes_the_money_back_and_a_correction_posts_its_own() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (claim, _) = desk.submitted().await;
    desk.effect(&claim, "p1", paid()).await;
    assert_eq!(desk.effect(&claim, "r1", reversed()).await, pb::ResponseEffect::Applied);
    assert_stands(&world.get(&claim.id).await.unwrap(), ClaimStatus::Submitted, pb::PayerState::Reversed);
    assert_books(world, &claim.id, "0.00 0.00 0.00").await;
    assert_eq!(desk.effect(&claim, "d2", denied()).await, pb::ResponseEffect::Applied);
    assert_stands(&world.get(&claim.id).await.unwrap(), ClaimStatus::Denied, pb::PayerState::DeniedAppealable);
    assert_books(world, &claim.id, "0.00 150.00 0.00").await;
    let kinds: Vec<_> = world.timeline(&claim.id).await.iter().skip(3).map(pb::ClaimEvent::r#type).collect();
    use pb::ClaimEventType::{Denied, Paid, Reversed};
    assert_eq!(kinds, [Paid, Reversed, Denied]);
    assert_eq!(desk.effect(&claim, "r1", reversed()).await, pb::ResponseEffect::Repeated);
}

#[tokio::test]
async fn a_correction_that_overtakes_its_reversal_waits_for_it() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (claim, _) = desk.submitted().await;
    desk.effect(&claim, "p1", pays(100)).await;
    assert_eq!(desk.effect(&claim, "p2", pays(80)).await, pb::ResponseEffect::Parked);
    assert_books(world, &claim.id, "100.00 50.00 0.00").await;
    let before = world.get(&claim.id).await.unwrap();
    assert_eq!(desk.effect(&claim, "r1", takes_back(100)).await, pb::ResponseEffect::Applied);
    assert_books(world, &claim.id, "80.00 70.00 0.00").await;
    let after = world.get(&claim.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Paid, pb::PayerState::PaidFull);
    // one change, of two events
    assert_eq!(after.etag.parse::<i64>().unwrap(), before.etag.parse::<i64>().unwrap() + 1);
    let events = world.timeline(&claim.id).await;
    let told: Vec<_> = events.iter().rev().take(2).map(|e| (e.r#type(), e.ordinal, e.paid_amount.as_str())).collect();
    assert_eq!(told, [(pb::ClaimEventType::Paid, 1, "80.00"), (pb::ClaimEventType::Reversed, 0, "0.00")]);
    let story = world.story_as(&world.billing, &claim.id).await;
    assert!(story.responses.iter().all(|said| said.outcome() == pb::ResponseOutcome::Applied), "nothing waits");
}

/// Three decisions and the reversals of two, in many orders.
#[tokio::test]
async fn whatever_the_order_the_balances_are_those_of_the_decision_that_stands() {
    let desk = Desk::new().await;
    let all = [("p1", pays(100)), ("r1", takes_back(100)), ("p2", pays(80)), ("r2", takes_back(80)), ("p3", pays(60))];
    let mut runner = TestRunner::deterministic();
    for round in 0..24 {
        let shuffled = subsequence(all.to_vec(), all.len()).prop_shuffle().new_tree(&mut runner).unwrap().current();
        let (claim, _) = desk.submitted().await;
        for (name, answer) in &shuffled {
            desk.effect(&claim, &format!("{name} {round}"), answer.clone()).await;
        }
        let order: Vec<_> = shuffled.iter().map(|(name, _)| *name).collect();
        let after = desk.world.get(&claim.id).await.unwrap();
        assert_eq!((after.status(), after.paid_amount.as_str()), (ClaimStatus::Paid, "60.00"), "{order:?}");
        assert_books(&desk.world, &claim.id, "60.00 90.00 0.00").await;
        let parked = format!(
            "SELECT count(*) FROM claims.acknowledgments WHERE claim_id = '{}' AND outcome <> 'applied'",
            claim.id
        );
        assert_eq!(desk.world.ask(&parked).await, "0", "{order:?}");
    }
}

#[tokio::test]
async fn a_reversal_of_money_that_nobody_posted_waits() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    assert_eq!(desk.effect(&claim, "r1", takes_back(100)).await, pb::ResponseEffect::Parked);
    assert_eq!(desk.effect(&claim, "p2", pays(80)).await, pb::ResponseEffect::Applied);
    assert_books(&desk.world, &claim.id, "80.00 70.00 0.00").await;
    // of a claim that is paid once nothing more is taken back than was paid
    assert_eq!(desk.effect(&claim, "r3", takes_back(70)).await, pb::ResponseEffect::Parked);
    assert_books(&desk.world, &claim.id, "80.00 70.00 0.00").await;
}

#[tokio::test]
async fn what_is_taken_back_must_add_up() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    desk.effect(&claim, "p1", pays(100)).await;
    let short = Answer::Reversed(pb::PayerReversed { paid_amount: "100.00".into(), ..Default::default() });
    let refused = desk.report(crate::desk::report(&claim, "r1", short)).await;
    assert_eq!(refusal(refused).1, "REMITTANCE_UNBALANCED");
    let half = Answer::Reversed(pb::PayerReversed {
        adjustments: vec![adjustment(pb::AdjustmentGroup::Contractual, "45", "50.00")],
        ..Default::default()
    });
    let refused = desk.report(crate::desk::report(&claim, "r1", half)).await.unwrap_err();
    assert_eq!(bad_fields(&refused), ["reversed.paid_amount"]);
}

#[tokio::test]
async fn a_decision_on_an_appeal_takes_the_denials_place() {
    let desk = Desk::new().await;
    let world = &desk.world;
    for (name, answers) in [("alone", vec![pays(90)]), ("after its reversal", vec![reversed(), pays(90)])] {
        let (claim, _) = desk.submitted().await;
        desk.effect(&claim, &format!("denied {name}"), denied()).await;
        let action = world.appeal(&claim.id).await.unwrap();
        assert_eq!((action.kind(), action.state()), (pb::ClaimActionKind::Appeal, pb::ClaimActionState::Applied));
        assert_stands(&world.get(&claim.id).await.unwrap(), ClaimStatus::Submitted, pb::PayerState::Appealed);
        for (i, answer) in answers.into_iter().enumerate() {
            let effect = desk.effect(&claim, &format!("{name} {i}"), answer).await;
            assert_eq!(effect, pb::ResponseEffect::Applied, "{name}");
        }
        assert_stands(&world.get(&claim.id).await.unwrap(), ClaimStatus::Paid, pb::PayerState::PaidFull);
        assert_books(world, &claim.id, "90.00 60.00 0.00").await;
        // what comes late has nothing left to take back
        let Answer::Denied(pb::PayerDenied { adjustments, .. }) = denied() else { panic!("not a denial") };
        let late = pb::PayerReversed { paid_amount: "0.00".into(), adjustments, ..Default::default() };
        if name == "alone" {
            let effect = desk.effect(&claim, &format!("{name} late"), Answer::Reversed(late)).await;
            assert_eq!(effect, pb::ResponseEffect::Recorded);
        }
        assert_books(world, &claim.id, "90.00 60.00 0.00").await;
    }
}
