//! The layer in front of every RPC: who calls, may they, within what time, and is it on record.
//!
//! A handler runs only after this layer found the method's declaration, resolved the credential and let
//! [`kernel::access::decide`] agree; so a new RPC is guarded before its first line is written.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use audit::{Batcher, Denials};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use kernel::Clock;
use kernel::method::Method;
use kernel::page::TokenKey;
use kernel::scope::Facts;
use tenancy::directory::Directory;
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;
use tower::{Layer, Service};
use tracing::Instrument;

use self::header::{certificate, echo, grpc_timeout, request_id};
use self::settle::unread;
use crate::methods::Methods;

mod action;
mod admit;
mod header;
mod settle;

/// The deadline of calls that name none.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);
/// The database deadline of streams: longer than any of them lives.
const STREAM_DEADLINE: Duration = Duration::from_secs(60 * 60);

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
}
