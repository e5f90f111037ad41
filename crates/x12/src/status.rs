//! Whether a partner took the claims that we sent: 277CA, the claim acknowledgment (005010X214).

mod model;
mod reader;
mod write;

#[cfg(test)]
mod tests;

use std::io::Read;

use serde::Serialize;

pub use model::{Action, Batch, Claim, Line, Organization, Provider, Status, StatusCode, Tally};
pub use reader::Reader;
pub use write::Writer;

use crate::sets::Sets;

/// ST03 and GS08 say 277CA by this; other 277 have other numbers.
pub const VERSION: &str = "005010X214";

/// What a 277CA consists of, in this order: the batch, then providers and claims.
///
/// The status of a batch or a provider is about that as a whole and must not be taken for that of its claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Loops 2000A and 2000B.
    Batch(Box<Batch>),
    /// Loop 2000C, which some leave out.
    Provider(Box<Provider>),
    /// Loop 2000D with its lines.
    Claim(Box<Claim>),
}

/// Reads a file of 277CA sets as it is asked for; sets of other kinds are told to be broken.
pub fn read<R: Read>(source: R) -> Sets<R, Reader> {
    Sets::new(source)
}
