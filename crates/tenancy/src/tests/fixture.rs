//! A world with practices, people and a clock that moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use audit::batcher::Workers;
use audit::{Batcher, MacKeys, Vault};
use chrono::TimeDelta;
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use kernel::access::{Identity, Standing, decide};
use kernel::id::PracticeId;
use kernel::method::{Method, PhiUse};
use kernel::page::TokenKey;
use kernel::scope::Facts;
use kernel::status::to_status;
use kernel::{Clock, Ctx, Failure, Permission, Scope};
use schema::Db;
use testkit::TestDb;
use therapy_claims::tenancy::v1 as pb;
use therapy_claims::tenancy::v1::auth_service_server::AuthService as _;
use tonic::{Request, Status};
use tonic_types::StatusExt;

use crate::auth::Auth;
use crate::directory::Directory;
use crate::membership::service::Memberships;
use crate::operator::Operator;
use crate::password::{Cost, Passwords};
use crate::practice::service::Practices;
use crate::token::Env;
use crate::user::service::Users;

pub(super) const PASSWORD: &str = "correct horse battery";

pub(super) struct World {
    pub(super) db: TestDb,
    pub(super) directory: Directory,
    pub(super) practices: Practices,
    pub(super) users: Users,
    pub(super) memberships: Memberships,
    pub(super) auth: Auth,
    pub(super) operator: Operator,
    passwords: Passwords,
    vault: Vault,
    clock: Clock,
    moved: Arc<AtomicI64>,
    superuser: Db,
    _workers: Workers,
}

/// Somebody who is logged in.
pub(super) struct Person {
    pub(super) user: pb::User,
    pub(super) token: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl World {
    pub(super) async fn new() -> Self {
        let db = TestDb::new().await;
        let app = Db::new(&db.url_as("claims_app"), 8).unwrap();
        let superuser = Db::new(&db.url_as("postgres"), 2).unwrap();
        let (batcher, workers) =
            Batcher::start(&Db::new(&db.url_as("claims_audit"), Batcher::CONNECTIONS).unwrap(), MacKeys::known());
        let vault = Vault::new(app.clone(), batcher);
        let moved = Arc::new(AtomicI64::new(0));
        let seconds = Arc::clone(&moved);
        let system = Clock::system();
        let clock =
            Clock::from_fn(move || system.now() + TimeDelta::seconds(AtomicI64::load(&seconds, Ordering::Relaxed)));
        let directory = Directory::new(app, clock.clone(), Env::new("test").unwrap());
        let passwords = Passwords::new(Cost::CHEAP, 4).unwrap();
        let facts = Arc::new(facts(&clock, "/admin"));
        Self {
            practices: Practices::new(vault.clone(), directory.clone()),
            users: Users::new(vault.clone(), passwords.clone(), directory.env().clone()),
            memberships: Memberships::new(vault.clone()),
            auth: Auth::new(vault.clone(), directory.clone(), passwords.clone()),
            operator: Operator::new(vault.clone(), directory.clone(), passwords.clone(), facts),
            db,
            directory,
            passwords,
            vault,
            clock,
            moved,
            superuser,
            _workers: workers,
        }
    }

    /// An `Auth` whose throttle remembers nothing.
    pub(super) fn fresh_auth(&self) -> Auth {
        Auth::new(self.vault.clone(), self.directory.clone(), self.passwords.clone())
    }

    pub(super) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.moved.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(super) async fn practice(&self) -> PracticeId {
        self.operator.create_practice(&practice()).await.unwrap().id.parse().unwrap()
    }

    /// A verified, trained member who is logged in.
    pub(super) async fn person(&self, practice: PracticeId, name: &str, role: pb::Role, is_owner: bool) -> Person {
        let request = pb::CreateUserRequest { is_owner, ..new_user(name, role) };
        let user = self.operator.create_user(practice, request).await.unwrap();
        let token = self.log_in(name).await.unwrap().token;
        Person { user, token }
    }

    /// A practice with an owner.
    pub(super) async fn owned_practice(&self, owner: &str) -> (PracticeId, Person) {
        let practice = self.practice().await;
        (practice, self.person(practice, owner, pb::Role::Admin, true).await)
    }

    pub(super) async fn log_in(&self, name: &str) -> Result<pb::LoginResponse, Status> {
        let request = pb::LoginRequest { email: email(name), password: PASSWORD.into(), ..Default::default() };
        self.auth.login(self.anonymous("Login", request)).await.map(tonic::Response::into_inner)
    }

    /// A request without a credential.
    pub(super) fn anonymous<T>(&self, rpc: &str, message: T) -> Request<T> {
        let facts = Arc::new(facts(&self.clock, rpc));
        with_ctx(message, Ctx::new(None, Vec::new(), facts))
    }

    /// A request as the access layer would let it through to the handler.
    pub(super) async fn call<T>(&self, token: &str, rpc: &str, message: T) -> Result<Request<T>, Status> {
        self.call_in(None, token, rpc, message).await
    }

    /// Like [`Self::call`], with the metadata `x-practice-id`.
    pub(super) async fn call_in<T>(
        &self,
        practice: Option<PracticeId>,
        token: &str,
        rpc: &str,
        message: T,
    ) -> Result<Request<T>, Status> {
        let facts = Arc::new(facts(&self.clock, rpc));
        let admitted = async {
            let identity = self.directory.resolve(token, None).await?;
            let scope = scope(&identity, practice, &facts)?;
            Ok(Ctx::new(Some(identity), vec![scope], Arc::clone(&facts)))
        };
        let ctx = admitted.await.map_err(|failure: Failure| to_status(&failure, ""))?;
        let mut request = with_ctx(message, ctx);
        if let Some(practice) = practice {
            request.metadata_mut().insert("x-practice-id", practice.to_string().parse().unwrap());
        }
        Ok(request)
    }

    /// What the token stands for, not as it was a few seconds ago.
    pub(super) async fn resolve_now(&self, token: &str) -> Result<Arc<Identity>, Failure> {
        self.directory.forget(key_id(token)).await;
        self.directory.resolve(token, None).await
    }

    pub(super) async fn sql(&self, sql: &str) {
        let mut conn = self.superuser.directory().await.unwrap();
        diesel::sql_query(sql).execute(&mut *conn).await.unwrap();
    }

    /// The entries of the trail, as `practice action resource outcome actor`, oldest first.
    pub(super) async fn trail(&self, practice: PracticeId) -> Vec<String> {
        let query = format!(
            "SELECT concat_ws(' ', action, resource_type, outcome, actor_kind) AS line FROM audit.entries \
             WHERE practice_id = '{practice}' ORDER BY position"
        );
        self.lines(&query).await
    }

    pub(super) async fn lines(&self, query: &str) -> Vec<String> {
        let mut conn = self.superuser.directory().await.unwrap();
        let rows: Vec<Line> = diesel::sql_query(query).get_results(&mut *conn).await.unwrap();
        rows.into_iter().map(|row| row.line).collect()
    }
}

/// Does what the access layer does after it resolved the credential.
fn scope(identity: &Arc<Identity>, selected: Option<PracticeId>, facts: &Arc<Facts>) -> Result<Scope, Failure> {
    if matches!(facts.method.permission, Permission::Authenticated | Permission::PracticesCreate) {
        return Ok(Scope::practiceless(identity, facts));
    }
    let practice = selected.or(match &identity.standing {
        Standing::Person { active_practice_id, .. } => *active_practice_id,
        Standing::Machine { .. } => None,
    });
    let practice = practice.ok_or(kernel::access::Denied::NoPractice)?;
    let granted = decide(identity, practice, facts.method, facts.clock.now())?;
    Ok(Scope::granted(identity, practice, granted, facts))
}

fn facts(clock: &Clock, rpc: &str) -> Facts {
    let declared = therapy_claims::METHODS.iter().find(|m| m.path.rsplit('/').next() == Some(rpc));
    let permission = declared.map_or(Permission::Authenticated, |m| m.permission.parse().unwrap());
    let path = declared.map_or("/admin", |m| m.path);
    let mutates = declared.is_some_and(|m| m.mutates);
    let method = Box::leak(Box::new(Method { path, permission, phi: PhiUse::None, mutates, streams: false }));
    Facts {
        request_id: "test".into(),
        method,
        peer: Some([127, 0, 0, 1].into()),
        certificate: None,
        deadline: Instant::now() + Duration::from_secs(20),
        clock: clock.clone(),
        page_key: TokenKey::new(b"test"),
        entries: 0.into(),
    }
}

fn with_ctx<T>(message: T, ctx: Ctx) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(ctx);
    request
}

