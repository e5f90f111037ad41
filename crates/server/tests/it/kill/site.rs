//! `claimsd serve` with checkpoints on a durable database, and what is left of both in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use kernel::Clock;
use rustix::process::Signal;
use tempfile::TempDir;
use testkit::TestDb;
use therapy_claims::clinical::v1 as clinical;

use crate::flow;
use crate::harness::TestServer;
use crate::mortal::{claimsd, ended, kill, until};

/// Practices under load.
const PRACTICES: usize = 4;
/// Patients of each before it begins.
const PATIENTS: usize = 4;

/// Somebody who may read and change in a practice.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) practice: String,
    pub(super) token: String,
    pub(super) patients: Vec<clinical::Patient>,
}

/// An entry as far as it is compared.
#[derive(Debug, QueryableByName)]
pub(super) struct Entry {
    #[diesel(sql_type = Text)]
    pub(super) request_id: String,
    #[diesel(sql_type = Text)]
    pub(super) method: String,
    #[diesel(sql_type = Text)]
    pub(super) outcome: String,
}

#[derive(Debug, QueryableByName)]
struct Head {
    #[diesel(sql_type = Text)]
    practice: String,
    #[diesel(sql_type = BigInt)]
    position: i64,
}

#[derive(Debug, QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

pub(super) struct Site {
    pub(super) address: String,
    pub(super) seats: Vec<Seat>,
    /// Requests that were carried out before it began.
    before: BTreeSet<String>,
    db: TestDb,
    home: TempDir,
    server: Child,
}

