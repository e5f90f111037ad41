//! What is said of a claim, or of a file, that can't be acted on: it is kept where a person finds it, and says why.

use therapy_claims::claims::v1 as pb;
use therapy_claims::common::v1::ClaimStatus;

use crate::desk::Desk;
use crate::ingest::{REVERSED, USUAL, clp, only, reason, remittance, x277, x835, x999};
use crate::remittances::{refused, with};
use crate::world::refusal;

/// A second decision on a claim: the first one stands.
const OTHER: &[(&str, &str, &str)] = &[("CO", "45", "50")];

/// A claim that was paid, and a payment of another sum for it under another number.
async fn paid_twice(desk: &Desk) -> (pb::Claim, pb::RemittanceClaim) {
    let (claims, _) = desk.sent(2).await;
    let number = claims[0].claim_number.as_str();
    desk.lost("EFT1", (number, "1", "150", "110", USUAL)).await;
    let told = desk.lost("EFT2", (number, "1", "150", "100", OTHER)).await;
    (claims[0].clone(), told)
}

async fn find(desk: &Desk, id: &str) -> pb::RemittanceClaim {
    let all = desk.told(pb::ListRemittanceClaimsRequest { page_size: 500, ..Default::default() }).await;
    all.into_iter().find(|told| told.id == id).unwrap()
}

#[tokio::test]
async fn what_a_claim_can_not_take_is_on_the_queue_until_it_can() {
    let desk = Desk::new().await;
    let (claim, told) = paid_twice(&desk).await;
    assert_eq!(
        (told.state(), told.state_reason.as_str(), told.claim_id.as_str()),
        (pb::RemittanceClaimState::Parked, "CLAIM_INVALID_TRANSITION", claim.id.as_str())
    );
    assert_eq!(desk.queue().await, std::slice::from_ref(&told));
    desk.assert_money(&claim, "110.00 20.00 20.00").await;
    // the payer takes the first decision back: the second one counts
    desk.lost("EFT3", (claim.claim_number.as_str(), "22", "-150", "-110", REVERSED)).await;
    desk.assert_money(&claim, "100.00 50.00 0.00").await;
    let posted = find(&desk, &told.id).await;
    assert_eq!((posted.state(), posted.state_reason.as_str()), (pb::RemittanceClaimState::Posted, ""));
    assert_ne!(posted.etag, told.etag);
    assert_eq!(desk.queue().await, []);
}

#[tokio::test]
async fn what_is_dismissed_waits_no_more() {
    let desk = Desk::new().await;
    let (claim, told) = paid_twice(&desk).await;
    let gone = desk.dismiss(&told.id, pb::RemittanceDismissal::ReturnedToPayer).await.unwrap();
    assert_eq!(gone.state(), pb::RemittanceClaimState::Dismissed);
    assert_eq!(desk.queue().await, []);
    let waiting = "SELECT concat_ws(' ', outcome, outcome_reason) FROM claims.acknowledgments WHERE outcome <> 'applied' \
                   AND kind = 'paid'";
    assert_eq!(desk.world.ask(waiting).await, "recorded RETURNED_TO_PAYER");
    desk.lost("EFT3", (claim.claim_number.as_str(), "22", "-150", "-110", REVERSED)).await;
    desk.assert_money(&claim, "0.00 0.00 0.00").await;
    desk.stands(&claim, ClaimStatus::Submitted, pb::PayerState::Reversed).await;
    // and still, a person may say that it is the decision after all
    desk.match_it(with(&find(&desk, &told.id).await, &claim)).await.unwrap();
    desk.assert_money(&claim, "100.00 50.00 0.00").await;
}

#[tokio::test]
async fn what_waits_at_one_claim_is_matched_with_another_and_waits_no_more() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(2).await;
    let number = claims[0].claim_number.as_str();
    desk.lost("EFT1", (number, "1", "150", "110", USUAL)).await;
    let told = desk.lost("EFT2", (number, "1", "150", "100", OTHER)).await;
    assert_eq!(refusal(desk.match_it(with(&told, &claims[0])).await), refused("CLAIM_CANNOT_TAKE_IT"));
    assert_eq!(find(&desk, &told.id).await, told, "nothing changed");
    let matched = desk.match_it(with(&told, &claims[1])).await.unwrap();
    assert_eq!((matched.state(), &matched.claim_id), (pb::RemittanceClaimState::Posted, &claims[1].id));
    desk.assert_money(&claims[1], "100.00 50.00 0.00").await;
    desk.lost("EFT3", (number, "22", "-150", "-110", REVERSED)).await;
    desk.assert_money(&claims[0], "0.00 0.00 0.00").await;
    desk.assert_money(&claims[1], "100.00 50.00 0.00").await;
}

