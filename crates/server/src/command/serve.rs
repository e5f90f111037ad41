//! `claimsd serve`: production. Nothing is embedded and nothing implied; what is unsafe is refused.

use std::path::Path;
use std::process::ExitCode;

use kernel::Clock;
use kernel::page::TokenKey;
use tenancy::password::Cost;
use tenancy::token::Env;
use tonic::transport::{Identity, ServerTlsConfig};

use super::{Ended, asked_to_end};
use crate::app::{App, Settings, bind};
use crate::config::Serve;

/// Bytes of the page key at least.
const KEY_BYTES: usize = 32;

/// # Errors
/// Says which setting is missing or unsafe, and what to do about it.
pub async fn run(args: Serve) -> Ended {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => Some(ServerTlsConfig::new().identity(Identity::from_pem(read(cert)?, read(key)?))),
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
    let settings = Settings {
        app_url: args.database_url,
        audit_url: args.audit_database_url,
        feed_url: args.feed_database_url,
        connections: args.connections,
        env: Env::new(&args.environment)?,
        page_key: TokenKey::new(&page_key),
        password_cost: Cost::OWASP,
        reflection: !args.no_reflection,
        durable: true,
        tls,
        clock: Clock::system(),
    };
    let app = App::open(settings).await?;
    let listener = bind(args.listen).await.map_err(|e| format!("can't listen on {}: {e}", args.listen))?;
    tracing::info!(listen = %args.listen, "serving");
    app.serve(listener, asked_to_end()).await?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("can't read {}: {e}", path.display()))
}
