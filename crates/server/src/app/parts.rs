//! What the services are made of, and the operator with them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use audit::Vault;
use feed::{Hub, Reader};
use kernel::id::RequestId;
use kernel::method::{Method, PhiUse};
use kernel::page::TokenKey;
use kernel::scope::Facts;
use kernel::{Clock, Permission};
use tenancy::directory::Directory;
use tenancy::operator::Operator;
use tenancy::password::Passwords;
use tokio_util::task::TaskTracker;

/// How long an operator's command may take in the database.
const COMMAND_DEADLINE: Duration = Duration::from_secs(600);

/// Everything the services are made of, for those who compose them.
#[derive(Debug, Clone)]
pub struct Parts {
    pub vault: Vault,
    pub directory: Directory,
    pub passwords: Passwords,
    pub reader: Reader,
    pub hub: Hub,
    pub clock: Clock,
    pub page_key: TokenKey,
    /// Whatever outlives a request; the shutdown waits for it.
    pub tasks: TaskTracker,
}

impl Parts {
    /// What the operator at the machine may do, under the name of the command that does it.
    #[must_use]
    pub fn operator(&self, command: &'static str) -> Operator {
        // one small record for the life of the process
        let method: &'static Method = Box::leak(Box::new(Method {
            path: command,
            permission: Permission::Authenticated,
            phi: PhiUse::None,
            mutates: true,
            streams: false,
        }));
        let facts = Facts {
            request_id: RequestId::new().to_string(),
            method,
            peer: None,
            certificate: None,
            deadline: Instant::now() + COMMAND_DEADLINE,
            clock: self.clock.clone(),
            page_key: self.page_key.clone(),
            entries: 0.into(),
        };
        Operator::new(self.vault.clone(), self.directory.clone(), self.passwords.clone(), Arc::new(facts))
    }
}
