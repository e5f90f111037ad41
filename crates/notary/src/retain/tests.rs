//! No month leaves the database that two runs didn't find good in the archive, by the bytes that are there now.

use std::fs;

use audit::note::{Checkpoint, Signer};
use audit::{Action, Batcher, Entry, MacKeys, merkle};
use kernel::{Clock, Role};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use schema::Db;
use schema::link::Link;
use testkit::{Caller, TestDb};

use super::*;
use crate::store::Store;

/// A database with entries of two old months and of today, everything signed.
struct World {
    db: TestDb,
    archiver: Client,
    owner: Client,
    root: Client,
    _home: tempfile::TempDir,
    archive: Archive,
    evidence: Evidence,
    practice: PracticeId,
    old: [Month; 2],
}

#[expect(clippy::disallowed_methods, reason = "the connection's work ends with the client")]
async fn connect(db: &TestDb, role: &str) -> Client {
    let (client, connection) = Link::parse(&db.url_as(role)).unwrap().client().await.unwrap();
    tokio::spawn(connection);
    client
}

impl World {
    async fn new() -> Self {
        let db = TestDb::new().await;
        let clock = Clock::system();
        let now = clock.now();
        let old = [15, 14].map(|back| Month::of(now).back(back));
        let root = connect(&db, "postgres").await;
        for month in old {
            let table = format!("audit.entries_{}", month.to_string().replace('-', "_"));
            let sql = format!(
                "SET TimeZone = 'UTC'; CREATE TABLE {table} (LIKE audit.entries INCLUDING ALL);
                 ALTER TABLE {table} OWNER TO claims_owner;
                 ALTER TABLE audit.entries ATTACH PARTITION {table} FOR VALUES FROM ('{month}-01') TO ('{}-01');
                 SELECT ops.guard_partition('{table}')",
                month.next()
            );
            root.batch_execute(&sql).await.unwrap();
        }
        let practice = testkit::caller::practice(&db).await;
        let (batcher, _workers) = Batcher::start(&Db::new(&db.url_as("claims_audit"), 2).unwrap(), MacKeys::known());
        // one server's clock is a moment ahead: the last of the first month lies between two of the second
        let starts = [old[0].start(), old[1].start(), now];
        for (month, minutes) in [(0, 1), (0, 2), (0, 3), (1, 1), (0, 4), (1, 2), (1, 3), (2, -1), (2, 0)] {
            let at = clock.shifted(starts[month] + TimeDelta::minutes(minutes) - now);
            let caller = Caller::new(practice, Role::Admin).at(at);
            let entry = Entry::bare(&caller.scope("PatientService/GetPatient"), Action::View, "patient");
            batcher.record(entry).await.unwrap();
        }
        let signer = Signer::new("test", &[3; 32]).unwrap();
        let objects = InMemory::new();
        let sql = format!("SELECT hash FROM audit.entries WHERE practice_id = '{practice}' ORDER BY position");
        let leaves = root.query(&sql, &[]).await.unwrap();
        let leaves: Vec<Hash> = leaves.iter().map(|row| merkle::leaf(row.get(0))).collect();
        let checkpoint =
            Checkpoint { origin: format!("test/{practice}"), size: leaves.len() as u64, root: merkle::root(&leaves) };
        let name = Path::from(format!("{practice}/{}/{:020}", now.format("%Y/%m/%d"), leaves.len()));
        objects.put(&name, signer.sign(&checkpoint).into()).await.unwrap();
        let evidence = Evidence {
            checkpoints: Store::new(std::sync::Arc::new(objects)),
            signers: std::sync::Arc::new([signer.verifier().clone()]),
            mac_keys: Some(MacKeys::known()),
            now,
        };
        let home = tempfile::tempdir().unwrap();
        let archive = Archive::open(home.path()).unwrap();
        let [archiver, owner] = [connect(&db, "claims_archiver").await, connect(&db, "claims_migrator").await];
        Self { db, archiver, owner, root, _home: home, archive, evidence, practice, old }
    }

    /// A run so many hours from now.
    async fn run(&self, hours: i64) -> Result<Vec<(Month, Outcome)>, Error> {
        self.run_with(hours, false).await
    }

