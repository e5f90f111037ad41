//! Logging: one subscriber, for people on a terminal or for machines as JSON. No PHI reaches it.

use std::io::{IsTerminal, stderr};

use tracing::Level;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, registry};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Starts logging to standard error, so that results on standard output stay clean.
///
/// `filter` is in the form of `RUST_LOG`; one that can't be read falls back to `info`.
pub fn start(filter: &str, format: LogFormat) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_unreadable| EnvFilter::new("info"));
    let lines = layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    let registry = registry().with(filter).with(discreet());
    // a second start, in tests, keeps the first
    let _ = match format {
        LogFormat::Text => registry.with(lines.with_target(false)).try_init(),
        LogFormat::Json => registry.with(lines.json()).try_init(),
    };
}

/// Silences what prints the parameters of statements, whatever the filter asks for.
#[must_use]
pub fn discreet() -> FilterFn {
    filter_fn(|about| {
        let is_driver = ["tokio_postgres", "diesel"].iter().any(|driver| about.target().starts_with(driver));
        !is_driver || *about.level() <= Level::INFO
    })
}
