//! The layer in front of every RPC: who calls, may they, within what time, and is it on record.
//!
//! A handler runs only after this layer found the method's declaration, resolved the credential and let
//! [`kernel::access::decide`] agree; so a new RPC is guarded before its first line is written.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use audit::{Action, Batcher, Denials, Entry, Outcome};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Request, Response};
use kernel::access::{Identity, Standing, decide};
use kernel::ctx::unauthenticated;
use kernel::id::{PracticeId, RequestId};
use kernel::method::{Method, PhiUse};
use kernel::page::TokenKey;
use kernel::scope::Facts;
use kernel::status::to_status;
use kernel::{Clock, Code, Ctx, Failure, Fingerprint, Permission, Scope};
use tenancy::directory::Directory;
use tonic::body::Body;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tonic_types::StatusExt;
use tower::{Layer, Service};
use tracing::Instrument;

use crate::methods::Methods;

/// The deadline of calls that name none.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);
/// The database deadline of streams: longer than any of them lives.
const STREAM_DEADLINE: Duration = Duration::from_secs(60 * 60);
const REQUEST_ID: &str = "x-request-id";
const PRACTICE_ID: &str = "x-practice-id";

/// What the layer needs; shared by all connections.
#[derive(Debug)]
pub struct Gate {
    pub methods: Methods,
    pub directory: Directory,
    pub batcher: Batcher,
    pub clock: Clock,
    pub page_key: TokenKey,
    /// Takes the entries of refusals, which nobody waits for.
    pub denials: Denials,
}

/// Puts a [`Gate`] before a service.
#[derive(Debug, Clone)]
pub struct AccessLayer(pub Arc<Gate>);

impl<S> Layer<S> for AccessLayer {
    type Service = Access<S>;
    fn layer(&self, inner: S) -> Access<S> {
        Access { inner, gate: Arc::clone(&self.0) }
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Access<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S> Service<Request<Body>> for Access<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // health, reflection and unknown paths hold nothing of ours
        let Some(method) = self.gate.methods.get(request.uri().path()).copied() else {
            return self.inner.call(request).boxed();
        };
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let gate = Arc::clone(&self.gate);
        let facts = Arc::new(gate.facts(method, &request));
        let span = tracing::debug_span!("rpc", rpc.method = method.path, request.id = facts.request_id);
        async move {
            let response = match gate.admit(&facts, request.headers()).await {
                Ok(ctx) => {
                    let scope = ctx.scope().ok().cloned();
                    request.extensions_mut().insert(ctx);
                    let response = unread(&facts, inner.call(request).await?);
                    gate.settle(&facts, scope.as_ref(), response).await
                }
                Err(refused) => gate.refuse(&facts, refused),
            };
            Ok(echo(response, &facts.request_id))
        }
        .instrument(span)
        .boxed()
    }
}

/// A call that was not let through.
struct Refused {
    failure: Failure,
    entry: Option<Entry>,
}

impl Gate {
    fn facts(&self, method: &'static Method, request: &Request<Body>) -> Facts {
        let headers = request.headers();
        let time = if method.streams { STREAM_DEADLINE } else { grpc_timeout(headers).unwrap_or(DEFAULT_DEADLINE) };
        let peer = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
        Facts {
            request_id: request_id(headers),
            method,
            peer: peer.map(|addr| addr.ip()),
            certificate: certificate(request),
            deadline: Instant::now() + time,
            clock: self.clock.clone(),
            page_key: self.page_key.clone(),
            entries: 0.into(),
        }
    }

    /// Resolves the credential and decides.
    async fn admit(&self, facts: &Arc<Facts>, headers: &HeaderMap) -> Result<Ctx, Refused> {
        let silent = |failure| Refused { failure, entry: None };
        if facts.method.permission == Permission::Public {
            return Ok(Ctx::new(None, Vec::new(), Arc::clone(facts)));
        }
        let token = bearer(headers).ok_or_else(|| silent(unauthenticated()))?;
        let resolved = self.directory.resolve(token, facts.certificate).await;
        let mut identity = resolved.map_err(|failure| refused_credential(facts, failure))?;
        let selected = practice_header(headers).map_err(silent)?;
        let mut decided = scopes(&identity, selected, facts);
        if decided.is_err() {
            // what is kept of a caller may be older than what it was granted since: a refusal is never from memory
            let fresh = self.directory.again(&identity.key_id, facts.certificate).await;
            identity = fresh.map_err(|failure| refused_credential(facts, failure))?;
            decided = scopes(&identity, selected, facts);
        }
        let scopes = decided.map_err(|(failure, practice)| {
            let scope = denied_scope(&identity, practice, facts);
            let entry = Entry::bare(&scope, action_of(facts.method), resource_of(facts.method))
                .ended(Outcome::Denied, failure.reason);
            Refused { failure, entry: Some(entry) }
        })?;
        Ok(Ctx::new(Some(identity), scopes, Arc::clone(facts)))
    }

