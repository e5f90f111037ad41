//! Whatever anybody calls: no answer holds what is true of another practice's patients, and no error, header or log
//! line holds what is true of any patient, nor a credential. The watch of all tests looks; this one calls everything.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use prost_reflect::{Kind, Value};
use therapy_claims::Method;
use tokio::time::timeout;

use crate::dropped::takes_away;
use crate::dynamic::{keyed, rpcs};
use crate::garbage;
use crate::harness::TestServer;
use crate::isolation;
use crate::within::{Whole, call, request};
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(20);

/// Who calls, in the practice of `here`.
struct Callers<'a> {
    name: &'static str,
    token: &'a str,
    practice: &'a str,
}

async fn send(server: &TestServer, method: &Method, caller: &Callers<'_>, message: &[u8]) -> Whole {
    let parts = if method.server_streaming { 2 } else { usize::MAX };
    let answer = call(server.service.clone(), request(method, caller.token, caller.practice, message), parts);
    timeout(PATIENCE, answer).await.expect(method.path)
}

#[tokio::test]
async fn no_patients_data_is_told_to_another_practice_or_to_a_log() {
    let server = TestServer::start().await;
    let (here, there) = (World::make(&server, "aaron").await, World::make(&server, "zoe").await);
    let (ours, theirs) = (here.practice.marks(), there.practice.marks());
    assert_ne!(ours.diagnosis, theirs.diagnosis);
    let (mut calls, mut found) = (0, BTreeSet::new());
    let begun = Instant::now();
    let practice = here.practice.id.as_str();
    let [admin, therapist, billing, front_desk] = &here.practice.tokens;
    let callers = [
        Callers { name: "admin", token: admin, practice },
        Callers { name: "adapter", token: &here.adapter_token, practice },
        Callers { name: "therapist", token: therapist, practice },
        Callers { name: "billing", token: billing, practice },
        Callers { name: "front_desk", token: front_desk, practice },
        Callers { name: "admin elsewhere", token: admin, practice: &there.practice.id },
        Callers { name: "stranger", token: "", practice },
    ];
    let mut rpcs = rpcs();
    rpcs.sort_by_key(|(method, _input)| (takes_away(method.path), method.path.ends_with("/Logout")));
    for (method, input) in &rpcs {
        let base = here.aimed(method, input);
        let name = method.path.rsplit('/').next().unwrap();
        for (index, caller) in callers.iter().enumerate() {
            if name == "Logout" && index < 5 {
                continue;
            }
            let mut requests = vec![base.clone(), there.aimed(method, input)];
            for way in isolation::ids(input, name.starts_with("Create"), 2) {
                for id in there.ids() {
                    let mut request = base.clone();
                    isolation::put(&mut request, &way, id);
                    requests.push(request);
                }
            }
            // the ids of there, and text where it doesn't belong, are for those who get furthest
            requests.truncate(if index < 2 { usize::MAX } else { 2 });
            for way in garbage::ways(input, 3).into_iter().filter(|_way| index < 2) {
                let Some(field) = way.last().filter(|field| field.kind() == Kind::String) else { continue };
                if field.name() == "request_id" {
                    continue;
                }
                for text in [ours.texts().concat(), format!("{}\0", theirs.texts()[2])] {
                    let value = Value::String(text);
                    let mut request = base.clone();
                    let value = if field.is_list() { Value::List(vec![value]) } else { value };
                    if garbage::put(&mut request, &way, value) {
                        requests.push(request);
                    }
                }
            }
            for request in requests {
                let answer = send(&server, method, caller, &keyed(request)).await;
                calls += 1;
                // the front desk sees no diagnosis, not even its own patients'
                if caller.name == "front_desk" && answer.shows(ours.diagnosis.as_bytes()) {
                    found.insert(format!("{} tells the front desk a diagnosis", method.path));
                }
                // too short to be looked for wherever it may be
                if caller.practice == practice && answer.shows(theirs.diagnosis.as_bytes()) {
                    found.insert(format!("{} tells {} the other practice's diagnosis", method.path, caller.name));
                }
            }
        }
    }
    println!("{calls} calls in {:.1?}", begun.elapsed());
    assert!(found.is_empty(), "{found:#?}");
    assert!(calls > 3000, "{calls} calls");
    // the rest is for the watch to say, which is told what is wrong when the server ends
}
