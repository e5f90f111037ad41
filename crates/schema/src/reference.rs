//! Reference data that the operator loads as files. It is checked before it comes here.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::error::{Error, Result};
use crate::link::Link;
use crate::tables::claims::reference_releases;

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

/// A file, as it is written down.
#[derive(Debug, Clone, Copy)]
pub struct NewRelease<'a> {
    pub kind: &'a str,
    pub name: &'a str,
    /// First date of service that it is for; for all when there is none.
    pub valid_from: Option<NaiveDate>,
    pub row_count: i32,
    /// SHA-256.
    pub file_hash: &'a [u8],
    /// The checked rows; none for payers.
    pub content: Option<&'a str>,
}

/// A release that was loaded, without its rows.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = reference_releases, check_for_backend(diesel::pg::Pg))]
pub struct Release {
    pub id: i64,
    pub kind: String,
    pub name: String,
    pub valid_from: Option<NaiveDate>,
    pub row_count: i32,
    pub file_hash: Vec<u8>,
    pub loaded_at: DateTime<Utc>,
}

/// What became of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    New(i64),
    /// The newest of its kind and day has the same file.
    Unchanged(i64),
    /// Another file came under this name.
    NameTaken,
}

/// What `claims.payers_load` will make of the rows.
const COMPARE_PAYERS: &str = "
    WITH wanted AS MATERIALIZED (
           SELECT f.payer_id, jsonb_agg(to_jsonb(f) - 'updated_at' ORDER BY f.valid_from) AS profiles
           FROM claims.payer_profiles_of($1::jsonb) f GROUP BY f.payer_id),
         kept AS MATERIALIZED (
           SELECT f.payer_id, jsonb_agg(to_jsonb(f) - 'updated_at' ORDER BY f.valid_from) AS profiles
           FROM claims.payer_profiles f GROUP BY f.payer_id)
    SELECT count(*) FILTER (WHERE p.id IS NULL) AS new,
           count(*) FILTER (WHERE p.id IS NOT NULL AND NOT same.payer) AS changed,
           count(*) FILTER (WHERE same.payer) AS unchanged
    FROM jsonb_to_recordset($1::jsonb) AS r(payer_id text, name text, filing_indicator text, valid_from date, valid_to date)
    LEFT JOIN claims.payers p ON p.id = r.payer_id
    LEFT JOIN wanted ON wanted.payer_id = r.payer_id
    LEFT JOIN kept ON kept.payer_id = r.payer_id
    CROSS JOIN LATERAL (SELECT p.id IS NOT NULL AND (p.name, p.filing_indicator, p.valid_from, p.valid_to, kept.profiles)
      IS NOT DISTINCT FROM (r.name, r.filing_indicator, r.valid_from, r.valid_to, wanted.profiles) AS payer) AS same";

/// Loads or refreshes payers with their profiles from a JSON array (its form: see `claims.payers_load`): all of it or
/// nothing. A file that changes something is written down as a release.
///
/// `url` must log in as `claims_migrator`: to the application, reference data is read-only.
///
/// # Errors
/// When the database can't be reached, or the content is not of that form.
pub async fn load_payers(url: &str, json: &str, release: &NewRelease<'_>) -> Result<Loaded> {
    let mut conn = begin(url).await?;
    let loaded: Loaded = diesel::sql_query(COMPARE_PAYERS).bind::<Text, _>(json).get_result(&mut conn).await?;
    diesel::sql_query("SELECT claims.payers_load($1::jsonb)").bind::<Text, _>(json).execute(&mut conn).await?;
    if loaded.new + loaded.changed > 0 {
        insert(&mut conn, release).await?;
    }
    conn.batch_execute("COMMIT").await?;
    Ok(loaded)
}