#[tokio::test]
async fn money_under_a_status_that_decides_nothing_waits() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(2).await;
    let number = claims[0].claim_number.as_str();
    for (payment, status) in [("EFT1", "23"), ("EFT2", "25")] {
        let told = desk.lost(payment, (number, status, "150", "110", USUAL)).await;
        assert_eq!(
            (told.state(), told.state_reason.as_str()),
            (pb::RemittanceClaimState::Parked, "PAID_WITHOUT_DECISION")
        );
    }
    assert_eq!(desk.queue().await.len(), 2);
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Transmitted).await;
    let nothing: &[(&str, &str, &str)] = &[("CO", "45", "150")];
    let number = claims[1].claim_number.as_str();
    assert_eq!(desk.lost("EFT3", (number, "23", "150", "0", nothing)).await.state(), pb::RemittanceClaimState::Posted);
    desk.stands(&claims[1], ClaimStatus::Submitted, pb::PayerState::Forwarded).await;
}

#[tokio::test]
async fn a_payment_of_more_than_can_be_kept_is_parked_as_a_whole() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let many: Vec<_> = (0..120).flat_map(|_| [("CO", "45", "99999999"), ("PR", "3", "-99999999")]).collect();
    let large = clp((&claims[0].claim_number, "1", "150", "150", &many));
    let (kind, header) = x835("EFT1", "150", &[], "");
    let taken = desk.ingest(&remittance(790, &[(kind, header + &large)])).await;
    assert_eq!((only(&taken).state(), reason(only(&taken))), (pb::InboundState::Parked, "AMOUNT_TOO_LARGE"));
    assert_eq!(desk.world.ask("SELECT count(*) FROM claims.remittances").await, "0");
}

#[tokio::test]
async fn an_acknowledgment_of_something_else_moves_no_claim() {
    let desk = Desk::new().await;
    let (claims, batch) = desk.sent(1).await;
    let own = x999(&batch, "", "R");
    for (ours, theirs) in [("AK1*HC", "AK1*HS"), ("AK2*837", "AK2*270"), ("AK2*837*0001", "AK2*837*0777")] {
        let taken = desk.ingest(&own.replace(ours, theirs)).await;
        assert_eq!((only(&taken).state(), reason(only(&taken))), (pb::InboundState::Parked, "ACKNOWLEDGES_OTHER"));
    }
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Transmitted).await;
    desk.ingest(&own).await;
    desk.stands(&claims[0], ClaimStatus::Draft, pb::PayerState::RejectedTransport).await;
}

#[tokio::test]
async fn a_batch_that_is_rejected_without_naming_a_claim_is_for_somebody_to_look_at() {
    let desk = Desk::new().await;
    let (claims, batch) = desk.sent(1).await;
    let none = x277(&batch, &[]);
    let of_batch = none.replace("STC*A1:19:PR*20260320*WQ*300~", "STC*A8:746:40*20260320*U*300~");
    let of_provider = none.replace("STC*A1:19:PR**WQ*300~", "STC*A7:562:85**U*300~");
    assert!(of_batch != none && of_provider != none);
    for file in [of_batch, of_provider] {
        let taken = desk.ingest(&file).await;
        assert_eq!((only(&taken).state(), reason(only(&taken))), (pb::InboundState::Parked, "BATCH_REJECTED"));
    }
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Transmitted).await;
}

#[tokio::test]
async fn a_refusal_under_a_category_that_a_277ca_has_not_rejects_nothing() {
    let desk = Desk::new().await;
    let (claims, batch) = desk.sent(1).await;
    for status in ["F1:65:PR", "E0:0:PR", "D0:35:PR"] {
        assert_eq!(only(&desk.ingest(&x277(&batch, &[(&claims[0], status)])).await).parked, 1, "{status}");
    }
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Transmitted).await;
}