    async fn run_with(&self, hours: i64, drop: bool) -> Result<Vec<(Month, Outcome)>, Error> {
        let evidence = Evidence { now: self.evidence.now + TimeDelta::hours(hours), ..self.evidence.clone() };
        let retain = Retain {
            archiver: &self.archiver,
            owner: &self.owner,
            archive: &self.archive,
            evidence: &evidence,
            keep_from: Month::of(self.evidence.now).back(13),
            drop,
        };
        retain.run(|_read, _of| {}).await
    }

    async fn verify(&self, archive: bool) -> Report {
        let sources = Sources { archive: archive.then_some(&self.archive), client: Some(&self.archiver) };
        verify::sources(sources, &self.evidence, |_read, _of| {}).await.unwrap()
    }

    async fn attached(&self) -> usize {
        let all = partition::attached(&self.owner).await.unwrap();
        all.iter().filter(|part| self.old.contains(&part.month)).count()
    }

    async fn tamper(&self, sql: &str) {
        let sql = format!("SET session_replication_role = replica; {sql}; SET session_replication_role = origin");
        self.root.batch_execute(&sql).await.unwrap();
    }
}

fn states(outcomes: &[(Month, Outcome)]) -> Vec<bool> {
    outcomes.iter().map(|(_month, outcome)| matches!(outcome, Outcome::Detached { .. })).collect()
}

#[tokio::test]
async fn a_month_leaves_when_another_run_a_day_later_finds_it_good_again() {
    let world = World::new().await;
    let good = world.verify(false).await;
    assert_eq!((good.exit_code(), good.entries), (0, 9), "{good:?}");
    assert_eq!(states(&world.run(0).await.unwrap()), [false, false]);
    assert_eq!(states(&world.run(19).await.unwrap()), [false, false], "too soon");
    assert_eq!(world.attached().await, 2);
    let outcomes = world.run(24).await.unwrap();
    assert_eq!(states(&outcomes), [true, true], "{outcomes:?}");
    assert_eq!((world.attached().await, world.run(48).await.unwrap()), (0, Vec::new()));

    // the tables are there, and still nobody changes them
    let Outcome::Detached { table } = &outcomes[0].1 else { panic!("{outcomes:?}") };
    assert_eq!(world.root.query(&format!("SELECT FROM {table}"), &[]).await.unwrap().len(), 4);
    for sql in ["DELETE FROM", "UPDATE", "TRUNCATE"] {
        let set = if sql == "UPDATE" { "SET attempts = 2" } else { "" };
        assert!(world.root.batch_execute(&format!("{sql} {table} {set}")).await.is_err(), "{sql}");
    }
    let whole = world.verify(true).await;
    assert_eq!((whole.exit_code(), whole.entries), (0, 9), "{whole:?}");
    let part = world.verify(false).await;
    let gaps: Vec<_> = part.incomplete.iter().map(|gap| (gap.position, gap.through)).collect();
    assert_eq!((part.exit_code(), gaps, part.entries), (2, vec![(1, Some(7))], 2), "{part:?}");
    drop(world.db);
}

#[tokio::test]
async fn a_month_leaves_only_by_the_bytes_that_were_found_good_before() {
    let world = World::new().await;
    world.run(0).await.unwrap();
    // the same rows in other bytes, with a digest that fits: found good today for the first time
    let [month, _] = world.old;
    let path = world.archive.path(world.practice, month);
    let digest = path.with_extension("parquet.sha256");
    let kept = [fs::read(&path).unwrap(), fs::read(&digest).unwrap()];
    let contents = world.archive.contents(world.practice, month).unwrap().unwrap();
    for file in [&path, &digest] {
        fs::remove_file(file).unwrap();
    }
    let other = archive::Contents { cover: Vec::new(), ..contents };
    let rows = fs::write(&path, &kept[0]).and_then(|()| fs::File::open(&path)).unwrap();
    let reader = archive::Reader::new(rows).unwrap();
    fs::remove_file(&path).unwrap();
    let draft = world.archive.draft(world.practice, month).unwrap();
    let mut writer = archive::Writer::new(draft, world.practice).unwrap();
    let push = |batch: archive::Batch| {
        batch.rows().for_each(|row| writer.push(&row.unwrap().1).unwrap());
        true
    };
    reader.read(push).unwrap();
    world.archive.publish(writer.finish(&other).unwrap()).unwrap();
    assert_ne!(fs::read(&path).unwrap(), kept[0]);
    // the second month has a row between those of the first, so it waits for it only if it holds its rows
    let outcomes = world.run(24).await.unwrap();
    assert!(!states(&outcomes)[0], "{outcomes:?}");
    assert_eq!(states(&world.run(48).await.unwrap()).first(), Some(&true));
}

