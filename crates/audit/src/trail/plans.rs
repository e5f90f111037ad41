//! Tests that the log is searched through an index, under row-level security and in a practice of some size.

use kernel::id::{BreakGlassId, PatientId, UserId};
use kernel::{Clock, Role};
use schema::Db;
use testkit::plan::{nth, page, page_after, plan};
use testkit::{Caller, TestDb};

use super::{RecordFilter, store};
use crate::entry::{Action, Outcome};

/// 60,000 entries of 3,000 users about 5,000 patients; few of them under a break-glass, refused, or about rights.
const FILL: &str = "
INSERT INTO audit.entries (practice_id, position, recorded_at, actor_kind, user_id, actor_role, token_key_id, action, outcome, method,
                           resource_type, patient_ids, request_id, break_glass_id, hash, body, mac)
  SELECT $P, n, date_trunc('month', now(), 'UTC') + n * interval '10 milliseconds', 'user', pg_temp.nth(1, n % 3000), 'admin', 'k',
         CASE WHEN n % 1000 = 7 THEN 'permission_change' ELSE 'view' END, CASE WHEN n % 500 = 3 THEN 'denied' ELSE 'allowed' END,
         '/a.S/A', 'patient', ARRAY[pg_temp.nth(2, n % 5000)] || CASE WHEN n % 100 = 9 THEN ARRAY[pg_temp.nth(2, n % 4999)] ELSE '{}' END, 'r', CASE WHEN n % 2000 = 1 THEN pg_temp.nth(3, n / 2000) END,
         sha256('x'), 'x', sha256('x')
  FROM generate_series(1, 60000) n;
ANALYZE audit.entries;
";

#[tokio::test]
async fn users_patients_emergencies_refusals_and_rights_are_found_without_walking_the_log() {
    let test_db = TestDb::new().await;
    let practice = testkit::caller::practice(&test_db).await;
    let other = testkit::caller::practice(&test_db).await;
    testkit::plan::fill(&test_db, &[practice, other], FILL).await;
    let db = Db::new(&test_db.url_as("claims_app"), 1).unwrap();
    let scope = Caller::new(practice, Role::Admin).scope("AuditService/ListEntries");
    let user: UserId = nth(1, 42);
    let patient: PatientId = nth(2, 77);
    let emergency: BreakGlassId = nth(3, 5);
    let all = RecordFilter::default;
    let cases = [
        ("practice_id_user_id_position_idx", RecordFilter { actor_id: Some(user.uuid()), ..all() }),
        ("break_glass_id_idx", RecordFilter { break_glass_id: Some(emergency), ..all() }),
        ("break_glass_id_idx", RecordFilter { under_break_glass: true, ..all() }),
        ("practice_id_position_idx", RecordFilter { outcome: Some(Outcome::Denied), ..all() }),
        ("practice_id_position_idx", RecordFilter { action: Some(Action::PermissionChange), ..all() }),
        ("pkey", all()),
    ];
    for (index, filter) in cases {
        for page in [page(&scope), page_after(&scope, 50_000_i64)] {
            let plan = plan(&db, &scope, store::listing(&scope, &filter, &page)).await;
            assert!(scans(&plan).iter().all(|scan| scan.contains(index)), "{index} in:\n{plan}");
        }
    }
    let filter = RecordFilter { patient_id: Some(patient), ..all() };
    for page in [page(&scope), page_after(&scope, 50_000_i64)] {
        let found = plan(&db, &scope, store::listing(&scope, &filter, &page)).await;
        let by = |index: &str| scans(&found).iter().any(|scan| scan.contains(index));
        // those of the patient alone by its id, those of several by being such, and then each by its position
        assert!(by("practice_id_patient_ids_position_idx") && by("practice_id_position_idx"), "{found}");
        assert!(!scans(&found).iter().any(|scan| scan.contains("Seq Scan")), "{found}");
    }
}

/// How the plan enters this month's partition, which holds all rows.
fn scans(plan: &str) -> Vec<&str> {
    let month = Clock::system().now().format("entries_%Y_%m").to_string();
    let scans: Vec<_> = plan.lines().filter(|line| line.contains("Scan") && line.contains(&month)).collect();
    assert!(!scans.is_empty(), "{plan}");
    scans
}
