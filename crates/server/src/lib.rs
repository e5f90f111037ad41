//! claimsd: configuration, layers, composition and the command line.
//!
//! Nothing but this crate reads the environment, and nothing here knows a table or a rule.

pub mod access;
pub mod app;
pub mod caller;
pub mod command;
pub mod config;
pub mod console;
pub mod founder;
pub mod grants;
pub mod import;
pub mod methods;
pub mod payer;
pub mod reference;
pub mod services;
pub mod telemetry;
pub mod upkeep;
pub mod verify;
pub mod workload;
