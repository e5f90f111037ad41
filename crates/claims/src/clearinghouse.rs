//! What a clearinghouse adapter needs: the claim feed, and the way back from the payers.

mod convert;
mod events;
mod files;
mod respond;
pub mod service;
mod store;
mod subscribe;
mod transmit;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use audit::Vault;
use feed::{Hub, Reader};
use futures_util::future::BoxFuture;
use kernel::scope::Facts;
use kernel::{Ctx, Failure, Permission, PracticeId, Scope};
use tokio_util::task::TaskTracker;

use self::transmit::Named;
pub use self::wire::ClearinghouseServer;
use crate::payer::Payers;

/// Tells again and again where the bearer of a credential may do something, over the connection that the call came
/// by: streams outlive every decision.
pub trait GrantSource: fmt::Debug + Send + Sync {
    /// # Errors
    /// When the credential is no longer good, or nobody can tell.
    fn granted<'a>(
        &'a self,
        key_id: &'a str,
        facts: &'a Facts,
        permission: Permission,
    ) -> BoxFuture<'a, Result<Vec<PracticeId>, Failure>>;
}

/// Serves adapters. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clearinghouse {
    vault: Vault,
    reader: Reader,
    hub: Hub,
    payers: Payers,
    grants: Arc<dyn GrantSource>,
    /// Streams run here; the shutdown drains the hub and waits for them.
    tasks: TaskTracker,
}

impl Clearinghouse {
    #[must_use]
    pub fn new(
        vault: Vault,
        reader: Reader,
        hub: Hub,
        payers: Payers,
        grants: Arc<dyn GrantSource>,
        tasks: TaskTracker,
    ) -> Self {
        Self { vault, reader, hub, payers, grants, tasks }
    }

    /// Sorts submissions by the practices of their claims. What no practice in reach knows goes to the first one, where
    /// it will not be found.
    async fn by_practice(&self, ctx: &Ctx, named: Vec<Named>) -> Result<Vec<(Scope, Vec<Named>)>, Failure> {
        let first = ctx.scope()?;
        let [_, _, ..] = ctx.scopes() else { return Ok(vec![(first.clone(), named)]) };
        let practices: Vec<PracticeId> = ctx.scopes().iter().map(Scope::practice).collect();
        let claims: Vec<_> = named.iter().map(|n| n.claim.uuid()).collect();
        let found = self.reader.practices_of(&claims, &practices).await?;
        let practice_of: HashMap<_, _> = found.into_iter().map(|(practice, claim)| (claim, practice)).collect();
        let mut sorted: BTreeMap<PracticeId, Vec<Named>> = BTreeMap::new();
        for named in named {
            let practice = practice_of.get(&named.claim.uuid()).copied().unwrap_or_else(|| first.practice());
            sorted.entry(practice).or_default().push(named);
        }
        let scoped = |(practice, named)| scope_in(ctx, practice).map(|scope| (scope.clone(), named));
        Ok(sorted.into_iter().filter_map(scoped).collect())
    }
}

/// The caller's scope in a practice.
fn scope_in(ctx: &Ctx, practice: PracticeId) -> Option<&Scope> {
    ctx.scopes().iter().find(|scope| scope.practice() == practice)
}
