//! A therapist opens a patient of a colleague: what is in reach, for how long, on whose record.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use kernel::Clock;
use therapy_claims::audit::v1 as audit;
use therapy_claims::claims::v1 as claims;
use therapy_claims::client::{Client, request_id};
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::tenancy::v1 as pb;
use tonic::Code;

use crate::flow;
use crate::harness::{Practice, TestServer, therapist};

/// A practice with a patient of one therapist, and another therapist.
struct Ward {
    server: TestServer,
    seconds: Arc<AtomicI64>,
    practice: Practice,
    patient: String,
    session: String,
    claim: String,
    colleague: Client,
}

impl Ward {
    async fn new() -> Self {
        let seconds = Arc::new(AtomicI64::new(0));
        let (moved, system) = (Arc::clone(&seconds), Clock::system());
        let clock = Clock::from_fn(move || system.now() + TimeDelta::seconds(moved.load(Ordering::Relaxed)));
        let server = TestServer::start_at(clock).await;
        let practice = server.practice("ward").await;
        let patient = flow::patient(&practice).await;
        let session = flow::session(&practice, &patient).await;
        let claim = flow::complete(&practice, &session).await;
        let other = clinical::Therapist { npi: "1245319599".into(), ..therapist() };
        let request = clinical::CreateTherapistRequest { therapist: Some(other), request_id: request_id() };
        let other = practice.admin.therapists().create_therapist(request).await.unwrap().into_inner().id;
        let token = server.hire(&practice.admin, "colleague", pb::Role::Therapist, other).await;
        let colleague = server.client(&token).await.in_practice(&practice.id).unwrap();
        Self { server, seconds, practice, patient, session, claim, colleague }
    }

    async fn open(&self, minutes: i32) -> pb::BreakGlass {
        let reason = "patient called in crisis, colleague is away".to_owned();
        let patient_id = self.patient.clone();
        let request = pb::OpenBreakGlassRequest { patient_id, reason, minutes, request_id: request_id() };
        self.colleague.break_glasses().open_break_glass(request).await.unwrap().into_inner()
    }

    async fn reads_patient(&self) -> Result<(), Code> {
        let request = clinical::GetPatientRequest { id: self.patient.clone() };
        self.colleague.patients().get_patient(request).await.map(drop).map_err(|status| status.code())
    }
}

#[tokio::test]
async fn an_opened_patient_is_readable_with_everything_and_not_writable() {
    let ward = Ward::new().await;
    assert_eq!(ward.reads_patient().await, Err(Code::NotFound));
    let opened = ward.open(0).await;
    assert_eq!(ward.reads_patient().await, Ok(()));
    let of_patient = clinical::ListCoveragesRequest { patient_id: ward.patient.clone(), ..Default::default() };
    assert_eq!(ward.colleague.patients().list_coverages(of_patient).await.unwrap().into_inner().coverages.len(), 1);
    let session = clinical::GetSessionRequest { id: ward.session.clone() };
    ward.colleague.sessions().get_session(session).await.unwrap();
    let listed = ward.colleague.sessions().list_sessions(clinical::ListSessionsRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().sessions.len(), 1);
    let claim = claims::GetClaimRequest { id: ward.claim.clone() };
    ward.colleague.claims().get_claim(claim).await.unwrap();
    let listed = ward.colleague.claims().list_claims(claims::ListClaimsRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().claims.len(), 1);

    let patient = clinical::Patient { id: ward.patient.clone(), phone: "6175550100".into(), ..Default::default() };
    let update_mask = Some(prost_types::FieldMask { paths: vec!["phone".into()] });
    let update = clinical::UpdatePatientRequest { patient: Some(patient), update_mask, ..Default::default() };
    let refused = ward.colleague.patients().update_patient(update).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound, "{refused:?}");

    let request = audit::ListPatientAccessesRequest { patient_id: ward.patient.clone(), ..Default::default() };
    let entries = ward.practice.admin.audit().list_patient_accesses(request).await.unwrap().into_inner().entries;
    let under: Vec<_> = entries.iter().filter(|entry| entry.break_glass_id == opened.id).collect();
    let emergency = audit::PurposeOfUse::Emergency;
    assert_eq!(under.len(), 6, "one entry for each answer");
    assert!(under.iter().all(|entry| entry.purpose() == emergency));
    assert!(entries.iter().filter(|entry| entry.break_glass_id.is_empty()).all(|entry| entry.purpose() != emergency));
    assert!(entries.iter().any(|entry| entry.action() == audit::AuditAction::BreakGlass), "the opening itself");
}

