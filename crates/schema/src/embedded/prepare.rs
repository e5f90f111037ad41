//! Gives a fresh cluster what an operator gives a production one: the roles, and a database.
use diesel::dsl::{select, sql};
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::{Cluster, Error};

/// The script the operator runs; it may be run again at any time.
const ROLES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/roles.sql"));

impl Cluster {
    /// Applies the role set-up, and makes the database, owned by `claims_owner`, if there is none of that name.
    ///
    /// # Errors
    /// The database is down or refuses a statement.
    pub async fn prepare(&self, database: &str) -> Result<(), Error> {
        let mut connection = self.superuser().await?;
        connection.batch_execute(ROLES).await?;
        let exists = sql::<Bool>("EXISTS (SELECT FROM pg_database WHERE datname = ").bind::<Text, _>(database).sql(")");
        if !select(exists).get_result::<bool>(&mut connection).await? {
            let name = database.replace('"', "\"\"");
            connection.batch_execute(&format!("CREATE DATABASE \"{name}\" OWNER claims_owner")).await?;
        }
        Ok(())
    }

    /// A connection as `postgres`, for what only the operator may do.
    ///
    /// # Errors
    /// The database is down.
    #[expect(clippy::disallowed_methods, reason = "roles and databases are made outside of any pool or tenant")]
    pub async fn superuser(&self) -> Result<AsyncPgConnection, Error> {
        Ok(AsyncPgConnection::establish(&self.url("postgres", "postgres")).await?)
    }
}
