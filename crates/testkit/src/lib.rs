//! Throw-away databases, ready-made callers and made-up data for tests.
