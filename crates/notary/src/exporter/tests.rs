use std::sync::atomic::{AtomicI64, Ordering};

use audit::chain::Hash;
use audit::merkle::{self, Frontier, leaf};
use audit::note::{Checkpoint, Signer, Verifier, open};
use diesel::sql_types::{BigInt, Binary};
use diesel::{QueryableByName, sql_query};
use diesel_async::SimpleAsyncConnection;
use futures_util::TryStreamExt;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use testkit::TestDb;

use super::*;
use crate::store::Address;

mod crash;
mod failing;
mod tampering;

const SEED: [u8; 32] = [7; 32];
const NAME: &str = "claims.example";

/// A database with a few practices, a store and a clock that stands still.
struct Fixture {
    db: TestDb,
    owner: Db,
    objects: Arc<dyn ObjectStore>,
    millis: Arc<AtomicI64>,
    practices: [PracticeId; 2],
}

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

/// A checkpoint as it lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored {
    address: Address,
    note: Vec<u8>,
}

impl Fixture {
    async fn new() -> Self {
        Self::on(Arc::new(InMemory::new())).await
    }

    async fn on(objects: Arc<dyn ObjectStore>) -> Self {
        let db = TestDb::new().await;
        let owner = Db::new(&db.url_as("postgres"), 4).unwrap();
        // 2026-11-23, ten seconds before midnight
        let millis = Arc::new(AtomicI64::new(1_795_478_390_000));
        let practices = [PracticeId::new(), PracticeId::new()];
        let fixture = Self { db, owner, objects, millis, practices };
        for practice in practices {
            fixture.sql(&format!("INSERT INTO audit.heads (practice_id) VALUES ('{practice}')")).await;
        }
        fixture
    }

    fn exporter(&self) -> Exporter {
        self.exporter_with(Store::new(Arc::clone(&self.objects)), Keys::new(Signer::new(NAME, &SEED).unwrap()))
    }

    fn exporter_with(&self, store: Store, keys: Keys) -> Exporter {
        let db = Db::new(&self.db.url_as("claims_archiver"), Exporter::CONNECTIONS).unwrap();
        let millis = Arc::clone(&self.millis);
        let clock = Clock::from_fn(move || DateTime::from_timestamp_millis(millis.load(Ordering::SeqCst)).unwrap());
        Exporter::new(db, store, Arc::new(keys), clock)
    }

    fn pass(&self, millis: i64) {
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }

    async fn sql(&self, sql: &str) {
        self.owner.directory().await.unwrap().batch_execute(sql).await.unwrap();
    }

    /// What no role of ours can do: somebody who has the database's files.
    async fn tamper(&self, sql: &str) {
        self.sql(&format!("SET session_replication_role = replica; {sql}; RESET session_replication_role")).await;
    }

    /// Appends entries as the log does, under the head's lock.
    async fn append(&self, practice: PracticeId, count: u64) {
        self.sql(&format!(
            "WITH h AS (UPDATE audit.heads SET last_position = last_position + {count}, last_hash = sha256('head')
                        WHERE practice_id = '{practice}' RETURNING last_position - {count} AS before)
             INSERT INTO audit.entries (practice_id, position, recorded_at, actor_kind, action, outcome, resource_type,
               actor_role, token_key_id, method, request_id, body, mac, hash)
             SELECT '{practice}', before + n, '2026-11-23Z', 'system', 'view', 'allowed', 'patient',
               '', '', '', '', '', sha256('m'), sha256(('{practice}' || before + n)::bytea)
             FROM h, generate_series(1, {count}) n"
        ))
        .await;
    }

    /// Hashes of the leaves, as whoever verifies would compute them.
    async fn leaves(&self, practice: PracticeId) -> Vec<Hash> {
        let sql =
            format!("SELECT position, hash FROM audit.entries WHERE practice_id = '{practice}' ORDER BY position");
        let mut conn = self.owner.directory().await.unwrap();
        // not imported above: everything that is shared would seem to have its methods
        let entries: Vec<Entry> = diesel_async::RunQueryDsl::load(sql_query(sql), &mut conn).await.unwrap();
        assert!(entries.iter().map(|e| e.position).eq(1..=i64::try_from(entries.len()).unwrap()));
        entries.iter().map(|e| leaf(&e.hash)).collect()
    }

    async fn stored(&self, practice: PracticeId) -> Vec<Stored> {
        let mut all: Vec<Stored> = Vec::new();
        for object in self.objects.list(None).try_collect::<Vec<_>>().await.unwrap() {
            let address: Address = object.location.as_ref().parse().unwrap();
            if address.practice == practice {
                let note = self.objects.get(&object.location).await.unwrap().bytes().await.unwrap().into();
                all.push(Stored { address, note });
            }
        }
        // by day, then size
        all.sort_by_key(|stored| stored.address);
        all
    }

    async fn sizes(&self, practice: PracticeId) -> Vec<u64> {
        self.stored(practice).await.iter().map(|stored| stored.address.size).collect()
    }

    /// Everything that a verifier asks of the checkpoints of a practice; answers how far they go.
    async fn verified(&self, practice: PracticeId) -> u64 {
        let leaves = self.leaves(practice).await;
        let stored = self.stored(practice).await;
        assert!(stored.iter().map(|s| s.address.size).is_sorted_by(|a, b| a < b), "{stored:?}");
        for Stored { address, note } in &stored {
            let checkpoint = open(std::str::from_utf8(note).unwrap(), &[verifier()]).unwrap();
            let covered = leaves.get(..usize::try_from(address.size).unwrap()).unwrap();
            assert_eq!(checkpoint.origin, format!("{NAME}/{practice}"));
            assert_eq!(checkpoint.size, address.size);
            assert_eq!(checkpoint.root, merkle::root(covered));
        }
        stored.last().map_or(0, |s| s.address.size)
    }
}

