//! One run: the data, the server, then each workload with ours and the yardsticks taking turns.

use std::time::Duration;

use server::payer::x12::{Answer, AnswerKind, Payers};
use tokio::runtime::Runtime;

use crate::child::Served;
use crate::cluster::{Cluster, State};
use crate::cpu::{self, Watched};
use crate::load::{self, Budget, Callers};
use crate::machine::Machine;
use crate::measure::Measured;
use crate::plan::{FEED_EVENTS, Plan};
use crate::report::{self, Report, Row};
use crate::yardstick::{self, COMPLETE_SESSION, GET_PATIENT, Pgbench, Style};
use crate::{Result, Smoke, data, output};

/// Calls that only make everybody's statements and caches ready.
const WARM_UP: Budget = Budget { requests: 500, time: Duration::from_secs(2) };
/// Of the simulated payers.
const SEED: u64 = 7;
/// How long a turn of a counted workload may take at most.
const TURN_MAX: Duration = Duration::from_secs(60);

struct Run<'a> {
    options: &'a Smoke,
    plan: Plan,
    cluster: &'a Cluster,
    served: &'a Served,
    pgbench: Pgbench<'a>,
    runtime: Runtime,
    watched: Watched,
}

pub(crate) fn run(options: &Smoke) -> Result<()> {
    let plan = Plan::new(options.set.scale);
    let (cluster, mut state) = data::ready(&options.set, plan)?;
    let served = Served::start(&cluster, options.size)?;
    output::progress(&format!("the server answers at {}, process {}", served.addr, served.pid()));
    let run = Run {
        options,
        plan,
        cluster: &cluster,
        served: &served,
        pgbench: Pgbench::new(&cluster, plan, &options.set.dir.join("pgbench"))?,
        // one thread: the client shares the cores with what it measures
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        watched: Watched { server: Some(served.pid()), postmaster: cluster.postmaster() },
    };
    let mut rows = Vec::new();
    let wants = |workload: &str| options.only.iter().any(|name| name == workload);
    if wants("a") {
        for in_flight in &options.in_flight {
            rows.push(run.get_patient(*in_flight)?);
        }
    }
    if wants("c") {
        for in_flight in &options.in_flight {
            rows.push(run.complete_session(*in_flight, &mut state)?);
        }
    }
    if wants("f") {
        rows.push(run.feed()?);
    }
    if wants("h") {
        rows.push(run.files(&state)?);
    }
    if wants("i") {
        rows.extend(run.answers(&state)?);
    }
    let report = Report { machine: Machine::look(&cluster), scale_permille: options.set.scale, rows };
    report.print();
    report.write(&options.out)?;
    if report.errors() > 0 { Err(format!("{} calls failed", report.errors()).into()) } else { Ok(()) }
}

