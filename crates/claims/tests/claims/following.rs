//! Claims to the next payer, claims that are held back, appeals, and what a payer passes on by itself.

use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::claim_action_service_server::ClaimActionService;
use therapy_claims::claims::v1::report_payer_response_request::Response as Answer;
use therapy_claims::clinical::v1::PayerSequence;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Code;

use crate::desk::{Desk, denied, paid};
use crate::ingest::{USUAL, only, remittance, x835};
use crate::reversing::reversed;
use crate::world::{WHY, assert_stands, body, codes, refusal};
use kernel::Role;

fn precondition(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

/// A claim that was paid and left 20.00 to a patient with a second coverage.
pub(crate) async fn paid_with_next(desk: &Desk) -> pb::Claim {
    let (claim, _) = desk.submitted().await;
    desk.world.add_coverage(claim.patient_id.parse().unwrap(), "99902", "secondary").await;
    desk.effect(&claim, &format!("835 {}", claim.id), paid()).await;
    desk.world.get(&claim.id).await.unwrap()
}

#[tokio::test]
async fn the_next_payer_is_told_what_the_first_one_decided() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let first = paid_with_next(&desk).await;
    let second = world.bill_next(&first.id).await.unwrap();
    assert_stands(&second, ClaimStatus::Draft, pb::PayerState::None);
    assert_eq!(codes(&second), [] as [&str; 0], "the rules of earlier payers are content");
    assert_eq!((second.payer_sequence(), second.payer_id.as_str()), (PayerSequence::Secondary, "99902"));
    assert_eq!((&second.prior_claim_id, &second.lines), (&first.id, &first.lines));
    assert_eq!(second.frequency(), pb::ClaimFrequency::Original);
    // 180 days from the payment, not from the service
    assert_eq!(second.filing_deadline, Some((2026, 9, 16).into()));
    world.mark_ready(&second.id, &[]).await.unwrap();
    let sent = world.submit(&second.id).await.unwrap();
    let prior =
        format!("SELECT snapshot #> '{{prior_payers,0}}' FROM claims.submissions WHERE claim_id = '{}'", sent.id);
    let told = |key: &str| format!("({prior}) ->> '{key}'");
    for (key, value) in [
        ("payer_id", "99901"),
        ("payer_name", "Sample Health Plan"),
        ("payer_claim_number", "PCN-1"),
        ("payer_sequence", "P"),
        ("adjudicated_on", "2026-03-20"),
        ("paid", "100.00"),
        ("forwarded", "false"),
    ] {
        assert_eq!(world.ask(&told(key)).await, value, "{key}");
    }
    let adjustments = world.ask(&told("adjustments")).await;
    assert!(adjustments.contains("\"CO\"") && adjustments.contains("\"PR\""), "{adjustments}");
    assert_eq!(world.ask(&format!("({prior}) #>> '{{coverage,member_id}}'")).await, "W123456789");
    assert_eq!(refusal(world.bill_next(&first.id).await), (Code::AlreadyExists, "SESSION_ALREADY_BILLED".into()));
    let story = world.story_as(&world.billing, &first.id).await;
    assert_eq!((story.links[0].relation(), &story.links[0].claim_id), (pb::ClaimRelation::Next, &second.id));
}

#[tokio::test]
async fn the_next_payer_is_told_line_by_line_what_a_remittance_told_so() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (claims, _) = desk.sent(1).await;
    let first = &claims[0];
    world.add_coverage(first.patient_id.parse().unwrap(), "99902", "secondary").await;
    let with_nothing = [USUAL, &[("PR", "1", "0")]].concat();
    let paid = [(first.claim_number.as_str(), "1", "150", "110", with_nothing.as_slice())];
    let taken = desk.ingest(&remittance(800, &[x835("EFT1", "110", &paid, "")])).await;
    assert_eq!(only(&taken).applied, 1, "{taken:?}");
    let second = world.bill_next(&first.id).await.unwrap();
    assert_eq!(codes(&second), [] as [&str; 0], "the rules of earlier payers are content");
    world.mark_ready(&second.id, &[]).await.unwrap();
    world.submit(&second.id).await.unwrap();
    let file = desk.file().await;
    let line = "~SVD*99901*110*HC:90837:95**1~CAS*CO*45*20~CAS*PR*3*20~DTP*573*D8*20260320~AMT*EAF*20~";
    assert!(file.contains(line), "{file}");
    assert_eq!(file.matches("~AMT*EAF*").count(), 1, "what is left to the patient, at one level: {file}");
    assert_eq!(file.matches("~CAS*").count(), 2, "told once, on the line: {file}");
    assert_eq!(file.matches("~DTP*573*").count(), 1, "one day at one level: {file}");
    assert!(file.contains("~AMT*D*110~"), "{file}");
}

