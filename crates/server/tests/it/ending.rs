//! How things end: a server that is told to, a request that nobody waits for, a machine that is switched off.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kernel::Clock;
use rustix::process::{Pid, Signal, kill_process};
use schema::Db;
use therapy_claims::claims::v1 as claims;
use therapy_claims::claims::v1::subscribe_response::Kind;
use therapy_claims::clinical::v1 as clinical;
use tokio::time::{sleep, timeout};

use crate::flow;
use crate::harness::TestServer;

/// What the shutdown is allowed.
const GRACE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn count(db: &Db, what: &str) -> i64 {
    let mut owner = db.directory().await.unwrap();
    let count: Count =
        diesel::sql_query(format!("SELECT count(*) AS count FROM {what}")).get_result(&mut *owner).await.unwrap();
    count.count
}

/// Sessions of the application that are in the middle of something.
const BUSY: &str = "pg_stat_activity WHERE datname = current_database() AND usename = 'claims_app' AND state <> 'idle'";
const WAITING: &str =
    "pg_stat_activity WHERE datname = current_database() AND usename = 'claims_app' AND wait_event_type = 'Lock'";

async fn until(db: &Db, what: &str, expected: i64) {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let found = count(db, what).await;
        if found == expected {
            return;
        }
        assert!(Instant::now() < end, "{found} instead of {expected}: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_streams_and_answers_what_is_under_way_within_ten_seconds() {
    let server = TestServer::start().await;
    let practice = server.practice("shutdown").await;
    let patient = flow::patient(&practice).await;
    let adapter = server.account("adapter", &[&practice], &kernel::access::SERVICE_SCOPES).await;
    let adapter = server.client(&adapter).await;
    let mut streams = Vec::new();
    for name in ["one", "two", "three"] {
        let request = claims::SubscribeRequest { subscription: name.into(), ..Default::default() };
        let mut stream = adapter.clearinghouse().subscribe(request).await.unwrap().into_inner();
        let first = stream.message().await.unwrap().unwrap().kind;
        assert!(matches!(first, Some(Kind::Started(_))), "{first:?}");
        streams.push(stream);
    }
    let watcher = Db::new(&server.db.url_as("postgres"), 1).unwrap();
    let locker = Db::new(&server.db.url_as("postgres"), 1).unwrap();
    let mut lock = locker.directory().await.unwrap();
    lock.batch_execute("BEGIN; LOCK TABLE clinical.patients IN ACCESS EXCLUSIVE MODE").await.unwrap();

    let begun = Instant::now();
    let reading = async {
        let request = clinical::GetPatientRequest { id: patient.clone() };
        practice.admin.patients().get_patient(request).await.map(|patient| patient.into_inner().id)
    };
    let ending = async {
        until(&watcher, WAITING, 1).await;
        let releasing = async {
            sleep(Duration::from_secs(1)).await;
            lock.batch_execute("COMMIT").await.unwrap();
        };
        // the client's connections stay open, as those of real clients do
        tokio::join!(timeout(GRACE, server.stop()), releasing).0
    };
    let (read, stopped) = tokio::join!(reading, ending);
    assert_eq!(read.unwrap(), patient, "what was under way is answered");
    stopped.expect("the server ends in time");
    assert!(begun.elapsed() < GRACE, "{:?}", begun.elapsed());
    for mut stream in streams {
        let mut said = Vec::new();
        while let Some(message) = timeout(GRACE, stream.message()).await.unwrap().unwrap() {
            said.extend(message.kind);
        }
        assert!(matches!(said.last(), Some(Kind::Draining(_))), "streams end in good order: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_nobody_waits_for_leaves_no_open_transaction_on_a_pool_of_one() {
    let server = TestServer::start_with(Clock::system(), 1).await;
    let practice = server.practice("cancelled").await;
    let patient = flow::patient(&practice).await;
    let watcher = Db::new(&server.db.url_as("postgres"), 1).unwrap();
    let locker = Db::new(&server.db.url_as("postgres"), 1).unwrap();
    let before = count(&watcher, "clinical.sessions").await;
    for _ in 0..3 {
        let mut lock = locker.directory().await.unwrap();
        lock.batch_execute("BEGIN; LOCK TABLE clinical.sessions IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let mut sessions = practice.therapist.sessions();
        let request = clinical::ScheduleSessionRequest {
            session: Some(flow::planned(&practice, &patient)),
            request_id: String::new(),
        };
        tokio::select! {
            done = sessions.schedule_session(request) => panic!("the table is locked: {done:?}"),
            // dropped in the middle of its transaction
            () = until(&watcher, WAITING, 1) => {}
        }
        lock.batch_execute("COMMIT").await.unwrap();
        drop(lock);
        // the next request gets the one connection there is, in time and with nothing left on it
        let request = clinical::GetPatientRequest { id: patient.clone() };
        let read =
            timeout(GRACE, practice.admin.patients().get_patient(request)).await.expect("the pool isn't blocked");
        assert_eq!(read.unwrap().into_inner().id, patient);
        until(&watcher, BUSY, 0).await;
    }
    assert_eq!(count(&watcher, "clinical.sessions").await, before, "what nobody waited for did not happen");
}

/// `claimsd dev` in a directory of its own.
struct Dev {
    child: Child,
    credentials: PathBuf,
    said: PathBuf,
}

impl Dev {
    fn start(home: &Path, name: &str) -> Self {
        let credentials = home.join(format!("{name}.json"));
        let said = home.join(format!("{name}.err"));
        let _gone = std::fs::remove_file(&credentials);
        let child = Command::new(env!("CARGO_BIN_EXE_claimsd"))
            .args(["--log", "error", "dev", "--sessions", "6", "--data-dir"])
            .arg(home.join(name))
            .arg("--credentials")
            .arg(&credentials)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&said).unwrap())
            .spawn()
            .expect("claimsd starts");
        Self { child, credentials, said }
    }

    /// Where it serves, once everything is there.
    fn endpoint(&mut self) -> String {
        let end = Instant::now() + PATIENCE;
        while !self.credentials.exists() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < end, "{ended:?} {}", self.said());
            std::thread::sleep(Duration::from_millis(50));
        }
        let text = std::fs::read_to_string(&self.credentials).unwrap();
        let credentials: serde_json::Value = serde_json::from_str(&text).unwrap();
        credentials.get("endpoint").and_then(|endpoint| endpoint.as_str()).unwrap().to_owned()
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap()
    }

    fn ended_within(&mut self, patience: Duration) -> ExitStatus {
        let end = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _gone = self.child.wait();
    }
}

