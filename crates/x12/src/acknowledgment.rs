//! Whether a partner could read what we sent: TA1 of an interchange, 999 of its groups and sets.
//!
//! Both are about syntax only. Neither says anything about what a payer will do with a claim.

mod interchange;

pub use interchange::{InterchangeAcknowledgment, Verdict};
