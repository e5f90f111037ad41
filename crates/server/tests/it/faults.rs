//! Fail closed: every RPC that touches PHI, while its entry can't be written in each of the ways that this can happen.
//! No byte of a patient's leaves, the caller is told to come again, nothing has changed, and coming again works.
#![expect(clippy::print_stdout, reason = "the table is for the report of the tests")]

mod cell;
mod others;
mod table;
mod ways;

use std::time::{Duration, Instant};

use aho_corasick::AhoCorasick;
use audit::MacKeys;
use futures_util::future::join_all;
use kernel::Clock;
use prost_reflect::MessageDescriptor;
use rustix::process::Signal;
use testkit::TestDb;
use testkit::proxy::{Address, Moment, Proxy, Weather, before};
use therapy_claims::{Method, Phi};
use tokio::time::{sleep, timeout};
use tonic::Code;

use self::cell::{Cell, Seen, seeker};
use self::table::{FAULTS, Fault, Table};
use self::ways::{FullDisk, FullQueue, Outside};
use crate::dynamic::rpcs;
use crate::harness::TestServer;
use crate::mortal::kill;
use crate::ready::Stage;
use crate::world::World;

/// One for each change that is under way at a time.
const CONNECTIONS: usize = 40;
const AUDIT: &str = "AUDIT_UNAVAILABLE";
const DATABASE: &str = "DATABASE_UNAVAILABLE";

type Rpc = (&'static Method, MessageDescriptor);

/// A server with a proxy in each of its ways to the database.
struct Site {
    server: TestServer,
    address: Address,
    app: Proxy,
    audit: Proxy,
}

impl Site {
    async fn open() -> Self {
        let db = TestDb::of_its_own().await;
        let (app, app_url) = before(&db.url_as("claims_app"), Proxy::tcp).await;
        let (audit, audit_url) = before(&db.url_as("claims_audit"), Proxy::tcp).await;
        let server =
            TestServer::start_on(db, [app_url, audit_url], MacKeys::known(), Clock::system(), CONNECTIONS).await;
        let address = Address::Tcp(server.endpoint.trim_start_matches("http://").parse().unwrap());
        Self { server, address, app, audit }
    }

    /// Kills the database, which comes up again by itself.
    fn kill(&self) {
        assert!(kill(self.server.db.postmaster().unwrap(), Signal::KILL));
        for proxy in [&self.app, &self.audit] {
            proxy.break_dead();
        }
    }
}

struct Trial<'a> {
    site: &'a Site,
    practice: &'a str,
    stage: Stage<'a>,
    rpcs: Vec<Rpc>,
    sought: AhoCorasick,
    outside: Outside,
    table: Table,
    /// Changes whose end was not known and that had happened, and all of those.
    happened: [usize; 2],
    /// Reads that the kill of the database met before they had read.
    early: usize,
}

