//! What streams ask again and again, since they outlive the decision that let them in.

use std::fmt;

use futures_util::future::BoxFuture;
use kernel::{Failure, Scope};

/// Tells whether the caller may still do, in that practice, what the call is for.
pub trait Standing: fmt::Debug + Send + Sync {
    /// # Errors
    /// When the credential is no longer good, the caller may no longer, or nobody can tell.
    fn check<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<(), Failure>>;
}
