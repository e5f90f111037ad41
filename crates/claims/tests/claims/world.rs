//! A practice with a therapist, a patient and its coverage, all in order, on a database of its own.

use audit::{Batcher, MacKeys, Vault};
use chrono::{DateTime, TimeDelta, Utc};
use claims::action::service::ClaimActions;
use claims::claim::service::Claims;
use claims::claim::upstream::dependents;
use claims::draft::{Drafter, completion};
use claims::payer::Payers;
use claims::remittance::service::Remittances;
use clinical::patient::service::Patients;
use clinical::session::service::Sessions;
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use feed::Hub;
use kernel::id::{CoverageId, PatientId, RequestId, SessionId, TherapistId};
use kernel::{Clock, PracticeId, Role};
use schema::Db;
use testkit::TestDb;
use testkit::caller::{Caller, practice};
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::claim_action_service_server::ClaimActionService;
use therapy_claims::claims::v1::claim_service_server::ClaimService;
use therapy_claims::clinical::v1 as clinical_pb;
use therapy_claims::clinical::v1::session_service_server::SessionService;
use therapy_claims::common::v1::ClaimStatus;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

/// Day of the services; a week before the calls.
pub(crate) const SERVICE_DAY: &str = "2026-03-16";

/// Why actions are asked for.
pub(crate) const WHY: &str = "billed twice by mistake";

