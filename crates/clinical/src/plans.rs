//! Tests that every list is entered through an index, under row-level security and in a practice of some size.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use kernel::id::{PatientId, SessionId, TherapistId, kind};
use kernel::page::PageKey;
use kernel::{PageRequest, Role, Scope};
use schema::Db;
use schema::tables::clinical::sessions;
use testkit::plan::{assert_enters, assert_in_order, nth};
use testkit::{Caller, TestDb};

use crate::billing::beside;
use crate::coverage::{self, CoverageFilter};
use crate::network_status::{self, NetworkStatusFilter};
use crate::patient::{self, PatientFilter};
use crate::session::{self, SessionFilter, SessionStatus};
use crate::therapist::{self, TherapistFilter};

struct Stage {
    _test_db: TestDb,
    db: Db,
    scope: Scope,
    therapist: TherapistId,
    patient: PatientId,
}

/// 2,000 therapists of whom 40 work, 5,000 patients, 40,000 sessions.
const FILL: &str = "
INSERT INTO clinical.therapists (practice_id, id, first_name, last_name, npi)
  SELECT $P, pg_temp.nth(1, n), 'T', 'T', (1000000000 + n)::text FROM generate_series(1, 2000) n;
INSERT INTO clinical.patients (practice_id, id, first_name, last_name, date_of_birth, therapist_id)
  SELECT $P, pg_temp.nth(2, n), 'P', 'P', date '1950-01-01' + n * 3, pg_temp.nth(1, 1 + n % 40) FROM generate_series(1, 5000) n;
INSERT INTO clinical.coverages (practice_id, id, patient_id, payer_id, effective_from)
  SELECT $P, pg_temp.nth(3, n), pg_temp.nth(2, n), 'AETNA', date '2025-01-01' FROM generate_series(1, 5000) n;
INSERT INTO clinical.network_statuses (practice_id, id, therapist_id, payer_id, status, effective_from)
  SELECT $P, pg_temp.nth(4, 100 * t + p), pg_temp.nth(1, t), 'P' || p, 'in_network', date '2025-01-01'
  FROM generate_series(1, 40) t, generate_series(1, 50) p;
INSERT INTO clinical.sessions (practice_id, id, therapist_id, patient_id, session_date, cpt_code, duration_minutes, fee)
  SELECT $P, pg_temp.nth(5, n), pg_temp.nth(1, 1 + n % 40), pg_temp.nth(2, 1 + n % 5000), date '2024-01-01' + n % 800, '90837', 60, 150
  FROM generate_series(1, 40000) n;
ANALYZE clinical.therapists, clinical.patients, clinical.coverages, clinical.network_statuses, clinical.sessions;
";

impl Stage {
    async fn new(role: Role) -> Self {
        let test_db = TestDb::new().await;
        let practice = testkit::caller::practice(&test_db).await;
        let other = testkit::caller::practice(&test_db).await;
        testkit::plan::fill(&test_db, &[practice, other], FILL).await;
        let (therapist, patient) = (nth(1, 7), nth(2, 77));
        let caller = match role {
            Role::Therapist => Caller::therapist(practice, therapist),
            Role::Admin | Role::Billing | Role::FrontDesk => Caller::new(practice, role),
        };
        let db = Db::new(&test_db.url_as("claims_app"), 1).unwrap();
        Self { _test_db: test_db, db, scope: caller.scope("PatientService/ListPatients"), therapist, patient }
    }

    fn page(&self) -> PageRequest {
        testkit::plan::page(&self.scope)
    }

    fn page_after<K: PageKey + Copy>(&self, key: K) -> PageRequest {
        testkit::plan::page_after(&self.scope, key)
    }

    async fn plan<Q: QueryFragment<Pg> + Send>(&self, query: Q) -> String {
        testkit::plan::plan(&self.db, &self.scope, query).await
    }
}

