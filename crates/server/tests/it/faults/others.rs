//! While somebody holds the head of one practice, the others go on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use prost::Message;
use therapy_claims::METHODS;
use therapy_claims::client::request_id;
use therapy_claims::clinical::v1 as clinical;
use tonic::Code;

use super::ways::Outside;
use crate::dynamic::Any;
use crate::flow;
use crate::harness::{Practice, TestServer};

/// Callers of the practice whose head is held: more than the server has connections.
const CALLERS: usize = 24;
const LASTS: Duration = Duration::from_secs(4);
/// Less than a held head would hold them up, had they to wait for it.
const SLOWEST: Duration = Duration::from_millis(1500);

/// Reads and changes in turn.
async fn call(caller: &Any, practice: &Practice, patient: &str, number: usize) -> Code {
    let (name, message) = if number.is_multiple_of(2) {
        ("/GetPatient", clinical::GetPatientRequest { id: patient.to_owned() }.encode_to_vec())
    } else {
        let session = Some(flow::planned(practice, patient));
        ("/ScheduleSession", clinical::ScheduleSessionRequest { session, request_id: request_id() }.encode_to_vec())
    };
    let method = METHODS.iter().find(|method| method.path.ends_with(name)).unwrap();
    caller.call(method, message, "others").await.code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_whose_head_is_held_holds_up_no_other() {
    let server = TestServer::start().await;
    let (held, free) = (server.practice("held").await, server.practice("free").await);
    let (patient, other) = (flow::patient(&held).await, flow::patient(&free).await);
    let any = Any::connect(&server.endpoint).await;
    let mut holder = Outside::new(&server.db).await;
    holder.run(&format!("BEGIN; SELECT FROM audit.heads WHERE practice_id = '{}' FOR UPDATE", held.id)).await;
    let (is_over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let crowd = join_all((0..CALLERS).map(async |_| {
        let caller = any.with(&held.tokens[0], &held.id);
        let mut number = 0;
        while !is_over.load(Ordering::Relaxed) {
            assert_eq!(call(&caller, &held, &patient, number).await, Code::Unavailable);
            number += 1;
            refused.fetch_add(1, Ordering::Relaxed);
            // come again soon, though they are told to wait
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }));
    let going_on = async {
        let caller = any.with(&free.tokens[0], &free.id);
        let (begun, mut times) = (Instant::now(), Vec::new());
        while begun.elapsed() < LASTS {
            let sent = Instant::now();
            assert_eq!(call(&caller, &free, &other, times.len()).await, Code::Ok, "call {}", times.len());
            times.push(sent.elapsed());
        }
        is_over.store(true, Ordering::Relaxed);
        times.sort_unstable();
        times
    };
    let (_crowd, times) = tokio::join!(crowd, going_on);
    let (median, slowest) = (times[times.len() / 2], *times.last().unwrap());
    println!(
        "{} refused, {} calls beside them: median {median:.1?}, slowest {slowest:.1?}",
        refused.into_inner(),
        times.len()
    );
    assert!(slowest < SLOWEST, "{slowest:?}");
    holder.run("ROLLBACK").await;
    let caller = any.with(&held.tokens[0], &held.id);
    // whoever tries next finds the head free
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(call(&caller, &held, &patient, 0).await, Code::Ok);
    assert_eq!(call(&caller, &held, &patient, 1).await, Code::Ok);
}
