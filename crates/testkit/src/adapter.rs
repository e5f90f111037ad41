//! A clearinghouse adapter as the access layer would make it: a service account with grants.
#![expect(clippy::expect_used, reason = "without its caller a test can only stop")]
use std::sync::Arc;

use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use kernel::access::{Actor, Identity, SERVICE_SCOPES, ServiceGrant, Standing, decide};
use kernel::id::ServiceAccountId;
use kernel::{Clock, Ctx, PracticeId, Scope};
use tonic::Request;

use crate::TestDb;
use crate::caller::{facts, find};

/// A service account that holds the same scopes in each of its practices.
#[derive(Debug, Clone)]
pub struct Adapter {
    account: ServiceAccountId,
    practices: Vec<PracticeId>,
    scopes: Vec<String>,
    clock: Clock,
}

impl Adapter {
    /// An account with every scope there is, in those practices.
    pub async fn new(db: &TestDb, practices: &[PracticeId]) -> Self {
        Self::scoped(db, practices, &SERVICE_SCOPES).await
    }

    /// An account with those scopes, in those practices.
    ///
    /// # Panics
    /// When it can't be written.
    #[expect(
        clippy::disallowed_methods,
        reason = "accounts are made by tenancy, which tests of other crates do without"
    )]
    pub async fn scoped(db: &TestDb, practices: &[PracticeId], scopes: &[&str]) -> Self {
        let account = ServiceAccountId::new();
        let mut owner = AsyncPgConnection::establish(&db.url_as("postgres")).await.expect("the test cluster answers");
        diesel::sql_query(
            "WITH a AS (INSERT INTO tenancy.service_accounts (id, name) VALUES ($1, 'adapter')) \
             INSERT INTO tenancy.service_grants (practice_id, account_id, scopes, valid_from) \
             SELECT p, $1, $3, '2020-01-01' FROM unnest($2) AS p",
        )
        .bind::<SqlUuid, _>(account)
        .bind::<Array<SqlUuid>, _>(practices)
        .bind::<Array<Text>, _>(scopes)
        .execute(&mut owner)
        .await
        .expect("the account is written");
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        Self { account, practices: practices.to_vec(), scopes, clock: Clock::system() }
    }

    /// The same account at another time.
    #[must_use]
    pub fn at(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    #[must_use]
    pub const fn account(&self) -> ServiceAccountId {
        self.account
    }

    /// The context of a call of `Service/Method` that names no practice: those where it is allowed.
    ///
    /// # Panics
    /// When there is no such method.
    #[must_use]
    pub fn ctx(&self, method: &str) -> Ctx {
        let facts = facts(find(method), &self.clock);
        let grant = |practice: &PracticeId| ServiceGrant { practice_id: *practice, scopes: self.scopes.clone() };
        let standing = Standing::Machine { grants: self.practices.iter().map(grant).collect() };
        let actor = Actor::Service(self.account);
        let identity = Arc::new(Identity { actor, key_id: "adapter".into(), standing });
        let scope = |practice: &PracticeId| {
            let granted = decide(&identity, *practice, facts.method, self.clock.now()).ok()?;
            Some(Scope::granted(&identity, *practice, granted, &facts))
        };
        let scopes = self.practices.iter().filter_map(scope).collect();
        Ctx::new(Some(Arc::clone(&identity)), scopes, facts)
    }

    /// A call of `Service/Method`, ready for the handler.
    ///
    /// # Panics
    /// When there is no such method.
    #[must_use]
    pub fn call<T>(&self, method: &str, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.extensions_mut().insert(self.ctx(method));
        request
    }
}
