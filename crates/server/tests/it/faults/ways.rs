//! Ways in which entries can't be written, and back.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use audit::{Action, Batcher, Entry};
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::join_all;
use kernel::method::{Method, PhiUse};
use kernel::page::TokenKey;
use kernel::scope::Facts;
use kernel::{Clock, Permission};
use testkit::TestDb;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// More than a batcher keeps waiting.
const ENTRIES: usize = 5000;

/// Somebody who looks and works in the database from outside, with all rights.
pub(super) struct Outside(AsyncPgConnection);

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    told: String,
}

impl Outside {
    #[expect(clippy::disallowed_methods, reason = "works past the server")]
    pub(super) async fn new(db: &TestDb) -> Self {
        Self(AsyncPgConnection::establish(&db.url_as("postgres")).await.unwrap())
    }

    pub(super) async fn told(&mut self, sql: &str) -> String {
        diesel::sql_query(sql).get_result::<Told>(&mut self.0).await.unwrap().told
    }

    pub(super) async fn run(&mut self, sql: &str) {
        self.0.batch_execute(sql).await.unwrap();
    }

    /// Entries of a call that was let through.
    pub(super) async fn entries(&mut self, trace: &str) -> String {
        let sql = "SELECT count(*)::text AS told FROM audit.entries WHERE outcome = 'allowed' AND request_id = ";
        self.told(&format!("{sql}'{trace}'")).await
    }

    /// Whether a request's answer is kept, as it is with its effect.
    pub(super) async fn is_done(&mut self, once: &str) -> bool {
        self.told(&format!("SELECT count(*)::text AS told FROM ops.requests WHERE request_id = '{once}'")).await != "0"
    }

    /// All there is, table by table, but for the trail, for what changes by itself, and for the bytes of received files,
    /// which are kept before anything is made of them and say nothing to anybody.
    pub(super) async fn state(&mut self) -> Vec<String> {
        let tables = self
            .told(
                "SELECT string_agg(format('SELECT %L || count(*) || '' '' || coalesce(sum(hashtextextended(t::text, 0)), 0) \
                 AS told FROM %s t', c.oid::regclass || ' ', c.oid::regclass), ' UNION ALL ') AS told FROM pg_class c \
                 WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace::regnamespace::text IN \
                 ('clinical', 'claims', 'feed', 'tenancy', 'ops') AND c.oid::regclass::text NOT IN ('tenancy.sessions', \
                 'tenancy.tokens', 'feed.leases', 'feed.subscriptions', 'claims.inbound_files', 'claims.inbound_chunks')",
            )
            .await;
        let rows: Vec<Told> = diesel::sql_query(tables).load(&mut self.0).await.unwrap();
        rows.into_iter().map(|row| row.told).collect()
    }

    /// Waits until nobody is at work for the server any more.
    pub(super) async fn idle(&mut self) {
        let sql = "SELECT count(*)::text AS told FROM pg_stat_activity WHERE datname = current_database() \
                   AND usename IN ('claims_app', 'claims_audit') AND state <> 'idle'";
        let end = Instant::now() + Duration::from_secs(20);
        while self.told(sql).await != "0" {
            assert!(Instant::now() < end, "somebody works on and on");
            sleep(Duration::from_millis(2)).await;
        }
    }
}

/// A disk without room for entries. The table's file is `/dev/full`, so the operating system itself refuses what
/// PostgreSQL writes, and PostgreSQL makes of that what it makes of a full disk.
pub(super) struct FullDisk {
    partition: String,
    bounds: String,
    file: String,
}

impl FullDisk {
    pub(super) async fn begin(outside: &mut Outside) -> Self {
        let sql = "SELECT tableoid::regclass::text AS told FROM audit.entries ORDER BY recorded_at DESC LIMIT 1";
        let partition = outside.told(sql).await;
        let sql = "SELECT pg_get_expr(relpartbound, oid) AS told FROM pg_class WHERE oid = ";
        let bounds = outside.told(&format!("{sql}'{partition}'::regclass")).await;
        // the file is swapped before anybody else can see the table: whoever had opened it would write on
        outside
            .run(&format!(
                "BEGIN; ALTER TABLE audit.entries DETACH PARTITION {partition}; \
                 CREATE TABLE audit.entries_full PARTITION OF audit.entries {bounds}; CHECKPOINT"
            ))
            .await;
        let sql =
            "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('audit.entries_full') AS told";
        let file = outside.told(sql).await;
        std::fs::rename(&file, format!("{file}.kept")).unwrap();
        std::os::unix::fs::symlink("/dev/full", &file).unwrap();
        outside.run("COMMIT").await;
        Self { partition, bounds, file }
    }

    pub(super) async fn end(self, outside: &mut Outside) {
        let Self { partition, bounds, file } = self;
        std::fs::rename(format!("{file}.kept"), &file).unwrap();
        outside
            .run(&format!(
                "BEGIN; DROP TABLE audit.entries_full; \
                 ALTER TABLE audit.entries ATTACH PARTITION {partition} {bounds}; COMMIT"
            ))
            .await;
    }
}

/// Keeps a batcher's queue full whose database says nothing.
pub(super) struct FullQueue(JoinHandle<()>);

impl FullQueue {
    pub(super) async fn begin(batcher: &Batcher) -> Self {
        static METHOD: Method = Method {
            path: "/nobody.waits/ForThis",
            permission: Permission::Public,
            phi: PhiUse::None,
            mutates: false,
            streams: false,
        };
        let facts = Arc::new(Facts {
            request_id: "filler".to_owned(),
            method: &METHOD,
            peer: None,
            certificate: None,
            deadline: Instant::now() + Duration::from_secs(60),
            clock: Clock::system(),
            page_key: TokenKey::new(b"none"),
            entries: 0.into(),
        });
        let record = {
            let batcher = batcher.clone();
            move || {
                let (batcher, facts) = (batcher.clone(), Arc::clone(&facts));
                async move { batcher.record(Entry::anonymous(&facts, Action::Auth, "token")).await.unwrap_err() }
            }
        };
        let refused = join_all((0..ENTRIES).map(|_| record())).await;
        assert!(refused.iter().any(|failure| failure.source().is_some()), "the queue takes everything");
        #[expect(clippy::disallowed_methods, reason = "ended by the end of the fault")]
        let filling = tokio::spawn(async move {
            loop {
                // more than is taken out meanwhile; most are refused at once
                join_all((0..200).map(|_| record())).await;
                sleep(Duration::from_millis(5)).await;
            }
        });
        Self(filling)
    }

    pub(super) fn end(self) {
        self.0.abort();
    }
}
