//! Logging in, choosing a practice, and the credentials of other services.

mod certificate;
mod credential;
mod password;
pub mod service;
mod session;
mod suspend;
mod totp;
mod who;

use std::sync::Arc;

use audit::Vault;

use crate::directory::Directory;
use crate::password::Passwords;

/// Serves log-ins, service accounts and tokens. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Auth(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    vault: Vault,
    directory: Directory,
    passwords: Passwords,
}

impl Auth {
    #[must_use]
    pub fn new(vault: Vault, directory: Directory, passwords: Passwords) -> Self {
        Self(Arc::new(Inner { vault, directory, passwords }))
    }
}
