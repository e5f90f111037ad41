//! Etags: the row's version, as text. A request that carries one must match the row as it is now.

use crate::error::{Code, Failure};
use crate::violations::Violations;

/// The etag of a row.
#[must_use]
pub fn of(version: i64) -> String {
    version.to_string()
}

/// The version that a request expects; an empty etag expects none.
pub fn expected(v: &mut Violations, field: &str, etag: &str) -> Option<i64> {
    if etag.is_empty() {
        return None;
    }
    match etag.parse::<i64>() {
        Ok(version) if version > 0 => Some(version),
        _ => {
            v.add(field, "must be the etag of an earlier answer, unchanged");
            None
        }
    }
}

/// Like [`expected`], for updates that must not be blind.
pub fn required(v: &mut Violations, field: &str, etag: &str) -> Option<i64> {
    if etag.is_empty() {
        v.add(field, "is required: send the etag of the version that you read");
    }
    expected(v, field, etag)
}

/// The row has moved on since the caller read it.
#[must_use]
pub fn mismatch() -> Failure {
    Failure::new(Code::Aborted, "ETAG_MISMATCH", "the resource has changed since it was read; read it again")
}

/// Compares what the caller expects with the row.
///
/// # Errors
/// `ABORTED / ETAG_MISMATCH`.
pub fn check(expected: Option<i64>, actual: i64) -> Result<(), Failure> {
    match expected {
        Some(version) if version != actual => Err(mismatch()),
        Some(_) | None => Ok(()),
    }
}
