//! How the database is reached: on this machine as it is, over a network only encrypted, with its certificate checked.
//!
//! The URL says it as libpq's do: `sslmode` is `disable`, `require` or `verify-full`, and `sslrootcert` names a file
//! with the certificates to trust. `require` checks the certificate and its name too, and a remote host without
//! `sslmode` is held to the same: who doesn't know whom it talks to has encrypted nothing.

use kernel::status::chain;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel::ConnectionError;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A database URL that was read and found safe. Holds a password: it can't be printed.
#[derive(Clone)]
pub struct Link {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

/// Why a database URL is not used. None of these shows any part of it but a host or a file.
#[derive(Debug, thiserror::Error)]
pub enum BadLink {
    #[error("the database URL can't be read")]
    Url(#[source] tokio_postgres::Error),
    #[error(
        "the database URL has sslmode={0}: use verify-full, or disable on this machine; what is encrypted only if \
         the other side likes is not known to be"
    )]
    Mode(String),
    #[error(
        "the database is on {0}, another machine, and sslmode=disable would send everything in the open: use \
         sslmode=verify-full, or a socket of this machine"
    )]
    Open(String),
    #[error("can't read certificates from {}", .0.display())]
    File(PathBuf, #[source] rustls::pki_types::pem::Error),
    #[error("{0} holds no certificate to trust: name a file with sslrootcert in the database URL")]
    NoRoots(String),
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
}

/// What our own two parameters of the URL say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    mode: Option<String>,
    roots: Option<PathBuf>,
}

impl Link {
    /// Reads a URL, or the form `key=value`. Nothing is connected yet.
    ///
    /// # Errors
    /// When it can't be read, or would send data unprotected over a network.
    pub fn parse(url: &str) -> Result<Self, BadLink> {
        let (rest, wanted) = split(url);
        let mut config: Config = rest.parse().map_err(BadLink::Url)?;
        let remote = remote(&config);
        let is_encrypted = match (wanted.mode.as_deref(), remote) {
            (Some("disable"), Some(host)) => return Err(BadLink::Open(host)),
            (Some("disable") | None, None) => false,
            (Some("require" | "verify-full"), _) | (None, Some(_)) => true,
            (Some(other), _) => return Err(BadLink::Mode(other.to_owned())),
        };
        // a socket of this machine is never encrypted, as with libpq
        let is_socket = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let tls = if is_encrypted && !is_socket { Some(tls(wanted.roots.as_deref())?) } else { None };
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        Ok(Self { config, tls })
    }

    /// Whether what travels is encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// When the database can't be reached, is not who it should be, or refuses the role.
    pub async fn connect(&self) -> Result<AsyncPgConnection, ConnectionError> {
        let failed = |error: tokio_postgres::Error| ConnectionError::BadConnection(chain(&error));
        if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await.map_err(failed)?;
            return AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        }
        let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }

    /// Opens a connection of the driver's own, for what diesel can't say: `COPY`. The future is the connection's work; it
    /// ends with the client, and must be polled until then.
    ///
    /// # Errors
    /// When the database can't be reached, is not who it should be, or refuses the role.
    pub async fn client(
        &self,
    ) -> Result<(Client, BoxFuture<'static, Result<(), tokio_postgres::Error>>), tokio_postgres::Error> {
        if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await?;
            return Ok((client, connection.boxed()));
        }
        let (client, connection) = self.config.connect(NoTls).await?;
        Ok((client, connection.boxed()))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("encrypted", &self.is_encrypted()).finish_non_exhaustive()
    }
}

/// Takes our two parameters out of the text, as the driver knows `sslmode=verify-full` and `sslrootcert` not at all.
fn split(text: &str) -> (String, Wanted) {
    let mut wanted = Wanted::default();
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    let (head, tail, separator) = match text.split_once('?') {
        Some((head, query)) if is_url => (Some(head), query, '&'),
        _ if is_url => return (text.to_owned(), wanted),
        _ => (None, text, ' '),
    };
    let mut kept = Vec::new();
    for part in tail.split(separator) {
        match part.trim().split_once('=') {
            Some(("sslmode", mode)) => wanted.mode = Some(mode.to_owned()),
            Some(("sslrootcert", file)) => {
                wanted.roots = Some(if is_url { decoded(file) } else { file.to_owned() }.into());
            }
            _ => kept.push(part),
        }
    }
    let kept = kept.join(&separator.to_string());
    let rest = match head {
        Some(head) if kept.is_empty() => head.to_owned(),
        Some(head) => format!("{head}?{kept}"),
        None => kept,
    };
    (rest, wanted)
}

/// `%2F` is a slash. What is no escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = match (first, tail) {
            (b'%', [a, b, ..]) => std::str::from_utf8(&[*a, *b]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The first host that is not this machine.
fn remote(config: &Config) -> Option<String> {
    let is_remote = |addr: &&IpAddr| !addr.is_loopback();
    if !config.get_hostaddrs().is_empty() {
        return config.get_hostaddrs().iter().find(is_remote).map(ToString::to_string);
    }
    config.get_hosts().iter().find_map(|host| match host {
        Host::Unix(_) => None,
        Host::Tcp(name) => {
            let is_here = name == "localhost" || name.parse::<IpAddr>().is_ok_and(|addr| addr.is_loopback());
            (!is_here).then(|| name.clone())
        }
    })
}

fn tls(file: Option<&Path>) -> Result<MakeRustlsConnect, BadLink> {
    let mut roots = RootCertStore::empty();
    let origin = if let Some(file) = file {
        let unreadable = |error| BadLink::File(file.to_owned(), error);
        for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
            roots.add(certificate.map_err(unreadable)?)?;
        }
        file.display().to_string()
    } else {
        // some of a system's certificates may be too old to be understood
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        "this machine's list".to_owned()
    };
    if roots.is_empty() {
        return Err(BadLink::NoRoots(origin));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests;
