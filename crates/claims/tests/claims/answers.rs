//! `ReportPayerResponse`.

use futures_util::future::join_all;
use prost::Message;
use testkit::Adapter;
use testkit::caller::practice;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::report_payer_response_request::Response as Answer;
use therapy_claims::common::v1::ClaimStatus;
use tonic::{Code, Status};

use crate::desk::{Desk, accepted, adjustment, denied, paid, received, rejected, report};
use crate::world::{World, assert_stands, bad_fields, codes, now, refusal, request_id};

#[tokio::test]
async fn a_payment_posts_state_money_event_and_entry_together() {
    let desk = Desk::new().await;
    let (claim, submission) = desk.submitted().await;
    let entries = desk.world.entries(&claim.id).await;
    let answered = desk.report(report(&claim, "835-1", paid())).await.unwrap();
    assert_eq!(answered.effect(), pb::ResponseEffect::Applied);

    let after = desk.world.get(&claim.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Paid, pb::PayerState::PaidPartial);
    assert_eq!(after.paid_amount, "100.00");
    assert_eq!(after.adjusted_amount, "30.00");
    assert_eq!(after.patient_responsibility_amount, "20.00");
    assert_eq!(after.payer_claim_number, "PCN-1");
    assert!(after.adjudicated_at.is_some());
    assert_eq!(answered.claim.unwrap().claim_version.to_string(), after.etag);

    let ledger = format!(
        "SELECT string_agg(concat_ws(' ', kind, group_code, reason_code, amount, occurred_on), ', ' ORDER BY kind) \
         FROM claims.ledger_entries WHERE claim_id = '{}' AND acknowledgment_id IS NOT NULL",
        claim.id
    );
    assert_eq!(
        desk.world.ask(&ledger).await,
        "adjustment CO 45 30.00 2026-03-20, patient_responsibility PR 3 20.00 2026-03-20, payer_payment 100.00 2026-03-20"
    );
    let event = desk.world.timeline(&claim.id).await.pop().unwrap();
    assert_eq!(event.r#type(), pb::ClaimEventType::Paid);
    assert_eq!((event.from_status(), event.to_status()), (ClaimStatus::Submitted, ClaimStatus::Paid));
    assert_eq!((event.paid_amount.as_str(), event.submission_id), ("100.00", submission));
    assert_eq!(event.reason_codes, ["CO-45", "PR-3"]);
    // the report, and the two reads above
    assert_eq!(desk.world.entries(&claim.id).await, entries + 3);
}

#[tokio::test]
async fn what_many_report_at_once_is_posted_once() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    let reports = (0..12).map(|_| desk.effect(&claim, "835-1", paid()));
    let effects = join_all(reports).await;
    let applied = effects.iter().filter(|effect| **effect == pb::ResponseEffect::Applied).count();
    let repeated = effects.iter().filter(|effect| **effect == pb::ResponseEffect::Repeated).count();
    assert_eq!((applied, repeated), (1, 11));
    let of_claim = |table: &str| format!("SELECT count(*) FROM claims.{table} WHERE claim_id = '{}'", claim.id);
    assert_eq!(desk.world.ask(&of_claim("acknowledgments")).await, "1");
    let sum = format!(
        "SELECT sum(amount) FROM claims.ledger_entries WHERE claim_id = '{}' AND kind = 'payer_payment'",
        claim.id
    );
    assert_eq!(desk.world.ask(&sum).await, "100.00");
    assert_eq!(desk.world.get(&claim.id).await.unwrap().paid_amount, "100.00");
    let paid = desk.world.timeline(&claim.id).await.into_iter().filter(|e| e.r#type() == pb::ClaimEventType::Paid);
    assert_eq!(paid.count(), 1);
}

#[tokio::test]
async fn a_response_id_stands_for_one_answer() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    let (other, _) = desk.submitted().await;
    assert_eq!(desk.effect(&claim, "R1", received()).await, pb::ResponseEffect::Applied);
    let reused = (Code::AlreadyExists, "RESPONSE_ID_REUSED".to_owned());
    assert_eq!(refusal(desk.report(report(&claim, "R1", accepted())).await), reused);
    assert_eq!(refusal(desk.report(report(&other, "R1", received())).await), reused);
    // the repeat tells where the claim stands now, not where it stood
    assert_eq!(desk.effect(&claim, "R2", accepted()).await, pb::ResponseEffect::Applied);
    let repeated = desk.report(report(&claim, "R1", received())).await.unwrap();
    assert_eq!(repeated.effect(), pb::ResponseEffect::Repeated);
    assert_eq!(repeated.claim.unwrap().payer_state(), pb::PayerState::Accepted);
}