/// Where a test happens.
pub(crate) struct World {
    db: TestDb,
    owner: Db,
    pub(crate) vault: Vault,
    pub(crate) payers: Payers,
    pub(crate) hub: Hub,
    pub(crate) claims: Claims,
    pub(crate) sessions: Sessions,
    pub(crate) patients: Patients,
    pub(crate) actions: ClaimActions,
    pub(crate) remittances: Remittances,
    pub(crate) billing: Caller,
    pub(crate) admin: Caller,
    pub(crate) practice: PracticeId,
    pub(crate) therapist: TherapistId,
    pub(crate) patient: PatientId,
    pub(crate) coverage: CoverageId,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    text: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let db = TestDb::new().await;
        let (batcher, _workers) =
            Batcher::start(&Db::new(&db.url_as("claims_audit"), Batcher::CONNECTIONS).unwrap(), MacKeys::known());
        let vault = Vault::new(Db::new(&db.url_as("claims_app"), 16).unwrap(), batcher);
        let owner = Db::new(&db.url_as("postgres"), 2).unwrap();
        let (payers, hub) = (Payers::new(vault.db().clone()), Hub::new());
        let drafter = Drafter::new(payers.clone(), hub.clone());
        let practice = practice(&db).await;
        let mut world = Self {
            claims: Claims::new(vault.clone(), payers.clone(), hub.clone()),
            actions: ClaimActions::new(vault.clone(), payers.clone(), hub.clone()),
            remittances: Remittances::new(vault.clone(), payers.clone(), hub.clone()),
            patients: Patients::new(vault.clone()).telling(dependents(payers.clone(), hub.clone())),
            sessions: Sessions::new(vault.clone(), completion(drafter)),
            vault,
            hub,
            payers,
            billing: Caller::new(practice, Role::Billing).at(now()),
            admin: Caller::new(practice, Role::Admin).at(now()),
            owner,
            db,
            practice,
            therapist: TherapistId::NIL,
            patient: PatientId::NIL,
            coverage: CoverageId::NIL,
        };
        world
            .run(
                "SELECT claims.payers_load('[ \
                   {\"payer_id\": \"99901\", \"name\": \"Sample Health Plan\", \"filing_indicator\": \"CI\", \
                    \"valid_from\": \"2020-01-01\", \"timely_filing_days\": 90, \"telehealth_modifier\": \"95\"}, \
                   {\"payer_id\": \"99902\", \"name\": \"Other Sample Plan\", \"filing_indicator\": \"BL\", \
                    \"valid_from\": \"2020-01-01\", \"timely_filing_days\": 180, \"telehealth_modifier\": \"95\"}]'); \
                 SELECT claims.trading_partners_load('[ \
                   {\"id\": \"main\", \"receiver_name\": \"TESTING CLEARINGHOUSE\", \"receiver_id\": \"TCH99\", \
                    \"submitter_name\": \"THERAPY CLAIMS\", \"submitter_id\": \"TCLAIMS\", \"contact_name\": \"EDI DESK\", \
                    \"contact_phone\": \"6175550100\", \"is_default\": true}, \
                   {\"id\": \"beside\", \"receiver_name\": \"ANOTHER CLEARINGHOUSE\", \"receiver_id\": \"ACH77\", \
                    \"submitter_name\": \"THERAPY CLAIMS\", \"submitter_id\": \"TC77\", \"contact_name\": \"EDI DESK\", \
                    \"contact_phone\": \"6175550100\", \"payer_ids\": [\"99902\"]}]')",
            )
            .await;
        world.therapist = world.add_therapist("1999999992").await;
        world.patient = world.add_patient().await;
        world.coverage = world.add_coverage(world.patient, "99901", "primary").await;
        world
    }

    /// A member of the practice, at the time of the test.
    pub(crate) fn caller(&self, role: Role) -> Caller {
        Caller::new(self.practice, role).at(now())
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.owner.directory().await.unwrap().batch_execute(sql).await.unwrap();
    }

    /// Like [`Self::run`], where the database may refuse.
    pub(crate) async fn try_run(&self, sql: &str) -> Result<(), String> {
        self.owner.directory().await.unwrap().batch_execute(sql).await.map_err(|error| format!("{error:?}"))
    }

    /// The same world at another time.
    pub(crate) fn later(self, clock: Clock) -> Self {
        let (billing, admin) = (self.billing.at(clock.clone()), self.admin.at(clock));
        Self { billing, admin, ..self }
    }

    /// What an expression comes to, as text.
    pub(crate) async fn ask(&self, expression: &str) -> String {
        let mut conn = self.owner.directory().await.unwrap();
        let query = diesel::sql_query(format!("SELECT coalesce(({expression})::text, '') AS text"));
        query.get_result::<Answer>(&mut conn).await.unwrap().text
    }

    pub(crate) const fn db(&self) -> &TestDb {
        &self.db
    }

    pub(crate) async fn add_therapist(&self, npi: &str) -> TherapistId {
        let id = TherapistId::new();
        self.run(&format!(
            "INSERT INTO clinical.therapists (practice_id, id, first_name, last_name, npi, taxonomy, license_number, license_state, employed_from) \
             VALUES ('{}', '{id}', 'Alice', 'Smith', '{npi}', '1041C0700X', 'LCSW-1001', 'NY', '2020-01-01'); \
             INSERT INTO clinical.network_statuses (practice_id, id, therapist_id, payer_id, status, effective_from) \
             SELECT '{}', gen_random_uuid(), '{id}', payer, 'in_network', '2020-01-01' FROM unnest(ARRAY['99901', '99902']) payer",
            self.practice, self.practice
        ))
        .await;
        id
    }

    pub(crate) async fn add_patient(&self) -> PatientId {
        let id = PatientId::new();
        self.run(&format!(
            "INSERT INTO clinical.patients (practice_id, id, first_name, last_name, date_of_birth, sex, address_line1, city, state, zip_code) \
             VALUES ('{}', '{id}', 'Avery', 'Quill', '1990-01-15', 'female', '2 Elm St', 'New York', 'NY', '10001')",
            self.practice
        ))
        .await;
        id
    }

    pub(crate) async fn add_coverage(&self, patient: PatientId, payer: &str, sequence: &str) -> CoverageId {
        let id = CoverageId::new();
        self.run(&format!(
            "INSERT INTO clinical.coverages (practice_id, id, patient_id, payer_id, sequence, member_id, group_number, effective_from) \
             VALUES ('{}', '{id}', '{patient}', '{payer}', '{sequence}', 'W123456789', 'GRP100', '2025-01-01')",
            self.practice
        ))
        .await;
        id
    }

    /// A session by video that is still to take place, unless `columns` say otherwise: `"status = 'completed', …"`.
    pub(crate) async fn add_session(&self, columns: &str) -> SessionId {
        self.add_session_of(self.patient, columns).await
    }

    /// A session of that patient.
    pub(crate) async fn add_session_of(&self, patient: PatientId, columns: &str) -> SessionId {
        let id = SessionId::new();
        let set = if columns.is_empty() { "version = 1" } else { columns };
        self.run(&format!(
            "INSERT INTO clinical.sessions (practice_id, id, therapist_id, patient_id, session_date, cpt_code, modifiers, diagnosis_codes, \
               duration_minutes, fee, copay, place_of_service, modality, patient_state) \
             VALUES ('{}', '{id}', '{}', '{patient}', '{SERVICE_DAY}', '90837', '[\"95\"]', '[\"F41.1\", \"F33.1\"]', 55, 150, 20, '10', 'video', 'NY'); \
             UPDATE clinical.sessions SET {set} WHERE id = '{id}'",
            self.practice, self.therapist
        ))
        .await;
        id
    }

    /// A session that took place and that nobody has billed.
    pub(crate) async fn completed(&self) -> SessionId {
        // each with a patient of its own: two of one patient on one day would be duplicates
        let patient = self.add_patient().await;
        self.add_coverage(patient, "99901", "primary").await;
        self.add_session_of(patient, "status = 'completed', completed_at = now()").await
    }

    /// A clean draft.
    pub(crate) async fn draft(&self) -> pb::Claim {
        let session = self.completed().await;
        self.create(session).await.unwrap()
    }

    pub(crate) async fn create(&self, session: SessionId) -> Result<pb::Claim, Status> {
        let request = pb::CreateClaimRequest { session_id: session.to_string(), ..Default::default() };
        body(self.claims.create_claim(self.billing.call("ClaimService/CreateClaim", request)).await)
    }

    /// A claim that is ready.
    pub(crate) async fn ready(&self) -> pb::Claim {
        let draft = self.draft().await;
        self.mark_ready(&draft.id, &[]).await.unwrap()
    }

    /// A claim that was submitted.
    pub(crate) async fn submitted(&self) -> pb::Claim {
        let ready = self.ready().await;
        self.submit(&ready.id).await.unwrap()
    }

    pub(crate) async fn mark_ready(&self, id: &str, accepted: &[&str]) -> Result<pb::Claim, Status> {
        let accepted = accepted.iter().map(|code| (*code).to_owned()).collect();
        let request = pb::MarkReadyRequest { id: id.to_owned(), acknowledged_codes: accepted, ..Default::default() };
        body(self.claims.mark_ready(self.billing.call("ClaimService/MarkReady", request)).await)
    }

    pub(crate) async fn submit(&self, id: &str) -> Result<pb::Claim, Status> {
        self.submit_as(&self.billing, id).await
    }

    pub(crate) async fn submit_as(&self, caller: &Caller, id: &str) -> Result<pb::Claim, Status> {
        let request = pb::SubmitClaimRequest { id: id.to_owned(), ..Default::default() };
        body(self.claims.submit_claim(caller.call("ClaimService/SubmitClaim", request)).await)
    }

    pub(crate) async fn submit_all(&self, ids: &[&str]) -> Result<Vec<pb::BatchSubmitResult>, Status> {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let request = pb::BatchSubmitClaimsRequest { ids, ..Default::default() };
        let call = self.billing.call("ClaimService/BatchSubmitClaims", request);
        Ok(body(self.claims.batch_submit_claims(call).await)?.results)
    }

    pub(crate) async fn validate_as(&self, caller: &Caller, id: &str) -> Result<pb::ValidateClaimResponse, Status> {
        let request = pb::ValidateClaimRequest { id: id.to_owned() };
        body(self.claims.validate_claim(caller.call("ClaimService/ValidateClaim", request)).await)
    }

    pub(crate) async fn cancel(&self, id: &str) -> Result<pb::Claim, Status> {
        let request = pb::CancelClaimRequest { id: id.to_owned(), ..Default::default() };
        body(self.claims.cancel_claim(self.billing.call("ClaimService/CancelClaim", request)).await)
    }

    pub(crate) async fn close_denial(&self, id: &str) -> Result<pb::Claim, Status> {
        let request = pb::CloseDenialRequest { id: id.to_owned(), ..Default::default() };
        body(self.claims.close_denial(self.billing.call("ClaimService/CloseDenial", request)).await)
    }

    pub(crate) async fn hold(&self, id: &str) -> Result<pb::Claim, Status> {
        let request = pb::HoldClaimRequest { id: id.to_owned(), ..Default::default() };
        body(self.claims.hold_claim(self.billing.call("ClaimService/HoldClaim", request)).await)
    }

    pub(crate) async fn release(&self, id: &str) -> Result<pb::Claim, Status> {
        let request = pb::ReleaseClaimRequest { id: id.to_owned(), ..Default::default() };
        body(self.claims.release_claim(self.billing.call("ClaimService/ReleaseClaim", request)).await)
    }

    pub(crate) async fn replace(&self, id: &str) -> Result<pb::Claim, Status> {
        let request = pb::CreateReplacementRequest { claim_id: id.to_owned(), ..Default::default() };
        body(self.claims.create_replacement(self.billing.call("ClaimService/CreateReplacement", request)).await)
    }

    pub(crate) async fn bill_next(&self, id: &str) -> Result<pb::Claim, Status> {
        let request = pb::CreateSecondaryRequest { claim_id: id.to_owned(), ..Default::default() };
        body(self.claims.create_secondary(self.billing.call("ClaimService/CreateSecondary", request)).await)
    }

    /// Appeals until a fortnight after the day of the calls.
    pub(crate) async fn appeal(&self, id: &str) -> Result<pb::ClaimAction, Status> {
        let request = pb::FileAppealRequest {
            claim_id: id.to_owned(),
            reason: WHY.into(),
            deadline: Some((2026, 4, 3).into()),
            ..Default::default()
        };
        body(self.actions.file_appeal(self.billing.call("ClaimActionService/FileAppeal", request)).await)
    }

    pub(crate) async fn void(&self, id: &str) -> Result<pb::ClaimAction, Status> {
        self.void_as(&self.admin, id).await
    }

    pub(crate) async fn void_as(&self, caller: &Caller, id: &str) -> Result<pb::ClaimAction, Status> {
        let request = pb::VoidClaimRequest { claim_id: id.to_owned(), reason: WHY.into(), ..Default::default() };
        body(self.actions.void_claim(caller.call("ClaimActionService/VoidClaim", request)).await)
    }

    pub(crate) async fn write_off(&self, id: &str) -> Result<pb::ClaimAction, Status> {
        self.write_off_as(&self.admin, id).await
    }

    pub(crate) async fn write_off_as(&self, caller: &Caller, id: &str) -> Result<pb::ClaimAction, Status> {
        let request = pb::WriteOffClaimRequest { claim_id: id.to_owned(), reason: WHY.into(), ..Default::default() };
        body(self.actions.write_off_claim(caller.call("ClaimActionService/WriteOffClaim", request)).await)
    }

    pub(crate) async fn override_as(&self, caller: &Caller, id: &str) -> Result<pb::ClaimAction, Status> {
        let request = pb::OverrideTimelyFilingRequest {
            claim_id: id.to_owned(),
            reason: WHY.into(),
            delay_reason_code: "11".into(),
            ..Default::default()
        };
        body(self.actions.override_timely_filing(caller.call("ClaimActionService/OverrideTimelyFiling", request)).await)
    }

    pub(crate) async fn approve_as(&self, caller: &Caller, id: &str) -> Result<pb::ClaimAction, Status> {
        let request = pb::ApproveClaimActionRequest { id: id.to_owned(), ..Default::default() };
        body(self.actions.approve_claim_action(caller.call("ClaimActionService/ApproveClaimAction", request)).await)
    }

    pub(crate) async fn reject_as(&self, caller: &Caller, id: &str) -> Result<pb::ClaimAction, Status> {
        let request = pb::RejectClaimActionRequest { id: id.to_owned(), note: "no".into(), ..Default::default() };
        body(self.actions.reject_claim_action(caller.call("ClaimActionService/RejectClaimAction", request)).await)
    }

    pub(crate) async fn withdraw_as(&self, caller: &Caller, id: &str) -> Result<pb::ClaimAction, Status> {
        let request = pb::WithdrawClaimActionRequest { id: id.to_owned(), ..Default::default() };
        body(self.actions.withdraw_claim_action(caller.call("ClaimActionService/WithdrawClaimAction", request)).await)
    }

    pub(crate) async fn action(&self, id: &str) -> pb::ClaimAction {
        let request = pb::GetClaimActionRequest { id: id.to_owned() };
        body(self.actions.get_claim_action(self.billing.call("ClaimActionService/GetClaimAction", request)).await)
            .unwrap()
    }

    pub(crate) async fn list_actions(&self, request: pb::ListClaimActionsRequest) -> pb::ListClaimActionsResponse {
        let call = self.billing.call("ClaimActionService/ListClaimActions", request);
        body(self.actions.list_claim_actions(call).await).unwrap()
    }

    /// Changes the fields named to those of `claim`, which carries the etag.
    pub(crate) async fn update(&self, claim: pb::Claim, paths: &[&str]) -> Result<pb::Claim, Status> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let update_mask = Some(prost_types::FieldMask { paths });
        let request = pb::UpdateClaimRequest { claim: Some(claim), update_mask, ..Default::default() };
        body(self.claims.update_claim(self.billing.call("ClaimService/UpdateClaim", request)).await)
    }

    pub(crate) async fn get(&self, id: &str) -> Result<pb::Claim, Status> {
        self.get_as(&self.billing, id).await
    }

    pub(crate) async fn get_as(&self, caller: &Caller, id: &str) -> Result<pb::Claim, Status> {
        let request = pb::GetClaimRequest { id: id.to_owned() };
        body(self.claims.get_claim(caller.call("ClaimService/GetClaim", request)).await)
    }

    pub(crate) async fn list_as(&self, caller: &Caller, request: pb::ListClaimsRequest) -> pb::ListClaimsResponse {
        body(self.claims.list_claims(caller.call("ClaimService/ListClaims", request)).await).unwrap()
    }

    pub(crate) async fn list(&self, request: pb::ListClaimsRequest) -> pb::ListClaimsResponse {
        self.list_as(&self.billing, request).await
    }

    pub(crate) async fn timeline(&self, id: &str) -> Vec<pb::ClaimEvent> {
        self.story_as(&self.billing, id).await.events
    }

    pub(crate) async fn story_as(&self, caller: &Caller, id: &str) -> pb::GetClaimTimelineResponse {
        let request = pb::GetClaimTimelineRequest { id: id.to_owned(), page_size: 500, ..Default::default() };
        body(self.claims.get_claim_timeline(caller.call("ClaimService/GetClaimTimeline", request)).await).unwrap()
    }

    pub(crate) async fn complete(&self, session: SessionId) -> Result<clinical_pb::CompleteSessionResponse, Status> {
        let request = clinical_pb::CompleteSessionRequest { id: session.to_string(), ..Default::default() };
        let caller = self.caller(Role::Admin);
        body(self.sessions.complete_session(caller.call("SessionService/CompleteSession", request)).await)
    }

    /// How many audit entries name the claim.
    pub(crate) async fn entries(&self, claim: &str) -> i64 {
        self.ask(&format!("SELECT count(*) FROM audit.entries WHERE '{claim}' = ANY (resource_ids)"))
            .await
            .parse()
            .unwrap()
    }
}

