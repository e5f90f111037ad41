//! Typed stubs.
