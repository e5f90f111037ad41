//! `claimsd serve`: production. Nothing is embedded and nothing implied; what is unsafe is refused.

use std::path::Path;
use std::process::ExitCode;

use audit::MacKeys;
use kernel::Clock;
use kernel::page::TokenKey;
use tenancy::password::Cost;
use tenancy::token::Env;
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use super::{Ended, asked_to_end};
use crate::app::{App, Settings, bind};
use crate::config::{Database, Serve};

/// Bytes of the page key at least.
const KEY_BYTES: usize = 32;

/// # Errors
/// Says which setting is missing or unsafe, and what to do about it.
pub async fn run(args: Serve) -> Ended {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => {
            let tls = ServerTlsConfig::new().identity(Identity::from_pem(read(cert)?, read(key)?));
            Some(match &args.client_ca {
                Some(authority) => certified(tls, Certificate::from_pem(read(authority)?)),
                None => tls,
            })
        }
        _ if args.listen.ip().is_loopback() => None,
        _ => {
            return Err(
                format!("{} can be reached by other machines: give --tls-cert and --tls-key", args.listen).into()
            );
        }
    };
    let page_key = read(&args.page_key_file)?;
    if page_key.len() < KEY_BYTES {
        return Err(format!("{} must hold at least {KEY_BYTES} bytes", args.page_key_file.display()).into());
    }
    let checkpoints = super::audit::checkpoints(args.checkpoints)?;
    let is_checkpointed = checkpoints.is_some();
    let settings = Settings {
        reflection: !args.no_reflection,
        tls,
        checkpoints,
        ..production(args.database, TokenKey::new(&page_key))?
    };
    let app = App::open(settings).await?;
    if !is_checkpointed {
        tracing::warn!(
            "the audit log is not checkpointed: who can write to the database and has the audit key can rewrite it \
             undetected; give --archiver-database-url, --checkpoint-key-file and --checkpoint-store"
        );
    }
    let listener = bind(args.listen).await.map_err(|e| format!("can't listen on {}: {e}", args.listen))?;
    tracing::info!(listen = %args.listen, "serving");
    app.serve(listener, asked_to_end()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Clients may present a certificate of the authority; who presents one of another gets no connection.
#[must_use]
pub fn certified(tls: ServerTlsConfig, authority: Certificate) -> ServerTlsConfig {
    tls.client_ca_root(authority).client_auth_optional(true)
}

/// What production settings have in common, whatever the command.
///
/// # Errors
/// When the deployment's name is none.
pub fn production(
    database: Database,
    page_key: TokenKey,
) -> Result<Settings, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Settings {
        app_url: database.database_url,
        audit_url: database.audit_database_url,
        feed_url: database.feed_database_url,
        connections: database.connections,
        env: Env::new(&database.environment)?,
        audit_keys: audit_keys(&database.audit_key_file)?,
        page_key,
        checkpoints: None,
        password_cost: Cost::OWASP,
        reflection: true,
        durable: true,
        tls: None,
        clock: Clock::system(),
    })
}

/// # Errors
/// When the file can't be read or is no key file.
pub fn audit_keys(path: &Path) -> Result<MacKeys, String> {
    read_text(path)?.parse().map_err(|e| format!("{}: {e}", path.display()))
}

/// # Errors
/// When the file can't be read or is not text.
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    String::from_utf8(read(path)?).map_err(|_not_utf8| format!("{} is not text", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("can't read {}: {e}", path.display()))
}
