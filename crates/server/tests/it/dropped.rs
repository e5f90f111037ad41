//! Every RPC, given up at every point where it waits, on a pool of one connection: whoever comes next finds that
//! connection in order, or a new one, and never what the other practice left.

use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use kernel::access::Level;
use kernel::{Clock, Permission, Role};
use therapy_claims::METHODS;
use tokio::time::{sleep, timeout};

use crate::dynamic::{keyed, rpcs};
use crate::harness::TestServer;
use crate::within::{call, polled, request};
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(20);
/// No RPC waits so often.
const POLLS_MAX: usize = 400;

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
        let mut conn = self.server.pool.directory().await.unwrap();
        let sql = "SELECT format('%s %s %s', current_setting('app.practice_id', true), \
                   current_setting('statement_timeout'), pg_current_xact_id_if_assigned()) AS told";
        let left = told(&mut conn, sql).await;
        (left.trim() != "0").then(|| format!("the connection keeps {left:?}"))
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

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "looks at the connections from outside")]
async fn an_rpc_that_is_given_up_anywhere_leaves_nothing_to_the_next_practice() {
    let server = TestServer::start_with(Clock::system(), 1).await;
    let (gone, here) = (World::make(&server, "gone").await, World::make(&server, "here").await);
    let outside = AsyncPgConnection::establish(&server.db.url_as("postgres")).await.unwrap();
    let mut next = Next { server: &server, here: &here, gone: &gone, outside };
    let (mut rpcs, mut wrong, mut drops, mut fine) = (rpcs(), Vec::new(), 0, 0);
    rpcs.sort_by_key(|(method, _input)| (takes_away(method.path), method.path.ends_with("/Logout")));
    let begun = Instant::now();
    for (method, input) in &rpcs {
        let permission: Permission = method.permission.parse().unwrap();
        let is_admin = Role::Admin.level(permission) != Level::No;
        let [admin, ..] = &gone.practice.tokens;
        let token = if is_admin { admin } else { &gone.adapter_token };
        let parts = if method.server_streaming { 2 } else { usize::MAX };
        let mut ended = None;
        for times in 1..POLLS_MAX {
            let message = keyed(gone.aimed(method, input));
            let one = call(server.service.clone(), request(method, token, &gone.practice.id, &message), parts);
            ended = timeout(PATIENCE, polled(one, times)).await.expect(method.path);
            drops += usize::from(ended.is_none());
            if let Some(fault) = next.finds().await {
                wrong.push(format!("{} after {times} polls: {fault}", method.path));
            }
            if ended.is_some() {
                break;
            }
        }
        let ended = ended.expect(method.path);
        fine += usize::from(ended.code == 0);
        // UNKNOWN, INTERNAL, UNAVAILABLE
        if [2, 13, 14].contains(&ended.code) {
            wrong.push(format!("{}: {ended:?}", method.path));
        }
    }
    println!("{drops} drops in {} RPCs, {fine} of which ended well, in {:.1?}", rpcs.len(), begun.elapsed());
    assert!(wrong.is_empty(), "{} of {drops}: {wrong:#?}", wrong.len());
    assert!(drops > 5 * rpcs.len(), "{drops} drops");
    assert!(2 * fine > rpcs.len(), "{fine} of {} ended well", rpcs.len());
}
