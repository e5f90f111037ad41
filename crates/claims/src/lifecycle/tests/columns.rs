//! The machine's tables are those of the database: its catalog is asked, not our migration's text.

use std::collections::BTreeSet;

use diesel::sql_types::Text;
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use testkit::TestDb;

use crate::lifecycle::{ALLOWED_PAIRS, Disposition, PayerState, Status};

#[derive(QueryableByName)]
struct Pair {
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    payer_state: String,
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

#[expect(clippy::disallowed_methods, reason = "the catalog is read as nobody of ours")]
async fn connect(db: &TestDb) -> AsyncPgConnection {
    AsyncPgConnection::establish(&db.url_as("postgres")).await.unwrap()
}

async fn values(connection: &mut AsyncPgConnection, sql: &str) -> BTreeSet<String> {
    sql_query(sql).load::<Value>(connection).await.unwrap().into_iter().map(|row| row.value).collect()
}

/// The texts that a constraint of `claims.claims` names.
async fn named_in(connection: &mut AsyncPgConnection, constraint: &str) -> BTreeSet<String> {
    let sql = format!(
        "SELECT m[1] AS value FROM pg_constraint, \
         regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''::text', 'g') AS m \
         WHERE conrelid = 'claims.claims'::regclass AND conname = '{constraint}'"
    );
    values(connection, &sql).await
}

fn texts(all: impl Iterator<Item = &'static str>) -> BTreeSet<String> {
    all.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_columns_take_exactly_the_values_of_the_enums() {
    let db = TestDb::new().await;
    let mut connection = connect(&db).await;
    let status = texts(Status::ALL.iter().map(|value| value.as_str()));
    assert_eq!(named_in(&mut connection, "claims_status_check").await, status);
    let disposition = texts(Disposition::ALL.iter().map(|value| value.as_str()));
    assert_eq!(named_in(&mut connection, "claims_disposition_check").await, disposition);
    let both = texts(PayerState::ALL.iter().map(|value| value.as_str())).union(&status).cloned().collect();
    assert_eq!(named_in(&mut connection, "claims_payer_state_check").await, both);
}

#[tokio::test]
async fn the_database_allows_exactly_the_pairs_of_the_machine() {
    let db = TestDb::new().await;
    let mut connection = connect(&db).await;
    let sql = "SELECT pg_get_expr(conbin, conrelid) AS value FROM pg_constraint \
               WHERE conrelid = 'claims.claims'::regclass AND conname = 'claims_payer_state_check'";
    let condition = values(&mut connection, sql).await.pop_first().unwrap();
    let array = |all: BTreeSet<String>| format!("ARRAY['{}']", all.into_iter().collect::<Vec<_>>().join("','"));
    let statuses = array(texts(Status::ALL.iter().map(|value| value.as_str())));
    let payer_states = array(texts(PayerState::ALL.iter().map(|value| value.as_str())));
    let sql = format!(
        "SELECT status, payer_state FROM unnest({statuses}) AS status, unnest({payer_states}) AS payer_state WHERE {condition}"
    );
    let pairs = sql_query(sql).load::<Pair>(&mut connection).await.unwrap();
    let in_database: BTreeSet<_> = pairs.into_iter().map(|pair| (pair.status, pair.payer_state)).collect();
    let in_machine: BTreeSet<_> = ALLOWED_PAIRS
        .iter()
        .flat_map(|(status, states)| states.iter().map(|state| (status.to_string(), state.to_string())))
        .collect();
    assert_eq!(in_database, in_machine);
}
