//! Many callers with the same request ids, while connections to the database die around COMMIT: each request has
//! its effect once, and all who sent it get the same answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::future::join_all;
use prost::Message;
use therapy_claims::client::request_id;
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::{METHODS, Method};
use tokio::time::sleep;
use tonic::Code;

use crate::dynamic::Any;
use crate::flow;
use crate::harness::{Practice, TestServer, therapist};

/// Who calls with the same request ids.
const CALLERS: usize = 32;
/// Each made by every caller: 20,000 calls.
const REQUESTS: usize = 625;
/// Connections that die while they are at a transaction's end.
const KILLS: usize = 50;
/// How often a caller sends a request until it is answered.
const PATIENCE: usize = 200;

/// The RPCs that are repeated, and how their effects are counted.
const EFFECTS: [(&str, &str); 4] = [
    ("/CreatePatient", "SELECT count(*) AS n FROM clinical.patients WHERE last_name LIKE 'Repeated%'"),
    ("/CreateTherapist", "SELECT count(*) AS n FROM clinical.therapists WHERE last_name LIKE 'Repeated%'"),
    ("/ScheduleSession", "SELECT count(*) AS n FROM clinical.sessions"),
    ("/UpdatePatient", "SELECT version AS n FROM clinical.patients WHERE id = '$changed'"),
];

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn count(db: &mut AsyncPgConnection, sql: &str) -> usize {
    let Count { n } = diesel::sql_query(sql).get_result(db).await.unwrap();
    usize::try_from(n).unwrap()
}

fn method(name: &str) -> &'static Method {
    METHODS.iter().find(|method| method.path.ends_with(name)).unwrap()
}

/// The request of that number, the same bytes whoever sends it.
fn request(name: &str, practice: &Practice, patients: &[String; 2], number: usize, request_id: String) -> Vec<u8> {
    let [changed, seen] = patients;
    let named = |patient: clinical::Patient, last_name| clinical::Patient { last_name, ..patient };
    let patient = practice.marks().patient(&practice.therapist_id);
    match name {
        "/CreatePatient" => {
            let patient = Some(named(patient, format!("Repeated{number}")));
            clinical::CreatePatientRequest { patient, request_id }.encode_to_vec()
        }
        "/CreateTherapist" => {
            let last_name = format!("Repeated{number}");
            let therapist = Some(clinical::Therapist { npi: String::new(), last_name, ..therapist() });
            clinical::CreateTherapistRequest { therapist, request_id }.encode_to_vec()
        }
        "/ScheduleSession" => {
            let session = Some(flow::planned(practice, seen));
            clinical::ScheduleSessionRequest { session, request_id }.encode_to_vec()
        }
        _ => {
            let update_mask = Some(prost_types::FieldMask { paths: vec!["last_name".into(), "phone".into()] });
            let phone = format!("617{:07}", 2_000_000 + number);
            let patient = clinical::Patient { id: changed.clone(), phone, ..named(patient, "Changed".into()) };
            clinical::UpdatePatientRequest { patient: Some(patient), update_mask, request_id }.encode_to_vec()
        }
    }
}

/// Sends a request until it is answered; how often it was, and the answer.
async fn insist(caller: &Any, method: &'static Method, message: &[u8]) -> (usize, Vec<u8>) {
    for times in 1..PATIENCE {
        let answer = caller.call(method, message.to_vec(), "repeated").await;
        // the ways to say: repeat it with the same request id
        let is_to_repeat = [Code::Unavailable, Code::Aborted, Code::DeadlineExceeded].contains(&answer.code());
        if !is_to_repeat {
            return (times, answer.0.expect(method.path));
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("{} is never answered", method.path)
}

/// Kills connections that are about to commit, until that many are dead or nobody calls any more; how many are.
async fn kill(db: &mut AsyncPgConnection, is_over: &AtomicBool) -> usize {
    let mut killed = 0;
    // a COMMIT lasts too short a time to be met from outside; most of these die right before or behind it
    let sql = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) AS n FROM (SELECT pid FROM pg_stat_activity \
               WHERE datname = current_database() AND usename = 'claims_app' AND application_name = 'claimsd' \
               AND (query = 'COMMIT' OR state LIKE 'idle in transaction%') ORDER BY state_change DESC LIMIT 1) one";
    while killed < KILLS && !is_over.load(Ordering::Relaxed) {
        killed += count(db, sql).await;
        sleep(Duration::from_millis(20)).await;
    }
    killed
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "kills and counts past the server")]
async fn a_request_that_many_repeat_has_its_effect_once_whatever_dies() {
    let server = TestServer::start().await;
    let practice = server.practice("repeated").await;
    let patients = [flow::patient(&practice).await, flow::patient(&practice).await];
    let [mut killer, mut db] = [
        AsyncPgConnection::establish(&server.db.url_as("postgres")).await.unwrap(),
        AsyncPgConnection::establish(&server.db.url_as("postgres")).await.unwrap(),
    ];
    let mut before = Vec::new();
    for (_name, sql) in EFFECTS {
        before.push(count(&mut db, &sql.replace("$changed", &patients[0])).await);
    }
    let sent: Arc<Vec<_>> = Arc::new(
        (0..REQUESTS)
            .map(|number| {
                let (name, _sql) = EFFECTS.iter().cycle().nth(number).unwrap();
                (method(name), request(name, &practice, &patients, number, request_id()))
            })
            .collect(),
    );
    let (is_over, tries) = (AtomicBool::new(false), AtomicUsize::new(0));
    let begun = Instant::now();
    let call = async {
        let callers = (0..CALLERS).map(async |_caller| {
            let any = Any::connect(&server.endpoint).await.with(&practice.tokens[0], &practice.id);
            let mut answers = Vec::new();
            for (method, message) in sent.iter() {
                let (times, answer) = insist(&any, method, message).await;
                tries.fetch_add(times, Ordering::Relaxed);
                answers.push(answer);
            }
            answers
        });
        let answers = join_all(callers).await;
        is_over.store(true, Ordering::Relaxed);
        answers
    };
    let (answers, killed) = tokio::join!(call, kill(&mut killer, &is_over));
    let calls = CALLERS * REQUESTS;
    let tries = tries.into_inner();
    println!(
        "{calls} calls ({tries} with repeats) of {REQUESTS} requests, {killed} killed, in {:.1?}",
        begun.elapsed()
    );
    let mut differing = BTreeMap::new();
    for number in 0..REQUESTS {
        let distinct: BTreeSet<_> = answers.iter().map(|answers| answers.get(number)).collect();
        if distinct.len() > 1 {
            differing.insert(number, distinct.len());
        }
    }
    assert!(differing.is_empty(), "requests that were answered in several ways: {differing:?}");
    for (index, ((name, sql), before)) in EFFECTS.iter().zip(before).enumerate() {
        let expected = (0..REQUESTS).filter(|number| number % EFFECTS.len() == index).count();
        let after = count(&mut db, &sql.replace("$changed", &patients[0])).await;
        assert_eq!(after - before, expected, "effects of {name}");
    }
    assert!(killed * 2 >= KILLS, "{killed} connections died");
}