    /// Answers a refusal; its entry follows by itself, since nothing was disclosed.
    fn refuse(&self, facts: &Facts, Refused { failure, entry }: Refused) -> Response<Body> {
        if let Some(entry) = entry {
            self.denials.note(entry);
        }
        to_status(&failure, &facts.request_id).into_http()
    }

    /// Sees to it that no call that touches PHI or changes something ends without an entry.
    async fn settle(&self, facts: &Facts, scope: Option<&Scope>, response: Response<Body>) -> Response<Body> {
        let method = facts.method;
        let status = response.extensions().get::<tonic::Status>();
        let is_denied = status.is_some_and(|status| status.code() == tonic::Code::PermissionDenied);
        let leaves_one = method.phi != PhiUse::None || method.mutates || is_denied;
        if !leaves_one || facts.entries.load(Ordering::Relaxed) > 0 {
            return response;
        }
        let Some(scope) = scope else { return response };
        let Some(status) = status else {
            if method.streams {
                // what it tells is recorded piece by piece
                return response;
            }
            let failure = Failure::internal("an answer left no audit entry");
            return to_status(&failure, &facts.request_id).into_http();
        };
        let reason = status.get_details_error_info().map_or_else(|| format!("{:?}", status.code()), |info| info.reason);
        let outcome = if is_denied { Outcome::Denied } else { Outcome::Failed };
        let entry = Entry::bare(scope, action_of(method), resource_of(method)).ended(outcome, &reason);
        // nothing was disclosed by who says but to try again; of a change that says that it may have happened, and no
        // other answer does
        let is_to_repeat = matches!(status.code(), tonic::Code::Unavailable | tonic::Code::DeadlineExceeded);
        if is_denied || is_to_repeat || status.code() == tonic::Code::ResourceExhausted {
            // who is told to slow down and doesn't must not fill the trail
            self.denials.note(entry);
            return response;
        }
        match self.batcher.record(entry).await {
            Ok(_) => response,
            Err(failure) => to_status(&failure, &facts.request_id).into_http(),
        }
    }
}

/// A message that never reached its handler is the caller's mistake, and is answered like any other. What the codec
/// answers by itself says INTERNAL or `OUT_OF_RANGE`, and carries no details, which all our own answers do.
fn unread(facts: &Facts, response: Response<Body>) -> Response<Body> {
    let Some(status) = response.extensions().get::<tonic::Status>().filter(|status| status.details().is_empty()) else {
        return response;
    };
    let (reason, message) = if status.code() == tonic::Code::Internal && status.message().contains("decode") {
        ("MESSAGE_UNREADABLE", "the message is not what the RPC takes: its bytes can't be read, or a text is not UTF-8")
    } else if status.code() == tonic::Code::OutOfRange {
        ("MESSAGE_TOO_LARGE", "the message is larger than 4 MiB, or 16 MiB for imports; send less at once")
    } else {
        return response;
    };
    to_status(&Failure::new(Code::InvalidArgument, reason, message), &facts.request_id).into_http()
}

/// A credential that counts for nothing is recorded on the system chain; a directory that can't answer is not.
fn refused_credential(facts: &Facts, failure: Failure) -> Refused {
    let known_bad = failure.code == Code::Unauthenticated;
    let entry = Entry::anonymous(facts, Action::Auth, "token").ended(Outcome::Denied, failure.reason);
    Refused { failure, entry: known_bad.then_some(entry) }
}