#[tokio::test]
async fn one_response_id_for_two_claims_at_once_is_taken_for_one_of_them() {
    let desk = Desk::new().await;
    let claims = [desk.submitted().await.0, desk.submitted().await.0];
    let reports = claims.iter().map(|claim| desk.report(report(claim, "R1", received())));
    let mut answers: Vec<_> = join_all(reports).await;
    answers.sort_by_key(Result::is_err);
    let lost = answers.pop().unwrap();
    assert!(answers.pop().unwrap().is_ok());
    assert_eq!(refusal(lost), (Code::AlreadyExists, "RESPONSE_ID_REUSED".to_owned()));
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first_time() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    let request = pb::ReportPayerResponseRequest { request_id: request_id(), ..report(&claim, "835-1", paid()) };
    let first = desk.report(request.clone()).await.unwrap();
    assert_eq!(desk.report(request.clone()).await.unwrap(), first);
    let other = pb::ReportPayerResponseRequest { response_id: "835-2".into(), ..request };
    assert_eq!(refusal(desk.report(other).await), (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned()));
}

#[tokio::test]
async fn amounts_that_do_not_add_up_are_named_and_change_nothing() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    let Answer::Paid(good) = paid() else { panic!("it is paid") };
    let short = pb::PayerPaid { paid_amount: "99.99".into(), ..good.clone() };
    let unlike = pb::PayerPaid { patient_responsibility_amount: "19.00".into(), ..good.clone() };
    let mut no_code = good.clone();
    no_code.adjustments[0].reason = "4?".into();
    let mut no_amount = good.clone();
    no_amount.adjustments[1].amount = "-1e5".into();
    for (answer, reason, field) in [
        (Answer::Paid(short), "REMITTANCE_UNBALANCED", "paid.adjustments"),
        (Answer::Paid(unlike), "REMITTANCE_PATIENT_RESPONSIBILITY_MISMATCH", "paid.patient_responsibility_amount"),
        (Answer::Paid(no_code), "REMITTANCE_REASON_INVALID", "paid.adjustments"),
        (Answer::Paid(no_amount), "INVALID_REQUEST", "paid.adjustments[1].amount"),
        (
            Answer::Denied(pb::PayerDenied {
                adjustments: vec![adjustment(pb::AdjustmentGroup::Contractual, "197", "149.99")],
                ..Default::default()
            }),
            "REMITTANCE_UNBALANCED",
            "denied.adjustments",
        ),
    ] {
        let status = desk.report(report(&claim, "835-1", answer)).await.unwrap_err();
        assert_eq!(bad_fields(&status), [field]);
        assert_eq!(refusal::<()>(Err(status)), (Code::InvalidArgument, reason.to_owned()));
    }
    assert_eq!(desk.world.get(&claim.id).await.unwrap().status(), ClaimStatus::Submitted);
    assert_eq!(desk.effect(&claim, "835-1", paid()).await, pb::ResponseEffect::Applied, "the id is still free");
}

#[tokio::test]
async fn an_adjustment_may_raise_what_is_paid() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    let answer = Answer::Paid(pb::PayerPaid {
        paid_amount: "155.00".into(),
        patient_responsibility_amount: "0".into(),
        adjustments: vec![adjustment(pb::AdjustmentGroup::Contractual, "45", "-5.00")],
        paid_on: Some((2026, 3, 20).into()),
        ..Default::default()
    });
    assert_eq!(desk.effect(&claim, "835-1", answer).await, pb::ResponseEffect::Applied);
    let after = desk.world.get(&claim.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Paid, pb::PayerState::PaidFull);
    assert_eq!((after.paid_amount.as_str(), after.adjusted_amount.as_str()), ("155.00", "-5.00"));
}

#[tokio::test]
async fn every_answer_is_refused_with_all_that_is_wrong_with_it() {
    let desk = Desk::new().await;
    let request = pb::ReportPayerResponseRequest {
        responded_at: Some(kernel::clock::timestamp(now().shifted(chrono::TimeDelta::hours(1)).now())),
        response: Some(Answer::Rejected(pb::PayerRejected::default())),
        ..Default::default()
    };
    let status = desk.report(request).await.unwrap_err();
    let mut fields = bad_fields(&status);
    fields.sort();
    assert_eq!(fields, ["claim_number", "rejected.reasons", "rejected.source", "responded_at", "response_id"]);
    let status = desk.report(pb::ReportPayerResponseRequest::default()).await.unwrap_err();
    assert!(bad_fields(&status).contains(&"response".to_owned()));
}

