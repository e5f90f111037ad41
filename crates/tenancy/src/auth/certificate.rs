//! Client certificates that service accounts are bound to; shared by `AuthService` and the operator.

use audit::vault::once;
use audit::{Action, Change, Entry};
use kernel::id::ServiceAccountId;
use kernel::{Code, Failure, Phi, Scope, Violations};
use schema::Tx;
use therapy_claims::tenancy::v1 as pb;

use super::Inner;
use crate::account::{self, Account};
use crate::token::issue::own_account;

/// Enough for some machines that each replace theirs.
const CERTIFICATES_MAX: usize = 10;
const LABEL_MAX: usize = 100;

impl Inner {
    pub(crate) async fn bind_certificate(
        &self,
        scope: &Scope,
        message: pb::BindCertificateRequest,
    ) -> Result<pb::ServiceAccount, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let id: ServiceAccountId = v.id("service_account_id", &message.service_account_id);
        let certificate = message.certificate.unwrap_or_default();
        let fingerprint = account::convert::fingerprint(&mut v, "certificate.fingerprint", &certificate.fingerprint);
        let label = v.text("certificate.label", &certificate.label, LABEL_MAX);
        let fingerprint = read(v, fingerprint)?;
        let body = || {
            async |tx: &Tx<'_>| {
                own_account(tx, id).await?;
                if account::store::certificates_of(tx, id).await?.len() >= CERTIFICATES_MAX {
                    return Err(Failure::new(
                        Code::FailedPrecondition,
                        "CERTIFICATE_LIMIT",
                        "ten certificates are bound to this account already; unbind one of them first",
                    ));
                }
                changed(tx, account::store::bind(tx, id, fingerprint, &label).await?).await
            }
        };
        self.vault.write(scope, once.as_ref(), body).await
    }

    pub(crate) async fn unbind_certificate(
        &self,
        scope: &Scope,
        message: pb::UnbindCertificateRequest,
    ) -> Result<pb::ServiceAccount, Failure> {
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, &message);
        let id: ServiceAccountId = v.id("service_account_id", &message.service_account_id);
        let fingerprint = account::convert::fingerprint(&mut v, "fingerprint", &message.fingerprint);
        let fingerprint = read(v, fingerprint)?;
        let body = || {
            async |tx: &Tx<'_>| {
                own_account(tx, id).await?;
                changed(tx, account::store::unbind(tx, id, fingerprint).await?).await
            }
        };
        self.vault.write(scope, once.as_ref(), body).await
    }
}

/// What became of an account, as far as the practice may see it, with its audit entry.
pub(super) async fn changed(tx: &Tx<'_>, account: Account) -> Result<Change<pb::ServiceAccount>, Failure> {
    let scope = tx.scope();
    let entry = Entry::bare(scope, Action::PermissionChange, "service_account").with(account.id.uuid());
    let mut grants = account::store::grants_of(tx, account.id).await?;
    grants.retain(|grant| grant.practice_id == scope.practice());
    let certificates = account::store::certificates_of(tx, account.id).await?;
    Ok(Change::recorded(entry, Phi::new(account::convert::to_pb(account, grants, certificates))))
}

/// A fingerprint that was read without a violation.
fn read<T>(v: Violations, fingerprint: Option<T>) -> Result<T, Failure> {
    let fingerprint = v.done(fingerprint)?;
    fingerprint.ok_or_else(|| Failure::new(Code::InvalidArgument, "INVALID_REQUEST", "fingerprint is required"))
}
