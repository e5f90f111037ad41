//! `CreateReplacement`, and what becomes of the claim that is replaced.

use therapy_claims::claims::v1 as pb;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Code;

use crate::desk::{Desk, accepted, denied, paid, received, rejected};
use crate::reversing::{assert_books, reversed};
use crate::world::{assert_stands, refusal};

fn precondition(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

/// A claim that was paid under the payer's number, and its replacement.
async fn replaced(desk: &Desk) -> (pb::Claim, pb::Claim) {
    let (old, _) = desk.submitted().await;
    desk.effect(&old, &format!("835 {}", old.id), paid()).await;
    let new = desk.world.replace(&old.id).await.unwrap();
    (desk.world.get(&old.id).await.unwrap(), new)
}

async fn send(desk: &Desk, id: &str) -> pb::Claim {
    desk.world.mark_ready(id, &[]).await.unwrap();
    desk.world.submit(id).await.unwrap()
}

#[tokio::test]
async fn a_replacement_bills_the_same_and_names_the_payers_number() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (old, new) = replaced(&desk).await;
    assert_stands(&old, ClaimStatus::Submitted, pb::PayerState::ReplacementPending);
    assert_stands(&new, ClaimStatus::Draft, pb::PayerState::None);
    assert_eq!(new.frequency(), pb::ClaimFrequency::Replacement);
    assert_eq!((&new.replaces_claim_id, &old.replaced_by_claim_id), (&old.id, &new.id));
    assert_eq!(
        (&new.lines, &new.diagnosis_codes, &new.coverage_id),
        (&old.lines, &old.diagnosis_codes, &old.coverage_id)
    );
    assert_ne!(new.claim_number, old.claim_number);
    assert_eq!((new.paid_amount.as_str(), new.payer_claim_number.as_str(), new.attempt), ("0.00", "", 0));
    assert_eq!(new.findings, [], "the rules find nothing against it");
    let sent = send(&desk, &new.id).await;
    let snapshot = format!("SELECT snapshot -> 'claim' FROM claims.submissions WHERE claim_id = '{}'", sent.id);
    let told = |key: &str| format!("({snapshot}) ->> '{key}'");
    assert_eq!(world.ask(&told("frequency")).await, "7");
    assert_eq!(world.ask(&told("original_payer_claim_number")).await, "PCN-1");
    assert_books(world, &old.id, "100.00 30.00 20.00").await;
}

