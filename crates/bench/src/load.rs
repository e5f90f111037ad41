//! Clients in a closed loop: each sends its next request when it has its answer.

pub(crate) mod answers;
pub(crate) mod complete;
pub(crate) mod feed;
pub(crate) mod files;
pub(crate) mod patients;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};

use crate::Result;
use crate::measure::Measured;
use crate::plan::{self, PRACTICES};

/// HTTP/2 connections of the largest load.
const CONNECTIONS: usize = 4;
/// From how many requests in flight on they are spread over connections.
const SPREAD_FROM: usize = 32;

/// How much is done in one turn: whichever ends first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) requests: u32,
    pub(crate) time: Duration,
}

/// Open connections, and a credential for each practice.
#[derive(Debug, Clone)]
pub(crate) struct Callers {
    channels: Vec<Channel>,
    tokens: Arc<[MetadataValue<Ascii>]>,
}

impl Callers {
    pub(crate) async fn connect(addr: SocketAddr, in_flight: usize) -> Result<Self> {
        let mut channels = Vec::new();
        for _ in 0..if in_flight < SPREAD_FROM { 1 } else { CONNECTIONS } {
            channels.push(Endpoint::from_shared(format!("http://{addr}"))?.tcp_nodelay(true).connect().await?);
        }
        let bearer = |p| format!("Bearer {}", plan::token("session", &plan::key_id(p))).parse();
        let tokens: Result<Vec<_>, _> = (1..=PRACTICES).map(bearer).collect();
        Ok(Self { channels, tokens: tokens?.into() })
    }

    /// The connection of a worker.
    fn channel(&self, worker: usize) -> Option<Channel> {
        self.channels.get(worker % self.channels.len().max(1)).cloned()
    }

    /// A request on behalf of somebody in the practice.
    fn request<T>(&self, practice: u32, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let token = usize::try_from(practice).ok().and_then(|p| self.tokens.get(p.checked_sub(1)?));
        if let Some(token) = token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        request
    }
}

/// What a worker does over and over.
pub(crate) trait Work: Clone + Send + 'static {
    /// The `n`th request of the turn; whether it was answered as it should be.
    fn call(&mut self, n: u32) -> impl Future<Output = Result<(), tonic::Status>> + Send;
}

/// Runs a turn with one worker per request in flight.
pub(crate) async fn turn<W: Work>(
    in_flight: usize,
    budget: Budget,
    work: impl Fn(usize) -> Option<W>,
) -> Result<Measured> {
    let next = Arc::new(AtomicU32::new(0));
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..in_flight {
        let work = work(worker).ok_or("there is no connection")?;
        workers.spawn(drive(work, Arc::clone(&next), budget, begun));
    }
    let mut all = Measured::new()?;
    while let Some(done) = workers.join_next().await {
        all.add(&done??)?;
    }
    all.elapsed = begun.elapsed();
    Ok(all)
}

async fn drive<W: Work>(mut work: W, next: Arc<AtomicU32>, budget: Budget, begun: Instant) -> Result<Measured> {
    let mut measured = Measured::new()?;
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= budget.requests || begun.elapsed() >= budget.time {
            return Ok(measured);
        }
        let sent = Instant::now();
        match work.call(n).await {
            Ok(()) => measured.answered(sent.elapsed()),
            Err(status) => {
                // the first ones say enough
                if measured.errors < 2 {
                    crate::output::progress(&format!("a call failed: {:?}: {}", status.code(), status.message()));
                }
                measured.errors += 1;
            }
        }
    }
}

/// A small random source: what is asked for must only be spread evenly, and the same in every run.
pub(crate) const fn scatter(n: u32) -> u32 {
    // the finaliser of murmur3
    let n = (n ^ (n >> 16)).wrapping_mul(0x85eb_ca6b);
    let n = (n ^ (n >> 13)).wrapping_mul(0xc2b2_ae35);
    n ^ (n >> 16)
}
