//! What must be true of the database before a server may use it.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;

use crate::db::Db;
use crate::error::Result;

/// Why a database is not fit to serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the role {0} is a superuser: log in as claims_app, which row-level security binds")]
    Superuser(String),
    #[error("the role {0} bypasses row-level security: log in as claims_app")]
    BypassesRls(String),
    #[error("the role {0} owns tables: log in as claims_app, which owns nothing")]
    OwnsTables(String),
    #[error("{0} is off: an answered request could be lost; switch it on")]
    Volatile(&'static str),
    #[error("the schema is not there: run `claimsd migrate` first")]
    NotMigrated,
}

#[derive(QueryableByName)]
struct Facts {
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Bool)]
    superuser: bool,
    #[diesel(sql_type = Bool)]
    bypasses: bool,
    #[diesel(sql_type = Bool)]
    owns: bool,
    #[diesel(sql_type = Bool)]
    migrated: bool,
    #[diesel(sql_type = Text)]
    fsync: String,
    #[diesel(sql_type = Text)]
    full_page_writes: String,
    #[diesel(sql_type = Text)]
    synchronous_commit: String,
}

const QUERY: &str = "SELECT r.rolname::text AS role, r.rolsuper AS superuser, r.rolbypassrls AS bypasses, \
     EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%') AS owns, \
     to_regclass('ops.requests') IS NOT NULL AS migrated, \
     current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes, \
     current_setting('synchronous_commit') AS synchronous_commit \
   FROM pg_roles r WHERE r.rolname = current_user";

/// Everything that is unfit about the database and the role that `db` logs in as; empty when it may serve.
///
/// `durable` is false only under the explicit development flag: then settings that can lose an answered request
/// are let pass.
///
/// # Errors
/// When the database can't be asked.
pub async fn unfit(db: &Db, durable: bool) -> Result<Vec<Unfit>> {
    let mut conn = db.directory().await?;
    let facts: Facts = diesel::sql_query(QUERY).get_result(&mut conn).await?;
    let Facts { role, superuser, bypasses, owns, migrated, fsync, full_page_writes, synchronous_commit } = facts;
    let mut found = Vec::new();
    if superuser {
        found.push(Unfit::Superuser(role.clone()));
    }
    if bypasses {
        found.push(Unfit::BypassesRls(role.clone()));
    }
    if owns {
        found.push(Unfit::OwnsTables(role));
    }
    if !migrated {
        found.push(Unfit::NotMigrated);
    }
    if durable {
        let volatile =
            [("fsync", fsync), ("full_page_writes", full_page_writes), ("synchronous_commit", synchronous_commit)];
        found.extend(volatile.into_iter().filter(|(_, value)| value == "off").map(|(name, _)| Unfit::Volatile(name)));
    }
    Ok(found)
}
