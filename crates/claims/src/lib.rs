//! Claims: drafting, the scrubber's rules, lifecycle, submission, payer responses, ClearinghouseService.