impl Site {
    /// Makes the practices with a server of this process, and leaves them to one that can be killed.
    pub(super) async fn open() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let db = TestDb::of_its_own().await;
        let urls = ["claims_app", "claims_audit"].map(|role| db.url_as(role));
        let keys = format!("kill {}", "5a".repeat(32));
        let first = TestServer::start_on(db, urls, keys.parse().expect("a key"), Clock::system(), 8).await;
        let mut seats = Vec::new();
        for number in 0..PRACTICES {
            let practice = first.practice(&format!("mortal{number}")).await;
            let mut patients = Vec::new();
            for _ in 0..PATIENTS {
                let request = clinical::GetPatientRequest { id: flow::patient(&practice).await };
                patients.push(practice.admin.patients().get_patient(request).await.expect("a patient").into_inner());
            }
            let [token, ..] = practice.tokens.clone();
            seats.push(Seat { practice: practice.id, token, patients });
        }
        let db = first.stop().await;
        furnish(home.path(), &keys);
        let address = address();
        let server = start(|role| db.url_as(role), home.path(), &address);
        let mut site = Self { address, seats, before: BTreeSet::new(), db, home, server };
        site.before = site.effects().await;
        site
    }

    pub(super) fn kill_server(&mut self) -> bool {
        let was_alive = self.server.try_wait().expect("a child").is_none();
        self.server.kill().expect("kill -9");
        self.server.wait().expect("it is gone");
        was_alive
    }

    /// It comes up again by itself.
    pub(super) fn kill_database(&self) -> bool {
        let postmaster = self.db.postmaster().expect("its own");
        let is_killed = kill(postmaster, Signal::KILL);
        until("the database does not come up again", || self.db.postmaster() != Some(postmaster));
        is_killed
    }

    /// Starts the server if it does not run: one that finds no database does not start.
    pub(super) fn serve(&mut self) {
        if self.server.try_wait().expect("a child").is_some() {
            self.server = start(|role| self.db.url_as(role), self.home.path(), &self.address);
        }
    }

    /// Ends the server in order.
    pub(super) fn end(&mut self) {
        assert!(kill(self.server.id(), Signal::TERM));
        let status = ended(&mut self.server);
        assert!(status.success(), "{status}");
    }

    #[expect(clippy::disallowed_methods, reason = "looks past the server")]
    async fn outside(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.db.url_as("postgres")).await.expect("the database answers")
    }

    /// Where each practice's log ends.
    pub(super) async fn positions(&self) -> BTreeMap<String, i64> {
        let sql = "SELECT practice_id::text AS practice, last_position AS position FROM audit.heads";
        let heads: Vec<Head> = diesel::sql_query(sql).load(&mut self.outside().await).await.expect("heads");
        heads.into_iter().map(|head| (head.practice, head.position)).collect()
    }

    /// The entries since then, of the practices.
    pub(super) async fn entries(&self, begins: &BTreeMap<String, i64>) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut outside = self.outside().await;
        for seat in &self.seats {
            let sql =
                "SELECT request_id, method, outcome FROM audit.entries WHERE practice_id = $1::uuid AND position > $2";
            let query = diesel::sql_query(sql).bind::<Text, _>(&seat.practice);
            let begin = begins.get(&seat.practice).copied().unwrap_or_default();
            let found: Vec<Entry> = query.bind::<BigInt, _>(begin).load(&mut outside).await.expect("entries");
            entries.extend(found);
        }
        entries
    }

    /// The requests since then whose answers are kept, as they are with their effects.
    pub(super) async fn effects(&self) -> BTreeSet<String> {
        let sql = "SELECT request_id::text AS id FROM ops.requests";
        let ids: Vec<Id> = diesel::sql_query(sql).load(&mut self.outside().await).await.expect("requests");
        ids.into_iter().map(|id| id.id).filter(|id| !self.before.contains(id)).collect()
    }

    /// Has the log verified as an auditor would, keys and checkpoints included.
    pub(super) fn verify(&self) {
        let file = |name: &str| self.home.path().join(name);
        let report = Command::new(env!("CARGO_BIN_EXE_claimsd"))
            .args([
                "audit",
                "verify",
                "--report",
                "json",
                "--archiver-database-url",
                &self.db.url_as("claims_archiver"),
            ])
            .arg("--checkpoint-store")
            .arg(file("checkpoints"))
            .arg("--public-key-file")
            .arg(file("public"))
            .arg("--audit-key-file")
            .arg(file("audit-key"))
            .output()
            .expect("claimsd starts");
        let told = String::from_utf8_lossy(&report.stdout);
        assert_eq!(report.status.code(), Some(0), "{told} {}", String::from_utf8_lossy(&report.stderr));
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // a test that failed leaves it running
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// An address that stays the same, whoever listens.
pub(super) fn address() -> String {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").port();
    format!("127.0.0.1:{port}")
}

/// Puts there what a server needs.
pub(super) fn furnish(home: &Path, keys: &str) {
    let file = |name: &str| home.join(name);
    std::fs::write(file("audit-key"), keys).expect("a file");
    std::fs::write(file("page-key"), "p".repeat(32)).expect("a file");
    std::fs::create_dir(file("checkpoints")).expect("a directory");
    let key = Command::new(env!("CARGO_BIN_EXE_claimsd"))
        .args(["audit", "new-key", "mortal", "--out"])
        .arg(file("checkpoint-key"))
        .output()
        .expect("a key");
    std::fs::write(file("public"), key.stdout).expect("a file");
}

/// Starts a server on the database that `url` names by role.
pub(super) fn start(url: impl Fn(&str) -> String, home: &Path, listen: &str) -> Child {
    let file = |name: &str| -> String { home.join(name).to_str().expect("text").to_owned() };
    let pairs: [(&str, String); 10] = [
        ("--listen", listen.to_owned()),
        ("--database-url", url("claims_app")),
        ("--audit-database-url", url("claims_audit")),
        ("--feed-database-url", url("claims_feed")),
        ("--archiver-database-url", url("claims_archiver")),
        ("--environment", "test".to_owned()),
        ("--audit-key-file", file("audit-key")),
        ("--page-key-file", file("page-key")),
        ("--checkpoint-key-file", file("checkpoint-key")),
        ("--checkpoint-store", file("checkpoints")),
    ];
    let args = pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
    claimsd(std::iter::once("serve".to_owned()).chain(args))
}