#[tokio::test]
async fn sessions_are_entered_by_every_filter() {
    let stage = Stage::new(Role::Admin).await;
    let none = SessionFilter::default;
    let day = chrono::NaiveDate::from_ymd_opt(2025, 6, 1);
    let of_patient = || SessionFilter { patient_id: Some(stage.patient), ..none() };
    let of_therapist = || SessionFilter { therapist_id: Some(stage.therapist), ..none() };
    let after = || stage.page_after((day.unwrap(), nth::<kind::Session>(5, 9)));
    for (filter, page, columns) in [
        (none(), stage.page(), &["practice_id"][..]),
        (none(), after(), &["practice_id", "session_date"]),
        (of_therapist(), stage.page(), &["practice_id", "therapist_id"]),
        (of_therapist(), after(), &["practice_id", "therapist_id", "session_date"]),
        (SessionFilter { from: day, to: day, ..none() }, stage.page(), &["practice_id", "session_date"]),
        (
            SessionFilter { from: day, status: Some(SessionStatus::Scheduled), ..none() },
            stage.page(),
            &["session_date"],
        ),
    ] {
        let plan = stage.plan(session::store::listing(&stage.scope, &filter, &page)).await;
        assert_enters(&plan, columns);
        assert_in_order(&plan);
    }
    // a patient's few sessions may as well be sorted
    for (page, columns) in [(stage.page(), &["patient_id"][..]), (after(), &["patient_id", "session_date"])] {
        assert_enters(&stage.plan(session::store::listing(&stage.scope, &of_patient(), &page)).await, columns);
    }
}

#[tokio::test]
async fn patients_are_entered_by_every_filter() {
    let stage = Stage::new(Role::Admin).await;
    let none = PatientFilter::default;
    let after = || stage.page_after(nth::<kind::Patient>(2, 99));
    let assigned = || PatientFilter { therapist_id: Some(stage.therapist), ..none() };
    for (filter, page, columns) in [
        (none(), stage.page(), &["practice_id"][..]),
        (none(), after(), &["practice_id", "id"]),
        (assigned(), stage.page(), &["practice_id", "therapist_id"]),
        (assigned(), after(), &["practice_id", "therapist_id", "id"]),
    ] {
        let plan = stage.plan(patient::store::listing(&stage.scope, &filter, &page)).await;
        assert_enters(&plan, columns);
        assert_in_order(&plan);
    }
    let born = PatientFilter { date_of_birth: chrono::NaiveDate::from_ymd_opt(1970, 1, 1), ..none() };
    let plan = stage.plan(patient::store::listing(&stage.scope, &born, &stage.page())).await;
    assert_enters(&plan, &["practice_id", "date_of_birth"]);
}

#[tokio::test]
async fn what_a_therapist_lists_is_entered_by_index() {
    let stage = Stage::new(Role::Therapist).await;
    let (filter, page) = (SessionFilter::default(), stage.page());
    let plan = stage.plan(session::store::listing(&stage.scope, &filter, &page)).await;
    assert_enters(&plan, &["practice_id", "therapist_id"]);
    assert_in_order(&plan);
    let (filter, page) = (PatientFilter::default(), stage.page());
    assert_enters(&stage.plan(patient::store::listing(&stage.scope, &filter, &page)).await, &["practice_id"]);
}

#[tokio::test]
async fn therapists_statuses_and_coverages_are_entered_by_index() {
    let stage = Stage::new(Role::Admin).await;
    let page = stage.page();
    let npi = TherapistFilter { npi: Some("1000000007".to_owned()), ..TherapistFilter::default() };
    let plan = stage.plan(therapist::store::listing(&stage.scope, &npi, &page)).await;
    assert_enters(&plan, &["practice_id", "npi"]);
    let of_one = NetworkStatusFilter {
        therapist_id: Some(stage.therapist),
        payer_id: Some("P7".to_owned()),
        effective_on: chrono::NaiveDate::from_ymd_opt(2025, 6, 1),
    };
    let plan = stage.plan(network_status::store::listing(&stage.scope, &of_one, &page)).await;
    assert_enters(&plan, &["practice_id", "therapist_id", "payer_id"]);
    let all = NetworkStatusFilter::default();
    let after = stage.page_after(nth::<kind::NetworkStatus>(4, 99));
    let plan = stage.plan(network_status::store::listing(&stage.scope, &all, &after)).await;
    assert_enters(&plan, &["practice_id", "id"]);
    let filter = CoverageFilter { patient_id: stage.patient, effective_on: None };
    let plan = stage.plan(coverage::store::listing(&stage.scope, &filter, &page)).await;
    assert_enters(&plan, &["practice_id", "patient_id"]);
}

#[tokio::test]
async fn what_stands_beside_a_session_is_entered_by_patient_and_day() {
    let stage = Stage::new(Role::Admin).await;
    let ids: Vec<SessionId> = (1..=3).map(|n| nth(5, n)).collect();
    for ids in [&ids[..1], &ids] {
        let plan = stage.plan(beside::query(stage.scope.practice().uuid()).filter(sessions::id.eq_any(ids))).await;
        assert_enters(&plan, &["practice_id", "id"]);
        assert_enters(&plan, &["practice_id", "patient_id", "session_date"]);
    }
}
