//! Throw-away databases, ready-made callers and made-up data for tests.

pub mod adapter;
pub mod caller;
pub mod db;
pub mod plan;
pub mod proxy;

pub use adapter::Adapter;
pub use caller::Caller;
pub use db::TestDb;
