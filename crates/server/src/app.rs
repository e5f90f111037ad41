//! The composition root: which services there are, and what each is made of.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use analytics::Refresher;
use audit::batcher::Workers;
use audit::{Batcher, Denials, MacKeys, Vault};
use feed::{Hub, Reader};
use http::{Request, Response};
use kernel::id::RequestId;
use kernel::method::{Method, PhiUse};
use kernel::page::TokenKey;
use kernel::scope::Facts;
use kernel::{Clock, Permission};
use notary::exporter::{Exporter, Running};
use notary::keys::Keys;
use notary::store::Store;
use schema::Db;
use schema::preflight::{Unfit, unfit};
use tenancy::directory::Directory;
use tenancy::operator::Operator;
use tenancy::password::{Cost, Passwords};
use tenancy::token::Env;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::ServerTlsConfig;
use tonic::transport::server::TcpIncoming;
use tower::layer::util::{Identity, Stack};
use tower::{Layer, Service};

use crate::access::{Access, AccessLayer, Gate};
use crate::methods::{UnknownPermission, methods};
use crate::{services, upkeep};

/// How long open requests and streams have after the signal to end.
const GRACE: Duration = Duration::from_secs(10);

/// How long an operator's command may take in the database.
const COMMAND_DEADLINE: Duration = Duration::from_secs(600);

/// What a server needs to know. Made by the configuration, or by the development mode.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Database URL of the role `claims_app`.
    pub app_url: String,
    /// Database URL of the role `claims_audit`.
    pub audit_url: String,
    /// Database URL of the role `claims_feed`.
    pub feed_url: String,
    /// Connections of the application role; four per core is where more stop helping.
    pub connections: usize,
    /// Names the deployment in every token, so that a token of one is refused by another.
    pub env: Env,
    pub page_key: TokenKey,
    /// Authenticate audit entries.
    pub audit_keys: MacKeys,
    /// Without it the audit log is not checkpointed.
    pub checkpoints: Option<Checkpoints>,
    pub password_cost: Cost,
    /// Certificate and key; without them the listener speaks plain HTTP/2.
    pub tls: Option<ServerTlsConfig>,
    /// Whether clients may ask what services there are.
    pub reflection: bool,
    /// Refuse databases that can lose what was answered.
    pub durable: bool,
    pub clock: Clock,
}

/// How the audit log is checkpointed.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    /// Database URL of the role `claims_archiver`.
    pub archiver_url: String,
    /// Sign them.
    pub keys: Arc<Keys>,
    /// Where they go.
    pub store: Store,
}

impl Checkpoints {
    /// Begins to write them. The first connection is made here, so that a wrong URL is noticed by who starts a server.
    async fn export(self, clock: Clock) -> schema::Result<Running> {
        let db = Db::new(&self.archiver_url, Exporter::CONNECTIONS)?;
        drop(db.directory().await?);
        Ok(Exporter::new(db, self.store, self.keys, clock).start())
    }
}

/// Why a server did not start or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    UnknownPermission(#[from] UnknownPermission),
    #[error("the database is not fit to serve: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unfit(Vec<Unfit>),
    #[error(transparent)]
    Link(schema::Error),
    #[error("the database can't be used")]
    Database(#[source] schema::Error),
    #[error("can't start")]
    Start(#[from] kernel::Failure),
    #[error("the listener failed")]
    Transport(#[from] tonic::transport::Error),
    #[error("reflection can't be built")]
    Reflection(#[from] tonic_reflection::server::Error),
}

impl From<schema::Error> for Error {
    fn from(error: schema::Error) -> Self {
        // a URL that is refused says it all; nothing was asked of any database yet
        if matches!(error, schema::Error::BadLink(_)) { Self::Link(error) } else { Self::Database(error) }
    }
}

/// Everything the services are made of, for those who compose them.
#[derive(Debug, Clone)]
pub struct Parts {
    pub vault: Vault,
    pub directory: Directory,
    pub passwords: Passwords,
    pub reader: Reader,
    pub hub: Hub,
    pub clock: Clock,
    pub page_key: TokenKey,
    /// Whatever outlives a request; the shutdown waits for it.
    pub tasks: TaskTracker,
}

impl Parts {
    /// What the operator at the machine may do, under the name of the command that does it.
    #[must_use]
    pub fn operator(&self, command: &'static str) -> Operator {
        // one small record for the life of the process
        let method: &'static Method = Box::leak(Box::new(Method {
            path: command,
            permission: Permission::Authenticated,
            phi: PhiUse::None,
            mutates: true,
            streams: false,
        }));
        let facts = Facts {
            request_id: RequestId::new().to_string(),
            method,
            peer: None,
            certificate: None,
            deadline: Instant::now() + COMMAND_DEADLINE,
            clock: self.clock.clone(),
            page_key: self.page_key.clone(),
            entries: 0.into(),
        };
        Operator::new(self.vault.clone(), self.directory.clone(), self.passwords.clone(), Arc::new(facts))
    }
}

