//! Throw-away databases, ready-made callers and made-up data for tests.

pub mod cluster;
pub mod db;
pub mod proxy;

pub use cluster::TestCluster;
pub use db::TestDb;