/// What `claims.trading_partners_load` will make of the rows.
const COMPARE_PARTNERS: &str = "
    SELECT count(*) FILTER (WHERE p.id IS NULL) AS new,
           count(*) FILTER (WHERE p.id IS NOT NULL AND NOT same.partner) AS changed,
           count(*) FILTER (WHERE same.partner) AS unchanged
    FROM jsonb_array_elements($1::jsonb) AS r(wanted)
    LEFT JOIN claims.trading_partners p ON p.id = r.wanted ->> 'id'
    CROSS JOIN LATERAL (SELECT p.id IS NOT NULL AND to_jsonb(p) @> (r.wanted - 'payer_ids') AND NOT EXISTS (
      SELECT FROM jsonb_array_elements_text(coalesce(r.wanted -> 'payer_ids', '[]')) AS payer(id)
      WHERE NOT EXISTS (SELECT FROM claims.payer_routes t WHERE t.payer_id = payer.id AND t.trading_partner_id = p.id)) AS partner) AS same";

/// Loads or refreshes trading partners with the payers routed to them, as [`load_payers`] does payers (the form: see
/// `claims.trading_partners_load`).
///
/// # Errors
/// When the database can't be reached, or the content is not of that form.
pub async fn load_trading_partners(url: &str, json: &str, release: &NewRelease<'_>) -> Result<Loaded> {
    let mut conn = begin(url).await?;
    let loaded: Loaded = diesel::sql_query(COMPARE_PARTNERS).bind::<Text, _>(json).get_result(&mut conn).await?;
    diesel::sql_query("SELECT claims.trading_partners_load($1::jsonb)")
        .bind::<Text, _>(json)
        .execute(&mut conn)
        .await?;
    if loaded.new + loaded.changed > 0 {
        insert(&mut conn, release).await?;
    }
    conn.batch_execute("COMMIT").await?;
    Ok(loaded)
}

/// Adds a release of a code table, unless it is there already.
///
/// `url` must log in as `claims_migrator`.
///
/// # Errors
/// When the database can't be reached.
pub async fn add(url: &str, release: &NewRelease<'_>) -> Result<Added> {
    use reference_releases as r;
    let mut conn = begin(url).await?;
    let named: Vec<Vec<u8>> = r::table
        .filter(r::kind.eq(release.kind))
        .filter(r::name.eq(release.name))
        .select(r::file_hash)
        .load(&mut conn)
        .await?;
    if named.iter().any(|hash| hash != release.file_hash) {
        return Ok(Added::NameTaken);
    }
    let newest: Option<(i64, Vec<u8>)> = r::table
        .filter(r::kind.eq(release.kind))
        .filter(r::valid_from.is_not_distinct_from(release.valid_from))
        .order(r::id.desc())
        .select((r::id, r::file_hash))
        .first(&mut conn)
        .await
        .optional()?;
    if let Some((id, hash)) = newest
        && hash == release.file_hash
    {
        return Ok(Added::Unchanged(id));
    }
    let id = insert(&mut conn, release).await?;
    conn.batch_execute("COMMIT").await?;
    Ok(Added::New(id))
}

/// Every release, oldest first.
///
/// # Errors
/// When the database can't be reached.
pub async fn releases(url: &str) -> Result<Vec<Release>> {
    let mut conn = begin(url).await?;
    Ok(reference_releases::table.order(reference_releases::id).select(Release::as_select()).load(&mut conn).await?)
}

/// A transaction that ends with the connection unless it is committed. Loads come one after the other, so that a
/// release's number tells which ones were there before it.
async fn begin(url: &str) -> Result<AsyncPgConnection> {
    let mut conn = Link::parse(url)?.connect().await.map_err(|e| Error::Unreachable(Box::new(e)))?;
    conn.batch_execute(
        "BEGIN; SET LOCAL ROLE claims_owner; LOCK TABLE claims.reference_releases IN SHARE ROW EXCLUSIVE MODE",
    )
    .await?;
    Ok(conn)
}

async fn insert(conn: &mut AsyncPgConnection, release: &NewRelease<'_>) -> Result<i64> {
    use reference_releases as r;
    let NewRelease { kind, name, valid_from, row_count, file_hash, content } = *release;
    Ok(diesel::insert_into(r::table)
        .values((
            r::kind.eq(kind),
            r::name.eq(name),
            r::valid_from.eq(valid_from),
            r::row_count.eq(row_count),
            r::file_hash.eq(file_hash),
            r::content.eq(content),
        ))
        .returning(r::id)
        .get_result(conn)
        .await?)
}