#[test]
fn two_directories_live_side_by_side_and_one_takes_only_one_owner_and_survives_its_death() {
    let home = tempfile::tempdir().unwrap();
    let (mut left, mut right) = (Dev::start(home.path(), "left"), Dev::start(home.path(), "right"));
    assert_ne!(left.endpoint(), right.endpoint());

    // its output goes elsewhere, its data directory is the same
    let mut third = Command::new(env!("CARGO_BIN_EXE_claimsd"));
    let third = third.args(["dev", "--data-dir"]).arg(home.path().join("left")).output().unwrap();
    assert_eq!(third.status.code(), Some(1));
    let said = String::from_utf8(third.stderr).unwrap();
    let owner = left.child.id();
    let complaints: Vec<_> = said.lines().filter(|line| line.starts_with("claimsd: ")).collect();
    assert_eq!(complaints.len(), 1, "{said}");
    assert!(complaints[0].contains(&format!("is in use by another claimsd (process {owner})")), "{said}");

    left.child.kill().expect("kill -9");
    left.child.wait().unwrap();
    let mut again = Dev::start(home.path(), "left");
    again.endpoint();
    for dev in [&mut again, &mut right] {
        let pid = Pid::from_raw(i32::try_from(dev.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        assert!(dev.ended_within(GRACE).success(), "{}", dev.said());
    }
}