#[tokio::test]
async fn a_third_payer_is_told_of_both_and_there_is_no_fourth() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let first = paid_with_next(&desk).await;
    world.add_coverage(first.patient_id.parse().unwrap(), "99902", "tertiary").await;
    let mut claim = first;
    for (sequence, before) in [(PayerSequence::Secondary, 1), (PayerSequence::Tertiary, 2)] {
        claim = world.bill_next(&claim.id).await.unwrap();
        assert_eq!((claim.payer_sequence(), codes(&claim).is_empty()), (sequence, true));
        world.mark_ready(&claim.id, &[]).await.unwrap();
        world.submit(&claim.id).await.unwrap();
        let file = desk.file().await;
        // decided as a whole, so that the claim as a whole tells of it
        assert_eq!(file.matches("~AMT*D*100~AMT*EAF*20~OI*").count(), before, "{file}");
        assert_eq!((file.matches("~DTP*573*").count(), file.matches("~SVD*").count()), (before, 0), "{file}");
        desk.effect(&claim, &format!("835 {}", claim.id), paid()).await;
    }
    let told =
        format!("SELECT jsonb_array_length(snapshot -> 'prior_payers') FROM claims.claims WHERE id = '{}'", claim.id);
    assert_eq!(world.ask(&told).await, "2");
    assert_eq!(refusal(world.bill_next(&claim.id).await), precondition("NO_NEXT_COVERAGE"));
}

#[tokio::test]
async fn a_ready_claim_to_the_next_payer_is_stale_once_the_first_one_changes_its_mind() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let first = paid_with_next(&desk).await;
    let second = world.bill_next(&first.id).await.unwrap();
    world.mark_ready(&second.id, &[]).await.unwrap();
    desk.effect(&first, "22", reversed()).await;
    assert_eq!(refusal(world.submit(&second.id).await), precondition("CLAIM_NOT_READY"));
    let after = world.get(&second.id).await.unwrap();
    assert!(codes(&after).contains(&"COB_PRIMARY_MISSING"), "{:?}", codes(&after));
}

#[tokio::test]
async fn there_is_a_next_payer_only_where_something_is_left_and_nobody_did_it() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (claim, _) = desk.submitted().await;
    assert_eq!(refusal(world.bill_next(&claim.id).await), precondition("CLAIM_NOT_PAID"));
    desk.effect(&claim, "835", paid()).await;
    assert_eq!(refusal(world.bill_next(&claim.id).await), precondition("NO_NEXT_COVERAGE"));

    let pay = |owes: &str, forwarded| {
        let Answer::Paid(good) = paid() else { panic!("not a payment") };
        let mut adjustments = good.adjustments.clone();
        if owes == "0.00" {
            adjustments = vec![crate::desk::adjustment(pb::AdjustmentGroup::Contractual, "45", "50.00")];
        }
        Answer::Paid(pb::PayerPaid { patient_responsibility_amount: owes.into(), adjustments, forwarded, ..good })
    };
    for (owes, forwarded, reason) in [("0.00", false, "NOTHING_LEFT_TO_BILL"), ("20.00", true, "CLAIM_FORWARDED")] {
        let (claim, _) = desk.submitted().await;
        world.add_coverage(claim.patient_id.parse().unwrap(), "99902", "secondary").await;
        desk.effect(&claim, reason, pay(owes, forwarded)).await;
        assert_eq!(world.get(&claim.id).await.unwrap().forwarded, forwarded);
        assert_eq!(refusal(world.bill_next(&claim.id).await), precondition(reason));
        let by_hand = format!("UPDATE claims.claims SET prior_claim_id = id WHERE id = '{}'", claim.id);
        assert!(world.try_run(&by_hand).await.unwrap_err().contains("claims_prior_check"));
    }
}

#[tokio::test]
async fn a_claim_that_is_passed_on_undecided_says_so() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    let effect = desk.effect(&claim, "23", Answer::Forwarded(pb::PayerForwarded {})).await;
    assert_eq!(effect, pb::ResponseEffect::Applied);
    assert_stands(&desk.world.get(&claim.id).await.unwrap(), ClaimStatus::Submitted, pb::PayerState::Forwarded);
    assert_eq!(desk.world.timeline(&claim.id).await.pop().unwrap().r#type(), pb::ClaimEventType::Forwarded);
    assert_eq!(desk.effect(&claim, "835", paid()).await, pb::ResponseEffect::Applied);
}

