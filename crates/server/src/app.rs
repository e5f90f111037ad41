//! The composition root: which services there are, and what each is made of.

use std::sync::Arc;

use analytics::Refresher;
use audit::batcher::Workers;
use audit::{Batcher, Denials, Vault};
use feed::{Hub, Reader};
use notary::exporter::Running;
use schema::Db;
use schema::preflight::{Unfit, unfit};
use tenancy::directory::Directory;
use tenancy::password::Passwords;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tonic::transport::ServerTlsConfig;
use tower::Layer;

pub use self::parts::Parts;
pub use self::serve::bind;
pub use self::settings::{Checkpoints, Settings};
use crate::access::{Access, AccessLayer, Gate};
use crate::methods::{UnknownPermission, methods};
use crate::{services, upkeep};

mod parts;
mod serve;
mod settings;

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
}
