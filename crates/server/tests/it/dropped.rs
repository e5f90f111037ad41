//! Every RPC, given up at every point where it waits, on a pool of one connection: whoever comes next finds that
//! connection in order, or a new one, and never what the other practice left.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use kernel::Clock;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use therapy_claims::client::request_id;
use therapy_claims::{METHODS, Method};
use tokio::time::{sleep, timeout};

use crate::dynamic::{keyed_with, rpcs};
use crate::harness::TestServer;
use crate::ready::{Ready, Stage};
use crate::seen::{fields, output};
use crate::within::{Whole, call, polled, request};
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(20);
/// No RPC waits so often.
const POLLS_MAX: usize = 400;

/// RPCs that no call of this test ends well. This list may only become shorter.
const REFUSED: [&str; 0] = [];

/// RPCs that use something up and take no `request_id`: what was done can't be asked for again.
const USES_UP: [&str; 2] = ["/therapy.tenancy.v1.AuthService/Logout", "/therapy.tenancy.v1.AuthService/SetPassword"];

#[derive(Debug, QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    told: String,
}

async fn told(conn: &mut AsyncPgConnection, sql: &str) -> String {
    diesel::sql_query(sql).get_result::<Told>(conn).await.unwrap().told
}

/// Who comes next, in another practice.
struct Next<'a> {
    server: &'a TestServer,
    here: &'a World,
    /// Whose call was given up.
    gone: &'a World,
    outside: AsyncPgConnection,
}

