//! Monthly partitions of what only grows, made ahead at start-up and hourly; a default partition catches what is missing.

use diesel_async::RunQueryDsl;

use crate::db::Db;
use crate::error::Result;

/// Makes this month's partitions and the next two, if they are not there.
///
/// # Errors
/// The database's.
pub async fn make_ahead(db: &Db) -> Result<()> {
    let mut conn = db.directory().await?;
    diesel::sql_query("SELECT ops.make_partitions(2)").execute(&mut conn).await?;
    Ok(())
}