/// A server that is ready to listen.
#[derive(Debug)]
pub struct App {
    parts: Parts,
    gate: Arc<Gate>,
    denials: Denials,
    workers: Workers,
    exporter: Option<Running>,
    reflection: bool,
    tls: Option<ServerTlsConfig>,
}

impl App {
    /// Opens the database, refuses what is unsafe, and puts everything together.
    ///
    /// # Errors
    /// Says what is wrong with the database or the contract.
    pub async fn open(settings: Settings) -> Result<Self, Error> {
        let methods = methods()?;
        let db = Db::new(&settings.app_url, settings.connections)?;
        let problems = unfit(&db, settings.durable).await?;
        if !problems.is_empty() {
            return Err(Error::Unfit(problems));
        }
        schema::partitions::make_ahead(&db).await?;
        let (batcher, workers) =
            Batcher::start(&Db::new(&settings.audit_url, Batcher::CONNECTIONS)?, settings.audit_keys);
        let exporter = match settings.checkpoints {
            Some(checkpoints) => Some(checkpoints.export(settings.clock.clone()).await?),
            None => None,
        };
        let reader = Reader::new(Db::new(&settings.feed_url, settings.connections)?);
        let hub = Hub::new();
        let tasks = TaskTracker::new();
        tasks.spawn(hub.clone().poll(reader.clone()));
        let refresher = Refresher::new(db.clone(), Db::new(&settings.audit_url, 1)?, settings.clock.clone());
        tasks.spawn(refresher.run(hub.drained()));
        tasks.spawn(upkeep::run(db.clone(), settings.clock.clone(), hub.drained()));
        let denials = Denials::new(batcher.clone(), settings.clock.clone());
        tasks.spawn(denials.clone().run(hub.drained()));
        let directory = Directory::new(db.clone(), settings.clock.clone(), settings.env.clone());
        let gate = Arc::new(Gate {
            methods,
            directory: directory.clone(),
            batcher: batcher.clone(),
            clock: settings.clock.clone(),
            page_key: settings.page_key.clone(),
            denials: denials.clone(),
        });
        let parts = Parts {
            vault: Vault::new(db, batcher),
            directory,
            passwords: Passwords::new(settings.password_cost, 2)?,
            reader,
            hub,
            clock: settings.clock,
            page_key: settings.page_key,
            tasks,
        };
        Ok(Self { parts, gate, denials, workers, exporter, reflection: settings.reflection, tls: settings.tls })
    }

    /// What the services are made of; the development mode and the operator's commands use it.
    #[must_use]
    pub const fn parts(&self) -> &Parts {
        &self.parts
    }

    /// What answers requests, access layer included, for those who have no need of a listener.
    ///
    /// # Errors
    /// When reflection can't be built.
    pub async fn service(&self) -> Result<Access<Routes>, Error> {
        let (health, health_service) = tonic_health::server::health_reporter();
        let routes = services::routes(&self.parts, &health, health_service, self.reflection).await?;
        Ok(AccessLayer(Arc::clone(&self.gate)).layer(routes))
    }

    /// Serves until `shutdown`, then lets open requests finish and streams end, for ten seconds at most.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) -> Result<(), Error> {
        self.serve_behind(Identity::new(), listener, shutdown).await
    }

    /// Does what [`serve`](Self::serve) does, behind a layer that sees each request first and each answer last.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve_behind<L>(
        self,
        layer: L,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), Error>
    where
        L: Layer<Access<Routes>> + Clone,
        L::Service: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + 'static,
    {
        let Self { parts, gate, denials, workers, exporter, reflection, tls } = self;
        let (health, health_service) = tonic_health::server::health_reporter();
        let mut server = services::server(Stack::new(AccessLayer(gate), layer));
        if let Some(tls) = tls {
            server = server.tls_config(tls)?;
        }
        let router = server.add_routes(services::routes(&parts, &health, health_service, reflection).await?);
        let hub = parts.hub.clone();
        let (ending, ended) = tokio::sync::oneshot::channel();
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let serving = router.serve_with_incoming_shutdown(incoming, async move {
            shutdown.await;
            // streams end by themselves, new requests go elsewhere
            services::not_serving(&health).await;
            hub.drain();
            let _ = ending.send(());
        });
        let deadline = async {
            let _ = ended.await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            served = serving => served?,
            () = deadline => tracing::warn!("requests were still open ten seconds after the signal; they are cut off"),
        }
        parts.hub.drain();
        parts.tasks.close();
        if tokio::time::timeout(GRACE, parts.tasks.wait()).await.is_err() {
            tracing::warn!("background work did not end in time");
        }
        parts.directory.finished().await;
        denials.finished().await;
        drop((parts, denials));
        // a connection that was cut off may hold the batcher a little longer
        if tokio::time::timeout(GRACE, workers.finished()).await.is_err() {
            tracing::warn!("audit entries were still waiting");
        }
        // last, so that the checkpoints cover every entry
        if let Some(exporter) = exporter {
            exporter.finished().await;
        }
        Ok(())
    }
}

/// Where a server listens.
///
/// # Errors
/// When the address is taken or not to be had.
pub async fn bind(addr: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(addr).await
}
