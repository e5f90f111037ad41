//! A database with practices in it, and the changes that a practice's day brings, for the tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kernel::access::{Actor, Granted, Identity, Level, Standing};
use kernel::id::{AuditEntryId, ClaimId, EventId, PatientId, SessionId, SubmissionId, TherapistId, UserId};
use kernel::method::{Method, PhiUse};
use kernel::page::TokenKey;
use kernel::scope::Facts;
use kernel::{Clock, Ctx, Permission, PracticeId, Scope};
use schema::Db;
use testkit::TestDb;

use crate::Refresher;

static METHOD: Method = Method {
    path: "/therapy.analytics.v1.AnalyticsService/ListPracticeSummaries",
    permission: Permission::MetricsRead,
    phi: PhiUse::None,
    mutates: false,
    streams: false,
};

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Nullable<Text>)]
    answer: Option<String>,
}

pub(crate) struct Fixture {
    pub(crate) test: TestDb,
    pub(crate) app: Db,
    owner: Db,
    numbers: AtomicU32,
}

/// A practice with one therapist and one patient.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Practice {
    pub(crate) id: PracticeId,
    therapist: TherapistId,
    patient: PatientId,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let test = TestDb::new().await;
        let app = Db::new(&test.url_as("claims_app"), 4).unwrap();
        let owner = Db::new(&test.url_as("postgres"), 1).unwrap();
        Self { test, app, owner, numbers: AtomicU32::new(900_000) }
    }

    pub(crate) fn refresher(&self) -> Refresher {
        let audit = Db::new(&self.test.url_as("claims_audit"), 1).unwrap();
        Refresher::new(self.app.clone(), audit, Clock::system())
    }

    /// Runs statements as one transaction.
    pub(crate) async fn run(&self, sql: &str) {
        let result = self.owner.directory().await.unwrap().batch_execute(sql).await;
        if let Err(error) = result {
            panic!("{error}: {sql}");
        }
    }

    /// The one text that an expression answers.
    pub(crate) async fn ask(&self, expression: &str) -> Option<String> {
        let mut conn = self.owner.directory().await.unwrap();
        let query = diesel::sql_query(format!("SELECT ({expression})::text AS answer"));
        query.get_result::<Answer>(&mut conn).await.unwrap().answer
    }

    /// All figures of a practice, without when and as of what they were counted.
    pub(crate) async fn figures(&self, practice: Practice) -> Option<String> {
        let id = practice.id;
        self.ask(&format!(
            "SELECT jsonb_pretty(jsonb_agg(to_jsonb(p) - 'as_of_position' - 'refreshed_at' ORDER BY day)) \
             FROM analytics.practice_summaries p WHERE practice_id = '{id}'"
        ))
        .await
    }

    pub(crate) async fn practice(&self) -> Practice {
        let practice = Practice { id: PracticeId::new(), therapist: TherapistId::new(), patient: PatientId::new() };
        let Practice { id, therapist, patient } = practice;
        self.run(&format!(
            "INSERT INTO tenancy.practices (id, name, npi, tax_id, address_line1, city, state, zip_code) \
             VALUES ('{id}', 'Practice', '1234567893', '123456789', '1 Main St', 'Albany', 'NY', '122070001'); \
             INSERT INTO clinical.therapists (practice_id, id, first_name, last_name) \
             VALUES ('{id}', '{therapist}', 'Thea', 'Example'); \
             INSERT INTO clinical.patients (practice_id, id, first_name, last_name, date_of_birth) \
             VALUES ('{id}', '{patient}', 'Pat', 'Example', '1990-01-01')"
        ))
        .await;
        practice
    }

    /// A change as the services make it: with an audit entry's position and, of a claim, with an event.
    async fn change(&self, practice: Practice, claim: Option<ClaimId>, sql: &str) {
        let id = practice.id;
        let event = claim.map(|claim| {
            let event = EventId::new();
            format!(
                "WITH h AS (UPDATE feed.heads SET last_position = last_position + 1 WHERE practice_id = '{id}' \
                            RETURNING last_position) \
                 INSERT INTO feed.events (practice_id, position, event_id, subject_id, subject_version, type, payload, occurred_at) \
                 SELECT '{id}', last_position, '{event}', '{claim}', last_position, 'changed', '', now() FROM h"
            )
        });
        let event = event.unwrap_or_default();
        self.run(&format!(
            "{sql}; UPDATE audit.heads SET last_position = last_position + 1 WHERE practice_id = '{id}'; {event}"
        ))
        .await;
    }

    pub(crate) async fn book(&self, practice: Practice, day: &str) -> SessionId {
        let Practice { id, therapist, patient } = practice;
        let session = SessionId::new();
        let insert = format!(
            "INSERT INTO clinical.sessions (practice_id, id, therapist_id, patient_id, session_date, cpt_code, duration_minutes, fee) \
             VALUES ('{id}', '{session}', '{therapist}', '{patient}', '{day}', '90837', 60, 150)"
        );
        self.change(practice, None, &insert).await;
        session
    }

    /// Sets columns of a session, at a time given in SQL.
    pub(crate) async fn update_session_at(&self, practice: Practice, session: SessionId, set: &str, at: &str) {
        let id = practice.id;
        let update = format!(
            "UPDATE clinical.sessions SET {set}, updated_at = {at}, version = version + 1 WHERE practice_id = '{id}' AND id = '{session}'"
        );
        self.change(practice, None, &update).await;
    }

    pub(crate) async fn update_session(&self, practice: Practice, session: SessionId, set: &str) {
        self.update_session_at(practice, session, set, "now()").await;
    }

    /// Completes a session and drafts its claim.
    pub(crate) async fn complete(&self, practice: Practice, session: SessionId) -> ClaimId {
        let Practice { id, therapist, patient } = practice;
        let (claim, number) = (ClaimId::new(), self.number());
        let sql = format!(
            "UPDATE clinical.sessions SET status = 'completed', completed_at = now(), updated_at = now(), version = version + 1 \
             WHERE practice_id = '{id}' AND id = '{session}'; \
             INSERT INTO claims.claims (practice_id, id, claim_number, session_id, patient_id, therapist_id, service_date, charge_amount) \
             SELECT '{id}', '{claim}', '{number}', '{session}', '{patient}', '{therapist}', session_date, fee \
             FROM clinical.sessions WHERE practice_id = '{id}' AND id = '{session}'"
        );
        self.change(practice, Some(claim), &sql).await;
        claim
    }

    /// Drafts the claim that asks the next payer for the same session.
    pub(crate) async fn ask_next(&self, practice: Practice, first: ClaimId, sequence: &str) -> ClaimId {
        let (id, claim, number) = (practice.id, ClaimId::new(), self.number());
        let sql = format!(
            "INSERT INTO claims.claims (practice_id, id, claim_number, session_id, patient_id, therapist_id, service_date, charge_amount, \
                                        payer_sequence) \
             SELECT practice_id, '{claim}', '{number}', session_id, patient_id, therapist_id, service_date, charge_amount, '{sequence}' \
             FROM claims.claims WHERE practice_id = '{id}' AND id = '{first}'"
        );
        self.change(practice, Some(claim), &sql).await;
        claim
    }

    fn number(&self) -> String {
        let number = format!("{:012}", self.numbers.fetch_add(1, Ordering::Relaxed));
        number.bytes().map(|digit| char::from(b"ABCDEFGHJK"[usize::from(digit - b'0')])).collect()
    }

    /// Sets columns of a claim.
    pub(crate) async fn update_claim(&self, practice: Practice, claim: ClaimId, set: &str) {
        let id = practice.id;
        let update = format!(
            "UPDATE claims.claims SET {set}, updated_at = now(), version = version + 1 WHERE practice_id = '{id}' AND id = '{claim}'"
        );
        self.change(practice, Some(claim), &update).await;
    }

    /// Submits a claim, so many days ago.
    pub(crate) async fn submit(&self, practice: Practice, claim: ClaimId, days_ago: u32) -> SubmissionId {
        let (id, submission, user) = (practice.id, SubmissionId::new(), UserId::new());
        let sql = format!(
            "UPDATE claims.claims SET status = 'submitted', payer_state = 'queued', attempt = attempt + 1, snapshot = '{{}}', \
               submitted_at = now() - interval '{days_ago} days', adjudicated_at = NULL WHERE practice_id = '{id}' AND id = '{claim}'; \
             INSERT INTO claims.submissions (practice_id, id, claim_id, attempt, submitted_at, submitted_by, snapshot, snapshot_hash) \
             SELECT '{id}', '{submission}', id, attempt, submitted_at, '{user}', snapshot, sha256('') FROM claims.claims \
             WHERE practice_id = '{id}' AND id = '{claim}'"
        );
        self.change(practice, Some(claim), &sql).await;
        submission
    }

    /// A payer's answer to a submission, and what it makes of the claim.
    pub(crate) async fn answer(&self, practice: Practice, claim: ClaimId, to: SubmissionId, kind: &str, set: &str) {
        let (id, ack, user) = (practice.id, AuditEntryId::new(), UserId::new());
        let by = if kind == "rejected" { "'payer'" } else { "NULL" };
        let sql = format!(
            "UPDATE claims.claims SET {set} WHERE practice_id = '{id}' AND id = '{claim}'; \
             INSERT INTO claims.acknowledgments (practice_id, id, response_id, claim_id, submission_id, kind, rejected_by, body, \
                                                 body_hash, occurred_at, received_at, reported_by, outcome) \
             VALUES ('{id}', '{ack}', '{ack}', '{claim}', '{to}', '{kind}', {by}, '{{}}', sha256(''), now(), now(), '{user}', 'applied')"
        );
        self.change(practice, Some(claim), &sql).await;
    }

    /// An administrator's call.
    pub(crate) fn request<T>(practice: Practice, message: T) -> tonic::Request<T> {
        let identity = Arc::new(Identity {
            actor: Actor::User(UserId::new()),
            key_id: "key".into(),
            standing: Standing::Machine { grants: Vec::new() },
        });
        let facts = Arc::new(Facts {
            request_id: "request".to_owned(),
            method: &METHOD,
            peer: None,
            certificate: None,
            deadline: Instant::now() + Duration::from_secs(30),
            clock: Clock::system(),
            page_key: TokenKey::new(b"key"),
            entries: AtomicU32::new(0),
        });
        let granted = Granted { acting_as: "admin", level: Level::All, own: None };
        let scope = Scope::granted(&identity, practice.id, granted, &facts);
        let mut request = tonic::Request::new(message);
        request.extensions_mut().insert(Ctx::new(Some(identity), vec![scope], facts));
        request
    }
}