pub(super) fn key_id(token: &str) -> &str {
    token.split('_').nth(3).unwrap()
}

pub(super) fn email(name: &str) -> String {
    format!("{name}@example.test")
}

pub(super) fn request_id() -> String {
    kernel::id::RequestId::new().to_string()
}

/// The reason that a failed call named.
pub(super) fn reason<T>(result: Result<T, Status>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(status) => status.get_details_error_info().unwrap().reason,
    }
}

/// The fields that a failed call complained of.
pub(super) fn fields<T>(result: Result<T, Status>) -> Vec<String> {
    let Err(status) = result else { return Vec::new() };
    let bad = status.get_details_bad_request().unwrap();
    bad.field_violations.into_iter().map(|violation| violation.field).collect()
}

pub(super) fn new_user(name: &str, role: pb::Role) -> pb::CreateUserRequest {
    pb::CreateUserRequest {
        user: Some(pb::User {
            email: email(name),
            first_name: name.into(),
            last_name: "Tester".into(),
            is_verified: true,
            phi_training_completed: true,
            ..pb::User::default()
        }),
        password: PASSWORD.into(),
        role: role.into(),
        ..pb::CreateUserRequest::default()
    }
}

pub(super) fn practice() -> pb::Practice {
    pb::Practice {
        name: "Harbor Counseling".into(),
        npi: "1234567893".into(),
        tax_id: "12-3456789".into(),
        taxonomy: "101YM0800X".into(),
        address: Some(therapy_claims::common::v1::Address {
            line1: "1 Harbor Way".into(),
            line2: String::new(),
            city: "Boston".into(),
            state: "ma".into(),
            zip_code: "02110-1234".into(),
        }),
        ..pb::Practice::default()
    }
}

pub(super) fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}
