//! What the operator does at the machine: reference data, and what the server does for a database by itself.

use std::path::Path;
use std::process::{Command, Output};

use chrono::TimeDelta;
use diesel_async::RunQueryDsl;
use kernel::Clock;
use schema::{Db, idempotency};
use server::upkeep;
use testkit::TestDb;

use crate::harness::TestServer;

fn claimsd(url: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_claimsd"))
        .args(args)
        .env("CLAIMSD_MIGRATOR_DATABASE_URL", url)
        .output()
        .expect("claimsd starts")
}

fn load(db: &TestDb, file: &Path, role: &str) -> Output {
    let file = file.to_str().unwrap();
    claimsd(&db.url_as(role), &["reference", "load", "payers", file, "--output", "json"])
}

fn loaded(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_list_is_loaded_whole_or_not_at_all_and_again() {
    let db = TestDb::new().await;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("payers.json");
    let list = include_str!("../../data/payers.json");
    std::fs::write(&file, list).unwrap();
    assert_eq!(
        loaded(&load(&db, &file, "claims_migrator")),
        serde_json::json!({"new": 6, "changed": 0, "unchanged": 0})
    );
    assert_eq!(
        loaded(&load(&db, &file, "claims_migrator")),
        serde_json::json!({"new": 0, "changed": 0, "unchanged": 6})
    );

    let mut rows: Vec<serde_json::Value> = serde_json::from_str(list).unwrap();
    rows[0]["name"] = "Renamed Plan".into();
    rows[1]["timely_filing_days"] = 181.into();
    let mut more = rows[2].clone();
    more["payer_id"] = "99999".into();
    rows.push(more);
    // one mistake: nothing of the rest is loaded
    rows[3]["valid_from"] = "2020-13-01".into();
    std::fs::write(&file, serde_json::to_string_pretty(&rows).unwrap()).unwrap();
    let refused = load(&db, &file, "claims_migrator");
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(
        said,
        "claimsd: nothing was loaded, the file has 1 mistake:\n  [3].valid_from must be a date in the form 2026-01-31\n"
    );
    rows[3]["valid_from"] = "2020-01-01".into();
    std::fs::write(&file, serde_json::to_string_pretty(&rows).unwrap()).unwrap();
    assert!(!load(&db, &file, "claims_app").status.success(), "it is the migrator's");
    assert_eq!(
        loaded(&load(&db, &file, "claims_migrator")),
        serde_json::json!({"new": 1, "changed": 2, "unchanged": 4})
    );

    let table = claimsd(&db.url_as("claims_migrator"), &["reference", "load", "payers", file.to_str().unwrap()]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("unchanged") && table.contains('7'), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_table_is_loaded_whole_or_not_at_all_and_listed() {
    let db = TestDb::new().await;
    let url = db.url_as("claims_migrator");
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("caps.csv");
    let path = file.to_str().unwrap();
    let load =
        |kind, more: &[&str]| claimsd(&url, &[&["reference", "load", kind, path, "--output", "json"], more].concat());
    let said = |output: Output| {
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };

    std::fs::write(&file, "code,units\n96127,4\n9083,1\n90840,many\n96127,5\n").unwrap();
    assert_eq!(
        said(load("unit-caps", &[])),
        "claimsd: nothing was loaded, the file has 3 mistakes:\n  \
         line 3: code must be five capital letters and digits\n  \
         line 4: units must be a whole number, 0 to 9999\n  \
         line 5: says again what line 2 says\n"
    );
    std::fs::write(&file, "code,units\n96127,4\n90840,3\n").unwrap();
    let first = loaded(&load("unit-caps", &["--release", "2026Q4"]));
    assert_eq!((&first["kind"], &first["release"], &first["rows"]), (&"unit_caps".into(), &"2026Q4".into(), &2.into()));
    assert_eq!((&first["new"], first["sha256"].as_str().unwrap().len()), (&true.into(), 64));
    let again = loaded(&load("unit-caps", &["--release", "2026Q4"]));
    assert_eq!((&again["id"], &again["new"]), (&first["id"], &false.into()));

    std::fs::write(&file, "code,units\n96127,5\n").unwrap();
    assert!(said(load("unit-caps", &["--release", "2026Q4"])).contains("another file was loaded as release 2026Q4"));
    assert!(said(load("icd10", &[])).contains("--valid-from"));
    assert!(said(load("payers", &["--valid-from", "2027-01-01"])).contains("--valid-from"));

    let list = loaded(&claimsd(&url, &["reference", "list", "--output", "json"]));
    assert_eq!(list["releases"].as_array().unwrap().len(), 1);
    let rule = |code: &str| {
        let rule = list["rules"].as_array().unwrap().iter().find(|rule| rule["code"] == code).unwrap();
        (rule["active"].as_bool().unwrap(), rule["needs"].as_str().unwrap().to_owned())
    };
    assert_eq!(rule("UNITS_RANGE"), (true, String::new()));
    assert_eq!(rule("DX_EXCLUDES1"), (false, "table excludes1".to_owned()));
    let table = String::from_utf8(claimsd(&url, &["reference", "list"]).stdout).unwrap();
    assert!(table.contains("2026Q4") && table.contains("NPI_DEACTIVATED"), "{table}");
}

#[test]
fn a_database_on_another_machine_is_refused_in_the_open_with_one_clear_line() {
    let url = "postgres://claims_app:secret@db.example.com/claims?sslmode=disable";
    let home = tempfile::tempdir().unwrap();
    let key = home.path().join("page-key");
    std::fs::write(&key, [7; 48]).unwrap();
    let audit_key = home.path().join("audit-key");
    std::fs::write(&audit_key, format!("a {}", "07".repeat(32))).unwrap();
    let serve = Command::new(env!("CARGO_BIN_EXE_claimsd"))
        .args(["serve", "--listen", "127.0.0.1:0", "--environment", "test", "--page-key-file"])
        .arg(&key)
        .arg("--audit-key-file")
        .arg(&audit_key)
        .args(["--database-url", url, "--audit-database-url", url, "--feed-database-url", url])
        .output()
        .expect("claimsd starts");
    for refused in [serve, claimsd(url, &["migrate"])] {
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(
            String::from_utf8(refused.stderr).unwrap(),
            "claimsd: the database is on db.example.com, another machine, and sslmode=disable would send everything in \
             the open: use sslmode=verify-full, or a socket of this machine\n"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_removes_answers_after_thirty_days_in_batches_and_leaves_younger_ones() {
    let now = Clock::system();
    // everything of this server happened 31 days ago
    let server = TestServer::start_at(now.shifted(-TimeDelta::days(31))).await;
    server.practice("past").await;
    let db = Db::new(&server.db.url_as("claims_app"), 1).unwrap();
    let requests = async || {
        let mut owner = Db::new(&server.db.url_as("postgres"), 1).unwrap().directory().await.unwrap();
        let count = diesel::sql_query("SELECT count(*) AS count FROM ops.requests");
        count.get_result::<Count>(&mut *owner).await.unwrap().count
    };
    let all = requests().await;
    assert!(all >= 2, "{all} requests are kept");
    assert_eq!(upkeep::once(&db, &now.shifted(-TimeDelta::days(2)), 1).await.unwrap(), 0);
    assert_eq!(requests().await, all);
    assert_eq!(idempotency::purge(&db, now.now(), 1).await.unwrap(), 1, "a batch is no more than was asked for");
    assert_eq!(upkeep::once(&db, &now, 1).await.unwrap(), u64::try_from(all - 1).unwrap());
    assert_eq!(requests().await, 0);
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}
