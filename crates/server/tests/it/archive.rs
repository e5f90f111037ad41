//! The audit log as files: exported, verified on a laptop without the database, and then taken out of it.

use std::process::{Command, Output};

use audit::note::{Checkpoint, Signer};
use audit::{Action, Batcher, Entry, MacKeys, chain, merkle};
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kernel::{Clock, PracticeId, Role};
use notary::archive::Month;
use notary::store::{Address, Store};
use schema::Db;
use schema::tables::audit::entries;
use testkit::{Caller, TestDb};

fn claimsd(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_claimsd")).args(args).output().expect("claimsd starts")
}

/// Entries of a month long ago and of today, with a checkpoint over all.
async fn written(db: &TestDb, store: &Store, signer: &Signer, keys: MacKeys) -> (PracticeId, Month) {
    let practice = testkit::caller::practice(db).await;
    let clock = Clock::system();
    let month = Month::of(clock.now()).back(15);
    let mut owner = Db::new(&db.url_as("postgres"), 1).unwrap().directory().await.unwrap();
    let table = format!("audit.entries_{}", month.to_string().replace('-', "_"));
    let part = format!(
        "SET TimeZone = 'UTC'; CREATE TABLE {table} (LIKE audit.entries INCLUDING ALL); ALTER TABLE {table} OWNER TO claims_owner;
         ALTER TABLE audit.entries ATTACH PARTITION {table} FOR VALUES FROM ('{month}-01') TO ('{}-01')",
        month.next()
    );
    owner.batch_execute(&part).await.unwrap();
    let (batcher, _workers) = Batcher::start(&Db::new(&db.url_as("claims_audit"), 2).unwrap(), keys);
    for n in 0..20 {
        let ago = if n < 15 { clock.now() - month.start() - TimeDelta::hours(1) } else { TimeDelta::zero() };
        let caller = Caller::new(practice, Role::Admin).at(clock.shifted(-ago));
        let entry = Entry::bare(&caller.scope("PatientService/GetPatient"), Action::View, "patient");
        batcher.record(entry).await.unwrap();
    }
    let hashes: Vec<Vec<u8>> = entries::table
        .filter(entries::practice_id.eq(practice))
        .order(entries::position)
        .select(entries::hash)
        .load(&mut owner)
        .await
        .unwrap();
    let leaves: Vec<chain::Hash> = hashes.iter().map(|hash| merkle::leaf(hash)).collect();
    let (size, root) = (leaves.len() as u64, merkle::root(&leaves));
    let note = signer.sign(&Checkpoint { origin: format!("test/{practice}"), size, root });
    store.add(&Address { practice, day: clock.now().date_naive(), size }, &note).await.unwrap();
    (practice, month)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_exported_and_verified_without_the_database_and_leaves_it_on_the_second_day() {
    let db = TestDb::new().await;
    let home = tempfile::tempdir().unwrap();
    let place = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let [archive, checkpoints, public, key] = ["archive", "checkpoints", "public", "audit-key"].map(place);
    std::fs::create_dir(&archive).unwrap();
    std::fs::create_dir(&checkpoints).unwrap();
    let signer = Signer::new("test", &[7; 32]).unwrap();
    std::fs::write(&public, signer.verifier().to_string()).unwrap();
    let secret = format!("a {}", "07".repeat(32));
    std::fs::write(&key, &secret).unwrap();
    let store = Store::directory(home.path().join("checkpoints").as_path()).unwrap();
    let (practice, month) = written(&db, &store, &signer, secret.parse().unwrap()).await;
    let month = month.to_string();

    let url = db.url_as("claims_archiver");
    let from = ["--archiver-database-url", &url];
    let kept = ["--checkpoint-store", &checkpoints];
    let run = |what: &[&[&str]], code: i32| {
        let ended = claimsd(&what.concat());
        let said = String::from_utf8(ended.stderr).unwrap() + &String::from_utf8(ended.stdout).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{said}");
        said
    };
    let export = ["audit", "export", "--out", &archive, "--output", "json", "--month"];
    assert!(
        run(&[&export, &[&Month::of(Clock::system().now()).to_string()], &from, &kept], 1).contains("has not ended")
    );
    assert!(run(&[&export, &["2026-9"], &from], 2).contains("is no month"));
    let written = run(&[&export, &[&month], &from, &kept], 0);
    assert!(written.contains("\"last_position\":15") && written.contains("\"written\":true"), "{written}");
    assert!(run(&[&export, &[&month], &from, &kept], 0).contains("\"written\":false"));

    let verify = ["audit", "verify", "--public-key-file", &public, "--audit-key-file", &key];
    let with = ["--archive", archive.as_str()];
    assert!(run(&[&verify, &kept, &with], 0).contains("15 entries of 1 logs, 1 checkpoints, MACs checked"));
    assert!(run(&[&verify, &kept, &with, &from], 0).contains("20 entries of 2 logs"));
    assert!(run(&[&verify, &kept], 3).contains("--archiver-database-url"));

    let owner = db.url_as("claims_migrator");
    let retain = ["audit", "retain", "--database-url", &owner, "--public-key-file", &public, "--audit-key-file", &key];
    assert!(run(&[&retain, &["--keep-months", "12"], &from, &kept, &with], 2).contains("12 is not in 13.."));
    assert!(run(&[&retain, &from, &kept, &with], 0).contains("waits"));
    assert!(run(&[&retain, &from, &kept, &with], 0).contains("waits"), "a second run, but of the same day");
    let mut root = Db::new(&db.url_as("postgres"), 1).unwrap().directory().await.unwrap();
    let yesterday = "SET session_replication_role = replica; UPDATE audit.archive_checks SET checked_at = checked_at - interval '1 day'";
    root.batch_execute(yesterday).await.unwrap();
    let left = run(&[&retain, &from, &kept, &with, &["--output", "json"]], 0);
    assert!(left.contains("\"state\":\"detached\""), "{left}");
    assert!(run(&[&verify, &kept, &with, &from], 0).contains("20 entries of 2 logs"));
    let part = run(&[&verify, &kept, &from], 2);
    assert!(part.contains("1 to 15 left the database for the archive, which was not given"), "{part}");

    let file = home.path().join("archive").join(practice.to_string()).join(format!("{month}.parquet"));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(run(&[&verify, &kept, &with], 1).contains("is not the one that its digest was made of"));
    std::fs::remove_file(&file).unwrap();
    let missing = run(&[&verify, &kept, &with, &from, &["--report", "json"]], 2);
    assert!(missing.contains("\"position\":1,") && missing.contains("\"through\":15"), "{missing}");
}