impl Run<'_> {
    fn get_patient(&self, in_flight: usize) -> Result<Row> {
        let callers = self.runtime.block_on(Callers::connect(self.served.addr, in_flight))?;
        let budget = Budget { requests: u32::MAX, time: Duration::from_secs(self.options.seconds) };
        let ours = |budget| self.runtime.block_on(load::patients::run(&callers, self.plan, in_flight, budget));
        refuse_errors(&ours(WARM_UP)?)?;
        self.turns(report::GET_PATIENT, in_flight, |side| match side {
            Side::Ours => ours(budget),
            Side::Pgbench(style) => self.pgbench.turn(GET_PATIENT, style, in_flight, 0, budget),
        })
    }

    fn complete_session(&self, in_flight: usize, state: &mut State) -> Result<Row> {
        let callers = self.runtime.block_on(Callers::connect(self.served.addr, in_flight))?;
        // about as many as are done in the time that a turn of the other workload takes
        let per_second = match in_flight {
            1 => 300,
            2..=16 => 1200,
            _ => 1500,
        };
        let clients = u32::try_from(in_flight)?;
        let each = (per_second * u32::try_from(self.options.seconds)?).div_ceil(clients) * clients;
        let budget = Budget { requests: each, time: TURN_MAX };
        let wanted = WARM_UP.requests + each * 3 * self.options.rounds;
        data::top_up(self.cluster, self.plan, state, wanted)?;
        let mut next = state.consumed;
        // kept before it is done: a run that is broken off must not do them twice
        state.consumed += wanted;
        self.cluster.keep(state)?;
        let ours = |first, budget| self.runtime.block_on(load::complete::run(&callers, first, in_flight, budget));
        refuse_errors(&ours(next, WARM_UP)?)?;
        next += WARM_UP.requests;
        self.turns(report::COMPLETE_SESSION, in_flight, |side| {
            let first = next;
            next += each;
            match side {
                Side::Ours => ours(first, budget),
                Side::Pgbench(style) => self.pgbench.turn(COMPLETE_SESSION, style, in_flight, first, budget),
            }
        })
    }

    fn feed(&self) -> Result<Row> {
        let callers = self.runtime.block_on(Callers::connect(self.served.addr, 1))?;
        let started = kernel::Clock::system().now().timestamp();
        let mut turn = 0;
        let (mut ours, mut copy) = (Measured::new()?, Measured::new()?);
        for _ in 0..=self.options.rounds.max(2) {
            turn += 1;
            copy.add(&self.timed(|| yardstick::copy_events(self.cluster))?)?;
            let name = format!("bench-{started}-{turn}");
            ours.add(&self.timed(|| self.runtime.block_on(load::feed::run(&callers, &name, FEED_EVENTS)))?)?;
        }
        Ok(Row::new(report::FEED, 1, &ours, &[(report::COPY, copy)]))
    }

    fn files(&self, state: &State) -> Result<Row> {
        let callers = self.runtime.block_on(Callers::connect(self.served.addr, 1))?;
        let (mut ours, mut copy) = (Measured::new()?, Measured::new()?);
        for round in 0..=self.options.rounds {
            let wanted = data::files::wait(self.cluster, self.plan, state.day)?;
            let yardstick = self.timed(|| yardstick::copy_waiting(self.cluster, wanted))?;
            let turn = self.timed(|| self.runtime.block_on(load::files::run(&callers, wanted, drop)))?;
            // the first only makes everybody's statements and caches ready
            if round > 0 {
                copy.add(&yardstick)?;
                ours.add(&turn)?;
            }
        }
        output::progress(&format!("{}: {} a minute", report::FILES, ours.figures().per_second * 60));
        Ok(Row::new(report::FILES, 1, &ours, &[(report::COPY, copy)]))
    }

    /// What the simulated payers say to the claim files; nothing to compare with does the same.
    fn answers(&self, state: &State) -> Result<[Row; 2]> {
        let callers = self.runtime.block_on(Callers::connect(self.served.addr, 1))?;
        let (mut status, mut payment) = (Measured::new()?, Measured::new()?);
        for round in 0..=self.options.rounds {
            let wanted = data::files::wait(self.cluster, self.plan, state.day)?;
            let mut files = Vec::new();
            self.runtime.block_on(load::files::run(&callers, wanted, |file| files.push(file)))?;
            let answers = payers(&files)?;
            let of =
                |kind| answers.iter().filter(|one| one.kind == kind).map(|one| one.bytes.clone()).collect::<Vec<_>>();
            let bring = |kind| self.timed(|| self.runtime.block_on(load::answers::run(&callers, &of(kind))));
            let (said, paid) = (bring(AnswerKind::Status)?, bring(AnswerKind::Payment)?);
            // the first only makes everybody's statements and caches ready
            if round > 0 {
                status.add(&said)?;
                payment.add(&paid)?;
            }
        }
        Ok([Row::new(report::STATUS, 1, &status, &[]), Row::new(report::PAYMENT, 1, &payment, &[])])
    }

    /// Ours between the two yardsticks, as often as there are rounds.
    fn turns(
        &self,
        workload: &'static str,
        in_flight: usize,
        mut turn: impl FnMut(Side) -> Result<Measured>,
    ) -> Result<Row> {
        output::progress(&format!("{workload} at {in_flight}"));
        let (mut naive, mut ours, mut pipeline) = (Measured::new()?, Measured::new()?, Measured::new()?);
        for _ in 0..self.options.rounds {
            naive.add(&self.timed(|| turn(Side::Pgbench(Style::Naive)))?)?;
            ours.add(&self.timed(|| turn(Side::Ours))?)?;
            pipeline.add(&self.timed(|| turn(Side::Pgbench(Style::Pipeline)))?)?;
        }
        let yardsticks = [(report::NAIVE, naive), (report::PIPELINE, pipeline)];
        Ok(Row::new(workload, in_flight, &ours, &yardsticks))
    }

    fn timed(&self, work: impl FnOnce() -> Result<Measured>) -> Result<Measured> {
        let (measured, cpu) = cpu::of(self.watched, work);
        let mut measured = measured?;
        measured.cpu = cpu;
        Ok(measured)
    }
}

/// What the simulated payers answer, each file once.
fn payers(files: &[Vec<u8>]) -> Result<Vec<Answer>> {
    let now = kernel::Clock::system().now().naive_utc();
    let mut payers = Payers::new(SEED);
    let mut answers: Vec<Answer> = Vec::new();
    for file in files {
        for answer in payers.answer(file, now)? {
            if answers.iter().all(|known| known.control_number != answer.control_number) {
                answers.push(answer);
            }
        }
    }
    Ok(answers)
}

/// A server that fails while it gets warm is not measured.
fn refuse_errors(warm_up: &Measured) -> Result<()> {
    if warm_up.errors == 0 { Ok(()) } else { Err(format!("{} calls failed in the warm-up", warm_up.errors).into()) }
}

/// Whose turn it is.
enum Side {
    Ours,
    Pgbench(Style),
}
