//! A server dies while it takes a file of payments in, again and again. The same file brought again goes on where it
//! was: in the end the money is where it is when nobody dies.

use std::path::Path;
use std::process::Child;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::stream;
use kernel::Clock;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use server::caller::{Caller, Tally};
use server::payer::x12::{AnswerKind, Payers};
use server::workload::{self, WorkloadOptions};
use testkit::TestDb;
use therapy_claims::claims::v1 as claims;
use therapy_claims::client::{Client, request_id};
use tonic::Status;

use super::site::{address, furnish, start};
use crate::harness::TestServer;

/// Makes a practice of a few hundred claims.
const SESSIONS: usize = 1_200;
const KILLS: usize = 5;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

/// All that the file may move.
const ROWS: &str = "
SELECT concat_ws(' ', c.claim_number, l.kind, l.group_code, l.reason_code, l.amount, l.occurred_on) AS row
FROM claims.ledger_entries l JOIN claims.claims c ON c.practice_id = l.practice_id AND c.id = l.claim_id
UNION ALL
SELECT concat_ws(' ', claim_number, status, payer_state, paid_amount, adjusted_amount, patient_responsibility_amount, version)
FROM claims.claims
UNION ALL
SELECT concat_ws(' ', 'event', c.claim_number, e.type, count(*))
FROM feed.events e JOIN claims.claims c ON c.practice_id = e.practice_id AND c.id = e.subject_id
GROUP BY c.claim_number, e.type
ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_file_is_posted_once_however_often_the_server_dies_over_it() {
    let keys = format!("kill {}", "5a".repeat(32));
    let stage = Stage::set(&keys).await;
    let name = stage.db.name().to_owned();
    let copy = format!("{name}_whole");
    stage.run(&format!("CREATE DATABASE {copy} TEMPLATE {name}")).await;
    let elsewhere = |role: &str| stage.url(role, &copy);
    let home = tempfile::tempdir().expect("a directory");

    let (whole, address) = (home.path().join("whole"), address());
    std::fs::create_dir(&whole).expect("a directory");
    furnish(&whole, &keys);
    let mut server = Mortal(start(elsewhere, &whole, &address));
    let answer = stage.bring(&address).await.expect("nobody dies");
    assert!(answer.messages.iter().all(|m| m.state() == claims::InboundState::Applied), "{answer:?}");
    assert!(answer.messages.iter().map(|m| m.applied).sum::<i32>() >= 200, "{answer:?}");
    server.end();
    let wanted = rows(&elsewhere("postgres")).await;

    furnish(home.path(), &keys);
    let url = |role: &str| stage.db.url_as(role);
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let none = rows(&url("postgres")).await.len();
    dies_half_way(&stage, &url, (home.path(), &address), none).await;
    let posted = rows(&url("postgres")).await.len();
    assert!(
        (none + 1..wanted.len()).contains(&posted),
        "{posted} rows, of {none} before and {} in the end",
        wanted.len()
    );
    for _ in 0..KILLS {
        dies(&stage, &url, (home.path(), &address), Duration::from_millis(dice.random_range(50..700))).await;
    }
    let mut server = Mortal(start(url, home.path(), &address));
    stage.bring(&address).await.expect("nobody dies any more");
    server.end();
    assert_eq!(rows(&url("postgres")).await, wanted);
}

/// Lets a server post a part of the file, and kills it while the rest waits for a claim that somebody holds.
async fn dies_half_way(stage: &Stage, url: &impl Fn(&str) -> String, (home, address): (&Path, &str), none: usize) {
    let mut holder = outside(&url("postgres")).await;
    let held = format!("BEGIN; SELECT FROM claims.claims WHERE claim_number = '{}' FOR UPDATE", stage.last_claim());
    holder.batch_execute(&held).await.expect("it is held");
    let mut server = Mortal(start(url, home, address));
    let bringing = async {
        // refused once it waited for too long
        let _ = stage.bring(address).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = bringing => {}
        () = stage.posting(none) => {}
    }
    server.end();
}

/// Kills a server that takes the file in, some time after it began.
async fn dies(stage: &Stage, url: &impl Fn(&str) -> String, (home, address): (&Path, &str), wait: Duration) {
    let mut server = Mortal(start(url, home, address));
    tokio::select! {
        // it may be done before
        _ = stage.bring(address) => {}
        () = async { stage.reached(address).await; tokio::time::sleep(wait).await } => {}
    }
    server.end();
}

/// A server that is killed in the end, whatever happens.
struct Mortal(Child);