#[tokio::test]
async fn an_emergency_ends_to_the_second_or_by_hand() {
    let ward = Ward::new().await;
    let opened = ward.open(5).await;
    let left = |at: Option<prost_types::Timestamp>| at.unwrap().seconds;
    assert_eq!(left(opened.expires_at) - left(opened.opened_at), 300);
    ward.seconds.store(295, Ordering::Relaxed);
    assert_eq!(ward.reads_patient().await, Ok(()));
    ward.seconds.store(300, Ordering::Relaxed);
    assert_eq!(ward.reads_patient().await, Err(Code::NotFound));

    let opened = ward.open(1).await;
    assert_eq!(ward.reads_patient().await, Ok(()));
    let close = || pb::CloseBreakGlassRequest { id: opened.id.clone(), ..Default::default() };
    ward.colleague.break_glasses().close_break_glass(close()).await.unwrap();
    assert_eq!(ward.reads_patient().await, Err(Code::NotFound));
    let again = ward.colleague.break_glasses().close_break_glass(close()).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition);
    ward.server.stop().await;
}

#[tokio::test]
async fn an_admin_sees_it_at_once_and_reviews_it_when_it_has_ended() {
    let ward = Ward::new().await;
    let opened = ward.open(60).await;
    let admin = ward.practice.admin.break_glasses();
    let unreviewed = || pb::ListBreakGlassesRequest { unreviewed: true, ..Default::default() };
    let listed = admin.clone().list_break_glasses(unreviewed()).await.unwrap().into_inner().break_glasses;
    assert_eq!(listed, std::slice::from_ref(&opened));
    let verdict = pb::BreakGlassVerdict::Justified.into();
    let review = || pb::ReviewBreakGlassRequest { id: opened.id.clone(), verdict, ..Default::default() };
    let early = admin.clone().review_break_glass(review()).await.unwrap_err();
    assert_eq!(early.code(), Code::FailedPrecondition);
    // an admin closes anybody's
    let close = pb::CloseBreakGlassRequest { id: opened.id.clone(), ..Default::default() };
    admin.clone().close_break_glass(close).await.unwrap();
    let reviewed = admin.clone().review_break_glass(review()).await.unwrap().into_inner();
    assert_eq!((reviewed.verdict(), reviewed.reviewed_by.is_empty()), (pb::BreakGlassVerdict::Justified, false));
    let twice = admin.clone().review_break_glass(review()).await.unwrap_err();
    assert_eq!(twice.code(), Code::FailedPrecondition);
    assert!(admin.clone().list_break_glasses(unreviewed()).await.unwrap().into_inner().break_glasses.is_empty());

    // others than the two see nothing of it
    let close = pb::CloseBreakGlassRequest { id: opened.id.clone(), ..Default::default() };
    let refused = ward.practice.therapist.break_glasses().close_break_glass(close).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let listed = ward.practice.therapist.break_glasses().list_break_glasses(unreviewed()).await.unwrap();
    assert!(listed.into_inner().break_glasses.is_empty());
    let refused = ward.practice.billing.break_glasses().list_break_glasses(unreviewed()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_reason_must_say_something_and_the_patient_must_be_there() {
    let ward = Ward::new().await;
    let open = |patient_id: &str, reason: &str, minutes| pb::OpenBreakGlassRequest {
        patient_id: patient_id.into(),
        reason: reason.into(),
        minutes,
        request_id: String::new(),
    };
    let glasses = || ward.colleague.break_glasses();
    let wrong = glasses().open_break_glass(open("x", "short", 61)).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    for field in ["patient_id", "reason", "minutes"] {
        assert!(wrong.message().contains(field), "{}", wrong.message());
    }
    let nobody = kernel::id::PatientId::new().to_string();
    let absent = glasses().open_break_glass(open(&nobody, "a reason that is long enough", 1)).await.unwrap_err();
    assert_eq!(absent.code(), Code::NotFound);
}
