//! X12 as this system speaks it: the 837P claim file out, and TA1, 999, 277CA and 835 back.
//!
//! Pure: bytes in, documents out, and the other way. Nothing here knows a database, a clock or a practice.

pub mod acknowledgment;
pub mod amount;
pub mod claim;
pub mod code;
pub mod document;
pub mod emit;
pub mod envelope;
pub mod error;
mod field;
pub mod interchange;
pub mod npi;
pub mod party;
pub mod procedure;
pub mod quantity;
pub mod remittance;
pub mod segment;
pub mod sets;
pub mod status;
#[cfg(test)]
mod testing;
pub mod value;
pub mod violation;

pub use error::{Error, Fault};
pub use segment::{Position, Segment};
pub use sets::{Event, ReadSet, Sets};
