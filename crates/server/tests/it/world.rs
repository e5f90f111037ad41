//! One of everything in a practice, for the tests that try every RPC.

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};
use prost_types::FieldMask;
use therapy_claims::Method;
use therapy_claims::analytics::v1 as analytics;
use therapy_claims::claims::v1 as claims;
use therapy_claims::client::Client;
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::tenancy::v1 as tenancy;

use crate::dynamic::decode;
use crate::flow;
use crate::harness::{Practice, TestServer, address, practice, therapist};

/// What `Subscribe` makes.
const SUBSCRIPTION: &str = "trail";

/// The ids of what there is.
pub(crate) struct World {
    pub(crate) practice: Practice,
    pub(crate) adapter_token: String,
    pub(crate) patient: String,
    pub(crate) coverage: String,
    /// Not held yet.
    pub(crate) open_session: String,
    /// Completed: the claim is of it.
    pub(crate) session: String,
    pub(crate) claim: String,
    pub(crate) submission: String,
    /// The file that holds it.
    pub(crate) batch: String,
    /// A proposal to write another claim off, which was denied.
    pub(crate) claim_action: String,
    /// A payment, and what it says of a claim that nobody knows.
    pub(crate) remittance: String,
    pub(crate) remittance_claim: String,
    pub(crate) user: String,
    pub(crate) account: String,
    /// The adapter's credential by its public half.
    pub(crate) token: String,
}

impl World {
    pub(crate) async fn make(server: &TestServer, name: &str) -> Self {
        let practice = server.practice(name).await;
        flow::network(&practice).await;
        let patient = flow::patient(&practice).await;
        let request = clinical::ListCoveragesRequest { patient_id: patient.clone(), ..Default::default() };
        let mut coverages = practice.admin.patients().list_coverages(request).await.unwrap().into_inner().coverages;
        let session = flow::session(&practice, &patient).await;
        let claim = flow::complete(&practice, &session).await;
        let open_session = flow::session(&practice, &patient).await;
        flow::submit(&practice, &claim).await;

        let adapter_token =
            server.account(&format!("adapter of {name}"), &[&practice], &kernel::access::SERVICE_SCOPES).await;
        let adapter = server.client(&adapter_token).await;
        let who = adapter.auth().who_am_i(tenancy::WhoAmIRequest {}).await.unwrap().into_inner();
        let Some(tenancy::who_am_i_response::Caller::ServiceAccount(account)) = who.caller else {
            panic!("the adapter is a service account")
        };
        let users = practice.admin.users().list_users(tenancy::ListUsersRequest::default()).await.unwrap().into_inner();
        let user = users.users.iter().find(|user| user.email.contains("billing")).unwrap().id.clone();
        let submission = submission(&adapter, &practice.id).await;
        let batch = batch(&adapter).await.id;
        let (remittance, remittance_claim) = flow::unmatched(&practice, &adapter, "EFT0").await;
        Self {
            batch,
            remittance,
            remittance_claim,
            claim_action: flow::proposed(&practice, &adapter).await,
            submission,
            adapter_token,
            patient,
            coverage: coverages.remove(0).id,
            open_session,
            session,
            claim,
            user,
            account: account.id,
            token: who.token_id,
            practice,
        }
    }

    /// The ids that mean something in this practice only.
    pub(crate) fn ids(&self) -> [&str; 15] {
        [
            &self.practice.id,
            &self.practice.therapist_id,
            &self.patient,
            &self.coverage,
            &self.open_session,
            &self.session,
            &self.claim,
            &self.submission,
            &self.batch,
            &self.claim_action,
            &self.remittance,
            &self.remittance_claim,
            &self.user,
            &self.account,
            &self.token,
        ]
    }

    /// A request that is right but for the ids that are put into it, where the empty one would be refused before
    /// its ids are looked at.
    pub(crate) fn request(&self, rpc: &str) -> Vec<u8> {
        let of = [Self::clinical, Self::imports, Self::tenancy, Self::claims, Self::analytics];
        of.iter().find_map(|of| of(self, rpc)).unwrap_or_default()
    }

