//! The database as Rust sees it: tables, pool, tenant transaction, migrations, embedded PostgreSQL.
//!
//! Nothing else opens connections or transactions; nothing here knows what the tables mean.

pub mod db;
pub mod embedded;
pub mod error;
pub mod idempotency;
pub mod json;
pub mod link;
pub mod migrate;
pub mod partitions;
pub mod preflight;
pub mod reference;
pub mod sql;
pub mod tables;
pub mod tx;

pub use db::{Db, Outcome, Written};
pub use error::{Error, Explain, Refused, Result};
pub use idempotency::{Once, Stored};
pub use json::Json;
pub use sql::{Cached, Fixed};
pub use tx::{Stage, Step, Tx};
