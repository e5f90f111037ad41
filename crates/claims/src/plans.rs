//! Tests that every list of claims and of payments is entered through an index, under row-level security and in a practice of some size.

use diesel::pg::Pg;
use diesel::query_builder::QueryFragment;
use kernel::id::kind;
use kernel::{Role, Scope};
use schema::Db;
use testkit::plan::{assert_enters, assert_in_order, nth, page, page_after};
use testkit::{Caller, TestDb};

use crate::claim::{ClaimFilter, store};
use crate::inbound::remit::RemittanceClaimState;
use crate::lifecycle::Status;
use crate::remittance::{Filter, ToldFilter, store as remittances};

struct Stage {
    _test_db: TestDb,
    db: Db,
    scope: Scope,
}

/// 40,000 claims of 5,000 patients and 40 therapists over 800 days; one in twenty is a draft, one in a hundred inactive.
const FILL: &str = "
INSERT INTO claims.claims (practice_id, id, claim_number, session_id, patient_id, therapist_id, coverage_id, payer_id, status, payer_state,
                           disposition, service_date, charge_amount, snapshot, attempt, submitted_at)
  SELECT $P, pg_temp.nth(6, n), translate(lpad(n::text, 12, 'Z'), '01', 'AB'), pg_temp.nth(5, n), pg_temp.nth(2, 1 + n % 5000),
         pg_temp.nth(1, 1 + n % 40), pg_temp.nth(3, 1 + n % 5000), 'P' || n % 20,
         CASE WHEN n % 20 = 0 THEN 'draft' ELSE 'submitted' END, CASE WHEN n % 20 = 0 THEN 'none' ELSE 'queued' END,
         CASE WHEN n % 100 = 1 THEN 'voided' ELSE 'active' END,
         date '2024-01-01' + n % 800, 150, '{}', 1, now()
  FROM generate_series(1, 40000) n;
INSERT INTO claims.claim_lines (practice_id, claim_id, line_number, cpt_code, charge_amount, place_of_service, service_date)
  SELECT $P, pg_temp.nth(6, n), 1, '90837', 150, '11', date '2024-01-01' + n % 800 FROM generate_series(1, 40000) n;
ANALYZE claims.claims, claims.claim_lines;
";

impl Stage {
    async fn new(role: Role) -> Self {
        Self::filled(role, FILL).await
    }

    async fn filled(role: Role, rows: &str) -> Self {
        let test_db = TestDb::new().await;
        let practice = testkit::caller::practice(&test_db).await;
        let other = testkit::caller::practice(&test_db).await;
        testkit::plan::fill(&test_db, &[practice, other], rows).await;
        let caller = match role {
            Role::Therapist => Caller::therapist(practice, nth(1, 7)),
            Role::Admin | Role::Billing | Role::FrontDesk => Caller::new(practice, role),
        };
        let db = Db::new(&test_db.url_as("claims_app"), 1).unwrap();
        Self { _test_db: test_db, db, scope: caller.scope("ClaimService/ListClaims") }
    }

    async fn plan<Q: QueryFragment<Pg> + Send>(&self, query: Q) -> String {
        testkit::plan::plan(&self.db, &self.scope, query).await
    }

    /// The plans of the first page and of a later one.
    async fn plans(&self, filter: &ClaimFilter) -> [String; 2] {
        let (first, later) = (page(&self.scope), page_after(&self.scope, nth::<kind::Claim>(6, 9)));
        [
            self.plan(store::listing(&self.scope, filter, &first)).await,
            self.plan(store::listing(&self.scope, filter, &later)).await,
        ]
    }
}

#[tokio::test]
async fn lists_in_order_are_entered_by_what_they_are_narrowed_to() {
    let stage = Stage::new(Role::Billing).await;
    let none = ClaimFilter::default;
    for (filter, columns) in [
        (none(), &["practice_id"][..]),
        (ClaimFilter { include_inactive: true, ..none() }, &["practice_id"]),
        (ClaimFilter { status: Some(Status::Draft), ..none() }, &["practice_id", "status"]),
        (ClaimFilter { therapist_id: Some(nth(1, 7)), ..none() }, &["practice_id", "therapist_id"]),
        // no index of its own: a page of a payer is read along all claims
        (ClaimFilter { payer_id: Some("P7".to_owned()), ..none() }, &["practice_id"]),
    ] {
        let [first, later] = stage.plans(&filter).await;
        assert_enters(&first, columns);
        assert_enters(&later, &[columns, &["id"]].concat());
        assert_in_order(&first);
        assert_in_order(&later);
    }
}

