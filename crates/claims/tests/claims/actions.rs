//! `ClaimActionService`: who may do what at once, who decides about whom, and what it makes of the claim.

use kernel::Role;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::claim_action_service_server::ClaimActionService;
use therapy_claims::claims::v1::report_payer_response_request::Response as Answer;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Code;

use crate::desk::{Desk, accepted, denied, paid, rejected, report};
use crate::reversing::assert_books;
use crate::world::{World, assert_stands, bad_fields, body, codes, days_later, fact, refusal, request_id};

fn precondition(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

fn voided() -> Answer {
    Answer::Voided(pb::PayerVoided {})
}

async fn denied_claim(desk: &Desk) -> pb::Claim {
    let (claim, _) = desk.submitted().await;
    desk.effect(&claim, &format!("835 {}", claim.id), denied()).await;
    desk.world.get(&claim.id).await.unwrap()
}

async fn paid_claim(desk: &Desk) -> pb::Claim {
    let (claim, _) = desk.submitted().await;
    desk.effect(&claim, &format!("835 {}", claim.id), paid()).await;
    desk.world.get(&claim.id).await.unwrap()
}

#[tokio::test]
async fn an_admin_writes_off_at_once_and_the_books_agree() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let claim = denied_claim(&desk).await;
    assert_books(world, &claim.id, "0.00 150.00 0.00").await;
    let entries = world.entries(&claim.id).await;
    let action = world.write_off(&claim.id).await.unwrap();
    assert_eq!((action.state(), action.was_proposed), (pb::ClaimActionState::Applied, false));
    assert_eq!((action.kind(), action.claim_id.as_str()), (pb::ClaimActionKind::WriteOff, claim.id.as_str()));
    assert_eq!((action.decided_by.as_str(), action.decided_at), ("", None));
    assert_eq!(world.entries(&claim.id).await, entries + 1);

    let after = world.get(&claim.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Denied, pb::PayerState::DeniedFinal);
    assert_eq!(after.disposition(), pb::Disposition::WrittenOff);
    assert_books(world, &claim.id, "0.00 150.00 0.00").await;
    let lost =
        format!("SELECT sum(amount) FROM claims.ledger_entries WHERE claim_id = '{}' AND kind = 'write_off'", claim.id);
    assert_eq!(world.ask(&lost).await, "150.00");
    let event = world.timeline(&claim.id).await.pop().unwrap();
    assert_eq!((event.r#type(), event.to_status()), (pb::ClaimEventType::WrittenOff, ClaimStatus::Denied));
    assert_eq!(refusal(world.write_off(&claim.id).await), precondition("CLAIM_INVALID_TRANSITION"));
}

#[tokio::test]
async fn billing_proposes_and_an_admin_approves() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let claim = denied_claim(&desk).await;
    let proposal = world.write_off_as(&world.billing, &claim.id).await.unwrap();
    assert_eq!((proposal.state(), proposal.was_proposed), (pb::ClaimActionState::Proposed, true));
    assert_eq!(world.get(&claim.id).await.unwrap(), claim, "a proposal changes nothing");
    let open = pb::ListClaimActionsRequest { state: pb::ClaimActionState::Proposed.into(), ..Default::default() };
    assert_eq!(world.list_actions(open.clone()).await.claim_actions, std::slice::from_ref(&proposal));

    let approved = world.approve_as(&world.admin, &proposal.id).await.unwrap();
    assert_eq!(approved.state(), pb::ClaimActionState::Applied);
    assert_eq!((approved.requested_by.as_str(), approved.was_proposed), (proposal.requested_by.as_str(), true));
    assert_ne!(approved.decided_by, approved.requested_by);
    assert_eq!(world.action(&proposal.id).await, approved);
    assert_eq!(world.get(&claim.id).await.unwrap().disposition(), pb::Disposition::WrittenOff);
    assert_books(world, &claim.id, "0.00 150.00 0.00").await;
    assert_eq!(world.list_actions(open).await.claim_actions, []);
    let of_claim = pb::ListClaimActionsRequest { claim_id: claim.id.clone(), ..Default::default() };
    assert_eq!(world.list_actions(of_claim).await.claim_actions, [approved]);
    assert_eq!(refusal(world.approve_as(&world.admin, &proposal.id).await), precondition("PROPOSAL_DECIDED"));
    assert_eq!(refusal(world.reject_as(&world.admin, &proposal.id).await), precondition("PROPOSAL_DECIDED"));
    assert_eq!(refusal(world.withdraw_as(&world.billing, &proposal.id).await), precondition("PROPOSAL_DECIDED"));
}

#[tokio::test]
async fn nobody_decides_the_own_proposal_even_after_becoming_an_admin() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let claim = denied_claim(&desk).await;
    let proposal = world.write_off_as(&world.billing, &claim.id).await.unwrap();
    let promoted = world.billing.as_role(Role::Admin);
    assert_eq!(refusal(world.approve_as(&promoted, &proposal.id).await), precondition("OWN_PROPOSAL"));
    assert_eq!(refusal(world.reject_as(&promoted, &proposal.id).await), precondition("OWN_PROPOSAL"));
    // nor does anybody else without the permission
    let colleague = world.caller(Role::Billing);
    assert!(colleague.try_ctx("ClaimActionService/ApproveClaimAction").is_err());
    assert_eq!(world.action(&proposal.id).await, proposal);
    assert_eq!(world.get(&claim.id).await.unwrap(), claim);
    // and the database doesn't take it either
    let by_hand = format!(
        "UPDATE claims.claim_actions SET state = 'applied', decided_by = requested_by, decided_at = now() WHERE id = '{}'",
        proposal.id
    );
    let refused = world.try_run(&by_hand).await.unwrap_err();
    assert!(refused.contains("claim_actions_decision_check"), "{refused}");
}