fn verifier() -> Verifier {
    Signer::new(NAME, &SEED).unwrap().verifier().clone()
}

fn faults(exporter: &Exporter) -> Vec<Fault> {
    exporter.status().borrow().faults.values().copied().collect()
}

#[tokio::test]
async fn checkpoints_open_under_the_key_and_are_the_roots_of_the_log() {
    let fixture = Fixture::new().await;
    let [a, b] = fixture.practices;
    let mut exporter = fixture.exporter();
    let (mut expected, mut size) = (Vec::new(), 0);
    for count in [1, 1, 1, 2, 3, 9, 4096, 5000] {
        fixture.append(a, count).await;
        exporter.round(false).await.unwrap();
        size += count;
        expected.push(size);
        fixture.pass(5_000);
    }
    fixture.append(PracticeId::NIL, 3).await;
    exporter.round(false).await.unwrap();
    assert_eq!(fixture.sizes(a).await, expected);
    assert_eq!(fixture.verified(a).await, size);
    assert_eq!(fixture.verified(PracticeId::NIL).await, 3);
    assert_eq!(fixture.sizes(b).await, [0_u64; 0]);
    let first = &fixture.stored(a).await[0];
    assert_eq!(first.address.to_string(), format!("{a}/2026/11/23/00000000000000000001"));
    let last = fixture.stored(a).await.pop().unwrap();
    assert_eq!(last.address.day.to_string(), "2026-11-24");
    let status = exporter.status().borrow().clone();
    assert_eq!(status, Status { leads: true, written: 9, failing: None, faults: BTreeMap::new() });
}

#[tokio::test]
async fn a_practice_is_due_after_five_seconds_or_4096_entries() {
    let fixture = Fixture::new().await;
    let [a, b] = fixture.practices;
    let mut exporter = fixture.exporter();
    fixture.append(a, 1).await;
    exporter.round(false).await.unwrap();
    fixture.append(a, 4095).await;
    fixture.pass(4_999);
    fixture.append(b, 1).await;
    exporter.round(false).await.unwrap();
    assert_eq!(fixture.sizes(a).await, [1]);
    assert_eq!(fixture.sizes(b).await, [1]);
    fixture.append(a, 1).await;
    exporter.round(false).await.unwrap();
    assert_eq!(fixture.sizes(a).await, [1, 4097]);
    fixture.append(a, 1).await;
    fixture.pass(4_999);
    exporter.round(false).await.unwrap();
    assert_eq!(fixture.sizes(a).await, [1, 4097]);
    fixture.pass(1);
    exporter.round(false).await.unwrap();
    assert_eq!(fixture.sizes(a).await, [1, 4097, 4098]);
    // nothing is written for who is idle, however long
    fixture.pass(3_600_000);
    exporter.round(false).await.unwrap();
    exporter.round(true).await.unwrap();
    assert_eq!(fixture.sizes(a).await, [1, 4097, 4098]);
    assert_eq!(fixture.sizes(b).await, [1]);
    // a clock that was put back keeps nobody waiting, and the names in order
    fixture.append(a, 1).await;
    fixture.pass(-2 * 86_400_000);
    exporter.round(false).await.unwrap();
    assert_eq!(fixture.verified(a).await, 4099);
    let days: Vec<_> = fixture.stored(a).await.iter().map(|s| s.address.day.to_string()).collect();
    assert_eq!(days, ["2026-11-23"; 4]);
}

