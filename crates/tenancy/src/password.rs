//! Passwords: argon2id, in few threads at a time, since each one takes its memory and a core.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use kernel::Failure;
use rand::TryRng as _;
use rand::rngs::SysRng;
use tokio::sync::Semaphore;

/// How long a caller waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Cost {
    /// The first choice of the OWASP password storage cheat sheet.
    pub const OWASP: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// For tests and made-up users; guards nothing.
    pub const CHEAP: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };
}

/// Hashes and verifies passwords. Cheap to clone.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    argon: Argon2<'static>,
    /// The hash of a password that nobody knows, for users that don't exist.
    nobody: String,
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl Passwords {
    /// `at_once` hashes are computed at the same time; the others wait.
    ///
    /// # Errors
    /// When the cost is out of argon2's bounds.
    pub fn new(cost: Cost, at_once: usize) -> Result<Self, Failure> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(Failure::internal)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut unknown = [0; 32];
        SysRng.try_fill_bytes(&mut unknown).map_err(Failure::internal)?;
        let nobody = hash(&argon, &unknown)?;
        Ok(Self(Arc::new(Inner { argon, nobody, turns: Arc::new(Semaphore::new(at_once)), patience: PATIENCE })))
    }

    /// The PHC string to be stored.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too many others wait.
    pub async fn hash(&self, password: String) -> Result<String, Failure> {
        self.in_turn(move |inner| hash(&inner.argon, password.as_bytes())).await
    }

    /// Compares with the stored PHC string. Without one it takes the same time and answers false.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too many others wait; `INTERNAL` when the stored text is no PHC string.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Failure> {
        self.in_turn(move |inner| {
            let is_known = stored.is_some();
            let stored = stored.as_deref().unwrap_or(&inner.nobody);
            let parsed = PasswordHash::new(stored).map_err(Failure::internal)?;
            Ok(inner.argon.verify_password(password.as_bytes(), &parsed).is_ok() && is_known)
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let busy = || Failure::unavailable("LOGIN_BUSY", "too many passwords are being checked; try again");
        let turn = tokio::time::timeout(self.0.patience, Arc::clone(&self.0.turns).acquire_owned());
        let turn = turn.await.map_err(|e| busy().caused_by(e))?.map_err(|e| busy().caused_by(e))?;
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            // a caller that went away doesn't end the work, so the turn ends with the work
            let _turn = turn;
            work(&inner)
        });
        done.await.map_err(Failure::internal)?
    }
}

fn hash(argon: &Argon2<'_>, password: &[u8]) -> Result<String, Failure> {
    argon.hash_password(password).map(|phc| phc.to_string()).map_err(Failure::internal)
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("free", &self.0.turns.available_permits()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
