//! Reference data that the operator loads as files.

use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use crate::error::{Error, Result};

/// Loads or refreshes payers with their profiles from a JSON array (its form: see `claims.payers_load`).
///
/// `url` must log in as `claims_migrator`: to the application, reference data is read-only.
///
/// # Errors
/// When the database can't be reached, or the content is not of that form.
#[expect(clippy::disallowed_methods, reason = "a connection of its own role, for one statement")]
pub async fn load_payers(url: &str, json: &str) -> Result<()> {
    let mut conn = AsyncPgConnection::establish(url).await.map_err(|e| Error::Unreachable(Box::new(e)))?;
    diesel::sql_query("SET ROLE claims_owner").execute(&mut conn).await?;
    diesel::sql_query("SELECT claims.payers_load($1::jsonb)").bind::<Text, _>(json).execute(&mut conn).await?;
    Ok(())
}
