//! Callers as the access layer would make them, and practices for them to act in.
//!
//! A handler is called with what it finds in production: a [`Ctx`] in the request's extensions, made by the same
//! decision that guards the server.
#![expect(clippy::expect_used, clippy::panic, reason = "without its caller a test can only stop")]
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use kernel::access::{Actor, Denied, Identity, Membership, Standing, decide};
use kernel::id::{TherapistId, UserId};
use kernel::method::{Method, PhiUse};
use kernel::page::TokenKey;
use kernel::scope::Facts;
use kernel::{Clock, Ctx, PracticeId, Role, Scope};
use tonic::Request;

use crate::TestDb;

/// Every RPC as the kernel knows it, with its path as the stubs have it.
static METHODS: LazyLock<Vec<Method>> = LazyLock::new(|| {
    let kernel = |method: &therapy_claims::Method| Method {
        path: method.path,
        permission: method.permission.parse().expect("a permission of the kernel"),
        phi: match method.phi {
            therapy_claims::Phi::None => PhiUse::None,
            therapy_claims::Phi::Read => PhiUse::Read,
            therapy_claims::Phi::Write => PhiUse::Write,
        },
        mutates: method.mutates,
        streams: method.server_streaming,
    };
    therapy_claims::METHODS.iter().map(kernel).collect()
});

/// A member of one practice.
#[derive(Debug, Clone)]
pub struct Caller {
    practice: PracticeId,
    identity: Arc<Identity>,
    clock: Clock,
}

impl Caller {
    /// A verified and trained user with that role.
    #[must_use]
    pub fn new(practice: PracticeId, role: Role) -> Self {
        Self::member(practice, role, None)
    }

    /// A therapist with a login.
    #[must_use]
    pub fn therapist(practice: PracticeId, therapist: TherapistId) -> Self {
        Self::member(practice, Role::Therapist, Some(therapist))
    }

    fn member(practice: PracticeId, role: Role, therapist_id: Option<TherapistId>) -> Self {
        let standing = Standing::Person {
            is_verified: true,
            phi_training_completed: true,
            phi_training_expires_at: None,
            active_practice_id: Some(practice),
            memberships: vec![Membership {
                practice_id: practice,
                role,
                is_owner: false,
                therapist_id,
                lacks_totp: false,
            }],
            break_glasses: Vec::new(),
        };
        let identity = Identity { actor: Actor::User(UserId::new()), key_id: "test".into(), standing };
        Self { practice, identity: Arc::new(identity), clock: Clock::system() }
    }

    /// The same person with another role.
    #[must_use]
    pub fn as_role(&self, role: Role) -> Self {
        let mut identity = Identity::clone(&self.identity);
        if let Standing::Person { memberships, .. } = &mut identity.standing {
            memberships.iter_mut().for_each(|member| member.role = role);
        }
        Self { identity: Arc::new(identity), ..self.clone() }
    }

    /// The same caller at another time.
    #[must_use]
    pub fn at(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    #[must_use]
    pub const fn practice(&self) -> PracticeId {
        self.practice
    }

    /// Who acts, as the audit trail names it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.identity.actor
    }

    /// The context of a call of `Service/Method`.
    ///
    /// # Errors
    /// What the access layer would refuse.
    pub fn try_ctx(&self, method: &str) -> Result<Ctx, Denied> {
        let method = find(method);
        let facts = facts(method, &self.clock);
        let granted = decide(&self.identity, self.practice, method, facts.clock.now())?;
        let scope = Scope::granted(&self.identity, self.practice, granted, &facts);
        Ok(Ctx::new(Some(Arc::clone(&self.identity)), vec![scope], facts))
    }

    /// The context of a call of `Service/Method`.
    ///
    /// # Panics
    /// When the access layer would refuse it.
    #[must_use]
    pub fn ctx(&self, method: &str) -> Ctx {
        self.try_ctx(method).unwrap_or_else(|denied| panic!("{method}: {denied:?}"))
    }

    /// The scope of a call of `Service/Method`.
    ///
    /// # Panics
    /// When the access layer would refuse it.
    #[must_use]
    pub fn scope(&self, method: &str) -> Scope {
        self.ctx(method).scope().expect("a caller has a practice").clone()
    }

    /// A call of `Service/Method`, ready for the handler.
    ///
    /// # Panics
    /// When the access layer would refuse it.
    #[must_use]
    pub fn call<T>(&self, method: &str, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.extensions_mut().insert(self.ctx(method));
        request
    }
}

/// What is true of a call of that method.
pub(crate) fn facts(method: &'static Method, clock: &Clock) -> Arc<Facts> {
    Arc::new(Facts {
        request_id: "test".to_owned(),
        method,
        peer: None,
        certificate: None,
        deadline: Instant::now() + Duration::from_secs(60),
        clock: clock.clone(),
        page_key: TokenKey::new(b"test"),
        entries: AtomicU32::new(0),
    })
}

/// The RPC whose path ends in `Service/Method`.
pub(crate) fn find(method: &str) -> &'static Method {
    let is_named = |candidate: &&Method| candidate.path.rsplit_once('.').is_some_and(|(_, name)| name == method);
    METHODS.iter().find(is_named).unwrap_or_else(|| panic!("no RPC {method}"))
}

/// A practice in New York, with the chain and feed heads that come with it.
///
/// # Panics
/// When it can't be written.
#[expect(clippy::disallowed_methods, reason = "practices are made by tenancy, which tests of other crates do without")]
pub async fn practice(db: &TestDb) -> PracticeId {
    let id = PracticeId::new();
    let mut owner = AsyncPgConnection::establish(&db.url_as("postgres")).await.expect("the test cluster answers");
    diesel::sql_query(
        "INSERT INTO tenancy.practices (id, name, npi, tax_id, phone, contact_name, address_line1, city, state, zip_code) \
         VALUES ($1, 'Harbor Therapy', '1234567893', '123456789', '2125550100', 'Front Office', '1 Main St', 'New York', 'NY', '100010001')",
    )
    .bind::<SqlUuid, _>(id)
    .execute(&mut owner)
    .await
    .expect("the practice is written");
    id
}