impl Trial<'_> {
    async fn call(&self, cell: &Cell) -> Seen {
        cell.call(&self.site.address, self.practice).await
    }

    /// The calls, made ready while all is well.
    async fn cells(&self, is_wanted: impl Fn(&Cell) -> bool) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (method, input) in &self.rpcs {
            let cell = Cell::ready(&self.stage, method, input).await;
            cells.extend(is_wanted(&cell).then_some(cell));
        }
        cells
    }

    /// Calls for as long as it takes until the server answers as ever.
    async fn mended(&self) {
        let end = Instant::now() + Duration::from_secs(30);
        let (method, input) = self.rpcs.iter().find(|(method, _)| method.path.ends_with("/ListPatients")).unwrap();
        let cell = Cell::ready(&self.stage, method, input).await;
        loop {
            // as many at a time as there are connections, so that none is new to what comes next
            let seen = join_all((0..CONNECTIONS).map(|_| self.call(&cell))).await;
            if seen.iter().all(|seen| seen.code() == Code::Ok) {
                return;
            }
            assert!(Instant::now() < end, "the server does not recover: {:?}", seen.first().map(|seen| &seen.ended));
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// What is wrong with the answer under a fault. The reason is that of a change; reads know one only.
    fn judge(&mut self, fault: Fault, cell: &Cell, seen: &Seen, reason: &str) {
        let may_begin = cell.greets();
        // of those that are killed all at once, some may not have read yet
        let is_early = fault == Fault::Stopped && seen.is_no_refusal(DATABASE, may_begin).is_none();
        self.early += usize::from(is_early && !cell.changes());
        let reason = if cell.changes() || is_early { reason } else { AUDIT };
        let wrong = seen.is_no_refusal(reason, may_begin);
        let leak = seen.shows(&self.sought).then(|| "tells of a patient".to_owned());
        self.table.note(cell, Some(fault), wrong);
        self.table.note(cell, Some(fault), leak);
    }

    /// One call after the other while the fault lasts: refused, and nothing changed.
    async fn each_refused(&mut self, fault: Fault, cells: &[Cell]) {
        for cell in cells {
            let before = self.outside.state().await;
            let seen = self.call(cell).await;
            self.judge(fault, cell, &seen, AUDIT);
            let changed = self.changed(&before).await;
            self.table.note(cell, Some(fault), changed);
        }
    }

    async fn changed(&mut self, before: &[String]) -> Option<String> {
        let after = self.outside.state().await;
        (before != after)
            .then(|| format!("changes {:?}", after.iter().filter(|t| !before.contains(t)).collect::<Vec<_>>()))
    }

    /// All calls at once: refused.
    async fn all_refused(&mut self, fault: Fault, cells: &[Cell], reason: &str, meanwhile: impl Future<Output = ()>) {
        let (seen, ()) = tokio::join!(join_all(cells.iter().map(|cell| self.call(cell))), meanwhile);
        for (cell, seen) in cells.iter().zip(&seen) {
            self.judge(fault, cell, seen, reason);
        }
    }

    /// Once all is well again: no entry tells of what was not answered, and the same calls end well.
    async fn repeated(&mut self, fault: Fault, cells: Vec<Cell>) {
        self.mended().await;
        self.outside.idle().await;
        for mut cell in cells {
            let left = self.outside.entries(&cell.trace).await;
            // that a file came is on record for itself, and its bytes are kept, whatever became of what it says
            let is_file = cell.method.path.ends_with("/IngestResponse");
            let wrong = (left != "0" && !is_file).then(|| format!("left {left} entries of what it refused"));
            self.table.note(&cell, Some(fault), wrong);
            self.good(Some(fault), &mut cell).await;
        }
    }

    /// The call ends well, and with one entry, or as many as the things that it tells of.
    async fn good(&mut self, fault: Option<Fault>, cell: &mut Cell) -> Seen {
        cell.again();
        let seen = self.call(cell).await;
        let wrong = (seen.code() != Code::Ok).then(|| format!("ends badly when all is well: {:?}", seen.ended));
        self.table.note(cell, fault, wrong);
        let left = self.outside.entries(&cell.trace).await;
        let is_right = left == "1" || (tells_of_several(cell) && left != "0");
        self.table.note(cell, fault, (!is_right).then(|| format!("left {left} entries when all is well")));
        seen
    }

    /// All is well: every answer that can shows what is looked for elsewhere.
    async fn fair(&mut self) {
        let mut shown = 0;
        for mut cell in self.cells(|_| true).await {
            let seen = self.good(None, &mut cell).await;
            shown += usize::from(seen.shows(&self.sought));
        }
        println!("{shown} of {} RPCs tell of patients", self.rpcs.len());
        assert!(shown >= 25, "{shown} answers show what is looked for");
    }

    async fn forbidden(&mut self) {
        let cells = self.cells(|_| true).await;
        self.outside.run("REVOKE INSERT ON audit.entries FROM claims_app, claims_audit").await;
        self.each_refused(Fault::Forbidden, &cells).await;
        self.outside.run("GRANT INSERT ON audit.entries TO claims_app, claims_audit").await;
        self.repeated(Fault::Forbidden, cells).await;
    }

    async fn disk_full(&mut self) {
        let cells = self.cells(|_| true).await;
        let full = FullDisk::begin(&mut self.outside).await;
        self.each_refused(Fault::DiskFull, &cells).await;
        full.end(&mut self.outside).await;
        self.repeated(Fault::DiskFull, cells).await;
    }

    async fn locked(&mut self) {
        for changes in [false, true] {
            let cells = self.cells(|cell| cell.changes() == changes).await;
            let before = self.outside.state().await;
            let mut holder = Outside::new(&self.site.server.db).await;
            let sql = "BEGIN; SELECT FROM audit.heads WHERE practice_id = ";
            holder.run(&format!("{sql}'{}' FOR UPDATE", self.practice)).await;
            let begun = Instant::now();
            self.all_refused(Fault::Locked, &cells, AUDIT, async {}).await;
            println!("{} calls for a locked head are refused within {:.1?}", cells.len(), begun.elapsed());
            holder.run("ROLLBACK").await;
            let changed = self.changed(&before).await;
            assert_eq!(changed, None);
            self.repeated(Fault::Locked, cells).await;
        }
    }

    async fn stopped(&mut self) {
        for changes in [false, true] {
            let cells = self.cells(|cell| cell.changes() == changes).await;
            self.mended().await;
            let before = self.outside.state().await;
            let line = if changes { &self.site.app } else { &self.site.audit };
            line.break_dead();
            cells.iter().for_each(|cell| line.snare(cell.trace.as_bytes(), Moment::Before));
            let site = self.site;
            // entries of reads wait for two connections
            let waited = if changes { cells.len() } else { 2 };
            let kill = async {
                if timeout(Duration::from_secs(3), line.sprung(waited)).await.is_err() {
                    println!("not all of {waited} came so far");
                }
                sleep(Duration::from_millis(150)).await;
                site.kill();
            };
            self.all_refused(Fault::Stopped, &cells, DATABASE, kill).await;
            self.mended().await;
            self.outside = Outside::new(&self.site.server.db).await;
            assert_eq!(self.changed(&before).await, None);
            self.repeated(Fault::Stopped, cells).await;
        }
    }

    async fn queue_full(&mut self) {
        let cells = self.cells(|_| true).await;
        self.site.audit.set(Weather::Silent);
        let filling = FullQueue::begin(self.site.server.vault.batcher()).await;
        let (changes, reads): (Vec<_>, Vec<_>) = cells.into_iter().partition(Cell::changes);
        self.each_refused(Fault::QueueFull, &reads).await;
        for mut cell in changes {
            // its entry has no need of the queue
            self.good(Some(Fault::QueueFull), &mut cell).await;
        }
        filling.end();
        self.site.audit.set(Weather::Fair);
        self.mended().await;
        for mut cell in reads {
            self.good(Some(Fault::QueueFull), &mut cell).await;
        }
    }

    async fn unknown(&mut self) {
        let cells = self.cells(|_| true).await;
        self.mended().await;
        for mut cell in cells {
            let line = if cell.changes() { &self.site.app } else { &self.site.audit };
            line.break_dead();
            line.snare(cell.trace.as_bytes(), Moment::Behind);
            let cut = async {
                let sprung = timeout(Duration::from_secs(3), line.sprung(1)).await;
                // what the server has got it carries out
                sleep(Duration::from_millis(30)).await;
                line.break_dead();
                sprung.is_ok()
            };
            let (seen, is_sprung) = tokio::join!(self.call(&cell), cut);
            self.outside.idle().await;
            // batches of a subscription are recorded side by side: what another than the one cut off tells is on record
            let left = self.outside.entries(&cell.trace).await;
            let is_beside = cell.greets() && seen.messages.len() == 2 && left.parse::<usize>().unwrap() > 1;
            if !is_beside {
                self.judge(Fault::Unknown, &cell, &seen, DATABASE);
            }
            let missed = (!is_sprung).then(|| "was not cut off".to_owned());
            self.table.note(&cell, Some(Fault::Unknown), missed);
            self.told_truly(&mut cell).await;
        }
    }

    /// Whatever has become of it, its entry says the same, and a repeat does it now if it was not done.
    async fn told_truly(&mut self, cell: &mut Cell) {
        let left = self.outside.entries(&cell.trace).await;
        let is_done = left == "1" || (tells_of_several(cell) && left != "0");
        let has_answer = cell.is_kept && cell.changes();
        if cell.changes() {
            self.happened[0] += usize::from(is_done);
            self.happened[1] += 1;
        }
        let kept = self.outside.is_done(&cell.once).await;
        let differ = (has_answer && kept != is_done).then(|| format!("{left} entries, and done: {kept}"));
        self.table.note(cell, Some(Fault::Unknown), differ);
        let before = self.outside.state().await;
        self.good(Some(Fault::Unknown), cell).await;
        let changed = self.changed(&before).await.is_some();
        let wrong = (has_answer && changed == is_done).then(|| format!("done before: {is_done}, and again: {changed}"));
        self.table.note(cell, Some(Fault::Unknown), wrong);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_neither_told_nor_done() {
    let site = Site::open().await;
    let (world, elsewhere) = (World::make(&site.server, "faults").await, World::make(&site.server, "beside").await);
    let rpcs: Vec<_> = rpcs().into_iter().filter(|(method, _input)| method.phi != Phi::None).collect();
    let mut sought = world.practice.marks().sought();
    // not everything tells a name
    let ids = [&world.patient, &world.coverage, &world.open_session, &world.session, &world.claim, &world.claim_action];
    let others = ids.into_iter().map(String::as_str).chain([world.practice.marks().diagnosis]);
    sought.extend(others.map(|other| ("other".to_owned(), other.as_bytes().to_vec())));
    let mut trial = Trial {
        site: &site,
        practice: &world.practice.id,
        stage: Stage::set(&site.server, &world, &elsewhere).await,
        sought: seeker(&sought),
        outside: Outside::new(&site.server.db).await,
        table: Table::default(),
        happened: [0; 2],
        early: 0,
        rpcs,
    };
    trial.fair().await;
    for fault in FAULTS {
        let begun = Instant::now();
        match fault {
            Fault::Forbidden => trial.forbidden().await,
            Fault::Locked => trial.locked().await,
            Fault::DiskFull => trial.disk_full().await,
            Fault::Stopped => trial.stopped().await,
            Fault::QueueFull => trial.queue_full().await,
            Fault::Unknown => trial.unknown().await,
        }
        println!("{fault:?} took {:.1?}", begun.elapsed());
    }
    let Trial { table, rpcs, happened, early, .. } = trial;
    table.print(&rpcs);
    let cells = table.cells();
    println!("{cells} cells; of {} changes that broke off at their end {} had happened", happened[1], happened[0]);
    let wrong = table.wrong();
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
    assert_eq!(cells, rpcs.len() * FAULTS.len());
    assert!(early < 6, "{early} reads were stopped too early");
    assert!(happened[0] * 2 > happened[1], "{happened:?}: hardly any was cut off behind its commit");
}

/// Whether a call may leave more than one entry: a stream that is left may have gone on for a moment, and files of claims and
/// of answers are on record beside the claims in them.
fn tells_of_several(cell: &Cell) -> bool {
    let of_files = ["/CreateSubmissionBatch", "/IngestResponse"];
    cell.method.server_streaming || of_files.iter().any(|name| cell.method.path.ends_with(name))
}