/// Noon in New York, four days after the services.
pub(crate) fn now() -> Clock {
    let at: DateTime<Utc> = "2026-03-20T16:00:00Z".parse().unwrap();
    Clock::from_fn(move || at)
}

/// The same moment, so many days later.
pub(crate) fn days_later(days: i64) -> Clock {
    now().shifted(TimeDelta::days(days))
}

pub(crate) fn body<T>(answered: Result<Response<T>, Status>) -> Result<T, Status> {
    answered.map(Response::into_inner)
}

/// Code and reason of a refusal.
pub(crate) fn refusal<T: std::fmt::Debug>(answered: Result<T, Status>) -> (Code, String) {
    let status = answered.unwrap_err();
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    (status.code(), reason)
}

/// A fact that a refusal carries.
pub(crate) fn fact(status: &Status, key: &str) -> String {
    status.get_details_error_info().and_then(|info| info.metadata.get(key).cloned()).unwrap_or_default()
}

/// Paths of the bad fields.
pub(crate) fn bad_fields(status: &Status) -> Vec<String> {
    let details = status.get_details_bad_request();
    details.map(|d| d.field_violations.into_iter().map(|v| v.field).collect()).unwrap_or_default()
}

pub(crate) fn codes(claim: &pb::Claim) -> Vec<&str> {
    claim.findings.iter().map(|f| f.code.as_str()).collect()
}

pub(crate) fn request_id() -> String {
    RequestId::new().to_string()
}

/// Asserts status and state within it.
#[track_caller]
pub(crate) fn assert_stands(claim: &pb::Claim, status: ClaimStatus, state: pb::PayerState) {
    assert_eq!((claim.status(), claim.payer_state()), (status, state));
}
