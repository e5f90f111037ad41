//! Reference data that the operator loads as files. It is checked before it comes here.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::error::{Error, Result};
use crate::link::Link;

/// What became of the rows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct Loaded {
    /// Rows that were not there.
    #[diesel(sql_type = BigInt)]
    pub new: i64,
    /// Rows that were there and said something else.
    #[diesel(sql_type = BigInt)]
    pub changed: i64,
    #[diesel(sql_type = BigInt)]
    pub unchanged: i64,
}

/// What `claims.payers_load` will make of the rows, with its own defaults.
const COMPARE_PAYERS: &str = "
    SELECT count(*) FILTER (WHERE p.id IS NULL) AS new,
           count(*) FILTER (WHERE p.id IS NOT NULL AND NOT same.payer) AS changed,
           count(*) FILTER (WHERE same.payer) AS unchanged
    FROM jsonb_to_recordset($1::jsonb) AS r(payer_id text, name text, filing_indicator text, valid_from date, valid_to date,
           needs_group_number boolean, timely_filing_days integer, telehealth_pos text, telehealth_modifier text)
    LEFT JOIN claims.payers p ON p.id = r.payer_id
    LEFT JOIN claims.payer_profiles f ON f.payer_id = r.payer_id AND f.valid_from = r.valid_from
    CROSS JOIN LATERAL (SELECT p.id IS NOT NULL AND f.payer_id IS NOT NULL AND
      (p.name, p.filing_indicator, p.valid_from, p.valid_to, f.valid_to, f.needs_group_number, f.timely_filing_days,
       f.telehealth_pos, f.telehealth_modifier) IS NOT DISTINCT FROM
      (r.name, r.filing_indicator, r.valid_from, r.valid_to, r.valid_to, coalesce(r.needs_group_number, false),
       coalesce(r.timely_filing_days, 90), r.telehealth_pos, r.telehealth_modifier) AS payer) AS same";

/// Loads or refreshes payers with their profiles from a JSON array (its form: see `claims.payers_load`): all of it or
/// nothing.
///
/// `url` must log in as `claims_migrator`: to the application, reference data is read-only.
///
/// # Errors
/// When the database can't be reached, or the content is not of that form.
pub async fn load_payers(url: &str, json: &str) -> Result<Loaded> {
    let mut conn = Link::parse(url)?.connect().await.map_err(|e| Error::Unreachable(Box::new(e)))?;
    // the transaction ends with the connection when a statement fails
    conn.batch_execute("BEGIN; SET LOCAL ROLE claims_owner; LOCK TABLE claims.payers IN SHARE ROW EXCLUSIVE MODE")
        .await?;
    let loaded = load(&mut conn, COMPARE_PAYERS, "SELECT claims.payers_load($1::jsonb)", json).await?;
    conn.batch_execute("COMMIT").await?;
    Ok(loaded)
}

async fn load(conn: &mut AsyncPgConnection, compare: &str, load: &str, json: &str) -> Result<Loaded> {
    let loaded = diesel::sql_query(compare).bind::<Text, _>(json).get_result(conn).await?;
    diesel::sql_query(load).bind::<Text, _>(json).execute(conn).await?;
    Ok(loaded)
}