#[tokio::test]
async fn a_rejected_claim_is_a_draft_again_and_says_why() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    assert_eq!(desk.effect(&claim, "277-1", rejected()).await, pb::ResponseEffect::Applied);
    let after = desk.world.get(&claim.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Draft, pb::PayerState::RejectedPayer);
    assert!(codes(&after).contains(&"A7:562"));
    let event = desk.world.timeline(&claim.id).await.pop().unwrap();
    assert_eq!((event.r#type(), event.reason_codes), (pb::ClaimEventType::Rejected, vec!["A7:562".to_owned()]));

    // corrected and sent again: what was said of the first attempt says nothing of the second
    desk.world.mark_ready(&claim.id, &[]).await.unwrap();
    let later = desk.world.billing.clone().at(now().shifted(chrono::TimeDelta::hours(2)));
    let again = desk.world.submit_as(&later, &claim.id);
    assert_eq!(again.await.unwrap().attempt, 2);
    let late = desk.effect(&claim, "277-2", received()).await;
    assert_eq!(late, pb::ResponseEffect::Recorded);
    let after = desk.world.get(&claim.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Submitted, pb::PayerState::Queued);
}

#[tokio::test]
async fn a_late_answer_is_recorded_and_tells_nobody() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    assert_eq!(desk.effect(&claim, "835-1", paid()).await, pb::ResponseEffect::Applied);
    let (head, before) = (desk.head().await, desk.world.get(&claim.id).await.unwrap());
    for (id, answer) in [("L1", received()), ("L2", accepted()), ("L3", rejected())] {
        assert_eq!(desk.effect(&claim, id, answer).await, pb::ResponseEffect::Recorded);
    }
    assert_eq!(desk.head().await, head);
    assert_eq!(desk.world.get(&claim.id).await.unwrap(), before);
    let kept =
        format!("SELECT count(*) FROM claims.acknowledgments WHERE claim_id = '{}' AND outcome = 'recorded'", claim.id);
    assert_eq!(desk.world.ask(&kept).await, "3");
}

#[tokio::test]
async fn what_is_not_possible_yet_waits_and_posts_no_money() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    desk.effect(&claim, "835-1", denied()).await;
    let denied = desk.world.get(&claim.id).await.unwrap();
    assert_eq!(denied.status(), ClaimStatus::Denied);
    // a second decision needs the first one taken back
    assert_eq!(desk.effect(&claim, "835-2", paid()).await, pb::ResponseEffect::Parked);
    assert_eq!(desk.effect(&claim, "835-2", paid()).await, pb::ResponseEffect::Repeated);
    assert_eq!(desk.world.get(&claim.id).await.unwrap(), denied);
    let paid = format!(
        "SELECT count(*) FROM claims.ledger_entries WHERE claim_id = '{}' AND kind = 'payer_payment'",
        claim.id
    );
    assert_eq!(desk.world.ask(&paid).await, "0");
}

#[tokio::test]
async fn nobody_can_have_answered_a_claim_that_never_left() {
    let desk = Desk::new().await;
    let ready = desk.world.ready().await;
    for answer in [received(), paid()] {
        let refused = desk.report(report(&ready, "R1", answer)).await;
        assert_eq!(refusal(refused), (Code::FailedPrecondition, "CLAIM_INVALID_TRANSITION".to_owned()));
    }
    assert_eq!(desk.world.ask("SELECT count(*) FROM claims.acknowledgments").await, "0");
}

#[tokio::test]
async fn money_needs_its_own_permission() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    let messenger = Adapter::scoped(desk.world.db(), &[desk.world.practice], &["acks:write"]).await.at(now());
    for answer in [paid(), denied()] {
        let refused = desk.report_as(&messenger, report(&claim, "835-1", answer)).await;
        assert_eq!(refusal(refused), (Code::PermissionDenied, "PERMISSION_MISSING".to_owned()));
    }
    assert!(desk.report_as(&messenger, report(&claim, "277-1", accepted())).await.is_ok());
}

