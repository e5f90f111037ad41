//! How PostgreSQL would run a statement, for tests that every list is entered through an index.
#![expect(clippy::expect_used, reason = "a test may stop at the first surprise")]
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kernel::page::PageKey;
use kernel::{PageRequest, PracticeId, Scope, Violations};
use schema::Db;

use crate::TestDb;

/// The plan of a statement with its real parameters.
struct Explained<Q>(Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Explained<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("EXPLAIN (COSTS OFF) ");
        self.0.walk_ast(out)
    }
}
impl<Q> QueryId for Explained<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<Q> Query for Explained<Q> {
    type SqlType = Text;
}

/// Makes the n-th id of a kind out of numbers, in `SQL` that fills tables: `pg_temp.nth(kind, n)`.
const NTH: &str = "
SET session_replication_role = replica;
CREATE OR REPLACE FUNCTION pg_temp.nth(kind int, n int) RETURNS uuid LANGUAGE sql IMMUTABLE
  AS $$ SELECT format('0000000%s-0000-7000-8000-%s', kind, lpad(n::text, 12, '0'))::uuid $$;
";

/// The id that `pg_temp.nth` makes of the same numbers.
#[must_use]
pub fn nth<K>(kind: u32, n: u32) -> kernel::Id<K> {
    format!("0000000{kind}-0000-7000-8000-{n:012}").parse().unwrap_or(kernel::Id::NIL)
}

/// Runs `sql`, in which `$P` stands for a practice, for each of the practices. Rows need no others to refer to.
///
/// # Panics
/// When the database refuses.
#[expect(clippy::disallowed_methods, reason = "fills the tables from outside")]
pub async fn fill(db: &TestDb, practices: &[PracticeId], sql: &str) {
    let mut outside = AsyncPgConnection::establish(&db.url_as("postgres")).await.expect("the test cluster answers");
    for practice in practices {
        let sql = format!("{NTH}{}", sql.replace("$P", &format!("'{practice}'")));
        outside.batch_execute(&sql).await.expect("the rows are good");
    }
}

/// The first page.
#[must_use]
pub fn page(scope: &Scope) -> PageRequest {
    scope.page(&mut Violations::new(), 50, "", &())
}

/// The page after that key.
#[must_use]
pub fn page_after<K: PageKey + Copy>(scope: &Scope, key: K) -> PageRequest {
    let first = scope.page(&mut Violations::new(), 1, "", &());
    let token = first.page(vec![(), ()], |()| key).next_page_token;
    scope.page(&mut Violations::new(), 50, &token, &())
}

/// The plan of a statement in that scope, under row-level security.
///
/// # Panics
/// When the database refuses.
pub async fn plan<Q: QueryFragment<Pg> + Send>(db: &Db, scope: &Scope, query: Q) -> String {
    let plan = db.read(scope, async |tx| {
        let lines = Explained(query).load::<String>(&mut tx.conn()).await.map_err(schema::Error::from)?;
        Ok(lines.join("\n"))
    });
    plan.await.expect("the statement is good")
}

/// Asserts that the plan enters a table by an index on these columns, and none without one.
///
/// # Panics
/// When it does not.
#[track_caller]
pub fn assert_enters(plan: &str, columns: &[&str]) {
    assert!(!plan.contains("Seq Scan"), "{plan}");
    let named = |condition: &str| columns.iter().all(|column| condition.contains(&format!("({column} ")));
    let mut conditions = plan.lines().filter(|line| line.contains("Index Cond:"));
    assert!(conditions.any(named), "{columns:?} in:\n{plan}");
}

/// Asserts that the index gives the rows in order, so that a page costs as much as it is long.
///
/// # Panics
/// When it does not.
#[track_caller]
pub fn assert_in_order(plan: &str) {
    assert!(!plan.contains("Sort"), "{plan}");
}
