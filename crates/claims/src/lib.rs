//! Claims: drafting, the scrubber's rules, lifecycle, submission, payer responses, `ClearinghouseService`.

pub mod adjudication;
pub mod amount;
pub mod codes;
pub mod lifecycle;
pub mod number;
pub mod rules;
pub mod snapshot;