    /// A request that is right, the ids of what it is about included.
    pub(crate) fn aimed(&self, method: &Method, input: &MessageDescriptor) -> DynamicMessage {
        let path = method.path;
        let rpc = path.rsplit('/').next().expect("a path");
        let mut message = decode(input, &self.request(rpc));
        let payer = flow::covered("").payer_id;
        let id = match path {
            _ if rpc.ends_with("Coverage") => &self.coverage,
            _ if rpc == "GetSubmissionBatch" => &self.batch,
            _ if path.contains(".PatientService/") => &self.patient,
            _ if path.contains(".SessionService/") => &self.open_session,
            _ if path.contains(".ClaimService/") => &self.claim,
            _ if path.contains(".ClaimActionService/") => &self.claim_action,
            _ if rpc == "GetRemittance" => &self.remittance,
            _ if path.contains(".RemittanceService/") => &self.remittance_claim,
            _ if path.contains(".TherapistService/") => &self.practice.therapist_id,
            _ if path.contains(".UserService/") => &self.user,
            _ if path.contains(".PayerService/") => &payer,
            _ => &self.practice.id,
        };
        let fields = [
            ("id", id),
            ("ids", id),
            ("patient_id", &self.patient),
            ("user_id", &self.user),
            ("practice_id", &self.practice.id),
            ("service_account_id", &self.account),
            ("token_id", &self.token),
        ];
        // the other lists take ids as filters
        let is_about_one = ["ListCoverages", "ListPatientAccesses"].contains(&rpc);
        for (name, id) in fields {
            let Some(field) = input.get_field_by_name(name) else { continue };
            let value = Value::String(id.clone());
            if field.is_list() {
                message.set_field(&field, Value::List(vec![value]));
            } else if !message.has_field(&field) && (!rpc.starts_with("List") || is_about_one) {
                message.set_field(&field, value);
            }
        }
        message
    }

    fn clinical(&self, rpc: &str) -> Option<Vec<u8>> {
        let therapist_id = self.practice.therapist_id.clone();
        let patient = clinical::Patient {
            id: self.patient.clone(),
            first_name: "Pam".into(),
            last_name: "Other".into(),
            birth_date: Some((1990, 5, 6).into()),
            sex: therapy_claims::common::v1::Sex::Female.into(),
            address: Some(address()),
            therapist_id: therapist_id.clone(),
            ..Default::default()
        };
        let session =
            clinical::Session { id: self.open_session.clone(), ..flow::planned(&self.practice, &self.patient) };
        let coverage = clinical::Coverage { id: self.coverage.clone(), ..flow::covered(&self.patient) };
        let id = therapist_id.clone();
        let therapist = clinical::Therapist { id, supervisor_id: therapist_id, npi: String::new(), ..therapist() };
        let request_id = String::new();
        Some(match rpc {
            "CreatePatient" => clinical::CreatePatientRequest { patient: Some(patient), request_id }.encode_to_vec(),
            "UpdatePatient" => {
                let update_mask = mask("therapist_id");
                clinical::UpdatePatientRequest { patient: Some(patient), update_mask, request_id }.encode_to_vec()
            }
            "CreateCoverage" => {
                clinical::CreateCoverageRequest { coverage: Some(coverage), request_id }.encode_to_vec()
            }
            "UpdateCoverage" => {
                let update_mask = mask("group_number");
                clinical::UpdateCoverageRequest { coverage: Some(coverage), update_mask, request_id }.encode_to_vec()
            }
            "ScheduleSession" => {
                clinical::ScheduleSessionRequest { session: Some(session), request_id }.encode_to_vec()
            }
            "UpdateSession" => {
                let update_mask = Some(FieldMask { paths: vec!["fee".into(), "therapist_id".into()] });
                clinical::UpdateSessionRequest { session: Some(session), update_mask, request_id }.encode_to_vec()
            }
            "CreateTherapist" => {
                clinical::CreateTherapistRequest { therapist: Some(therapist), request_id }.encode_to_vec()
            }
            "UpdateTherapist" => {
                let update_mask = mask("supervisor_id");
                clinical::UpdateTherapistRequest { therapist: Some(therapist), update_mask, request_id }.encode_to_vec()
            }
            "SetNetworkStatus" => {
                let network_status = Some(flow::in_network(&self.practice));
                clinical::SetNetworkStatusRequest { network_status, request_id }.encode_to_vec()
            }
            _ => return None,
        })
    }

    /// One row of each import.
    fn imports(&self, rpc: &str) -> Option<Vec<u8>> {
        let (source, source_id) = ("a test".to_owned(), "1".to_owned());
        Some(match rpc {
            "ImportTherapists" => {
                let therapist = Some(clinical::Therapist { npi: String::new(), ..therapist() });
                clinical::ImportTherapistsRequest { therapist, source, source_id }.encode_to_vec()
            }
            "ImportPatients" => {
                let patient = Some(self.practice.marks().patient(&self.practice.therapist_id));
                let coverages = vec![self.practice.marks().coverage("")];
                clinical::ImportPatientsRequest { patient, source, source_id, coverages }.encode_to_vec()
            }
            "ImportSessions" => {
                let session = Some(flow::planned(&self.practice, &self.patient));
                clinical::ImportSessionsRequest { session, source, source_id }.encode_to_vec()
            }
            _ => return None,
        })
    }