#[tokio::test]
async fn a_proposal_is_rejected_by_another_or_withdrawn_by_its_proposer() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let claim = denied_claim(&desk).await;
    let proposal = world.write_off_as(&world.billing, &claim.id).await.unwrap();
    let rejected = world.reject_as(&world.admin, &proposal.id).await.unwrap();
    assert_eq!((rejected.state(), rejected.decision_note.as_str()), (pb::ClaimActionState::Rejected, "no"));

    let proposal = world.write_off_as(&world.billing, &claim.id).await.unwrap();
    let colleague = world.caller(Role::Billing);
    for other in [&colleague, &world.admin] {
        assert_eq!(refusal(world.withdraw_as(other, &proposal.id).await), precondition("NOT_OWN_PROPOSAL"));
    }
    let withdrawn = world.withdraw_as(&world.billing.as_role(Role::Admin), &proposal.id).await.unwrap();
    assert_eq!((withdrawn.state(), &withdrawn.decided_by), (pb::ClaimActionState::Withdrawn, &proposal.requested_by));
    assert_eq!(world.get(&claim.id).await.unwrap(), claim, "neither changed anything");
}

#[tokio::test]
async fn one_proposal_of_a_kind_is_open_at_a_time() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let claim = denied_claim(&desk).await;
    world.run(&format!("UPDATE claims.claims SET payer_claim_number = 'PCN-9' WHERE id = '{}'", claim.id)).await;
    let colleague = world.caller(Role::Billing);
    let both =
        futures_util::join!(world.write_off_as(&world.billing, &claim.id), world.write_off_as(&colleague, &claim.id));
    let open = (Code::AlreadyExists, "CLAIM_ACTION_OPEN".to_owned());
    let (proposal, second) = match both {
        (Ok(proposal), second) => (proposal, second),
        (first, second) => (second.unwrap(), first),
    };
    assert_eq!(refusal(second), open);
    assert_eq!(refusal(world.write_off(&claim.id).await), open, "an admin decides the proposal");
    // another kind is another question
    world.void_as(&world.billing, &claim.id).await.unwrap();
    world.reject_as(&world.admin, &proposal.id).await.unwrap();
    world.write_off_as(&world.billing, &claim.id).await.unwrap();
}

#[tokio::test]
async fn an_approval_asks_again_what_the_claim_allows() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let claim = denied_claim(&desk).await;
    world.run(&format!("UPDATE claims.claims SET payer_claim_number = 'PCN-9' WHERE id = '{}'", claim.id)).await;
    let write_off = world.write_off_as(&world.billing, &claim.id).await.unwrap();
    let void = world.void_as(&world.billing, &claim.id).await.unwrap();
    world.approve_as(&world.admin, &write_off.id).await.unwrap();
    let written_off = world.get(&claim.id).await.unwrap();
    let events = world.timeline(&claim.id).await.len();
    assert_eq!(refusal(world.approve_as(&world.admin, &void.id).await), precondition("CLAIM_INVALID_TRANSITION"));
    assert_eq!(world.get(&claim.id).await.unwrap(), written_off);
    assert_eq!(world.timeline(&claim.id).await.len(), events);
    assert_eq!(world.action(&void.id).await, void, "it stays open");
    assert_eq!(
        world.ask(&format!("SELECT count(*) FROM claims.submissions WHERE claim_id = '{}'", claim.id)).await,
        "1"
    );
    world.reject_as(&world.admin, &void.id).await.unwrap();
}

