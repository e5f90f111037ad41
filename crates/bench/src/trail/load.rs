//! What is done to the audit log, in this process: appends, and reads that wait for their entry.

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use audit::batcher::{Batcher, Pace};
use audit::{Action, Entry, MacKeys};
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl;
use kernel::method::{Method, PhiUse};
use kernel::page::TokenKey;
use kernel::scope::Facts;
use kernel::{Clock, Failure, Permission, Phi, PracticeId, Scope};
use schema::{Cached, Db};
use tonic::Status;
use uuid::Uuid;

use crate::Result;
use crate::cluster::Cluster;
use crate::load::{Budget, Work, scatter, turn};
use crate::measure::Measured;
use crate::plan::{Kind, Plan, Series, id, place, practice_id};

const METHOD: Method = Method {
    path: "/therapy.clinical.v1.PatientService/GetPatient",
    permission: Permission::PatientsRead,
    phi: PhiUse::Read,
    mutates: false,
    streams: false,
};
const PATIENCE: Duration = Duration::from_secs(10);

/// Gives the practices beyond those of the data set a log.
pub(super) fn open_heads(cluster: &Cluster, practices: u32) -> Result<()> {
    let ids: Vec<String> = (1..=practices).map(|p| format!("('{}')", practice_id(p))).collect();
    let insert = format!("INSERT INTO audit.heads (practice_id) VALUES {} ON CONFLICT DO NOTHING", ids.join(", "));
    cluster.admin(&insert).map(drop)
}

/// Transactions that have written anything so far.
pub(super) fn transactions(cluster: &Cluster) -> Result<u64> {
    Ok(cluster.admin("SELECT pg_snapshot_xmax(pg_current_snapshot())")?.parse()?)
}

fn facts(clock: &Clock) -> Arc<Facts> {
    Arc::new(Facts {
        request_id: "bench-100000000000".to_owned(),
        method: &METHOD,
        peer: Some([127, 0, 0, 1].into()),
        certificate: None,
        deadline: Instant::now() + PATIENCE,
        clock: clock.clone(),
        page_key: TokenKey::new(&[]),
        entries: AtomicU32::new(0),
    })
}

fn uuid(kind: Kind, practice: u32, n: u32) -> Uuid {
    Uuid::parse_str(&id(kind, practice, Series::First, n)).unwrap_or_default()
}

/// The entry of a look at one patient.
fn entry(scope: &Scope, patient: Uuid) -> Entry {
    let mut entry = Entry::bare(scope, Action::View, "patient");
    entry.add(patient, Some(patient));
    entry
}

fn scope(clock: &Clock, practice: u32) -> Scope {
    Scope::system(PracticeId::from_uuid(uuid(Kind::Practice, practice, 0)), &facts(clock))
}

fn refused(failure: impl Into<Failure>) -> Status {
    kernel::status::to_status(&failure.into(), "")
}

#[derive(Clone)]
struct Append {
    db: Db,
    keys: MacKeys,
    clock: Clock,
    practices: u32,
    entries: u32,
}

impl Work for Append {
    async fn call(&mut self, n: u32) -> Result<(), Status> {
        let last_first = self.practices.saturating_sub(self.entries).max(1);
        let practice = |k| if self.practices == 1 { 1 } else { 1 + scatter(n) % last_first + k };
        let entries: Vec<Entry> = (0..self.entries)
            .map(|k| entry(&scope(&self.clock, practice(k)), uuid(Kind::Patient, practice(k), 0)))
            .collect();
        let conn = self.db.directory().await.map_err(refused)?;
        audit::append(&conn, &self.keys, &entries).await.map_err(refused)
    }
}

/// Transactions of so many entries, of one practice or each of another one.
pub(super) async fn append(
    cluster: &Cluster,
    practices: u32,
    entries: u32,
    in_flight: usize,
    budget: Budget,
) -> Result<Measured> {
    let db = Db::new(&cluster.url("claims_audit"), in_flight)?;
    let (keys, clock) = (MacKeys::known(), Clock::system());
    let work = Append { db, keys, clock, practices, entries };
    let measured = turn(in_flight, budget, |_| Some(work.clone())).await?;
    if measured.errors == 0 { Ok(measured) } else { Err(format!("{} appends failed", measured.errors).into()) }
}

/// Reads of one patient each, uniform over all.
#[derive(Clone, Copy)]
pub(super) struct Reads<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) plan: Plan,
    pub(super) in_flight: usize,
}

/// Reads that waited for their entry: the whole of them, and the waiting alone.
pub(super) struct Logged {
    pub(super) whole: Measured,
    pub(super) waited: Measured,
}

#[derive(Clone)]
struct Read {
    db: Db,
    clock: Clock,
    patients: u32,
    log: Option<(Batcher, Arc<Mutex<Measured>>)>,
}

impl Work for Read {
    async fn call(&mut self, n: u32) -> Result<(), Status> {
        let at = place(scatter(n) % self.patients);
        let (scope, patient) = (scope(&self.clock, at.practice), uuid(Kind::Patient, at.practice, at.n));
        let found = self
            .db
            .read_one(&scope, async |tx| {
                let query = diesel::sql_query("SELECT * FROM clinical.patients WHERE practice_id = $1 AND id = $2")
                    .bind::<SqlUuid, _>(tx.practice())
                    .bind::<SqlUuid, _>(patient);
                Ok::<_, Failure>(Phi::new(Cached(query).execute(&mut tx.conn()).await.map_err(schema::Error::from)?))
            })
            .await
            .map_err(refused)?;
        let Some((batcher, waited)) = &self.log else { return Ok(()) };
        let asked = Instant::now();
        let receipt = batcher.record(entry(&scope, patient)).await.map_err(refused)?;
        let took = asked.elapsed();
        if let Ok(mut waited) = waited.lock() {
            waited.answered(took);
        }
        if found.release(&receipt) == 1 { Ok(()) } else { Err(refused(schema::Error::NotFound)) }
    }
}

impl Reads<'_> {
    /// What no caller ever gets.
    pub(super) async fn alone(self, budget: Budget) -> Result<Measured> {
        self.turn(None, budget).await
    }

    /// As the product does it.
    pub(super) async fn audited(self, pace: Pace, budget: Budget) -> Result<Logged> {
        let db = Db::new(&self.cluster.url("claims_audit"), pace.in_flight)?;
        let (batcher, workers) = Batcher::start_at(pace, &db, MacKeys::known());
        let waited = Arc::new(Mutex::new(Measured::new()?));
        let whole = self.turn(Some((batcher, Arc::clone(&waited))), budget).await?;
        workers.finished().await;
        let waited = Arc::into_inner(waited).and_then(|waited| waited.into_inner().ok()).ok_or("a reader is left")?;
        Ok(Logged { waited: Measured { elapsed: whole.elapsed, ..waited }, whole })
    }

    async fn turn(self, log: Option<(Batcher, Arc<Mutex<Measured>>)>, budget: Budget) -> Result<Measured> {
        let db = Db::new(&self.cluster.url("claims_app"), 8)?;
        let read = Read { db, clock: Clock::system(), patients: self.plan.patients(), log };
        let measured = turn(self.in_flight, budget, |_| Some(read.clone())).await?;
        if measured.errors == 0 { Ok(measured) } else { Err(format!("{} reads failed", measured.errors).into()) }
    }
}
