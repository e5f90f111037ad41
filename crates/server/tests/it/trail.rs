//! Every RPC, called in every way that it can end: each call leaves exactly the entries that the review saw.
//!
//! The rules in [`faults`] hold for every RPC, known or new. What they leave open is in the reviewed table
//! `snapshots/it__trail__entries_by_rpc.snap`, which a new RPC changes.

mod cases;
mod entries;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use kernel::Permission;
use therapy_claims::{Method, Phi};
use tokio::time::timeout;
use tonic_types::StatusExt;

use self::cases::{CASES, Caller, Case, Powerless, Sent, is_everybodys};
use self::entries::{Left, left};
use crate::dynamic::{Answer, Any, rpcs};
use crate::harness::TestServer;
use crate::ready::Stage;
use crate::world::World;

/// How the request ids of the calls begin.
const PREFIX: &str = "trail-";

/// How long a stream may be silent.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call that was answered.
struct Made {
    method: &'static Method,
    case: Case,
    request_id: String,
    sent: Sent,
    answer: Answer,
}

impl Made {
    fn shown(&self) -> &[u8] {
        self.answer.0.as_deref().unwrap_or_default()
    }

    fn is_ok(&self) -> bool {
        self.answer.0.is_ok()
    }

    /// The answer's reason; where our own words are missing, its code.
    fn reason(&self) -> String {
        match &self.answer.0 {
            Ok(_) => String::new(),
            Err(status) => {
                status.get_details_error_info().map_or_else(|| format!("{:?}", status.code()), |info| info.reason)
            }
        }
    }

    fn permission(&self) -> Permission {
        self.method.permission.parse().unwrap()
    }

    /// Whether the access layer knows who calls, so that a refusal has somebody to be told of.
    fn is_known(&self) -> bool {
        self.case != Case::Nobody && self.permission() != Permission::Public
    }
}

/// Makes a call to its end; of a stream that has none, to what it tells after its start.
async fn make(any: &Any, method: &'static Method, sent: &Sent, request_id: &str) -> Answer {
    let caller = any.with(&sent.token, &sent.practice);
    if !method.server_streaming {
        return caller.call(method, sent.message.clone(), request_id).await;
    }
    let parts = async {
        let mut stream = caller.open(method, sent.message.clone(), request_id).await?;
        let mut shown = Vec::new();
        let is_endless = method.path.ends_with("/Subscribe");
        while let Some(part) = stream.message().await? {
            let is_start = is_endless && shown.is_empty();
            shown.extend(part);
            if is_endless && !is_start {
                break;
            }
        }
        Ok(shown)
    };
    Answer(timeout(PATIENCE, parts).await.expect("a stream tells something"))
}

/// All calls of all RPCs.
async fn calls(server: &TestServer, caller: &Caller<'_>) -> Vec<Made> {
    let any = Any::connect(&server.endpoint).await;
    let mut made: Vec<Made> = Vec::new();
    for (method, input) in rpcs() {
        let mut before = None;
        for case in CASES {
            let Some(sent) = caller.sent(case, method, &input, before.as_ref()).await else { continue };
            let request_id = format!("{PREFIX}{}", made.len());
            let answer = make(&any, method, &sent, &request_id).await;
            if case == Case::Well {
                let Sent { token, practice, message } = &sent;
                before = Some(Sent { token: token.clone(), practice: practice.clone(), message: message.clone() });
            }
            made.push(Made { method, case, request_id, sent, answer });
        }
    }
    made
}

/// What is wrong with the entries of a call, whatever the table says.
fn faults(made: &Made, entries: &[Left], patients: &[String]) -> Vec<String> {
    let Made { method, case, sent, .. } = made;
    let mut faults = Vec::new();
    let touches = method.phi != Phi::None || method.mutates;
    let is_refused_by_layer = matches!(case, Case::Denied | Case::Elsewhere) && !is_everybodys(made.permission());
    let expected = made.is_known() && (touches || is_refused_by_layer);
    if expected && entries.is_empty() {
        faults.push("left no entry".to_owned());
    }
    if *case == Case::Nobody && made.permission() != Permission::Public && !entries.is_empty() {
        faults.push("of nobody left an entry".to_owned());
    }
    if !made.is_ok() && entries.len() > 1 {
        faults.push(format!("failed and left {} entries", entries.len()));
    }
    if made.is_ok() && method.phi != Phi::None && !entries.iter().any(|entry| entry.accessed_phi) {
        faults.push("showed PHI, which no entry says".to_owned());
    }
    for entry in entries {
        let right = (entry.method.as_str(), entry.request_id.as_str(), entry.peer.as_str(), entry.attempts);
        if right != (method.path, &made.request_id, "127.0.0.1", 1) {
            faults.push(format!("left {right:?}"));
        }
        if usize::try_from(entry.resource_count) != Ok(entry.resource_ids.len()) {
            faults.push(format!("names {:?} of {}", entry.resource_ids, entry.resource_count));
        }
        if !entry.is_of_its_patients() {
            faults.push(format!("names the patients {:?} instead of {:?}", entry.patients, entry.theirs));
        }
        if made.permission() != Permission::Public && (!sent.token.contains(&entry.token) || entry.actor.is_empty()) {
            faults.push(format!("is told of {} with {}", entry.actor, entry.token));
        }
        if !made.is_ok() {
            let is_shown = entry.accessed_phi || !entry.field_classes.is_empty() || !entry.patients.is_empty();
            if is_shown || entry.outcome == "allowed" || entry.reason != made.reason() {
                faults.push(format!("failed with {}, and left {entry:?}", made.reason()));
            }
        } else if entry.outcome != "allowed" {
            faults.push(format!("went well, and left {entry:?}"));
        }
    }
    let unnamed = Left::unnamed(entries, made.shown(), patients);
    if method.phi != Phi::None && !unnamed.is_empty() {
        faults.push(format!("shows patients that no entry names: {unnamed:?}"));
    }
    faults.into_iter().map(|fault| format!("{} {case:?} {fault}", method.path)).collect()
}

