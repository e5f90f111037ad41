//! Two people: billing proposes, an admin decides; what it does is seen on the claim, in the feed and in the audit log.

use prost::Message;
use therapy_claims::audit::v1 as audit;
use therapy_claims::claims::v1 as claims;
use therapy_claims::claims::v1::report_payer_response_request::Response;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Code;
use tonic_types::StatusExt;

use crate::flow;
use crate::harness::TestServer;

#[tokio::test]
async fn billing_proposes_a_void_an_admin_approves_it_and_the_payer_does_it() {
    let server = TestServer::start().await;
    let practice = server.practice("two").await;
    flow::network(&practice).await;
    let token = server.account("adapter", &[&practice], &kernel::access::SERVICE_SCOPES).await;
    let adapter = server.client(&token).await;
    let claim_id = flow::accepted(&practice, &adapter).await;

    let request = claims::VoidClaimRequest {
        claim_id: claim_id.clone(),
        reason: "billed twice by mistake".into(),
        ..Default::default()
    };
    let therapist = practice.therapist.claim_actions().void_claim(request.clone()).await.unwrap_err();
    assert_eq!(therapist.code(), Code::PermissionDenied);
    let proposal = practice.billing.claim_actions().void_claim(request).await.unwrap().into_inner();
    assert_eq!(proposal.state(), claims::ClaimActionState::Proposed);

    let open =
        claims::ListClaimActionsRequest { state: claims::ClaimActionState::Proposed.into(), ..Default::default() };
    let listed = practice.admin.claim_actions().list_claim_actions(open).await.unwrap().into_inner().claim_actions;
    assert_eq!(listed, std::slice::from_ref(&proposal));
    let approve = || claims::ApproveClaimActionRequest { id: proposal.id.clone(), ..Default::default() };
    let own = practice.billing.claim_actions().approve_claim_action(approve()).await.unwrap_err();
    assert_eq!(own.code(), Code::PermissionDenied);
    let approved = practice.admin.claim_actions().approve_claim_action(approve()).await.unwrap().into_inner();
    assert_eq!(approved.state(), claims::ClaimActionState::Applied);
    let twice = practice.admin.claim_actions().approve_claim_action(approve()).await.unwrap_err();
    assert_eq!(twice.get_details_error_info().unwrap().reason, "PROPOSAL_DECIDED");

    let get = || claims::GetClaimRequest { id: claim_id.clone() };
    let pending = practice.billing.claims().get_claim(get()).await.unwrap().into_inner();
    assert_eq!((pending.status(), pending.payer_state()), (ClaimStatus::Submitted, claims::PayerState::VoidPending));
    let report = claims::ReportPayerResponseRequest {
        claim_number: pending.claim_number,
        response_id: "void".into(),
        response: Some(Response::Voided(claims::PayerVoided {})),
        ..Default::default()
    };
    let reported = adapter.clearinghouse().report_payer_response(report).await.unwrap().into_inner();
    assert_eq!(reported.effect(), claims::ResponseEffect::Applied);
    let gone = practice.billing.claims().get_claim(get()).await.unwrap().into_inner();
    assert_eq!(gone.disposition(), claims::Disposition::Voided);

    let timeline = claims::GetClaimTimelineRequest { id: claim_id.clone(), ..Default::default() };
    let events = practice.billing.claims().get_claim_timeline(timeline).await.unwrap().into_inner().events;
    let told: Vec<_> = events.iter().map(|event| (event.r#type(), event.attempt)).collect();
    let (sent, voided) = (claims::ClaimEventType::Submitted, claims::ClaimEventType::Voided);
    assert_eq!(told[told.len() - 2..], [(sent, 2), (voided, 2)]);

    let entries = practice.admin.audit().list_entries(audit::ListEntriesRequest::default()).await.unwrap().into_inner();
    let of_action: Vec<_> = entries
        .entries
        .iter()
        .filter(|entry| entry.encode_to_vec().windows(36).any(|part| part == proposal.id.as_bytes()))
        .map(|entry| (entry.method.rsplit('/').next().unwrap(), entry.action()))
        .collect();
    let (view, update, create) = (audit::AuditAction::View, audit::AuditAction::Update, audit::AuditAction::Create);
    assert_eq!(of_action, [("ApproveClaimAction", update), ("ListClaimActions", view), ("VoidClaim", create)]);
    assert!(
        entries.entries.iter().any(|entry| entry.encode_to_vec().windows(36).any(|part| part == claim_id.as_bytes())
            && entry.method.ends_with("/ApproveClaimAction"))
    );
}