impl Next<'_> {
    /// What is wrong with how things are after a call was given up.
    async fn finds(&mut self) -> Option<String> {
        let [token, ..] = &self.here.practice.tokens;
        let method = METHODS.iter().find(|method| method.path.ends_with("/ListPatients")).unwrap();
        let list = call(self.server.service.clone(), request(method, token, &self.here.practice.id, &[]), usize::MAX);
        let Ok(answer) = timeout(PATIENCE, list).await else { return Some("the next call hangs".to_owned()) };
        let shows = |id: &str| answer.shows(id.as_bytes());
        if answer.code != 0 || !shows(&self.here.patient) {
            return Some(format!("the next call fails: {answer:?}"));
        }
        if self.gone.ids().into_iter().any(shows) {
            return Some("the next call sees rows of the other practice".to_owned());
        }
        let left = self.left().await;
        left.or(self.open().await)
    }

    /// What the pool's only connection still has of whoever used it before.
    async fn left(&self) -> Option<String> {
        let mut conn = self.server.vault.db().directory().await.unwrap();
        let sql = "SELECT format('%s %s %s', current_setting('app.practice_id', true), \
                   current_setting('statement_timeout'), pg_current_xact_id_if_assigned()) AS told";
        let left = told(&mut conn, sql).await;
        (left.trim() != "0").then(|| format!("the connection keeps {left:?}"))
    }

    /// Whether the request was carried out, by the answer that is kept with its effect.
    async fn is_stored(&mut self, request_id: &str) -> bool {
        let sql = format!("SELECT count(*)::text AS told FROM ops.requests WHERE request_id = '{request_id}'");
        told(&mut self.outside, &sql).await != "0"
    }

    /// Transactions that stay open though nobody works in them.
    async fn open(&mut self) -> Option<String> {
        let sql = "SELECT coalesce(string_agg(usename || ' ' || query, '; '), '') AS told FROM pg_stat_activity \
                   WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        let end = Instant::now() + PATIENCE;
        loop {
            let open = told(&mut self.outside, sql).await;
            if open.is_empty() {
                return None;
            }
            if Instant::now() > end {
                return Some(format!("left open: {open}"));
            }
            // a connection that is given up says so when it is next looked at
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// RPCs that take something away come last, as the others need it.
pub(crate) fn takes_away(path: &str) -> bool {
    ["Deactivate", "Cancel", "Revoke", "Logout", "Rotate", "Switch"].iter().any(|verb| path.contains(verb))
}

/// What is wrong with an answer that should be a good one, down to each of its rows.
fn fault(method: &Method, answer: &Whole) -> Option<String> {
    if answer.code != 0 {
        return Some(format!("{answer:?}"));
    }
    // a stream starts with what says nothing of rows, and goes on
    let message = answer.data.get(5..).filter(|_| !method.server_streaming)?;
    let mut found = BTreeSet::new();
    fields(&DynamicMessage::decode(output(method), message).unwrap(), "", &mut found);
    let problem = found.iter().find(|field| field.contains("problem."))?;
    Some(format!("{problem} in {:?}", String::from_utf8_lossy(message)))
}

type Rpc = (&'static Method, MessageDescriptor);

/// What was found so far.
#[derive(Default)]
struct Found {
    wrong: Vec<String>,
    /// Calls that nobody dropped, and what was wrong with them.
    refused: Vec<(&'static str, String)>,
    drops: usize,
    /// Calls that had their effect though they were dropped.
    finished: usize,
    /// Of so many with an effect.
    mutating: usize,
}

impl Found {
    /// Calls the RPC until nothing is left of it to drop. Repeated after each drop, it always meets a connection that
    /// knows its statements; otherwise, most often one that is new.
    async fn step(&mut self, next: &mut Next<'_>, stage: &Stage<'_>, rpc: &Rpc, is_repeated: bool) {
        let (method, input) = rpc;
        for times in 1..POLLS_MAX {
            let Ready { token, message, is_made } = stage.ready(method, input).await;
            if is_made && !is_repeated {
                return;
            }
            let id = request_id();
            let message = keyed_with(message, &id);
            let parts = if method.server_streaming { 2 } else { usize::MAX };
            let (service, practice) = (&next.server.service, &next.gone.practice.id);
            let send = || call(service.clone(), request(method, &token, practice, &message), parts);
            let ended = timeout(PATIENCE, polled(send(), times)).await.expect(method.path);
            if let Some(fault) = next.finds().await {
                self.wrong.push(format!("{} after {times} polls: {fault}", method.path));
            }
            if let Some(ended) = ended {
                self.refused.extend(fault(method, &ended).map(|fault| (method.path, fault)));
                return;
            }
            self.drops += 1;
            if !is_repeated {
                continue;
            }
            if method.mutates && !method.client_streaming {
                self.mutating += 1;
                self.finished += usize::from(next.is_stored(&id).await);
            }
            // half done, it would neither be answered from what is kept nor be done again
            let again = timeout(PATIENCE, send()).await.expect(method.path);
            if let Some(fault) = fault(method, &again).filter(|_| !USES_UP.contains(&method.path)) {
                self.wrong.push(format!("{} again after {times} polls: {fault}", method.path));
            }
        }
        panic!("{} goes on and on", method.path);
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "looks at the connections from outside")]
async fn an_rpc_that_is_given_up_anywhere_leaves_nothing_to_the_next_practice() {
    let server = TestServer::start_with(Clock::system(), 1).await;
    let (gone, here) = (World::make(&server, "gone").await, World::make(&server, "here").await);
    let stage = Stage::set(&server, &gone, &here).await;
    let outside = AsyncPgConnection::establish(&server.db.url_as("postgres")).await.unwrap();
    let mut next = Next { server: &server, here: &here, gone: &gone, outside };
    let (rpcs, mut found) = (rpcs(), Found::default());
    let begun = Instant::now();
    for rpc in &rpcs {
        for is_repeated in [true, false] {
            found.step(&mut next, &stage, rpc, is_repeated).await;
        }
    }
    let Found { wrong, refused, drops, finished, mutating } = found;
    let refused_paths: BTreeSet<_> = refused.iter().map(|(path, _fault)| *path).collect();
    let well = rpcs.len() - refused_paths.len();
    println!("{drops} drops in {} RPCs, {well} of which end well, in {:.1?}", rpcs.len(), begun.elapsed());
    println!("{finished} of {mutating} dropped calls with an effect had it nonetheless");
    assert!(wrong.is_empty(), "{} of {drops}: {wrong:#?}", wrong.len());
    assert!(refused_paths.iter().eq(&REFUSED), "{refused:#?}");
    assert!(drops > 5 * rpcs.len(), "{drops} drops");
}
