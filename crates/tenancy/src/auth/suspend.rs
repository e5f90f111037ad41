//! Shutting service accounts out, and letting them in again; shared by `AuthService` and the operator.

use audit::vault::once;
use audit::{Action, Change, Entry};
use kernel::id::ServiceAccountId;
use kernel::{Failure, Phi, Scope, Violations};
use schema::Tx;
use therapy_claims::tenancy::v1 as pb;

use super::Inner;
use super::certificate::changed;
use crate::account;
use crate::token::issue::own_account;

impl Inner {
    pub(crate) async fn revoke_service_grant(
        &self,
        scope: &Scope,
        message: pb::RevokeServiceGrantRequest,
    ) -> Result<pb::ServiceGrant, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let id: ServiceAccountId = v.id("service_account_id", &message.service_account_id);
        let id = v.done(id)?;
        let body = || {
            async |tx: &Tx<'_>| {
                let ended = account::store::end_grant(tx, id).await?;
                let entry = Entry::bare(scope, Action::PermissionChange, "service_grant").with(id.uuid());
                Ok(Change::recorded(entry, Phi::new(account::convert::grant_to_pb(ended))))
            }
        };
        self.vault.write(scope, once.as_ref(), body).await
    }

    pub(crate) async fn suspend_service_account(
        &self,
        scope: &Scope,
        message: pb::SuspendServiceAccountRequest,
    ) -> Result<pb::ServiceAccount, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let id: ServiceAccountId = v.id("service_account_id", &message.service_account_id);
        let id = v.done(id)?;
        self.set_active(scope, once.as_ref(), id, false).await
    }

    pub(crate) async fn reactivate_service_account(
        &self,
        scope: &Scope,
        message: pb::ReactivateServiceAccountRequest,
    ) -> Result<pb::ServiceAccount, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let id: ServiceAccountId = v.id("service_account_id", &message.service_account_id);
        let id = v.done(id)?;
        self.set_active(scope, once.as_ref(), id, true).await
    }

    async fn set_active(
        &self,
        scope: &Scope,
        once: Option<&schema::Once>,
        id: ServiceAccountId,
        is_active: bool,
    ) -> Result<pb::ServiceAccount, Failure> {
        let body = || {
            async |tx: &Tx<'_>| {
                own_account(tx, id).await?;
                changed(tx, account::store::set_active(tx, id, is_active).await?).await
            }
        };
        self.vault.write(scope, once, body).await
    }
}