#[tokio::test]
async fn an_accepted_replacement_takes_the_old_ones_place() {
    for answer in [accepted(), paid()] {
        let desk = Desk::new().await;
        let (old, new) = replaced(&desk).await;
        send(&desk, &new.id).await;
        desk.effect(&new, "received", received()).await;
        assert_eq!(desk.world.get(&old.id).await.unwrap().disposition(), pb::Disposition::Active);
        desk.effect(&new, "277", answer).await;
        let after = desk.world.get(&old.id).await.unwrap();
        assert_eq!(after.disposition(), pb::Disposition::Replaced);
        assert_eq!(desk.world.timeline(&old.id).await.pop().unwrap().r#type(), pb::ClaimEventType::Replaced);
        // its money is settled all the same
        assert_eq!(desk.effect(&old, "22", reversed()).await, pb::ResponseEffect::Applied);
        assert_books(&desk.world, &old.id, "0.00 0.00 0.00").await;
        let story = desk.world.story_as(&desk.world.billing, &old.id).await;
        assert_eq!(story.links.len(), 1);
        assert_eq!((story.links[0].relation(), &story.links[0].claim_id), (pb::ClaimRelation::ReplacedBy, &new.id));
    }
}

#[tokio::test]
async fn the_old_claim_stands_where_it_stood_when_nothing_comes_of_it() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (old, new) = replaced(&desk).await;
    let open = (Code::AlreadyExists, "REPLACEMENT_OPEN".to_owned());
    assert_eq!(refusal(world.replace(&old.id).await), open);
    assert_eq!(refusal(world.void(&old.id).await), precondition("CLAIM_INVALID_TRANSITION"));
    world.cancel(&new.id).await.unwrap();
    let after = world.get(&old.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Paid, pb::PayerState::PaidPartial);
    assert_eq!(after.replaced_by_claim_id, "");

    let new = world.replace(&old.id).await.unwrap();
    send(&desk, &new.id).await;
    desk.effect(&new, "277", rejected()).await;
    assert_stands(&world.get(&old.id).await.unwrap(), ClaimStatus::Paid, pb::PayerState::PaidPartial);
    assert_eq!(refusal(world.replace(&old.id).await), open, "while it may be corrected");
    // corrected and sent again, it waits again
    let again = send(&desk, &new.id).await;
    assert_eq!((again.frequency(), again.attempt), (pb::ClaimFrequency::Replacement, 2));
    assert_stands(&world.get(&old.id).await.unwrap(), ClaimStatus::Submitted, pb::PayerState::ReplacementPending);
    desk.effect(&new, "835", denied()).await;
    assert_stands(&world.get(&old.id).await.unwrap(), ClaimStatus::Paid, pb::PayerState::PaidPartial);
    assert_eq!(world.get(&new.id).await.unwrap().status(), ClaimStatus::Denied);
    let kinds: Vec<_> = world.timeline(&old.id).await.iter().skip(4).map(pb::ClaimEvent::r#type).collect();
    use pb::ClaimEventType::{ReplacementDropped, ReplacementRequested};
    let (asked, dropped) = (ReplacementRequested, ReplacementDropped);
    assert_eq!(kinds, [asked, dropped, asked, dropped, asked, dropped]);
}

#[tokio::test]
async fn a_payer_that_takes_no_replacements_is_sent_none() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (old, _) = desk.submitted().await;
    desk.effect(&old, "835", paid()).await;
    // from the next day on, which isn't the day of the service; then on that day as well
    for (day, is_refused) in [("2026-03-17", false), ("2026-03-16", true)] {
        world
            .run(&format!(
                "DELETE FROM claims.payer_profiles WHERE payer_id = '99901' AND NOT takes_replacements; \
                 UPDATE claims.payer_profiles SET valid_to = date '{day}' - 1 WHERE payer_id = '99901'; \
                 INSERT INTO claims.payer_profiles (payer_id, valid_from, takes_replacements) VALUES ('99901', '{day}', false)"
            ))
            .await;
        world.payers.refresh().await.unwrap();
        let before = world.get(&old.id).await.unwrap();
        if is_refused {
            assert_eq!(refusal(world.replace(&old.id).await), precondition("PAYER_NO_REPLACEMENT"));
            assert_eq!(world.get(&old.id).await.unwrap(), before);
        } else {
            let new = world.replace(&old.id).await.unwrap();
            world.cancel(&new.id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_replacement_is_not_sent_once_the_old_claim_is_being_voided() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (old, new) = replaced(&desk).await;
    send(&desk, &new.id).await;
    desk.effect(&new, "277", rejected()).await;
    world.void(&old.id).await.unwrap();
    world.mark_ready(&new.id, &[]).await.unwrap();
    assert_eq!(refusal(world.submit(&new.id).await), precondition("CLAIM_INVALID_TRANSITION"));
    assert_eq!(world.get(&new.id).await.unwrap().status(), ClaimStatus::Ready);
    assert_stands(&world.get(&old.id).await.unwrap(), ClaimStatus::Submitted, pb::PayerState::VoidPending);
}

#[tokio::test]
async fn a_claim_that_the_payer_does_not_know_is_not_replaced() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let draft = world.draft().await;
    assert_eq!(refusal(world.replace(&draft.id).await), precondition("CLAIM_INVALID_TRANSITION"));
    let (claim, _) = desk.submitted().await;
    assert_eq!(refusal(world.replace(&claim.id).await), precondition("CLAIM_INVALID_TRANSITION"));
    desk.effect(&claim, "denied", denied()).await;
    assert_eq!(refusal(world.replace(&claim.id).await), precondition("PAYER_CLAIM_NUMBER_MISSING"));
    assert_eq!(world.get(&claim.id).await.unwrap().status(), ClaimStatus::Denied, "nothing changed");
}

#[tokio::test]
async fn many_who_replace_a_claim_at_once_make_one_replacement() {
    let desk = Desk::new().await;
    let (old, _) = desk.submitted().await;
    desk.effect(&old, "835", paid()).await;
    let made = futures_util::future::join_all((0..4).map(|_| desk.world.replace(&old.id))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    let count = format!("SELECT count(*) FROM claims.claims WHERE replaces_claim_id = '{}'", old.id);
    assert_eq!(desk.world.ask(&count).await, "1");
    let by_hand = format!(
        "UPDATE claims.claims SET disposition = 'replaced' WHERE id = (SELECT replaces_claim_id FROM claims.claims WHERE replaces_claim_id = '{}')",
        old.id
    );
    desk.world.run(&by_hand).await;
    let bare = format!(
        "UPDATE claims.claims SET disposition = 'replaced', replaced_by_claim_id = NULL WHERE id = '{}'",
        old.id
    );
    assert!(desk.world.try_run(&bare).await.unwrap_err().contains("claims_replaced_check"));
}