#[tokio::test]
async fn known_money_is_not_told_to_whom_it_is_none_of_the_business() {
    let desk = Desk::new().await;
    let messenger = Adapter::scoped(desk.world.db(), &[desk.world.practice], &["acks:write"]).await.at(now());
    for (id, answer) in [("835-1", paid()), ("835-2", denied())] {
        let (claim, _) = desk.submitted().await;
        assert_eq!(desk.effect(&claim, id, answer.clone()).await, pb::ResponseEffect::Applied);
        let repeated = desk.report_as(&messenger, report(&claim, id, answer.clone())).await;
        assert_eq!(refusal(repeated), (Code::PermissionDenied, "PERMISSION_MISSING".to_owned()));
        assert_eq!(desk.effect(&claim, id, answer).await, pb::ResponseEffect::Repeated);
    }
}

#[tokio::test]
async fn what_is_said_of_a_claim_that_counts_no_more_waits_for_nothing() {
    let desk = Desk::new().await;
    let (claim, id) = desk.submitted().await;
    desk.fail(pb::SubmissionRef { claim_id: claim.id.clone(), submission_id: id, ..Default::default() }).await.unwrap();
    desk.world.cancel(&claim.id).await.unwrap();
    let before = desk.world.get(&claim.id).await.unwrap();
    for (id, answer) in [("L1", received()), ("L2", accepted()), ("L3", rejected())] {
        assert_eq!(desk.effect(&claim, id, answer).await, pb::ResponseEffect::Recorded);
    }
    // money is never left at that: somebody has to look
    assert_eq!(desk.effect(&claim, "835-1", paid()).await, pb::ResponseEffect::Parked);
    assert_eq!(desk.world.get(&claim.id).await.unwrap(), before);
    let kept = "SELECT string_agg(concat_ws(' ', response_id, outcome, outcome_reason), ', ' ORDER BY response_id) \
                FROM claims.acknowledgments";
    assert_eq!(
        desk.world.ask(kept).await,
        "835-1 parked CLAIM_INVALID_TRANSITION, L1 recorded CLAIM_INACTIVE, L2 recorded CLAIM_INACTIVE, L3 recorded CLAIM_INACTIVE"
    );
}

#[tokio::test]
async fn the_number_finds_the_practice_among_those_granted() {
    let world = World::new().await;
    let practices = [practice(world.db()).await, world.practice, practice(world.db()).await];
    let desk = Desk::with(world, &practices).await;
    let (claim, _) = desk.submitted().await;
    assert_eq!(desk.effect(&claim, "277-1", accepted()).await, pb::ResponseEffect::Applied);
}

#[tokio::test]
async fn anothers_claim_number_is_answered_as_one_that_does_not_exist() {
    let world = World::new().await;
    let strangers = [practice(world.db()).await, practice(world.db()).await];
    let desk = Desk::with(world, &strangers).await;
    let (claim, _) = desk.submitted().await;
    let bytes = |status: &Status| {
        let text = String::from_utf8_lossy(status.details()).into_owned();
        (status.code(), status.message().to_owned(), text)
    };
    for practices in [&strangers[..], &strangers[..1]] {
        let adapter = Adapter::new(desk.world.db(), practices).await.at(now());
        for answer in [received(), paid()] {
            let foreign = desk.report_as(&adapter, report(&claim, "R1", answer.clone())).await.unwrap_err();
            let unknown = report(&pb::Claim { claim_number: "ZZZZZZZZZZZZ".into(), ..claim.clone() }, "R1", answer);
            let unknown = desk.report_as(&adapter, unknown).await.unwrap_err();
            assert_eq!(foreign.code(), Code::NotFound);
            let (code, message, details) = bytes(&foreign);
            let details = details.replace(&claim.claim_number, "ZZZZZZZZZZZZ");
            assert_eq!((code, message, details), bytes(&unknown));
        }
    }
}

#[tokio::test]
async fn a_stored_answer_holds_all_that_was_said() {
    let desk = Desk::new().await;
    let (claim, submission) = desk.submitted().await;
    desk.effect(&claim, "277-1", rejected()).await;
    let row = desk
        .world
        .ask("SELECT concat_ws('|', kind, rejected_by, submission_id, reasons, outcome) FROM claims.acknowledgments");
    let reasons = r#"[{"code": "A7:562", "field": "rendering_provider.npi", "message": "NPI not on file"}]"#;
    assert_eq!(row.await, format!("rejected|payer|{submission}|{reasons}|applied"));
    let request = report(&claim, "277-1", rejected());
    let hash = desk.world.ask("SELECT encode(body_hash, 'hex') FROM claims.acknowledgments").await;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(request.encode_to_vec());
    assert_eq!(hash, digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
}
