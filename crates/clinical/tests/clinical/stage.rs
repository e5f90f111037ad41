//! A practice, its callers, and the services as the server composes them.

use std::sync::{Arc, Mutex};

use audit::{Batcher, MacKeys, Vault};
use clinical::Facts;
use clinical::coverage::Coverage;
use clinical::coverage::service::Dependents;
use clinical::import::service::Imports;
use clinical::patient::service::Patients;
use clinical::session::complete::Completion;
use clinical::session::service::Sessions;
use clinical::therapist::service::Therapists;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::id::{ClaimId, CoverageId, SessionId};
use kernel::{Code, Failure, PracticeId, Role};
use schema::{Db, Tx};
use testkit::{Caller, TestDb};
use therapy_claims::clinical::v1 as pb;
use therapy_claims::clinical::v1::patient_service_server::PatientService;
use therapy_claims::clinical::v1::session_service_server::SessionService;
use therapy_claims::clinical::v1::therapist_service_server::TherapistService;
use therapy_claims::google::r#type::Date;
use tonic::{Response, Status};
use tonic_types::StatusExt;

pub(crate) struct Stage {
    pub(crate) test_db: TestDb,
    pub(crate) practice: PracticeId,
    pub(crate) db: Db,
    pub(crate) claims: Arc<Claims>,
    pub(crate) therapists: Therapists,
    pub(crate) patients: Patients,
    pub(crate) sessions: Sessions,
    pub(crate) imports: Imports,
    pub(crate) admin: Caller,
    pub(crate) front_desk: Caller,
}

/// Stands in for the claims side, and remembers what it was told.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    pub(crate) drafted: Mutex<Vec<Facts>>,
    pub(crate) changed: Mutex<Vec<CoverageId>>,
    pub(crate) fails: Mutex<bool>,
}

impl Claims {
    pub(crate) fn drafted(&self) -> Vec<SessionId> {
        self.drafted.lock().unwrap().iter().map(|facts| facts.session.id).collect()
    }
}

impl Completion for Claims {
    fn draft<'a>(&'a self, _: &'a Tx<'_>, facts: &'a Facts) -> BoxFuture<'a, Result<Option<pb::ClaimDraft>, Failure>> {
        async move {
            // like a rule that a single session breaks
            if *self.fails.lock().unwrap() || facts.session.cpt_code == "99999" {
                return Err(Failure::new(Code::FailedPrecondition, "NO_DRAFT", "no draft today"));
            }
            self.drafted.lock().unwrap().push(facts.clone());
            Ok(Some(pb::ClaimDraft { claim_id: ClaimId::new().to_string(), ..pb::ClaimDraft::default() }))
        }
        .boxed()
    }
}

impl Dependents for Claims {
    fn coverage_changed<'a>(&'a self, _: &'a Tx<'_>, coverage: &'a Coverage) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            self.changed.lock().unwrap().push(coverage.id);
            Ok(())
        }
        .boxed()
    }
}

