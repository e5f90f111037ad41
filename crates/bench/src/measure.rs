//! What one side did in its turns: requests, time, latencies, CPU.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::Result;
use crate::cpu::Cpu;

/// Latencies are told apart up to a minute, to three digits.
const LATENCY_MAX_US: u64 = 60_000_000;

/// The turns of one side, added up.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) elapsed: Duration,
    pub(crate) latency_us: Histogram<u64>,
    pub(crate) cpu: Cpu,
}

/// The same in figures.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) per_second: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    /// CPU time of one request.
    pub(crate) cpu_ns: Cpu,
}

impl Measured {
    pub(crate) fn new() -> Result<Self> {
        let latency_us = Histogram::new_with_bounds(1, LATENCY_MAX_US, 3)?;
        Ok(Self { requests: 0, errors: 0, elapsed: Duration::ZERO, latency_us, cpu: Cpu::default() })
    }

    /// Counts an answer.
    pub(crate) fn answered(&mut self, took: Duration) {
        self.requests += 1;
        self.latency_us.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LATENCY_MAX_US));
    }

    /// Adds what another turn, or another worker of the same turn, counted.
    pub(crate) fn add(&mut self, other: &Self) -> Result<()> {
        self.requests += other.requests;
        self.errors += other.errors;
        self.elapsed += other.elapsed;
        self.latency_us.add(&other.latency_us)?;
        self.cpu = self.cpu.plus(other.cpu);
        Ok(())
    }

    pub(crate) fn figures(&self) -> Figures {
        let elapsed_us = u64::try_from(self.elapsed.as_micros()).unwrap_or(u64::MAX).max(1);
        let each = |nanos: u64| nanos / self.requests.max(1);
        Figures {
            requests: self.requests,
            errors: self.errors,
            per_second: self.requests.saturating_mul(1_000_000) / elapsed_us,
            p50_us: self.latency_us.value_at_percentile(50.0),
            p99_us: self.latency_us.value_at_percentile(99.0),
            cpu_ns: Cpu {
                server: each(self.cpu.server),
                postgres: each(self.cpu.postgres),
                client: each(self.cpu.client),
            },
        }
    }
}
