//! The database as Rust sees it: tables, pool, tenant transaction, migrations, embedded PostgreSQL.

pub mod tables;