/// An audit entry, as far as these tests look.
#[derive(Debug, PartialEq, Eq, QueryableByName)]
pub(crate) struct Entry {
    #[diesel(sql_type = Text)]
    pub(crate) action: String,
    #[diesel(sql_type = Text)]
    pub(crate) resource_type: String,
    #[diesel(sql_type = Array<Text>)]
    pub(crate) resource_ids: Vec<String>,
    #[diesel(sql_type = Integer)]
    pub(crate) resource_count: i32,
    #[diesel(sql_type = Array<Text>)]
    pub(crate) patient_ids: Vec<String>,
    #[diesel(sql_type = Bool)]
    pub(crate) accessed_phi: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let test_db = TestDb::new().await;
        let practice = testkit::caller::practice(&test_db).await;
        let db = Db::new(&test_db.url_as("claims_app"), 4).unwrap();
        let audit = Db::new(&test_db.url_as("claims_audit"), Batcher::CONNECTIONS).unwrap();
        let vault = Vault::new(db.clone(), Batcher::start(&audit, MacKeys::known()).0);
        let claims = Arc::new(Claims::default());
        Self {
            therapists: Therapists::new(vault.clone()),
            patients: Patients::new(vault.clone()).telling(Arc::clone(&claims) as Arc<dyn Dependents>),
            sessions: Sessions::new(vault.clone(), Arc::clone(&claims) as Arc<dyn Completion>),
            imports: Imports::new(vault, Arc::clone(&claims) as Arc<dyn Completion>),
            admin: Caller::new(practice, Role::Admin),
            front_desk: Caller::new(practice, Role::FrontDesk),
            test_db,
            practice,
            db,
            claims,
        }
    }

    /// The admin of another practice in the same database.
    pub(crate) async fn stranger(&self) -> Caller {
        Caller::new(testkit::caller::practice(&self.test_db).await, Role::Admin)
    }

    #[expect(clippy::disallowed_methods, reason = "looks at the rows from outside")]
    async fn outside(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.test_db.url_as("postgres")).await.unwrap()
    }

    /// What is on record so far, the oldest first.
    pub(crate) async fn entries(&self) -> Vec<Entry> {
        let query = "SELECT action, resource_type, resource_ids, resource_count, patient_ids::text[], accessed_phi \
                     FROM audit.entries WHERE practice_id = $1 ORDER BY position";
        diesel::sql_query(query).bind::<SqlUuid, _>(self.practice).load(&mut self.outside().await).await.unwrap()
    }

    /// The last entry, which must be about one row.
    pub(crate) async fn last_entry(&self) -> (String, String, String) {
        let mut entries = self.entries().await;
        let last = entries.pop().unwrap();
        let [id] = &last.resource_ids[..] else { panic!("{last:?}") };
        (last.action.clone(), last.resource_type.clone(), id.clone())
    }

    /// How many rows there are: `table WHERE …`.
    pub(crate) async fn count(&self, rows: &str) -> i64 {
        let query = format!("SELECT count(*) AS count FROM {rows}");
        diesel::sql_query(query).get_result::<Count>(&mut self.outside().await).await.unwrap().count
    }

    pub(crate) async fn therapist(&self, npi: &str) -> pb::Therapist {
        let therapist = therapist(npi);
        let request = pb::CreateTherapistRequest { therapist: Some(therapist), request_id: String::new() };
        ok(self.therapists.create_therapist(self.admin.call("TherapistService/CreateTherapist", request)).await)
    }

    pub(crate) async fn patient(&self) -> pb::Patient {
        let request = pb::CreatePatientRequest { patient: Some(patient()), request_id: String::new() };
        ok(self.patients.create_patient(self.admin.call("PatientService/CreatePatient", request)).await)
    }

    pub(crate) async fn coverage(&self, coverage: pb::Coverage) -> Result<pb::Coverage, Status> {
        let request = pb::CreateCoverageRequest { coverage: Some(coverage), request_id: String::new() };
        let call = self.admin.call("PatientService/CreateCoverage", request);
        self.patients.create_coverage(call).await.map(Response::into_inner)
    }

    pub(crate) async fn schedule(&self, session: pb::Session) -> pb::Session {
        ok(self.try_schedule(&self.admin, session).await)
    }

    pub(crate) async fn try_schedule(
        &self,
        caller: &Caller,
        session: pb::Session,
    ) -> Result<Response<pb::Session>, Status> {
        let request = pb::ScheduleSessionRequest { session: Some(session), request_id: String::new() };
        self.sessions.schedule_session(caller.call("SessionService/ScheduleSession", request)).await
    }

    pub(crate) async fn complete(&self, id: &str) -> Result<pb::CompleteSessionResponse, Status> {
        let request = pb::CompleteSessionRequest { id: id.to_owned(), ..pb::CompleteSessionRequest::default() };
        let call = self.admin.call("SessionService/CompleteSession", request);
        self.sessions.complete_session(call).await.map(Response::into_inner)
    }

    /// A therapist, a patient assigned to nobody, and a session of both.
    pub(crate) async fn booked(&self) -> (pb::Therapist, pb::Patient, pb::Session) {
        let (therapist, patient) = (self.therapist("1234567893").await, self.patient().await);
        let session = self.schedule(session(&therapist.id, &patient.id)).await;
        (therapist, patient, session)
    }
}

pub(crate) fn ok<T>(answer: Result<Response<T>, Status>) -> T {
    answer.unwrap().into_inner()
}

/// Code and reason of a refusal.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> (tonic::Code, String) {
    let status = answer.unwrap_err();
    (status.code(), status.get_details_error_info().unwrap().reason)
}

/// The fields that a refusal names.
pub(crate) fn bad_fields<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    let details = answer.unwrap_err().get_details_bad_request().unwrap();
    details.field_violations.into_iter().map(|violation| violation.field).collect()
}

pub(crate) fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

pub(crate) fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() })
}

pub(crate) fn request_id() -> String {
    kernel::id::RequestId::new().to_string()
}

pub(crate) fn therapist(npi: &str) -> pb::Therapist {
    pb::Therapist {
        first_name: "Tess".to_owned(),
        last_name: "Harbor".to_owned(),
        npi: npi.to_owned(),
        ..pb::Therapist::default()
    }
}

pub(crate) fn patient() -> pb::Patient {
    pb::Patient {
        first_name: "Avery".to_owned(),
        last_name: "Quill".to_owned(),
        birth_date: date(1990, 2, 28),
        ..pb::Patient::default()
    }
}

pub(crate) fn coverage(patient_id: &str, member_id: &str, from: Option<Date>, to: Option<Date>) -> pb::Coverage {
    pb::Coverage {
        patient_id: patient_id.to_owned(),
        payer_id: "AETNA".to_owned(),
        member_id: member_id.to_owned(),
        effective_from: from,
        effective_to: to,
        ..pb::Coverage::default()
    }
}

pub(crate) fn session(therapist_id: &str, patient_id: &str) -> pb::Session {
    pb::Session {
        therapist_id: therapist_id.to_owned(),
        patient_id: patient_id.to_owned(),
        session_date: date(2026, 3, 16),
        cpt_code: "90837".to_owned(),
        duration_minutes: 60,
        fee: "150.00".to_owned(),
        diagnosis_codes: vec!["F41.1".to_owned()],
        ..pb::Session::default()
    }
}
