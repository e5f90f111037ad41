//! The audit trail: every access to PHI is on record before the data leaves, or it does not happen.
//!
//! Services reach their data through the [`Vault`]: a read is answered once its entry is durable, a change
//! carries its entry in the same transaction. There is no third way.

pub mod batcher;
mod body;
pub mod chain;
pub mod denials;
pub mod entry;
mod fields;
mod held;
pub mod merkle;
pub mod note;
pub mod seal;
pub mod standing;
mod store;
pub mod trail;
pub mod vault;

pub use batcher::Batcher;
pub use denials::Denials;
pub use entry::{Action, Entry, Outcome};
pub use seal::MacKeys;
pub use standing::Standing;
pub use store::{append, heads};
pub use trail::export::Exports;
pub use trail::service::Trail;
pub use vault::{Change, Vault};