#[tokio::test]
async fn what_is_altered_missing_or_different_stops_a_run_before_anything_leaves() {
    let world = World::new().await;
    world.run(0).await.unwrap();
    let path = world.archive.path(world.practice, world.old[1]);
    let kept = fs::read(&path).unwrap();
    fs::write(&path, &kept[1..]).unwrap();
    assert!(world.run(24).await.is_err(), "the file was altered");
    fs::write(&path, &kept).unwrap();

    // of a column that the chain has too, of one that nothing tells of but the comparison, and of the row itself
    let here = format!("practice_id = '{}' AND position = 3", world.practice);
    for sql in [
        format!("UPDATE audit.entries SET actor_role = 'x' WHERE {here}"),
        format!("DELETE FROM audit.entries WHERE {here}"),
    ] {
        world.tamper(&format!("DROP TABLE IF EXISTS public.kept; CREATE TABLE public.kept AS SELECT * FROM audit.entries WHERE {here}; {sql}")).await;
        let refused = world.run(24).await;
        assert!(matches!(refused, Err(Error::Differs { position: 3, .. })), "{sql}: {refused:?}");
        world
            .tamper(&format!(
                "DELETE FROM audit.entries WHERE {here}; INSERT INTO audit.entries SELECT * FROM public.kept"
            ))
            .await;
    }
    let nobody: MacKeys = format!("other {}", "ab".repeat(32)).parse().unwrap();
    let evidence = Evidence { mac_keys: Some(nobody), ..world.evidence.clone() };
    let keep_from = Month::of(world.evidence.now).back(13);
    let World { archiver, owner, archive, .. } = &world;
    let retain = Retain { archiver, owner, archive, evidence: &evidence, keep_from, drop: true };
    assert!(matches!(retain.run(|_, _| {}).await, Err(Error::NotGood(_))));
    assert_eq!(world.attached().await, 2);
    assert_eq!(states(&world.run(24).await.unwrap()), [true, true]);
}

#[tokio::test]
async fn a_row_that_came_after_the_comparison_keeps_its_month() {
    let world = World::new().await;
    world.run(0).await.unwrap();
    let part = partition::attached(&world.owner).await.unwrap().remove(0);
    let proven = BTreeMap::from([(world.practice, vec![(1, 5), (6, 7)])]);
    world
        .tamper(&format!(
            "CREATE TABLE public.late AS SELECT * FROM audit.{} LIMIT 1; UPDATE public.late SET position = 100;
             INSERT INTO audit.entries SELECT * FROM public.late",
            part.table
        ))
        .await;
    let outcome = partition::detach(&world.owner, &part, &proven, true).await.unwrap();
    assert!(matches!(&outcome, Outcome::Waits { why } if why.contains("at 8:")), "{outcome:?}");
    assert_eq!(world.attached().await, 2);
    // who has no right to see all rows can't tell, and is refused
    let stranger = connect(&world.db, "claims_archiver").await;
    partition::detach(&stranger, &part, &proven, true).await.unwrap_err();
}

#[tokio::test]
async fn months_that_are_kept_stay_and_detached_ones_are_dropped_only_when_asked() {
    let world = World::new().await;
    assert!(partition::attached(&world.owner).await.unwrap().len() > 2, "this month's and the next ones'");
    world.run(0).await.unwrap();
    let outcomes = world.run_with(24, true).await.unwrap();
    assert_eq!(states(&outcomes), [true, true]);
    for month in world.old {
        let table = format!("audit.entries_{}", month.to_string().replace('-', "_"));
        let found = world.root.query_one(&format!("SELECT to_regclass('{table}') IS NULL"), &[]).await.unwrap();
        assert!(found.get::<_, bool>(0), "{table}");
    }
    assert_eq!(world.archive.months(world.practice).unwrap(), world.old, "nothing leaves the archive");
    assert_eq!(world.verify(true).await.exit_code(), 0);
}
