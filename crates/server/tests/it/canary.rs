//! Whatever anybody calls: no answer holds what is true of another practice's patients, and no error, header or log
//! line holds what is true of any patient, nor a credential.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use prost_reflect::{Kind, Value};
use server::telemetry::discreet;
use therapy_claims::Method;
use tokio::time::timeout;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::dropped::takes_away;
use crate::dynamic::{keyed, rpcs};
use crate::garbage;
use crate::harness::TestServer;
use crate::isolation;
use crate::within::{Whole, call, request};
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(20);

/// What was logged since it was last looked at.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What must not be where.
struct Watch {
    log: Log,
    logged: usize,
    /// True of patients of anybody, and secrets.
    anybodys: Vec<Vec<u8>>,
    /// True of the patients of the other practice.
    theirs: Vec<Vec<u8>>,
    found: Vec<String>,
    calls: usize,
}

fn holds(text: &[u8], marker: &[u8]) -> bool {
    text.windows(marker.len()).any(|part| part == marker)
}

impl Watch {
    fn look(&mut self, what: &str, answer: &Whole) {
        self.calls += 1;
        for marker in self.theirs.iter().filter(|marker| answer.shows(marker)) {
            self.found.push(format!("{what} answers with {:?}", String::from_utf8_lossy(marker)));
        }
        for part in answer.told() {
            for marker in self.anybodys.iter().filter(|marker| holds(&part, marker)) {
                self.found.push(format!("{what} tells {:?} in {:?}", lossy(marker), lossy(&part)));
            }
        }
        self.read(what);
    }

    /// Looks through what was logged since the last time.
    fn read(&mut self, what: &str) {
        let text = std::mem::take(&mut *self.log.0.lock().unwrap());
        self.logged += text.len();
        for line in text.split(|byte| *byte == b'\n') {
            for marker in &self.anybodys {
                // parameters of statements are logged as numbers, if at all
                let numbers = marker.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
                if holds(line, marker) || holds(line, numbers.as_bytes()) {
                    let line = lossy(line).chars().take(300).collect::<String>();
                    self.found.push(format!("{what} logs {:?}: {line}", lossy(marker)));
                }
            }
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

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
    let log = Log::default();
    let writer = log.clone();
    // this thread runs all of the server; what blocks elsewhere holds passwords and no data
    let _guard = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish()
        .with(discreet())
        .set_default();
    let server = TestServer::start().await;
    let (here, there) = (World::make(&server, "aaron").await, World::make(&server, "zoe").await);
    let (ours, theirs) = (here.practice.marks(), there.practice.marks());
    assert_ne!(ours.diagnosis, theirs.diagnosis);
    let mut anybodys: Vec<_> = [ours.texts(), theirs.texts()].concat().into_iter().map(String::into_bytes).collect();
    for token in here.practice.tokens.iter().chain([&here.adapter_token]) {
        anybodys.push(token.rsplit('_').next().unwrap().as_bytes().to_vec());
    }
    let mut watch = Watch { log, logged: 0, anybodys, theirs: theirs.bytes(), found: Vec::new(), calls: 0 };
    watch.read("the making of two practices");
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
                let what = format!("{} by {}", method.path, caller.name);
                watch.look(&what, &answer);
                // the front desk sees no diagnosis, not even its own patients'
                if caller.name == "front_desk" && answer.shows(ours.diagnosis.as_bytes()) {
                    watch.found.push(format!("{what} tells the diagnosis"));
                }
            }
        }
    }
    let Watch { found, calls, logged, .. } = watch;
    println!("{calls} calls, {logged} bytes of log in {:.1?}", begun.elapsed());
    assert!(found.is_empty(), "{} in {calls} calls: {:#?}", found.len(), found.iter().take(60).collect::<Vec<_>>());
    assert!(calls > 3000, "{calls} calls");
    assert!(logged > 100_000, "{logged} bytes of log");
}