/// The practices that the call reaches, each with how far.
fn scopes(
    identity: &Arc<Identity>,
    selected: Option<PracticeId>,
    facts: &Arc<Facts>,
) -> Result<Vec<Scope>, (Failure, Option<PracticeId>)> {
    let method = facts.method;
    let now = facts.clock.now();
    let grant = |practice| {
        decide(identity, practice, method, now).map(|granted| Scope::granted(identity, practice, granted, facts))
    };
    if matches!(method.permission, Permission::Authenticated | Permission::PracticesCreate) {
        return Ok(vec![Scope::practiceless(identity, facts)]);
    }
    match &identity.standing {
        Standing::Machine { grants } if method.permission.spans_practices() && selected.is_none() => {
            Ok(grants.iter().filter_map(|g| grant(g.practice_id).ok()).collect())
        }
        Standing::Machine { .. } | Standing::Person { .. } => {
            let practice = selected.or(match &identity.standing {
                Standing::Person { active_practice_id, .. } => *active_practice_id,
                Standing::Machine { .. } => None,
            });
            let practice = practice.ok_or_else(|| (kernel::access::Denied::NoPractice.into(), None))?;
            grant(practice).map(|scope| vec![scope]).map_err(|denied| (denied.into(), Some(practice)))
        }
    }
}

/// Where a denial is recorded: in the practice only if the caller has a place there, else on the system chain.
fn denied_scope(identity: &Arc<Identity>, practice: Option<PracticeId>, facts: &Arc<Facts>) -> Scope {
    let member = practice.filter(|practice| match &identity.standing {
        Standing::Person { memberships, .. } => memberships.iter().any(|m| m.practice_id == *practice),
        Standing::Machine { grants } => grants.iter().any(|g| g.practice_id == *practice),
    });
    let scope = Scope::practiceless(identity, facts);
    member.map_or_else(|| scope.clone(), |practice| scope.within(practice))
}

/// What a call that did not come to its end was after.
fn action_of(method: &Method) -> Action {
    let name = method.path.rsplit('/').next().unwrap_or_default();
    let begins = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
    if method.permission == Permission::Authenticated {
        Action::Auth
    } else if begins(&["Export"]) {
        Action::Export
    } else if !method.mutates {
        Action::View
    } else if name.ends_with("BreakGlass") {
        Action::BreakGlass
    } else if changes_rights(method.permission) && !["CreateUser", "InviteUser", "UpdateUser"].contains(&name) {
        Action::PermissionChange
    } else if begins(&["Create", "Invite", "Schedule", "Import"]) {
        Action::Create
    } else if begins(&["Deactivate"]) {
        Action::Delete
    } else {
        Action::Update
    }
}

const fn changes_rights(permission: Permission) -> bool {
    matches!(
        permission,
        Permission::UsersManage
            | Permission::MembershipsManage
            | Permission::ServiceAccountsManage
            | Permission::TokensManage
    )
}

/// The service's name stands for the resource where no row was reached.
fn resource_of(method: &Method) -> &'static str {
    method.path.trim_start_matches('/').split('/').next().and_then(|s| s.rsplit('.').next()).unwrap_or("rpc")
}

/// The certificate that the peer showed the key of; one that our client authority did not sign gets no connection.
fn certificate(request: &Request<Body>) -> Option<Fingerprint> {
    let connection = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>()?;
    connection.peer_certs()?.first().map(|leaf| Fingerprint::of(leaf))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

fn practice_header(headers: &HeaderMap) -> Result<Option<PracticeId>, Failure> {
    let Some(value) = headers.get(PRACTICE_ID) else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| {
        Failure::new(
            Code::InvalidArgument,
            "INVALID_PRACTICE_ID",
            "x-practice-id must be a UUID in its 36-character form",
        )
    })
}

/// The caller's request id if it is fit to be logged, else one of ours.
fn request_id(headers: &HeaderMap) -> String {
    let fit = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    match headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(fit) {
        Some(id) => id.to_owned(),
        None => RequestId::new().to_string(),
    }
}

/// `grpc-timeout`: up to eight digits and a unit.
fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let n: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(n.saturating_mul(3600))),
        "M" => Some(Duration::from_secs(n.saturating_mul(60))),
        "S" => Some(Duration::from_secs(n)),
        "m" => Some(Duration::from_millis(n)),
        "u" => Some(Duration::from_micros(n)),
        "n" => Some(Duration::from_nanos(n)),
        _ => None,
    }
}

fn echo(mut response: Response<Body>, request_id: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