    fn analytics(&self, rpc: &str) -> Option<Vec<u8>> {
        let day = flow::date(flow::service_date());
        Some(match rpc {
            "GetPracticeSummary" => analytics::GetPracticeSummaryRequest { day }.encode_to_vec(),
            "ListPracticeSummaries" => {
                let (from_day, to_day) = (day, day);
                analytics::ListPracticeSummariesRequest { from_day, to_day, ..Default::default() }.encode_to_vec()
            }
            _ => return None,
        })
    }

    fn tenancy(&self, rpc: &str) -> Option<Vec<u8>> {
        let user = tenancy::User {
            id: self.user.clone(),
            email: "somebody.new@example.com".into(),
            first_name: "Some".into(),
            last_name: "Body".into(),
            ..Default::default()
        };
        let role = tenancy::Role::Therapist.into();
        Some(match rpc {
            "CreateUser" => tenancy::CreateUserRequest {
                user: Some(user),
                password: "a password that is long".into(),
                role,
                therapist_id: self.practice.therapist_id.clone(),
                ..Default::default()
            }
            .encode_to_vec(),
            "InviteUser" => tenancy::InviteUserRequest {
                user: Some(user),
                role,
                therapist_id: self.practice.therapist_id.clone(),
                ..Default::default()
            }
            .encode_to_vec(),
            "CreatePractice" => {
                let practice = Some(practice("One more"));
                tenancy::CreatePracticeRequest { practice, ..Default::default() }.encode_to_vec()
            }
            "UpdatePractice" => {
                let practice = Some(tenancy::Practice { id: self.practice.id.clone(), ..practice("Renamed") });
                let update_mask = mask("phone");
                tenancy::UpdatePracticeRequest { practice, update_mask, ..Default::default() }.encode_to_vec()
            }
            "CreateMembership" => {
                tenancy::CreateMembershipRequest { role: tenancy::Role::Billing.into(), ..Default::default() }
                    .encode_to_vec()
            }
            "CreateServiceAccount" => {
                let service_account = Some(tenancy::ServiceAccount { name: "another".into(), ..Default::default() });
                let grant = Some(tenancy::ServiceGrant { scopes: vec!["claims:read".into()], ..Default::default() });
                tenancy::CreateServiceAccountRequest { service_account, grant, ..Default::default() }.encode_to_vec()
            }
            "ReviewBreakGlass" => {
                let verdict = tenancy::BreakGlassVerdict::Justified.into();
                tenancy::ReviewBreakGlassRequest { verdict, ..Default::default() }.encode_to_vec()
            }
            // not GrantServiceAccount: accounts are no practice's, and whoever knows one may let it in
            "UpdateUser" => {
                let update_mask = mask("first_name");
                tenancy::UpdateUserRequest { user: Some(user), update_mask, ..Default::default() }.encode_to_vec()
            }
            "BindCertificate" => {
                let fingerprint = "0".repeat(64);
                let certificate = Some(tenancy::BoundCertificate { fingerprint, label: "one".into(), bound_at: None });
                tenancy::BindCertificateRequest { certificate, ..Default::default() }.encode_to_vec()
            }
            "UnbindCertificate" => {
                tenancy::UnbindCertificateRequest { fingerprint: "0".repeat(64), ..Default::default() }.encode_to_vec()
            }
            "OpenBreakGlass" => tenancy::OpenBreakGlassRequest {
                patient_id: self.patient.clone(),
                reason: "an emergency of a test".into(),
                ..Default::default()
            }
            .encode_to_vec(),
            "UpdateMembership" => {
                let (user_id, therapist_id) = (self.user.clone(), self.practice.therapist_id.clone());
                let membership = Some(tenancy::Membership { user_id, role, therapist_id, ..Default::default() });
                let update_mask = Some(FieldMask { paths: vec!["role".into(), "therapist_id".into()] });
                tenancy::UpdateMembershipRequest { membership, update_mask, ..Default::default() }.encode_to_vec()
            }
            _ => return None,
        })
    }

