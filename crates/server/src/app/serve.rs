//! Listening, answering, and ending: what is open finishes, and every audit entry is kept.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Response};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tower::layer::util::{Identity, Stack};
use tower::{Layer, Service};

use super::{App, Error};
use crate::access::{Access, AccessLayer};
use crate::services;

/// How long open requests and streams have after the signal to end.
const GRACE: Duration = Duration::from_secs(10);

impl App {
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