#[tokio::test]
async fn few_rows_are_entered_by_what_they_are_narrowed_to() {
    let stage = Stage::new(Role::Billing).await;
    let none = ClaimFilter::default;
    let day = chrono::NaiveDate::from_ymd_opt(2025, 6, 1);
    for (filter, columns) in [
        (ClaimFilter { patient_id: Some(nth(2, 77)), ..none() }, &["practice_id", "patient_id"][..]),
        (
            ClaimFilter { patient_id: Some(nth(2, 77)), from: day, ..none() },
            &["practice_id", "patient_id", "service_date"],
        ),
        (ClaimFilter { session_id: Some(nth(5, 77)), ..none() }, &["practice_id", "session_id"]),
        (ClaimFilter { from: day, to: day, ..none() }, &["practice_id", "service_date"]),
    ] {
        for plan in stage.plans(&filter).await {
            assert_enters(&plan, columns);
        }
    }
}

#[tokio::test]
async fn what_a_therapist_lists_is_entered_by_index() {
    let stage = Stage::new(Role::Therapist).await;
    for plan in stage.plans(&ClaimFilter::default()).await {
        assert_enters(&plan, &["practice_id", "therapist_id"]);
        assert_in_order(&plan);
    }
}

#[tokio::test]
async fn what_is_looked_up_beside_a_claim_is_entered_by_index() {
    let stage = Stage::new(Role::Billing).await;
    let practice = stage.scope.practice().uuid();
    let plan = stage.plan(store::unsent(practice, nth(2, 77))).await;
    assert_enters(&plan, &["practice_id", "patient_id"]);
    let sessions = [nth(5, 77), nth(5, 78)];
    let plan = stage.plan(store::services(practice, &sessions)).await;
    assert_enters(&plan, &["practice_id", "session_id"]);
    assert_enters(&plan, &["practice_id", "claim_id"]);
}

/// 2,000 payments of 20 claims each; one claim in forty waits, one payment in fifty is not complete.
const PAYMENTS: &str = "
INSERT INTO claims.remittances (practice_id, id, payer_id, payer_trace, payment_reference, payment_method, payment_date, payment_amount,
                                received_at, is_complete)
  SELECT $P, pg_temp.nth(7, n), 'P' || n % 20, 'T' || n % 20, 'EFT' || n, 'ach', date '2024-01-01' + n % 800, 150, now(), n % 50 <> 0
  FROM generate_series(1, 2000) n;
INSERT INTO claims.remittance_claims (practice_id, id, remittance_id, ordinal, claim_id, matched_at, claim_number, payer_status_code,
                                      charge_amount, paid_amount, state, state_reason)
  SELECT $P, pg_temp.nth(8, n), pg_temp.nth(7, 1 + n % 2000), 1 + n / 2000, pg_temp.nth(6, n), now(), 'C' || n, '1', 150, 110,
         CASE WHEN n % 80 = 0 THEN 'parked' WHEN n % 80 = 40 THEN 'unmatched' ELSE 'posted' END,
         CASE WHEN n % 40 = 0 THEN 'CLAIM_UNKNOWN' END
  FROM generate_series(1, 40000) n;
ANALYZE claims.remittances, claims.remittance_claims;
";

#[tokio::test]
async fn payments_and_the_queue_are_entered_by_what_they_are_narrowed_to() {
    let stage = Stage::filled(Role::Billing, &format!("{FILL}{PAYMENTS}")).await;
    let practice = stage.scope.practice().uuid();
    let (first, later) = (page(&stage.scope), page_after(&stage.scope, nth::<kind::RemittanceClaim>(8, 9)));
    let none = ToldFilter::default;
    let of_one = || Some(nth(7, 77));
    for (filter, columns, is_queue) in [
        (none(), &["practice_id"][..], false),
        (ToldFilter { only_open: true, ..none() }, &["practice_id"], true),
        (
            ToldFilter { only_open: true, state: Some(RemittanceClaimState::Unmatched), ..none() },
            &["practice_id"],
            true,
        ),
        (ToldFilter { remittance: of_one(), ..none() }, &["practice_id", "remittance_id"], false),
    ] {
        for page in [&first, &later] {
            let plan = stage.plan(remittances::told_listing(practice, &filter, page)).await;
            assert_enters(&plan, columns);
            assert_in_order(&plan);
            assert_eq!(plan.contains("remittance_claims_open_idx"), is_queue, "{plan}");
        }
    }
    let later = page_after(&stage.scope, nth::<kind::Remittance>(7, 9));
    let (none, day) = (Filter::default, chrono::NaiveDate::from_ymd_opt(2025, 6, 1));
    for (filter, columns) in [
        (none(), &["practice_id"][..]),
        (Filter { payer: Some("P7".to_owned()), ..none() }, &["practice_id", "payer_id"]),
        (Filter { is_complete: Some(false), ..none() }, &["practice_id"]),
        (Filter { from: day, to: day, ..none() }, &["practice_id", "payment_date"]),
    ] {
        for page in [&first, &later] {
            let plan = stage.plan(remittances::listing(practice, &filter, page)).await;
            assert_enters(&plan, columns);
            assert_eq!(plan.contains("remittances_incomplete_idx"), filter.is_complete.is_some(), "{plan}");
        }
    }
}
