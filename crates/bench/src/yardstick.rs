//! The yardsticks: pgbench doing the same work in the same transaction, and COPY of the same events.

mod script;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;
use crate::cluster::Cluster;
use crate::load::Budget;
use crate::measure::Measured;
use crate::plan::{FEED_EVENTS, Plan, practice_id};

pub(crate) use script::{COMPLETE_SESSION, GET_PATIENT, Script, append};

/// How the statements of a transaction travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Each waits for the answer to the one before.
    Naive,
    /// All at once.
    Pipeline,
}

/// pgbench on the database of a run.
#[derive(Debug)]
pub(crate) struct Pgbench<'a> {
    cluster: &'a Cluster,
    plan: Plan,
    /// For scripts and logs.
    dir: PathBuf,
}

impl<'a> Pgbench<'a> {
    pub(crate) fn new(cluster: &'a Cluster, plan: Plan, dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self { cluster, plan, dir: dir.to_path_buf() })
    }

    /// A turn of `clients` connections; scripts that use up sessions begin with the one at `first`.
    pub(crate) fn turn(
        &self,
        script: Script,
        style: Style,
        clients: usize,
        first: u32,
        budget: Budget,
    ) -> Result<Measured> {
        let file = self.dir.join(format!("{}.{style:?}.sql", script.name));
        fs::write(&file, script.text(style))?;
        let prefix = self.dir.join("latency");
        let mut pgbench = self.cluster.client("pgbench", script.role);
        pgbench.args(["-n", "-M", "prepared", "-l"]).arg("--log-prefix").arg(&prefix).arg("-f").arg(&file);
        pgbench.args(["-c", &clients.to_string(), "-j", &clients.min(2).to_string()]);
        for (name, value) in [
            ("i", 0),
            ("practices", script.practices),
            ("first", first),
            ("clients", u32::try_from(clients)?),
            ("patients", self.plan.patients()),
            ("patients_of_first", self.plan.patients_of(1)),
            ("patients_of_each", self.plan.patients_of(2)),
            ("therapists_of_first", self.plan.therapists_of(1)),
            ("therapists_of_each", self.plan.therapists_of(2)),
        ] {
            pgbench.arg("-D").arg(format!("{name}={value}"));
        }
        if budget.requests == u32::MAX {
            pgbench.args(["-T", &budget.time.as_secs().to_string()]);
        } else {
            let each = usize::try_from(budget.requests)? / clients;
            pgbench.args(["-t", &each.to_string()]);
        }
        let output = pgbench.output()?;
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Err(format!("pgbench: {}", complained.trim()).into());
        }
        let mut measured = self.latencies()?;
        measured.elapsed = elapsed(&said, measured.requests).ok_or("pgbench told no rate")?;
        Ok(measured)
    }

    /// One line per transaction, its third field the latency in microseconds.
    fn latencies(&self) -> Result<Measured> {
        let mut measured = Measured::new()?;
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"latency")) {
                continue;
            }
            for line in BufReader::new(fs::File::open(&path)?).lines() {
                let line = line?;
                let field = line.split(' ').nth(2).ok_or("the log of pgbench is unreadable")?;
                measured.answered(Duration::from_micros(field.parse()?));
            }
            fs::remove_file(path)?;
        }
        Ok(measured)
    }
}

/// The time without that of connecting, from `tps = 1234.567890 (without initial connection time)`.
fn elapsed(said: &str, requests: u64) -> Option<Duration> {
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = "))?.split(' ').next()?;
    let (whole, part) = rate.split_once('.')?;
    let millis: u64 = format!("{whole}{part:.3}").parse().ok()?;
    Some(Duration::from_micros(requests * 1_000_000_000 / millis.max(1)))
}

/// The events that the feed workload reads, as fast as the database hands them out.
pub(crate) fn copy_events(cluster: &Cluster) -> Result<Measured> {
    let practice = practice_id(1);
    let query = format!(
        "SELECT position, payload FROM feed.events WHERE practice_id = '{practice}' AND position <= {FEED_EVENTS} \
         ORDER BY position"
    );
    copy(cluster, "claims_feed", FEED_EVENTS, &query)
}

fn copy(cluster: &Cluster, role: &str, wanted: u32, query: &str) -> Result<Measured> {
    let copy = format!("\\copy ({query}) TO '/dev/null' (FORMAT binary)");
    let mut psql = cluster.client("psql", role);
    psql.args(["-X", "-v", "ON_ERROR_STOP=1", "-c", "\\timing on", "-c", &copy]);
    let output = psql.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let time = said.lines().find_map(|line| line.strip_prefix("Time: ")).and_then(|time| time.split(' ').next());
    let (Some(time), true) = (time, said.contains(&format!("COPY {wanted}"))) else {
        return Err(format!("psql: {said} {}", String::from_utf8_lossy(&output.stderr)).into());
    };
    let (whole, part) = time.split_once('.').ok_or("psql told no time")?;
    let mut measured = Measured::new()?;
    measured.requests = wanted.into();
    measured.elapsed = Duration::from_micros(format!("{whole}{part:.3}").parse()?);
    Ok(measured)
}

/// What claim files are made of, as fast as the database hands it out.
pub(crate) fn copy_waiting(cluster: &Cluster, wanted: u32) -> Result<Measured> {
    let practice = practice_id(1);
    copy(
        cluster,
        "postgres",
        wanted,
        &format!(
            "SELECT s.id, s.claim_id, c.patient_id, s.attempt, s.snapshot FROM claims.submissions s \
             JOIN claims.claims c ON c.practice_id = s.practice_id AND c.id = s.claim_id \
             WHERE s.practice_id = '{practice}' AND s.batch_id IS NULL ORDER BY s.id"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_follows_from_the_rate() {
        let said = "latency average = 1.0 ms\ntps = 2000.500000 (without initial connection time)\n";
        assert_eq!(elapsed(said, 4001), Some(Duration::from_secs(2)));
    }
}