#[tokio::test]
async fn a_claim_that_is_held_is_not_sent_until_it_is_released() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let ready = world.ready().await;
    let held = world.hold(&ready.id).await.unwrap();
    assert_stands(&held, ClaimStatus::Draft, pb::PayerState::Held);
    assert_eq!(world.hold(&ready.id).await.unwrap(), held, "once more is no news");
    assert_eq!(refusal(world.mark_ready(&held.id, &[]).await), precondition("CLAIM_INVALID_TRANSITION"));
    assert_eq!(refusal(world.submit(&held.id).await), precondition("CLAIM_INVALID_TRANSITION"));
    let claim = pb::Claim { diagnosis_codes: vec!["Z99".into()], ..held };
    world.update(claim, &["diagnosis_codes"]).await.unwrap();
    let released = world.release(&ready.id).await.unwrap();
    assert_stands(&released, ClaimStatus::Draft, pb::PayerState::ValidationFailed);
    assert_eq!(refusal(world.release(&ready.id).await), precondition("CLAIM_INVALID_TRANSITION"));
    let kinds: Vec<_> = world.timeline(&ready.id).await.iter().skip(2).map(pb::ClaimEvent::r#type).collect();
    use pb::ClaimEventType::{Edited, Held, Released};
    assert_eq!(kinds, [Held, Edited, Released]);
}

#[tokio::test]
async fn an_appeal_needs_an_open_denial_and_time() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (claim, _) = desk.submitted().await;
    assert_eq!(refusal(world.appeal(&claim.id).await), precondition("CLAIM_INVALID_TRANSITION"));
    desk.effect(&claim, "835", denied()).await;
    let late = pb::FileAppealRequest {
        claim_id: claim.id.clone(),
        reason: WHY.into(),
        deadline: Some((2026, 3, 19).into()),
        ..Default::default()
    };
    let call = world.billing.call("ClaimActionService/FileAppeal", late);
    assert_eq!(refusal(body(world.actions.file_appeal(call).await)), precondition("APPEAL_DEADLINE_PASSED"));
    let action = world.appeal(&claim.id).await.unwrap();
    assert_eq!((action.deadline, action.was_proposed), (Some((2026, 4, 3).into()), false));
    assert_eq!(refusal(world.appeal(&claim.id).await), precondition("CLAIM_INVALID_TRANSITION"));
    desk.effect(&claim, "again", denied()).await;
    crate::reversing::assert_books(world, &claim.id, "0.00 150.00 0.00").await;
    world.close_denial(&claim.id).await.unwrap();
    assert_eq!(refusal(world.appeal(&claim.id).await), precondition("CLAIM_INVALID_TRANSITION"));
    let by_hand = "UPDATE claims.claim_actions SET deadline = NULL";
    assert!(world.try_run(by_hand).await.unwrap_err().contains("claim_actions_deadline_check"));
}

#[tokio::test]
async fn one_call_tells_the_whole_story() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (claim, _) = desk.submitted().await;
    desk.effect(&claim, "835", denied()).await;
    world.appeal(&claim.id).await.unwrap();
    desk.effect(&claim, "835 2", paid()).await;
    world.void(&claim.id).await.unwrap();
    let story = world.story_as(&world.billing, &claim.id).await;
    let sent: Vec<_> = story.submissions.iter().map(|s| (s.attempt, s.frequency(), s.state())).collect();
    let queued = pb::SubmissionState::Queued;
    assert_eq!(sent, [(1, pb::ClaimFrequency::Original, queued), (2, pb::ClaimFrequency::Void, queued)]);
    let said: Vec<_> = story.responses.iter().map(|r| (r.kind(), r.outcome(), r.paid_amount.as_str())).collect();
    let applied = pb::ResponseOutcome::Applied;
    assert_eq!(said, [(pb::ResponseKind::Denied, applied, ""), (pb::ResponseKind::Paid, applied, "100.00")]);
    let kinds: Vec<_> = story.claim_actions.iter().map(pb::ClaimAction::kind).collect();
    assert_eq!(kinds, [pb::ClaimActionKind::Appeal, pb::ClaimActionKind::Void]);
    assert_eq!(story.links, []);

    let seen = world.story_as(&world.caller(Role::FrontDesk), &claim.id).await;
    assert!(seen.claim_actions.is_empty());
    let told =
        |r: &pb::TimelineResponse| !r.paid_amount.is_empty() || !r.adjustments.is_empty() || !r.reasons.is_empty();
    assert!(!seen.responses.iter().any(told), "nothing of what the payer decided");
}