impl Mortal {
    fn end(&mut self) {
        self.0.kill().expect("kill -9");
        self.0.wait().expect("it is gone");
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A practice whose claims are with the payers, and the file of their payments.
struct Stage {
    db: TestDb,
    practice: String,
    token: String,
    payments: Vec<u8>,
}

impl Stage {
    async fn set(keys: &str) -> Self {
        let db = TestDb::of_its_own().await;
        let urls = ["claims_app", "claims_audit"].map(|role| db.url_as(role));
        let first = TestServer::start_on(db, urls, keys.parse().expect("a key"), Clock::system(), 8).await;
        let caller = Caller::connect(&first.endpoint, &first.founder, &Tally::default()).await.expect("a server");
        let options = WorkloadOptions { sessions: SESSIONS, seed: 1 };
        let world = workload::prepare(&caller, &*first.issuer, &options).await.expect("practices");
        workload::run(&world).await.expect("sessions");
        let seat = world.seats.iter().max_by_key(|seat| seat.plan.sessions.len()).expect("a practice");
        let (practice, token) = (seat.id.clone(), world.accounts.adapter.clone());
        let adapter = first.client(&token).await.in_practice(&practice).expect("an id");
        let bytes = written(&adapter).await;
        let now = Clock::system().now().naive_utc();
        let mut payments = Vec::new();
        for answer in Payers::new(1).answer(&bytes, now).expect("answers") {
            match answer.kind {
                AnswerKind::Payment => payments = answer.bytes,
                AnswerKind::Interchange | AnswerKind::Syntax | AnswerKind::Status => {
                    ingest(&adapter, &answer.bytes).await.expect("it is taken");
                }
            }
        }
        Self { db: first.stop().await, practice, token, payments }
    }

    /// Waits for a server.
    async fn reached(&self, address: &str) -> Client {
        for _ in 0..6_000 {
            if let Ok(client) = Client::connect(&format!("http://{address}"), &self.token).await {
                return client.in_practice(&self.practice).expect("an id");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no server came");
    }

    /// Gives the file to a server, once there is one.
    async fn bring(&self, address: &str) -> Result<claims::IngestResponseResponse, Status> {
        ingest(&self.reached(address).await, &self.payments).await
    }

    /// The number of the claim that the file speaks of last.
    fn last_claim(&self) -> &str {
        let file = std::str::from_utf8(&self.payments).expect("text");
        file.rsplit("CLP*").next().and_then(|rest| rest.split('*').next()).expect("a claim")
    }

    /// Waits until something is posted.
    async fn posting(&self, none: usize) {
        while rows(&self.db.url_as("postgres")).await.len() <= none {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Another database of the cluster.
    fn url(&self, role: &str, database: &str) -> String {
        let url = self.db.url_as(role);
        let (server, path) = url.rsplit_once('/').expect("a URL");
        format!("{server}/{}", path.replacen(self.db.name(), database, 1))
    }

    async fn run(&self, sql: &str) {
        diesel::sql_query(sql)
            .execute(&mut outside(&self.url("postgres", "postgres")).await)
            .await
            .expect("it is done");
    }
}

/// The file of all claims that wait.
async fn written(adapter: &Client) -> Vec<u8> {
    let request = claims::CreateSubmissionBatchRequest { request_id: request_id(), ..Default::default() };
    let made = adapter.clearinghouse().create_submission_batch(request).await.expect("a file").into_inner();
    let [file] = made.batches.as_slice() else { panic!("{made:?}") };
    let request = claims::GetSubmissionBatchRequest { id: file.id.clone(), ..Default::default() };
    let mut parts = adapter.clearinghouse().get_submission_batch(request).await.expect("its parts").into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.expect("a part") {
        if let Some(claims::get_submission_batch_response::Part::Content(piece)) = part.part {
            bytes.extend(piece);
        }
    }
    bytes
}

async fn ingest(adapter: &Client, bytes: &[u8]) -> Result<claims::IngestResponseResponse, Status> {
    let pieces: Vec<_> =
        bytes.chunks(64 * 1024).map(|piece| claims::IngestResponseRequest { content: piece.to_vec() }).collect();
    Ok(adapter.clearinghouse().ingest_response(stream::iter(pieces)).await?.into_inner())
}

#[expect(clippy::disallowed_methods, reason = "looks past the server")]
async fn outside(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url).await.expect("the database answers")
}

async fn rows(url: &str) -> Vec<String> {
    let rows: Vec<Row> = diesel::sql_query(ROWS).load(&mut outside(url).await).await.expect("rows");
    rows.into_iter().map(|row| row.row).collect()
}