#[tokio::test]
async fn the_last_round_writes_what_is_not_due() {
    let fixture = Fixture::new().await;
    let [a, _] = fixture.practices;
    let exporter = fixture.exporter();
    let mut status = exporter.status();
    let running = exporter.start();
    fixture.append(a, 1).await;
    status.wait_for(|status| status.written == 1).await.unwrap();
    fixture.append(a, 1).await;
    running.finished().await;
    assert_eq!(fixture.sizes(a).await, [1, 2]);
    assert_eq!(fixture.verified(a).await, 2);
}

#[tokio::test]
async fn of_several_exporters_one_writes_and_another_goes_on_when_it_ends() {
    let fixture = Fixture::new().await;
    let [a, b] = fixture.practices;
    let mut exporters = [fixture.exporter(), fixture.exporter(), fixture.exporter()];
    for _ in 0..10 {
        fixture.append(a, 3).await;
        fixture.append(b, 4).await;
        let [x, y, z] = &mut exporters;
        let ended = futures_util::join!(x.round(false), y.round(false), z.round(false));
        assert!(ended.0.is_ok() && ended.1.is_ok() && ended.2.is_ok());
        let leaders = exporters.iter().filter(|e| e.status().borrow().leads).count();
        assert_eq!(leaders, 1);
        fixture.pass(5_000);
        // whose connection ends, as with its process
        let leader = exporters.iter_mut().find(|e| e.status().borrow().leads).unwrap();
        leader.term = None;
        wait_for_release(&fixture).await;
    }
    assert_eq!(fixture.sizes(a).await, (1..=10).map(|n| 3 * n).collect::<Vec<_>>());
    assert_eq!(fixture.sizes(b).await, (1..=10).map(|n| 4 * n).collect::<Vec<_>>());
    assert_eq!((fixture.verified(a).await, fixture.verified(b).await), (30, 40));
}

/// Until PostgreSQL has noticed that the leader is gone.
async fn wait_for_release(fixture: &Fixture) {
    let held = "DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE locktype = 'advisory' AND datname = current_database()) LOOP PERFORM pg_sleep(0.001); END LOOP; END $$";
    fixture.sql(held).await;
}

#[tokio::test]
async fn an_exporter_whose_connection_is_killed_takes_up_where_it_was() {
    let fixture = Fixture::new().await;
    let [a, _] = fixture.practices;
    let mut exporter = fixture.exporter();
    fixture.append(a, 3).await;
    exporter.round(false).await.unwrap();
    fixture.append(a, 3).await;
    fixture.pass(5_000);
    fixture
        .sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'claims_archiver' AND datname = current_database()")
        .await;
    assert!(matches!(exporter.round(false).await, Err(Error::Database(_))));
    assert!(exporter.status().borrow().failing.is_some() && !exporter.status().borrow().leads);
    exporter.round(false).await.unwrap();
    assert_eq!(fixture.sizes(a).await, [3, 6]);
    assert_eq!(fixture.verified(a).await, 6);
}

/// Positions are given under the head's lock, so what a head shows is there, whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_what_is_committed_is_covered_while_others_write() {
    let fixture = Arc::new(Fixture::new().await);
    let [a, _] = fixture.practices;
    let writers = (0..3).map(|n| {
        let fixture = Arc::clone(&fixture);
        async move {
            for i in 0..40 {
                let end = if (n + i) % 4 == 0 { "ROLLBACK" } else { "COMMIT" };
                fixture
                    .sql(&format!(
                        "BEGIN; UPDATE audit.heads SET last_position = last_position + 1 WHERE practice_id = '{a}';
                         INSERT INTO audit.entries (practice_id, position, recorded_at, actor_kind, action, outcome,
                           resource_type, actor_role, token_key_id, method, request_id, body, mac, hash)
                         SELECT practice_id, last_position, '2026-{:02}-01Z', 'system', 'view', 'allowed', 'patient',
                           '', '', '', '', '', sha256('m'), sha256('{n} {i}')
                         FROM audit.heads WHERE practice_id = '{a}'; SELECT pg_sleep(0.002); {end}",
                        10 + i % 3
                    ))
                    .await;
            }
        }
    });
    let exporting = async {
        let mut exporter = fixture.exporter();
        for _ in 0..60 {
            exporter.round(true).await.unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        exporter
    };
    let (mut exporter, _) = futures_util::join!(exporting, join_all(writers));
    exporter.round(true).await.unwrap();
    assert_eq!(faults(&exporter), []);
    assert_eq!(fixture.verified(a).await, 90);
    assert!(fixture.sizes(a).await.len() > 5);
}
