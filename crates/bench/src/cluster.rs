//! The database of a run: one durable cluster, kept with its data for the next run.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::{Result, output};

const DATABASE: &str = "claims";
/// Changes when the data is made differently: what was kept is then made anew.
const FORMAT: u32 = 1;
const STATE: &str = "bench.json";

/// What is known of the data that was kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    format: u32,
    scale: u32,
    /// All dates are told from this day.
    pub(crate) day: chrono::NaiveDate,
    /// Sessions scheduled so far, and how many of them were completed by earlier runs.
    pub(crate) scheduled: u32,
    pub(crate) consumed: u32,
}

impl State {
    pub(crate) const fn new(scale: u32, day: chrono::NaiveDate) -> Self {
        Self { format: FORMAT, scale, day, scheduled: 0, consumed: 0 }
    }
}

/// A running cluster with a migrated database.
#[derive(Debug)]
pub(crate) struct Cluster {
    inner: schema::embedded::Cluster,
    dir: PathBuf,
}

impl Cluster {
    /// Starts the cluster in `dir`; with the state of its data when that is of this scale, else empty.
    pub(crate) fn start(dir: &Path, scale: u32, fresh: bool) -> Result<(Self, Option<State>)> {
        fs::create_dir_all(dir)?;
        let kept = fs::read(dir.join(STATE)).ok().and_then(|text| serde_json::from_slice::<State>(&text).ok());
        let state = kept.filter(|state| !fresh && state.format == FORMAT && state.scale == scale);
        let inner = schema::embedded::Cluster::start(dir, schema::embedded::Mode::Keep)?;
        let cluster = Self { inner, dir: dir.to_path_buf() };
        // a database that was migrated just now was loaded under another schema
        if state.is_some() && !cluster.migrate()? {
            return Ok((cluster, state));
        }
        let _none_yet = fs::remove_file(dir.join(STATE));
        cluster.sql("postgres", "postgres", &format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"))?;
        cluster.migrate()?;
        Ok((cluster, None))
    }

    /// Brings the database to this build's schema, making it first if need be; whether there was something to do.
    fn migrate(&self) -> Result<bool> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.inner.prepare(DATABASE))?;
        let ran = runtime.block_on(schema::migrate::run(&self.url("claims_migrator")))?;
        Ok(!ran.is_empty())
    }

    pub(crate) fn keep(&self, state: &State) -> Result<()> {
        Ok(fs::write(self.dir.join(STATE), serde_json::to_vec_pretty(state)?)?)
    }

    pub(crate) fn url(&self, role: &str) -> String {
        self.inner.url(role, DATABASE)
    }

    pub(crate) fn postmaster(&self) -> u32 {
        self.inner.pid()
    }

    /// A program of the same PostgreSQL.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.inner.bin_dir().join(name)
    }

    /// A client program, told where the database is.
    pub(crate) fn client(&self, program: &str, role: &str) -> Command {
        let mut command = Command::new(self.binary(program));
        command.env("PGHOST", self.inner.socket_dir()).env("PGUSER", role).env("PGDATABASE", DATABASE);
        command
    }

    /// Runs statements, each for itself.
    pub(crate) fn sql(&self, role: &str, database: &str, statements: &str) -> Result<String> {
        let mut psql = self.client("psql", role);
        psql.env("PGDATABASE", database).args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statements]);
        let output = psql.output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(format!("psql: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
        }
    }

    /// As the operator, in the database of the run.
    pub(crate) fn admin(&self, statements: &str) -> Result<String> {
        self.sql("postgres", DATABASE, statements)
    }

    /// Loads rows with COPY.
    pub(crate) fn copy(
        &self,
        target: &str,
        write: impl FnOnce(&mut BufWriter<ChildStdin>) -> std::io::Result<()>,
    ) -> Result<()> {
        output::progress(&format!("loading {}", target.split(' ').next().unwrap_or_default()));
        let mut psql = self.client("psql", "claims_migrator");
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", &format!("COPY {target} FROM STDIN")]);
        let mut child = psql.stdin(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().ok_or("psql takes no input")?;
        let mut out = BufWriter::with_capacity(1 << 16, stdin);
        let written = write(&mut out).and_then(|()| out.flush());
        drop(out);
        let status = child.wait()?;
        // psql said why
        if !status.success() {
            return Err(format!("COPY {target} failed").into());
        }
        Ok(written?)
    }
}
