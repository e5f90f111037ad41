//! Claims: drafting, the scrubber's rules, lifecycle, submission, payer responses, `ClearinghouseService`.

pub mod amount;
pub mod codes;
pub mod lifecycle;
pub mod rules;
pub mod snapshot;