    fn claims(&self, rpc: &str) -> Option<Vec<u8>> {
        let (claim_id, submission_id) = (self.claim.clone(), self.submission.clone());
        let submission = claims::SubmissionRef { claim_id: claim_id.clone(), submission_id, ..Default::default() };
        Some(match rpc {
            "CreateClaim" => {
                let (session_id, coverage_id) = (self.session.clone(), self.coverage.clone());
                claims::CreateClaimRequest { session_id, coverage_id, ..Default::default() }.encode_to_vec()
            }
            "UpdateClaim" => {
                let id = self.claim.clone();
                let claim = Some(claims::Claim { id, prior_authorization: "AUTH1".into(), ..Default::default() });
                let update_mask = mask("prior_authorization");
                claims::UpdateClaimRequest { claim, update_mask, ..Default::default() }.encode_to_vec()
            }
            // both requests have the same fields
            "VoidClaim" | "WriteOffClaim" => {
                let reason = "given up by a test".into();
                claims::VoidClaimRequest { claim_id, reason, ..Default::default() }.encode_to_vec()
            }
            "MatchRemittanceClaim" => {
                let id = self.remittance_claim.clone();
                claims::MatchRemittanceClaimRequest { id, claim_id, ..Default::default() }.encode_to_vec()
            }
            "DismissRemittanceClaim" => {
                let reason = claims::RemittanceDismissal::NotOurs.into();
                claims::DismissRemittanceClaimRequest { reason, ..Default::default() }.encode_to_vec()
            }
            "FileAppeal" => {
                let (reason, deadline) = ("appealed by a test".into(), Some((2199, 12, 31).into()));
                claims::FileAppealRequest { claim_id, reason, deadline, ..Default::default() }.encode_to_vec()
            }
            "OverrideTimelyFiling" => {
                let (reason, delay_reason_code) = ("late by a test".into(), "11".into());
                claims::OverrideTimelyFilingRequest { claim_id, reason, delay_reason_code, ..Default::default() }
                    .encode_to_vec()
            }
            "ConfirmTransmission" => {
                claims::ConfirmTransmissionRequest { submissions: vec![submission], ..Default::default() }
                    .encode_to_vec()
            }
            "ReportTransmissionFailure" => claims::ReportTransmissionFailureRequest {
                submission: Some(submission),
                reason_code: "TIMEOUT".into(),
                ..Default::default()
            }
            .encode_to_vec(),
            "IngestResponse" => {
                claims::IngestResponseRequest { content: b"no file of answers".to_vec() }.encode_to_vec()
            }
            "ListClaimEvents" => {
                let after = vec![claims::Position { practice_id: self.practice.id.clone(), position: 0 }];
                claims::ListClaimEventsRequest { after, ..Default::default() }.encode_to_vec()
            }
            "GetSubscription" => claims::GetSubscriptionRequest { subscription: SUBSCRIPTION.into() }.encode_to_vec(),
            "SeekSubscription" => claims::SeekSubscriptionRequest {
                subscription: SUBSCRIPTION.into(),
                target: Some(claims::seek_subscription_request::Target::Beginning(())),
                reason: "a test reads it again".into(),
                ..Default::default()
            }
            .encode_to_vec(),
            "Subscribe" => claims::SubscribeRequest {
                subscription: SUBSCRIPTION.into(),
                start: Some(claims::subscribe_request::Start::Beginning(())),
                ..Default::default()
            }
            .encode_to_vec(),
            _ => return None,
        })
    }
}

fn mask(path: &str) -> Option<FieldMask> {
    Some(FieldMask { paths: vec![path.into()] })
}

/// A file of all that waits.
pub(crate) async fn batch(adapter: &Client) -> claims::SubmissionBatch {
    let request = claims::CreateSubmissionBatchRequest::default();
    let written = adapter.clearinghouse().create_submission_batch(request).await.unwrap().into_inner();
    written.batches.into_iter().next().expect("something waits")
}

/// The submission that the practice's feed tells of.
pub(crate) async fn submission(adapter: &Client, practice_id: &str) -> String {
    let after = vec![claims::Position { practice_id: practice_id.into(), position: 0 }];
    let request = claims::ListClaimEventsRequest { after, ..Default::default() };
    submitted(adapter.clearinghouse().list_claim_events(request).await.unwrap().into_inner().events)
}

/// The submission that the claim's own events tell of.
pub(crate) async fn submission_of(member: &Client, claim: &str) -> String {
    let request = claims::GetClaimTimelineRequest { id: claim.into(), ..Default::default() };
    submitted(member.claims().get_claim_timeline(request).await.unwrap().into_inner().events)
}

fn submitted(events: Vec<claims::ClaimEvent>) -> String {
    let submitted = events.into_iter().find(|event| event.r#type() == claims::ClaimEventType::Submitted);
    submitted.expect("the claim was submitted").submission_id
}
