//! A log of two practices with signed checkpoints, that can be spoilt and put right again.

use std::sync::Arc;

use audit::chain::{Hash, link};
use audit::merkle::{self, Frontier};
use audit::note::{Checkpoint, Signer};
use audit::{Action, Batcher, Entry, MacKeys, Outcome};
use chrono::TimeDelta;
use futures_util::TryStreamExt;
use kernel::id::PatientId;
use kernel::{Clock, PracticeId, Role, Scope};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use schema::Db;
use schema::link::Link;
use testkit::{Caller, TestDb};
use tokio_postgres::Client;

use super::super::*;

/// Entries of each practice.
pub(super) const ENTRIES: i64 = 30;
/// Sizes at which checkpoints were signed.
pub(super) const SIGNED: [u64; 3] = [7, 16, 30];

pub(super) struct Log {
    _db: TestDb,
    pub(super) client: Client,
    pub(super) practices: [PracticeId; 2],
    pub(super) evidence: Evidence,
    objects: Arc<InMemory>,
    pub(super) signer: Signer,
}

impl Log {
    pub(super) async fn new() -> Self {
        // most of it so old that it should be covered by checkpoints, and in use until now
        Self::of(|n| if n < ENTRIES - 5 { TimeDelta::hours(1) } else { TimeDelta::zero() }).await
    }

    /// A log whose entries have those ages.
    #[expect(clippy::disallowed_methods, reason = "the connection's work ends with the client")]
    pub(super) async fn of(age: impl Fn(i64) -> TimeDelta) -> Self {
        let db = TestDb::new().await;
        let audit = Db::new(&db.url_as("claims_audit"), 2).unwrap();
        let (batcher, _workers) = Batcher::start(&audit, MacKeys::known());
        let mut practices = [testkit::caller::practice(&db).await, testkit::caller::practice(&db).await];
        practices.sort();
        for practice in practices {
            let caller = Caller::new(practice, Role::Admin);
            for n in 0..ENTRIES {
                let at = caller.clone().at(Clock::system().shifted(-age(n)));
                batcher.record(entry(&at.scope("PatientService/GetPatient"), n)).await.unwrap();
            }
        }
        let (client, connection) = Link::parse(&db.url_as("postgres")).unwrap().client().await.unwrap();
        tokio::spawn(connection);
        let sql = "SET session_replication_role = replica;
            CREATE TABLE public.entries AS SELECT * FROM audit.entries; CREATE TABLE public.heads AS SELECT * FROM audit.heads";
        client.batch_execute(sql).await.unwrap();
        let signer = Signer::new("test", &[3; 32]).unwrap();
        let objects = Arc::new(InMemory::new());
        let evidence = Evidence {
            checkpoints: Store::new(Arc::<InMemory>::clone(&objects)),
            signers: Arc::new([signer.verifier().clone()]),
            mac_keys: Some(MacKeys::known()),
            now: Clock::system().now(),
        };
        let log = Self { _db: db, client, practices, evidence, objects, signer };
        for practice in practices {
            for (size, root) in log.roots(practice).await {
                log.put(&*log.objects, practice, size, &log.sign(practice, size, root)).await;
            }
        }
        log
    }

    pub(super) async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    pub(super) async fn restore(&self) {
        self.run(
            "DELETE FROM audit.entries; INSERT INTO audit.entries SELECT * FROM public.entries;
             DELETE FROM audit.heads; INSERT INTO audit.heads SELECT * FROM public.heads",
        )
        .await;
    }

    pub(super) async fn verify(&self, evidence: &Evidence) -> Report {
        database(&self.client, evidence, |_read, _of| {}).await.unwrap()
    }

    /// Position, body, MAC and hash of every entry.
    pub(super) async fn entries(&self, practice: PracticeId) -> Vec<(i64, Vec<u8>, Vec<u8>, Vec<u8>)> {
        let sql =
            format!("SELECT position, body, mac, hash FROM audit.entries WHERE practice_id = '{practice}' ORDER BY 1");
        let rows = self.client.query(&sql, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
    }

    /// The roots at the sizes that are signed, of the log as it is.
    pub(super) async fn roots(&self, practice: PracticeId) -> Vec<(u64, Hash)> {
        let mut tree = Frontier::default();
        let mut roots = Vec::new();
        for (_position, _body, _mac, hash) in self.entries(practice).await {
            tree.push(merkle::leaf(&hash));
            if SIGNED.contains(&tree.size()) {
                roots.push((tree.size(), tree.root()));
            }
        }
        roots
    }

    pub(super) fn sign(&self, practice: PracticeId, size: u64, root: Hash) -> String {
        self.signer.sign(&Checkpoint { origin: format!("test/{practice}"), size, root })
    }

    pub(super) async fn put(&self, store: &dyn ObjectStore, practice: PracticeId, size: u64, note: &str) {
        store.put(&place(practice, size), note.to_owned().into()).await.unwrap();
    }

    /// The checkpoints, to be spoilt.
    pub(super) async fn copied(&self) -> Arc<InMemory> {
        let copy = InMemory::new();
        let all: Vec<_> = self.objects.list(None).try_collect().await.unwrap();
        for object in all {
            let bytes = self.objects.get(&object.location).await.unwrap().bytes().await.unwrap();
            copy.put(&object.location, bytes.into()).await.unwrap();
        }
        Arc::new(copy)
    }

    /// Links the entries from that position on anew, the head too: who owns the database can do that.
    pub(super) async fn relink(&self, practice: PracticeId, from: i64) {
        let entries = self.entries(practice).await;
        let mut previous = GENESIS;
        let mut sql = String::new();
        for (position, body, mac, hash) in entries {
            if position < from {
                previous = hash.try_into().unwrap();
                continue;
            }
            previous = link(practice, position, &previous, &body, &mac);
            sql += &format!(
                "UPDATE audit.entries SET hash = '\\x{0}' WHERE practice_id = '{practice}' AND position = {position};
                 UPDATE audit.heads SET last_position = {position}, last_hash = '\\x{0}' WHERE practice_id = '{practice}';",
                hex::encode(previous)
            );
        }
        self.run(&sql).await;
    }
}

pub(super) fn place(practice: PracticeId, size: u64) -> Path {
    Path::from(format!("{practice}/2026/11/23/{size:020}"))
}

/// Entries that differ, so that every column has a value somewhere.
fn entry(scope: &Scope, n: i64) -> Entry {
    let mut entry = Entry::bare(scope, if n % 3 == 0 { Action::View } else { Action::Update }, "patient");
    for _ in 0..n % 4 {
        entry.add(PatientId::new().uuid(), Some(PatientId::new().uuid()));
    }
    match n % 5 {
        0 => entry.ended(Outcome::Denied, "PERMISSION_MISSING"),
        1 => entry.with_key("key-1"),
        _ => entry,
    }
}
