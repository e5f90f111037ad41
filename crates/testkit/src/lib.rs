//! Throw-away databases, ready-made callers and made-up data for tests.

pub mod db;
pub mod proxy;

pub use db::TestDb;
