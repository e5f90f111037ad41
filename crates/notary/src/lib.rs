//! What makes the audit log trustworthy to outsiders: signed checkpoints of it, and the check that it still agrees.

pub mod exporter;
pub mod keys;
pub mod store;
pub mod verify;
