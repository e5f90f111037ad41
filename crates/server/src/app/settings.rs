//! What a server needs to know. Made by the configuration, or by the development mode.

use std::sync::Arc;

use audit::MacKeys;
use kernel::Clock;
use kernel::page::TokenKey;
use notary::exporter::{Exporter, Running};
use notary::keys::Keys;
use notary::store::Store;
use schema::Db;
use tenancy::password::Cost;
use tenancy::token::Env;
use tonic::transport::ServerTlsConfig;

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
    pub(super) async fn export(self, clock: Clock) -> schema::Result<Running> {
        let db = Db::new(&self.archiver_url, Exporter::CONNECTIONS)?;
        drop(db.directory().await?);
        Ok(Exporter::new(db, self.store, self.keys, clock).start())
    }
}
