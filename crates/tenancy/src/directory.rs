//! Who is behind a token. Answers are kept for a few seconds, so revocation, suspension and a change of role take
//! effect within five; without the database there is no answer, never an old one.

mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::access::{Actor, Identity, Level, Permission, ServiceGrant, Standing};
use kernel::ctx::unauthenticated;
use kernel::id::PracticeId;
use kernel::{Clock, Code, Failure, Fingerprint};
use moka::future::Cache;
use schema::Db;
use tokio_util::task::TaskTracker;

use crate::token::{self, Env, KeyId, TokenKind};
use store::{BreakGlassRow, Found, GrantRow, LackRow, MembershipRow, TokenRow};

/// How long an answer is kept; with the time to get it, less than the five seconds that are promised.
const KEPT: Duration = Duration::from_secs(4);
/// Answers kept at most, unknown tokens included.
const KEPT_MAX: u64 = 100_000;
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Sessions end when they are not used for this long.
pub const SESSION_IDLE: TimeDelta = TimeDelta::minutes(15);
/// The use of a session is written down when it was not for this long.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The reason why a token of a bound account does not count over a connection.
pub const CERTIFICATE_REQUIRED: &str = "CERTIFICATE_REQUIRED";

/// Resolves tokens. Cheap to clone; the clones share what they know.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    env: Env,
    kept: Cache<KeyId, Option<Arc<Credential>>>,
    touches: TaskTracker,
}

/// A token as the database had it a moment ago.
struct Credential {
    row: TokenRow,
    /// `None` for bearers that may not call: suspended ones.
    identity: Option<Arc<Identity>>,
}

impl Directory {
    /// `db` logs in as `claims_app`.
    #[must_use]
    pub fn new(db: Db, clock: Clock, env: Env) -> Self {
        let kept = Cache::builder().max_capacity(KEPT_MAX).time_to_live(KEPT).build();
        Self(Arc::new(Inner { db, clock, env, kept, touches: TaskTracker::new() }))
    }

    /// Who sent this token, over a connection with that certificate of the peer.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, in the same words for all tokens that don't count, and as [`CERTIFICATE_REQUIRED`] for those
    /// that count over other connections only; `UNAVAILABLE` when nobody can tell.
    pub async fn resolve(&self, token: &str, certificate: Option<Fingerprint>) -> Result<Arc<Identity>, Failure> {
        let presented = token::parse(&self.0.env, token).ok_or_else(unauthenticated)?;
        let kept = self.0.kept.try_get_with(presented.key_id.clone(), self.load(&presented.key_id));
        let credential = kept.await.map_err(shared)?.ok_or_else(unauthenticated)?;
        if !presented.hash.matches(&credential.row.secret_hash) || presented.kind != credential.row.kind {
            return Err(unauthenticated());
        }
        let identity = credential.good_at(self.0.clock.now())?;
        if credential.is_bound_to(certificate) {
            return Ok(identity);
        }
        // what is kept may be older than what was bound since
        self.fresh(presented.key_id, certificate).await
    }

    /// Who is behind a token that was resolved before, as things are now: for streams, which outlive every answer.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub async fn again(&self, key_id: &str, certificate: Option<Fingerprint>) -> Result<Arc<Identity>, Failure> {
        let key_id = key_id.parse().map_err(|_not_one_of_ours| unauthenticated())?;
        self.fresh(key_id, certificate).await
    }

    /// Where the bearer of a token may do something now.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub async fn grants(
        &self,
        key_id: &str,
        certificate: Option<Fingerprint>,
        permission: Permission,
    ) -> Result<Vec<PracticeId>, Failure> {
        Ok(practices(&*self.again(key_id, certificate).await?, permission))
    }

    /// Forgets what is known of a token, so that a change of ours is seen at once.
    pub async fn forget(&self, key_id: &str) {
        if let Ok(key_id) = key_id.parse::<KeyId>() {
            self.0.kept.invalidate(&key_id).await;
        }
    }

    /// Waits until every use is written down.
    pub async fn finished(&self) {
        self.0.touches.close();
        self.0.touches.wait().await;
    }

    /// Which installation the tokens are for.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.0.env
    }

    async fn fresh(&self, key_id: KeyId, certificate: Option<Fingerprint>) -> Result<Arc<Identity>, Failure> {
        let credential = self.load(&key_id).await?;
        self.0.kept.insert(key_id, credential.clone()).await;
        let credential = credential.ok_or_else(unauthenticated)?;
        let identity = credential.good_at(self.0.clock.now())?;
        if credential.is_bound_to(certificate) { Ok(identity) } else { Err(certificate_required()) }
    }

    async fn load(&self, key_id: &KeyId) -> Result<Option<Arc<Credential>>, Failure> {
        let now = self.0.clock.now();
        let found = tokio::time::timeout(PATIENCE, store::find(&self.0.db, key_id, now)).await;
        let found = found.map_err(|slow| {
            Failure::unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached").caused_by(slow)
        })??;
        let Some(found) = found else { return Ok(None) };
        let credential = Arc::new(Credential::new(key_id, found, now));
        if credential.good_at(now).is_ok() {
            self.touch(key_id, &credential.row, now);
        }
        Ok(Some(credential))
    }

    /// Notes that the token is in use, unless that was done lately.
    fn touch(&self, key_id: &KeyId, row: &TokenRow, now: DateTime<Utc>) {
        let idle_end = row.idle_expires_at.map(|_| now + SESSION_IDLE);
        let is_moved = row.idle_expires_at.zip(idle_end).is_some_and(|(old, new)| new - old >= TOUCH_EVERY);
        if row.last_used_on == Some(now.date_naive()) && !is_moved {
            return;
        }
        let (db, key_id) = (self.0.db.clone(), key_id.clone());
        self.0.touches.spawn(async move {
            if let Err(error) = store::touch(&db, &key_id, now, idle_end).await {
                // at worst the session ends some minutes early
                tracing::warn!(token.key_id = %key_id, cause = %error, "the use of a token was not noted");
            }
        });
    }
}