/// How an answer with its entries is written down.
fn words(made: &Made, entries: &[Left], practice: &str) -> String {
    let answer = match &made.answer.0 {
        Ok(_) => "OK".to_owned(),
        Err(_) => made.reason(),
    };
    let mut told: Vec<_> =
        entries.iter().map(|entry| entry.words(practice, &made.sent.message, made.shown())).collect();
    if made.method.path.ends_with("/ExportEntries") {
        // as many pieces as it takes
        told.dedup();
    }
    if made.method.path.ends_with("/Subscribe") {
        // as many batches as the feed was cut into, and some of them were on their way when the caller had seen enough
        told.iter_mut().for_each(|entry| *entry = entry.replace("several, not told to the caller", "several"));
        told.dedup();
    }
    let told = if told.is_empty() { "nothing".to_owned() } else { told.join("; and ") };
    format!("{answer}: {told}")
}

/// The table for the review: cases that end alike share a line.
fn table(made: &[Made], left: &BTreeMap<String, Vec<Left>>, practice: &str) -> String {
    let mut text = String::from("# The audit entries that a call of each RPC leaves, by how the call is made.\n");
    for of_one in made.chunk_by(|one, next| one.method.path == next.method.path) {
        let Some(first) = of_one.first() else { continue };
        let phi = format!("{:?}", first.method.phi).to_lowercase();
        let mutates = if first.method.mutates { ", mutates" } else { "" };
        writeln!(text, "\n{} (phi {phi}{mutates})", first.method.path).unwrap();
        let mut lines: Vec<(String, Vec<String>)> = Vec::new();
        for made in of_one {
            let words = words(made, left.get(&made.request_id).map_or(&[], Vec::as_slice), practice);
            let case = format!("{:?}", made.case).to_lowercase();
            match lines.iter_mut().find(|(known, _cases)| *known == words) {
                Some((_words, cases)) => cases.push(case),
                None => lines.push((words, vec![case])),
            }
        }
        for (words, cases) in lines {
            writeln!(text, "  {}\n    {words}", cases.join(", ")).unwrap();
        }
    }
    text
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the trail is read past the server")]
async fn every_call_of_every_rpc_leaves_the_entries_that_the_review_saw() {
    let server = TestServer::start().await;
    let (here, elsewhere) = (World::make(&server, "trail").await, World::make(&server, "elsewhere").await);
    let stage = Stage::set(&server, &here, &elsewhere).await;
    let narrow = server.account("narrow", &[&here.practice], &["metrics:read"]).await;
    let powerless = Powerless { world: &here, narrow: &narrow };
    let caller = Caller { stage: &stage, here: &here, elsewhere: &elsewhere, powerless };
    let begun = Instant::now();
    let made = calls(&server, &caller).await;
    println!("{} calls of {} RPCs in {:.1?}", made.len(), rpcs().len(), begun.elapsed());

    // a server that has ended has written all that it was going to write
    let db = server.stop().await;
    let mut db = AsyncPgConnection::establish(&db.url_as("claims_migrator")).await.unwrap();
    let left = left(&mut db, PREFIX).await;
    let patients: Vec<Id> = diesel::sql_query("SELECT id::text FROM clinical.patients").load(&mut db).await.unwrap();
    let patients: Vec<_> = patients.into_iter().map(|Id { id }| id).collect();
    let of = |made: &Made| left.get(&made.request_id).map_or(&[][..], Vec::as_slice);
    insta::assert_snapshot!("entries_by_rpc", table(&made, &left, &here.practice.id));
    let wrong: Vec<_> = made.iter().flat_map(|made| faults(made, of(made), &patients)).collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), made.len());
}