#[tokio::test]
async fn only_a_denied_claim_is_written_off_and_only_one_that_the_payer_knows_is_voided() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let illegal = precondition("CLAIM_INVALID_TRANSITION");
    let (submitted, paid) = (desk.submitted().await.0, paid_claim(&desk).await);
    for claim in [&world.draft().await, &world.ready().await, &submitted] {
        for caller in [&world.admin, &world.billing] {
            assert_eq!(refusal(world.void_as(caller, &claim.id).await), illegal);
            assert_eq!(refusal(world.write_off_as(caller, &claim.id).await), illegal);
        }
    }
    let refused = world.write_off(&paid.id).await.unwrap_err();
    assert_eq!(fact(&refused, "attempted"), "denial_closed");
    // denied() tells no number
    let denied = denied_claim(&desk).await;
    assert_eq!(refusal(world.void(&denied.id).await), precondition("PAYER_CLAIM_NUMBER_MISSING"));
    assert_eq!(world.list_actions(pb::ListClaimActionsRequest::default()).await.claim_actions, [], "nothing is kept");
}

#[tokio::test]
async fn a_void_goes_out_as_frequency_8_and_ends_with_the_money_taken_back() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let claim = paid_claim(&desk).await;
    assert_books(world, &claim.id, "100.00 30.00 20.00").await;
    assert_eq!(world.void(&claim.id).await.unwrap().state(), pb::ClaimActionState::Applied);
    let pending = world.get(&claim.id).await.unwrap();
    assert_stands(&pending, ClaimStatus::Submitted, pb::PayerState::VoidPending);
    assert_eq!((pending.attempt, pending.disposition()), (2, pb::Disposition::Active));

    let submission = desk.submission(&claim).await;
    let after = vec![desk.at(0)];
    let request = pb::ListClaimEventsRequest { after, view: pb::EventView::Full.into(), ..Default::default() };
    let event = desk.list(request).await.unwrap().events.pop().unwrap();
    assert_eq!((event.r#type(), event.attempt, &event.submission_id), (pb::ClaimEventType::Submitted, 2, &submission));
    assert_eq!((event.from_status(), event.payer_state()), (ClaimStatus::Paid, pb::PayerState::VoidPending));
    let snapshot = event.snapshot.unwrap();
    assert_eq!(snapshot.frequency(), pb::ClaimFrequency::Void);
    assert_eq!(snapshot.original_payer_claim_number, "PCN-1");
    assert_eq!(snapshot.claim_number, claim.claim_number);
    let named = pb::SubmissionRef {
        claim_id: claim.id.clone(),
        submission_id: submission,
        snapshot_hash: snapshot.snapshot_hash,
    };
    desk.confirm(vec![named]).await.unwrap();
    assert_eq!(
        world.ask("SELECT string_agg(state, ' ' ORDER BY attempt) FROM claims.submissions").await,
        "queued transmitted"
    );

    // what is said of the claim itself is not the void's answer
    assert_eq!(desk.effect(&claim, "late 277CA", accepted()).await, pb::ResponseEffect::Recorded);
    assert_eq!(desk.effect(&claim, "835 again", paid()).await, pb::ResponseEffect::Parked);
    assert_stands(&world.get(&claim.id).await.unwrap(), ClaimStatus::Submitted, pb::PayerState::VoidPending);

    assert_eq!(desk.effect(&claim, "void", voided()).await, pb::ResponseEffect::Applied);
    assert_eq!(desk.effect(&claim, "void", voided()).await, pb::ResponseEffect::Repeated);
    let gone = world.get(&claim.id).await.unwrap();
    assert_stands(&gone, ClaimStatus::Submitted, pb::PayerState::VoidPending);
    assert_eq!((gone.disposition(), gone.paid_amount.as_str()), (pb::Disposition::Voided, "0.00"));
    assert_books(world, &claim.id, "0.00 0.00 0.00").await;
    assert_eq!(world.timeline(&claim.id).await.pop().unwrap().r#type(), pb::ClaimEventType::Voided);
    // and the session may be billed again
    let session = claim.session_id.parse().unwrap();
    world.create(session).await.unwrap();
}

#[tokio::test]
async fn a_void_that_is_refused_leaves_the_claim_where_it_was() {
    let desk = Desk::new().await;
    let world = &desk.world;
    for (at, claim) in [paid_claim(&desk).await, denied_claim(&desk).await].into_iter().enumerate() {
        world.run(&format!("UPDATE claims.claims SET payer_claim_number = 'PCN-1' WHERE id = '{}'", claim.id)).await;
        world.void(&claim.id).await.unwrap();
        let later = pb::ReportPayerResponseRequest {
            responded_at: Some(prost_types::Timestamp { seconds: 1_774_022_460, nanos: 0 }),
            ..report(&claim, &format!("no {at}"), rejected())
        };
        assert_eq!(desk.report(later).await.unwrap().effect(), pb::ResponseEffect::Applied);
        let after = world.get(&claim.id).await.unwrap();
        assert_stands(&after, claim.status(), claim.payer_state());
        assert_eq!(after.findings, claim.findings);
        assert_eq!((after.disposition(), &after.paid_amount), (pb::Disposition::Active, &claim.paid_amount));
        let event = world.timeline(&claim.id).await.pop().unwrap();
        assert_eq!((event.r#type(), event.reason_codes), (pb::ClaimEventType::VoidRefused, vec!["A7:562".to_owned()]));
        // and one that can't even be sent
        world.void(&claim.id).await.unwrap();
        let submission_id = desk.submission(&claim).await;
        let failed = pb::SubmissionRef { claim_id: claim.id.clone(), submission_id, ..Default::default() };
        let stands = desk.fail(failed).await.unwrap();
        assert_eq!((stands.status(), stands.payer_state()), (claim.status(), claim.payer_state()));
    }
    assert_books(world, &world.ask("SELECT id FROM claims.claims WHERE status = 'paid'").await, "100.00 30.00 20.00")
        .await;
}

#[tokio::test]
async fn a_decision_that_crosses_a_void_is_posted_once_and_taken_back_with_it() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let (claim, _) = desk.submitted().await;
    desk.effect(&claim, "277CA", accepted()).await;
    world.void(&claim.id).await.unwrap();
    assert_eq!(desk.effect(&claim, "835", paid()).await, pb::ResponseEffect::Applied);
    assert_books(world, &claim.id, "100.00 30.00 20.00").await;
    assert_stands(&world.get(&claim.id).await.unwrap(), ClaimStatus::Submitted, pb::PayerState::VoidPending);
    assert_eq!(desk.effect(&claim, "void", voided()).await, pb::ResponseEffect::Applied);
    assert_books(world, &claim.id, "0.00 0.00 0.00").await;
}

#[tokio::test]
async fn a_late_claim_is_filed_once_that_was_decided_and_says_why() {
    let world = World::new().await;
    let (draft, on_time) = (world.draft().await, world.draft().await);
    assert_eq!(refusal(world.override_as(&world.admin, &on_time.id).await), precondition("FILING_LIMIT_NOT_PASSED"));
    let world = world.later(days_later(120));
    let late = refusal(world.mark_ready(&draft.id, &[]).await);
    assert_eq!(late, precondition("CLAIM_NOT_READY"));
    // a warning could be acknowledged; this can't
    assert_eq!(refusal(world.mark_ready(&draft.id, &["TIMELY_FILING_EXPIRED"]).await), late);

    let proposal = world.override_as(&world.billing, &draft.id).await.unwrap();
    assert_eq!((proposal.state(), proposal.delay_reason_code.as_str()), (pb::ClaimActionState::Proposed, "11"));
    assert_eq!(refusal(world.mark_ready(&draft.id, &[]).await), late, "it is not decided yet");
    world.approve_as(&world.admin, &proposal.id).await.unwrap();
    let excused = world.get(&draft.id).await.unwrap();
    assert_eq!((excused.status(), excused.delay_reason_code.as_str()), (ClaimStatus::Draft, "11"));
    let finding = excused.findings.iter().find(|f| f.code == "TIMELY_FILING_EXPIRED").unwrap();
    assert!(finding.acknowledged, "{finding:?}");
    assert_eq!(world.timeline(&draft.id).await.pop().unwrap().r#type(), pb::ClaimEventType::FilingOverridden);

    // it holds through an edit, and goes out with the claim
    let edited = world.update(pb::Claim { copay_amount: "10.00".into(), ..excused }, &["copay_amount"]).await.unwrap();
    assert_eq!(edited.delay_reason_code, "11");
    world.mark_ready(&draft.id, &[]).await.unwrap();
    world.submit(&draft.id).await.unwrap();
    let sent = "SELECT snapshot -> 'claim' ->> 'delay_reason' FROM claims.submissions";
    assert_eq!(world.ask(sent).await, "11");
    assert_eq!(refusal(world.override_as(&world.admin, &draft.id).await), precondition("CLAIM_INVALID_TRANSITION"));
}

#[tokio::test]
async fn another_payer_was_told_nothing_about_the_delay() {
    let world = World::new().await;
    let draft = world.draft().await;
    let world = world.later(days_later(120));
    world.override_as(&world.admin, &draft.id).await.unwrap();
    let other = world.add_coverage(draft.patient_id.parse().unwrap(), "99902", "secondary").await;
    let excused = world.get(&draft.id).await.unwrap();
    let moved = pb::Claim { coverage_id: other.to_string(), ..excused };
    let moved = world.update(moved, &["coverage_id"]).await.unwrap();
    assert_eq!(moved.delay_reason_code, "");
    assert!(moved.findings.iter().all(|finding| !finding.acknowledged), "{:?}", codes(&moved));
}

#[tokio::test]
async fn a_denial_is_closed_by_billing_without_touching_the_money() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let claim = denied_claim(&desk).await;
    let closed = world.close_denial(&claim.id).await.unwrap();
    assert_stands(&closed, ClaimStatus::Denied, pb::PayerState::DeniedFinal);
    assert_eq!(closed.disposition(), pb::Disposition::Active);
    assert_eq!(world.timeline(&claim.id).await.pop().unwrap().r#type(), pb::ClaimEventType::DenialClosed);
    assert_eq!(world.close_denial(&claim.id).await.unwrap(), closed, "it is closed already");
    assert_books(world, &claim.id, "0.00 150.00 0.00").await;
    assert_eq!(
        refusal(world.close_denial(&paid_claim(&desk).await.id).await),
        precondition("CLAIM_INVALID_TRANSITION")
    );
    // giving up the money is another step
    world.write_off(&claim.id).await.unwrap();
}

#[tokio::test]
async fn every_wrong_field_is_named_and_a_stale_etag_is_refused() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let wrong = pb::OverrideTimelyFilingRequest {
        claim_id: "x".into(),
        reason: "short".into(),
        delay_reason_code: "12".into(),
        claim_etag: "y".into(),
        request_id: "z".into(),
    };
    let call = world.admin.call("ClaimActionService/OverrideTimelyFiling", wrong);
    let status = world.actions.override_timely_filing(call).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(bad_fields(&status), ["request_id", "claim_id", "reason", "claim_etag", "delay_reason_code"]);

    let claim = denied_claim(&desk).await;
    let request = pb::WriteOffClaimRequest {
        claim_id: claim.id.clone(),
        reason: "not worth an appeal".into(),
        claim_etag: "1".into(),
        ..Default::default()
    };
    let stale = (Code::Aborted, "ETAG_MISMATCH".to_owned());
    let call = world.admin.call("ClaimActionService/WriteOffClaim", request);
    assert_eq!(refusal(body(world.actions.write_off_claim(call).await)), stale);
    let proposal = world.write_off_as(&world.billing, &claim.id).await.unwrap();
    let request = pb::ApproveClaimActionRequest { id: proposal.id.clone(), etag: "7".into(), ..Default::default() };
    let call = world.admin.call("ClaimActionService/ApproveClaimAction", request);
    assert_eq!(refusal(body(world.actions.approve_claim_action(call).await)), stale);
    assert_eq!(world.action(&proposal.id).await, proposal);
}

#[tokio::test]
async fn a_repeat_answers_what_the_first_call_answered() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let claim = denied_claim(&desk).await;
    let request = pb::WriteOffClaimRequest {
        claim_id: claim.id.clone(),
        reason: "not worth an appeal".into(),
        request_id: request_id(),
        ..Default::default()
    };
    let again = || async {
        let call = world.admin.call("ClaimActionService/WriteOffClaim", request.clone());
        body(world.actions.write_off_claim(call).await).unwrap()
    };
    let first = again().await;
    assert_eq!(again().await, first);
    assert_eq!(world.ask("SELECT count(*) FROM claims.claim_actions").await, "1");
    assert_books(world, &claim.id, "0.00 150.00 0.00").await;
}
