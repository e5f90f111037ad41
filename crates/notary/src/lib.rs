//! What makes the audit log trustworthy to outsiders: signed checkpoints of it, files of it, and the check that all agree.

pub mod archive;
pub mod export;
pub mod exporter;
pub mod keys;
pub mod retain;
pub mod store;
pub mod verify;
