//! One throw-away cluster for all tests of this file, one database for each, copied from a migrated template.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use schema::embedded::{Cluster, Mode, Options};
use schema::migrate;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

const PREFIX: &str = "claims-schema-test-";

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let options = Options::default();
    // statics are never dropped: what earlier runs left is removed by the next one
    for entry in fs::read_dir(&options.temp_dir).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let _alive = Cluster::discard(&entry.path(), &options);
        }
    }
    let dir: PathBuf = Path::new(&options.temp_dir).join(format!("{PREFIX}{}", std::process::id()));
    Cluster::start(&dir, Mode::Throwaway).unwrap()
});
static TEMPLATE: OnceCell<()> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A database of this test's own.
pub(crate) struct Database {
    name: String,
}

impl Database {
    /// With roles, but before the first migration.
    pub(crate) async fn empty() -> Self {
        let name = format!("empty_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        prepare(&name).await;
        Self { name }
    }

    /// With all migrations.
    pub(crate) async fn migrated() -> Self {
        TEMPLATE
            .get_or_init(async || {
                prepare("template_claims").await;
                migrate::run(&CLUSTER.url("claims_migrator", "template_claims")).await.unwrap();
            })
            .await;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let copy = format!("CREATE DATABASE {name} TEMPLATE template_claims STRATEGY = FILE_COPY OWNER claims_owner");
        CLUSTER.superuser().await.unwrap().batch_execute(&copy).await.unwrap();
        Self { name }
    }

    #[expect(clippy::disallowed_methods, reason = "these tests look at the database from outside of any tenant")]
    pub(crate) async fn connect(&self, role: &str) -> AsyncPgConnection {
        AsyncPgConnection::establish(&CLUSTER.url(role, &self.name)).await.unwrap()
    }
}

impl Database {
    /// A connection past diesel, which neither speaks COPY nor tells what a refusal's detail is.
    #[expect(clippy::disallowed_methods, reason = "the connection ends with its client")]
    pub(crate) async fn client(&self, role: &str) -> Client {
        let (client, connection) = tokio_postgres::connect(&CLUSTER.url(role, &self.name), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

async fn prepare(name: &str) {
    // roles belong to the cluster: two tests that make them at once get in each other's way
    static ONE_BY_ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = ONE_BY_ONE.lock().await;
    CLUSTER.prepare(name).await.unwrap();
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The rows of a query with one text column, called `line`.
pub(crate) async fn lines(conn: &mut AsyncPgConnection, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(sql).load(conn).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    rows.into_iter().map(|row| row.line).collect()
}

/// The one row of such a query.
pub(crate) async fn line(conn: &mut AsyncPgConnection, sql: &str) -> String {
    let mut rows = lines(conn, sql).await;
    assert_eq!(rows.len(), 1, "{sql}");
    rows.remove(0)
}

pub(crate) async fn run(conn: &mut AsyncPgConnection, sql: &str) {
    conn.batch_execute(sql).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
}

/// The message of the error that the statement must end with.
pub(crate) async fn refused(conn: &mut AsyncPgConnection, sql: &str) -> String {
    match conn.batch_execute(sql).await {
        Ok(()) => panic!("was not refused: {sql}"),
        Err(error) => error.to_string(),
    }
}
