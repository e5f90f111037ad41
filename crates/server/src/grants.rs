//! What streams ask the directory again and again: where their bearer may read now.

use claims::clearinghouse::GrantSource;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::access::decide;
use kernel::scope::Facts;
use kernel::{Failure, Permission, PracticeId, Scope};
use tenancy::directory::Directory;

/// The directory, as the claim feed and the exports know it.
#[derive(Debug, Clone)]
pub struct Grants(pub Directory);

impl GrantSource for Grants {
    fn granted<'a>(
        &'a self,
        key_id: &'a str,
        facts: &'a Facts,
        permission: Permission,
    ) -> BoxFuture<'a, Result<Vec<PracticeId>, Failure>> {
        self.0.grants(key_id, facts.certificate, permission).boxed()
    }
}

impl audit::Standing for Grants {
    fn check<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            let facts = scope.facts();
            let identity = self.0.again(scope.key_id(), facts.certificate).await?;
            decide(&identity, scope.practice(), facts.method, scope.now())?;
            Ok(())
        }
        .boxed()
    }
}
