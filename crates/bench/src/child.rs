//! The server under test, in a process of its own, composed as `claimsd` composes it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};

use audit::MacKeys;
use clap::Args;
use kernel::Clock;
use kernel::page::TokenKey;
use server::app::{App, Settings, bind};
use tenancy::password::Cost;
use tenancy::token::Env;

use crate::cluster::Cluster;
use crate::{Error, Result, output, plan};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[arg(long)]
    app_url: String,
    #[arg(long)]
    audit_url: String,
    #[arg(long)]
    feed_url: String,
    #[command(flatten)]
    size: Size,
}

/// How large the server is.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Size {
    /// Connections of the server to the database
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Threads of the server's runtime; one per core when left out
    #[arg(long)]
    workers: Option<usize>,
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Served {
    child: Child,
    // the server serves for as long as this is open
    stdin: Option<ChildStdin>,
    pub(crate) addr: SocketAddr,
}

impl Served {
    pub(crate) fn start(cluster: &Cluster, size: Size) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve-child");
        for (option, role) in
            [("--app-url", "claims_app"), ("--audit-url", "claims_audit"), ("--feed-url", "claims_feed")]
        {
            command.arg(option).arg(cluster.url(role));
        }
        command.arg("--connections").arg(size.connections.to_string());
        if let Some(workers) = size.workers {
            command.arg("--workers").arg(workers.to_string());
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let mut served = Self { child, stdin, addr: SocketAddr::from(([127, 0, 0, 1], 0)) };
        served.addr = line.trim().parse().map_err(|_error| "the server did not start")?;
        Ok(served)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stdin.take());
        if let Err(error) = self.child.wait() {
            output::progress(&format!("the server's end was not seen: {error}"));
        }
    }
}

/// Serves on a port of the loopback until standard input ends.
pub(crate) fn serve(options: &Serve) -> Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = options.size.workers {
        runtime.worker_threads(workers);
    }
    runtime.enable_all().build()?.block_on(async {
        let settings = Settings {
            app_url: options.app_url.clone(),
            audit_url: options.audit_url.clone(),
            feed_url: options.feed_url.clone(),
            connections: options.size.connections,
            env: Env::new(plan::ENV).map_err(|error| error.to_string())?,
            page_key: TokenKey::new(b"bench"),
            audit_keys: MacKeys::known(),
            checkpoints: None,
            password_cost: Cost::OWASP,
            reflection: false,
            durable: true,
            tls: None,
            clock: Clock::system(),
        };
        let app = App::open(settings).await?;
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        output::result(&listener.local_addr()?.to_string());
        app.serve(listener, async {
            let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
            drop(ended);
        })
        .await?;
        Ok::<_, Error>(())
    })
}
