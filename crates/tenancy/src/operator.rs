//! What the operator at the machine and the maker of development data do: the same as the services, without a caller.
//!
//! Every function acts as the system in one practice and leaves the same audit entries as an RPC does.

mod accounts;
mod people;

use std::sync::Arc;

use audit::{Action, Change, Entry, Vault};
use kernel::id::PracticeId;
use kernel::scope::Facts;
use kernel::{Failure, Phi, Scope, Violations};
use schema::Db;
use therapy_claims::tenancy::v1 as pb;

use crate::auth::Auth;
use crate::directory::Directory;
use crate::membership::service::Memberships;
use crate::password::Passwords;
use crate::practice;
use crate::user::service::Users;

/// Acts for the operator. `facts` name the command as the method.
#[derive(Debug, Clone)]
pub struct Operator {
    vault: Vault,
    users: Users,
    memberships: Memberships,
    auth: Auth,
    facts: Arc<Facts>,
}

impl Operator {
    #[must_use]
    pub fn new(vault: Vault, directory: Directory, passwords: Passwords, facts: Arc<Facts>) -> Self {
        let users = Users::new(vault.clone(), passwords.clone(), directory.env().clone());
        let memberships = Memberships::new(vault.clone());
        let auth = Auth::new(vault.clone(), directory, passwords);
        Self { vault, users, memberships, auth, facts }
    }

    fn scope(&self, practice: PracticeId) -> Scope {
        Scope::system(practice, &self.facts)
    }

    /// Creates a practice without members; its first owner comes with [`Self::create_user`] or [`Self::add_member`].
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with every violation, or the database's failure.
    pub async fn create_practice(&self, practice: &pb::Practice) -> Result<pb::Practice, Failure> {
        let id = PracticeId::new();
        let scope = self.scope(id);
        let mut v = Violations::new();
        let practice = practice::convert::new(&mut v, &scope, id, practice);
        let practice = v.done(practice)?;
        self.vault
            .write(&scope, None, || {
                async |tx| {
                    practice::store::insert(tx, &practice).await?;
                    let entry = Entry::bare(&scope, Action::Create, "practice").with(id.uuid());
                    let response = practice::convert::to_pb(scope.acting_as(), practice.clone());
                    Ok(Change::recorded(entry, Phi::new(response)))
                }
            })
            .await
    }

    /// Every practice. `db` must log in as a role that bypasses row-level security, such as the migrator.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn list_practices(db: &Db) -> Result<Vec<pb::Practice>, Failure> {
        let found = practice::store::list_all(db).await?;
        Ok(found.into_iter().map(|practice| practice::convert::to_pb("system", practice)).collect())
    }
}