/// The practices that an identity may use a permission in.
fn practices(identity: &Identity, permission: Permission) -> Vec<PracticeId> {
    match &identity.standing {
        Standing::Person { memberships, .. } => {
            let may = memberships.iter().filter(|m| m.role.level(permission) != Level::No && !m.lacks_totp);
            may.map(|m| m.practice_id).collect()
        }
        Standing::Machine { grants } => {
            let Some(scope) = permission.service_scope() else { return Vec::new() };
            let may = grants.iter().filter(|g| g.scopes.iter().any(|s| s == scope));
            may.map(|g| g.practice_id).collect()
        }
    }
}

/// The token is right and the connection is not the bearer's: none of the account's certificates, or none at all.
fn certificate_required() -> Failure {
    Failure::new(
        Code::Unauthenticated,
        CERTIFICATE_REQUIRED,
        "the service account is bound to client certificates; the connection must present one of them",
    )
}

/// One failed look-up serves everybody who waited for it.
fn shared(failure: Arc<Failure>) -> Failure {
    Failure::new(failure.code, failure.reason, failure.message.clone())
        .detail(failure.detail.clone())
        .caused_by(failure)
}

impl Credential {
    fn new(key_id: &KeyId, found: Found, now: DateTime<Utc>) -> Self {
        let Found { token: row, memberships, grants, break_glasses, lacks } = found;
        let identity = row.actor().map(|actor| {
            let standing = match actor {
                Actor::User(_) | Actor::System => Standing::Person {
                    is_verified: row.user_is_verified == Some(true),
                    phi_training_completed: row.phi_training_completed == Some(true),
                    phi_training_expires_at: row.phi_training_expires_at,
                    active_practice_id: row.active_practice_id,
                    memberships: memberships.into_iter().filter_map(|m| m.active(&lacks)).collect(),
                    break_glasses: break_glasses.into_iter().map(BreakGlassRow::into).collect(),
                },
                Actor::Service(_) => {
                    Standing::Machine { grants: grants.into_iter().filter_map(|g| g.valid(now)).collect() }
                }
            };
            Arc::new(Identity { actor, key_id: key_id.as_str().into(), standing })
        });
        Self { row, identity }
    }

    /// The bearer, while the token counts.
    fn good_at(&self, now: DateTime<Utc>) -> Result<Arc<Identity>, Failure> {
        let TokenRow { expires_at, idle_expires_at, revoked_at, .. } = &self.row;
        let is_over = revoked_at.is_some() || *expires_at <= now || idle_expires_at.is_some_and(|at| at <= now);
        let identity = self.identity.as_ref().filter(|_| !is_over);
        identity.cloned().ok_or_else(unauthenticated)
    }

    /// Whether the token counts over a connection with that certificate: an account that is bound to none needs none.
    fn is_bound_to(&self, certificate: Option<Fingerprint>) -> bool {
        let bound = &self.row.certificates;
        bound.is_empty() || certificate.is_some_and(|it| bound.iter().any(|one| one == it.as_bytes()))
    }
}

impl TokenRow {
    /// The bearer, if it is active.
    fn actor(&self) -> Option<Actor> {
        match self.kind {
            TokenKind::Session => self.user_id.filter(|_| self.user_is_active == Some(true)).map(Actor::User),
            TokenKind::Service => self.account_id.filter(|_| self.account_is_active == Some(true)).map(Actor::Service),
            // they open nothing but a password
            TokenKind::Invite | TokenKind::Reset => None,
        }
    }
}

impl MembershipRow {
    fn active(self, lacks: &[LackRow]) -> Option<kernel::access::Membership> {
        let Self { practice_id, role, is_owner, therapist_id, is_active, practice_is_active } = self;
        let lacks_totp = lacks.iter().any(|lack| lack.practice_id == practice_id);
        let membership = kernel::access::Membership { practice_id, role, is_owner, therapist_id, lacks_totp };
        (is_active && practice_is_active).then_some(membership)
    }
}

impl From<BreakGlassRow> for kernel::access::BreakGlass {
    fn from(BreakGlassRow { id, practice_id, patient_id, expires_at }: BreakGlassRow) -> Self {
        Self { id, practice_id, patient_id, expires_at }
    }
}

impl GrantRow {
    fn valid(self, now: DateTime<Utc>) -> Option<ServiceGrant> {
        let Self { practice_id, practice_is_active, scopes, valid_from, valid_to } = self;
        let is_valid = practice_is_active && valid_from <= now && valid_to.is_none_or(|at| at > now);
        is_valid.then_some(ServiceGrant { practice_id, scopes })
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("kept", &self.0.kept.entry_count()).finish_non_exhaustive()
    }
}
